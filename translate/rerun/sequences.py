"""Aligning two sequences of texts: equal ones in order, equal ones that moved, and those that were edited."""

from __future__ import annotations

import itertools
from collections import defaultdict, deque
from collections.abc import Hashable, Mapping, Sequence
from difflib import SequenceMatcher

_LARGEST = 40_000
"""Cells of one gap's table; a larger gap is aligned in bands around its diagonal."""


def key_of(text: str) -> str:
    """Two texts of the same key say the same: white space and line endings do not matter."""
    return " ".join(text.split())


def in_order(old: Sequence[Hashable], new: Sequence[Hashable]) -> list[tuple[int, int]]:
    """Pairs of equal items, ascending on both sides."""
    if old == new:
        return [(i, i) for i in range(len(old))]
    head = 0
    while head < min(len(old), len(new)) and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < min(len(old), len(new)) - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    pairs = [(i, i) for i in range(head)]
    matcher = SequenceMatcher(None, old[head : len(old) - tail], new[head : len(new) - tail], autojunk=False)
    for block in matcher.get_matching_blocks():
        pairs += [(head + block.a + k, head + block.b + k) for k in range(block.size)]
    return pairs + [(len(old) - k, len(new) - k) for k in range(tail, 0, -1)]


def equal_pairs(old: Sequence[str], new: Sequence[str]) -> dict[int, int]:
    """Old index to new index of equal texts: first those in order, then those that moved, duplicates in order."""
    pairs = dict(in_order(old, new))
    taken = set(pairs.values())
    waiting: defaultdict[str, deque[int]] = defaultdict(deque)
    for j, text in enumerate(new):
        if j not in taken:
            waiting[text].append(j)
    for i, text in enumerate(old):
        if i not in pairs and waiting[text]:
            pairs[i] = waiting[text].popleft()
    return pairs


def edited_pairs(
    old: Sequence[str | None], new: Sequence[str | None], known: Mapping[int, int], *, least: float, lone: float
) -> dict[int, int]:
    """Pairs of similar texts in the gaps between `known` pairs (old to new); None takes no part.

    ``least`` is the similarity (0 to 1) that a pair needs, ``lone`` the one where one old and one new text
    face each other alone.
    """
    found: dict[int, int] = {}
    taken = set(known.values())
    for start, end, first, last in _gaps(len(old), len(new), known):
        lefts = [i for i in range(start, end) if i not in known and old[i] is not None]
        rights = [j for j in range(first, last) if j not in taken and new[j] is not None]
        if len(lefts) == len(rights) == 1:
            found |= _best(lefts, rights, old, new, lone)
        elif lefts and rights:
            found |= _best(lefts, rights, old, new, least)
    return found


def _gaps(old: int, new: int, known: Mapping[int, int]) -> list[tuple[int, int, int, int]]:
    """(old start, old end, new start, new end) between the pairs of the longest ascending run."""
    run = ascending([known[i] for i in sorted(known)])
    pairs = [(i, j) for i, j in ((i, known[i]) for i in sorted(known)) if j in run]
    bounds = [(-1, -1), *pairs, (old, new)]
    return [(a + 1, c, b + 1, d) for (a, b), (c, d) in itertools.pairwise(bounds)]


def ascending(values: Sequence[int]) -> set[int]:
    """The longest ascending subsequence of distinct values (patience sorting, O(n log n))."""
    from bisect import bisect_left

    tops: list[int] = []
    ends: list[int] = []
    before: list[int] = []
    for k, value in enumerate(values):
        pile = bisect_left(tops, value)
        before.append(ends[pile - 1] if pile else -1)
        if pile == len(tops):
            tops.append(value)
            ends.append(k)
        else:
            tops[pile], ends[pile] = value, k
    found: set[int] = set()
    k = ends[-1] if ends else -1
    while k >= 0:
        found.add(values[k])
        k = before[k]
    return found


def similarity(a: str, b: str) -> float:
    """0 to 1: the share of characters in common, in order (normalised Indel similarity)."""
    from rapidfuzz.fuzz import ratio

    return ratio(a, b) / 100


def _best(
    lefts: Sequence[int], rights: Sequence[int], old: Sequence[str | None], new: Sequence[str | None], least: float
) -> dict[int, int]:
    """The monotone pairing of the greatest total similarity."""
    rows, columns = len(lefts), len(rights)
    band = max(rows, columns) if rows * columns <= _LARGEST else abs(rows - columns) + 30
    total = [[0.0] * (columns + 1) for _ in range(rows + 1)]
    paired = [bytearray(columns + 1) for _ in range(rows + 1)]
    for r in range(1, rows + 1):
        for c in range(1, columns + 1):
            total[r][c] = max(total[r - 1][c], total[r][c - 1])
            if abs(r - c) > band:
                continue
            likeness = similarity(old[lefts[r - 1]] or "", new[rights[c - 1]] or "")
            if likeness >= least and total[r - 1][c - 1] + likeness + 1e-9 > total[r][c]:
                total[r][c], paired[r][c] = total[r - 1][c - 1] + likeness + 1e-9, 1
    found: dict[int, int] = {}
    r, c = rows, columns
    while r and c:
        if paired[r][c]:
            r, c = r - 1, c - 1
            found[lefts[r]] = rights[c]
        elif total[r - 1][c] >= total[r][c - 1]:
            r -= 1
        else:
            c -= 1
    return found
