"""Segments to sentences, which is what the model translates.

Boundaries are nupunkt's (Punkt, Kiss & Strunk 2006, with a legal and scientific abbreviation list). Three rules are
added: a hard line break and a boundary span (a Liquid branch, a comment) always end a sentence, no boundary falls
inside an opaque span, and the credit of a caption ("… — source") is a sentence of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from translate.document.model import Segment

MAX_CHARACTERS = 420
"""Longer sentences are cut at a clause: the model was trained on up to 90 pieces, about this many characters."""

_CREDIT = re.compile(r"\s[—–-]\s(?=[^—–.]{1,40}$)")
_CLAUSE = re.compile(r"(?<=[;:])\s|\s(?=[—–]\s)|(?<=,)\s|\s")


def sentence_ranges(segment: Segment) -> list[tuple[int, int]]:
    """Half-open character ranges of the segment's sentences, without surrounding white space, in order."""
    import nupunkt

    # Spaces for line breaks: a newline is a strong boundary cue for Punkt, but here it is only a wrapped line.
    flat = re.sub(r"\s", " ", segment.text)
    hard = {span.start for span in segment.spans if span.kind == "break"}
    hard |= {edge for span in segment.spans if span.boundary for edge in (span.start, span.end)}
    opaque = segment.opaque_ranges
    cuts = {end for _, end in nupunkt.sent_spans(flat)} if segment.kind != "cell" else set()
    cuts = {cut for cut in cuts if not any(start < cut < end for start, end in opaque)} | hard
    if segment.kind == "caption" and (credit := _CREDIT.search(flat)):
        cuts.add(credit.end())
    ranges = _between(cuts, len(flat))
    return [piece for start, end in ranges for piece in _bounded(flat, *_trim(flat, start, end), opaque)]


def _between(cuts: Iterable[int], length: int) -> Iterator[tuple[int, int]]:
    edges = [0, *sorted(cut for cut in cuts if 0 < cut < length), length]
    yield from pairwise(edges)


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end


def _bounded(text: str, start: int, end: int, opaque: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The range itself, or, where it is too long for the model, pieces of it cut at clauses, then at words."""
    while end - start > MAX_CHARACTERS:
        cut = _best_cut(text, start, end, opaque)
        yield _trim(text, start, cut)
        start, _ = _trim(text, cut, end)
    if start < end:
        yield start, end


def _best_cut(text: str, start: int, end: int, opaque: Sequence[tuple[int, int]]) -> int:
    """The strongest clause boundary in the window, the later the better; a plain cut where there is none."""
    window = text[start : min(end, start + MAX_CHARACTERS)]
    best, rank = start + len(window), -1.0
    for found in _CLAUSE.finditer(window, MAX_CHARACTERS // 3):
        before = window[found.start() - 1]
        at = start + found.start()
        if any(a < at < b for a, b in opaque):
            continue
        strength = {";": 3.0, ":": 2.5, ",": 2.0}.get(
            before, 2.5 if window[found.end() : found.end() + 1] in "—–" else 1
        )
        score = strength + found.start() / MAX_CHARACTERS
        if score >= rank:
            best, rank = at, score
    return best
