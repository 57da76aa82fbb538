"""Masking: each protected range becomes a made-up word, and the made-up words become the ranges again."""

from __future__ import annotations

import re
from collections.abc import Sequence

from benchmarks.strategies.common import Unmarked
from translate.decoding.alignment import Range, whole
from translate.decoding.enforce import Rendering, request
from translate.decoding.source import Source
from translate.decoding.translator import Settings
from translate.marian.protocol import Engine

_MASK = re.compile(r"x\s?protected\s?(\d+)\s?x", re.IGNORECASE)


def translate(sources: Sequence[Source], engine: Engine, settings: Settings) -> list[Rendering]:
    """``XPROTECTEDnX`` for the n-th range; a mask may come back in other capitals or split by blanks."""
    plain = Unmarked(engine)
    prepared = [request(Source(_masked(source)), plain.tokenizer, settings.ratio) for source in sources]
    found = plain.translate([r for _, r in prepared], beam_size=settings.beam_size)
    return [
        _restored(source, engine.tokenizer.decode(best[0].pieces).text, best[0].score, len(best[0].pieces))
        for source, best in zip(sources, found, strict=True)
    ]


def _masked(source: Source) -> str:
    text = source.text
    for number, protected in reversed(list(enumerate(source.protected, start=1))):
        text = f"{text[: protected.start]}XPROTECTED{number}X{text[protected.end :]}"
    return text


def _restored(source: Source, masked: str, score: float, pieces: int) -> Rendering:
    text, at = "", 0
    places: list[Range | None] = [None] * len(source.protected)
    for mask in _MASK.finditer(masked):
        number = int(mask[1]) - 1
        if number not in range(len(source.protected)):
            continue
        text += masked[at : mask.start()]
        places[number] = places[number] or (len(text), len(text) + len(source.protected[number].surface))
        text += source.protected[number].surface
        at = mask.end()
    text += masked[at:]
    return Rendering(text, tuple(places), tuple("kept" for _ in places), whole(source.text, text), score, pieces)
