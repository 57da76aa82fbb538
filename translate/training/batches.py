"""Batches of pairs of similar length, the same ones for the same (seed, epoch, position).

Every batch is a pure function of these three numbers, so that a run resumes in the middle of an epoch, several
processes share an epoch without talking about it, and workers may collate in any order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from translate.errors import UserError
from translate.training.augment import Protector
from translate.training.prepared import PROTECT_BEGIN, Prepared

if TYPE_CHECKING:
    from translate.training.loss import TensorBatch

Indices = NDArray[np.int64]

_ITEMS_TO_SORT = 2  # pairs sorted together, for each token of a batch: some 40 batches of 20 tokens a pair


@dataclass(frozen=True, slots=True)
class Batch:
    """Padded pairs: ``source`` (B, S), ``decoder`` and ``labels`` (B, T), int64; ``guide`` (B, T, S) float32 or None.

    ``decoder`` is ``labels`` one to the right, beginning with ``<pad>``; both sides end with ``</s>``.
    """

    source: NDArray[np.int64]
    decoder: NDArray[np.int64]
    labels: NDArray[np.int64]
    guide: NDArray[np.float32] | None
    tokens: int
    """Target pieces, ``</s>`` counted."""

    def to(self, device: str) -> TensorBatch:
        """The batch as tensors on ``device``."""
        import torch

        from translate.training.loss import TensorBatch

        arrays = (self.source, self.decoder, self.labels, self.guide)
        return TensorBatch(*(None if a is None else torch.from_numpy(a).to(device, non_blocking=True) for a in arrays))


@dataclass(frozen=True, slots=True)
class Mixture:
    """What an epoch is made of: all of ``main`` and, for each of its pairs, ``share`` freshly drawn pairs of ``rest``.

    Mixed fine-tuning (Chu et al. 2017): ``main`` holds the in-domain pairs, several times each if need be.
    """

    main: Indices
    rest: Indices = field(default_factory=lambda: np.zeros(0, np.int64))
    share: float = 0.0

    def epoch(self, seed: int, epoch: int) -> Indices:
        """The pairs of an epoch, in no order."""
        if not self.share or not len(self.rest):
            return self.main
        count = round(self.share * len(self.main))
        rng = np.random.default_rng((seed, epoch, 1))
        whole, left = divmod(count, len(self.rest))
        drawn = [np.tile(self.rest, whole), rng.choice(self.rest, left, replace=False)]
        return np.concatenate([self.main, *drawn]).astype(np.int64)


@dataclass(frozen=True, slots=True)
class Batching:
    """How batches are made.

    ``tokens``: padded pieces in a batch, of the longer side; ``longest``: pairs with more pieces on a side are left
    out; ``protect``: share of aligned pairs in which a random span is protected by ``<t> … </t>``.
    """

    tokens: int
    longest: int
    protect: float
    seed: int


class Batches:
    """The batches of a prepared corpus. Raises UserError if no pair is short enough."""

    def __init__(self, prepared: Prepared, mixture: Mixture, batching: Batching) -> None:
        self._prepared = prepared
        self._batching = batching
        self._source_lengths = np.diff(prepared.source_offsets)
        self._target_lengths = np.diff(prepared.target_offsets)
        fits = np.maximum(self._source_lengths, self._target_lengths) <= min(batching.longest, batching.tokens - 1)
        self._mixture = replace(mixture, main=mixture.main[fits[mixture.main]], rest=mixture.rest[fits[mixture.rest]])
        if not len(self._mixture.main):
            raise UserError(f"{prepared.folder}: no pair has at most {batching.longest} pieces on both sides.")
        self._protector = Protector.of(prepared.pieces)
        self._begin = prepared.vocabulary.get(PROTECT_BEGIN, -1)

    def plan(self, epoch: int) -> list[Indices]:
        """The batches of an epoch: the pairs of each, in the order of training.

        Pairs are shuffled, sorted by length within large chunks, cut, and the batches of a chunk shuffled again.
        """
        rng = np.random.default_rng((self._batching.seed, epoch, 0))
        pairs = self._mixture.epoch(self._batching.seed, epoch)
        pairs = pairs[rng.permutation(len(pairs))]
        chunk = _ITEMS_TO_SORT * self._batching.tokens
        plan: list[Indices] = []
        for start in range(0, len(pairs), chunk):
            part = pairs[start : start + chunk]
            part = part[np.lexsort((self._source_lengths[part], self._target_lengths[part]))]
            cut = list(self._cut(part))
            plan += [cut[k] for k in rng.permutation(len(cut))]
        return plan

    def _cut(self, pairs: Indices) -> Iterator[Indices]:
        longest = np.maximum(self._source_lengths[pairs], self._target_lengths[pairs]) + 1
        start, width = 0, 0
        for k, length in enumerate(longest):
            wider = max(width, int(length))
            if k > start and wider * (k - start + 1) > self._batching.tokens:
                yield pairs[start:k]
                start, wider = k, int(length)
            width = wider
        yield pairs[start:]

    def batch(self, pairs: Indices, epoch: int, position: int) -> Batch:
        """The batch at ``position`` of the epoch's plan, with protected spans at random."""
        rng = np.random.default_rng((self._batching.seed, epoch, 2, position))
        return self._collate(pairs, rng)

    def in_order(self, pairs: Indices) -> list[Indices]:
        """Pairs in batches, shortest first; those that are too long are left out."""
        longest = np.maximum(self._source_lengths[pairs], self._target_lengths[pairs])
        fits = longest <= min(self._batching.longest, self._batching.tokens - 1)
        return list(self._cut(pairs[fits][np.argsort(longest[fits], kind="stable")])) if fits.any() else []

    def plain(self, pairs: Indices) -> Batch:
        """A batch without augmentation, for validation."""
        return self._collate(pairs, None)

    def _collate(self, pairs: Indices, rng: np.random.Generator | None) -> Batch:
        p = self._prepared
        sources, targets, links = [], [], []
        for i in pairs.tolist():
            source, target = p.pair(i)
            link = p.links_of(i)
            if rng is not None and link is not None and self._wants_protection(source, rng):
                source, target, link = self._protector.protect(source, target, link, rng)
            sources.append(source)
            targets.append(target)
            links.append(link)
        return collate(sources, targets, links, pad=p.pad, end=p.end)

    def _wants_protection(self, source: NDArray[np.uint16], rng: np.random.Generator) -> bool:
        """At random, unless the pair came with protected spans."""
        return rng.random() < self._batching.protect and self._begin not in source


