"""What is measured of a strategy's renderings, sentence by sentence."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from glossary import Matcher, verify
from translate.decoding.agreement import agreement_errors
from translate.decoding.alignment import Range, inside
from translate.decoding.enforce import Rendering
from translate.decoding.source import Protected, Source
from translate.marian.protocol import Engine, Request

NEAR = 4
"""How many words on either side of a term are its neighbours."""
_WORD = re.compile(r"\w+")
_ENDED = re.compile(r"[.!?][\"')\]]*\s*$")


@dataclass(slots=True)
class Counts:
    """Sums over sentences. ``score`` is the model's mean log-probability per piece of the final texts."""

    terms: int = 0
    kept: int = 0
    doubled: int = 0
    misplaced: int = 0
    disagreeing: int = 0
    score: float = 0.0
    pieces: int = 0


def count(sources: Sequence[Source], renderings: Sequence[Rendering], matcher: Matcher, engine: Engine) -> Counts:
    """Counts over the sentences that have a term; the score over all."""
    counts = Counts()
    texts = [r.text for r in renderings]
    encoded = [engine.tokenizer.encode(s.text) for s in sources]
    targets = [engine.tokenizer.encode_target(text) for text in texts]
    for values in engine.score([e.pieces for e in encoded], targets):
        finite = [v for v in values if np.isfinite(v)]
        counts.score += sum(finite)
        counts.pieces += len(finite)
    chosen = [k for k, s in enumerate(sources) if any(p.occurrence for p in s.protected)]
    requests = [Request(encoded[k].pieces, targets[k], len(targets[k]) + 1) for k in chosen]
    aligned = engine.translate(requests, beam_size=1)
    for k, found in zip(chosen, aligned, strict=True):
        source, rendering = sources[k], renderings[k]
        terms = [p for p in source.protected if p.occurrence is not None]
        placed = zip(source.protected, rendering.places, strict=True)
        opaque = [place for p, place in placed if place and p.span is not None]
        verification = verify([p.occurrence for p in terms if p.occurrence], rendering.text, matcher, opaque)
        counts.terms += verification.total
        counts.kept += verification.kept
        counts.doubled += len(verification.surplus)
        kept = [(v.start, v.end) for v in verification.verdicts if v.kept]
        for verdict, protected in zip(verification.verdicts, terms, strict=True):
            if not verdict.kept:
                continue
            place = (verdict.start, verdict.end)
            others = [*opaque, *(other for other in kept if other != place)]
            counts.disagreeing += len(agreement_errors(rendering.text, place, verdict.occurrence.term, others))
            offsets = engine.tokenizer.decode(targets[k]).offsets
            rows = found[0].attention[: len(targets[k])]
            alike = [p for p in terms if p.surface == protected.surface]
            near = any(
                _neighbours_agree(source, p, encoded[k].offsets, rendering.text, place, offsets, rows) for p in alike
            )
            counts.misplaced += not near or _after_the_end(rendering.text, place, source)
    return counts


def _neighbours_agree(
    source: Source,
    protected: Protected,
    source_offsets: Sequence[Range],
    text: str,
    place: Range,
    target_offsets: Sequence[Range],
    attention: np.ndarray,
) -> bool:
    """Whether a word near the term in the target comes from a word near it in the source (or there is none)."""
    left, right = _near(source.text, (protected.start, protected.end))
    columns = {*inside(source_offsets, left, protected.start), *inside(source_offsets, protected.end, right)}
    low, high = _near(text, place)
    rows = [*inside(target_offsets, low, place[0]), *inside(target_offsets, place[1], high)]
    if not columns or not rows or not attention.size:
        return True
    return any(int(attention[row].argmax()) in columns for row in rows if row < len(attention))


def _near(text: str, place: Range) -> Range:
    before = [m.start() for m in _WORD.finditer(text, 0, place[0])]
    after = [m.end() for m in _WORD.finditer(text, place[1])]
    return (before[-NEAR:] or [place[0]])[0], (after[:NEAR] or [place[1]])[-1]


def _after_the_end(text: str, place: Range, source: Source) -> bool:
    """Whether the term trails behind the full stop of a sentence that has only one."""
    return bool(_ENDED.search(text[: place[0]])) and not re.search(r"[.!?][\"')\]]*\s", source.text)
