"""Glossary enforcement while decoding: a ladder whose every rung is verified.

1. *kept* / *filled*: the first pass. A checkpoint trained on protected spans gets ``<t> … </t>`` around every protected
   range and answers with spans of its own, which say where each term belongs; any other checkpoint translates plainly
   and what came through verbatim is kept.
2. *forced*: where a range is missing, the alignment says where its translation stands. The hypothesis up to there and
   the term become a forced beginning and the model continues from it, so that what follows agrees with the term.
3. *replaced* / *inserted*: the aligned words are exchanged for the term; without any aligned word it goes where the
   order of the sentence puts it.
4. What is placed is verified again by the caller, on the finished text, with the glossary's own matcher.

Sentences without a violation pay for the first pass alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from translate.alignment import Alignment, Range, inside, whole
from translate.marian.protocol import Encoded, Engine, Hypothesis, Pieces, Request, Tokenizer
from translate.placing import CLOSE, OPEN, STAND_IN, Placement, Rung, place, written
from translate.source import Protected, Source

ROUNDS = 3
"""How often a sentence is decoded again with a longer forced beginning before its words are replaced."""
EVIDENCE = 0.15
"""Attention below which a target piece says nothing about where a term's translation stands."""


@dataclass(frozen=True, slots=True)
class Rendering:
    """One source sentence in the target language.

    ``places[i]`` is where ``Source.protected[i]`` stands in ``text`` and ``rungs[i]`` how it got there; ``score`` is
    the model's mean log-probability of the hypothesis behind it.
    """

    text: str
    places: tuple[Range | None, ...]
    rungs: tuple[Rung, ...]
    alignment: Alignment
    score: float
    pieces: int


@dataclass(frozen=True, slots=True)
class _Item:
    source: Source
    encoded: Encoded
    placement: Placement
    forced: frozenset[int] = frozenset()


def request(source: Source, tokenizer: Tokenizer, ratio: float) -> tuple[Encoded, Request]:
    """The first-pass request for a source: protected spans marked where the checkpoint knows them.

    ``ratio`` caps the output at that many target pieces a source piece (and ten more).
    """
    ranges = [(p.start, p.end) for p in source.protected if p.verbatim] if tokenizer.protects else []
    encoded = tokenizer.encode(source.text, ranges)
    return encoded, Request(encoded.pieces, max_length=int(ratio * len(encoded.pieces)) + 10)


def enforce(
    sources: Sequence[Source],
    encoded: Sequence[Encoded],
    hypotheses: Sequence[Hypothesis],
    engine: Engine,
    *,
    beam_size: int,
    ratio: float,
    on_round: Callable[[int], None] | None = None,
) -> list[Rendering]:
    """Every protected range of every source in its place, from first-pass hypotheses (see the module's ladder).

    ``on_round`` is told how many sentences are decoded again, once a round.
    """
    tokenizer = engine.tokenizer
    items = [
        _Item(source, code, place(source, code, hypothesis, tokenizer))
        for source, code, hypothesis in zip(sources, encoded, hypotheses, strict=True)
    ]
    for _ in range(ROUNDS):
        again = [k for k, item in enumerate(items) if not item.placement.complete]
        steps = [(k, step) for k in again if (step := _next_step(items[k], tokenizer, ratio)) is not None]
        if not steps:
            break
        if on_round is not None:
            on_round(len(steps))
        results = engine.translate([req for _, (req, _, _) in steps], beam_size=beam_size)
        for (k, (_, code, forced)), result in zip(steps, results, strict=True):
            items[k] = _better(items[k], code, result[0], forced, tokenizer)
    return [_finish(item, tokenizer) for item in items]


def _next_step(item: _Item, tokenizer: Tokenizer, ratio: float) -> tuple[Request, Encoded, frozenset[int]] | None:
    """The forced beginning that mends the item's first defect in target order, or None if decoding cannot help."""
    placement = item.placement
    cuts = sorted((_cut(item, index)[0], index) for index in placement.missing)
    if cuts:
        cut, index = cuts[0]
        if index in item.forced and len(item.forced) > len(item.source.protected):
            return None
        prefix = (*_prefix(item, cut, tokenizer), *_forced(item.source.protected[index], tokenizer))
        limit = int(ratio * len(item.encoded.pieces)) + len(prefix) + 10
        return Request(item.encoded.pieces, prefix, limit), item.encoded, item.forced | {index}
    # Only left-over spans remain: continue before the first of them from the bare sentence, where none can be opened.
    surplus = min(placement.slots[s].start for s in placement.surplus)
    if any((where := placement.pieces_of(i)) is not None and where[0] > surplus for i in range(len(item.source.protected))):
        return None
    bare = tokenizer.encode(item.source.text)
    prefix = tuple(p for p in _prefix(item, surplus, tokenizer) if p not in (OPEN, CLOSE))
    return Request(bare.pieces, prefix, int(ratio * len(bare.pieces)) + len(prefix) + 10), bare, item.forced


