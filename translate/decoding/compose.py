"""A segment's target from its translated sentences: texts joined, emoji and markup put back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from translate.decoding.alignment import Alignment, Range
from translate.decoding.enforce import Rendering
from translate.decoding.markup import position, project
from translate.decoding.nesting import Wish, fit
from translate.decoding.source import Mark, Sentence, Source, is_solid
from translate.decoding.typography import restore, same_ending
from translate.document.model import Segment, Target, TargetSpan


@dataclass(frozen=True, slots=True)
class Composed:
    """A segment in the target language.

    ``terms`` gives, for each glossary occurrence placed by decoding, its range in ``target.text``; ``unsure`` are the
    indices of spans whose place only the order of words suggests; ``pieces`` pairs each translated sentence with its
    range in ``target.text``; ``links`` are word links between ``Segment.text`` and ``target.text``.
    """

    target: Target
    terms: tuple[Range, ...]
    unsure: tuple[int, ...]
    pieces: tuple[tuple[Sentence, Range], ...]
    links: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class Link:
    """A target range and the range of the segment's text that it comes from most; ``weight`` is 0 to 1."""

    source: Range
    target: Range
    weight: float


@dataclass(slots=True)
class _Part:
    """One stretch of the target: a copied gap, or a sentence."""

    text: str
    spans: list[tuple[int, int, int, bool, bool]]  # span index, start, end, fixed, sure
    terms: list[Range]
    links: list[Link]
    sentence: Sentence | None = None


def compose(segment: Segment, sentences: Sequence[Sentence], renderings: Sequence[Rendering | None]) -> Composed:
    """Joins the sentences' renderings (None: the sentence is copied) into the segment's target."""
    parts: list[_Part] = []
    at = 0
    for sentence, rendering in zip(sentences, renderings, strict=True):
        if sentence.source is None or rendering is None:
            continue  # copied with the gap around it
        parts.append(_gap(segment, at, sentence.core[0]))
        parts.append(_sentence(segment, sentence, rendering))
        at = sentence.core[1]
    parts.append(_gap(segment, at, len(segment.text)))
    return _join(segment, parts)


def _gap(segment: Segment, start: int, end: int) -> _Part:
    """Text between sentences, copied with the spans that stand in it."""
    part = _Part(segment.text[start:end], [], [], [])
    for index, span in enumerate(segment.spans):
        if span.start == span.end:
            if start <= span.start <= end:
                part.spans.append((index, span.start - start, span.start - start, False, True))
        elif span.start < end and start < span.end:
            part.spans.append(
                (index, max(span.start, start) - start, min(span.end, end) - start, is_solid(segment.text, span), True)
            )
    return part


def _sentence(segment: Segment, sentence: Sentence, rendering: Rendering) -> _Part:
    source = sentence.source
    assert source is not None
    solid = [place for place in rendering.places if place is not None]
    text = restore(segment.text[slice(*sentence.core)], rendering.text, solid)
    text = same_ending(source.text, text, solid)
    alignment = rendering.alignment
    spans: list[tuple[int, int, int, bool, bool]] = []
    for index, span in enumerate(segment.spans):
        low, high = max(span.start, sentence.core[0]), min(span.end, sentence.core[1])
        if low >= high:
            continue
        place = next((rendering.places[i] for i, p in enumerate(source.protected) if p.span == index), None)
        if place is not None:
            spans.append((index, *place, True, True))
            continue
        within = _in_words(sentence, rendering, low, high)
        inside = [k for k, origin in enumerate(sentence.origin) if low <= origin < high and not _in_word(source, k)]
        alone = _alone(source, rendering, inside)
        if alone is not None:
            spans.append((index, *alone, False, True))
        elif inside:
            found = project(source.text, text, alignment, inside[0], inside[-1] + 1)
            ends = [(found.start, found.end), *within]
            spans.append((index, min(a for a, _ in ends), max(b for _, b in ends), False, found.sure))
        elif within:
            spans.append((index, within[0][0], within[-1][1], True, True))
    terms = [
        place
        for protected, place in zip(source.protected, rendering.places, strict=True)
        if protected.occurrence is not None and place is not None
    ]
    return _with_marks(segment, sentence, text, alignment, spans, terms)


