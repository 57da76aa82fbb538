"""Targets put into the draft's own Markdown: the inverse of ``parse``.

``render(document, {s.index: identity(s) for s in document.segments}) == document.source`` for any source.

A target is written word by word. A word that the draft also has is spelled as the draft spells it; any
other is escaped where its characters would be read as markup. Each span is written with the draft's own
opening and closing markup. The result is then *read back*: it must show the same text under the same
spans, in a block of the same kind. If it does not, stronger means follow, in this order:

1. spaces leave the ends of emphasis (a delimiter beside a space is not one);
2. everything that could be markup is escaped, and reference links name their label;
3. ``_`` becomes ``*``, which also works inside words; then both alternate, where they would join;
4. emphasis grows to whole words;
5. an invisible word joiner parts a delimiter from the letter before or after it;
6. emphasis that still cannot be written is left out. Links, code, images never are.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import accumulate

from markdown_it.common.utils import isWhiteSpace, normalizeReference

from translate.document import blocks, inline
from translate.document.arrange import Arrangement, Events, Node, arrange, contains, events, nest
from translate.document.escape import plain_is_unsafe, yaml_double
from translate.document.model import Document, Layout, Segment, Target
from translate.document.spelling import Spelled, Spelling

_EMPHASIS = ("emphasis", "strong", "strikethrough")
_PARAGRAPH = ("paragraph_open", "inline", "paragraph_close")
_HARMLESS_LINES = re.compile(r"(?:[^\W\d_][^\n]*(?:\n|\Z))*", re.UNICODE)
_WORD_JOINER = "\u2060"
_INVISIBLE = "&#8288;"  # as an entity: text after it cannot begin a block, a delimiter beside it stands at punctuation


def render(
    document: Document, targets: Mapping[int, Target], *, lang: str | None = None, edition: str | None = None
) -> str:
    """The source with each segment in ``targets`` replaced, all else as it is.

    ``lang`` sets the front matter's ``lang`` key (added as its last line if missing; no front matter is
    made up). ``edition`` replaces ``EN`` in a title's ``[EN]``.
    """
    return render_range(document, 0, len(document.source), targets, lang=lang, edition=edition)


def render_range(
    document: Document,
    start: int,
    end: int,
    targets: Mapping[int, Target],
    *,
    lang: str | None = None,
    edition: str | None = None,
) -> str:
    """``source[start:end]`` rendered, such as an entry. A segment that it cuts stays as it is."""
    return Renderer(document, targets, lang=lang, edition=edition).between(start, end)


def _edits(document: Document, lang: str | None, edition: str | None) -> list[tuple[int, int, str]]:
    header = document.front_matter
    if header is None:
        return []
    edits = [(start, end, edition) for start, end in header.editions] if edition else []
    if lang and header.language:
        edits.append((*header.language, lang))
    elif lang:
        ending = re.search(r"\r\n|\n|\r", document.source)
        edits.append((header.close, header.close, f"lang: {lang}{ending[0] if ending else ''}"))
    return sorted(edits)


@dataclass(frozen=True, slots=True)
class _Means:
    """How hard to try (see the module's docstring)."""

    thoroughly: bool = False
    shrink: bool = False
    delimiters: str = ""
    widen: bool = False
    guard: bool = False
    drop: bool = False


_LADDER = (
    _Means(),
    _Means(shrink=True),
    _Means(thoroughly=True),
    _Means(thoroughly=True, shrink=True),
    _Means(shrink=True, delimiters="*"),
    _Means(thoroughly=True, shrink=True, delimiters="*"),
    _Means(thoroughly=True, shrink=True, delimiters="*_"),
    _Means(thoroughly=True, shrink=True, delimiters="_*"),
    _Means(thoroughly=True, shrink=True, delimiters="*", widen=True),
    _Means(thoroughly=True, shrink=True, delimiters="*_", widen=True),
    _Means(thoroughly=True, shrink=True, delimiters="_*", widen=True),
    _Means(thoroughly=True, shrink=True, delimiters="*", guard=True),
    _Means(thoroughly=True, shrink=True, delimiters="*_", guard=True),
    _Means(thoroughly=True, drop=True),
)


@dataclass(slots=True)
class _Writer:
    """A rendering as it grows: as block content (``form``) and as source, run by run."""

    form: list[str] = field(default_factory=list)
    source: list[str] = field(default_factory=list)

    def add(self, form: str, source: str) -> None:
        self.form.append(form)
        self.source.append(source)


class Renderer:
    """Renders ranges of a document with the same targets: a segment that several of them hold is rendered once.

    ``lang`` and ``edition`` are `render`'s.
    """

    def __init__(
        self,
        document: Document,
        targets: Mapping[int, Target],
        *,
        lang: str | None = None,
        edition: str | None = None,
    ) -> None:
        self.document = document
        self.targets = targets
        self.edits = _edits(document, lang, edition)
        self._done: dict[int, tuple[str, int]] = {}

    def between(self, start: int, end: int) -> str:
        """See `render_range`."""
        return self.slice(start, end, 0)

    def slice(self, start: int, end: int, first: int) -> str:
        """Source ``start:end`` with the segments from index ``first`` on replaced."""
        parts: list[str] = []
        position = start
        segments = self.document.segments
        for index in range(max(first, self.first_from(start)), self.first_from(end)):
            segment = segments[index]
            if index not in self.targets or segment.start < position or segment.end > end:
                continue
            text, after = self.segment(segment)
            parts += [self.copy(position, segment.start), text]
            position = after
        return "".join([*parts, self.copy(position, end)])

    def first_from(self, offset: int) -> int:
        """The first segment that begins at ``offset`` or behind it."""
        return bisect_left(self.document.segments, offset, key=lambda segment: segment.start)

    def copy(self, start: int, end: int) -> str:
        """Source ``start:end`` with the edits of the front matter."""
        source = self.document.source
        if not self.edits or start > self.edits[-1][0]:
            return source[start:end]
        parts: list[str] = []
        for first, last, text in self.edits:
            if start <= first and (last < end or (last == end and first < last)):
                parts += [source[start:first], text]
                start = last
        return "".join([*parts, source[start:end]])

    def segment(self, segment: Segment) -> tuple[str, int]:
        """A segment's rendering, and where the source goes on (behind an image's label too)."""
        if segment.index not in self._done:
            self._done[segment.index] = self._segment(segment)
        return self._done[segment.index]

    def _segment(self, segment: Segment) -> tuple[str, int]:
        layout = self.document.layouts[segment.index]
        target = self.targets[segment.index]
        if layout.form in ("double-quoted", "single-quoted", "plain", "block-scalar"):
            return self.scalar(segment, layout, target), segment.end
        written = _Writer()
        for means in _LADDER:
            arrangement = _adjusted(arrange(segment, target), means)
            written = self.write(segment, layout, arrangement, means)
            if self.verified("".join(written.form), layout, segment, arrangement):
                break
        else:
            form = "".join(written.form)
            if layout.form == "block" and not _is_block_safe(form, layout):
                written.source.insert(0, _INVISIBLE)
        text = "".join(written.source)
        if layout.form == "alt":
            tail = _label_tail(self.document.source, segment.end)
            if tail and normalizeReference("".join(written.form)) != normalizeReference(layout.content):
                return f"{text}][{self.document.source[segment.start : segment.end]}]", segment.end + len(tail)
        return text, segment.end

    def scalar(self, segment: Segment, layout: Layout, target: Target) -> str:
        means = _Means(shrink=True)  # nothing reads a scalar back: what could not be emphasis is not written
        written = self.write(segment, layout, _adjusted(arrange(segment, target), means), means)
        text = "".join(written.form)
        if layout.form == "plain" and plain_is_unsafe(text) and not plain_is_unsafe(layout.content):
            return f'"{yaml_double(text)}"'
        return "".join(written.source)

    def write(self, segment: Segment, layout: Layout, arrangement: Arrangement, means: _Means) -> _Writer:
        at = events(arrangement)
        opaque = [(n.start, n.end) for n in arrangement.nodes if n.opaque]
        spelling = Spelling(segment, layout, self.document.source, thoroughly=means.thoroughly)
        text = _Text(spelling.spell(arrangement.text, opaque, set(at)))
        scribe = _Scribe(self, segment, layout, arrangement, means)
        position = 0
        for offset in sorted(at):
            if offset < position:
                continue  # inside an opaque span
            text.write(scribe.out, offset)
            position = max(offset, scribe.write(at[offset]))
        text.write(scribe.out, len(arrangement.text))
        if layout.form in ("block", "heading", "cell"):
            _strip(scribe.out)
        return scribe.out

    def verified(self, form: str, layout: Layout, segment: Segment, arrangement: Arrangement) -> bool:
        """Whether ``form`` reads as the arrangement says."""
        read = inline.read(form, self.document.references)
        count = _visible_counts(arrangement.text)
        shown = _visible_counts(read.text)
        if _visible(read.text) != _visible(arrangement.text):
            return False
        expected = sorted(
            (count[n.start], count[n.end], n.kind, _opaque_form(n, layout) if n.source is not None else "")
            for n in arrangement.nodes
        )
        found = sorted(
            (
                shown[m.start],
                shown[m.end],
                m.kind,
                form[m.markup.outer_start : m.markup.outer_end].strip() if m.opaque and m.kind != "link" else "",
            )
            for m in read.marks
        )
        if expected != found:
            urls = [mark for mark in found if mark[2] == "url" and mark not in expected]
            if [mark for mark in found if mark not in urls] != expected:
                return False
        match layout.form:
            case "block":
                return _is_block_safe(form, layout)
            case "heading":
                return not form.endswith("#") or blocks.read(f"# {form}").blocks[0].content == form
            case "alt":
                image = inline.read(f"![{form}](x)", self.document.references)
                return len(image.marks) == 1 and (not form or image.alts == ((2, 2 + len(form)),))
            case _:
                return True


def _is_block_safe(form: str, layout: Layout) -> bool:
    """Whether ``form`` stands as a paragraph, or as whatever the draft's own content would stand as alone.

    (A lazy continuation line may look like another block, and is none where it stands.)
    """
    if _HARMLESS_LINES.fullmatch(form):
        return True
    blocks_found = blocks.read(form).signature
    return blocks_found == _PARAGRAPH or {*_PARAGRAPH, *blocks.read(layout.content).signature}.issuperset(blocks_found)


def _opaque_form(node: Node, layout: Layout) -> str:
    if not node.opaque or node.kind == "link" or node.source is None:
        return ""
    markup = layout.markup[node.source]
    return layout.content[markup.outer_start : markup.outer_end].strip()


def _visible(text: str) -> str:
    """The characters other than white space, which a rendering may change."""
    return "".join(text.split()).replace(_WORD_JOINER, "")


def _visible_counts(text: str) -> list[int]:
    """How many visible characters stand before each offset."""
    return [0, *accumulate(character != _WORD_JOINER and not character.isspace() for character in text)]


def _label_tail(source: str, end: int) -> str:
    """The end of a collapsed or shortcut reference image, which names no label of its own."""
    if source.startswith("][]", end):
        return "][]"
    return "]" if source.startswith("]", end) and source[end + 1 : end + 2] not in ("(", "[") else ""


def _strip(out: _Writer) -> None:
    """Leave out white space at both ends, which would indent the block or break its last line."""
    for step in (1, -1):
        runs = range(len(out.form)) if step == 1 else range(len(out.form) - 1, -1, -1)
        for index in runs:
            form = out.form[index]
            kept = form.lstrip(" \t") if step == 1 else form.rstrip(" \t")
            if kept != form:
                out.form[index] = kept
                source = out.source[index]
                out.source[index] = source.lstrip(" \t") if step == 1 else source.rstrip(" \t")
            if kept:
                break


class _Text:
    """The spelled text, written up to one offset after the other."""

    def __init__(self, spelled: Iterator[Spelled]) -> None:
        self.spelled = spelled
        self.next = next(spelled, None)

    def write(self, out: _Writer, end: int) -> None:
        while self.next and self.next.start < end:
            unit = self.next
            if unit.verbatim and unit.end > end:
                cut = end - unit.start
                out.add(unit.form[:cut], unit.source[:cut])
                self.next = replace(unit, start=end, form=unit.form[cut:], source=unit.source[cut:])
                return
            out.add(unit.form, unit.source)
            self.next = next(self.spelled, None)


class _Scribe:
    """Writes markup."""

    def __init__(
        self, renderer: Renderer, segment: Segment, layout: Layout, arrangement: Arrangement, means: _Means
    ) -> None:
        self.renderer = renderer
        self.segment = segment
        self.layout = layout
        self.enclosed = arrangement.enclosed
        self.text = arrangement.text
        self.means = means
        self.out = _Writer()
        self.opened: dict[Node, int] = {}
        self.delimiters: dict[Node, str] = {}

    def write(self, at: Events) -> int:
        """Write what stands at an offset; return where the text goes on."""
        before: dict[int, list[Node]] = {}
        between: list[Node] = []
        after: dict[int, list[Node]] = {}
        for node in at.empty:
            end = next((i for i, n in enumerate(at.ends) if contains(self.enclosed, n, node)), None)
            if end is not None:
                before.setdefault(end, []).append(node)
                continue
            last = range(len(at.starts) - 1, -1, -1)
            start = next((i for i in last if contains(self.enclosed, at.starts[i], node)), None)
            if start is None:
                between.append(node)
            else:
                after.setdefault(start, []).append(node)
        for i, node in enumerate(at.ends):
            self.empty(before.get(i, []))
            if not node.opaque:
                self.close(node)
        self.empty(between)
        position = 0
        for i, node in enumerate(at.starts):
            if node.opaque:
                self.opaque(node)
                position = node.end
            else:
                self.open(node)
            self.empty(after.get(i, []))
        return position

    def empty(self, nodes: list[Node]) -> None:
        stack: list[Node] = []
        for node in nodes:
            while stack and not contains(self.enclosed, stack[-1], node):
                self.close(stack.pop())
            if node.opaque:
                self.opaque(node)
            else:
                self.open(node)
                stack.append(node)
        while stack:
            self.close(stack.pop())

    def open(self, node: Node) -> None:
        if node.kind in _EMPHASIS:
            self.delimiters[node] = self.delimiter(node)
            if self.means.guard and self.out.form and self.out.form[-1][-1:].strip():
                self.out.add(_INVISIBLE, _INVISIBLE)
        if node.source is None or (node.kind in _EMPHASIS and self.means.delimiters):
            self.out.add(self.delimiters[node], self.delimiters[node])
        else:
            markup = self.layout.markup[node.source]
            self.content(markup.outer_start, markup.inner_start)
        self.opened[node] = len(self.out.form)

    def close(self, node: Node) -> None:
        if node.source is None or (node.kind in _EMPHASIS and self.means.delimiters):
            self.out.add(self.delimiters[node], self.delimiters[node])
            if self.means.guard and not self.text[node.end : node.end + 1].isspace():
                self.out.add(_INVISIBLE, _INVISIBLE)
            return
        markup = self.layout.markup[node.source]
        closing = self.layout.content[markup.inner_end : markup.outer_end]
        if closing in ("]", "][]") and node.kind == "link":
            label = self.layout.content[markup.inner_start : markup.inner_end]
            written = "".join(self.out.form[self.opened[node] :])
            if self.means.thoroughly or normalizeReference(written) != normalizeReference(label):
                label = f"][{' '.join(label.split())}]"
                self.out.add(label, label.replace("|", "\\|") if self.layout.form == "cell" else label)
                return
        self.content(markup.inner_end, markup.outer_end)

    def delimiter(self, node: Node) -> str:
        """The delimiter of emphasis: the draft's, or by the means at hand."""
        if node.kind == "strikethrough":
            return "~~"
        means = self.means.delimiters
        if means:
            character = means[len(self.delimiters) % len(means)]
            return character * (2 if node.kind == "strong" else 1)
        return node.markup

    def opaque(self, node: Node) -> None:
        if node.source is None:
            self.out.add(node.markup, node.markup)
            return
        markup = self.layout.markup[node.source]
        span = self.segment.spans[node.source]
        form = self.layout.content[markup.outer_start : markup.outer_end]
        self.out.add(form, self.renderer.slice(*span.outer, self.segment.index + 1))

    def content(self, start: int, end: int) -> None:
        layout = self.layout
        source = self.renderer.copy(layout.source_offset(start), layout.source_offset(end))
        self.out.add(layout.content[start:end], source)


def _adjusted(arrangement: Arrangement, means: _Means) -> Arrangement:
    """The arrangement with emphasis shrunk, widened or left out."""
    if not (means.shrink or means.widen or means.drop):
        return arrangement
    text = arrangement.text
    kept: list[Node] = []
    # What emphasis must stay around: line breaks, images.
    shown = {i for n in arrangement.nodes if n.opaque for i in range(n.start, n.end)}
    empty = {n.start for n in arrangement.nodes if n.start == n.end}
    held = shown | empty
    fixed = sorted((n.start, n.end) for n in arrangement.nodes if n.kind not in _EMPHASIS and n.end > n.start)
    # Where other markup begins (ends) with the emphasis, the delimiter stands beside that, and not at a space.
    shortest = dict(reversed(fixed))
    latest = {end: start for start, end in fixed}
    for node in arrangement.nodes:
        if node.kind in _EMPHASIS:
            if means.drop:
                continue
            while means.widen and node.start and _in_word(text[node.start - 1], node.start, fixed):
                node.start -= 1
            while means.widen and node.end < len(text) and _in_word(text[node.end], node.end, fixed):
                node.end += 1
            while node.start < node.end and isWhiteSpace(ord(text[node.start])) and node.start not in held:
                if shortest.get(node.start, len(text) + 1) <= node.end:
                    break
                node.start += 1
            while node.end > node.start and isWhiteSpace(ord(text[node.end - 1])):
                if node.end - 1 in shown or node.end in empty or latest.get(node.end, -1) >= node.start:
                    break
                node.end -= 1
            if node.start == node.end and not means.widen and node.source is None:
                continue
        kept.append(node)
    return replace(arrangement, nodes=tuple(nest(kept, arrangement.enclosed)))


def _in_word(character: str, offset: int, fixed: list[tuple[int, int]]) -> bool:
    """Whether ``character`` belongs to a word, and no other span begins or ends at ``offset``."""
    if not character.isalnum():
        return False
    return all(offset not in bounds for bounds in fixed)
