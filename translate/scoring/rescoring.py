"""Log-probabilities of finished translations, piece by piece: one teacher-forced pass of the model."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from translate.decoding.translator import Translation
    from translate.marian.protocol import Engine

LEAST = -30.0
"""Stands for what the engine calls impossible."""
TokenScores = tuple[float, ...]


def token_scores(translations: Sequence[Translation], engine: Engine) -> dict[int, TokenScores]:
    """By segment index, the log-probability of each piece of its sentences and of their ends, in order.

    The finished sentences are scored, enforced terms and repaired words included, each against its plain English.
    Segments in which nothing was decoded are left out. Costs a tenth of the translation.
    """
    tokenizer = engine.tokenizer
    asked = [
        (t.segment.index, sentence.source.text, hypothesis.rendering.text)
        for t in translations
        for sentence, _, hypothesis in t.sentences
        if sentence.source is not None and hypothesis.rendering.pieces
    ]
    unique = list(dict.fromkeys((source, target) for _, source, target in asked))
    pieces = [(tokenizer.encode(source).pieces, tokenizer.encode_target(target)) for source, target in unique]
    scored = engine.score([source for source, _ in pieces], [target for _, target in pieces]) if pieces else []
    known = dict(zip(unique, scored, strict=True))
    found: dict[int, list[float]] = {}
    for index, source, target in asked:
        values = (value if math.isfinite(value) else LEAST for value in known[source, target])
        found.setdefault(index, []).extend(max(LEAST, value) for value in values)
    return {index: tuple(values) for index, values in found.items()}