def _alone(source: Source, rendering: Rendering, inside: Sequence[int]) -> Range | None:
    """Where the code, image or term stands that these characters are, and nothing but: a link around code, say."""
    ends = (inside[0], inside[-1] + 1) if inside else None
    pairs = zip(source.protected, rendering.places, strict=True)
    return next((place for p, place in pairs if place is not None and (p.start, p.end) == ends), None)


def _in_word(source: Source, at: int) -> bool:
    """Whether ``source.text[at]`` is of a word that came through in one piece."""
    return any(p.start <= at < p.end and p.span is None and p.occurrence is None for p in source.protected)


def _in_words(sentence: Sentence, rendering: Rendering, low: int, high: int) -> list[Range]:
    """Where the segment's characters ``low:high`` stand that belong to words which came through in one piece."""
    assert sentence.source is not None
    found = []
    for protected, place in zip(sentence.source.protected, rendering.places, strict=True):
        if protected.span is None and protected.occurrence is None and place is not None:
            start = sentence.origin[protected.start]
            a, b = max(low, start) - start, min(high, start + len(protected.surface)) - start
            if a < b:
                found.append((place[0] + a, place[0] + b))
    return sorted(found)


def _with_marks(
    segment: Segment,
    sentence: Sentence,
    text: str,
    alignment: Alignment,
    spans: list[tuple[int, int, int, bool, bool]],
    terms: list[Range],
) -> _Part:
    """Puts emoji and markup without width back after the word that they follow."""
    source = sentence.source
    assert source is not None
    solid = [(a, b) for _, a, b, fixed, _ in spans if fixed] + terms
    inserts: list[tuple[int, str, int | None]] = []
    ends: set[int] = set()  # spans that end here take in what is put there
    for mark in sentence.marks:
        at = position(source.text.rstrip(), text, alignment, len(source.text[: mark.at].rstrip()))
        holders = [(a, b) for i, a, b, _, _ in spans if _holds(segment, i, mark)]
        for a, b in holders:  # an emoji in a link stays in it: at its end where it has no better place
            if not a < at <= b:
                at = b
        for a, b in solid:
            if a < at < b:
                at = b
        ends |= {at} if holders else set()
        spaced = mark.spaced or (mark.text != "" and source.text[mark.at - 1 : mark.at] == " ")
        shown = " " * (spaced and at > 0) + mark.text
        inserts.append((at, shown, mark.span))
    out: list[str] = []
    done = 0
    offsets: list[tuple[int, int]] = []  # (place in text, how much longer the text is from there on)
    growth = 0
    for at, shown, index in sorted(inserts, key=lambda item: item[0]):
        out.append(text[done:at])
        done = at
        out.append(shown)
        growth += len(shown)
        offsets.append((at, growth))
        if index is not None:
            spans.append((index, at + growth, at + growth, False, True))
    out.append(text[done:])

    def start_of(at: int) -> int:
        return at + max((g for place, g in offsets if place <= at), default=0)

    def end_of(at: int) -> int:
        return at + max((g for place, g in offsets if place < at), default=0)

    def span_end(index: int, at: int) -> int:
        inside = at in ends and any(_holds(segment, index, mark) for mark in sentence.marks)
        return start_of(at) if inside else end_of(at)

    placed = {index for _, _, index in inserts if index is not None}
    spans = [
        span if span[0] in placed else (span[0], start_of(span[1]), span_end(span[0], span[2]), span[3], span[4])
        for span in spans
    ]
    moved = [
        Link(link.source, (start_of(link.target[0]), end_of(link.target[1])), link.weight)
        for link in _links(sentence, alignment, len(text))
    ]
    return _Part("".join(out), spans, [(start_of(a), end_of(b)) for a, b in terms], moved, sentence)


def _holds(segment: Segment, index: int, mark: Mark) -> bool:
    span = segment.spans[index]
    return mark.origin >= 0 and span.start <= mark.origin < span.end and not span.opaque


