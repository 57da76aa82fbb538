"""Which blocks of one text correspond to which of its translation: dynamic programming over both.

As Gale & Church (1993) align sentences, with similarity in place of length alone: a *bead* joins
1-1, 1-2, 2-1, 1-3 or 3-1 neighbouring blocks, or leaves one out. The sum over all alignments
(forward-backward) gives each bead's posterior probability: how much better it is than every other
way to align the two texts.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from translate.scoring.similarity import Features, Postings, dot, features, length_penalty, products, weighted

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_LEAD = re.compile(r"\*\*[^\r\n]*\*\*[ \t]*\\?(?:\r\n|\r|\n)")
_CAPTION = re.compile(r"[*_][^*_\r\n]+[*_]|\[[*_][^*_\r\n]+[*_]\]\([^)\r\n]*\)")

Shapes = tuple[tuple[int, int], ...]
Prior = Callable[[int, int, int, int], float | None]

# Log-potentials of a bead, set on the bilingual newsletters (see benchmarks/reference_matching.py).
SIMILARITY = 30.0
LEAST = (0.07, 0.11)
"""The cosine that translations have at least, for blocks up to 40 and from 150 characters: on the
newsletters 95 % of pairs have more, and 99 % of blocks that have nothing to do with each other less."""
UNLIKE = (45.0, 70.0)
"""For each unit of cosine short of that: a short heading may well share nothing with its translation."""
LENGTH = 0.25
LENGTH_CAP = 12.0
STYLE = 1.5
DISTANCE = 3.0
SKIP = -1.5
MERGE = -1.0
SHAPES: Shapes = ((1, 1), (1, 2), (2, 1), (1, 3), (3, 1))
BAND = 60
"""Blocks off the diagonal that are still compared (the whole table for shorter texts)."""
LEAST_BAND = 10
CELLS = 250_000
"""Pairs of blocks compared in one alignment (500 blocks with 500): a larger table has a narrower band, down to
`LEAST_BAND`, so that time and memory grow with the texts' length and not with its square."""
REACH = 40
"""Blocks away from its place that a block is compared, where places are given: further off, the prior outweighs any
likeness."""


@dataclass(frozen=True, slots=True)
class Block:
    """What is compared: clean text, its Markdown (for URLs), its style, and the image over a caption.

    ``style`` is "heading", "text", "lead" (a heading and its text in one), or any other word.
    Blocks of different ``group`` never match (None matches None).
    """

    text: str
    markdown: str
    style: str
    image: str | None = None
    group: int | None = None


@dataclass(frozen=True, slots=True)
class Bead:
    """Blocks ``left`` correspond to blocks ``right``; ``similarity`` is a cosine, ``posterior`` a probability."""

    left: tuple[int, ...]
    right: tuple[int, ...]
    similarity: float
    posterior: float


def style_of(kind: str, markdown: str) -> str:
    """How a block looks: translators turn headings into bold lines and back, but seldom into text."""
    if kind == "paragraph":
        whole = markdown.strip()
        if _LEAD.match(whole):
            return "lead"
        if whole.startswith("**") and whole.endswith("**") and "\n" not in whole:
            return "heading"
        return "caption" if _CAPTION.fullmatch(whole) else "text"
    return {"heading": "heading", "item": "text", "definition": "text", "footnote": "text"}.get(kind, kind)


def align(
    left: Sequence[Block],
    right: Sequence[Block],
    *,
    shapes: Shapes = SHAPES,
    prior: Prior | None = None,
    places: Sequence[int] | None = None,
) -> list[Bead]:
    """The best alignment in order, without the blocks it leaves out. Left is English, right Portuguese.

    ``prior(i, a, j, b)`` replaces the preference for equal relative positions: what to add to the
    log-potential of joining `a` blocks at `i` with `b` at `j`, or None where they may not join. ``places`` (ascending)
    are the right block before which each left one stands; what is `REACH` blocks off it is not compared.
    """
    return _Table(left, right, shapes, prior, places).beads() if left and right else []


def similarities(left: Sequence[Block], right: Sequence[Block]) -> NDArray[np.float32]:
    """The cosines of all pairs."""
    import numpy as np

    xs, ys = weighted([_features(b) for b in left], [_features(b) for b in right])
    rows = np.array([norms[0] for norms in _norms(xs, 1)], dtype=np.float32)
    columns = np.array([norms[0] for norms in _norms(ys, 1)], dtype=np.float32)
    cosines: NDArray[np.float32] = products(xs, ys) / np.maximum(rows[:, None] * columns[None, :], 1e-6)
    return cosines


