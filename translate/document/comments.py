"""HTML comments that hold English: their escape, where they may stand, and finding them again.

Jekyll runs Liquid over the whole page first, comments included, then kramdown. A comment therefore
must not hold Liquid's openers, nor anything that ends an HTML comment (HTML Standard, 13.1.6); it
stands at column 0 between blank lines, at a place where kramdown would not join the blocks around it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

_AMPS = r"&(?:amp;)*"  # an entity that was escaped n times begins so
_ESCAPABLE = re.compile(rf"--!?(?:>|{_AMPS}gt;)|<(?=!--)|{_AMPS}lt;(?=!--)|\{{(?:[{{%]|{_AMPS}#(?:123|37);)")
_ESCAPED = re.compile(rf"(?:(?<=--)|(?<=--!)){_AMPS}gt;|{_AMPS}lt;(?=!--)|(?<=\{{){_AMPS}#(?:123|37);")
_ENTITY = {">": "&gt;", "<": "&lt;", "{": "&#123;", "%": "&#37;"}
_CHARACTER = {entity: character for character, entity in _ENTITY.items()}

_COMMENT = re.compile(r"(?m)(?:^|(?<=\ufeff))[ \t]*(<!--(?:(?!<!--)[\s\S])*?-->)")
_NEWLINE = r"(?:\r\n|\r|\n)"
_FRONT_MATTER = re.compile(rf"\ufeff?---[ \t]*{_NEWLINE}(?:[\s\S]*?{_NEWLINE})??(?:---|\.\.\.)[ \t]*(?:{_NEWLINE}|\Z)")
_LINE = re.compile(r"([^\r\n]*)(\r\n|\r|\n|\Z)")
_LIST_ITEM = re.compile(r" {0,3}(?:[*+-]|\d+[.)])(?:[ \t]|$)")
_DEFINITION = re.compile(r" {0,3}:[ \t]")
_ATTRIBUTES = re.compile(r" {0,3}\{:")


def escape(english: str) -> str:
    """`english` with ``-->``, ``--!>``, ``<!--``, ``{{`` and ``{%`` broken by one entity each.

    Ordinary text stays as it is. ``unescape(escape(text)) == text`` for every text: what already
    looks escaped gains a level (``--&gt;`` → ``--&amp;gt;``).
    """
    return _ESCAPABLE.sub(_break, english)


def _break(match: re.Match[str]) -> str:
    found = match[0]
    entity = found.find("&")
    if entity >= 0:
        return f"{found[: entity + 1]}amp;{found[entity + 1 :]}"
    return found[:-1] + _ENTITY[found[-1]]


def unescape(comment: str) -> str:
    """The inverse of `escape`."""
    return _ESCAPED.sub(lambda m: _CHARACTER.get(m[0]) or "&" + m[0][len("&amp;") :], comment)


def comment_of(english: str) -> str:
    """The HTML comment that shows `english`."""
    return f"<!-- {escape(english)} -->"


def english_of(comment: str) -> str:
    """What `comment` (delimiters included) shows: exact for `comment_of`, trimmed when written freely."""
    inner = comment.removeprefix("<!--").removesuffix("-->")
    if len(inner) > 1 and inner[0] == inner[-1] == " " and inner[1] not in "\r\n" and inner[-2] not in "\r\n":
        return unescape(inner[1:-1])
    return unescape(inner.strip())


def front_matter_end(text: str) -> int:
    """Where the page begins: after the front matter, if any, and the byte-order mark."""
    match = _FRONT_MATTER.match(text)
    return match.end() if match else int(text.startswith("\ufeff"))


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment that begins a line: ``text[start:end]``, delimiters included."""

    start: int
    end: int
    raw: str

    @property
    def english(self) -> str:
        return english_of(self.raw)


def find_comments(text: str) -> list[Comment]:
    """Every comment of the page that begins a line, indented or not, in code blocks too.

    One that is never closed is none: a comment cannot hold ``<!--``.
    """
    return [Comment(m.start(1), m.end(1), m[1]) for m in _COMMENT.finditer(text, front_matter_end(text))]


@dataclass(frozen=True, slots=True)
class Place:
    """A gap between blocks: ``after`` ends the line before it, ``before`` begins the line after it."""

    after: int
    before: int


def places(text: str) -> list[Place]:
    """The gaps of `text` where a comment between blank lines changes no block, ends included.

    Only between top-level blocks of CommonMark that a blank line separates, and not where kramdown
    would join what stands on both sides: list items, definitions, continuations, attribute lists.
    """
    start = front_matter_end(text)
    chunks = list(_chunks(text, start))
    if not chunks:
        return [Place(start, start)]
    tops = _top_level_starts(text[start:])
    # kramdown drops an attribute list that begins the page, but not one after a comment.
    dropped = chunks[0].start == start and len(chunks) > 1 and chunks[0].is_attributes
    found = [Place(start, chunks[dropped].start)]
    in_list = False
    for chunk, following in pairwise(chunks):
        in_list = any(_LIST_ITEM.match(line) for line in chunk.lines) or (in_list and chunk.lines[0][0] in " \t")
        if following.line in tops and _separate(chunk, following, in_list=in_list):
            found.append(Place(chunk.end, following.start))
    return [*found, Place(chunks[-1].end, len(text))]


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Lines without a blank one between them; ``line`` counts from the page's beginning."""

    start: int
    end: int
    line: int
    lines: tuple[str, ...]

    @property
    def is_attributes(self) -> bool:
        return all(_ATTRIBUTES.match(line) and line.rstrip(" \t").endswith("}") for line in self.lines)


def _chunks(text: str, start: int) -> Iterator[_Chunk]:
    lines: list[str] = []
    begin = first = end = 0
    for number, match in enumerate(_LINE.finditer(text, start)):
        if match[1].strip(" \t"):
            if not lines:
                begin, first = match.start(), number
            lines.append(match[1])
            end = match.end(1)
        elif lines:
            yield _Chunk(begin, end, first, tuple(lines))
            lines = []
    if lines:
        yield _Chunk(begin, end, first, tuple(lines))


def _separate(chunk: _Chunk, following: _Chunk, *, in_list: bool) -> bool:
    head = following.lines[0]
    return not (
        head[0] in " \t"
        or (in_list and _LIST_ITEM.match(head))
        or any(_DEFINITION.match(line) for line in following.lines)
        or _ATTRIBUTES.match(head)
        or chunk.is_attributes
    )


def _top_level_starts(page: str) -> set[int]:
    """The line numbers at which CommonMark's top-level blocks begin."""
    from markdown_it import MarkdownIt

    tokens = MarkdownIt("commonmark").enable("table").parse(page)
    return {token.map[0] for token in tokens if token.level == 0 and token.map and token.nesting >= 0}
