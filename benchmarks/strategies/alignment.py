"""Alignment-guided repair of a plain translation: replacement, and forcing as a decoder prefix."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.strategies.common import Unmarked, first_pass, ungendered
from translate.decoding.enforce import ROUNDS, Rendering, enforce
from translate.decoding.source import Source
from translate.decoding.translator import Settings
from translate.marian.protocol import Engine


def replaced(sources: Sequence[Source], engine: Engine, settings: Settings) -> list[Rendering]:
    """The words aligned with a lost term are exchanged for it."""
    return _repaired(sources, engine, settings, 0)


def forced(sources: Sequence[Source], engine: Engine, settings: Settings) -> list[Rendering]:
    """The sentence is decoded again from the place of a lost term, with the term as a forced beginning.

    What is still lost after that is replaced.
    """
    return _repaired(sources, engine, settings, ROUNDS)


def _repaired(sources: Sequence[Source], engine: Engine, settings: Settings, rounds: int) -> list[Rendering]:
    sources, plain = ungendered(sources), Unmarked(engine)
    encoded, hypotheses = first_pass(sources, plain, settings)
    return enforce(
        sources, encoded, hypotheses, plain, beam_size=settings.beam_size, ratio=settings.ratio, rounds=rounds
    )
