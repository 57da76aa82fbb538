"""Protected terms that a hypothesis has more often than the draft, and the hypothesis without them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from glossary import Term
from glossary.words import plural_of
from translate.agreement import is_function_word
from translate.marian.protocol import Hypothesis, Tokenizer
from translate.placing import Placement, matches
from translate.source import Source


def copies(source: Source, placement: Placement, tokenizer: Tokenizer) -> list[tuple[int, int]]:
    """The piece ranges of the copies of protected terms that stand beside the ones placed, if the draft has fewer.

    The draft's unprotected uses of the same word (a verb, an ``except`` phrase) count: they may stay.
    """
    found_terms = [p.occurrence.term for p in source.protected if p.occurrence is not None and p.verbatim]
    terms = {id(term): term for term in found_terms}
    if not terms:
        return []
    pieces = placement.hypothesis.pieces
    decoded = tokenizer.decode(pieces)
    low = decoded.text.lower()
    held = [where for i in range(len(source.protected)) if (where := placement.pieces_of(i)) is not None]
    found: list[tuple[int, int]] = []
    for term in terms.values():
        spellings = [s for s in _spellings(term) if s.lower() in low]
        if not spellings:
            continue
        spots = _whole(spellings, decoded.offsets, decoded.text)
        free = [spot for spot in spots if not any(a < spot[1] and spot[0] < b for a, b in held)]
        unprotected = sum(
            not any(p.start < b and a < p.end for p in source.protected)
            for a, b in {m for s in spellings for m in matches(s, source.text)}
        )
        found += free if len(free) > unprotected else []
    return sorted(set(found))


def _spellings(term: Term) -> list[str]:
    plurals = [plural_of(text) for text in term.spellings] if term.plural else []
    return [*term.spellings, *plurals]


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
) -> Iterator[Hypothesis]:
    """The hypothesis without one of ``spots`` or of the placed copies, with and without the function words before.

    The caller places each anew and keeps the one that the model likes best.
    """
    held = [placement.pieces_of(i) for i, p in enumerate(source.protected) if p.occurrence is not None]
    for start, end in [*spots, *(where for where in held if where is not None)]:
        yield _cut(placement.hypothesis, start, end)
        first = _function_words(placement.hypothesis, start, tokenizer)
        if first < start:
            yield _cut(placement.hypothesis, first, end)


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


def _cut(hypothesis: Hypothesis, start: int, end: int) -> Hypothesis:
    attention = np.concatenate([hypothesis.attention[:start], hypothesis.attention[end:]])
    return Hypothesis((*hypothesis.pieces[:start], *hypothesis.pieces[end:]), hypothesis.score, attention)
