"""A draft is parsed into segments; each segment is translated by MarianMT; the glossary is enforced; the translation is
put back into the draft's own Markdown; it is scored against the human version; a bilingual file and a report come out.

The only place that knows the order of the steps. The command line and the flows call it; neither repeats it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from glossary import Matcher, Termbase
from translate import __version__
from translate.config import Config, cache_directory, settings
from translate.decoding.quality import Limits
from translate.decoding.translator import Settings, Translation, translate_segments
from translate.document import parse
from translate.document.bilingual import write_bilingual
from translate.document.model import Target
from translate.draft_source import read_draft
from translate.errors import ChangedError, UserError
from translate.glossary_file import load_glossary
from translate.memory import Memory, digest, open_memory
from translate.outputs import check_report, is_directory, make_ready, output_paths
from translate.rerun.living import (
    Finished,
    LivingFile,
    commit,
    finish,
    flagged,
    from_memory,
    in_conflict,
    locked,
    open_file,
    reusable,
    standing,
)
from translate.results import Draft, Issue, RunRequest, RunResult, Silent, Watcher
from translate.scoring.history import History, Record, append, check_writable, history_path, read_history
from translate.scoring.release import judged
from translate.scoring.rescoring import token_scores
from translate.text_file import SourceText, read_text, repair_mojibake, write_output

if TYPE_CHECKING:
    from translate.marian.checkpoint import Checkpoint
    from translate.marian.protocol import Engine
    from translate.scoring.scorecard import ScoreCard
    from translate.scoring.without_glossary import Bare


EDITION = "PT-BR"
"""What ``[EN]`` in a draft's title becomes."""


@dataclass(frozen=True, slots=True)
class Steps:
    """The functions that :func:`run` calls, in this order; the flow puts tracked ones in their place.

    ``translate`` gives each draft's translations as soon as they are there: one draft is put together while others are
    still being translated elsewhere.
    """

    check: Callable[[RunRequest, Config], Checked]
    load: Callable[[Config], Engine]
    translate: Callable[[Sequence[Draft], Engine, Termbase, Config, Watcher], Generator[list[Translation], None, None]]
    render: Callable[[Draft, Sequence[Translation], Config], str]
    score: Callable[[Draft, Sequence[Translation], SourceText, Termbase, Config], tuple[ScoreCard, tuple[str, ...]]]
    write: Callable[[RunResult, Config], None]


def run(request: RunRequest, config: Config, watcher: Watcher | None = None, steps: Steps | None = None) -> RunResult:
    """Every step for every draft of the request.

    Everything is read and checked before the first translation, and translated before the first file is written.
    Raises UserError for bad input, configuration or output places.
    """
    watcher, steps = watcher or Silent(), steps or STEPS
    begun = time.perf_counter()
    if request.report is None:  # nobody will see the word links of plain sentences
        config = replace(config, report=replace(config.report, alignment=False))
    drafts, humans, paths, termbase = steps.check(request, config)
    past, matcher = _past(request, config), Matcher(termbase)
    with locked([path for path in paths if path is not None], cache_directory(config)):
        with open_memory(config) as memory:
            files = [_open(d, path, memory, matcher, request, config) for d, path in zip(drafts, paths, strict=True)]
            watcher.step("Loading the model")
            engine = steps.load(config)
            signature, written_by = signature_of(engine, termbase, config), machine_signature(engine, config)
            memorised = [{} if f is None else reusable(f, memory, written_by) for f in files]
        watcher.step("Translating")
        asked = [_asked(*each) for each in zip(drafts, files, memorised, strict=True)]
        wanted = [draft for draft in asked if draft.document.segments]
        issues = []
        with closing(steps.translate(wanted, engine, termbase, config, watcher)) as translated:
            model = _Waiting(translated)
            for draft, ask, file, known, human, path in zip(
                drafts, asked, files, memorised, humans, paths, strict=True
            ):
                fresh = model.next() if ask.document.segments else []
                translations = _complete(draft, fresh, file, known, matcher)
                whole = steps.render(draft, translations, config) if file is None or file.plan is None else ""
                finished = None if file is None else _finish(file, fresh, known, whole, written_by, config)
                scores, notes = (
                    None,
                    (*_misread(draft), *_kept_form(file, config), *(() if finished is None else finished.notes)),
                )
                if human is not None:
                    watcher.step("Scoring")
                    scores, more = steps.score(draft, translations, human, termbase, config)
                    notes = (*notes, *more)
                text = whole if finished is None else finished.text
                issue = Issue(draft, tuple(translations), text, scores, path, notes, finished)
                record, verdict = judged(issue, "" if human is None else human.text, signature, past, config)
                tokens = {} if request.report is None else token_scores(fresh, engine)
                bare = None if request.report is None else _bare(issue, fresh, engine, matcher, config, watcher)
                record_kept = None if human is None else record
                issues.append(replace(issue, verdict=verdict, record=record_kept, tokens=tokens, bare=bare))
        seconds = time.perf_counter() - begun
        result = RunResult(
            tuple(issues), signature, seconds, model.seconds,
            request.report, request.retranslate, request.gated, request.revision,
        )  # fmt: skip
        steps.write(result, config)
    return result


