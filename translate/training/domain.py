"""Sentence pairs that a team's own translators made: from drafts with their human versions, or from the memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from translate.config import Config
from translate.document.bilingual_reader import Bilingual
from translate.document.model import Segment
from translate.document.parse import parse
from translate.memory.learn import CONFIDENCE
from translate.memory.units import Unit
from translate.results import Draft
from translate.scoring.reference import match
from translate.scoring.scorecard import read_human
from translate.scoring.sentence_pairs import joined, sentence_pairs
from translate.text_file import SourceText

_LONGEST_RATIO = 3.0
_COPIED_WORDS = 3
_BLOCK_WORDS = 55  # about 90 pieces, the length that checkpoints are trained on
_COVERED = 0.9


@dataclass(frozen=True, slots=True)
class DomainPair:
    """A sentence (or two) and its translation, markup stripped; ``document`` is where it comes from."""

    english: str
    portuguese: str
    document: str


@dataclass(frozen=True, slots=True)
class TestItem:
    """Draft segments and the human's text for them, markup stripped: what a translation is scored on."""

    segments: tuple[Segment, ...]
    reference: str
    document: str

    __test__ = False  # no class of tests, whatever pytest makes of its name

    @property
    def english(self) -> str:
        return joined(self.segments)


def pairs_of_version(draft: Draft, human: SourceText, config: Config) -> list[DomainPair]:
    """The sure sentence pairs of a draft and its human version."""
    pairs: list[DomainPair] = []
    for ours, theirs in _matched(draft, human, config, confidence=CONFIDENCE):
        pairs += _sentences(ours, theirs, draft.name)
    return usable(pairs)


def items_of_version(draft: Draft, human: SourceText, config: Config) -> list[TestItem]:
    """What the pipeline is scored on for a draft with a human version: the same pairs as `translate-issue score`."""
    return [
        TestItem(tuple(ours), " ".join(joined(theirs).split()), draft.name)
        for ours, theirs in _matched(draft, human, config)
        if joined(theirs).strip()
    ]


def pairs_of_units(units: Iterable[Unit]) -> list[DomainPair]:
    """The sure sentence pairs of the memory's units."""
    pairs: list[DomainPair] = []
    for unit in units:
        pairs += _sentences(parse(unit.source).segments, parse(unit.target).segments, unit.document)
    return usable(pairs)


def items_of_units(units: Iterable[Unit]) -> list[TestItem]:
    """Test items of the memory's units, each a segment on its own."""
    items = []
    for unit in units:
        ours, theirs = parse(unit.source).segments, parse(unit.target).segments
        if ours and joined(theirs).strip():
            items.append(TestItem(tuple(ours), " ".join(joined(theirs).split()), unit.document))
    return items


def approved_units(units: Iterable[Unit]) -> list[Unit]:
    """What a human wrote or approved, the newest of each source, oldest document first."""
    chosen: dict[str, Unit] = {}
    for unit in units:  # oldest first
        if (unit.origin == "human" or unit.approved) and unit.source.strip() and unit.target.strip():
            chosen[unit.source] = unit
    newest: dict[str, float] = {}
    for unit in chosen.values():
        newest[unit.document] = max(newest.get(unit.document, 0.0), unit.updated)
    return sorted(chosen.values(), key=lambda u: (newest[u.document], u.document))


def usable(pairs: Iterable[DomainPair]) -> list[DomainPair]:
    """Without pairs that teach nothing good: copies of whole sentences, very unequal lengths, repetitions."""
    kept: dict[tuple[str, str], DomainPair] = {}
    for pair in pairs:
        english, portuguese = " ".join(pair.english.split()), " ".join(pair.portuguese.split())
        short, long = sorted((len(english), len(portuguese)))
        if not short or long > _LONGEST_RATIO * short + 10:
            continue
        if english == portuguese and len(english.split()) > _COPIED_WORDS:
            continue
        kept.setdefault((english, portuguese), DomainPair(english, portuguese, pair.document))
    return list(kept.values())


def _matched(
    draft: Draft, human: SourceText, config: Config, confidence: float | None = None
) -> list[tuple[list[Segment], list[Segment]]]:
    version = read_human(human.text, config)
    document = version.document if isinstance(version, Bilingual) else version
    matching = match(draft.document, version) if confidence is None else match(
        draft.document, version, confidence=confidence
    )  # fmt: skip
    return [
        ([draft.document.segments[i] for i in pair.draft], [document.segments[j] for j in pair.human])
        for pair in matching.pairs
    ]


def _sentences(ours: Sequence[Segment], theirs: Sequence[Segment], document: str) -> list[DomainPair]:
    """The sentence pairs of a matched block; the block itself where that leaves sentences over and it is short."""
    english, portuguese = joined(ours), joined(theirs)
    found = sentence_pairs(ours, theirs)
    covered = sum(pair.draft[1] - pair.draft[0] for pair in found)
    if covered < _COVERED * len(english.strip()) and len(english.split()) <= _BLOCK_WORDS:
        return [DomainPair(english, portuguese, document)]
    return [DomainPair(english[slice(*p.draft)], portuguese[slice(*p.reference)], document) for p in found]
