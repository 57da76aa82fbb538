"""The checkpoint's own protected spans: ``<t> … </t>`` around each range."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.strategies.common import bare, first_pass, ungendered
from translate.decoding.enforce import Rendering, enforce
from translate.decoding.source import Source
from translate.decoding.translator import Settings
from translate.marian.protocol import Engine


def raw(sources: Sequence[Source], engine: Engine, settings: Settings) -> list[Rendering]:
    """What the model writes, symbols dropped."""
    encoded, hypotheses = first_pass(sources, engine, settings, marked=True)
    return [bare(s, engine, h, e) for s, e, h in zip(sources, encoded, hypotheses, strict=True)]


def filled(sources: Sequence[Source], engine: Engine, settings: Settings) -> list[Rendering]:
    """The content of each target span exchanged for the draft's own; what has no span replaces its aligned words."""
    sources = ungendered(sources)
    encoded, hypotheses = first_pass(sources, engine, settings, marked=True)
    return enforce(sources, encoded, hypotheses, engine, beam_size=settings.beam_size, ratio=settings.ratio, rounds=0)