class _Waiting:
    """Translations as they come, and how long was waited for them in all."""

    def __init__(self, translated: Generator[list[Translation], None, None]) -> None:
        self._translated, self.seconds = translated, 0.0

    def next(self) -> list[Translation]:
        begun = time.perf_counter()
        try:
            return next(self._translated)
        finally:
            self.seconds += time.perf_counter() - begun


def _bare(
    issue: Issue, fresh: Sequence[Translation], engine: Engine, matcher: Matcher, config: Config, watcher: Watcher
) -> Bare | None:
    """The scores without the glossary; None without a human version, or where some text is not the model's of now."""
    if issue.scores is None or len(fresh) < len(issue.translations):
        return None
    from translate.scoring.without_glossary import bare_translations, judge_bare

    watcher.step("Translating without the glossary")
    bare = bare_translations(fresh, engine, settings_of(config), reference_engine(config), watcher.progress)
    return judge_bare(issue.scores, bare, matcher, config)


def _misread(draft: Draft) -> tuple[str, ...]:
    """A note if the draft's text was decoded in the wrong encoding before it came here (``cafÃ©``)."""
    text = draft.source.text
    if not any(sign in text for sign in ("Ã", "â€", "Â")) or not repair_mojibake(text)[1]:
        return ()
    return ("the draft looks mis-decoded (Ã© for é); it was translated as it stands: restore the original text",)


def _kept_form(file: LivingFile | None, config: Config) -> tuple[str, ...]:
    """A note if the file is there in another layout than the one asked for: a re-run does not rearrange it."""
    if file is None or file.plan is None or file.plan.existing.layout == config.document.layout:
        return ()
    return (f"the file keeps its form ({file.plan.existing.layout}); --retranslate all writes it anew",)


def _past(request: RunRequest, config: Config) -> History:
    """The history, for runs that are scored; raises UserError now if they could not add to it in the end."""
    if not any(request.humans):
        return History(())
    path = history_path(config)
    check_writable(path)
    return read_history(path)


def _open(
    draft: Draft, path: Path | None, memory: Memory, matcher: Matcher, request: RunRequest, config: Config
) -> LivingFile | None:
    """The bilingual file as it is before the run; None where the output is no file of its own."""
    if path is None or (path.exists() and not path.is_file()):
        return None
    keys, limit = config.document.front_matter, config.limits.max_file_bytes
    again = request.retranslate
    return open_file(path, draft.document, memory, matcher, keys=keys, retranslate=again, max_bytes=2 * limit)


def _asked(draft: Draft, file: LivingFile | None, memorised: Mapping[int, Target]) -> Draft:
    """The draft with those segments only that the model is needed for."""
    if file is None or (file.plan is None and not memorised):
        return draft
    segments = tuple(draft.document.segments[s] for s in file.needed if s not in memorised)
    text = "\0".join(f"{s.kind} {draft.document.source[s.start : s.end]}" for s in segments)
    return Draft(SourceText(text, draft.source.path), replace(draft.document, segments=segments))


def _complete(
    draft: Draft,
    fresh: Sequence[Translation],
    file: LivingFile | None,
    memorised: Mapping[int, Target],
    matcher: Matcher,
) -> list[Translation]:
    """A translation for each segment: the model's, the memory's, or what the bilingual file holds."""
    found = {t.segment.index: t for t in fresh}
    if file is not None:
        segments = draft.document.segments
        found |= standing(file, matcher)
        found |= {index: from_memory(segments[index], target, matcher) for index, target in memorised.items()}
        found |= {index: flagged(found[index], "conflict") for index in in_conflict(file)}
    return [found[segment.index] for segment in draft.document.segments]


