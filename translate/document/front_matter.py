"""YAML front matter: find the values to translate without loading it, so that nothing else can change."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from translate.document.model import Form, FrontMatter, Piece, SegmentKind
from translate.errors import UserError

DEFAULT_KEYS = (
    "title",
    "excerpt",
    "description",
    "caption",
    "alt",
    "image.caption",
    "image.alt",
    "header.caption",
    "header.image_description",
)
"""Keys whose values are translated; a dot leads into a mapping."""

_FENCE = re.compile(r"---[ \t]*(?=\n|$)")
_END = re.compile(r"^(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.MULTILINE)
_KEY = re.compile(
    r"""(?P<indent>[ ]*(?:-[ ]+)*)(?P<key>"[^"\n]*"|'[^'\n]*'|[^\s#&*!|>'"%@`{}\[\],:-][^\n:#]{0,200}?)"""
    r"""[ \t]*:(?=[ \t\n]|$)[ \t]*"""
)
_LOOKS_LIKE_YAML = re.compile(r"\s*(?:#|[\w\"'-][\w .\"'-]*:(?:\s|$))")
_MAPPING = re.compile(r":(?:[ \t]|$)")
_BLOCK_SCALAR = re.compile(r"[|>][-+0-9]*[ \t]*(?:#[^\n]*)?(?=\n|$)")
_DOUBLE = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_SINGLE = re.compile(r"'(?:[^']|'')*'")
# White space is only tried from where it begins: else a long run of it takes quadratic time.
_EDITION = re.compile(r"(?:(?<![ \t\n])(?:[ \t]*\\?\n)?[ \t\n]*)?\[(?:EN|PT-BR)\]", re.IGNORECASE)
_FOLD = re.compile(r"(?:(?<![ \t])[ \t]+)?\\?\n[ \t\n]*")
_ESCAPE = re.compile(r"\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)")
_ESCAPES = {"n": "\u00a0", "t": "\u00a0", "_": "\u00a0", "N": "\u0085", '"': '"', "/": "/", "\\": "\\", " ": "\u00a0"}
_KINDS: dict[str, SegmentKind] = {"title": "title", "excerpt": "excerpt", "description": "excerpt"}


@dataclass(frozen=True, slots=True)
class Value:
    """A translatable value: slice of the text, pieces (offsets in the slice), and each ``[EN]`` to hide.

    ``editions`` are (offset in the clean text, start, end) of ``[EN]`` with the space before it.
    """

    kind: SegmentKind
    form: Form
    start: int
    end: int
    pieces: tuple[Piece, ...]
    editions: tuple[tuple[int, int, int], ...]


def find(text: str, keys: Sequence[str]) -> tuple[FrontMatter, list[Value]] | None:
    """The front matter at the start of ``text`` (line endings ``\\n``) and its values under ``keys``.

    Raises UserError where it is opened and never closed. A lone ``---`` that no YAML follows is a
    thematic break.
    """
    fence = _FENCE.match(text)
    if not fence:
        return None
    start = fence.end() + 1
    closing = _END.search(text, start) if start <= len(text) else None
    if not closing:
        if _LOOKS_LIKE_YAML.match(text, start):
            raise UserError("the front matter opened on line 1 has no closing ---: add a line --- after its last key")
        return None
    values: list[Value] = []
    language: tuple[int, int] | None = None
    for path, position, indent in _keys(text, start, closing.start()):
        if path == "lang":
            language = _value_range(text, position, closing.start())
        if path in keys:
            values += _values(text, path, position, indent, closing.start())
    editions = [(text.rindex("[", 0, e[2]) + 1, e[2] - 1) for value in values for e in value.editions]
    return FrontMatter(0, closing.start(), closing.end(), language, tuple(editions)), values


def _keys(text: str, start: int, end: int) -> list[tuple[str, int, int]]:
    """(dotted path, where the value begins, the key's column) of each key."""
    found: list[tuple[str, int, int]] = []
    stack: list[tuple[int, str]] = []
    skip_deeper: int | None = None  # inside a block scalar
    position = start
    while position < end:
        line_end = text.index("\n", position)
        match = _KEY.match(text, position, line_end)
        line = text[position:line_end]
        column = len(line) - len(line.lstrip(" "))
        if skip_deeper is not None and line.strip() and column <= skip_deeper:
            skip_deeper = None
        if match and skip_deeper is None:
            column = len(match["indent"])
            while stack and stack[-1][0] >= column:
                stack.pop()
            stack.append((column, _unquoted(match["key"])))
            found.append((".".join(key for _, key in stack), match.end(), column))
            if _BLOCK_SCALAR.match(text, match.end(), line_end):
                skip_deeper = column
            elif quoted := _quoted(text, match.end(), end):
                line_end = text.index("\n", quoted.end() - 1)
        position = line_end + 1
    return found


def _unquoted(key: str) -> str:
    return key[1:-1] if len(key) > 1 and key[0] == key[-1] and key[0] in "\"'" else key


def _quoted(text: str, position: int, end: int) -> re.Match[str] | None:
    return (_DOUBLE if text.startswith('"', position) else _SINGLE).match(text, position, end)


def _value_range(text: str, position: int, end: int) -> tuple[int, int]:
    if quoted := _quoted(text, position, end):
        return quoted.span()
    return position, position + len(_plain_line(text, position))


def _plain_line(text: str, position: int) -> str:
    line = text[position : text.index("\n", position)]
    comment = re.search(r"(?:^|[ \t])#", line)
    return (line[: comment.start()] if comment else line).rstrip(" \t")


def _values(text: str, path: str, position: int, indent: int, end: int) -> list[Value]:
    kind = _KINDS.get(path, "front-matter")
    if quoted := _quoted(text, position, end):
        return [_quoted_value(text, kind, quoted)]
    if scalar := _BLOCK_SCALAR.match(text, position, end):
        slices = _paragraphs(text, scalar.end() + 1, indent, end)
        return [_value(text, kind, "block-scalar", first, last) for first, last in slices]
    if text[position : position + 1] in tuple("[{&*!%@`|>\"'"):
        return []
    first = _plain_line(text, position)
    if not first:
        following = text[text.index("\n", position) + 1 : end].split("\n", 1)[0]
        if not following.startswith(" " * (indent + 1)) or _KEY.match(following) or not following.strip(" -"):
            return []
        position = text.index("\n", position) + 1 + len(following) - len(following.lstrip())
        if quoted := _quoted(text, position, end):
            return [_quoted_value(text, kind, quoted)]
        if text[position] in "-#[{&*!%@`|>\"'":
            return []
        first = _plain_line(text, position)
        if _MAPPING.search(first):  # a mapping, whatever its key looks like
            return []
    last = position + len(first)
    while "#" not in text[last : (line_end := text.index("\n", last))]:
        begin = _continuation(text, line_end + 1, indent, end)
        if begin < 0:
            break
        last = begin + len(_plain_line(text, begin))
    return [_value(text, kind, "plain", position, last)]