def _links(sentence: Sentence, alignment: Alignment, length: int) -> list[Link]:
    """The strongest link of each target piece, in the segment's offsets on the source side."""
    if not alignment.source or not sentence.origin:
        return []
    links = []
    for row, column in enumerate(alignment.weights.argmax(axis=1)):
        start, end = alignment.source[int(column)]
        if start < end <= len(sentence.origin):
            source = (sentence.origin[start], sentence.origin[end - 1] + 1)
            low, high = alignment.target[row]
            if low < length:
                links.append(Link(source, (low, min(high, length)), float(alignment.weights[row, column])))
    return links


def _join(segment: Segment, parts: Sequence[_Part]) -> Composed:
    text = "".join(part.text for part in parts)
    low: dict[int, int] = {}
    high: dict[int, int] = {}
    fixed: set[int] = set()
    shaky: set[int] = set()
    terms: list[Range] = []
    links: list[Link] = []
    pieces: list[tuple[Sentence, Range]] = []
    at = 0
    for part in parts:
        for index, start, end, is_fixed, sure in part.spans:
            low[index] = min(low.get(index, len(text)), at + start)
            high[index] = max(high.get(index, 0), at + end)
            if is_fixed:
                fixed.add(index)
            if not sure:
                shaky.add(index)
        terms += [(at + a, at + b) for a, b in part.terms]
        links += [Link(link.source, (at + link.target[0], at + link.target[1]), link.weight) for link in part.links]
        if part.sentence is not None:
            pieces.append((part.sentence, (at, at + len(part.text))))
        at += len(part.text)
    wishes = [
        Wish(low[i], high[i], i in fixed, i not in shaky) if i in low else Wish(len(text), len(text), sure=False)
        for i in range(len(segment.spans))
    ]
    ranges, moved = fit(text, segment.spans, wishes)
    lost = {i for i, wish in enumerate(wishes) if i not in low and segment.spans[i].start < segment.spans[i].end}
    spans = tuple(TargetSpan(a, b, i) for i, (a, b) in enumerate(ranges))
    unsure = tuple(sorted(shaky | set(moved) | lost))
    composed = Composed(Target(text, spans), tuple(terms), unsure, tuple(pieces), tuple(links))
    for index, span in enumerate(segment.spans):
        if (
            span.start < span.end
            and not span.opaque
            and composed.target.spans[index].start == composed.target.spans[index].end
        ):
            composed = _with_source_text(segment, composed, index)
    return composed


def _with_source_text(segment: Segment, composed: Composed, index: int) -> Composed:
    """Gives a span that found no words its English text: a link without text would be lost to the reader."""
    text, at = composed.target.text, composed.target.spans[index].start
    span = segment.spans[index]
    english = " ".join(segment.text[span.start : span.end].split())
    lead = " " if text[at - 1 : at].strip() and at else ""
    tail = " " if text[at : at + 1].isalnum() else ""
    grown = len(lead) + len(english) + len(tail)

    def moved(place: Range) -> Range:
        return (place[0] + (grown if place[0] >= at else 0), place[1] + (grown if place[1] > at else 0))

    inner = (at + len(lead), at + len(lead) + len(english))
    spans = []
    for i, (target, own) in enumerate(zip(composed.target.spans, segment.spans, strict=True)):
        within = own.start >= span.start and own.end <= span.end and own.start < own.end
        place = moved((target.start, target.end))
        if within and target.start == target.end == at:
            place = inner
        elif target.start <= at <= target.end and own.start <= span.start and span.end <= own.end and i != index:
            place = (min(target.start, inner[0]), max(place[1], inner[1]))  # what holds the span grows around it
        spans.append(TargetSpan(*place, i))
    return Composed(
        Target(text[:at] + lead + english + tail + text[at:], tuple(spans)),
        tuple(moved(place) for place in composed.terms),
        tuple(sorted({*composed.unsure, index})),
        tuple((sentence, moved(place)) for sentence, place in composed.pieces),
        tuple(Link(link.source, moved(link.target), link.weight) for link in composed.links),
    )
