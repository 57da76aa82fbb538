"""Which sentences of a matched block are each other's translation: the block alignment, on sentences."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from translate.decoding.sentences import sentence_ranges
from translate.document.model import Segment
from translate.scoring.block_alignment import Block, align

CONFIDENCE = 0.8
"""Below it sentences are left unpaired: within a block there is less to tell them apart by than between blocks."""
SHAPES = ((1, 1), (1, 2), (2, 1))

_BEFORE_A_NAME = re.compile(
    r"""(?:^|[\s(\["'“])(?:
    (?i:sr|sra|srs|sras|srta|dr|dra|drs|dras|prof|profa|profs|eng|exmo|ilmo|av|séc|sécs|p\.\s?ex|por\sex|i\.e|e\.g|vs|cf)\.
    |[A-ZÀ-Ý]\.)$""",
    re.VERBOSE,
)
"""Abbreviations of Portuguese (and initials) that do not end a sentence; English Punkt does not know them."""
_BEFORE_A_NUMBER = re.compile(
    r"""(?:^|[\s(\["'“])(?:arts?|inc|págs?|pg|pp?|figs?|caps?|vols?|eds?|tab|eq|nº|n|núm|refs?|aprox|etc|tel
    |jan|fev|mar|abr|mai|jun|jul|ago|set|out|nov|dez)\.$""",
    re.VERBOSE | re.IGNORECASE,
)
"""Those that end no sentence where a number or a small letter follows; some are words too (*set*, *mar*)."""

Range = tuple[int, int]


@dataclass(frozen=True, slots=True)
class SentencePair:
    """One or two sentences and their translation: half-open character ranges; ``confidence`` is the
    posterior of the pair, given that the blocks match."""

    draft: Range
    reference: Range
    confidence: float


def sentence_pairs(
    draft: Sequence[Segment], reference: Sequence[Segment], *, confidence: float = CONFIDENCE
) -> list[SentencePair]:
    """The sentence pairs of matched segments, in order, as ranges of each side's ``joined`` text.

    One sentence may stand for two of the other side (Gale & Church 1993); what is not sure is left out. Where both
    sides are one sentence, that is the pair: the blocks are known to match.
    """
    lefts, rights = _sentences(draft), _sentences(reference, portuguese=True)
    if not lefts or not rights:
        return []
    english, portuguese = joined(draft), joined(reference)
    if len(lefts) == len(rights) == 1:
        return [SentencePair(lefts[0], rights[0], 1.0)]
    beads = align(_blocks(english, lefts), _blocks(portuguese, rights), shapes=SHAPES)
    return [
        SentencePair(_hull(lefts, bead.left), _hull(rights, bead.right), bead.posterior)
        for bead in beads
        if bead.posterior >= confidence
    ]


def joined(segments: Sequence[Segment]) -> str:
    """The segments' clean texts with a space between them: what the ranges are of."""
    return " ".join(segment.text for segment in segments)


def _sentences(segments: Sequence[Segment], *, portuguese: bool = False) -> list[Range]:
    found: list[Range] = []
    at = 0
    for segment in segments:
        ranges = sentence_ranges(segment)
        if portuguese:
            ranges = _mended(segment.text, ranges)
        found += [(at + start, at + end) for start, end in ranges]
        at += len(segment.text) + 1
    return found


def _mended(text: str, ranges: Sequence[Range]) -> list[Range]:
    """Without the boundaries after an abbreviation."""
    found: list[Range] = []
    for start, end in ranges:
        if found and _abbreviated(text[slice(*found[-1])], text[start]) and "\n" not in text[found[-1][1] : start]:
            found[-1] = found[-1][0], end
        else:
            found.append((start, end))
    return found


def _abbreviated(sentence: str, following: str) -> bool:
    if _BEFORE_A_NAME.search(sentence):
        return True
    return (following.islower() or following.isdigit()) and _BEFORE_A_NUMBER.search(sentence) is not None


def _blocks(text: str, ranges: Sequence[Range]) -> list[Block]:
    return [Block(text[start:end], text[start:end], "text") for start, end in ranges]


def _hull(ranges: Sequence[Range], chosen: Sequence[int]) -> Range:
    return ranges[chosen[0]][0], ranges[chosen[-1]][1]
