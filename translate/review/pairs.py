"""A bilingual file as pairs: the English and the Portuguese of each segment, and where the Portuguese stands."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import sha256
from textwrap import dedent
from typing import Any

from translate.document.front_matter import DEFAULT_KEYS
from translate.document.model import Document, Segment, Span
from translate.document.parse import parse
from translate.rerun.conflict import Conflict, read_conflict
from translate.rerun.existing import Existing, Piece, Unit, read_existing

FRONT_MATTER = ("title", "excerpt", "front-matter")
Mark = tuple[str, str]
"""Markup that must survive: its kind and what identifies it (a URL, the code itself)."""

_DESTINATION = re.compile(r"\]\(\s*<?([^\s<>]*?)>?(?:\s+[\"'(][\s\S]*)?\s*\)\Z")
_SRC = re.compile(r"(?:src|href)\s*=\s*[\"']?([^\s\"'>]+)")
_COMPARED = {"link", "code", "math", "autolink", "url", "image", "footnote", "liquid"}


@dataclass(frozen=True, slots=True)
class Text:
    """One side of a segment: ``clean`` text (no Markdown), the Markdown as written, and its markup.

    ``opaque`` are the character ranges of ``clean`` that are no prose (code, URLs).
    """

    clean: str
    markdown: str
    marks: tuple[Mark, ...] = ()
    opaque: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Offer:
    """A conflict that waits in the file, its slice, and what it says (None: edited by hand)."""

    start: int
    end: int
    conflict: Conflict | None


@dataclass(frozen=True, slots=True)
class Paired:
    """A segment of the file: ``text[start:end]`` is ``portuguese.markdown``.

    ``key`` identifies it by its English (its Portuguese for text without English), so that it stays the same when the
    Portuguese is edited or blocks are added elsewhere. ``unit`` indexes ``Page.existing.units`` (-1: front matter),
    ``part`` of ``parts`` segments of that unit; ``segment`` indexes ``Page.existing.page.document.segments`` where the
    pair is one segment. ``offers`` stand with the unit's first part.
    """

    key: str
    kind: str
    english: Text | None
    portuguese: Text
    start: int
    end: int
    line: int
    unit: int
    part: int
    parts: int
    segment: int | None
    offers: tuple[Offer, ...] = ()

    @property
    def in_front_matter(self) -> bool:
        return self.unit < 0


@dataclass(frozen=True, slots=True)
class Page:
    """A bilingual file, read. ``pairs`` stand in its order; ``definitions`` are its link reference definitions."""

    text: str
    existing: Existing
    pairs: tuple[Paired, ...]
    definitions: str


def read_page(text: str, draft: Document | None = None, *, keys: Sequence[str] = DEFAULT_KEYS) -> Page:
    """Read a bilingual file. ``draft``, where known, gives the English of its front matter, which no comment shows.

    Raises UserError where the file's front matter cannot be read.
    """
    existing = read_existing(text)
    document = existing.page.document
    definitions = _definitions(document, draft)
    line_of = _line_counter(text)
    found = [*_front_matter(existing, draft, line_of)]
    for number, unit in enumerate(existing.units):
        if unit.portuguese is not None:
            found += _of_unit(existing, number, unit, unit.portuguese, definitions, line_of)
    if draft is not None and not existing.page.is_bilingual:
        found = _with_english(found, draft, existing)
    return Page(text, existing, tuple(_with_keys(found)), definitions)


def segments_of(markdown: str, definitions: str = "") -> tuple[Text, ...]:
    """The segments of a piece of Markdown that stands alone, such as a comment's English."""
    return _segments(markdown, definitions)


def whole(markdown: str, texts: Sequence[Text]) -> Text:
    """Several segments as one."""
    clean = ""
    opaque: list[tuple[int, int]] = []
    marks: list[Mark] = []
    for k, text in enumerate(texts):
        clean += "\n" if k else ""
        opaque += [(len(clean) + a, len(clean) + b) for a, b in text.opaque]
        marks += text.marks
        clean += text.clean
    return Text(clean if texts else markdown, markdown, tuple(marks), tuple(opaque))


@lru_cache(maxsize=40_000)
def _segments(markdown: str, definitions: str) -> tuple[Text, ...]:
    text = dedent(markdown)
    document = parse(f"{text}\n\n{definitions}" if definitions else text)
    return tuple(text_of(document, s) for s in document.segments if s.end <= len(text))


def text_of(document: Document, segment: Segment) -> Text:
    """A parsed document's segment as a side of a pair."""
    marks = [mark for span in segment.spans if (mark := _mark(document, span)) is not None]
    return Text(segment.text, document.source[segment.start : segment.end], tuple(marks), segment.opaque_ranges)


def _mark(document: Document, span: Span) -> Mark | None:
    source = document.source
    if span.kind not in _COMPARED:
        return None
    if span.kind == "link":
        label = source[span.inner[0] : span.inner[1]]
        return "link", _destination(source[span.inner[1] : span.outer[1]], label, document)
    written = source[span.outer[0] : span.outer[1]]
    if span.kind == "image":
        found = _DESTINATION.search(written) or _SRC.search(written)
        return "image", found[1] if found else written
    if span.kind in ("autolink", "url"):
        return "link", written.strip("<>")
    return span.kind, " ".join(written.split())