def collate(
    sources: Sequence[NDArray[np.uint16]],
    targets: Sequence[NDArray[np.uint16]],
    links: Sequence[NDArray[np.uint8] | None],
    *,
    pad: int,
    end: int,
) -> Batch:
    """Pads pairs of pieces (no end marks) to a batch; ``links``: (source piece, target piece, …) for each pair."""
    size, width, height = len(sources), max(map(len, sources)) + 1, max(map(len, targets)) + 1
    source = np.full((size, width), pad, np.int64)
    decoder = np.full((size, height), pad, np.int64)
    labels = np.full((size, height), pad, np.int64)
    guide: NDArray[np.float32] | None = None
    if any(link is not None and len(link) for link in links):
        guide = np.zeros((size, height, width), np.float32)
    for row, (x, y, link) in enumerate(zip(sources, targets, links, strict=True)):
        source[row, : len(x)], source[row, len(x)] = x, end
        labels[row, : len(y)], labels[row, len(y)] = y, end
        decoder[row, 1 : len(y) + 1] = y
        if guide is not None and link is not None and len(link):
            guide[row, link[:, 1], link[:, 0]] = 1.0
    if guide is not None:
        guide /= np.maximum(guide.sum(-1, keepdims=True), 1)
    return Batch(source, decoder, labels, guide, sum(map(len, targets)) + size)
