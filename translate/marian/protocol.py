"""What every MarianMT engine offers: text pieces in, hypotheses with score and word alignment out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Pieces = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Encoded:
    """Source pieces and, for each, the half-open character range of the text that it covers.

    Starts and ends never decrease; blanks around a word belong to no piece, so a lone ``▁`` and the
    symbols ``<t>`` and ``</t>`` have empty ranges; the bytes of one character share its range. A piece
    that the vocabulary lacks is ``<unk>``.
    """

    pieces: Pieces
    offsets: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Decoded:
    """A text and, for each target piece, the half-open character range that it became.

    The space that a ``▁`` stands for belongs to no piece. Empty ranges: ``<t>``, ``</t>``, ``<unk>``, a lone ``▁``.
    """

    text: str
    offsets: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Request:
    """One sentence for the model: its source pieces (no ``</s>``, no language token) and a forced beginning.

    ``max_length`` bounds the hypothesis in pieces, the prefix counted; a longer prefix is kept whole.
    ``align=False`` spares what the alignment costs (up to a sixth of the time): the attention then has no rows.
    """

    pieces: Pieces
    prefix: Pieces = ()
    max_length: int = 256
    align: bool = True


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One translation.

    ``pieces`` are target pieces (a forced prefix included, ``</s>`` left out), ``score`` is the mean
    log-probability per piece (``</s>`` counted; the pieces of a forced prefix count with log-probability
    0, so compare hypotheses of different prefixes by `Engine.score`), ``attention`` has shape (len(pieces), len(source
    pieces)): the last decoder layer's first head, which guided alignment trains as the word alignment
    (Chen et al. 2016); rows need not sum to one, since ``</s>`` and the language token are cut off.
    """

    pieces: Pieces
    score: float
    attention: NDArray[np.float32] = field(repr=False)


class Tokenizer(Protocol):
    """SentencePiece with offsets, in the checkpoint's own vocabulary."""

    @property
    def protects(self) -> bool:
        """Whether the vocabulary has the protected-span symbols ``<t>`` and ``</t>``."""
        ...

    def encode(self, text: str, protected: Sequence[tuple[int, int]] = ()) -> Encoded:
        """Source pieces of ``text``; ``<t> … </t>`` go around the pieces of each protected range."""
        ...

    def encode_target(self, text: str) -> Pieces:
        """Target pieces of ``text``, for prefixes and scoring."""
        ...

    def decode(self, pieces: Sequence[str]) -> Decoded:
        """The text of target pieces; symbols such as ``<t>`` become nothing."""
        ...


class Engine(Protocol):
    """A MarianMT checkpoint that is ready to translate."""

    @property
    def name(self) -> str:
        """``ctranslate2`` or ``transformers``."""
        ...

    @property
    def tokenizer(self) -> Tokenizer:
        """The checkpoint's tokenizer."""
        ...

    @property
    def signature(self) -> dict[str, str]:
        """What a number produced with this engine depends on: model hash, engine, version, compute type."""
        ...

    def translate(
        self,
        requests: Sequence[Request],
        *,
        beam_size: int,
        num_hypotheses: int = 1,
        on_progress: Callable[[int], None] | None = None,
    ) -> list[list[Hypothesis]]:
        """Best first, ``num_hypotheses`` (at most ``beam_size``) for each request, in the order of the requests.

        ``on_progress`` is called with the number of requests done so far, several times in a long run.
        A request without pieces gets its prefix back. Raises ValueError for impossible sizes.
        """
        ...

    def score(self, sources: Sequence[Pieces], targets: Sequence[Pieces]) -> list[list[float]]:
        """Log-probability of each target piece and of ``</s>`` (len(target) + 1 values), teacher-forced."""
        ...
