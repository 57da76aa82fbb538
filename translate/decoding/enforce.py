"""Glossary enforcement while decoding: a ladder whose every rung is verified.

1. *kept*: the sentence is translated plainly, which is the model's best Portuguese; most terms survive on their own.
   *filled*: a sentence that lost one is translated again, by a checkpoint trained on protected spans, with
   ``<t> … </t>`` around every protected range; it answers with spans of its own, which say where each term belongs.
   (What is sure to lose one, see `translate.decoding.reluctant`, gets its spans in the first place.)
2. *forced*: where a range is missing (or its span was filled with other words), the alignment says where its
   translation stands. The hypothesis up to there and the term become a forced beginning and the model continues from
   it, so that what follows agrees with the term; of several beginnings the model's own score chooses.
3. *replaced* / *inserted*: the aligned words are exchanged for the term; without any aligned word it goes where the
   order of the sentence puts it.
4. A term that came out more often than the draft has it is taken out again where the model likes that best;
   determiners and adjectives are made to agree with the kept words (see `translate.decoding.agreement`).
5. What is placed is verified again by the caller, on the finished text, with the glossary's own matcher.

Sentences without a violation pay for the first pass alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from translate.decoding import surplus
from translate.decoding.agreement import moved, repaired
from translate.decoding.alignment import Alignment, Range, whole
from translate.decoding.forcing import Item, Step, cut_of, next_step
from translate.decoding.placing import OPEN, STAND_IN, Placement, Rung, exchanged, place, put, written
from translate.decoding.source import Protected, Source
from translate.marian.protocol import Encoded, Engine, Hypothesis, Request, Tokenizer

ROUNDS = 4
"""How often a sentence is decoded again with a longer forced beginning before its words are replaced."""


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


def request(source: Source, tokenizer: Tokenizer, ratio: float, *, marked: bool = False) -> tuple[Encoded, Request]:
    """The request for a source; ``marked``: its protected spans are marked if the checkpoint knows such spans.

    ``ratio`` caps the output at that many target pieces a source piece (and ten more).
    """
    ranges = [(p.start, p.end) for p in source.protected if p.verbatim] if marked and tokenizer.protects else []
    encoded = tokenizer.encode(source.text, ranges)
    length = int(ratio * len(encoded.pieces)) + 10
    return encoded, Request(encoded.pieces, max_length=length, align=source.aligned)


def enforce(
    sources: Sequence[Source],
    encoded: Sequence[Encoded],
    hypotheses: Sequence[Hypothesis],
    engine: Engine,
    *,
    beam_size: int,
    ratio: float,
    rounds: int = ROUNDS,
    on_round: Callable[[int], None] | None = None,
) -> list[Rendering]:
    """Every protected range of every source in its place, from first hypotheses (see the module's ladder).

    ``rounds`` bounds how often a sentence is decoded again (0: never); ``on_round`` is told how many sentences are,
    once a round.
    """
    tokenizer = engine.tokenizer
    items = [
        Item(source, code, place(source, code, hypothesis, tokenizer))
        for source, code, hypothesis in zip(sources, encoded, hypotheses, strict=True)
    ]
    if tokenizer.protects and rounds:
        _mark(items, engine, beam_size, ratio, on_round)
    for _ in range(rounds):
        steps = {k: step for k, item in enumerate(items) if (step := next_step(item, tokenizer, ratio)) is not None}
        if not steps:
            break
        if on_round is not None:
            on_round(len(steps))
        _decode(items, steps, engine, beam_size)
    complete = [_complete(item, tokenizer) for item in items]
    items = [item for item, _ in complete]
    _remove_surplus(items, engine)
    return [_finish(item, rungs, tokenizer) for item, (_, rungs) in zip(items, complete, strict=True)]


def _mark(
    items: list[Item], engine: Engine, beam_size: int, ratio: float, on_round: Callable[[int], None] | None
) -> None:
    """Translates what lost a protected range again with its spans marked, unless it was marked already."""
    lost = [k for k, i in enumerate(items) if i.placement.missing and OPEN not in i.encoded.pieces]
    prepared = {k: request(items[k].source, engine.tokenizer, ratio, marked=True) for k in lost}
    prepared = {k: pair for k, pair in prepared.items() if OPEN in pair[0].pieces}
    if not prepared:
        return
    if on_round is not None:
        on_round(len(prepared))
    results = engine.translate([again for _, again in prepared.values()], beam_size=beam_size)
    for (k, (encoded, _)), result in zip(prepared.items(), results, strict=True):
        placement = place(items[k].source, encoded, result[0], engine.tokenizer)
        if len(placement.missing) <= len(items[k].placement.missing):
            items[k] = Item(items[k].source, encoded, placement)


def _decode(items: list[Item], steps: dict[int, Step], engine: Engine, beam_size: int) -> None:
    """Takes one step with each item of ``steps``: the result with the fewest defects, then the likeliest one."""
    requests = [(k, request) for k, step in steps.items() for request in step.requests]
    results = engine.translate([request for _, request in requests], beam_size=beam_size)
    found: dict[int, list[Placement]] = {k: [] for k in steps}
    for (k, _), result in zip(requests, results, strict=True):
        found[k].append(place(items[k].source, steps[k].encoded, result[0], engine.tokenizer))
    likeliest = _likeliest([(steps[k].encoded, group) for k, group in found.items()], engine)
    for (k, step), placement in zip(steps.items(), likeliest, strict=True):
        items[k] = _better(items[k], step, placement)


def _likeliest(groups: Sequence[tuple[Encoded, Sequence[Placement]]], engine: Engine) -> list[Placement]:
    """Of each group the placement with the fewest defects; of several, the one that the model gives the best score."""
    best = [[p for p in group if _defects(p) == min(map(_defects, group))] for _, group in groups]
    rivals = [(encoded, p) for (encoded, _), group in zip(groups, best, strict=True) if len(group) > 1 for p in group]
    scores = iter(_scores(rivals, engine))
    return [group[0] if len(group) == 1 else max(group, key=lambda _: next(scores)) for group in best]


def _scores(rivals: Sequence[tuple[Encoded, Placement]], engine: Engine) -> list[float]:
    """The model's mean log-probability of each hypothesis."""
    if not rivals:
        return []
    sources = [encoded.pieces for encoded, _ in rivals]
    return [float(np.mean(s)) for s in engine.score(sources, [p.hypothesis.pieces for _, p in rivals])]


def _defects(placement: Placement) -> tuple[int, int, int]:
    return len(placement.missing), len(placement.surplus), len(placement.garbled)


def _better(item: Item, step: Step, placement: Placement) -> Item:
    """The item with the new placement unless that has more defects than the old one; marked as tried either way."""
    if _defects(placement) > _defects(item.placement) or (step.forced == item.forced and not placement.complete):
        return replace(item, forced=step.forced)
    return Item(item.source, step.encoded, placement, step.forced)


def _complete(item: Item, tokenizer: Tokenizer) -> tuple[Item, tuple[Rung, ...]]:
    """The item with what is still missing put in the place of its aligned words, and how each range got there.

    Left-over spans are dropped with what the model wrote in them.
    """
    rungs: list[Rung] = [_rung(item, i, tokenizer) for i in range(len(item.source.protected))]
    for index in item.placement.surplus:
        slot = item.placement.slots[index]
        item = replace(item, placement=exchanged(item.placement, slot.start, slot.end))
    item = replace(item, placement=replace(item.placement, surplus=()))
    for index in item.placement.missing:
        start, end = cut_of(item, index)
        rungs[index] = "replaced" if end > start else "inserted"
        placement = put(exchanged(item.placement, start, end, (STAND_IN,)), index, (start, start + 1))
        item = replace(item, placement=placement)
    return item, tuple(rungs)


def _remove_surplus(items: list[Item], engine: Engine) -> None:
    """Takes out the copies of terms that the draft has fewer of, the likeliest remaining sentence each time."""
    waiting = dict(enumerate(items))
    for _ in range(ROUNDS):
        groups: dict[int, tuple[Encoded, list[Placement]]] = {}
        for k, item in waiting.items():
            spots = surplus.copies(item.source, item.placement, engine.tokenizer)
            if spots:
                shorter = surplus.without(item.placement, spots, item.source, engine.tokenizer)
                groups[k] = (item.encoded, list(shorter))
        chosen = _likeliest(list(groups.values()), engine)
        waiting = {k: replace(items[k], placement=p) for k, p in zip(groups, chosen, strict=True)}
        if not waiting:
            return
        for k, item in waiting.items():
            items[k] = item


def _finish(item: Item, rungs: tuple[Rung, ...], tokenizer: Tokenizer) -> Rendering:
    """The text of an item that holds all its protected ranges."""
    text, places, alignment = written(item.source, item.encoded, item.placement, tokenizer)
    hypothesis = item.placement.hypothesis
    rendering = Rendering(text, tuple(places), rungs, alignment, hypothesis.score, len(hypothesis.pieces))
    return _agreeing(rendering, item.source.protected)


def _agreeing(rendering: Rendering, protected: Sequence[Protected]) -> Rendering:
    """The rendering with the words around its terms made to agree with them; places and alignment move along."""
    placed = [(where, p) for where, p in zip(rendering.places, protected, strict=True) if where is not None]
    kept = [(where, p.occurrence.term) for where, p in placed if p.occurrence is not None]
    if not kept:
        return rendering
    text, edits = repaired(rendering.text, kept, [where for where, p in placed if p.occurrence is None])
    if not edits:
        return rendering
    places = tuple(None if w is None else (moved(w[0], edits), moved(w[1], edits)) for w in rendering.places)
    ranges = [(moved(a, edits), moved(b, edits)) for a, b in rendering.alignment.target]
    keep = [k for k, (a, b) in enumerate(ranges) if a < b]
    alignment = Alignment(rendering.alignment.source, tuple(ranges[k] for k in keep), rendering.alignment.weights[keep])
    return replace(rendering, text=text, places=places, alignment=alignment)


def _rung(item: Item, index: int, tokenizer: Tokenizer) -> Rung:
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


def copied(source: Source) -> Rendering:
    """A source that is left as it is, but for its preferred translations."""
    text, at = "", 0
    places: list[Range | None] = []
    for protected in source.protected:
        text += source.text[at : protected.start]
        places.append((len(text), len(text) + len(protected.surface)))
        text += protected.surface
        at = protected.end
    text += source.text[at:]
    rungs = tuple[Rung, ...]("kept" for _ in places)
    return Rendering(text, tuple(places), rungs, whole(source.text, text), 0.0, 0)
