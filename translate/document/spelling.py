"""How a target text is spelled in Markdown: as the draft spells the same words, else escaped where needed."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from translate.document.escape import MARKDOWN, backslash, must_escape, yaml_double
from translate.document.model import Layout, Segment

_TOKEN = re.compile(r"\n|[^ \t\n]+|[ \t]+")


@dataclass(frozen=True, slots=True)
class Spelled:
    """Target text ``start:end`` as it is written.

    ``form`` reads as block content, ``source`` as the draft's source, which may have container prefixes
    after a line break. ``verbatim`` text may be cut anywhere.
    """

    start: int
    end: int
    form: str
    source: str
    verbatim: bool


class Spelling:
    """The spellings of one segment's words. Use a new one for each rendering: occurrences are used up in order."""

    def __init__(self, segment: Segment, layout: Layout, source: str, *, thoroughly: bool) -> None:
        self.text = segment.text
        self.layout = layout
        self.source = source
        self.thoroughly = thoroughly
        self.yaml = layout.form in ("double-quoted", "single-quoted", "plain", "block-scalar")
        self.starts = [piece.at for piece in layout.pieces]
        self.words: dict[str, deque[int]] = {}
        self.styles: dict[str, str] = {}
        self.breaks: deque[int] = deque()
        for piece in layout.pieces:
            spelled = layout.content[piece.start : piece.end]
            if not piece.verbatim and len(piece.text) == 1 and piece.text != "\n" and spelled != piece.text:
                self.styles.setdefault(piece.text, spelled)
        self.remarkable = MARKDOWN | frozenset("'.)") | frozenset(self.styles)
        special = {p.at for p in layout.pieces if not p.verbatim}
        marks = sorted(special)
        tokens: list[tuple[str, int]] = []
        special_words: set[str] = set()
        for start, end in _visible(self.text, [(s.start, s.end) for s in segment.spans if s.opaque]):
            for token in _TOKEN.finditer(self.text, start, end):
                if token[0] == "\n":
                    self.breaks.append(token.start())
                elif token[0][0] not in " \t":
                    tokens.append((token[0], token.start()))
                    if (
                        not MARKDOWN.isdisjoint(token[0])
                        or bisect_right(marks, token.end() - 1) > bisect_right(marks, token.start() - 1)
                        or not token[0][0].isalpha()
                    ):
                        special_words.add(token[0])
        for word, at in tokens:  # a word that is spelled in two ways (é, &eacute;) has each in its turn
            if word in special_words:
                self.words.setdefault(word, deque()).append(at)

    def spell(self, text: str, opaque: list[tuple[int, int]], bounds: set[int]) -> Iterator[Spelled]:
        """Spell ``text`` outside the ``opaque`` ranges; spans begin or end at ``bounds``."""
        for start, end in _visible(text, opaque):
            for token in _TOKEN.finditer(text, start, end):
                word, at = token[0], token.start()
                if word == "\n":
                    yield self._break(at)
                elif word[0] in " \t":
                    yield Spelled(at, token.end(), word, word, True)
                elif (found := self.words.get(word)) and not (self.thoroughly and not self.yaml):
                    yield from self._as_in_draft(at, found[0] if len(found) == 1 else found.popleft(), len(word))
                else:
                    yield from self._escaped(text, at, token.end(), bounds)

    def _break(self, at: int) -> Spelled:
        if not self.breaks:
            return Spelled(at, at + 1, " ", " ", True)
        (spelled,) = self._as_in_draft(at, self.breaks.popleft(), 1)
        return spelled

    def _as_in_draft(self, at: int, found: int, length: int) -> Iterator[Spelled]:
        """The draft's own spelling of ``self.text[found : found + length]``."""
        layout = self.layout
        index = bisect_right(self.starts, found) - 1
        end = found + length
        while index < len(layout.pieces) and layout.pieces[index].at < end:
            piece = layout.pieces[index]
            index += 1
            first, last = max(found, piece.at), min(end, piece.at + len(piece.text))
            begin, start, stop = at + first - found, piece.start, piece.end
            if piece.verbatim:
                start, stop = piece.start + first - piece.at, piece.start + last - piece.at
            form = layout.content[start:stop]
            source = self.source[layout.source_offset(start) : layout.source_offset(stop)]
            if piece.verbatim and source != form:  # pipes in a table cell: cut anywhere all the same
                for i in range(stop - start):
                    first, last = layout.source_offset(start + i), layout.source_offset(start + i + 1)
                    yield Spelled(begin + i, begin + i + 1, form[i], self.source[first:last], False)
            else:
                yield Spelled(begin, at + last - found, form, source, piece.verbatim)

    def _escaped(self, text: str, start: int, end: int, bounds: set[int]) -> Iterator[Spelled]:
        position = start
        line_start = start == 0 or text[start - 1] == "\n" or not text[max(0, start - 8) : start].strip()
        if not line_start and self.layout.form != "double-quoted" and self.remarkable.isdisjoint(text[start:end]):
            yield Spelled(start, end, text[start:end], text[start:end], True)
            return
        for index in range(start, end):
            form = self._character(text, index, bounds)
            if form == text[index] and not (form == "|" and self.layout.form == "cell"):
                continue
            if position < index:
                yield Spelled(position, index, text[position:index], text[position:index], True)
            source = form.replace("|", "\\|") if self.layout.form == "cell" else form
            yield Spelled(index, index + 1, form, source, False)
            position = index + 1
        if position < end:
            yield Spelled(position, end, text[position:end], text[position:end], True)

    def _character(self, text: str, index: int, bounds: set[int]) -> str:
        character = text[index]
        form = self.layout.form
        if form == "double-quoted":
            return self.styles.get(character) or yaml_double(character)
        if form == "single-quoted":
            return "''" if character == "'" else character
        if self.yaml:
            return character
        if character in self.styles and character in MARKDOWN and not (self.thoroughly and character == "["):
            return self.styles[character]
        if form == "cell" and character in "|\\":
            return "|" if character == "|" else "&#92;"  # a backslash could join the cell's closing pipe
        escape = must_escape(
            text,
            index,
            form,
            thoroughly=self.thoroughly,
            line_start=text[index - 1 : index] == "\n" or (index < 8 and not text[:index].strip()),
            beside=(index in bounds, index + 1 in bounds),
        )
        if escape and character == "\\" and text[index + 1 : index + 2] == "\n":
            return "&#92;"
        return backslash(character) if escape else character


def _visible(text: str, opaque: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The ranges of ``text`` between the non-empty ``opaque`` ones."""
    position = 0
    for start, end in sorted(opaque):
        if end > start >= position:
            yield position, start
            position = end
    yield position, len(text)
