"""A sentence as the model sees it: clean, and with the ranges that must come through verbatim marked."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from glossary import Occurrence
from translate.decoding.agreement import preferred
from translate.decoding.quality import foreign_share
from translate.decoding.sentences import sentence_ranges
from translate.decoding.typography import PLAIN
from translate.document.model import Segment, Span

_SYMBOL_CATEGORIES = {"So", "Sm", "Sk", "Co"}
_OTHER_SYMBOLS = frozenset("\u200d\u20e3\ufe0e\ufe0f…•†‡§¶·‰′″")
SURROGATE_FROM = 32
"""Opaque text of this many characters or more, or with a space in it, is shown to the model as a short stand-in."""

_WORD = re.compile(r"\w+")
_FOREIGN_RUN = re.compile(
    r"[^\W\d_A-Za-z\u00aa-\u024f\u0370-\u03ff\u1e00-\u1fff]+(?:\s+[^\W\d_A-Za-z\u00aa-\u024f\u0370-\u03ff\u1e00-\u1fff]+)*"
)
FOREIGN = 0.5
"""A sentence with more than this share of its letters in a script that English does not use is no English."""


@dataclass(frozen=True, slots=True)
class Protected:
    """A range of ``Source.text`` in whose place the target must have ``surface``, once.

    ``span`` indexes ``Segment.spans`` where a span without translatable text is protected; for a glossary term it is
    None and ``occurrence`` tells which term stands there; for a word that must stay in one piece both are None.
    """

    start: int
    end: int
    surface: str
    span: int | None = None
    occurrence: Occurrence | None = None

    @property
    def verbatim(self) -> bool:
        """Whether the draft's own text must come through; False for a term with a preferred translation."""
        return self.occurrence is None or self.occurrence.term.translation is None

    @property
    def accepted(self) -> tuple[str, ...]:
        """What satisfies the range where it is not verbatim: the preferred translation and its inflected forms."""
        return () if self.occurrence is None else self.occurrence.term.renderings


@dataclass(frozen=True, slots=True)
class Source:
    """What is sent to the model. Equal sources are translated once.

    ``aligned``: whether the alignment is needed, which costs a sixth of the speed.
    """

    text: str
    protected: tuple[Protected, ...] = ()
    aligned: bool = True


@dataclass(frozen=True, slots=True)
class Mark:
    """Something without words to put back before ``Source.text[at]``: ``text`` (emoji), or a span without width.

    ``spaced``: whether the draft has a blank before a span without width. ``origin``: where the text stands in
    ``Segment.text``.
    """

    at: int
    text: str = ""
    span: int | None = None
    spaced: bool = False
    origin: int = -1


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a segment.

    ``start:end`` is its range in ``Segment.text``; ``core`` the part of it that the model sees (what stands
    around it, such as a leading bullet or a trailing emoji, is copied). ``origin`` gives, for each character of
    ``source.text``, its offset in ``Segment.text``. ``source`` is None where there is nothing to translate.
    """

    start: int
    end: int
    core: tuple[int, int]
    source: Source | None
    origin: tuple[int, ...] = ()
    marks: tuple[Mark, ...] = ()


def sentences(segment: Segment, occurrences: Sequence[Occurrence], *, links: bool = True) -> list[Sentence]:
    """The segment's sentences, ready for the model.

    ``links``: whether every sentence is to be aligned, or only those with something to put in its place.

    ``occurrences`` are the glossary terms in ``segment.text``. A sentence with no letter outside protected
    ranges has no source, nor has one that is mostly in another script: it is copied.
    """
    return [_sentence(segment, occurrences, start, end, links) for start, end in sentence_ranges(segment)]


def _sentence(segment: Segment, occurrences: Sequence[Occurrence], start: int, end: int, links: bool) -> Sentence:
    opaque = [
        (span.start, span.end, index)
        for index, span in enumerate(segment.spans)
        if is_solid(segment.text, span) and start <= span.start and span.end <= end
    ]
    # A span inside an opaque one (an image in a URL link) is part of it.
    opaque = [
        o for o in opaque if not any(p is not o and p[0] <= o[0] and o[1] <= p[1] and p[2] < o[2] for p in opaque)
    ]
    terms = [o for o in occurrences if start <= o.start and o.end <= end]
    letterless = {a for a, _, index in opaque if not segment.spans[index].opaque}
    core = _core(segment.text, start, end, [(a, b) for a, b, _ in opaque if a not in letterless], letterless)
    kept = [(term.start, term.end) for term in terms if term.term.translation is None]
    covered = [*((a, b) for a, b, _ in opaque), *kept]
    if (
        core is None
        or not _has_words(segment.text, core, covered)
        or foreign_share(segment.text[slice(*core)]) > FOREIGN
    ):
        return Sentence(start, end, (start, end), None)
    return _build(segment, start, end, core, opaque, terms, links)


def is_solid(text: str, span: Span) -> bool:
    """Whether a span's text is to come through as it is: opaque, or without a letter or digit (a link on an emoji)."""
    return span.start < span.end and (span.opaque or not any(c.isalnum() for c in text[span.start : span.end]))


