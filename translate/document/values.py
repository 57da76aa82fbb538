"""Markup inside a front-matter value: Liquid, tags, addresses, code and emphasis, as a page's template shows them."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import replace

from translate.document import inline
from translate.document.front_matter import Value
from translate.document.inline import Inline, Mark
from translate.document.model import Markup, Piece

MAX_MARKUP = 1000
"""Markup characters or escapes in one value; one with more stays verbatim, to bound the time it takes."""


def read(value: Value, content: str) -> Inline | None:
    """The value's clean text and marks, whose markup slices index ``content``, the scalar's own text.

    Backslashes and entities stay as they are. None where the marks cannot be mapped with certainty.
    """
    text = "".join(piece.text for piece in value.pieces)
    if sum(map(text.count, "[]*_~`<&$:{\\!")) > MAX_MARKUP or len(value.pieces) > MAX_MARKUP:
        return None
    where = _Where(value.pieces)
    found = inline.read(text, {})
    pieces: list[Piece] = []
    placed: list[Mark] = []
    offsets = [-1] * (len(text) + 1)  # of the text, in the clean text
    length = 0
    covered: list[tuple[int, int]] = []  # slices of the content

    def show(start: int, end: int) -> None:
        nonlocal length
        for piece in where.pieces(start, end, length):
            pieces.append(piece)
            covered.append((piece.start, piece.end))
        for at in range(start, end):
            offsets[at] = length + at - start
        length += end - start

    marks = _kept(found.marks, text)
    position = 0
    for start, end, instead in _hidden(marks):
        if start < position:
            return None
        show(position, start)
        first, last = where.start(start), where.end(end)
        for at in range(start, end):
            offsets[at] = length
        if instead:
            pieces.append(Piece(length, instead, first, last, False))
            length += len(instead)
        covered.append((first, last))
        position = end
    show(position, len(text))
    offsets[len(text)] = length
    for mark in marks:
        start, end, slices = mark.markup.inner_start, mark.markup.inner_end, where.markup(mark)
        if not _has_inside(mark):
            start = end = mark.markup.outer_start
        width = int(mark.kind == "break")
        placed.append(Mark(mark.kind, offsets[start], offsets[end] + width, mark.opaque, slices))
    for at, start, end in value.editions:
        first, last = start - value.start, end - value.start
        covered.append((first, last))
        if not any(m.opaque and m.markup.outer_start <= first < m.markup.outer_end for m in placed):
            placed.append(Mark("tag", offsets[at], offsets[at], True, Markup(first, first, last, last)))
    placed.sort(key=lambda mark: (mark.markup.outer_start, -mark.markup.outer_end))
    if not _tiles(covered, len(content)):
        return None
    opaque = [(mark.start, mark.end) for mark in placed if mark.opaque and mark.kind != "break"]
    pieces = [_unfolded(piece) if any(a <= piece.at < b for a, b in opaque) else piece for piece in pieces]
    return Inline("".join(piece.text for piece in pieces), tuple(pieces), tuple(placed), ())


def _unfolded(piece: Piece) -> Piece:
    """A fold inside code is a space, no place where a translation may break its line."""
    return replace(piece, text=" ") if piece.text == "\n" else piece


def _kept(marks: tuple[Mark, ...], text: str) -> list[Mark]:
    """The marks that count: none inside an opaque one, no line ending (YAML folds it)."""
    kept: list[Mark] = []
    position = 0
    for mark in marks:
        start, end = mark.markup.outer_start, mark.markup.outer_end
        if start < position or (mark.kind == "break" and "<br" not in text[start:end].lower()):
            continue
        kept.append(mark)
        if mark.opaque:
            position = end
    return kept


def _has_inside(mark: Mark) -> bool:
    """Whether the mark shows text of the value; a line break, Liquid or an image does not."""
    return mark.kind != "break" and not (mark.opaque and mark.start == mark.end)


def _hidden(marks: list[Mark]) -> list[tuple[int, int, str]]:
    """Slices of the text that are markup, ascending, and what is shown instead."""
    found: list[tuple[int, int, str]] = []
    for mark in marks:
        markup = mark.markup
        if _has_inside(mark):
            found += [(markup.outer_start, markup.inner_start, ""), (markup.inner_end, markup.outer_end, "")]
        else:
            found.append((markup.outer_start, markup.outer_end, "\n" if mark.kind == "break" else ""))
    return sorted(hidden for hidden in found if hidden[0] < hidden[1])


class _Where:
    """Offsets of a value's text, in its content."""

    def __init__(self, pieces: tuple[Piece, ...]) -> None:
        self.all = pieces
        self.starts = [piece.at for piece in pieces]

    def start(self, at: int) -> int:
        """Where the character at ``at`` begins (at the end of the text: where the last one ends)."""
        piece = self.all[bisect_right(self.starts, at) - 1]
        if at >= piece.at + len(piece.text):
            return piece.end
        return piece.start + (at - piece.at if piece.verbatim else 0)

    def end(self, at: int) -> int:
        """Where the character before ``at`` ends."""
        piece = self.all[bisect_right(self.starts, at - 1) - 1]
        return piece.start + at - piece.at if piece.verbatim else piece.end

    def markup(self, mark: Mark) -> Markup:
        """The mark's slices of the content; an ``[EN]`` beside its delimiters is inside."""
        given = mark.markup
        first, last = self.start(given.outer_start), self.end(given.outer_end)
        if not _has_inside(mark):
            return Markup(first, first, last, last)
        inner_start = self.end(given.inner_start) if given.outer_start < given.inner_start else first
        inner_end = self.start(given.inner_end) if given.inner_end < given.outer_end else last
        return Markup(first, inner_start, inner_end, last)

    def pieces(self, start: int, end: int, length: int) -> list[Piece]:
        """The pieces of the text ``start:end``, which begins at ``length`` in the clean text."""
        found = []
        for piece in self.all:
            first, last = max(start, piece.at), min(end, piece.at + len(piece.text))
            if first < last:
                text = piece.text[first - piece.at : last - piece.at]
                at = length + first - start
                found.append(Piece(at, text, self.start(first), self.end(last), piece.verbatim))
        return found


def _tiles(slices: list[tuple[int, int]], length: int) -> bool:
    """Whether the slices cover all of ``0:length``; those inside others (an edition inside a link) do no harm."""
    position = 0
    for start, end in sorted(slices):
        if start > position:
            return False
        position = max(position, end)
    return position == length
