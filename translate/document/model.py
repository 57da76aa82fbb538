"""The words of a parsed draft: spans, segments, entries, and the targets that replace segments."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

SpanKind = Literal[
    # markup around text that is translated
    "emphasis",
    "strong",
    "strikethrough",
    "link",
    "html",
    # opaque
    "code",
    "math",
    "autolink",
    "url",
    "image",
    "footnote",
    "liquid",
    "attributes",
    "tag",
    "break",
]

SegmentKind = Literal[
    "title",
    "excerpt",
    "front-matter",
    "heading",
    "paragraph",
    "item",
    "cell",
    "caption",
    "alt",
    "footnote",
    "definition",
]


@dataclass(frozen=True, slots=True)
class Span:
    """Inline markup over a segment's clean text.

    ``start`` and ``end`` are character offsets into ``Segment.text`` (half-open; equal for markup
    without visible text, such as an image, a line break or an HTML tag). An opaque span's text must
    come back verbatim; any other span's text is translated with its sentence.
    ``outer`` and ``inner`` are the slices of ``Document.source`` with and without the markup:
    ``source[outer[0]:inner[0]]`` opens the span, ``source[inner[1]:outer[1]]`` closes it.
    No sentence goes across a ``boundary`` (a Liquid branch, a comment such as ``<!--more-->``).
    """

    start: int
    end: int
    kind: SpanKind
    opaque: bool
    outer: tuple[int, int]
    inner: tuple[int, int]
    boundary: bool = False


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

    @property
    def opaque_ranges(self) -> tuple[tuple[int, int], ...]:
        """Ranges of the text that come back verbatim (code, URLs, maths), in order: no term counts in them."""
        return tuple((span.start, span.end) for span in self.spans if span.opaque and span.start < span.end)


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

    def opaque_ranges(self, segment: Segment) -> tuple[tuple[int, int], ...]:
        """Ranges of the text where opaque spans of ``segment`` stand, in the order of the spans."""
        return tuple(
            (place.start, place.end)
            for place in self.spans
            if place.source is not None and segment.spans[place.source].opaque and place.start < place.end
        )


def identity(segment: Segment) -> Target:
    """The target that reproduces the segment's source bytes."""
    spans = tuple(TargetSpan(s.start, s.end, i) for i, s in enumerate(segment.spans))
    return Target(segment.text, spans)


Form = Literal["block", "heading", "cell", "alt", "double-quoted", "single-quoted", "plain", "block-scalar"]
"""Where a segment stands, hence what must be escaped in it (the last four are YAML scalars)."""


@dataclass(frozen=True, slots=True)
class Piece:
    """``content[start:end]`` of a layout reads as ``text`` once escapes, entities and breaks are resolved.

    ``at`` is the offset of ``text`` in the segment's clean text; ``verbatim`` means that both are the same.
    """

    at: int
    text: str
    start: int
    end: int
    verbatim: bool


@dataclass(frozen=True, slots=True)
class Markup:
    """A span's slices in ``Layout.content``: outer start, inner start, inner end, outer end."""

    outer_start: int
    inner_start: int
    inner_end: int
    outer_end: int


@dataclass(frozen=True, slots=True)
class Layout:
    """How a segment's text is spelled in the source.

    ``content`` is the block's own text: line endings are ``\\n``, container prefixes (``> ``, list
    indentation) are gone. ``breakpoints`` are (content offset, source offset) pairs, ascending: an
    offset maps to the last pair at or before it, plus the distance. A prefix thus belongs to the line
    break before it, and content slices map to adjoining source slices.
    """

    content: str
    breakpoints: tuple[tuple[int, int], ...]
    form: Form
    pieces: tuple[Piece, ...] = ()
    markup: tuple[Markup, ...] = ()

    def source_offset(self, offset: int) -> int:
        """The source offset of a content offset."""
        index = bisect_right(self.breakpoints, offset, key=lambda pair: pair[0]) - 1
        at, source = self.breakpoints[index]
        return source + offset - at


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """The YAML block at the top: ``start:end`` with both fences, ``close`` where the closing one begins."""

    start: int
    close: int
    end: int
    language: tuple[int, int] | None
    """The value of the top-level ``lang`` key."""
    editions: tuple[tuple[int, int], ...]
    """Each ``EN`` of a ``[EN]`` in a translated value."""


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed draft. Slices of segments, spans and entries index ``source``.

    ``layouts`` runs parallel to ``segments``. ``references`` holds the link reference definitions
    (markdown-it's ``env``), which decide what ``[text]`` means when a rendering is verified.
    ``unmapped`` counts blocks left verbatim because their slices could not be mapped with certainty.
    """

    source: str
    segments: tuple[Segment, ...]
    entries: tuple[Entry, ...]
    layouts: tuple[Layout, ...] = field(repr=False)
    references: Mapping[str, object] = field(repr=False)
    front_matter: FrontMatter | None = None
    unmapped: int = 0
