"""Batches of requests of similar length, and hypotheses cut to what was asked: shared by the engines."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from translate.marian.protocol import Hypothesis, Request


@dataclass(frozen=True, slots=True)
class Batch:
    """Requests (by index) that are decoded together, in at most ``max_length`` target pieces."""

    indices: tuple[int, ...]
    max_length: int
    key: int


def check_sizes(beam_size: int, num_hypotheses: int) -> None:
    """ValueError unless 1 ≤ num_hypotheses ≤ beam_size."""
    if not 1 <= num_hypotheses <= beam_size:
        raise ValueError(f"{num_hypotheses} hypotheses cannot come from a beam of {beam_size}")


def plan(
    requests: Sequence[Request], *, batch_tokens: int, limit: int, key: Callable[[Request], int] = lambda _: 0
) -> Iterator[Batch]:
    """Batches of at most ``batch_tokens`` padded source tokens, longest first; requests without pieces left out.

    Requests of different ``key`` never share a batch, nor do those whose length bounds differ more
    than twofold: a batch is decoded up to its largest bound. ``limit`` is what the model can decode.
    """
    lengths = [min(max(r.max_length, len(r.prefix) + 1), limit) for r in requests]
    keys = [int(key(r)) for r in requests]
    order = sorted(
        (i for i, r in enumerate(requests) if r.pieces),
        key=lambda i: (keys[i], len(requests[i].pieces), lengths[i]),
        reverse=True,
    )
    current: list[int] = []

    def fits(i: int) -> bool:
        first = current[0]
        bounds = [lengths[j] for j in (*current, i)]
        return (
            keys[i] == keys[first]
            and (len(current) + 1) * (len(requests[first].pieces) + 1) <= batch_tokens
            and max(bounds) <= 2 * min(bounds) + 16
        )

    for i in order:
        if current and not fits(i):
            yield Batch(tuple(current), max(lengths[j] for j in current), keys[current[0]])
            current = []
        current.append(i)
    if current:
        yield Batch(tuple(current), max(lengths[j] for j in current), keys[current[0]])


def hypothesis(request: Request, pieces: Sequence[str], score: float, attention: NDArray[np.float32]) -> Hypothesis:
    """A hypothesis within the request's own length bound, its attention (if asked for) as wide as its source.

    The source beyond the model's positions was cut off: it gets no attention.
    """
    length = max(request.max_length, len(request.prefix) + 1)
    rows = attention[: min(length, len(pieces)) if request.align else 0]
    missing = len(request.pieces) - rows.shape[1]
    if missing > 0:
        rows = np.pad(rows, ((0, 0), (0, missing)))
    return Hypothesis(tuple(pieces[:length]), float(score), np.ascontiguousarray(rows, dtype=np.float32))


def nothing(request: Request) -> Hypothesis:
    """What a request without source pieces gives: its prefix."""
    return Hypothesis(request.prefix, 0.0, np.zeros((len(request.prefix), 0), np.float32))
