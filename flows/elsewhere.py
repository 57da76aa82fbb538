"""The engine of a run whose workers have the model: its signature is known here, the model hardly ever needed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

from translate.marian.protocol import Engine, Hypothesis, Pieces, Request, Tokenizer


class ElsewhereEngine:
    """An `Engine` that is loaded in this process only when it is asked to do something (a report's token scores)."""

    def __init__(self, name: str, signature: dict[str, str], load: Callable[[], Engine]) -> None:
        self.name = name
        self.signature = signature
        self._load = load

    @cached_property
    def _engine(self) -> Engine:
        return self._load()

    @property
    def tokenizer(self) -> Tokenizer:
        """See `Engine.tokenizer`."""
        return self._engine.tokenizer

    def translate(
        self,
        requests: Sequence[Request],
        *,
        beam_size: int,
        num_hypotheses: int = 1,
        on_progress: Callable[[int], None] | None = None,
    ) -> list[list[Hypothesis]]:
        """See `Engine.translate`."""
        return self._engine.translate(
            requests, beam_size=beam_size, num_hypotheses=num_hypotheses, on_progress=on_progress
        )

    def score(self, sources: Sequence[Pieces], targets: Sequence[Pieces]) -> list[list[float]]:
        """See `Engine.score`."""
        return self._engine.score(sources, targets)
