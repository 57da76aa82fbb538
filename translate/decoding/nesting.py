"""Makes projected spans nest as they did in the draft: no span lost, none crossing another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from translate.document.model import Span


@dataclass(frozen=True, slots=True)
class Wish:
    """Where a source span would like to stand in the target; ``fixed`` ranges (opaque text) cannot move."""

    start: int
    end: int
    fixed: bool = False
    sure: bool = True


def parents(spans: Sequence[Span]) -> list[int | None]:
    """For each span the index of the innermost span whose source slice holds it (spans sorted, outer first)."""
    result: list[int | None] = []
    stack: list[int] = []
    for i, span in enumerate(spans):
        while stack and not (spans[stack[-1]].outer[0] <= span.outer[0] and span.outer[1] <= spans[stack[-1]].outer[1]):
            stack.pop()
        result.append(stack[-1] if stack else None)
        stack.append(i)
    return result


def fit(text: str, spans: Sequence[Span], wishes: Sequence[Wish]) -> tuple[list[tuple[int, int]], list[int]]:
    """Ranges that nest as the spans do, as near to the wishes as that allows.

    Returns one range of ``text`` for each span and the indices of the spans that had to give way.
    """
    above = parents(spans)
    children: dict[int | None, list[int]] = {}
    for i, parent in enumerate(above):
        children.setdefault(parent, []).append(i)
    wanted = list(wishes)
    for i in reversed(range(len(spans))):  # inner spans come later: a parent must hold what cannot move
        for child in children.get(i, []):
            if wanted[child].fixed and not wanted[i].fixed and wanted[child].start < wanted[child].end:
                low, high = min(wanted[i].start, wanted[child].start), max(wanted[i].end, wanted[child].end)
                wanted[i] = replace(wanted[i], start=low, end=high)
    result: list[tuple[int, int]] = [(0, 0)] * len(spans)
    moved: list[int] = []

    def settle(parent: int | None, low: int, high: int) -> None:
        group = children.get(parent, [])
        wide = [i for i in group if spans[i].start < spans[i].end]
        taken: list[tuple[int, int]] = []
        holds_fixed = {i for i in wide if wanted[i].fixed or _holds_fixed(i, children, wanted)}
        for i in sorted(
            wide, key=lambda i: (i not in holds_fixed, not wanted[i].sure, wanted[i].end - wanted[i].start, i)
        ):
            start, end = max(low, wanted[i].start), min(high, wanted[i].end)
            got = (start, end) if wanted[i].fixed else _free(text, low, high, start, end, taken)
            if got != (wanted[i].start, wanted[i].end) and got != _tight(text, wanted[i].start, wanted[i].end):
                moved.append(i)
            result[i] = got
            taken.append(got)
            settle(i, *got)
        for i in group:
            if spans[i].start == spans[i].end:
                at = min(max(low, wanted[i].start), high)
                inside = [(a, b) for a, b in taken if a < at < b]
                if inside:  # markup without width stays outside what it was outside of
                    a, b = inside[0]
                    at = b if at - a >= b - at else a
                result[i] = (at, at)
                settle(i, at, at)

    settle(None, 0, len(text))
    return result, sorted(moved)


def _holds_fixed(index: int, children: dict[int | None, list[int]], wanted: Sequence[Wish]) -> bool:
    return any(
        (wanted[c].fixed and wanted[c].start < wanted[c].end) or _holds_fixed(c, children, wanted)
        for c in children.get(index, [])
    )


def _tight(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end


def _free(text: str, low: int, high: int, start: int, end: int, taken: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """The largest free part of ``start:end``; failing that the nearest free word; failing that the nearest spot."""
    gaps: list[tuple[int, int]] = []
    at = low
    for a, b in sorted(taken):
        gaps.append((at, a))
        at = max(at, b)
    gaps.append((at, high))
    parts = [_tight(text, max(a, start), min(b, end)) for a, b in gaps if max(a, start) < min(b, end)]
    parts = [p for p in parts if any(c.isalnum() for c in text[p[0] : p[1]])]
    if parts:
        return max(parts, key=lambda p: (p[1] - p[0], -p[0]))
    words = [w for a, b in gaps for w in _words(text, a, b)]
    if words:
        return min(words, key=lambda w: (abs(w[0] - start), w[0]))
    spots = [edge for gap in gaps for edge in gap]
    at = min(spots, key=lambda spot: abs(spot - start))
    return at, at


def _words(text: str, start: int, end: int) -> list[tuple[int, int]]:
    words: list[tuple[int, int]] = []
    at = start
    while at < end:
        if text[at].isalnum():
            stop = at
            while stop < end and not text[stop].isspace():
                stop += 1
            while stop > at and not text[stop - 1].isalnum():
                stop -= 1
            words.append((at, stop))
            at = stop
        else:
            at += 1
    return words
