"""What the strategies share: an engine without protected spans, and renderings of bare hypotheses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from translate.decoding.enforce import Rendering, request
from translate.decoding.placing import CLOSE, OPEN, place, written
from translate.decoding.source import Source
from translate.decoding.translator import Settings
from translate.marian.protocol import Decoded, Encoded, Engine, Hypothesis, Pieces, Request

Strategy = Callable[[Sequence[Source], Engine, Settings], list[Rendering]]


@dataclass(frozen=True, slots=True)
class UnmarkedTokenizer:
    """The engine's tokenizer as that of a checkpoint without ``<t>``."""

    engine: Engine
    protects: bool = False

    def encode(self, text: str, protected: Sequence[tuple[int, int]] = ()) -> Encoded:
        """Source pieces, never marked."""
        return self.engine.tokenizer.encode(text)

    def encode_target(self, text: str) -> Pieces:
        """Target pieces."""
        return self.engine.tokenizer.encode_target(text)

    def decode(self, pieces: Sequence[str]) -> Decoded:
        """The text of target pieces."""
        return self.engine.tokenizer.decode(pieces)


@dataclass(frozen=True, slots=True)
class Unmarked:
    """An engine as if its checkpoint knew no protected spans."""

    engine: Engine

    @property
    def name(self) -> str:
        """The engine's name."""
        return self.engine.name

    @property
    def tokenizer(self) -> UnmarkedTokenizer:
        """A tokenizer that marks nothing."""
        return UnmarkedTokenizer(self.engine)

    @property
    def signature(self) -> dict[str, str]:
        """The engine's signature."""
        return self.engine.signature

    def translate(
        self,
        requests: Sequence[Request],
        *,
        beam_size: int,
        num_hypotheses: int = 1,
        on_progress: Callable[[int], None] | None = None,
    ) -> list[list[Hypothesis]]:
        """See `Engine.translate`."""
        return self.engine.translate(requests, beam_size=beam_size, num_hypotheses=num_hypotheses)

    def score(self, sources: Sequence[Pieces], targets: Sequence[Pieces]) -> list[list[float]]:
        """See `Engine.score`."""
        return self.engine.score(sources, targets)


def first_pass(
    sources: Sequence[Source], engine: Engine, settings: Settings, *, marked: bool = False
) -> tuple[list[Encoded], list[Hypothesis]]:
    """Each source's best hypothesis, with its protected ranges ``marked`` or not."""
    prepared = [request(source, engine.tokenizer, settings.ratio, marked=marked) for source in sources]
    found = engine.translate([r for _, r in prepared], beam_size=settings.beam_size)
    return [encoded for encoded, _ in prepared], [hypotheses[0] for hypotheses in found]


def bare(source: Source, engine: Engine, hypothesis: Hypothesis, encoded: Encoded | None = None) -> Rendering:
    """The hypothesis as it is: symbols dropped, code and URLs put back where they are found, terms left alone."""
    keep = [k for k, piece in enumerate(hypothesis.pieces) if piece not in (OPEN, CLOSE)]
    plain = Hypothesis(
        tuple(hypothesis.pieces[k] for k in keep), hypothesis.score, np.ascontiguousarray(hypothesis.attention[keep])
    )
    encoded = encoded or engine.tokenizer.encode(source.text)
    opaque = Source(source.text, tuple(p for p in source.protected if p.span is not None))
    text, places, alignment = written(
        opaque, encoded, place(opaque, encoded, plain, engine.tokenizer), engine.tokenizer
    )
    standing = iter(places)
    where = tuple(next(standing) if p.span is not None else None for p in source.protected)
    return Rendering(text, where, tuple("kept" for _ in where), alignment, hypothesis.score, len(plain.pieces))


def ungendered(sources: Sequence[Source]) -> list[Source]:
    """The sources without what the glossary knows of gender: only the shipped ladder is to mend agreement."""
    return [
        Source(
            source.text,
            tuple(
                p
                if p.occurrence is None
                else replace(p, occurrence=replace(p.occurrence, term=replace(p.occurrence.term, gender=None)))
                for p in source.protected
            ),
        )
        for source in sources
    ]
