"""No enforcement: the same pipeline without a glossary. What survives, survives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from translate.decoding.enforce import Rendering
from translate.decoding.source import Source
from translate.decoding.translator import Settings, translate_sources
from translate.marian.protocol import Engine


def translate(sources: Sequence[Source], engine: Engine, settings: Settings) -> list[Rendering]:
    """Plain translation; code and URLs are protected as ever, degenerate output is tried again as ever."""
    bare = [Source(s.text, tuple(p for p in s.protected if p.span is not None)) for s in sources]
    found = [h.rendering for h in translate_sources(bare, engine, settings)]
    return [_widened(source, rendering) for source, rendering in zip(sources, found, strict=True)]


def _widened(source: Source, rendering: Rendering) -> Rendering:
    """The rendering with a place (none) for each term."""
    standing = iter(rendering.places)
    places = tuple(next(standing) if p.span is not None else None for p in source.protected)
    return replace(rendering, places=places, rungs=tuple("kept" for _ in places))
