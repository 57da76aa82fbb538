"""Inline Markdown to clean text and spans."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field

from markdown_it.token import Token

from translate.document.inline_rules import tokenize
from translate.document.liquid import mask
from translate.document.model import Markup, Piece, SpanKind

NO_BREAK_SPACE = "\u00a0"

_OPAQUE_TAGS = frozenset(
    ["code", "kbd", "math", "pre", "samp", "script", "style", "svg", "textarea", "tt", "var"],
)
_VOID_TAGS = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"],
)
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9-]*)")
_UNTRANSLATED = re.compile(r"""\s(translate\s*=\s*["']?no\b|class\s*=\s*["']?[^"'>]*\bnotranslate\b)""", re.IGNORECASE)
_PAIRED: dict[str, SpanKind] = {"em": "emphasis", "strong": "strong", "s": "strikethrough", "link": "link"}
_URL = re.compile(
    r"""(?:https?://|ftp://|www\.(?=\w))[^\s<>"“”«»\[\]]{1,4000}"""
    r"""|(?<![\w.+-])[\w.+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}""",
    re.IGNORECASE,
)


@dataclass(slots=True)
class Mark:
    """A span under construction: offsets in the clean text, and slices of the content."""

    kind: SpanKind
    start: int
    end: int
    opaque: bool
    markup: Markup


@dataclass(frozen=True, slots=True)
class Inline:
    """What a block's content reads as. ``alts`` are the slices of images' alternative texts."""

    text: str
    pieces: tuple[Piece, ...]
    marks: tuple[Mark, ...]
    alts: tuple[tuple[int, int], ...]

    def translatable(self) -> bool:
        """Whether a letter stands outside opaque spans."""
        position = 0
        for mark in self.marks:
            if mark.opaque:
                if any(c.isalpha() for c in self.text[position : mark.start]):
                    return True
                position = max(position, mark.end)
        return any(c.isalpha() for c in self.text[position:])


def read(content: str, references: Mapping[str, object]) -> Inline:
    """Parse the inline Markdown of one block. ``references`` are the document's link definitions."""
    tokens = tokenize(mask(content), dict(references))
    reader = _Reader(content)
    reader.read(tokens)
    return reader.finish()


@dataclass(slots=True)
class _Scope:
    """Emphasis, a link or the whole content; HTML tags pair within one. ``tags``: name, mark of open tags."""

    mark: int
    tags: list[tuple[str, int]] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)


def _extended(mark: Mark, start: int, end: int) -> Markup:
    """The markup of ``mark`` with its outer slice extended; opaque marks have no inner one of their own."""
    if mark.opaque:
        return Markup(start, start, end, end)
    return Markup(start, mark.markup.inner_start, mark.markup.inner_end, end)


