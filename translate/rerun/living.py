"""The living bilingual files of a run: locked, read, brought up to date, and never overwritten behind anyone's back.

The pipeline opens them before it translates (what is there needs no translation), finishes each with the
new translations, and commits: first the memory learns what will be written, then the file is replaced, if it is
still what was read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from glossary import Matcher, verify
from translate.decoding.terms import occurrences
from translate.decoding.translator import Translation
from translate.document.model import Document, Segment, Span, Target, TargetSpan
from translate.document.parse import parse
from translate.document.render import Renderer, render_range
from translate.errors import ChangedError, UserError
from translate.memory import Memory, Origin, Unit, digest, units_of
from translate.memory.units import contexts, plain
from translate.patience import patience
from translate.rerun import Existing, Fresh, Merged, Plan, Record, Removed, merge, plan_rerun, read_existing, record_of
from translate.rerun.matter import segments_of_items
from translate.rerun.plan import Change, Retranslate
from translate.rerun.terms import Terms, paired, terms_of
from translate.rerun.tokens import body_start
from translate.text_file import read_text, write_atomic

LOCK_SECONDS = 600.0
"""How long to wait for another run; TRANSLATE_ISSUE_WAIT_SECONDS outranks it."""


@dataclass(frozen=True, slots=True)
class LivingFile:
    """A bilingual file before the run. ``plan`` is None where the run writes it whole.

    ``text`` is what was read (None: there is no such file), ``terms`` what the glossary says about the draft.
    """

    path: Path
    document: Document
    text: str | None
    plan: Plan | None
    terms: Terms

    @property
    def needed(self) -> tuple[int, ...]:
        """Segments that need a translation."""
        return tuple(range(len(self.document.segments))) if self.plan is None else self.plan.segments


@dataclass(frozen=True, slots=True)
class Finished:
    """A bilingual file after the run: its text, and what the memory is to keep."""

    file: LivingFile
    text: str
    record: Record
    units: tuple[Unit, ...]
    merged: Merged | None = None

    @property
    def notes(self) -> tuple[str, ...]:
        """What happened to a file that was there, in a line or two."""
        if self.merged is None:
            return ()
        m = self.merged
        happened = {
            "translated": m.translated,
            "redone for changed terms": m.redone,
            "conflicts": m.conflicts,
            "moved": m.moved,
            "removed": len(m.removed),
        }
        parts = [f"{m.kept} blocks kept", *(f"{count} {name}" for name, count in happened.items() if count)]
        removed = [f"removed, kept in the memory: {_short(r.portuguese)}" for r in m.removed]
        return (", ".join(parts), *removed, *m.notes)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 60 else f"{line[:59]}…"


# Before --------------------------------------------------------------------------------------------


@contextmanager
def locked(paths: Sequence[Path], directory: Path) -> Iterator[None]:
    """No other run touches these bilingual files meanwhile; waits for one that does.

    Raises UserError after ten minutes (see `translate.patience`). Locks die with their process.
    """
    from filelock import FileLock, Timeout

    folder = directory / "locks"
    with ExitStack() as stack:
        for path in sorted({path.resolve() for path in paths}):
            try:
                folder.mkdir(parents=True, exist_ok=True)
                name = sha256(str(path).encode("utf-8", "surrogateescape")).hexdigest()[:24]
                stack.enter_context(FileLock(folder / f"{name}.lock", patience(LOCK_SECONDS)))
            except Timeout:
                raise UserError(f"{path}: another run is busy with this file; run again when it is done.") from None
            except OSError as error:
                raise UserError(f"{folder}: no lock here ({error.strerror}); set TRANSLATE_ISSUE_CACHE.") from None
        yield


def open_file(
    path: Path,
    document: Document,
    memory: Memory,
    matcher: Matcher,
    *,
    keys: Sequence[str],
    retranslate: Retranslate | None = None,
    max_bytes: int,
) -> LivingFile:
    """Reads a bilingual file and plans what a run does to it. Raises UserError where it cannot be read."""
    terms = terms_of(document, matcher)
    if not path.is_file() or path.stat().st_size == 0:
        return LivingFile(path, document, None, None, terms)
    try:
        text = read_text(path, max_bytes=max_bytes).text
        if retranslate == "all":
            return LivingFile(path, document, text, None, terms)
        record = memory.record(path, text)
        known = [t for row in record.rows for t in (row.machine, row.seen) if t] if record else []
        existing = read_existing(text, known)
    except UserError as error:
        message = str(error)
        named = message if message.startswith(str(path)) else f"{path}: {message}"
        raise UserError(f"{named} (the bilingual file is kept; mend it, or move it away to start anew)") from None
    plan = plan_rerun(document, existing, record, keys=keys, retranslate=retranslate, matcher=matcher)
    if record is None and document.entries and not any(change.entries for change in plan.changes):
        raise UserError(f"{path}: it exists and is no version of this draft; choose another --out, or move it away.")
    return LivingFile(path, document, text, plan, terms)


def signatures(file: LivingFile, signature: str) -> dict[int, str]:
    """For each segment, what the machine's text of it depends on.

    That is ``signature`` (the model, the settings, the version) and what the glossary says about the segment.
    """
    return {index: digest(signature, said) for index, said in enumerate(file.terms.of)}


def reusable(file: LivingFile, memory: Memory, signature: str) -> dict[int, Target]:
    """What is known of the needed segments, where it fits the draft's markup exactly.

    A human's text wherever the memory has it; the machine's own only in a file that is there already, if model,
    settings and what the glossary says of the segment are the same. In a block of which only some segments are to be
    redone, the others as they stand in the file. Nothing where the whole file is redone on purpose; front matter is
    always translated.
    """
    if file.plan is None and file.text is not None:
        return {}
    document, around, signed = file.document, contexts(file.document), signatures(file, signature)
    found: dict[int, Target] = {}
    redone = file.plan is None or any(c.state == "redone" for c in file.plan.changes)
    for change in () if file.plan is None else file.plan.changes:
        found |= _still_right(change, document)
    for index in file.needed:
        segment = document.segments[index]
        if index in found or segment.end <= body_start(document):
            continue
        source = document.source[segment.start : segment.end]
        unit = memory.exact(source, around[index], signature=None if redone else signed[index])
        target = None if unit is None else target_of(document, segment, unit.target)
        if target is not None:
            found[index] = target
    return found


def _still_right(change: Change, document: Document) -> dict[int, Target]:
    """The segments of a block with changed terms that the change does not touch, as the file has them."""
    if change.state != "terms changed" or change.unit.portuguese is None:
        return {}
    shown = change.unit.portuguese.text
    pairs = paired(document, change.entries, shown)
    kept = {
        ours.index: target_of(document, ours, shown[theirs.start : theirs.end])
        for ours, theirs in pairs
        if ours.index not in change.outdated
    }
    return {index: target for index, target in kept.items() if target is not None}


def target_of(document: Document, segment: Segment, markdown: str) -> Target | None:
    """Target Markdown as a target of the segment; None unless rendering it gives the Markdown back."""
    read = parse(markdown)
    if len(read.segments) != 1:
        return None
    only = read.segments[0]
    waiting = [(i, _marks(document.source, span)) for i, span in enumerate(segment.spans)]
    spans: list[TargetSpan] = []
    for span in only.spans:
        kind, opening, closing = marks = _marks(read.source, span)
        own = next((pair for pair in waiting if pair[1] == marks), None)
        if own is not None:
            waiting.remove(own)
            spans.append(TargetSpan(span.start, span.end, own[0]))
        elif kind in ("emphasis", "strong") and opening == closing:
            spans.append(TargetSpan(span.start, span.end, None, opening))
        else:
            return None
    target = Target(only.text, tuple(spans))
    return target if render_range(document, segment.start, segment.end, {segment.index: target}) == markdown else None


def _marks(source: str, span: Span) -> tuple[str, str, str]:
    """Kind, opening and closing markup; an opaque span's content is part of it."""
    if span.opaque:
        return span.kind, source[span.outer[0] : span.outer[1]], ""
    return span.kind, source[span.outer[0] : span.inner[0]], source[span.inner[1] : span.outer[1]]


