"""Spans over a target text: made to nest, and ordered with the text between them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from translate.document.model import Segment, Span, SpanKind, Target

_KIND_OF_MARKUP: dict[str, SpanKind] = {
    "*": "emphasis",
    "_": "emphasis",
    "**": "strong",
    "__": "strong",
    "~~": "strikethrough",
}


@dataclass(slots=True, eq=False)
class Node:
    """A span over the target text. ``source`` indexes ``Segment.spans``; None for new ``markup``."""

    start: int
    end: int
    source: int | None
    kind: SpanKind
    opaque: bool
    markup: str


@dataclass(frozen=True, slots=True)
class Arrangement:
    """A target whose spans nest; opaque spans show their source text."""

    text: str
    nodes: tuple[Node, ...]
    enclosed: tuple[int, ...]
    """For each source span, the index of the last span inside it (the span itself if there is none)."""


@dataclass(slots=True)
class Events:
    """What stands at one offset: spans that end (inner first), empty spans, spans that begin (outer first)."""

    ends: list[Node] = field(default_factory=list)
    empty: list[Node] = field(default_factory=list)
    starts: list[Node] = field(default_factory=list)


def arrange(segment: Segment, target: Target) -> Arrangement:
    """Make the target's spans nest properly over a text in which opaque spans show their source text.

    Where two spans overlap, the later one is cut at the end of the earlier one; an opaque span is never
    cut, the span around it grows instead. Emphasis around nothing is dropped.
    """
    enclosed = _enclosed(segment.spans)
    nodes = nest([node for node in _nodes(segment, target) if node], enclosed)
    return _with_source_text(segment, target.text, nodes, enclosed)


def nest(nodes: list[Node], enclosed: tuple[int, ...]) -> list[Node]:
    """Make ``nodes`` nest, in place; return those that remain."""
    wide = sorted((n for n in nodes if n.end > n.start), key=lambda n: (n.start, -n.end, n.opaque, _order(n)))
    empty = [n for n in nodes if n.end == n.start]
    open_nodes: list[Node] = []
    kept: list[Node] = []
    for node in wide:
        while open_nodes and open_nodes[-1].end <= node.start:
            open_nodes.pop()
        if open_nodes and open_nodes[-1].opaque:
            if node.opaque:
                node.start = node.end = open_nodes[-1].end
                empty.append(node)
            continue
        if open_nodes and node.end > open_nodes[-1].end:
            if node.opaque:
                for around in open_nodes:
                    around.end = max(around.end, node.end)
            else:
                node.end = open_nodes[-1].end
        open_nodes.append(node)
        kept.append(node)
    opaque = [n for n in kept if n.opaque]
    for node in empty:  # an empty span inside an opaque one moves behind it
        index = bisect_left(opaque, node.start, key=lambda n: n.start) - 1
        if index >= 0 and node.start < opaque[index].end:
            node.start = node.end = opaque[index].end
    empty = [n for n in empty if n.opaque or n.kind in ("link", "html") or _holds(n, empty, enclosed)]
    return kept + empty


def _nodes(segment: Segment, target: Target) -> Iterator[Node | None]:
    length = len(target.text)
    for span in target.spans:
        start = min(max(span.start, 0), length)
        end = min(max(span.end, start), length)
        if span.source is None:
            kind = _KIND_OF_MARKUP.get(span.markup)
            yield Node(start, end, None, kind, False, span.markup) if kind and end > start else None
        elif 0 <= span.source < len(segment.spans):
            source = segment.spans[span.source]
            if source.opaque and source.start == source.end:
                end = start
            yield Node(start, end, span.source, source.kind, source.opaque, "")


def _order(node: Node) -> float:
    return float("inf") if node.source is None else node.source


def _enclosed(spans: tuple[Span, ...]) -> tuple[int, ...]:
    last = list(range(len(spans)))
    stack: list[int] = []
    for index, span in enumerate(spans):
        while stack and spans[stack[-1]].outer[1] <= span.outer[0]:
            last[stack.pop()] = index - 1
        stack.append(index)
    for index in stack:
        last[index] = len(spans) - 1
    return tuple(last)


def contains(enclosed: tuple[int, ...], outer: Node, inner: Node) -> bool:
    """Whether ``outer`` is around ``inner`` in the source."""
    if outer.source is None or inner.source is None:
        return False
    return outer.source < inner.source <= enclosed[outer.source]


def _holds(node: Node, empty: list[Node], enclosed: tuple[int, ...]) -> bool:
    return any(other.start == node.start and contains(enclosed, node, other) for other in empty)


def _with_source_text(segment: Segment, text: str, nodes: list[Node], enclosed: tuple[int, ...]) -> Arrangement:
    """Let opaque spans show their source text, and move all offsets accordingly."""
    opaque = sorted((n for n in nodes if n.opaque and n.source is not None and _is_wide(segment, n)), key=_position)
    parts: list[str] = []
    shifts: list[tuple[int, int]] = [(0, 0)]  # (offset in text, what to add from there on)
    position = shift = 0
    moved: list[tuple[Node, int, int]] = []
    for node in opaque:
        assert node.source is not None
        span = segment.spans[node.source]
        shown = segment.text[span.start : span.end]
        moved.append((node, node.start + shift, node.start + shift + len(shown)))
        if text[node.start : node.end] != shown:
            parts += [text[position : node.start], shown]
            position = node.end
            shift += len(shown) - (node.end - node.start)
            shifts.append((node.end, shift))
    text = "".join([*parts, text[position:]])
    if len(shifts) > 1:
        _shift(nodes, shifts)
        for node, start, end in moved:
            node.start, node.end = start, end
    return Arrangement(text, tuple(nodes), enclosed)


def _is_wide(segment: Segment, node: Node) -> bool:
    assert node.source is not None
    span = segment.spans[node.source]
    return span.end > span.start


def _position(node: Node) -> tuple[int, int]:
    return node.start, node.end


def _shift(nodes: list[Node], shifts: list[tuple[int, int]]) -> None:
    offsets = [offset for offset, _ in shifts]
    for node in nodes:
        empty = node.start == node.end
        start, end = node.start, node.end
        node.start = start + shifts[bisect_right(offsets, start) - 1][1]
        node.end = node.start if empty else end + shifts[bisect_right(offsets, end) - 1][1]


def events(arrangement: Arrangement) -> dict[int, Events]:
    """The spans that begin, end or stand at each offset, in the order in which they are written."""
    found: defaultdict[int, Events] = defaultdict(Events)
    wide = sorted(
        (n for n in arrangement.nodes if n.end > n.start), key=lambda n: (n.start, -n.end, n.opaque, _order(n))
    )
    for node in wide:
        found[node.start].starts.append(node)
    for node in reversed(wide):
        found[node.end].ends.append(node)
    for node in sorted((n for n in arrangement.nodes if n.end == n.start), key=_order):
        found[node.start].empty.append(node)
    return dict(found)
