"""What a review shows: one `ReviewSegment` for each segment of a bilingual file, and the order to read them in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from glossary import Diagnosis
from translate.review.marks import MarkupProblem
from translate.review.words import Edit, diff

Origin = Literal["memory", "report", "git", "file"]
Order = Literal["document", "effort"]

_WORDS_FOR_A_PROBLEM = 3.0
_UNKNOWN_CONFIDENCE = 0.8
_DOUBTFUL = 0.5
"""An estimated chrF2 (as a share) below which a translation probably needs rewriting."""


@dataclass(frozen=True, slots=True)
class TermVerdict:
    """A glossary term of the English and what became of it; ranges are of `english` and of `current`."""

    term: str
    surface: str
    diagnosis: Diagnosis | Literal["doubled", "forbidden"]
    source: tuple[int, int] | None
    target: tuple[int, int] | None

    @property
    def kept(self) -> bool:
        return self.diagnosis == "kept"


@dataclass(frozen=True, slots=True)
class FuzzyMatch:
    """An earlier translation of similar English; ``score`` is 0 to 100."""

    score: float
    english: str
    portuguese: str
    human: bool


@dataclass(frozen=True, slots=True)
class SegmentScores:
    """sacreBLEU of the hypothesis against the human's text, 0 to 100 (TER may exceed 100; lower is better)."""

    bleu: float
    chrf2: float
    ter: float


@dataclass(frozen=True, slots=True)
class Offered:
    """A conflict: the English changed under a human's text. ``hypothesis`` is the machine's new Markdown."""

    old_english: str
    new_english: str
    hypothesis: str
    intact: bool


@dataclass(frozen=True, slots=True)
class ReviewSegment:
    """A segment under review.

    ``english`` (None: no comment shows it), ``hypothesis`` (None: not known), ``current`` (what the file says) and
    ``reference`` (the other human version, where one was given) are clean text; ``markdown`` is the current text as
    the file spells it, ``start:end`` its slice of the file. ``edited``: it is known not to be what the machine wrote.
    ``links`` are (English start, end, hypothesis start, end, weight) in characters. ``confidence`` is the report's: the
    chrF2 that the translation probably has, as a share (see `translate.scoring.confidence`). ``hter`` is the TER of the
    hypothesis against what a human made of it (None: nobody touched it). ``together`` says with how many further
    segments the reference was matched.
    """

    key: str
    index: int
    kind: str
    line: int
    english: str | None
    current: str
    markdown: str
    start: int
    end: int
    hypothesis: str | None = None
    origin: Origin | None = None
    reference: str | None = None
    together: int = 0
    edited: bool = False
    approved: bool = False
    scores: SegmentScores | None = None
    hter: float | None = None
    terms: tuple[TermVerdict, ...] = ()
    markup: tuple[MarkupProblem, ...] = ()
    confidence: float | None = None
    flags: tuple[str, ...] = ()
    fuzzy: tuple[FuzzyMatch, ...] = ()
    links: tuple[tuple[int, int, int, int, float], ...] = ()
    offers: tuple[Offered, ...] = ()

    @property
    def human(self) -> str | None:
        """The human's text beside the hypothesis: the reference, or the file's where it is not the machine's own."""
        if self.reference is not None:
            return self.reference
        return self.current if self.edited else None

    @property
    def edits(self) -> tuple[Edit, ...]:
        """From the hypothesis to the human's text; empty where one of them is not known."""
        if self.hypothesis is None or self.human is None:
            return ()
        return diff(self.hypothesis, self.human)

    @property
    def lost_terms(self) -> tuple[TermVerdict, ...]:
        return tuple(term for term in self.terms if not term.kept)

    @property
    def degenerate(self) -> bool:
        return any(flag.startswith("degenerate") or flag == "too-long" for flag in self.flags)

    @property
    def doubtful(self) -> bool:
        return self.confidence is not None and self.confidence < _DOUBTFUL and not self.settled

    @property
    def settled(self) -> bool:
        """Whether a human has been here: approved or edited, and no conflict waits."""
        return not self.offers and (self.approved or self.edited)

    @property
    def problem(self) -> bool:
        """Whether a reviewer must look: a conflict, a flag, a term or markup that went wrong."""
        return bool(self.offers) or (not self.approved and bool(self.flags or self.lost_terms or self.markup))

    @property
    def effort(self) -> float:
        """Words that probably have to change (that did change, where a human's text is known).

        A guess for ordering: all words of a conflict or of degenerate output, three for each lost term or link, and
        of the rest the share that the report is not confident of. An approved segment costs nothing.
        """
        words = len((self.english if self.english is not None else self.current).split())
        if self.offers:
            return float(words)
        if self.scores is not None and self.human is not None:
            return self.scores.ter / 100 * len(self.human.split())
        if self.approved or self.edited:
            return 0.0
        if self.degenerate:
            return float(words)
        problems = _WORDS_FOR_A_PROBLEM * (len(self.lost_terms) + len(self.markup))
        confidence = _UNKNOWN_CONFIDENCE if self.confidence is None else self.confidence
        return problems + words * (1 - confidence)

    @property
    def rank(self) -> tuple[int, float]:
        """Sorts by where a reviewer should start: conflicts, degenerate output, other problems, the rest; by effort."""
        if self.offers:
            return 0, -self.effort
        if self.degenerate and not self.settled:
            return 1, -self.effort
        return 2 if self.problem else 3, -self.effort


@dataclass(frozen=True, slots=True)
class Review:
    """A bilingual file under review. ``notes`` say what could not be found, in sentences; ``against`` names the
    other version; ``version`` is the digest of the file's bytes; ``totals`` are corpus scores over scored segments.
    """

    name: str
    version: str
    segments: tuple[ReviewSegment, ...]
    against: str | None = None
    notes: tuple[str, ...] = ()
    totals: SegmentScores | None = None
    scored: int = 0
    signature: str = ""
    problems: tuple[str, ...] = field(default=())
    """Markup of the page that stands in no segment (images) and went missing."""

    def count(self, name: Counted) -> int:
        """How many segments a filter of that name shows."""
        return sum(counted(segment, name) for segment in self.segments)


Counted = Literal["conflicts", "flags", "terms", "markup", "edited", "approved", "problems"]


def counted(segment: ReviewSegment, name: Counted) -> bool:
    """Whether a segment belongs to the filter."""
    return {
        "conflicts": bool(segment.offers),
        "flags": bool(segment.flags),
        "terms": bool(segment.lost_terms),
        "markup": bool(segment.markup),
        "edited": segment.edited,
        "approved": segment.approved,
        "problems": segment.problem,
    }[name]


def ordered(segments: Sequence[ReviewSegment], order: Order, worst: int | None = None) -> list[ReviewSegment]:
    """In document order, or where it matters first; ``worst`` keeps that many of the latter."""
    found = list(segments)
    if order == "effort" or worst is not None:
        found.sort(key=lambda segment: (*segment.rank, segment.index))
    return found if worst is None else found[: max(0, worst)]