class _Table:
    """Similarities of all runs of blocks, and the dynamic programme over them."""

    def __init__(
        self,
        left: Sequence[Block],
        right: Sequence[Block],
        shapes: Shapes = SHAPES,
        prior: Prior | None = None,
        places: Sequence[int] | None = None,
    ) -> None:
        self.left, self.right, self.shapes = left, right, shapes
        self.prior = prior or self._distance
        xs, ys = weighted([_features(b) for b in left], [_features(b) for b in right])
        self.left_norms, self.right_norms = (
            _norms(xs, max(a for a, _ in shapes)),
            _norms(ys, max(b for _, b in shapes)),
        )
        self.left_lengths, self.right_lengths = [len(b.text) for b in left], [len(b.text) for b in right]
        self.columns = _diagonal(len(left), len(right)) if places is None else _around(places, len(right))
        self._compare(xs, ys)

    def _compare(self, xs: Sequence[Features], ys: Sequence[Features]) -> None:
        """Dot products and cosines of each left block with the right ones that it may meet."""
        import numpy as np

        postings = Postings(ys)
        norms = np.array([row[0] for row in self.right_norms], dtype=np.float32)
        tallest = max(a for a, _ in self.shapes)
        self.firsts: list[int] = []
        self.products: list[list[float]] = []
        self.cosines: list[list[float]] = []
        for i, item in enumerate(xs):
            first = self.columns[max(0, i - tallest + 1)].start
            last = min(self.columns[min(len(xs), i + tallest)].stop, len(ys))
            row = postings.row(item, first, last)
            cosines = row / np.maximum(np.float32(self.left_norms[i][0]) * norms[first:last], np.float32(1e-6))
            self.firsts.append(first)
            self.products.append(row.tolist())
            self.cosines.append(cosines.tolist())

    def single(self, i: int, j: int) -> float:
        return self.cosines[i][j - self.firsts[i]]

    def similarity(self, i: int, a: int, j: int, b: int) -> float:
        if a == b == 1:
            return self.single(i, j)
        total = sum(self.products[p][q - self.firsts[p]] for p in range(i, i + a) for q in range(j, j + b))
        norm = self.left_norms[i][a - 1] * self.right_norms[j][b - 1]
        return total / norm if norm else 0.0

    def potential(self, i: int, a: int, j: int, b: int) -> float | None:
        """The log-potential of joining `a` blocks at `i` with `b` at `j`; None where they may not join."""
        # One end of a run at least has something of the other side; this also saves most of the time.
        if a + b > 2 and max(self.single(i, j), self.single(i + a - 1, j + b - 1)) < LEAST[0]:
            return None
        lefts, rights = self.left[i : i + a], self.right[j : j + b]
        if len({block.group for block in (*lefts, *rights)}) > 1:
            return None
        same_style = _same_style(lefts, rights)
        if same_style is None:
            return None
        prior = self.prior(i, a, j, b)
        if prior is None:
            return None
        cosine = self.similarity(i, a, j, b)
        length = length_penalty(sum(self.left_lengths[i : i + a]), sum(self.right_lengths[j : j + b]))
        characters = sum(self.left_lengths[i : i + a])
        beyond = cosine - _by_length(characters, *LEAST)
        score = (SIMILARITY if beyond > 0 else _by_length(characters, *UNLIKE)) * beyond
        score -= min(LENGTH * length, LENGTH_CAP)
        if lefts[0].group is not None:  # known to belong together
            score = max(score, 0.0)
        score += STYLE if same_style else -STYLE
        return score + prior + MERGE * (a + b - 2)

    def _distance(self, i: int, _a: int, j: int, _b: int) -> float:
        return -DISTANCE * abs(i / len(self.left) - j / len(self.right))

    def beads(self) -> list[Bead]:
        n, m = len(self.left), len(self.right)
        edges = self._edges()
        inf = -math.inf
        forward = [dict.fromkeys(columns, inf) for columns in self.columns]
        best = [dict.fromkeys(columns, inf) for columns in self.columns]
        came: dict[tuple[int, int], tuple[int, int]] = {}
        forward[0][0] = best[0][0] = 0.0
        for i in range(n + 1):
            for j in self.columns[i]:
                if forward[i][j] == inf:
                    continue
                for a, b, score in edges[i, j]:
                    forward[i + a][j + b] = _add(forward[i + a][j + b], forward[i][j] + score)
                    if best[i][j] + score > best[i + a][j + b]:
                        best[i + a][j + b] = best[i][j] + score
                        came[i + a, j + b] = (a, b)
        backward = [dict.fromkeys(columns, inf) for columns in self.columns]
        backward[n][m] = 0.0
        for i in range(n, -1, -1):
            for j in reversed(self.columns[i]):
                for a, b, score in edges[i, j]:
                    backward[i][j] = _add(backward[i][j], score + backward[i + a][j + b])
        total = forward[n][m]
        found: list[Bead] = []
        i, j = n, m
        while i or j:
            a, b = came[i, j]
            i, j = i - a, j - b
            if a and b:
                score = next(s for x, y, s in edges[i, j] if (x, y) == (a, b))
                posterior = math.exp(min(0.0, forward[i][j] + score + backward[i + a][j + b] - total))
                found.append(
                    Bead(tuple(range(i, i + a)), tuple(range(j, j + b)), self.similarity(i, a, j, b), posterior)
                )
        return found[::-1]

    def _edges(self) -> dict[tuple[int, int], list[tuple[int, int, float]]]:
        n, m = len(self.left), len(self.right)
        edges: dict[tuple[int, int], list[tuple[int, int, float]]] = {}
        for i in range(n + 1):
            for j in self.columns[i]:
                here: list[tuple[int, int, float]] = []
                if i < n and j in self.columns[i + 1]:
                    here.append((1, 0, SKIP))
                if j < m and j + 1 in self.columns[i]:
                    here.append((0, 1, SKIP))
                for a, b in self.shapes:
                    if i + a <= n and j + b <= m and j + b in self.columns[i + a]:
                        score = self.potential(i, a, j, b)
                        if score is not None:
                            here.append((a, b, score))
                edges[i, j] = here
        return edges


