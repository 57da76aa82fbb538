"""A bilingual file as it is now, in pieces that join to its text."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from translate.document.bilingual_reader import Bilingual, read_bilingual
from translate.document.bilingual_reader import Unit as Read
from translate.document.comments import find_comments, front_matter_end
from translate.document.parse import parse
from translate.rerun.conflict import Conflict, is_conflict, read_conflict
from translate.text_file import newline_of

PieceKind = Literal["portuguese", "comment", "conflict", "other", "blank"]

_BLANK = re.compile(r"\s+")
_SPACER = re.compile(r"[ \t]*\\\\[ \t]*")
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|\Z)")


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """A slice of the file; compared by identity. ``other`` is neither Portuguese of an entry nor its English."""

    kind: PieceKind
    start: int
    text: str


@dataclass(frozen=True, slots=True, eq=False)
class Unit:
    """Portuguese with the English beside it; each may be missing. ``conflicts`` are offered for it.

    ``english`` is what the comment shows, ``entries`` index the entries of ``Existing.page.document``.
    """

    portuguese: Piece | None
    comment: Piece | None
    english: str | None
    entries: tuple[int, ...] = ()
    conflicts: tuple[Piece, ...] = ()

    @property
    def pieces(self) -> tuple[Piece, ...]:
        """In the file's order."""
        own = [piece for piece in (self.portuguese, self.comment, *self.conflicts) if piece is not None]
        return tuple(sorted(own, key=lambda piece: piece.start))


@dataclass(frozen=True, slots=True)
class Existing:
    """``matter`` and the texts of ``pieces`` join to ``text``. ``conflicts`` are all there are, edited ones too."""

    text: str
    matter: str
    pieces: tuple[Piece, ...] = field(repr=False)
    units: tuple[Unit, ...] = field(repr=False)
    conflicts: tuple[Piece, ...]
    page: Bilingual = field(repr=False)
    newline: str

    @property
    def layout(self) -> Literal["comment-after", "comment-before", "target-only"]:
        """Where the English stands in the file as it is."""
        return self.page.layout


def read_existing(text: str, known: Collection[str] = ()) -> Existing:
    """Read a bilingual file. ``known`` are texts that the machine wrote: a human's note beside one is not part of it.

    Raises UserError where the file's front matter cannot be read.
    """
    conflicts = [Piece("conflict", c.start, c.raw) for c in find_comments(text) if is_conflict(c.raw)]
    read = read_bilingual(_without(text, conflicts))
    matter = _matter_end(read, text)
    units = [_unit(unit, text, known) for unit in read.units]
    pieces = _pieces(text, matter, units, conflicts)
    standing = {id(piece) for piece in pieces}
    kept = [_standing(unit, standing) for unit in units]
    outer = [piece for piece in conflicts if id(piece) in standing]
    return Existing(
        text,
        text[:matter],
        tuple(pieces),
        tuple(_with_conflicts([unit for unit in kept if unit.pieces], outer)),
        tuple(conflicts),
        read,
        newline_of(text),
    )


def _without(text: str, conflicts: Sequence[Piece]) -> str:
    """``text``, as long as it was, with blanks where the conflicts are."""
    parts: list[str] = []
    position = 0
    for piece in conflicts:
        parts += [text[position : piece.start], re.sub(r"[^\r\n]", " ", piece.text)]
        position = piece.start + len(piece.text)
    return "".join([*parts, text[position:]])


def _matter_end(read: Bilingual, text: str) -> int:
    header = read.document.front_matter
    return max(header.end if header else 0, front_matter_end(text) if header else 0, int(text.startswith("\ufeff")))


def _unit(unit: Read, text: str, known: Collection[str]) -> Unit:
    comment = None
    if unit.comment is not None:
        start, end = unit.comment
        comment = Piece("comment", start, text[start:end])
    start, end = unit.start, unit.end
    if len(unit.entries) > 1:
        shown = text[start:end]
        own = [e for e in parse(shown).entries if shown[e.start : e.end] in known]
        if len(own) == 1:
            start, end = start + own[0].start, start + own[0].end
    portuguese = Piece("portuguese", start, text[start:end]) if start < end else None
    return Unit(portuguese, comment, unit.english, unit.entries)


def _pieces(text: str, matter: int, units: list[Unit], conflicts: list[Piece]) -> list[Piece]:
    """Everything after the front matter. A comment inside Portuguese (in a list, say) is part of it."""
    marked = sorted(
        [*conflicts, *(piece for unit in units for piece in unit.pieces)],
        key=lambda piece: (piece.start, -len(piece.text)),
    )
    pieces: list[Piece] = []
    position = matter
    for piece in marked:
        if piece.start < position:
            continue
        pieces += chunks(text, position, piece.start)
        pieces.append(piece)
        position = piece.start + len(piece.text)
    return pieces + chunks(text, position, len(text))


def chunks(text: str, start: int, end: int) -> list[Piece]:
    """``text[start:end]`` cut at blank lines and around spacer lines (``\\\\``)."""
    found: list[Piece] = []
    lines: list[tuple[int, int]] = []

    def flush() -> None:
        if lines:
            first, last = lines[0][0], lines[-1][1]
            body = text[first:last]
            kept = body.rstrip(" \t\r\n")
            found.append(Piece("other", first, kept))
            if len(kept) < len(body):
                found.append(Piece("blank", first + len(kept), body[len(kept) :]))
            lines.clear()

    position = start
    while position < end:
        match = _LINE.match(text, position, end)
        assert match is not None
        line, stop = match[0], max(match.end(), position + 1)
        if not line.strip():
            flush()
            found.append(Piece("blank", position, text[position:stop]))
        elif is_spacer(line.rstrip("\r\n")):
            flush()
            lines.append((position, stop))
            flush()
        else:
            lines.append((position, stop))
        position = stop
    flush()
    return _joined(found, text)


def is_spacer(text: str) -> bool:
    """Whether a chunk is a line that only makes room (``\\\\``)."""
    return _SPACER.fullmatch(text) is not None


def _joined(pieces: list[Piece], text: str) -> list[Piece]:
    """Neighbouring blanks as one."""
    found: list[Piece] = []
    for piece in pieces:
        if piece.kind == "blank" and found and found[-1].kind == "blank":
            found[-1] = Piece("blank", found[-1].start, found[-1].text + piece.text)
        else:
            found.append(piece)
    return found


def _standing(unit: Unit, standing: set[int]) -> Unit:
    portuguese = unit.portuguese if unit.portuguese is not None and id(unit.portuguese) in standing else None
    comment = unit.comment if unit.comment is not None and id(unit.comment) in standing else None
    return Unit(portuguese, comment, unit.english, unit.entries)


def _with_conflicts(units: list[Unit], conflicts: list[Piece]) -> list[Unit]:
    """Each conflict goes to the unit above it."""
    own: dict[int, list[Piece]] = {}
    starts = sorted((piece.start, -k) for k, unit in enumerate(units) for piece in unit.pieces)
    for piece in conflicts:
        offered = read_conflict(piece.text)
        if offered is not None and not offered.about.startswith("the text"):
            continue  # front matter
        above = bisect_left(starts, (piece.start, -len(units)))
        if above:
            own.setdefault(-starts[above - 1][1], []).append(piece)
    return [replace(unit, conflicts=tuple(own[k])) if k in own else unit for k, unit in enumerate(units)]


def offers(unit: Unit) -> list[tuple[Piece, Conflict | None]]:
    """The unit's conflicts; None for one that was edited by hand."""
    return [(piece, read_conflict(piece.text)) for piece in unit.conflicts]
