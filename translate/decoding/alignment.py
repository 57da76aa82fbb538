"""Which source characters each piece of a translation comes from.

The weights are the attention of the last decoder layer's first head, which guided alignment trains (Chen et al. 2016).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Range = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Alignment:
    """Soft links: ``weights[t, s]`` says how much target range ``t`` comes from source range ``s``.

    ``source`` and ``target`` are half-open character ranges, sorted; ``weights`` has shape
    (len(target), len(source)).
    """

    source: tuple[Range, ...]
    target: tuple[Range, ...]
    weights: NDArray[np.float32] = field(repr=False)

    def mass(self, start: int, end: int) -> NDArray[np.float32]:
        """For each target range, the weight that falls on source characters ``start:end``; shape (len(target),)."""
        inside = [i for i, (a, b) in enumerate(self.source) if a < end and start < b]
        if not inside or not self.target:
            return np.zeros(len(self.target), np.float32)
        return np.asarray(self.weights[:, inside].sum(axis=1), np.float32)

    def links(self) -> list[tuple[Range, Range]]:
        """The strongest source range of each target range, as (source range, target range)."""
        if not self.source:
            return []
        best = self.weights.argmax(axis=1)
        return [(self.source[int(s)], t) for s, t in zip(best, self.target, strict=True)]


def whole(source: str, target: str) -> Alignment:
    """All of one text linked to all of the other: for what was copied rather than decoded."""
    return Alignment(((0, len(source)),), ((0, len(target)),), np.ones((1, 1), np.float32))


def inside(ranges: Sequence[Range], start: int, end: int) -> list[int]:
    """Indices of the non-empty ranges that overlap ``start:end``."""
    return [i for i, (a, b) in enumerate(ranges) if a < b and a < end and start < b]