# After ---------------------------------------------------------------------------------------------


def finish(
    file: LivingFile,
    translations: Mapping[int, Translation],
    reused: Mapping[int, Target],
    whole: str,
    *,
    layout: str,
    lang: str | None,
    edition: str | None,
    signature: str,
) -> Finished:
    """The file's new text. ``translations`` are the new ones by segment, ``reused`` come from the memory.

    ``whole`` is the text of a file that is written whole; it is not used for one that is there.
    """
    document, name = file.document, str(file.path)
    targets = {index: translation.target for index, translation in translations.items()} | dict(reused)
    wanted = range(len(document.entries)) if file.plan is None else file.plan.needed
    renderer = Renderer(document, targets, lang=lang, edition=edition)
    entries = {e: renderer.between(document.entries[e].start, document.entries[e].end) for e in wanted}
    matter = renderer.between(0, body_start(document))
    written = {s.index: renderer.between(s.start, s.end) for s in document.segments if s.index in translations}
    units = units_of(document, written, origin="machine", name=name, signatures=signatures(file, signature))
    if file.plan is None:
        return Finished(file, whole, record_of(document, entries, matter, layout, file.terms), tuple(units))
    merged = merge(file.plan, Fresh(entries, matter))
    units += learned(file.plan, name)
    units += [_unit(removed, name) for removed in merged.removed]
    return Finished(file, merged.text, merged.record, tuple(units), merged)


def _unit(removed: Removed, name: str) -> Unit:
    """A text that left the file, under a context of its own: it displaces nothing."""
    origin: Origin = "human" if removed.human else "machine"
    context = digest("removed", name, removed.english, removed.portuguese)
    return Unit(removed.english, plain(removed.english), removed.portuguese, origin, removed.human, context, name)


def learned(plan: Plan, name: str) -> list[Unit]:
    """What humans made of this file's segments, where each stands beside its English."""
    targets: dict[int, str] = {}
    for change in plan.changes:
        if change.state == "kept" and change.human and change.unit.portuguese is not None and not change.unit.conflicts:
            pairs = paired(plan.document, change.entries, change.unit.portuguese.text)
            targets |= {s.index: change.unit.portuguese.text[p.start : p.end] for s, p in pairs}
    return units_of(plan.document, targets, origin="human", approved=True, name=name)