def _continuation(text: str, position: int, indent: int, end: int) -> int:
    """Where the next line of a plain scalar begins, behind its indentation and blank lines; -1 if there is none."""
    while position < end:
        line = text[position : text.index("\n", position)]
        if content := line.strip():
            deeper = line.startswith(" " * (indent + 1)) and not content.startswith("#")
            return position + len(line) - len(line.lstrip()) if deeper else -1
        position += len(line) + 1
    return -1


def _quoted_value(text: str, kind: SegmentKind, quoted: re.Match[str]) -> Value:
    form: Form = "double-quoted" if quoted[0][0] == '"' else "single-quoted"
    return _value(text, kind, form, quoted.start() + 1, quoted.end() - 1)


def _paragraphs(text: str, position: int, indent: int, end: int) -> list[tuple[int, int]]:
    """The slices of a block scalar's paragraphs, without indentation at both ends."""
    found: list[tuple[int, int]] = []
    first = last = -1
    while position < end:
        line_end = text.index("\n", position)
        line = text[position:line_end]
        content = line.strip(" \t")
        if content and len(line) - len(line.lstrip(" ")) <= indent:
            break
        if content:
            begin = position + len(line) - len(line.lstrip(" \t"))
            first = begin if first < 0 else first
            last = begin + len(content)
        elif first >= 0:
            found.append((first, last))
            first = -1
        position = line_end + 1
    return [*found, (first, last)] if first >= 0 else found


def _value(text: str, kind: SegmentKind, form: Form, start: int, end: int) -> Value:
    """Read the scalar ``text[start:end]``: escapes resolved, line folds as ``\\n``, ``[EN]`` hidden."""
    specials = [_FOLD]
    if form == "double-quoted":
        specials.append(_ESCAPE)  # after the fold: a backslash before a line ending joins the lines
    elif form == "single-quoted":
        specials.append(re.compile("''"))
    if kind == "title":
        specials.insert(0, _EDITION)
    pattern = re.compile("|".join(f"(?:{special.pattern})" for special in specials), re.IGNORECASE)
    pieces: list[Piece] = []
    editions: list[tuple[int, int, int]] = []
    content = text[start:end]
    length = position = 0
    for found in pattern.finditer(content):
        first, last = found.span()
        if position < first:
            pieces.append(Piece(length, content[position:first], position, first, True))
            length += first - position
        position = last
        if "[" in found[0]:
            editions.append((length, first, last))
            continue
        if "\n" in found[0]:
            resolved = "\n"
        elif found[0].startswith("\\"):
            resolved = _resolve(found[0][1:])
        else:
            resolved = "'"
        pieces.append(Piece(length, resolved, first, last, False))
        length += len(resolved)
    if position < len(content):
        pieces.append(Piece(length, content[position:], position, len(content), True))
    return Value(kind, form, start, end, tuple(pieces), tuple((a, start + f, start + e) for a, f, e in editions))


def _resolve(escape: str) -> str:
    if escape[0] in "xuU" and len(escape) > 1:
        code = int(escape[1:], 16)
        return chr(code) if 32 < code < 0x110000 and not 0xD800 <= code < 0xE000 else "\u00a0"
    return _ESCAPES.get(escape[0], "\u00a0")
