"""Protected terms, learned by example: spans that are wrapped in ``<t> … </t>`` and stay English on both sides.

Dinu et al. 2019 ("Training Neural Machine Translation to Apply Terminology Constraints") and Bergmanis and Pinnis
2021 annotate the source with the target term; here the term is the source itself, because what a glossary protects
stays in English. The checkpoint learns to copy whatever is protected, and where it belongs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from translate.training.prepared import PROTECT_BEGIN, PROTECT_END

Pieces = NDArray[np.uint16]
Links = NDArray[np.uint8]

_WORD = "▁"
_WORDS = (1, 1, 2, 3)  # how long a span is, drawn from these
_TRIES = 4
_MIN_LETTERS = 4


@dataclass(frozen=True, slots=True)
class Span:
    """A protected span: pieces ``a`` to ``b`` of the source, in place of pieces ``c`` to ``d`` of the target."""

    a: int
    b: int
    c: int
    d: int


@dataclass(frozen=True, slots=True)
class Protector:
    """Wraps spans of pairs; what it needs to know of the vocabulary. Get one from :meth:`of`."""

    begin: int | None
    end: int | None
    starts: tuple[bool, ...]  # whether a piece begins a word
    letters: tuple[int, ...]  # the letters of a piece; -1 if it has anything but letters, or none

    @classmethod
    def of(cls, pieces: Sequence[str]) -> Protector:
        """The protector of a vocabulary; one without ``<t>`` leaves every pair as it is."""
        ids = {piece: i for i, piece in enumerate(pieces)}
        plain = [piece.replace(_WORD, "") for piece in pieces]
        return cls(
            ids.get(PROTECT_BEGIN),
            ids.get(PROTECT_END),
            tuple(piece.startswith(_WORD) for piece in pieces),
            tuple(len(piece) if piece.isalpha() else -1 for piece in plain),
        )

    def protect(
        self, source: Pieces, target: Pieces, links: Links, rng: np.random.Generator
    ) -> tuple[Pieces, Pieces, Links]:
        """The pair with one random span protected, and its links; the arguments as they are if there is no good span.

        ``links``: (source piece, target piece, in both directions) in rows. In the protected span each piece is
        linked to itself.
        """
        span = self.find(source, target, links, rng)
        if span is None or self.begin is None or self.end is None:
            return source, target, links
        wrapped = np.concatenate([[self.begin], source[span.a : span.b], [self.end]]).astype(source.dtype)
        return (
            np.concatenate([source[: span.a], wrapped, source[span.b :]]),
            np.concatenate([target[: span.c], wrapped, target[span.d :]]),
            _shift(links, span, len(wrapped)),
        )

    def find(self, source: Pieces, target: Pieces, links: Links, rng: np.random.Generator) -> Span | None:
        """A random span of one to three whole words whose translation is clear, or None.

        Clear: letters only on both sides (four at least), linked in both directions, a run of whole words in the
        target that nothing outside the span is linked to, and not much longer than the span.
        """
        if self.begin is None or len(links) == 0:
            return None
        x, y = source.tolist(), target.tolist()
        sure = [(i, j) for i, j, both in links.tolist() if both]
        words = [k for k, piece in enumerate(x) if self.starts[piece]]
        for k in rng.permutation(len(words))[:_TRIES]:
            a = words[k]
            following = words[k + 1 :]
            length = _WORDS[rng.integers(len(_WORDS))]
            b = following[length - 1] if length <= len(following) else len(x)
            if not self._are_letters(x[a:b]) or sum(self.letters[p] for p in x[a:b]) < _MIN_LETTERS:
                continue
            span = self._counterpart(y, sure, a, b)
            if span is not None:
                return span
        return None

    def _counterpart(self, y: list[int], sure: list[tuple[int, int]], a: int, b: int) -> Span | None:
        linked = [j for i, j in sure if a <= i < b]
        if not linked:
            return None
        c, d = min(linked), max(linked) + 1
        while c > 0 and not self.starts[y[c]]:
            c -= 1
        while d < len(y) and not self.starts[y[d]]:
            d += 1
        others = any(c <= j < d and not a <= i < b for i, j in sure)
        if others or d - c > 3 * (b - a) + 3 or not self._are_letters(y[c:d]):
            return None
        return Span(a, b, c, d)

    def _are_letters(self, pieces: list[int]) -> bool:
        # a lone word mark ("▁" before a rare character) has no letters of its own and is refused like a digit
        return all(self.letters[piece] > 0 for piece in pieces)


def _shift(links: Links, span: Span, length: int) -> Links:
    """The links of a pair after ``span`` became ``length`` pieces on both sides."""
    i, j = links[:, 0].astype(np.int64), links[:, 1].astype(np.int64)
    outside = ((i < span.a) | (i >= span.b)) & ((j < span.c) | (j >= span.d))
    i, j = i[outside], j[outside]
    i = i + np.where(i >= span.b, length - (span.b - span.a), 0)
    j = j + np.where(j >= span.d, length - (span.d - span.c), 0)
    within = np.arange(length)
    rows = np.stack(
        [
            np.concatenate([i, span.a + within]),
            np.concatenate([j, span.c + within]),
            np.concatenate([links[outside, 2], np.ones(length, np.int64)]),
        ],
        axis=1,
    )
    return rows.astype(links.dtype)
