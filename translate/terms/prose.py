"""What of a document is prose: the clean text of its segments, without markup, for whoever looks for words in it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from translate.document.bilingual_reader import Bilingual
from translate.document.model import Document, Segment, Span
from translate.document.parse import parse
from translate.scoring.reference import match

Range = tuple[int, int]

_BETWEEN = "\n\n"
"""Parts segments that are read together: no phrase reaches across a blank line."""
_ITALIC_TAG = re.compile(r"<(?:em|i|cite)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Prose:
    """Clean text, where it is opaque (code, URLs, maths) and where it is in italics, as ranges of ``text``.

    ``line`` is the 1-based line of its file where it begins.
    """

    text: str
    opaque: tuple[Range, ...]
    italics: tuple[Range, ...]
    line: int


@dataclass(frozen=True, slots=True)
class AlignedProse:
    """Texts that translate each other, and those of either side that have no counterpart."""

    pairs: tuple[tuple[Prose, Prose], ...]
    only_english: tuple[Prose, ...]
    only_portuguese: tuple[Prose, ...]


def prose(document: Document, segments: Iterable[Segment], line: int | None = None) -> Prose:
    """The segments as one text with blank lines between them; ``line`` if it is not the document's own."""
    text, opaque, italics = "", list[Range](), list[Range]()
    for segment in segments:
        if text:
            text += _BETWEEN
        elif line is None:
            line = document.source.count("\n", 0, segment.start) + 1
        for span in segment.spans:
            place = len(text) + span.start, len(text) + span.end
            if span.start < span.end and span.opaque:
                opaque.append(place)
            elif span.start < span.end and _is_italic(document, segment, span):
                italics.append(place)
        text += segment.text.replace("\n", " ")  # a soft break is a blank
    return Prose(text, tuple(opaque), tuple(italics), line or 1)


def blanked(document: Document) -> str:
    """All segments as one text in which what is opaque became a symbol that no word contains."""
    text = prose(document, document.segments)
    letters = list(text.text)
    for start, end in text.opaque:
        letters[start:end] = "\ufffc" * (end - start)
    return "".join(letters)


def align_bilingual(bilingual: Bilingual) -> AlignedProse:
    """Each block of a bilingual file with the English in its comment; front matter has none."""
    pairs, english, portuguese = [], [], []
    for unit in bilingual.units:
        entries = [bilingual.document.entries[index] for index in unit.entries]
        segments = [bilingual.document.segments[index] for entry in entries for index in entry.segments]
        target = prose(bilingual.document, segments, _line(bilingual.text, unit.start)) if segments else None
        source = None
        if unit.english is not None:
            parsed = parse(unit.english)
            at = unit.comment[0] if unit.comment else unit.start
            source = prose(parsed, parsed.segments, _line(bilingual.text, at)) if parsed.segments else None
        if source and target:
            pairs.append((source, target))
        elif source:
            english.append(source)
        elif target:
            portuguese.append(target)
    return AlignedProse(tuple(pairs), tuple(english), tuple(portuguese))


def align_versions(draft: Document, human: Document | Bilingual) -> AlignedProse:
    """The matched segments of a draft and its translation (see `translate.scoring.reference.match`)."""
    matching = match(draft, human)
    document = human.document if isinstance(human, Bilingual) else human
    lines = dict(file_lines(human)) if isinstance(human, Bilingual) else {}

    def ours(*indices: int) -> Prose:
        return prose(draft, [draft.segments[i] for i in indices])

    def theirs(*indices: int) -> Prose:
        return prose(document, [document.segments[j] for j in indices], lines.get(indices[0]))

    return AlignedProse(
        tuple((ours(*pair.draft), theirs(*pair.human)) for pair in matching.pairs),
        tuple(map(ours, matching.unmatched_draft)),
        tuple(map(theirs, matching.unmatched_human)),
    )


def line_of(page: Document | Bilingual, segment: int) -> int:
    """The 1-based line of the file on which a segment (of its block, in a bilingual file) begins."""
    document = page.document if isinstance(page, Bilingual) else page
    found = dict(file_lines(page)).get(segment) if isinstance(page, Bilingual) else None
    return _line(document.source, document.segments[segment].start) if found is None else found


def file_lines(bilingual: Bilingual) -> Iterator[tuple[int, int]]:
    """(segment of the page, line of the file): the page stands in the file without its English."""
    for unit in bilingual.units:
        start = _line(bilingual.text, unit.start)
        for index in unit.entries:
            for segment in bilingual.document.entries[index].segments:
                yield segment, start


def _line(text: str, offset: int) -> int:
    return text.count("\n", 0, offset) + 1


def _is_italic(document: Document, segment: Segment, span: Span) -> bool:
    """Italics within a text; a title in bold italics or a caption all in italics says nothing of its words."""
    opening = document.source[span.outer[0] : span.inner[0]]
    if span.kind != "emphasis" and not (span.kind == "html" and _ITALIC_TAG.match(opening)):
        return False
    bold = any(s.kind == "strong" and (s.start, s.end) == (span.start, span.end) for s in segment.spans)
    return not bold and segment.text[: span.start].strip() + segment.text[span.end :].strip() != ""
