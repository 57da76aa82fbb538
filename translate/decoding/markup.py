"""Inline markup from a segment to its translation, through the alignment.

As in Bergamot's tag transfer (Kocmi et al. 2021; issues 253, 269, 288 and 312 of its tracker tell how that fails):
spans move in whole words, stay balanced and nested, and each comes out exactly once. A span whose words are aligned to
nothing goes to the place that its order in the sentence suggests, and is reported.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from translate.decoding.alignment import Alignment, Range

_UNIT = re.compile(r"\w+(?:[-'’.@/&+]\w+)*|[^\w\s]")
_CERTAIN = 0.5
"""The share of a word's weight that must come from a span for the word to count for it rather than against."""


@dataclass(frozen=True, slots=True)
class Projected:
    """Where a source range stands in the target; ``sure`` is False where only the order of words placed it."""

    start: int
    end: int
    sure: bool = True


def project(source: str, target: str, alignment: Alignment, start: int, end: int) -> Projected:
    """The target range of whole words for the non-empty source range ``start:end``."""
    text = source[start:end].strip()
    if not target or not text:
        at = _ordered(source, target, start)
        return Projected(at, at, sure=False)
    if _only_punctuation_outside(source, start, end):
        return Projected(*_without_edges(source, target, (start, end), (0, len(target))))
    units = [m.span() for m in _UNIT.finditer(target)]
    if not units:
        return Projected(0, len(target), sure=False)
    share = _shares(alignment, units, start, end)
    if (copy := _verbatim(text, target, share, units)) is not None:
        return Projected(*copy)
    words = np.array([share[i] if _wordlike(target, u) else -1.0 for i, u in enumerate(units)], np.float32)
    if float(words.max()) < _CERTAIN * 0.6:
        at = _ordered(source, target, start)
        nearest = min(units, key=lambda u: (not _wordlike(target, u), abs(u[0] - at)))
        return Projected(*nearest, sure=False)
    first, last = _best_run(share, target, units)
    return Projected(*_without_edges(source, target, (start, end), (units[first][0], units[last][1])))


def position(source: str, target: str, alignment: Alignment, at: int) -> int:
    """Where something of no width before ``source[at]`` goes in the target: after the word that it follows."""
    if at <= 0 or not source[:at].strip():
        return 0
    if not source[at:].strip(" .,;:!?)]}\"'”’»"):
        tail = source[at:].strip()
        return len(target) - len(tail) if tail and target.endswith(tail) else len(target)
    before = [m.span() for m in _UNIT.finditer(source, 0, at)]
    if not before:
        return 0
    start, end = before[-1]
    if not _wordlike(source, (start, end)) and source[start] in ".,;:!?":
        same = [m.end() for m in re.finditer(re.escape(source[start]), target)]
        guess = _ordered(source, target, at)
        if same:
            return min(same, key=lambda spot: abs(spot - guess))
    words = [unit for unit in before if _wordlike(source, unit)]
    if not words:
        return 0
    found = project(source, target, alignment, *words[-1])
    return found.end


def _only_punctuation_outside(source: str, start: int, end: int) -> bool:
    return not any(c.isalnum() for c in source[:start] + source[end:])


def _wordlike(text: str, unit: Range) -> bool:
    return text[unit[0]].isalnum() or text[unit[0]] == "_"


def _ordered(source: str, target: str, at: int) -> int:
    """The word boundary of the target at the same relative place."""
    if not target:
        return 0
    guess = round(at / max(1, len(source)) * len(target))
    edges = [0, len(target), *(m.start() for m in re.finditer(r"(?<=\s)\S", target))]
    return min(edges, key=lambda edge: abs(edge - guess))


def _shares(alignment: Alignment, units: Sequence[Range], start: int, end: int) -> NDArray[np.float32]:
    """For each target word, the share of its weight on source characters ``start:end``; shape (len(units),)."""
    mass = alignment.mass(start, end)
    total = alignment.weights.sum(axis=1) if len(alignment.target) else np.zeros(0, np.float32)
    shares = np.zeros(len(units), np.float32)
    for i, (a, b) in enumerate(units):
        rows = [t for t, (x, y) in enumerate(alignment.target) if x < b and a < y]
        weight = float(total[rows].sum()) if rows else 0.0
        shares[i] = float(mass[rows].sum()) / weight if weight > 0 else 0.0
    return shares


def _verbatim(text: str, target: str, share: NDArray[np.float32], units: Sequence[Range]) -> Range | None:
    """A whole-word copy of the text in the target: a name that the model left alone; of several the best aligned."""
    spots = [m.span() for m in re.finditer(rf"(?<!\w){re.escape(text)}(?!\w)", target)]
    if not spots or (len(spots) > 1 and len(text) < 2):
        return None

    def weight(spot: Range) -> float:
        return sum(float(share[i]) for i, u in enumerate(units) if spot[0] <= u[0] and u[1] <= spot[1])

    best = max(spots, key=weight)
    # A very short copy ("a", "of") may be another word altogether: the alignment must agree.
    return best if len(text) > 3 or weight(best) >= _CERTAIN else None


def _best_run(share: NDArray[np.float32], target: str, units: Sequence[Range]) -> tuple[int, int]:
    """The run of units with the greatest sum of (share - 1/2): Kadane's maximum subarray; punctuation is neutral."""
    gains = [float(share[i]) - _CERTAIN if _wordlike(target, u) else -0.05 for i, u in enumerate(units)]
    peak = max(range(len(units)), key=lambda i: share[i] if _wordlike(target, units[i]) else -1.0)
    gains[peak] = max(gains[peak], 0.1)
    best, best_range, current, first = -1.0, (peak, peak), 0.0, 0
    for i, gain in enumerate(gains):
        if current <= 0:
            current, first = 0.0, i
        current += gain
        if current > best:
            best, best_range = current, (first, i)
    return best_range


def _without_edges(source: str, target: str, inside: Range, found: Range) -> Range:
    """Quotes, brackets and stops at the edges stay on the side of the span on which the draft has them."""
    start, end = found
    text = source[inside[0] : inside[1]]
    while start < end and not target[start].isalnum() and text[:1] != target[start]:
        if text[:1] and not text[0].isalnum() and not text[0].isspace() and _kind(text[0]) == _kind(target[start]):
            break
        start += 1
    while end > start and not target[end - 1].isalnum() and text[-1:] != target[end - 1]:
        if (
            text[-1:]
            and not text[-1].isalnum()
            and not text[-1].isspace()
            and _kind(text[-1]) == _kind(target[end - 1])
        ):
            break
        end -= 1
    if start >= end:
        return found
    while text[-1:] and text[-1] in ")]}\"'”’»" and target[end : end + 1] == text[-1]:
        end += 1
        text = text[:-1]
    while text[:1] and text[0] in "([{\"'“‘«" and start and target[start - 1] == text[0]:
        start -= 1
        text = text[1:]
    return start, end


def _kind(char: str) -> str:
    return next((group for group in ("\"'“”‘’«»", "([{", ")]}", ".…", "!?") if char in group), char)
