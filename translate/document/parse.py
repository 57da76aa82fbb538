"""A draft's source to its segments and entries."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from itertools import pairwise

from translate.document import blocks, front_matter, inline, values
from translate.document.blocks import Block, Blocks, Unit
from translate.document.branches import boundaries
from translate.document.front_matter import DEFAULT_KEYS, Value
from translate.document.inline import Inline
from translate.document.model import (
    Document,
    Entry,
    Form,
    FrontMatter,
    Layout,
    Segment,
    SegmentKind,
    Span,
)
from translate.document.rules import Breakpoints, sliced
from translate.errors import UserError

BYTE_ORDER_MARK = "\ufeff"

MAX_PARTS = 400_000
"""Lines and table cells of one text: each may become a block, which takes two kilobytes while a text is parsed."""

_TABLE_OF_CONTENTS = re.compile(r"\{:.*\btoc\b")
_BESIDE_CAPTIONS = ("spacer", "attributes")


def parse(source: str, *, front_matter_keys: Sequence[str] = DEFAULT_KEYS) -> Document:
    """Parse a draft. ``source`` is its decoded text, byte order mark and line endings as they are.

    ``front_matter_keys`` are the front-matter keys whose values are translated; a dot leads into a
    mapping (``image.caption``). Raises UserError where front matter is opened and never closed, and for a text of
    more than `MAX_PARTS` lines and table cells.
    """
    parts = sum(map(source.count, "\n\r|")) - source.count("\r\n")
    if parts > MAX_PARTS:
        limit = f"more than {MAX_PARTS:,} are not taken: split it"
        raise UserError(f"the text has {parts:,} lines and table cells; {limit}")
    offsets = _Offsets(source)
    builder = _Builder(offsets)
    found = front_matter.find(offsets.text, front_matter_keys)
    body = 0
    header: FrontMatter | None = None
    if found:
        header, translated = found
        body = header.end
        for value in translated:
            builder.add_value(value)
    structure = blocks.read(offsets.text[body:])
    captions = _Captions(structure.units)
    contents = _tables_of_contents(offsets.text[body:], structure.units)
    for block in structure.blocks:
        if block.unit in contents:
            continue
        content = inline.read(block.content, structure.references)
        kind: SegmentKind = "caption" if captions.met(block, content) else block.kind
        shifted = [(at, text + body) for at, text in block.breakpoints]
        builder.add(kind, block.form, block.content, shifted, content, structure.references)
    segments = tuple(builder.segments)
    return Document(
        source=source,
        segments=segments,
        entries=_entries(offsets, body, structure, segments),
        layouts=tuple(builder.layouts),
        references=structure.references,
        front_matter=offsets.front_matter(header) if header else None,
        unmapped=structure.unmapped,
    )


class _Offsets:
    """The text that the grammars see (``\\n`` line endings, no byte order mark), and the way back."""

    def __init__(self, source: str) -> None:
        self.base = len(BYTE_ORDER_MARK) if source.startswith(BYTE_ORDER_MARK) else 0
        lines = source[self.base :].split("\r\n")
        self.text = "\n".join(lines).replace("\r", "\n")
        self.shortened: list[int] = []  # where the text has "\n" for "\r\n"
        position = -1
        for line in lines[:-1]:
            position += len(line) + 1
            self.shortened.append(position)

    def source(self, offset: int) -> int:
        return self.base + offset + bisect_left(self.shortened, offset)

    def breakpoints(self, pairs: Breakpoints, length: int) -> Breakpoints:
        """Content-to-text breakpoints as content-to-source ones, for content of ``length``."""
        found: Breakpoints = []
        ends = [at for at, _ in pairs[1:]] + [length]
        for (at, text), end in zip(pairs, ends, strict=True):
            found.append((at, self.source(text)))
            first = bisect_left(self.shortened, text)
            while first < len(self.shortened) and self.shortened[first] + 1 < text + end - at:
                after = self.shortened[first] + 1
                found.append((at + after - text, self.source(after)))
                first += 1
        return found

    def front_matter(self, header: FrontMatter) -> FrontMatter:
        def both(pair: tuple[int, int]) -> tuple[int, int]:
            return self.source(pair[0]), self.source(pair[1])

        return FrontMatter(
            self.source(header.start),
            self.source(header.close),
            self.source(header.end),
            both(header.language) if header.language else None,
            tuple(both(pair) for pair in header.editions),
        )


class _Builder:
    def __init__(self, offsets: _Offsets) -> None:
        self.offsets = offsets
        self.segments: list[Segment] = []
        self.layouts: list[Layout] = []

    def add(
        self,
        kind: SegmentKind,
        form: Form,
        content: str,
        breakpoints: Breakpoints,
        read: Inline,
        references: Mapping[str, object],
    ) -> None:
        """Append a block's segment, if it has prose, and those of its images' alternative texts."""
        if read.translatable():
            pairs = tuple(self.offsets.breakpoints(breakpoints, len(content)))
            layout = Layout(content, pairs, form, read.pieces, tuple(mark.markup for mark in read.marks))
            self._append(kind, read, layout)
        if form == "alt":
            return  # an image inside an alternative text is shown as text by every browser
        for start, end in read.alts:
            alt, alt_breakpoints = sliced(content, breakpoints, start, end)
            self.add("alt", "alt", alt, alt_breakpoints, inline.read(alt, references), references)

    def _append(self, kind: SegmentKind, read: Inline, layout: Layout) -> None:
        at = layout.source_offset
        spans = tuple(
            Span(
                mark.start,
                mark.end,
                mark.kind,
                mark.opaque,
                (at(mark.markup.outer_start), at(mark.markup.outer_end)),
                (at(mark.markup.inner_start), at(mark.markup.inner_end)),
                boundary,
            )
            for mark, boundary in zip(read.marks, boundaries(read.marks, layout.content), strict=True)
        )
        self._segment(kind, read.text, spans, layout)

    def _segment(self, kind: SegmentKind, text: str, spans: tuple[Span, ...], layout: Layout) -> None:
        start, end = layout.source_offset(0), layout.source_offset(len(layout.content))
        self.segments.append(Segment(len(self.segments), kind, text, spans, start, end))
        self.layouts.append(layout)

    def add_value(self, value: Value) -> None:
        """Append a front-matter value's segment, if it has prose."""
        content = self.offsets.text[value.start : value.end]
        found = values.read(value, content) if value.pieces else None
        if found is None or not found.translatable():
            return
        pairs = tuple(self.offsets.breakpoints([(0, value.start)], len(content)))
        layout = Layout(content, pairs, value.form, found.pieces, tuple(mark.markup for mark in found.marks))
        self._append(value.kind, found, layout)


