"""Aligning two sequences of texts: equal ones in order, equal ones that moved, and those that were edited."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict, deque
from collections.abc import Hashable, Mapping, Sequence
from difflib import SequenceMatcher

_LARGEST = 40_000
"""Cells of one gap's table; a larger gap is aligned in bands around its diagonal."""
_BAND = 30
_LONGEST = 50_000
"""Characters that are compared of each of two texts."""
_MOST_PAIRS, _MOST_EQUAL = 4_000_000, 400_000
"""Pairs of items, and of equal items, up to which two sequences are compared by difflib, whose time may grow with the
cube of their length."""


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
    inner = _common(old[head : len(old) - tail], new[head : len(new) - tail])
    pairs += [(head + i, head + j) for i, j in inner]
    return pairs + [(len(old) - k, len(new) - k) for k in range(tail, 0, -1)]


def _common(old: Sequence[Hashable], new: Sequence[Hashable]) -> list[tuple[int, int]]:
    """Pairs of equal items in order. Very long sequences are cut at the items that both have once (patience diff)."""
    if _comparable(old, new):
        return _blocks(old, new)
    counts, others = Counter(old), Counter(new)
    where = {item: j for j, item in enumerate(new)}
    known = {i: where[item] for i, item in enumerate(old) if counts[item] == others[item] == 1}
    found: list[tuple[int, int]] = []
    for start, end, first, last in _gaps(len(old), len(new), known):
        left, right = old[start:end], new[first:last]
        inner = _blocks(left, right) if _comparable(left, right) else _greedy(left, right)
        found += [(start + i, first + j) for i, j in inner]
        if end < len(old):
            found.append((end, last))
    return found


def _comparable(old: Sequence[Hashable], new: Sequence[Hashable]) -> bool:
    if len(old) * len(new) > _MOST_PAIRS:
        return False
    counts = Counter(new)
    return sum(counts[item] for item in old) <= _MOST_EQUAL


def _blocks(old: Sequence[Hashable], new: Sequence[Hashable]) -> list[tuple[int, int]]:
    blocks = SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks()
    return [(block.a + k, block.b + k) for block in blocks for k in range(block.size)]


def _greedy(old: Sequence[Hashable], new: Sequence[Hashable]) -> list[tuple[int, int]]:
    """Each item with the next equal one: in order, though seldom the most."""
    places: defaultdict[Hashable, deque[int]] = defaultdict(deque)
    for j, item in enumerate(new):
        places[item].append(j)
    found: list[tuple[int, int]] = []
    after = 0
    for i, item in enumerate(old):
        waiting = places[item]
        while waiting and waiting[0] < after:
            waiting.popleft()
        # A jump over much of the other side would leave nothing for the items behind it.
        if waiting and waiting[0] - after <= 2 * _BAND:
            found.append((i, waiting[0]))
            after = waiting.popleft() + 1
    return found


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

    return ratio(a[:_LONGEST], b[:_LONGEST]) / 100


def _best(
    lefts: Sequence[int], rights: Sequence[int], old: Sequence[str | None], new: Sequence[str | None], least: float
) -> dict[int, int]:
    """The monotone pairing of the greatest total similarity."""
    rows, columns = len(lefts), len(rights)
    spans = _bands(rows, columns)
    total = [[0.0] * len(span) for span in spans]
    paired = [bytearray(len(span)) for span in spans]

    def at(r: int, c: int) -> float:
        """The total of a cell; beside the band, that of the nearest one in it."""
        span = spans[r]
        return total[r][min(c, span.stop - 1) - span.start] if c >= span.start else 0.0

    for r in range(1, rows + 1):
        span = spans[r]
        row = total[r]
        for c in span:
            k = c - span.start
            left = row[k - 1] if k else at(r - 1, c - 1) if c else 0.0
            row[k] = max(at(r - 1, c), left)
            if not c:
                continue
            likeness = similarity(old[lefts[r - 1]] or "", new[rights[c - 1]] or "")
            if likeness >= least and at(r - 1, c - 1) + likeness + 1e-9 > row[k]:
                row[k], paired[r][k] = at(r - 1, c - 1) + likeness + 1e-9, 1
    found: dict[int, int] = {}
    r, c = rows, columns
    while r and c:
        span = spans[r]
        if c in span and paired[r][c - span.start]:
            r, c = r - 1, c - 1
            found[lefts[r]] = rights[c]
        elif c >= span.stop or (c > span.start and at(r - 1, c) < at(r, c - 1)):
            c -= 1
        else:
            r -= 1
    return found


def _bands(rows: int, columns: int) -> list[range]:
    """For each of 0 … rows, the columns of 0 … columns to look at: all, or those near the diagonal."""
    if rows * columns <= _LARGEST:
        return [range(columns + 1)] * (rows + 1)
    band = max(_BAND, columns // rows + 1, _LARGEST // (2 * rows))
    middles = (round(r * columns / rows) for r in range(rows + 1))
    return [range(max(0, middle - band), min(columns, middle + band) + 1) for middle in middles]