class _Reader:
    _NEARBY = 8

    def __init__(self, content: str) -> None:
        self.content = content
        self.length = 0
        self.pieces: list[Piece] = []
        self.marks: list[Mark] = []
        self.alts: list[tuple[int, int]] = []
        self.scopes = [_Scope(-1)]

    def read(self, tokens: list[Token]) -> None:
        index = 0
        while index < len(tokens):
            token = tokens[index]
            index += 1
            start, end = token.meta["at"]
            if token.type == "text":
                if token.content:
                    self._text(start, end, self.content[start:end])
            elif token.type == "text_special":
                self._special(token, start, end)
            elif token.type in ("softbreak", "hardbreak"):
                self._break(token.type == "hardbreak", start, end)
            elif token.type == "opaque":
                self._opaque(token.info, (start, end), token.meta["inner"])  # type: ignore[arg-type]
            elif token.type == "code_inline":
                self._opaque("code", (start, end), self._code(token, start, end))
            elif token.type == "image":
                self._opaque("image", (start, end), None)
                if token.content:
                    self.alts.append(token.meta["label"])
            elif token.type == "html_inline":
                self._html(start, end)
            elif token.info == "auto":
                self._opaque("autolink", (start, end), (start + 1, end - 1))
                index += 2  # its text and its end
            else:
                self._pair(token, start, end)

    def finish(self) -> Inline:
        self._close_tags(self.scopes[0])
        self._absorb_last_break()
        pieces = tuple(self.pieces)
        text = "".join(piece.text for piece in pieces)
        marks = _with_urls(text, pieces, self.marks)
        return Inline(text, pieces, tuple(marks), tuple(self.alts))

    def _text(self, start: int, end: int, text: str) -> None:
        verbatim = self.content[start:end] == text
        last = self.pieces[-1] if self.pieces else None
        if verbatim and last and last.verbatim and last.end == start:
            self.pieces[-1] = Piece(last.at, last.text + text, last.start, end, True)
        else:
            self.pieces.append(Piece(self.length, text, start, end, verbatim))
        self.length += len(text)

    def _special(self, token: Token, start: int, end: int) -> None:
        text = token.content
        if text != self.content[start:end]:
            # White space written as an entity must not read as a space or a line break of the text.
            text = "".join(NO_BREAK_SPACE if c in " \t\n\r" else c for c in text)
        self._text(start, end, text)

    def _break(self, hard: bool, start: int, end: int) -> None:
        start = self._without_trailing_spaces(start)
        last = self.marks[-1] if self.marks else None
        if last and last.kind == "break" and last.end == self.length and last.markup.outer_end == start:
            markup = last.markup  # after <br>, a line ending adds nothing
            self.marks[-1].markup = Markup(markup.outer_start, markup.inner_start, end, end)
            piece = self.pieces.pop()
            self.pieces.append(Piece(piece.at, piece.text, piece.start, end, False))
        elif not self.length and not hard and (before := self._ending_at(start)):
            before.markup = _extended(before, before.markup.outer_start, end)
        elif hard:
            self._break_mark(start, end)
        else:
            self._text(start, end, "\n")

    def _ending_at(self, offset: int) -> Mark | None:
        """The outermost of the marks that end at ``offset`` (an image alone on the first line)."""
        found = None
        for mark in self.marks[: -self._NEARBY - 1 : -1]:
            closed = mark.opaque or mark.markup.inner_end < mark.markup.outer_end
            if closed and mark.markup.outer_end == offset:
                found = mark
        return found

    def _absorb_last_break(self) -> None:
        """Give the white space before markup without text at the end to that markup.

        (An image on the last line, a heading's attributes.)
        """
        if not self.pieces or any(m.end == self.length > m.start for m in self.marks):
            return
        piece = self.pieces[-1]
        space = len(piece.text) - len(piece.text.rstrip(" \t\n")) if piece.verbatim or piece.text == "\n" else 0
        at_end = [mark for mark in self.marks if mark.start == self.length]
        first = next((mark for mark in at_end if mark.markup.outer_start == piece.end), None)
        if first is None or not space or (space == len(piece.text) and len(self.pieces) == 1):
            return
        self.pieces.pop()
        start = piece.end - space if piece.verbatim else piece.start
        if space < len(piece.text):
            self.pieces.append(Piece(piece.at, piece.text[:-space], piece.start, start, True))
        self.length -= space
        first.markup = _extended(first, start, first.markup.outer_end)
        for mark in at_end:
            mark.start = mark.end = self.length

    def _break_mark(self, start: int, end: int) -> None:
        self.marks.append(Mark("break", self.length, self.length + 1, True, Markup(start, start, end, end)))
        self.pieces.append(Piece(self.length, "\n", start, end, False))
        self.length += 1

    def _without_trailing_spaces(self, start: int) -> int:
        """Give the spaces before a line break to the break; return where it now begins."""
        last = self.pieces[-1] if self.pieces else None
        if not last or not last.verbatim or last.end != start:
            return start
        kept = last.text.rstrip(" \t")
        spaces = len(last.text) - len(kept)
        if spaces:
            self.pieces.pop()
        if spaces and kept:
            self.pieces.append(Piece(last.at, kept, last.start, last.end - spaces, True))
        self.length -= spaces
        return start - spaces

    def _opaque(self, kind: SpanKind, outer: tuple[int, int], inner: tuple[int, int] | None) -> None:
        start = self.length
        first, last = inner or outer
        if inner and first < last:
            text = self.content[first:last].replace("\n", " ")
            self.pieces.append(Piece(start, text, first, last, False))
            self.length += len(text)
        self.marks.append(Mark(kind, start, self.length, True, Markup(outer[0], first, last, outer[1])))

    def _code(self, token: Token, start: int, end: int) -> tuple[int, int]:
        start, end = start + len(token.markup), end - len(token.markup)
        padded = (end - start - len(token.content)) // 2
        return start + padded, end - padded

    def _pair(self, token: Token, start: int, end: int) -> None:
        name, _, side = token.type.rpartition("_")
        if side == "open":
            if name == "link":
                inner = token.meta["label"]
            else:
                if name == "strong":
                    start -= 1
                inner = (end, end)
            self.scopes.append(_Scope(len(self.marks)))
            markup = Markup(start, inner[0], inner[1], end)
            self.marks.append(Mark(_PAIRED[name], self.length, self.length, False, markup))
            return
        scope = self.scopes.pop()
        self._close_tags(scope)
        mark = self.marks[scope.mark]
        mark.end = self.length
        if name != "link":
            if name == "strong":
                end += 1
            mark.markup = Markup(mark.markup.outer_start, mark.markup.inner_start, start, end)

    def _html(self, start: int, end: int) -> None:
        tag = _TAG.match(self.content, start)
        name = tag[2].lower() if tag else ""
        scope = self.scopes[-1]
        if name == "br":
            self._break_mark(start, end)
            return
        if tag and tag[1] and scope.counts.get(name):
            self._close_html(scope, name, start, end)
            return
        if tag and not tag[1] and name not in _VOID_TAGS and not self.content.endswith("/>", start, end):
            scope.tags.append((name, len(self.marks)))
            scope.counts[name] = scope.counts.get(name, 0) + 1
            self.marks.append(Mark("html", self.length, self.length, False, Markup(start, end, end, end)))
            return
        self.marks.append(Mark("tag", self.length, self.length, True, Markup(start, start, end, end)))

    def _close_html(self, scope: _Scope, name: str, start: int, end: int) -> None:
        while True:
            opened, index = scope.tags.pop()
            scope.counts[opened] -= 1
            if opened == name:
                break
            self._unpair(index)
        mark = self.marks[index]
        mark.end = self.length
        mark.markup = Markup(mark.markup.outer_start, mark.markup.inner_start, start, end)
        opening = self.content[mark.markup.outer_start : mark.markup.inner_start]
        if name in _OPAQUE_TAGS or _UNTRANSLATED.search(opening):
            mark.kind, mark.opaque = "code" if name in _OPAQUE_TAGS else "html", True
            del self.marks[index + 1 :]
            self.alts = [alt for alt in self.alts if alt[0] < mark.markup.outer_start]

    def _close_tags(self, scope: _Scope) -> None:
        for _, index in scope.tags:
            self._unpair(index)

    def _unpair(self, index: int) -> None:
        mark = self.marks[index]
        start, end = mark.markup.outer_start, mark.markup.inner_start
        mark.kind, mark.opaque, mark.end, mark.markup = "tag", True, mark.start, Markup(start, start, end, end)


