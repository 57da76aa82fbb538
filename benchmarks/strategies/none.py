"""No enforcement: what survives, survives."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.strategies.common import Unmarked, bare, first_pass
from translate.enforce import Rendering
from translate.marian.protocol import Engine
from translate.source import Source
from translate.translator import Settings


def translate(sources: Sequence[Source], engine: Engine, settings: Settings) -> list[Rendering]:
    """Plain translation."""
    encoded, hypotheses = first_pass(sources, Unmarked(engine), settings)
    return [bare(s, engine, h, e) for s, e, h in zip(sources, encoded, hypotheses, strict=True)]