def _finish(
    file: LivingFile,
    fresh: Sequence[Translation],
    memorised: Mapping[int, Target],
    whole: str,
    signature: str,
    config: Config,
) -> Finished:
    form, by_index = config.document, {t.segment.index: t for t in fresh}
    return finish(
        file, by_index, memorised, whole,
        layout=form.layout, lang=form.lang, edition=EDITION, signature=signature,
    )  # fmt: skip


Checked = tuple[list[Draft], list[SourceText | None], list[Path | None], Termbase]
"""Drafts, the human version and the output path of each, and the termbase."""


def check(request: RunRequest, config: Config) -> Checked:
    """Reads all that a run needs and finds out what is wrong with it before any time is spent."""
    if request.humans and len(request.humans) != len(request.drafts):
        raise UserError(
            f"--human was given {len(request.humans)} times for {len(request.drafts)} drafts; "
            "give one for each, in order."
        )
    termbase = load_glossary(config)
    limit = config.limits.max_file_bytes
    drafts = [prepare(read_draft(name, request.revision, max_bytes=limit), config) for name in request.drafts]
    given = [None if name is None else read_text(name, max_bytes=limit) for name in request.humans]
    humans = given or [None] * len(drafts)
    read = [*_paths(config), *(name for name in request.humans if name is not None)]
    paths = output_paths(request.drafts, request.out, protected=read)
    make_ready(paths, create=is_directory(request.drafts, request.out))
    check_report(request.report, [*request.drafts, *read, *paths, request.config])
    return drafts, humans, paths, termbase


def _paths(config: Config) -> list[str]:
    return [str(config.glossary.file)] if config.glossary.file is not None else []


def prepare(source: SourceText, config: Config) -> Draft:
    """Parses a draft. Raises UserError, with the draft's name, where its structure cannot be read."""
    try:
        document = parse(source.text, front_matter_keys=config.document.front_matter)
    except UserError as error:
        raise UserError(f"{source.name}: {error}") from None
    return Draft(source, document)


def load(config: Config) -> Engine:
    """The configured engine with its checkpoint."""
    from translate.marian import load_engine

    return load_engine(config.model.engine, load_checkpoint(config), threads=config.model.threads or None)


def load_checkpoint(config: Config) -> Checkpoint:
    """The configured checkpoint: embedded, a directory, or from the hub."""
    import os

    from translate.marian import resolve

    os.environ.setdefault("TRANSLATE_ISSUE_CACHE", str(cache_directory(config)))
    name = None if config.model.name == "embedded" else config.model.name
    return resolve(name, revision=config.model.revision)


def translate_drafts(
    drafts: Sequence[Draft], engine: Engine, termbase: Termbase, config: Config, watcher: Watcher | None = None
) -> list[list[Translation]]:
    """The translations of each draft's segments; the sentences of all drafts are batched together."""
    segments = [segment for draft in drafts for segment in draft.document.segments]
    done = translate_segments(
        segments,
        engine,
        Matcher(termbase),
        settings_of(config),
        reference_engine=reference_engine(config, watcher),
        on_progress=None if watcher is None else watcher.progress,
    )
    result, at = [], 0
    for draft in drafts:
        count = len(draft.document.segments)
        result.append(done[at : at + count])
        at += count
    return result


def reference_engine(config: Config, watcher: Watcher | None = None) -> Callable[[], Engine] | None:
    """Gives the engine that is tried last on degenerate output, if the configuration wants one.

    It runs on one thread: for a few sentences, threads that wait for each other cost more than they bring.
    """

    def load_reference() -> Engine:
        from translate.marian import load_engine

        if watcher is not None:
            watcher.step("Trying what came out degenerate with PyTorch")
        return load_engine("transformers", load_checkpoint(config), threads=1)

    return load_reference if config.degenerate.retry_reference else None


def settings_of(config: Config) -> Settings:
    """The configuration's decoding settings."""
    d = config.degenerate
    limits = Limits(longest=d.longest, shortest=d.shortest, repeats=d.repeats, foreign=d.foreign)
    return Settings(
        beam_size=config.decoding.beam_size,
        ratio=config.decoding.length_ratio,
        retry_beams=d.retry_beams,
        limits=limits,
        italic=config.glossary.italic,
        links=config.report.alignment,
    )


