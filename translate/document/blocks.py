"""Markdown blocks: which slices of a text hold prose, and which lines belong together."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from markdown_it.token import Token

from translate.document.liquid import OUTPUT, TAG, mask
from translate.document.model import Form, SegmentKind
from translate.document.rules import Breakpoints, block_parser

MAX_MARKUP = 20_000
"""Markup characters in one block; a denser one is no prose, and stays verbatim to bound the time it takes."""

# kramdown counts the columns of such a table in its own way, and makes one where markdown-it sees a paragraph.
_DELIMITER_ROW = re.compile(r"^[ \t]*(?=[^\n]*\|)(?=[^\n]*-)[-|:+ \t]+$", re.MULTILINE)

_CONTAINERS: dict[str, SegmentKind] = {
    "list_item_open": "item",
    "footnote_open": "footnote",
    "definition_open": "definition",
    "table_open": "cell",
}


@dataclass(frozen=True, slots=True)
class Block:
    """A block of inline content. ``breakpoints`` lead from ``content`` to the text that was read.

    ``unit`` is the index of the top-level block around it.
    """

    kind: SegmentKind
    form: Form
    content: str
    breakpoints: Breakpoints
    unit: int


@dataclass(frozen=True, slots=True)
class Unit:
    """A top-level block: whole lines without the last line's ending, and its token type or verbatim rule."""

    start: int
    end: int
    name: str


@dataclass(frozen=True, slots=True)
class Blocks:
    """The blocks of a text in document order, its top-level blocks, and its link reference definitions."""

    blocks: tuple[Block, ...]
    units: tuple[Unit, ...]
    references: Mapping[str, object]
    unmapped: int
    signature: tuple[str, ...]


def read(text: str) -> Blocks:
    """Parse the blocks of ``text``, whose line endings are ``\\n``."""
    md = block_parser()
    env: dict[str, object] = {}
    tokens: list[Token] = []
    masked = mask(text)
    md.block.parse(masked, md, env, tokens)
    lines = _lines(masked)
    blocks: list[Block] = []
    units: list[Unit] = []
    containers: list[SegmentKind] = []
    unmapped = 0
    form: Form = "block"
    for token in tokens:
        if token.level == 0 and token.nesting >= 0 and token.map:
            units.append(_unit(masked, lines, token))
        if kind := _CONTAINERS.get(token.type):
            containers.append(kind)
        elif token.type.replace("_close", "_open") in _CONTAINERS:
            containers.pop()
        elif token.type == "heading_open":
            form = "heading" if token.markup.startswith("#") else "block"
            containers.append("heading")
        elif token.type == "heading_close":
            containers.pop()
            form = "block"
        elif token.type == "inline" and token.content:
            content, breakpoints = token.meta.get("layout", ("", []))
            if content != token.content or sum(map(content.count, "[]*_~`<&$:{\\!")) > MAX_MARKUP:
                unmapped += 1
                continue
            if "|" in content and _DELIMITER_ROW.search(content):
                continue
            kind = containers[-1] if containers else "paragraph"
            content = _unmasked(content, breakpoints, text)
            blocks.append(Block(kind, "cell" if kind == "cell" else form, content, breakpoints, len(units) - 1))
    references = {"references": env.get("references", {})}
    return Blocks(tuple(blocks), tuple(units), references, unmapped, tuple(token.type for token in tokens))


def _lines(text: str) -> list[int]:
    """Where each line begins, and the offset after a last line ending."""
    return [0, *(i + 1 for i, c in enumerate(text) if c == "\n"), len(text) + 1]


def _unit(text: str, lines: list[int], token: Token) -> Unit:
    assert token.map is not None
    first, last = token.map
    last = min(last, len(lines) - 1)
    while last > first + 1 and not text[lines[last - 1] : lines[last] - 1].strip(" \t"):
        last -= 1
    return Unit(lines[first], lines[last] - 1, token.info if token.type == "verbatim" else token.type)


def _unmasked(content: str, breakpoints: Breakpoints, text: str) -> str:
    """``content`` as ``text`` has it where Liquid was hidden."""
    if TAG not in content and OUTPUT not in content and "\ufffd" not in content:
        return content
    parts: list[str] = []
    ends = [at for at, _ in breakpoints[1:]] + [len(content)]
    for (at, source), end in zip(breakpoints, ends, strict=True):
        for offset in range(at, end):
            character = content[offset]
            parts.append(text[source + offset - at] if character in (TAG, OUTPUT, "\ufffd") else character)
    return "".join(parts)