class _Captions:
    """Recognises the caption of an image: the paragraph under it, or the rest of its own paragraph."""

    def __init__(self, units: tuple[Unit, ...]) -> None:
        self.units = units
        self.image_unit: int | None = None

    def met(self, block: Block, read: Inline) -> bool:
        if block.kind != "paragraph" or self.units[block.unit].name != "paragraph_open":
            self.image_unit = None
            return False
        after, self.image_unit = self.image_unit, None
        images = [mark for mark in read.marks if mark.kind == "image"]
        if images and not read.text.strip():
            self.image_unit = block.unit
            return False
        if images:
            lines = [block.content[m.markup.outer_start : m.markup.outer_end] for m in read.marks if m.start == m.end]
            return any(line.startswith("\n") or line.endswith("\n") for line in lines)
        if after is None or any(unit.name not in _BESIDE_CAPTIONS for unit in self.units[after + 1 : block.unit]):
            return False
        return _is_caption(read)


def _is_caption(read: Inline) -> bool:
    """Whether all words are emphasised or links, and not all of them strong."""
    plain, strong = 0, 0
    covered = [False] * len(read.text)
    bold = [False] * len(read.text)
    for mark in read.marks:
        target = {"emphasis": covered, "link": covered, "strong": bold}.get(mark.kind)
        if target is not None:
            target[mark.start : mark.end] = [True] * (mark.end - mark.start)
    letters = [i for i, c in enumerate(read.text) if c.isalpha()]
    plain = sum(not covered[i] for i in letters)
    strong = sum(bold[i] for i in letters)
    return bool(letters) and not plain and strong < len(letters)


def _tables_of_contents(text: str, units: tuple[Unit, ...]) -> set[int]:
    """Lists that kramdown replaces by a table of contents (``{:toc}`` right under them)."""
    return {
        index
        for index, (unit, below) in enumerate(pairwise(units))
        if unit.name in ("bullet_list_open", "ordered_list_open")
        and below.name == "attributes"
        and below.start == unit.end + 1
        and _TABLE_OF_CONTENTS.match(text, below.start, below.end)
    }


def _entries(offsets: _Offsets, body: int, structure: Blocks, segments: tuple[Segment, ...]) -> tuple[Entry, ...]:
    groups: list[list[Unit]] = []
    for unit in structure.units:
        if groups and unit.start <= groups[-1][-1].end + 1:
            groups[-1].append(unit)
        else:
            groups.append([unit])
    starts = [segment.start for segment in segments]
    entries: list[Entry] = []
    for group in groups:
        kept = [unit for unit in group if unit.name != "spacer"]
        if not kept:
            continue
        start, end = offsets.source(body + kept[0].start), offsets.source(body + kept[-1].end)
        held = tuple(range(bisect_left(starts, start), bisect_left(starts, end)))
        if held:
            entries.append(Entry(len(entries), start, end, held))
    return tuple(entries)
