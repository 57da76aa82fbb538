"""Where a protected range belongs in a hypothesis that lacks it, and the beginnings that bring it about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from translate.decoding.agreement import variants
from translate.decoding.alignment import inside
from translate.decoding.placing import CLOSE, OPEN, Placement
from translate.decoding.source import Protected, Source
from translate.marian.protocol import Encoded, Pieces, Request, Tokenizer

EVIDENCE = 0.15
"""Attention below which a target piece says nothing about where a term's translation stands."""


@dataclass(frozen=True, slots=True)
class Item:
    """A source on its way up the ladder. ``forced``: the protected ranges that were forced so far."""

    source: Source
    encoded: Encoded
    placement: Placement
    forced: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Step:
    """One sentence to decode again: alternative requests over ``encoded``; the best result will be taken."""

    requests: tuple[Request, ...]
    encoded: Encoded
    forced: frozenset[int]


def next_step(item: Item, tokenizer: Tokenizer, ratio: float) -> Step | None:
    """The forced beginnings that mend the item's first defect in target order, or None if decoding cannot help.

    Where a determiner stands right before the term they differ in its gender, unless the glossary tells it.
    """
    placement = item.placement
    cuts = [(cut_of(item, index)[0], index) for index in placement.missing]
    cuts += [(where[0], i) for i in placement.garbled - item.forced if (where := placement.pieces_of(i))]
    if cuts:
        cut, index = min(cuts)
        protected = item.source.protected[index]
        before = prefix(item, cut, tokenizer)
        term = forced(item, protected, tokenizer, initial=not _shown(before, tokenizer))
        limit = int(ratio * len(item.encoded.pieces)) + len(before) + len(term) + 10
        beginnings = _agreeing(before, protected, tokenizer)
        requests = tuple(Request(item.encoded.pieces, (*start, *term), limit) for start in beginnings)
        return Step(requests, item.encoded, item.forced | {index})
    if not placement.surplus:
        return None
    # Only left-over spans remain: continue before the first of them from the bare sentence, where none can be opened.
    surplus = min(placement.slots[s].start for s in placement.surplus)
    places = [placement.pieces_of(i) for i in range(len(item.source.protected))]
    if any(where is not None and where[0] > surplus for where in places):
        return None
    bare = tokenizer.encode(item.source.text)
    before = tuple(p for p in prefix(item, surplus, tokenizer) if p not in (OPEN, CLOSE))
    request = Request(bare.pieces, before, int(ratio * len(bare.pieces)) + len(before) + 10)
    return Step((request,), bare, item.forced)


def forced(item: Item, protected: Protected, tokenizer: Tokenizer, *, initial: bool = False) -> Pieces:
    """The target pieces of a protected range; a preferred translation that opens the sentence gets a capital."""
    surface = protected.surface
    if initial and not protected.verbatim:
        surface = surface[:1].upper() + surface[1:]
    pieces = tokenizer.encode_target(surface)
    return (OPEN, *pieces, CLOSE) if OPEN in item.encoded.pieces and protected.verbatim else pieces


def prefix(item: Item, cut: int, tokenizer: Tokenizer) -> Pieces:
    """The hypothesis up to ``cut`` with the terms it holds spelled as they must be and left-over spans taken out."""
    placement, pieces = item.placement, item.placement.hypothesis.pieces
    held = {where[0]: (where[1], i) for i in range(len(item.source.protected)) if (where := placement.pieces_of(i))}
    ends = {s.start: s.end for s in (placement.slots[i] for i in placement.surplus) if s.start < s.end}
    out: list[str] = []
    at = 0
    while at < cut:
        if at in held:
            stop, index = held[at]
            protected = item.source.protected[index]
            out += forced(item, protected, tokenizer) if protected.verbatim else pieces[at:stop]
            at = stop
        elif at in ends:
            at = ends[at]
        else:
            out.append(pieces[at])
            at += 1
    return tuple(out)


def _shown(pieces: Pieces, tokenizer: Tokenizer) -> str:
    return tokenizer.decode(pieces).text.strip("\"'\u201c\u2018\u00ab([ ")


def _agreeing(before: Pieces, protected: Protected, tokenizer: Tokenizer) -> list[Pieces]:
    """The beginning, once for each form that its last word may take before the term."""
    start = max((k for k, piece in enumerate(before) if piece.startswith("▁")), default=0)
    last = before[start:]
    if protected.occurrence is None or not last or OPEN in last or CLOSE in last:
        return [before]
    word = tokenizer.decode(last).text
    forms = variants(word, protected.occurrence.term, protected.surface)
    return [(*before[:start], *tokenizer.encode_target(form)) if form != word else before for form in forms] or [before]


def cut_of(item: Item, index: int) -> tuple[int, int]:
    """The pieces of the hypothesis that stand where ``Source.protected[index]`` belongs; empty if none is aligned.

    They are the run of whole words around the most strongly aligned piece; without evidence, the word boundary after
    the last piece that comes from the left of the term.
    """
    hypothesis, protected = item.placement.hypothesis, item.source.protected[index]
    busy = [w for i in range(len(item.source.protected)) if (w := item.placement.pieces_of(i)) is not None]
    columns = inside(item.encoded.offsets, protected.start, protected.end)
    mass = hypothesis.attention[:, columns].sum(axis=1) if columns else np.zeros(len(hypothesis.pieces), np.float32)
    for start, end in busy:
        mass[start:end] = 0
    mass[[k for k, piece in enumerate(hypothesis.pieces) if not _wordy(piece)]] = 0
    if len(mass) and float(mass.max()) >= EVIDENCE:
        return _run(hypothesis.pieces, mass, busy)
    left = [
        t
        for t, row in enumerate(hypothesis.attention)
        if row.any() and item.encoded.offsets[int(row.argmax())][1] <= protected.start
    ]
    at = max(left) + 1 if left else 0
    while at < len(hypothesis.pieces) and (_glued(hypothesis.pieces[at]) or any(a < at < b for a, b in busy)):
        at += 1
    return at, at


def _run(pieces: Pieces, mass: NDArray[np.float32], busy: Sequence[tuple[int, int]]) -> tuple[int, int]:
    peak = int(mass.argmax())
    floor = max(EVIDENCE, 0.3 * float(mass[peak]))
    start, end = peak, peak + 1
    while start > 0 and mass[start - 1] >= floor:
        start -= 1
    while end < len(pieces) and mass[end] >= floor:
        end += 1
    taken = {t for a, b in busy for t in range(a, b)}
    while start > 0 and _glued(pieces[start]) and start - 1 not in taken:
        start -= 1
    while end < len(pieces) and _glued(pieces[end]) and end not in taken:
        end += 1
    return start, end


def _glued(piece: str) -> bool:
    """Whether a piece continues the word before it (a full stop does not: a term goes before it)."""
    return not piece.startswith("▁") and _wordy(piece)


def _wordy(piece: str) -> bool:
    return any(c.isalnum() for c in piece) and piece not in (OPEN, CLOSE)
