"""Terms that the model would rather translate, found by asking it once for each.

A sentence that plain translation robs of a term has to be decoded twice. One short probe a term predicts that: of the
sentences it points at nine in ten do lose a term, so they get their spans marked in the first pass. What a probe says
depends on the model and the term alone, never on the run's other sentences.
"""

from __future__ import annotations

from collections.abc import Sequence

from translate.decoding.placing import matches
from translate.decoding.source import Source
from translate.marian.protocol import Engine, Request

_PROBE = "We use {}."
_ROOM = 20
"""Target pieces that a probe may take beyond twice its source's."""


def reluctant(sources: Sequence[Source], engine: Engine, beam_size: int) -> frozenset[str]:
    """The surfaces of kept terms that do not survive plain translation; empty where no span can be marked anyway."""
    if not engine.tokenizer.protects:
        return frozenset()
    kept = {p.surface for s in sources for p in s.protected if p.occurrence is not None and p.verbatim}
    if not kept:
        return frozenset()
    surfaces = sorted(kept)
    encoded = [engine.tokenizer.encode(_PROBE.format(surface)) for surface in surfaces]
    requests = [Request(e.pieces, max_length=2 * len(e.pieces) + _ROOM) for e in encoded]
    found = engine.translate(requests, beam_size=beam_size)
    texts = [engine.tokenizer.decode(hypotheses[0].pieces).text for hypotheses in found]
    return frozenset(s for s, text in zip(surfaces, texts, strict=True) if not matches(s, text))


def is_reluctant(source: Source, surfaces: frozenset[str]) -> bool:
    """Whether a source holds one of those terms."""
    return any(p.occurrence is not None and p.verbatim and p.surface in surfaces for p in source.protected)