def standing(file: LivingFile, matcher: Matcher) -> dict[int, Translation]:
    """The file's own text as translations of the segments that needed none (for report and scores)."""
    if file.plan is None:
        return {}
    document, existing = file.document, file.plan.existing
    texts: dict[int, Standing] = {}
    for change in file.plan.changes:
        if change.unit.portuguese is not None:
            shown = change.unit.portuguese.text
            pairs = paired(document, change.entries, shown)
            texts |= {s.index: _standing(p, shown) for s, p in pairs}
            if not pairs and change.entries:
                first = document.entries[change.entries[0]].segments[0]
                texts[first] = Standing("\n".join(p.text for p in parse(shown).segments) or shown, shown)
    texts |= _matter_texts(document, existing)
    needed, nothing = set(file.needed), Standing("", "")
    return {s.index: kept(s, texts.get(s.index, nothing), matcher) for s in document.segments if s.index not in needed}


@dataclass(frozen=True, slots=True)
class Standing:
    """Text that is in the file: clean, as Markdown, and the ranges of the clean text where no term counts."""

    text: str
    markdown: str
    opaque: tuple[tuple[int, int], ...] = ()


def _standing(segment: Segment, page: str) -> Standing:
    return Standing(segment.text, page[segment.start : segment.end], segment.opaque_ranges)


def _matter_texts(document: Document, existing: Existing) -> dict[int, Standing]:
    matter = body_start(document)
    ours = [s for s in document.segments if s.end <= matter]
    theirs = [s for s in existing.page.document.segments if s.end <= len(existing.matter)]
    if [s.kind for s in ours] != [s.kind for s in theirs]:
        return {}
    page = existing.page.document.source
    return {s.index: _standing(t, page) for s, t in zip(ours, theirs, strict=True)}


def kept(segment: Segment, standing: Standing, matcher: Matcher) -> Translation:
    """A text that is there already, as a translation; the glossary's verdict on it is real."""
    text = standing.text
    found = tuple(occurrences(segment, matcher)) if text else ()
    verification = verify(found, text, matcher, standing.opaque)
    flags = [
        flag
        for flag, here in (
            ("term-missing", verification.missing),
            ("term-doubled", verification.surplus),
            ("term-forbidden", verification.forbidden),
        )
        if here
    ]
    return Translation(segment, Target(text, ()), found, verification, (), (), tuple(flags), markdown=standing.markdown)


def from_memory(segment: Segment, target: Target, matcher: Matcher) -> Translation:
    """A target from the memory as a translation."""
    return replace(
        kept(segment, Standing(target.text, "", target.opaque_ranges(segment)), matcher), target=target, markdown=None
    )


def in_conflict(file: LivingFile) -> set[int]:
    """Segments whose hypothesis is offered beside a human's text."""
    if file.plan is None:
        return set()
    entries = [e for c in file.plan.changes if c.state == "changed" and c.human for e in c.entries]
    found = {s for e in entries for s in file.document.entries[e].segments}
    inside = segments_of_items(file.document, file.document.source[: body_start(file.document)])
    named = [m.name for m in file.plan.matter if m.state == "conflict"]
    return found | {s.index for name in named for s in inside.get(name, ())}


def flagged(translation: Translation, flag: str) -> Translation:
    """The translation with one more flag."""
    return replace(translation, flags=(*translation.flags, flag))


def commit(
    finished: Finished,
    memory: Memory,
    *,
    backup: bool,
    scored: bool = False,
    written: Callable[[], None] | None = None,
) -> Path | None:
    """Records, then writes, then confirms; gives the backup's path if one was asked for and made.

    ``written`` is called when the file is written and not yet confirmed: a run that is killed before it returns is
    not settled (`Memory.is_settled`). Raises ChangedError, and writes nothing, where the
    file is no longer what was read.
    """
    file = finished.file
    saved = _backup(file) if backup and file.text is not None and file.text != finished.text else None
    known = None if file.plan is None else file.plan.record
    memory.stage(file.path, finished.record, finished.units, read=file.text, known=known)
    if finished.text != file.text:
        try:
            _unchanged(file)
            write_atomic(file.path, finished.text, at_last=lambda: _unchanged(file))
        except UserError:
            memory.withdraw(file.path)
            raise
    if written is not None:
        written()
    memory.confirm(file.path, scored=finished.text if scored else None)
    return saved


def _unchanged(file: LivingFile) -> None:
    now = read_text(file.path).text if file.path.is_file() and file.path.stat().st_size else None
    if now != file.text:
        raise ChangedError(
            f"{file.path}: the file changed while the run was translating; nothing was written, run again."
        )


def _backup(file: LivingFile) -> Path:
    """A numbered copy beside the file; never an existing name."""
    number = 1
    while (path := file.path.with_name(f"{file.path.name}.bak{number}")).exists():
        number += 1
    write_atomic(path, file.text or "")
    return path