def _destination(closing: str, label: str, document: Document) -> str:
    found = _DESTINATION.search(closing)
    if found:
        return found[1]
    from markdown_it.common.utils import normalizeReference

    named = closing[2:-1] if closing.startswith("][") and len(closing) > len("][]") else label
    references: Any = document.references.get("references", {})
    known = references.get(normalizeReference(named))
    return str(known["href"]) if known else f"[{' '.join(named.split())}]"


def _definitions(*documents: Document | None) -> str:
    """Link reference definitions, so that a comment's ``[text][label]`` reads as the link that it is."""
    found: dict[str, str] = {}
    for document in documents:
        references: Any = document.references.get("references", {}) if document is not None else {}
        for label, target in references.items():
            found.setdefault(str(label), str(target["href"]))
    return "\n".join(f"[{label}]: <{href}>" for label, href in found.items())


def _line_counter(text: str) -> Callable[[int], int]:
    from bisect import bisect_left

    breaks = [match.start() for match in re.finditer("\n", text)]
    return lambda offset: bisect_left(breaks, offset) + 1


def _front_matter(existing: Existing, draft: Document | None, line_of: Callable[[int], int]) -> Iterator[Paired]:
    document = existing.page.document
    offers = _matter_offers(existing)
    for kind in FRONT_MATTER:
        ours = [s for s in document.segments if s.kind == kind]
        theirs = [] if draft is None else [s for s in draft.segments if s.kind == kind]
        english = [text_of(draft, s) for s in theirs] if draft is not None and len(ours) == len(theirs) else None
        for k, segment in enumerate(ours):
            # The front matter comes before every comment: the page's offsets are the file's.
            yield Paired(
                "",
                kind,
                english[k] if english else None,
                text_of(document, segment),
                segment.start,
                segment.end,
                line_of(segment.start),
                -1,
                k,
                len(ours),
                segment.index,
                tuple(offers.pop(kind, ())) if k == 0 else (),
            )


def _matter_offers(existing: Existing) -> dict[str, list[Offer]]:
    """Conflicts about the front matter, by the kind of segment that shows them best."""
    in_units = {id(piece) for unit in existing.units for piece in unit.conflicts}
    found: dict[str, list[Offer]] = {}
    for piece in existing.conflicts:
        if id(piece) in in_units:
            continue
        offer = _offer(piece)
        about = offer.conflict.about if offer.conflict else ""
        kind = next((kind for kind in ("title", "excerpt") if f"`{kind}`" in about), "front-matter")
        found.setdefault(kind, []).append(offer)
    return found


def _offer(piece: Piece) -> Offer:
    return Offer(piece.start, piece.start + len(piece.text), read_conflict(piece.text))


def _of_unit(
    existing: Existing, number: int, unit: Unit, piece: Piece, definitions: str, line_of: Callable[[int], int]
) -> Iterator[Paired]:
    offers = tuple(_offer(conflict) for conflict in unit.conflicts)
    english = None if unit.english is None else segments_of(unit.english, definitions)
    segments = _own_segments(existing, unit, piece)
    if segments is not None and (english is None or len(english) == len(segments)):
        document = existing.page.document
        shift = piece.start - document.entries[unit.entries[0]].start
        for k, segment in enumerate(segments):
            start, end = segment.start + shift, segment.end + shift
            yield Paired(
                "",
                segment.kind,
                english[k] if english is not None else None,
                text_of(document, segment),
                start,
                end,
                line_of(start),
                number,
                k,
                len(segments),
                segment.index,
                offers if k == 0 else (),
            )
        return
    text = whole(piece.text, segments_of(piece.text, definitions))
    shown = None if english is None or unit.english is None else whole(unit.english, english)
    end = piece.start + len(piece.text)
    yield Paired("", "paragraph", shown, text, piece.start, end, line_of(piece.start), number, 0, 1, None, offers)


def _own_segments(existing: Existing, unit: Unit, piece: Piece) -> list[Segment] | None:
    """The page's segments of a unit that is one entry, as it stands in the file; else None."""
    if len(unit.entries) != 1:
        return None
    document = existing.page.document
    entry = document.entries[unit.entries[0]]
    if document.source[entry.start : entry.end] != piece.text:
        return None
    return [document.segments[i] for i in entry.segments]


def _with_english(pairs: Sequence[Paired], draft: Document, existing: Existing) -> list[Paired]:
    """The pairs of a file without any English, with the draft's where the two can be matched one to one."""
    from translate.scoring.reference import match

    matching = match(draft, existing.page.document)
    english = {p.human[0]: p.draft[0] for p in matching.pairs if len(p.human) == len(p.draft) == 1}
    return [
        replace(pair, english=text_of(draft, draft.segments[english[pair.segment]]))
        if pair.english is None and pair.segment in english
        else pair
        for pair in pairs
    ]


def _with_keys(pairs: Sequence[Paired]) -> Iterator[Paired]:
    counts: Counter[str] = Counter()
    for pair in pairs:
        basis = pair.english.clean if pair.english is not None else pair.portuguese.clean
        place = "matter" if pair.in_front_matter else "page"
        digest = sha256("\0".join((place, pair.kind if pair.in_front_matter else "", basis)).encode()).hexdigest()[:12]
        counts[digest] += 1
        yield replace(pair, key=f"{digest}-{counts[digest]}")


def in_order(items: Mapping[int, str] | Sequence[tuple[int, str]]) -> dict[str, list[int]]:
    """Indices by text, in order: for matching equal texts one by one."""
    found: dict[str, list[int]] = {}
    for index, text in items.items() if isinstance(items, Mapping) else items:
        found.setdefault(" ".join(text.split()), []).append(index)
    return found
