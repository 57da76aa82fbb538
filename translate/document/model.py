"""The words of a parsed draft: spans, segments, entries, and the targets that replace segments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

SpanKind = Literal[
    "emphasis", "strong", "strikethrough", "link", "html",  # markup around text that is translated
    "code", "math", "autolink", "url", "image", "footnote", "liquid", "attributes", "tag", "break",  # opaque
]

SegmentKind = Literal[
    "title", "excerpt", "front-matter", "heading", "paragraph", "item", "cell", "caption", "alt", "footnote", "definition",
]


@dataclass(frozen=True, slots=True)
class Span:
    """Inline markup over a segment's clean text.

    ``start`` and ``end`` are character offsets into ``Segment.text`` (half-open; equal for markup
    without visible text, such as an image, a line break or an HTML tag). An opaque span's text must
    come back verbatim; any other span's text is translated with its sentence.
    ``outer`` and ``inner`` are the slices of ``Document.source`` with and without the markup:
    ``source[outer[0]:inner[0]]`` opens the span, ``source[inner[1]:outer[1]]`` closes it.
    """

    start: int
    end: int
    kind: SpanKind
    opaque: bool
    outer: tuple[int, int]
    inner: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Segment:
    """The translatable text of one block: clean text and the inline markup over it.

    ``text`` holds no Markdown: escapes and entities are resolved, a soft line break is ``"\\n"``,
    opaque spans show their content (``np.dot`` for a code span). ``start:end`` is the slice of
    ``Document.source`` that a target replaces. ``spans`` are sorted by start, outer before inner,
    and nest properly.
    """

    index: int
    kind: SegmentKind
    text: str
    spans: tuple[Span, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One unit of the bilingual file: adjacent blocks (no blank line between) that hold a segment.

    ``start:end`` is a slice of ``Document.source`` in whole lines without the last line's ending,
    leading and trailing spacer lines (``\\\\``) left out. Front matter belongs to no entry.
    """

    index: int
    start: int
    end: int
    segments: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TargetSpan:
    """Where a source span stands in a target text (``source`` indexes ``Segment.spans``).

    ``source`` is None for markup that the draft does not have; ``markup`` then opens and closes it
    (``"*"`` for a term set in italics).
    """

    start: int
    end: int
    source: int | None
    markup: str = ""


@dataclass(frozen=True, slots=True)
class Target:
    """What replaces a segment: clean text and where each source span stands in it."""

    text: str
    spans: tuple[TargetSpan, ...]


def identity(segment: Segment) -> Target:
    """The target that reproduces the segment's source bytes."""
    spans = tuple(TargetSpan(s.start, s.end, i) for i, s in enumerate(segment.spans))
    return Target(segment.text, spans)
