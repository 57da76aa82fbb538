"""Protected ranges that a hypothesis has more often than the draft, and the hypothesis without them."""

from __future__ import annotations

from collections.abc import Iterator

from glossary.words import plural_of
from translate.decoding.agreement import is_function_word
from translate.decoding.placing import Placement, exchanged, matches, put
from translate.decoding.source import Protected, Source
from translate.marian.protocol import Hypothesis, Tokenizer

_LONG_CODE = 3
"""Shorter code is not told from a Portuguese word (``a``, ``x``, ``=``)."""


def copies(source: Source, placement: Placement, tokenizer: Tokenizer) -> list[tuple[int, int]]:
    """The piece ranges of the copies of protected ranges that stand beside the ones placed, if the draft has fewer.

    The draft's unprotected uses of the same word (a verb, an ``except`` phrase) count: they may stay.
    """
    if not source.protected:
        return []
    decoded = tokenizer.decode(placement.hypothesis.pieces)
    low = decoded.text.lower()
    held = [where for i in range(len(source.protected)) if (where := placement.pieces_of(i)) is not None]
    found: set[tuple[int, int]] = set()
    for group in {known for p in source.protected if (known := _spellings(source, p))}:
        spellings = [s for s in group if s.lower() in low]
        if not spellings:
            continue
        spots = _whole(spellings, decoded.offsets, decoded.text)
        free = [spot for spot in spots if not any(a < spot[1] and spot[0] < b for a, b in held)]
        unprotected = sum(
            not any(p.start < b and a < p.end for p in source.protected)
            for a, b in {m for s in spellings for m in matches(s, source.text)}
        )
        found |= set(free if len(free) > unprotected else [])
    return sorted(found)


def _spellings(source: Source, protected: Protected) -> tuple[str, ...]:
    """How a kept term or a piece of code may be spelled; nothing for what could as well be a Portuguese word."""
    if protected.occurrence is None:
        shown = source.text[protected.start : protected.end]
        return (shown,) if len(shown) > _LONG_CODE and not shown.isalpha() else ()
    if not protected.verbatim:
        return ()
    term = protected.occurrence.term
    return (*term.spellings, *(plural_of(text) for text in term.spellings if term.plural))


def _whole(spellings: list[str], offsets: tuple[tuple[int, int], ...], text: str) -> list[tuple[int, int]]:
    """Piece ranges that make up whole copies, longest spelling first, disjoint."""
    spots: list[tuple[int, int]] = []
    for start, end in sorted({m for s in spellings for m in matches(s, text)}, key=lambda m: m[0] - m[1]):
        covered = [k for k, (a, b) in enumerate(offsets) if a < b and a < end and start < b]
        if covered and offsets[covered[-1]][1] == end and offsets[covered[0]][0] == start:
            spot = (covered[0], covered[-1] + 1)
            if not any(a < spot[1] and spot[0] < b for a, b in spots):
                spots.append(spot)
    return spots


def without(
    placement: Placement, spots: list[tuple[int, int]], source: Source, tokenizer: Tokenizer
) -> Iterator[Placement]:
    """The placement without one of ``spots``, with and without the function words before it.

    Or with the spot in place of an equal copy that holds a term, and without that.
    """
    pieces = placement.hypothesis.pieces
    for spot in spots:
        yield from _cuts(placement, spot, tokenizer)
        text = tokenizer.decode(pieces[slice(*spot)]).text.lower()
        for index, protected in enumerate(source.protected):
            old = placement.pieces_of(index)
            if protected.surface.lower() == text and protected.occurrence is not None and old is not None:
                yield from _cuts(put(placement, index, spot), old, tokenizer)


def _cuts(placement: Placement, span: tuple[int, int], tokenizer: Tokenizer) -> Iterator[Placement]:
    yield exchanged(placement, *span)
    first = _function_words(placement.hypothesis, span[0], tokenizer)
    held = [where for i in range(len(placement.found)) if (where := placement.pieces_of(i)) is not None]
    if first < span[0] and not any(a < span[0] and first < b for a, b in held):
        yield exchanged(placement, first, span[1])


def _function_words(hypothesis: Hypothesis, start: int, tokenizer: Tokenizer) -> int:
    """Where the prepositions, articles and conjunctions right before ``start`` begin."""
    first = start
    for _ in range(2):
        begin = first - 1
        while begin > 0 and not hypothesis.pieces[begin].startswith("▁"):
            begin -= 1
        if begin < 0 or not is_function_word(tokenizer.decode(hypothesis.pieces[begin:first]).text):
            break
        first = begin
    return first