def _forced(protected: Protected, tokenizer: Tokenizer) -> Pieces:
    pieces = tokenizer.encode_target(protected.surface)
    return (OPEN, *pieces, CLOSE) if tokenizer.protects and protected.verbatim else pieces


def _prefix(item: _Item, cut: int, tokenizer: Tokenizer) -> Pieces:
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
            out += _forced(protected, tokenizer) if protected.verbatim else pieces[at:stop]
            at = stop
        elif at in ends:
            at = ends[at]
        else:
            out.append(pieces[at])
            at += 1
    return tuple(out)


def _cut(item: _Item, index: int) -> tuple[int, int]:
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
    if len(mass) and float(mass.max()) >= EVIDENCE:
        return _run(hypothesis.pieces, mass, busy)
    left = [
        t
        for t, row in enumerate(hypothesis.attention)
        if row.any() and item.encoded.offsets[int(row.argmax())][1] <= protected.start
    ]
    at = max(left) + 1 if left else 0
    while at < len(hypothesis.pieces) and (not hypothesis.pieces[at].startswith("▁") or any(a < at < b for a, b in busy)):
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
    while start > 0 and not pieces[start].startswith("▁") and start - 1 not in taken and _wordy(pieces[start]):
        start -= 1
    while end < len(pieces) and not pieces[end].startswith("▁") and end not in taken and _wordy(pieces[end]):
        end += 1
    return start, end


def _wordy(piece: str) -> bool:
    return any(c.isalnum() for c in piece) and piece not in (OPEN, CLOSE)


def _better(item: _Item, encoded: Encoded, hypothesis: Hypothesis, forced: frozenset[int], tokenizer: Tokenizer) -> _Item:
    """The new hypothesis if it has fewer defects than the one before, else the old one, marked as tried."""
    placement = place(item.source, encoded, hypothesis, tokenizer)
    old = item.placement
    if (len(placement.missing), len(placement.surplus)) < (len(old.missing), len(old.surplus)):
        return _Item(item.source, encoded, placement, forced)
    if len(placement.missing) == len(old.missing) and forced != item.forced:
        return _Item(item.source, encoded, placement, forced)
    return _Item(item.source, item.encoded, old, forced)


def _finish(item: _Item, tokenizer: Tokenizer) -> Rendering:
    """The text of an item; what is still missing is put in the place of its aligned words."""
    protected = item.source.protected
    rungs: list[Rung] = [_rung(item, i, tokenizer) for i in range(len(protected))]
    placement = item.placement
    for index in placement.missing:
        start, end = _cut(_Item(item.source, item.encoded, placement), index)
        rungs[index] = "replaced" if end > start else "inserted"
        placement = _spliced(placement, start, end, index, tokenizer)
    text, places, alignment = written(item.source, item.encoded, placement, tokenizer)
    return Rendering(
        text, tuple(places), tuple(rungs), alignment, placement.hypothesis.score, len(placement.hypothesis.pieces)
    )


def _rung(item: _Item, index: int, tokenizer: Tokenizer) -> Rung:
    where = item.placement.pieces_of(index)
    if where is None:
        return "lost"
    if index in item.forced:
        return "forced"
    protected = item.source.protected[index]
    if not protected.verbatim:
        return "kept"
    surface = protected.surface
    shown = tokenizer.decode(item.placement.hypothesis.pieces[where[0] : where[1]]).text.strip()
    if shown == surface:
        return "kept"
    return "recased" if shown.lower() == surface.lower() else "filled"


def _spliced(placement: Placement, start: int, end: int, index: int, tokenizer: Tokenizer) -> Placement:
    """The placement with the pieces ``start:end`` exchanged for a verbatim copy of a protected range."""
    hypothesis = placement.hypothesis
    body = (STAND_IN,)
    shift = len(body) - (end - start)
    columns = hypothesis.attention.shape[1] if hypothesis.attention.ndim == 2 else 0
    rows = np.zeros((len(body), columns), np.float32)
    pieces = (*hypothesis.pieces[:start], *body, *hypothesis.pieces[end:])
    attention = np.concatenate([hypothesis.attention[:start], rows, hypothesis.attention[end:]])

    def moved(span: tuple[int, int] | None) -> tuple[int, int] | None:
        if span is None or span[1] <= start:
            return span
        return (span[0] + shift, span[1] + shift) if span[0] >= end else None

    slots = tuple(
        type(slot)(*(moved((slot.start, slot.end)) or (start, start)), body=moved(slot.body) or (start, start))
        for slot in placement.slots
    )
    found = [moved(span) for span in placement.found]
    found[index] = (start, start + len(body))
    spliced = Hypothesis(pieces, hypothesis.score, attention)
    return Placement(spliced, slots, placement.slot_of, tuple(found), placement.surplus)


def copied(source: Source) -> Rendering:
    """A source that is left as it is."""
    places = tuple((p.start, p.end) for p in source.protected)
    return Rendering(source.text, places, ("kept",) * len(places), whole(source.text, source.text), 0.0, 0)