def render_bilingual(draft: Draft, translations: Sequence[Translation], config: Config) -> str:
    """The bilingual file's text in the configured layout."""
    targets: dict[int, Target] = {t.segment.index: t.target for t in translations}
    document = config.document
    return write_bilingual(draft.document, targets, layout=document.layout, lang=document.lang, edition=EDITION)


def score_draft(
    draft: Draft, translations: Sequence[Translation], human: SourceText, termbase: Termbase, config: Config
) -> tuple[ScoreCard, tuple[str, ...]]:
    """The score card against a human version, and notes on what was done to read it."""
    from translate.scoring.scorecard import score_card

    text, repaired = repair_mojibake(human.text)
    notes = (f"{human.name} was mis-decoded; its text was repaired before scoring",) if repaired else ()
    return score_card(draft.document, translations, SourceText(text, human.path), Matcher(termbase), config), notes


def signature_of(engine: Engine, termbase: Termbase, config: Config) -> dict[str, str]:
    """What the run's numbers depend on."""
    return {
        **{key: value for key, value in engine.signature.items() if value},
        "beam": str(config.decoding.beam_size),
        "glossary": termbase.hash[:16],
        "version": __version__,
    }


_DECISIVE = ("decoding.", "degenerate.", "glossary.italic")
"""Settings that change what the machine writes."""


def machine_signature(engine: Engine, config: Config) -> str:
    """A digest of what the machine's text depends on besides the draft and the glossary: for the memory.

    What the glossary says is signed segment by segment (see `translate.rerun.living.signatures`), so that changing it
    misses only where it speaks of the text.
    """
    parts: dict[str, object] = {key: value for key, value in engine.signature.items() if value}
    parts |= {key: value for key, value in settings(config).items() if key.startswith(_DECISIVE)}
    parts["version"] = __version__
    return digest(*(f"{key}={value}" for key, value in sorted(parts.items())))


def write_outputs(result: RunResult, config: Config) -> None:
    """Writes each issue's bilingual file and history, then the report; each is whole or as it was before.

    Issues that the gate refuses are written to the report and the history only. One that cannot be written keeps no
    other from it; the first error is raised in the end.
    """
    from translate.report import report_json

    errors = []
    with open_memory(config) as memory:
        for issue in result.issues:
            try:
                _write(issue, result, memory, config)
            except UserError as error:
                errors.append(error)
    if result.report is not None:
        write_output(result.report, report_json(result, config))
    if errors:
        raise errors[0]


def _write(issue: Issue, result: RunResult, memory: Memory, config: Config) -> None:
    """One issue: the file, then its scores, and only then is it settled."""

    def remember() -> None:
        if issue.record is not None:
            append(history_path(config), [_timed(issue.record, issue, result)])

    if result.refused(issue):
        remember()
        return
    if result.revision is None:
        _check_draft(issue.draft, config)
    if issue.finished is None:
        write_output("-" if issue.path is None else issue.path, issue.bilingual)
        remember()
        return
    redone, scored = result.retranslate is not None, issue.scores is not None
    commit(issue.finished, memory, backup=redone, scored=scored, written=remember)


def _check_draft(draft: Draft, config: Config) -> None:
    """Raises ChangedError if the draft is no longer what was translated: maybe it was read while someone wrote it."""
    if draft.source.path is None:
        return
    try:
        now = read_text(draft.source.path, max_bytes=config.limits.max_file_bytes).text
    except UserError as error:
        raise ChangedError(f"{error} (it could be read when the run began; nothing was written for it)") from None
    if now != draft.source.text:
        raise ChangedError(f"{draft.name}: the draft changed while it was translated; nothing was written, run again.")


def _timed(record: Record, issue: Issue, result: RunResult) -> Record:
    """The run's times, shared out by words."""
    words = sum(i.record.words for i in result.issues if i.record) or 1
    share = record.words / words
    return replace(
        record,
        published=not result.refused(issue),
        seconds=round(share * result.seconds, 3),
        translating=round(share * result.translating, 3),
    )


def _translated(
    drafts: Sequence[Draft], engine: Engine, termbase: Termbase, config: Config, watcher: Watcher
) -> Generator[list[Translation], None, None]:
    yield from translate_drafts(drafts, engine, termbase, config, watcher)


STEPS = Steps(check, load, _translated, render_bilingual, score_draft, write_outputs)
"""The plain functions, as the command runs them."""