def _with_urls(text: str, pieces: tuple[Piece, ...], marks: list[Mark]) -> list[Mark]:
    """``marks`` with the bare addresses in the text, in source order; links over a bare URL become opaque."""
    if "://" not in text and "www." not in text.lower() and "@" not in text:
        return marks
    bounds = sorted({bound for mark in marks for bound in (mark.start, mark.end)})
    opaque = [(mark.start, mark.end) for mark in marks if mark.opaque and mark.end > mark.start]
    starts = [piece.at for piece in pieces]
    urls: list[Mark] = []
    position = 0
    while found := _URL.search(text, position):
        start, end = found.span()
        position = start + 1
        if (index := bisect_right(opaque, (start, len(text) + 1)) - 1) >= 0 and opaque[index][1] > start:
            position = opaque[index][1]
            continue
        if (index := bisect_right(bounds, start)) < len(bounds):
            end = min(end, bounds[index])
        end = start + len(_without_punctuation(text[start:end]))
        position = max(position, end)
        if not _URL.fullmatch(text, start, end):
            continue
        first, last = pieces[bisect_right(starts, start) - 1], pieces[bisect_right(starts, end - 1) - 1]
        source = (
            first.start + (start - first.at if first.verbatim else 0),
            last.start + end - last.at if last.verbatim else last.end,
        )
        urls.append(Mark("url", start, end, True, Markup(source[0], *source, source[1])))
    if not urls:
        return marks
    covered = {(url.start, url.end): url for url in urls}
    dropped: set[int] = set()
    for mark, following in zip(marks, [*marks[1:], None], strict=False):
        if mark.kind != "link" or not (url := covered.get((mark.start, mark.end))):
            continue
        if not following or following.markup.outer_start >= mark.markup.outer_end:
            mark.opaque = True
            dropped.add(id(url))
    kept = [*marks, *(url for url in urls if id(url) not in dropped)]
    return sorted(kept, key=lambda m: (m.markup.outer_start, -m.markup.outer_end))


def _without_punctuation(url: str) -> str:
    """A bare URL ends before punctuation of the sentence and an unbalanced closing bracket (GFM)."""
    closers = {")": "(", "}": "{"}
    counts = {c: url.count(c) for c in "(){}"}
    end = len(url)
    while end:
        last = url[end - 1]
        if last in closers:
            if counts[last] <= counts[closers[last]]:
                break
            counts[last] -= 1
        elif last in "({":
            counts[last] -= 1
        elif last not in ".,;:!?'\"*_~…\u2018\u2019":
            break
        end -= 1
    return url[:end]