def _solid_words(segment: Segment, core: tuple[int, int]) -> list[tuple[int, int]]:
    """Words that must stay in one piece: markup begins or ends inside them (H<sub>2</sub>O), or they are foreign."""
    text = segment.text
    edges = {
        edge
        for span in segment.spans
        if not span.opaque and span.start < span.end
        for edge in (span.start, span.end)
        if core[0] < edge < core[1] and text[edge - 1].isalnum() and text[edge].isalnum()
    }
    words = [(m.start(), m.end()) for m in _WORD.finditer(text, *core)]
    inner = [(a, b) for a, b in words if any(a < edge < b for edge in edges)]
    return inner + [(m.start(), m.end()) for m in _FOREIGN_RUN.finditer(text, *core) if foreign_share(m.group()) == 1]


def _core(
    text: str, start: int, end: int, opaque: Sequence[tuple[int, int]], letterless: Collection[int]
) -> tuple[int, int] | None:
    """The range from the first to the last character that matters to the model, closing punctuation included.

    A span without letters at the end (``letterless`` holds where such spans start) stays outside.
    """
    covered = {i for a, b in opaque for i in range(a, b)}
    wordy = [i for i in range(start, end) if text[i].isalnum() or i in covered]
    if not wordy:
        return None
    first, last = wordy[0], wordy[-1] + 1
    while first > start and (text[first - 1] in "\"'“‘«([{¿¡$€£@#+-~." and not text[first - 1].isspace()):
        first -= 1
    while last < end and not (text[last].isspace() or is_symbol(text[last]) or last in letterless):
        last += 1
    return first, last


def is_symbol(char: str) -> bool:
    """Emoji, ©, →, … and their like: no model was trained to place them; they move with the word before them."""
    if char.isascii():
        return False
    symbol = unicodedata.category(char) in _SYMBOL_CATEGORIES
    return symbol or char in _OTHER_SYMBOLS or "\U000e0020" <= char <= "\U000e007f"


def _in_name(text: str, at: int) -> bool:
    """Whether a middle dot stands inside a word ("DALL·E") and is no bullet."""
    return text[at] == "·" and text[at - 1 : at].isalnum() and text[at + 1 : at + 2].isalnum()


def _has_words(text: str, core: tuple[int, int], protected: Sequence[tuple[int, int]]) -> bool:
    covered = {i for a, b in protected for i in range(a, b)}
    return any(text[i].isalpha() for i in range(*core) if i not in covered)


def _build(
    segment: Segment,
    start: int,
    end: int,
    core: tuple[int, int],
    opaque: Sequence[tuple[int, int, int]],
    terms: Sequence[Occurrence],
    links: bool,
) -> Sentence:
    """Copies the core character by character: white space folded, emoji taken out, long opaque text stood in for."""
    text = segment.text
    starts: dict[int, tuple[int, int | None]] = {a: (b, index) for a, b, index in opaque}
    busy = [(a, b) for a, b, _ in opaque] + [(term.start, term.end) for term in terms]
    for a, b in _solid_words(segment, core):
        if not any(x < b and a < y for x, y in busy):
            starts[a] = (b, None)
    out: list[str] = []
    origin: list[int] = []
    marks: list[Mark] = []
    at: dict[int, int] = {}
    protected: list[Protected] = []
    i = core[0]
    while i < core[1]:
        at[i] = len(out)
        if i in starts:
            stop, index = starts[i]
            shown = _shown(text[i:stop], len(protected))
            protected.append(Protected(len(out), len(out) + len(shown), text[i:stop], span=index))
            origin += [i] * len(shown)
            out += shown
            i = stop
        elif unicodedata.category(text[i]) == "Cf" and not is_symbol(text[i]):
            i += 1  # soft hyphens and their like say how to set the English word
        elif is_symbol(text[i]) and not _in_name(text, i):
            stop = i + 1
            while stop < core[1] and is_symbol(text[stop]):
                stop += 1
            marks.append(Mark(len(out), text[i:stop], origin=i))
            i = stop
        elif text[i].isspace():
            if out and out[-1] != " ":
                out.append(" ")
                origin.append(i)
            i += 1
        else:
            out.append(PLAIN.get(text[i], text[i]))
            origin.append(i)
            i += 1
    at[core[1]] = len(out)
    for term in terms:
        if term.start in at and term.end in at and at[term.start] < at[term.end]:
            kept = " ".join(text[term.start : term.end].split())
            surface = kept if term.term.translation is None else preferred(term)
            protected.append(Protected(at[term.start], at[term.end], surface, occurrence=term))
    marks += [
        Mark(at[span.start], span=index, spaced=text[span.start - 1].isspace() and not _follows(segment, index))
        for index, span in enumerate(segment.spans)
        if span.start == span.end and span.start in at and core[0] < span.start < core[1]
    ]
    protected.sort(key=lambda p: (p.start, p.end))
    marks.sort(key=lambda mark: mark.at)
    marked = any(span.start < core[1] and core[0] < span.end for span in segment.spans)
    source = Source("".join(out), tuple(protected), links or marked or bool(protected or marks))
    return Sentence(start, end, core, source, tuple(origin), tuple(marks))


def _follows(segment: Segment, index: int) -> bool:
    """Whether a span without width stands right behind other markup (attributes after an image, an image in a link)."""
    span = segment.spans[index]
    return any(span.outer[0] in (o.inner[0], o.outer[1]) for o in segment.spans[:index])


def _shown(content: str, number: int) -> str:
    if len(content) < SURROGATE_FROM and content.isascii() and not any(c.isspace() for c in content):
        return content
    return f"X{number + 1}"
