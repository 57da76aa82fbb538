"""Units from a draft and its human version: only pairs that are sure."""

from __future__ import annotations

from dataclasses import dataclass

from translate.document.bilingual_reader import read_bilingual
from translate.document.model import Document
from translate.memory.units import Unit, units_of

CONFIDENCE = 0.8
"""Of a pair (see `translate.scoring.reference`); what is less sure is left out."""


@dataclass(frozen=True, slots=True)
class Learned:
    """Units of the sure pairs, and how many of the draft's segments were left out."""

    units: tuple[Unit, ...]
    left_out: int


def learn(draft: Document, human: str, *, name: str = "", confidence: float = CONFIDENCE) -> Learned:
    """Units of the pairs of one segment with one. Raises UserError where `human` cannot be parsed."""
    from translate.scoring.reference import match

    read = read_bilingual(human)
    page = read.document
    pairs = [p for p in match(draft, read, confidence=confidence).pairs if len(p.draft) == len(p.human) == 1]
    theirs = {pair.draft[0]: page.segments[pair.human[0]] for pair in pairs}
    targets = {index: page.source[segment.start : segment.end] for index, segment in theirs.items()}
    units = units_of(draft, targets, origin="human", approved=True, name=name)
    return Learned(tuple(units), len(draft.segments) - len(units))
