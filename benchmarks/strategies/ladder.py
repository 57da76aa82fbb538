"""The shipped ladder, and the same with all sentences marked in the first pass, or none."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.strategies.common import first_pass
from translate.decoding.enforce import Rendering, enforce
from translate.decoding.source import Source
from translate.decoding.translator import Settings, translate_sources
from translate.marian.protocol import Engine


def shipped(sources: Sequence[Source], engine: Engine, settings: Settings) -> list[Rendering]:
    """What `translate-issue run` does."""
    return [h.rendering for h in translate_sources(sources, engine, settings)]


def plain_first(sources: Sequence[Source], engine: Engine, settings: Settings) -> list[Rendering]:
    """Every sentence is translated plainly first; spans only where that lost a term."""
    return _enforced(sources, engine, settings, marked=False)


def spans_first(sources: Sequence[Source], engine: Engine, settings: Settings) -> list[Rendering]:
    """Every sentence with a term is translated with its spans marked in the first place."""
    return _enforced(sources, engine, settings, marked=True)


def _enforced(sources: Sequence[Source], engine: Engine, settings: Settings, *, marked: bool) -> list[Rendering]:
    encoded, hypotheses = first_pass(sources, engine, settings, marked=marked)
    return enforce(sources, encoded, hypotheses, engine, beam_size=settings.beam_size, ratio=settings.ratio)