def _diagonal(n: int, m: int) -> list[range]:
    """For each of 0 … n, the columns of 0 … m that are near the diagonal."""
    band = max(BAND, abs(n - m) + BAND // 2)
    if n * min(2 * band, m) > CELLS:
        band = min(band, max(LEAST_BAND, m // n + 1, CELLS // (2 * n)))
    middles = (round(i * m / n) for i in range(n + 1))
    return [range(max(0, middle - band), min(m, middle + band) + 1) for middle in middles]


def _around(places: Sequence[int], m: int) -> list[range]:
    """For each of 0 … n, the columns of 0 … m that are near the places of the blocks before and after."""
    bounds = [0, *places, m]
    return [range(max(0, before - REACH), min(m, after + REACH) + 1) for before, after in itertools.pairwise(bounds)]


def _features(block: Block) -> dict[str, float]:
    found = features(block.text, block.markdown)
    if block.image:
        found["image " + block.image] = 3.0
    return found


def _by_length(characters: int, short: float, long: float) -> float:
    """From `short` at 40 characters to `long` at 150."""
    return short + min(1.0, max(0.0, (characters - 40) / 110)) * (long - short)


def _same_style(lefts: Sequence[Block], rights: Sequence[Block]) -> bool | None:
    """Whether two runs look alike; None where a run of blocks that differ cannot be one block.

    A heading and the text under it may be one block on the other side (``lead``).
    """
    styles = []
    for run in (lefts, rights):
        different = {block.style for block in run}
        if len(different) == 1:
            styles.append(run[0].style)
        elif run[0].style == "heading" and {block.style for block in run[1:]} == {"text"}:
            styles.append("lead")
        else:
            return None
    return styles[0] == styles[1]


def _norms(items: Sequence[Features], widest: int) -> list[list[float]]:
    """For each position the norms of the sums of 1, 2 … `widest` items from there."""
    norms = []
    crosses = [[dot(items[i], items[i + k]) for k in range(min(widest, len(items) - i))] for i in range(len(items))]
    for i in range(len(items)):
        row: list[float] = []
        total = 0.0
        for last in range(i, min(i + widest, len(items))):
            total += crosses[last][0] + 2 * sum(crosses[k][last - k] for k in range(i, last))
            row.append(math.sqrt(total))
        norms.append(row)
    return norms


def _add(x: float, y: float) -> float:
    """log(exp(x) + exp(y))."""
    if x < y:
        x, y = y, x
    return x if y == -math.inf else x + math.log1p(math.exp(y - x))
