"""The shipped ladder, and the same ladder with spans in the first pass."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.strategies.common import first_pass
from translate.enforce import Rendering, enforce
from translate.marian.protocol import Engine
from translate.source import Source
from translate.translator import Settings, translate_sources


def shipped(sources: Sequence[Source], engine: Engine, settings: Settings) -> list[Rendering]:
    """What `translate-issue run` does."""
    return [h.rendering for h in translate_sources(sources, engine, settings)]


def spans_first(sources: Sequence[Source], engine: Engine, settings: Settings) -> list[Rendering]:
    """Every sentence with a term is translated with its spans marked in the first place."""
    encoded, hypotheses = first_pass(sources, engine, settings, marked=True)
    return enforce(sources, encoded, hypotheses, engine, beam_size=settings.beam_size, ratio=settings.ratio)
