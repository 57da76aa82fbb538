"""The reviewer's desk: a bilingual file with everything that is known about it, read again when it changes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from translate.config import Config
from translate.decoding.quality import Limits
from translate.document.model import Document
from translate.errors import UserError
from translate.glossary_file import matcher_of
from translate.marian.protocol import Engine
from translate.memory.store import Memory, memory_path, open_memory
from translate.rerun.record import Record
from translate.review.build import Builder, Built, Known
from translate.review.model import FuzzyMatch, Review, ReviewSegment
from translate.review.pairs import Page
from translate.review.sources import Links, Machine, Reported, find_draft, read_report
from translate.review.versions import Version, other_version
from translate.text_file import read_text

_FUZZY = 3
_LOOKED_UP = 400
"""Segments for which similar texts are looked up at once: those that a reviewer sees first."""


@dataclass(frozen=True, slots=True)
class ReviewRequest:
    """What to review: a bilingual file, and what else is known (a run's report, the draft, another version).

    ``draft``: its file's name, or the draft as parsed; None looks for the file beside the bilingual one.
    """

    bilingual: Path
    against: str | None = None
    report: Path | None = None
    draft: str | Document | None = None


class Desk:
    """A bilingual file under review. Use from one thread. ``engine`` aligns the words of what no report knows.

    ``draft`` is the draft as far as it is known: the one at hand, or what the memory recorded.

    Raises UserError, here and in `read`, where the file, the other version, the report or the memory cannot be read.
    """

    def __init__(
        self, request: ReviewRequest, config: Config, *, memory: Memory | None, engine: Engine | None = None
    ) -> None:
        self.path, self.memory, self._limit = request.bilingual, memory, config.limits.max_file_bytes
        keys = config.document.front_matter
        degenerate = config.degenerate
        limits = Limits(
            longest=degenerate.longest,
            shortest=degenerate.shortest,
            repeats=degenerate.repeats,
            foreign=degenerate.foreign,
        )
        self._builder = Builder(request.bilingual.name, matcher_of(config), keys, limits)
        read_text(self.path, max_bytes=self._limit)  # before anything about it is looked for
        report: list[Reported] = []
        if request.report is not None:
            report, _ = read_report(request.report, self.path)
        self.keys = keys
        if request.draft is None or isinstance(request.draft, str):
            self._given = find_draft(self.path, request.draft, max_bytes=self._limit, keys=keys)
        else:
            self._given = request.draft
        self.draft = self._given
        self._report = report
        self._engine = engine
        self._links: dict[tuple[str, str], Links] = {}
        self._record: Record | None = None
        self._version: Version | None = None
        if request.against is not None:
            self._version = other_version(request.against, self.path, max_bytes=self._limit)

    def text(self) -> str:
        """The file as it is now."""
        return read_text(self.path, max_bytes=self._limit).text

    def review(self, text: str) -> tuple[Review, Page]:
        """The review of the file's text, and the text as read."""
        built = self.build(text)
        return built.review, built.page

    def build(
        self, text: str, *, totals: bool = True, page: Page | None = None, machine: Machine | None = None
    ) -> Built:
        """As `Builder.build`."""
        if machine is None and self.memory is not None:
            self._record = self.memory.record(self.path, text)
        known = Known(
            record=self._record,
            report=self._report,
            draft=self._given,
            version=self._version,
            approved=self._approved,
        )
        try:
            built = self._builder.build(text, known, totals=totals, page=page, machine=machine)
        except UserError as error:
            message = str(error)
            raise UserError(message if str(self.path) in message else f"{self.path}: {message}") from None
        self.draft = self._builder.draft_of(known)
        return built if self._engine is None else replace(built, review=self._aligned(built.review, self._engine))

    def _aligned(self, review: Review, engine: Engine) -> Review:
        """With the alignment of hypotheses that the report does not know."""
        from translate.review.alignment import align

        wanted = {
            (s.english, s.hypothesis): None for s in review.segments if s.english and s.hypothesis and not s.links
        }
        new = [pair for pair in wanted if pair not in self._links]
        self._links |= dict(zip(new, align(new, engine), strict=True)) if new else {}
        segments = tuple(
            s
            if s.links or not s.english or not s.hypothesis
            else replace(s, links=self._links[s.english, s.hypothesis])
            for s in review.segments
        )
        return replace(review, segments=segments)

    def _approved(self, english: str, context: str, portuguese: str) -> bool:
        if self.memory is None:
            return False
        unit = self.memory.exact(english, context)
        return unit is not None and unit.approved and unit.target == portuguese

    def with_fuzzy(self, segments: Sequence[ReviewSegment], limit: int = _LOOKED_UP) -> list[ReviewSegment]:
        """The segments with similar texts of the memory, looked up for ``limit`` of them: those to look at first."""
        if self.memory is None:
            return list(segments)
        wanted = sorted((s for s in segments if s.english and not s.approved), key=lambda s: (not s.problem, s.rank))
        chosen = {s.index for s in wanted[:limit]}
        return [replace(s, fuzzy=self.fuzzy(s)) if s.index in chosen else s for s in segments]

    def fuzzy(self, segment: ReviewSegment) -> tuple[FuzzyMatch, ...]:
        """Similar texts of the memory, best first; the segment's own text is not one."""
        if self.memory is None or not segment.english:
            return ()
        own = {" ".join(text.split()) for text in (segment.markdown, segment.current, segment.hypothesis or "")}
        own |= {" ".join(offer.hypothesis.split()) for offer in segment.offers}
        found: dict[tuple[str, str], FuzzyMatch] = {}
        for match in self.memory.fuzzy(segment.english, limit=_FUZZY + 3):
            target = " ".join(match.unit.target.split())
            if target not in own:
                key = (match.unit.text, target)
                found.setdefault(
                    key, FuzzyMatch(match.score, match.unit.text, match.unit.target, match.unit.origin != "machine")
                )
        return tuple(found.values())[:_FUZZY]


def memory_of(config: Config, *, make: bool) -> Memory | None:
    """The configured memory; None where there is none yet and it is not to be made. Raises UserError."""
    return open_memory(config) if make or memory_path(config).exists() else None


def named(segments: Iterable[ReviewSegment]) -> dict[str, ReviewSegment]:
    """The segments by key."""
    return {segment.key: segment for segment in segments}
