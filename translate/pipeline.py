"""A draft is parsed into segments; each segment is translated by MarianMT; the glossary is enforced; the translation is
put back into the draft's own Markdown; it is scored against the human version; a bilingual file and a report come out.

The only place that knows the order of the steps. The command line and the flows call it; neither repeats it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from glossary import Matcher, Termbase, default_termbase, load_termbase
from translate import __version__
from translate.config import Config, cache_directory
from translate.document import parse
from translate.document.bilingual import write_bilingual
from translate.document.model import Document, Target
from translate.errors import UserError
from translate.outputs import is_directory, make_ready, output_paths
from translate.quality import Limits
from translate.text_file import SourceText, read_text, repair_mojibake, write_output
from translate.translator import Settings, Translation, translate_segments

if TYPE_CHECKING:
    from translate.marian.checkpoint import Checkpoint
    from translate.marian.protocol import Engine
    from translate.scorecard import ScoreCard


class Watcher(Protocol):
    """Is told what the pipeline is doing."""

    def step(self, name: str) -> None: ...

    def progress(self, done: int, total: int) -> None: ...


class Silent:
    """A watcher that shows nothing."""

    def step(self, name: str) -> None:
        """Nothing is shown."""

    def progress(self, done: int, total: int) -> None:
        """Nothing is shown."""


@dataclass(frozen=True, slots=True)
class RunRequest:
    """What to translate and where to put it; ``-`` is standard input, or standard output for ``out``.

    ``humans``: none, or one human version for each draft, in order.
    """

    drafts: tuple[str, ...]
    out: str | None = None
    humans: tuple[str, ...] = ()
    report: Path | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft as read and parsed."""

    source: SourceText
    document: Document

    @property
    def name(self) -> str:
        """What messages call it."""
        return self.source.name


@dataclass(frozen=True, slots=True)
class Issue:
    """A finished draft: its translations (one for each segment), the bilingual text, its scores and its file."""

    draft: Draft
    translations: tuple[Translation, ...]
    bilingual: str
    scores: ScoreCard | None
    path: Path | None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a run did. ``seconds`` is the whole run's wall time, ``translating`` the part spent on the model."""

    issues: tuple[Issue, ...]
    signature: Mapping[str, str]
    seconds: float
    translating: float
    report: Path | None = None


@dataclass(frozen=True, slots=True)
class Steps:
    """The functions that :func:`run` calls, in this order; the flow puts tracked ones in their place."""

    check: Callable[[RunRequest, Config], Checked]
    load: Callable[[Config], Engine]
    translate: Callable[[Sequence[Draft], Engine, Termbase, Config, Watcher], list[list[Translation]]]
    render: Callable[[Draft, Sequence[Translation], Config], str]
    score: Callable[[Draft, Sequence[Translation], SourceText, Termbase, Config], tuple[ScoreCard, tuple[str, ...]]]
    write: Callable[[RunResult, Config], None]


def run(
    request: RunRequest, config: Config, watcher: Watcher | None = None, steps: Steps | None = None
) -> RunResult:
    """Every step for every draft of the request.

    Everything is read and checked before the first translation, and translated before the first file is written.
    Raises UserError for bad input, configuration or output places.
    """
    watcher, steps = watcher or Silent(), steps or STEPS
    begun = time.perf_counter()
    drafts, humans, paths, termbase = steps.check(request, config)
    watcher.step("Loading the model")
    engine = steps.load(config)
    watcher.step("Translating")
    started = time.perf_counter()
    translated = steps.translate(drafts, engine, termbase, config, watcher)
    translating = time.perf_counter() - started
    signature = signature_of(engine, termbase, config)
    issues = []
    for draft, translations, human, path in zip(drafts, translated, humans, paths, strict=True):
        bilingual = steps.render(draft, translations, config)
        scores, notes = None, ()
        if human is not None:
            watcher.step("Scoring")
            scores, notes = steps.score(draft, translations, human, termbase, config)
        issues.append(Issue(draft, tuple(translations), bilingual, scores, path, notes))
    result = RunResult(tuple(issues), signature, time.perf_counter() - begun, translating, request.report)
    steps.write(result, config)
    return result


Checked = tuple[list[Draft], list[SourceText | None], list[Path | None], Termbase]
"""Drafts, the human version and the output path of each, and the termbase."""


def check(request: RunRequest, config: Config) -> Checked:
    """Reads all that a run needs and finds out what is wrong with it before any time is spent."""
    if request.humans and len(request.humans) != len(request.drafts):
        raise UserError(
            f"--human was given {len(request.humans)} times for {len(request.drafts)} drafts; give one for each, in order."
        )
    termbase = load_glossary(config)
    drafts = [prepare(read_text(name, max_bytes=config.limits.max_file_bytes), config) for name in request.drafts]
    humans = [read_text(name, max_bytes=config.limits.max_file_bytes) for name in request.humans] or [None] * len(drafts)
    paths = output_paths(request.drafts, request.out, protected=[*request.humans, *_paths(config)])
    make_ready(paths, create=is_directory(request.drafts, request.out))
    make_ready([request.report], create=False)
    return drafts, list(humans), paths, termbase


def _paths(config: Config) -> list[str]:
    return [str(config.glossary.file)] if config.glossary.file is not None else []


def load_glossary(config: Config) -> Termbase:
    """The configured termbase, or the one that ships. Raises GlossaryError."""
    return default_termbase() if config.glossary.file is None else load_termbase(config.glossary.file)


def prepare(source: SourceText, config: Config) -> Draft:
    """Parses a draft. Raises UserError, with the draft's name, where its structure cannot be read."""
    try:
        document = parse(source.text, front_matter_keys=config.document.front_matter)
    except UserError as error:
        raise UserError(f"{source.name}: {error}") from None
    return Draft(source, document)


def load(config: Config, engine: str | None = None) -> Engine:
    """The configured engine with its checkpoint, or another engine with the same checkpoint."""
    from translate.marian import load_engine

    name = config.model.engine if engine is None else engine
    return load_engine(name, load_checkpoint(config), threads=config.model.threads or None)  # type: ignore[arg-type]


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
        reference_engine=reference_engine(config),
        on_progress=None if watcher is None else watcher.progress,
    )
    result, at = [], 0
    for draft in drafts:
        count = len(draft.document.segments)
        result.append(done[at : at + count])
        at += count
    return result


def reference_engine(config: Config) -> Callable[[], Engine] | None:
    """Gives the engine that is tried last on degenerate output, if the configuration wants one."""
    return (lambda: load(config, "transformers")) if config.degenerate.retry_reference else None


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
    )


def render_bilingual(draft: Draft, translations: Sequence[Translation], config: Config) -> str:
    """The bilingual file's text in the configured layout."""
    targets: dict[int, Target] = {t.segment.index: t.target for t in translations}
    return write_bilingual(draft.document, targets, layout=config.document.layout, lang=config.document.lang)


def score_draft(
    draft: Draft, translations: Sequence[Translation], human: SourceText, termbase: Termbase, config: Config
) -> tuple[ScoreCard, tuple[str, ...]]:
    """The score card against a human version, and notes on what was done to read it."""
    from translate.scorecard import score_card

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


def write_outputs(result: RunResult, config: Config) -> None:
    """Writes the bilingual files, then the report; each file is whole or as it was before."""
    from translate.report import report_json

    for issue in result.issues:
        write_output("-" if issue.path is None else issue.path, issue.bilingual)
    if result.report is not None:
        write_output(result.report, report_json(result, config))


STEPS = Steps(check, load, translate_drafts, render_bilingual, score_draft, write_outputs)
"""The plain functions, as the command runs them."""
