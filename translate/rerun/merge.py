"""The draft's changes put into the bilingual file, byte for byte around everything else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

from translate.document.comments import comment_of, find_comments, places
from translate.document.model import Document
from translate.rerun.conflict import Conflict, conflict_comment
from translate.rerun.existing import Piece, is_spacer, offers
from translate.rerun.matter import items, segments_of_items
from translate.rerun.plan import WRITTEN, WRITTEN_ITEMS, Change, Plan
from translate.rerun.record import Record, Row
from translate.rerun.sequences import key_of
from translate.rerun.terms import Terms, segments_of
from translate.rerun.tokens import body_start

ABOVE = "the text above"
_TWO = 2


@dataclass(frozen=True, slots=True)
class Fresh:
    """New translations: Portuguese of entries (by the draft's index) and the rendered front matter."""

    entries: Mapping[int, str]
    matter: str = ""


@dataclass(frozen=True, slots=True)
class Removed:
    """A text that left the file because its English left the draft: for the memory to keep."""

    english: str
    portuguese: str
    human: bool


@dataclass(frozen=True, slots=True)
class Merged:
    """The file's new text, what to record, and what happened (counts are of entries).

    ``redone`` are those (and front-matter items) that were translated anew because their terms changed.
    """

    text: str
    record: Record
    kept: int
    translated: int
    redone: int
    conflicts: int
    moved: int
    removed: tuple[Removed, ...]
    notes: tuple[str, ...]


@dataclass(slots=True)
class _Part:
    """Text to put into the file; ``gap`` is the blank text that it likes before it."""

    text: str
    gap: str = ""


@dataclass(slots=True)
class _Patch:
    """Edits of the file's pieces, by id: replaced texts, removed pieces, and parts to put after a piece."""

    texts: dict[int, str] = field(default_factory=dict)
    removed: set[int] = field(default_factory=set)
    after: dict[int, list[_Part]] = field(default_factory=dict)
    seen: dict[tuple[int, ...], str] = field(default_factory=dict)
    """The Portuguese of entries as the file has it now."""


_START = 0
"""Stands for the beginning of the page among ids of pieces."""


def merge(plan: Plan, fresh: Fresh) -> Merged:
    """Apply a plan. ``fresh`` holds every entry of ``plan.needed``.

    Raises KeyError where a needed translation is missing.
    """
    existing = plan.existing
    patch = _Patch()
    removed = tuple(r for change in plan.changes if change.state == "removed" for r in _remove(change, patch))
    _drop_verbatim(plan, patch)
    _walk(plan, fresh, patch)
    matter, above = _matter(plan, fresh)
    if above:
        patch.after.setdefault(_START, [])[:0] = [_Part(text, existing.newline) for text in above]
    body = _emit(existing.pieces, patch, existing.newline, first=not matter.strip("\ufeff"))
    states = [change.state for change in plan.changes]
    return Merged(
        matter + body,
        _record(plan, fresh, patch),
        kept=sum(len(c.entries) for c in plan.changes if c.state in ("kept", "reverted")),
        translated=len(plan.needed) - sum(len(c.entries) for c in plan.changes if c.state == "terms changed"),
        redone=plan.outdated,
        conflicts=sum(c.state == "changed" and c.human for c in plan.changes)
        + sum(m.state == "conflict" for m in plan.matter),
        moved=sum(change.moved for change in plan.changes),
        removed=removed,
        notes=tuple(_notes(plan, states.count("reverted"))),
    )


def _remove(change: Change, patch: _Patch) -> list[Removed]:
    unit = change.unit
    intact = _intact(change)
    patch.removed.update(id(piece) for piece, _ in intact)
    if unit.portuguese is not None:
        patch.removed.add(id(unit.portuguese))
    if unit.comment is not None and not _rewritten(change, intact):
        patch.removed.add(id(unit.comment))
    if unit.portuguese is None and not change.human:
        return []
    english = intact[0][1].old if intact else unit.english if unit.english is not None else change.old
    return [Removed(english, unit.portuguese.text if unit.portuguese is not None else "", change.human)]


def _intact(change: Change) -> list[tuple[Piece, Conflict]]:
    return [(piece, conflict) for piece, conflict in offers(change.unit) if conflict is not None]


def _rewritten(change: Change, intact: Sequence[tuple[Piece, Conflict]]) -> bool:
    """Whether a human rewrote the English beside an open conflict: it is theirs then, and quoted nowhere."""
    return bool(intact) and key_of(change.unit.english or "") != key_of(intact[0][1].new)


def _drop_verbatim(plan: Plan, patch: _Patch) -> None:
    pieces = [piece for piece in plan.existing.pieces if piece.kind != "blank"]
    for piece, following in zip_longest(pieces, pieces[1:]):
        if id(piece) in plan.gone:
            patch.removed.add(id(piece))
            quotes = {comment_of(own.raw) for own in find_comments(piece.text)}
            if following is not None and following.text in quotes:
                patch.removed.add(id(following))


def _walk(plan: Plan, fresh: Fresh, patch: _Patch) -> None:
    """Visits the draft's tokens in order; ``anchor`` is the piece after which the next new one goes."""
    anchors = _Anchors(plan)
    of_entry = {e: change for change in plan.changes for e in change.entries}
    done: set[int] = set()
    added = set(plan.added)
    newline = plan.existing.newline
    anchor = _START
    for k, token in enumerate(plan.tokens):
        gap = _newlines(token.gap, newline)
        if token.entry is None:
            if k in plan.standing:
                anchor = anchors.after(plan.standing[k])
            elif k in plan.new_chunks:
                text = _newlines(token.text, newline)
                parts = [_Part(text, gap), *(_Part(comment_of(own.raw), newline * 2) for own in find_comments(text))]
                patch.after.setdefault(anchor, []).extend(parts)
        elif token.entry in added:
            parts = _with_comment(plan, fresh.entries[token.entry], _english(plan, (token.entry,)), gap)
            patch.seen[(token.entry,)] = fresh.entries[token.entry]
            patch.after.setdefault(anchor, []).extend(parts)
        elif (change := of_entry.get(token.entry)) is not None:
            if id(change) in done:
                continue
            done.add(id(change))
            extra = _apply(change, plan, fresh, patch)
            last = change.unit.pieces[-1]
            if change.moved:
                moved = _take(change, patch, gap, newline)
                patch.after.setdefault(anchor, []).extend([*moved, *extra])
            else:
                anchor = anchors.after(last)
                patch.after.setdefault(anchor, []).extend(extra)


class _Anchors:
    """Where something may follow a piece: behind the comments that belong to it, where no list or the like breaks."""

    def __init__(self, plan: Plan) -> None:
        self.pieces = [piece for piece in plan.existing.pieces if piece.kind != "blank"]
        self.index = {id(piece): k for k, piece in enumerate(self.pieces)}
        self.legal = {place.after for place in places(plan.existing.text)}
        self.comes_before = plan.existing.layout == "comment-before"

    def after(self, piece: Piece) -> int:
        k = self.index[id(piece)]
        while k + 1 < len(self.pieces):
            here, following = self.pieces[k], self.pieces[k + 1]
            trailing = following.kind == "conflict" or (following.kind == "comment" and not self.comes_before)
            # A spacer line is open below: what follows it may stand right under it.
            open_below = is_spacer(here.text)
            if not trailing and (open_below or here.start + len(here.text) in self.legal or here.kind == "comment"):
                break
            k += 1
        return id(self.pieces[k])


def _with_comment(plan: Plan, portuguese: str, english: str, gap: str) -> list[_Part]:
    layout = plan.existing.layout
    blank = plan.existing.newline * 2
    shown, beside = _newlines(portuguese, plan.existing.newline), comment_of(_newlines(english, plan.existing.newline))
    if layout == "comment-after":
        return [_Part(shown, gap), _Part(beside, blank)]
    if layout == "comment-before":
        return [_Part(beside, gap if gap.count("\n") >= _TWO else blank), _Part(shown, blank)]
    return [_Part(shown, gap)]


def _apply(change: Change, plan: Plan, fresh: Fresh, patch: _Patch) -> list[_Part]:
    """Edits the unit's own pieces; gives what goes after it."""
    unit, newline = change.unit, plan.existing.newline
    english = _english(plan, change.entries)
    if unit.portuguese is not None:
        patch.seen[change.entries] = unit.portuguese.text
    if change.state == "kept":
        return []
    intact = _intact(change)
    patch.removed.update(id(piece) for piece, _ in intact)
    if unit.comment is not None and not _rewritten(change, intact):
        patch.texts[id(unit.comment)] = comment_of(_newlines(english, newline))
    if change.state == "reverted":
        return []
    hypothesis = _newlines("\n\n".join(fresh.entries[e] for e in change.entries), newline)
    if not change.human and unit.portuguese is not None:
        patch.texts[id(unit.portuguese)] = hypothesis
        patch.seen[change.entries] = hypothesis
        return []
    old = intact[0][1].old if intact else unit.english if unit.english is not None else change.old
    comment = conflict_comment(Conflict(ABOVE, old, english, hypothesis), newline)
    return [_Part(comment, newline * 2)]


def _take(change: Change, patch: _Patch, gap: str, newline: str) -> list[_Part]:
    """The unit's pieces out of their place."""
    parts: list[_Part] = []
    for piece in change.unit.pieces:
        if id(piece) in patch.removed:
            continue
        patch.removed.add(id(piece))
        parts.append(_Part(patch.texts.get(id(piece), piece.text), newline * 2 if parts else gap))
    return parts


def _english(plan: Plan, entries: Sequence[int]) -> str:
    source, all_ = plan.document.source, plan.document.entries
    return "\n\n".join(source[all_[e].start : all_[e].end] for e in entries)


def _emit(pieces: Sequence[Piece], patch: _Patch, newline: str, *, first: bool) -> str:
    """The page: the file's pieces with the patch; blank lines around what came in, and none left double."""
    out: list[str] = []
    blank = ""
    bare = first  # whether nothing stands before
    fresh = dropped = False
    under = ""

    def put(text: str, gap: str, *, new: bool) -> None:
        nonlocal blank, bare, fresh, dropped, under
        if new or fresh:
            least = 1 if gap.count("\n") == 1 and is_spacer(under) else _TWO
            wish = gap if gap.count("\n") >= least else newline * least
            if bare:
                blank = ""
            elif not out and not fresh:
                blank = wish if wish.count("\n") == 1 or blank == "" else blank
                blank = blank or newline
            elif blank.count("\n") < least:
                blank = wish
        elif dropped and not out and bare:
            blank = ""
        out.extend([blank, text])
        blank, bare, fresh, dropped, under = "", False, new, False, text

    for part in patch.after.get(_START, ()):
        put(part.text, part.gap, new=True)
    for piece in pieces:
        if piece.kind == "blank":
            # What was removed goes with the blank lines before it.
            blank = piece.text if dropped or not blank else blank + piece.text
            continue
        if id(piece) in patch.removed:
            dropped = True
        else:
            put(patch.texts.get(id(piece), piece.text), "", new=False)
        for part in patch.after.get(id(piece), ()):
            put(part.text, part.gap, new=True)
    out.append(blank)
    return "".join(out)


def _matter(plan: Plan, fresh: Fresh) -> tuple[str, list[str]]:
    """The front matter, and conflicts to stand at the page's beginning."""
    newline = plan.existing.newline
    changes = {change.name: change for change in plan.matter}
    rendered = {name: _newlines(text, newline) for name, text in items(fresh.matter)}
    above: list[str] = []
    found: list[tuple[str, str]] = []
    for name, text in items(plan.existing.matter):
        change = changes.get(name)
        if change is None or change.state in ("keep", "add"):
            found.append((name, text))
        elif change.state in ("replace", "terms changed"):
            found.append((name, rendered.get(name, text)))
        elif change.state == "conflict":
            found.append((name, text))
            about = f"`{name}` in the front matter"
            texts = (change.old or "", change.new or "", rendered.get(name, ""))
            above.append(conflict_comment(Conflict(about, *(text.strip() for text in texts)), newline))
    order = [name for name, _ in items(plan.document.source[: body_start(plan.document)])]
    for name in (change.name for change in plan.matter if change.state == "add"):
        earlier = order[: order.index(name)]
        at = next((k for k in range(len(found) - 1, -1, -1) if found[k][0] in earlier), 0)
        found.insert(at + 1, (name, rendered.get(name, "")))
    return "".join(text for _, text in found), above


def _record(plan: Plan, fresh: Fresh, patch: _Patch) -> Record:
    document = plan.document
    english = [document.source[entry.start : entry.end] for entry in document.entries]
    kept = [change for change in plan.changes if change.state == "kept"]
    machine = {change.entries: change.machine for change in kept}
    terms = {change.entries: change.terms for change in kept}
    written = [change.entries for change in plan.changes if change.state in WRITTEN] + [(e,) for e in plan.added]
    machine |= {entries: "\n\n".join(fresh.entries[e] for e in entries) for entries in written}
    terms |= {entries: _under(plan.terms, document, entries) for entries in written}
    newline = plan.existing.newline
    rows = [
        Row(
            entries,
            tuple(english[e] for e in entries),
            _newlines(text, newline) if text is not None else None,
            seen,
            terms.get(entries),
        )
        for entries, seen in sorted(patch.seen.items())
        for text in [machine.get(entries)]
    ]
    old, known = (plan.record.matter, plan.record.matter_terms) if plan.record else ({}, {})
    rendered = {name: _newlines(text, newline) for name, text in items(fresh.matter)}
    changed = {m.name for m in plan.matter if m.state in WRITTEN_ITEMS}
    names = {name for name, _ in items(document.source[: body_start(document)])}
    matter = {name: text for name, text in old.items() if name in names}
    matter |= {name: rendered[name] for name in changed if name in rendered}
    now = _matter_terms(document, plan.terms)
    matter_terms = {name: known.get(name, now.get(name)) for name in matter} | {name: now.get(name) for name in changed}
    layout = plan.record.layout if plan.record else plan.existing.layout
    return Record(
        document.source, tuple(rows), matter, layout, {name: t for name, t in matter_terms.items() if t is not None}
    )


def record_of(
    document: Document, entries: Mapping[int, str], matter: str, layout: str, terms: Terms | None = None
) -> Record:
    """What to record of a file that the machine has just written whole, under a glossary that says ``terms``."""
    english = [document.source[entry.start : entry.end] for entry in document.entries]
    rows = tuple(
        Row((e,), (english[e],), entries[e], entries[e], _under(terms, document, (e,))) for e in sorted(entries)
    )
    return Record(document.source, rows, dict(items(matter)), layout, _matter_terms(document, terms))


def _under(terms: Terms | None, document: Document, entries: Sequence[int]) -> tuple[str, ...] | None:
    return None if terms is None else terms.under(segments_of(document, entries))


def _matter_terms(document: Document, terms: Terms | None) -> dict[str, tuple[str, ...]]:
    if terms is None:
        return {}
    inside = segments_of_items(document, document.source[: body_start(document)])
    return {name: terms.under(segments) for name, segments in inside.items()}


def _notes(plan: Plan, reverted: int) -> list[str]:
    def lines(entries: Sequence[int]) -> str:
        source = plan.document.source
        numbers = [source.count("\n", 0, plan.document.entries[e].start) + 1 for e in entries]
        shown = ", ".join(map(str, numbers[:8])) + (", …" if len(numbers) > 8 else "")
        return f"line{'s' if len(numbers) > 1 else ''} {shown}"

    notes = []
    if plan.blocked:
        notes.append(
            f"{len(plan.blocked)} blocks of the draft have no certain counterpart in the file, which stays as it is "
            f"there ({lines(plan.blocked)} of the draft)"
        )
    if plan.left_out:
        notes.append(f"changed English whose Portuguese was taken out of the file stays out ({lines(plan.left_out)})")
    if reverted:
        notes.append(f"{reverted} conflicts are gone: the English is again what the Portuguese translates")
    stays = [m.name for m in plan.matter if m.state == "keep"]
    if stays:
        notes.append(f"front matter changed in the draft and kept in the file: {', '.join(stays)}")
    return notes


def _newlines(text: str, newline: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", newline)
