"""What the glossary says about a draft's segments now, against what it said when the machine wrote the file's text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from glossary import Matcher, verify
from translate.decoding.terms import fingerprint, occurrences
from translate.document.model import Document, Segment
from translate.document.parse import parse

Pair = tuple[Segment, Segment]
"""A draft's segment and the Portuguese one that stands for it."""


@dataclass(frozen=True, slots=True)
class Terms:
    """The glossary over a draft. ``of`` is the fingerprint of each segment (see `glossary.fingerprint`)."""

    matcher: Matcher = field(repr=False)
    of: tuple[str, ...]

    def under(self, segments: Iterable[Segment]) -> tuple[str, ...]:
        """What is recorded of a text that the machine writes now for these segments."""
        return tuple(self.of[segment.index] for segment in segments)

    def outdated(
        self, segments: Sequence[Segment], before: Sequence[str] | None, pairs: Callable[[], Sequence[Pair]]
    ) -> tuple[int, ...]:
        """The segments whose machine text is to be written anew, because the glossary says something else of them.

        ``before`` are the fingerprints under which it was written. Where they are not known (None, or not one for
        each segment) the text itself decides: what fails the present glossary is done again, so that a new term
        reaches old files; what passes stays, for nothing says that it would come out otherwise. ``pairs`` gives the
        file's segments that stand for these.
        """
        if before is not None and len(before) == len(segments):
            return tuple(s.index for s, then in zip(segments, before, strict=True) if then != self.of[s.index])
        if not any(self.under(segments)):
            return ()
        return tuple(ours.index for ours, theirs in pairs() if self._fails(ours, theirs))

    def _fails(self, segment: Segment, shown: Segment) -> bool:
        if not self.of[segment.index]:
            return False
        return not verify(occurrences(segment, self.matcher), shown.text, self.matcher, shown.opaque_ranges).ok


def terms_of(document: Document, matcher: Matcher) -> Terms:
    """The glossary over a draft's segments."""
    return Terms(matcher, tuple(fingerprint(segment, matcher) for segment in document.segments))


def segments_of(document: Document, entries: Iterable[int]) -> list[Segment]:
    """The segments of a draft's entries, in order."""
    return [document.segments[s] for e in entries for s in document.entries[e].segments]


def paired(document: Document, entries: Iterable[int], portuguese: str) -> list[Pair]:
    """(draft segment, segment of the Portuguese text) where both have the same segments; else none."""
    ours = segments_of(document, entries)
    theirs = parse(portuguese).segments
    if [s.kind in ("heading", "alt", "cell") for s in ours] != [s.kind in ("heading", "alt", "cell") for s in theirs]:
        return []
    return list(zip(ours, theirs, strict=True))
