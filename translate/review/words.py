"""Word-level differences between two texts: insertions, deletions and moves.

The edits tile both texts: joining their slices of either side gives that side back, character for character.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import Literal

EditKind = Literal["equal", "delete", "insert", "moved-away", "moved-here"]

_TOKEN = re.compile(r"\w+(?:[-'\u2019.]\w+)*|[^\w\s]")
_LONGEST_TABLE = 40_000
"""Deleted times inserted words; beyond it moves are not looked for."""
_LONE_MOVE = 5
"""Letters of the shortest word that counts as moved on its own."""
_SHORT_ISLAND = 3
"""Letters of an equal run that is not worth interrupting a rewritten passage for."""


@dataclass(frozen=True, slots=True)
class Edit:
    """``before[a0:a1]`` became ``after[b0:b1]``.

    ``a0 == a1`` for ``insert`` and ``moved-here``, ``b0 == b1`` for ``delete`` and ``moved-away``. Both sides of an
    ``equal`` edit have the same words (blanks may differ). The two halves of a move share ``move`` (from 1 on).
    """

    kind: EditKind
    a0: int
    a1: int
    b0: int
    b1: int
    move: int = 0


def diff(before: str, after: str) -> tuple[Edit, ...]:
    """The edits that turn ``before`` into ``after``, word by word."""
    a, b = _tokens(before), _tokens(after)
    runs = _with_moves(list(_runs(a.words, b.words)), a.words, b.words)
    return tuple(
        Edit(run.kind, a.bounds[run.a0], a.bounds[run.a1], b.bounds[run.b0], b.bounds[run.b1], run.move) for run in runs
    )


@dataclass(frozen=True, slots=True)
class _Tokens:
    """Words and signs; ``bounds[i]:bounds[i + 1]`` is the slice of word ``i`` with the blanks after it."""

    words: tuple[str, ...]
    bounds: tuple[int, ...]


def _tokens(text: str) -> _Tokens:
    found = list(_TOKEN.finditer(text))
    if not found:
        return _Tokens((text,), (0, len(text))) if text else _Tokens((), (0,))
    starts = [0, *(match.start() for match in found[1:])]
    return _Tokens(tuple(match[0] for match in found), (*starts, len(text)))


def _runs(a: Sequence[str], b: Sequence[str]) -> Iterator[Edit]:
    """Edits over word indices: equal runs, and between them what was deleted before what was inserted."""
    matcher = SequenceMatcher(None, a, b, autojunk=False)
    blocks = [block for block in matcher.get_matching_blocks() if block.size]
    kept = [block for k, block in enumerate(blocks) if not _is_island(k, blocks, a, b)]
    i = j = 0
    for start, other, size in [*kept, (len(a), len(b), 0)]:
        if i < start:
            yield Edit("delete", i, start, j, j)
        if j < other:
            yield Edit("insert", start, start, j, other)
        if size:
            yield Edit("equal", start, start + size, other, other + size)
        i, j = start + size, other + size


def _is_island(k: int, blocks: Sequence[tuple[int, int, int]], a: Sequence[str], b: Sequence[str]) -> bool:
    """Whether an equal run is a lone short word (``de``, a comma) inside a passage that was written anew."""
    start, other, size = blocks[k]
    if size > 1 or len(a[start]) > _SHORT_ISLAND:
        return False
    before = blocks[k - 1] if k else (0, 0, 0)
    after = blocks[k + 1] if k + 1 < len(blocks) else (len(a), len(b), 0)
    left = (start - before[0] - before[2], other - before[1] - before[2])
    right = (after[0] - start - size, after[1] - other - size)
    rewritten = 2
    return all(min(side) >= rewritten for side in (left, right))


def _with_moves(runs: list[Edit], a: Sequence[str], b: Sequence[str]) -> list[Edit]:
    """Deleted words that stand elsewhere among the inserted ones become two halves of a move, longest first."""
    gone = sum(run.a1 - run.a0 for run in runs if run.kind == "delete")
    come = sum(run.b1 - run.b0 for run in runs if run.kind == "insert")
    if gone * come > _LONGEST_TABLE:
        return runs
    number = 0
    while True:
        best: tuple[int, int, int, int, int] | None = None  # length, run, run, offset, offset
        deletes = [(k, run) for k, run in enumerate(runs) if run.kind == "delete"]
        inserts = [(k, run) for k, run in enumerate(runs) if run.kind == "insert"]
        for x, lost in deletes:
            for y, new in inserts:
                size, i, j = _common_run(a[lost.a0 : lost.a1], b[new.b0 : new.b1], 0 if best is None else best[0])
                if size:
                    best = (size, x, y, lost.a0 + i, new.b0 + j)
        if best is None:
            return runs
        number += 1
        runs = _cut(runs, best, number)


def _common_run(a: Sequence[str], b: Sequence[str], least: int) -> tuple[int, int, int]:
    """(words, start in ``a``, start in ``b``) of the longest common run of more than ``least`` words that is a move."""
    best = (0, 0, 0)
    above = [0] * (len(b) + 1)
    for i, word in enumerate(a, 1):
        row = [0] * (len(b) + 1)
        for j, other in enumerate(b, 1):
            if word == other:
                size = row[j] = above[j - 1] + 1
                if size > max(best[0], least) and _is_move(a[i - size : i]):
                    best = (size, i - size, j - size)
        above = row
    return best


def _is_move(words: Sequence[str]) -> bool:
    letters = [word for word in words if any(c.isalnum() for c in word)]
    return len(letters) > 1 or (len(letters) == 1 and len(letters[0]) >= _LONE_MOVE)


def _cut(runs: list[Edit], best: tuple[int, int, int, int, int], number: int) -> list[Edit]:
    size, x, y, i, j = best
    found: list[Edit] = []
    for k, run in enumerate(runs):
        if k == x:
            parts = [
                replace(run, a1=i),
                replace(run, kind="moved-away", a0=i, a1=i + size, move=number),
                replace(run, a0=i + size),
            ]
        elif k == y:
            parts = [
                replace(run, b1=j),
                replace(run, kind="moved-here", b0=j, b1=j + size, move=number),
                replace(run, b0=j + size),
            ]
        else:
            parts = [run]
        found += [part for part in parts if part.a0 < part.a1 or part.b0 < part.b1]
    return found
