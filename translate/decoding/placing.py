"""Where the protected ranges of a source stand in a hypothesis, and the text that results.

A checkpoint that knows protected spans answers ``<t> … </t>`` with ``<t> … </t>``: the target span says *where* the
term belongs even when its content came out garbled, so the content is filled in from the draft. What the model copied
without a span is found by looking for the very surface.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from itertools import permutations
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from translate.decoding.alignment import Alignment, Range, inside
from translate.decoding.source import Protected, Source
from translate.marian.protocol import Encoded, Hypothesis, Pieces, Tokenizer

OPEN, CLOSE = "<t>", "</t>"
STAND_IN = "▁\x00"
"""The piece that holds the place of a range which no decoding brought about."""
GARBLED = 0.75
"""Below this likeness a slot's content is no mere misspelling of its term: what follows it was led astray."""
_JOINERS = frozenset("-._/\\=:@#$~&+")
"""Characters that would make one token (a file name, a path, a compound) of a term and what is beside it."""
_EXHAUSTIVE = 6
"""Up to this many spans every assignment is tried; beyond it (720 orders) the best pair is taken first."""

Rung = Literal["kept", "filled", "recased", "forced", "replaced", "inserted", "lost"]


@dataclass(frozen=True, slots=True)
class Slot:
    """A target span: the pieces ``start:end`` of a hypothesis, its symbols included; ``body`` those inside."""

    start: int
    end: int
    body: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Placement:
    """A hypothesis with its protected ranges found.

    ``slot_of[i]`` is the index of the slot that holds ``Source.protected[i]``, or None; ``found[i]`` the piece range
    of a verbatim copy outside slots, or None. ``surplus`` are slots that hold nothing; ``garbled`` the protected ranges
    whose slot holds other words than the draft.
    """

    hypothesis: Hypothesis
    slots: tuple[Slot, ...]
    slot_of: tuple[int | None, ...]
    found: tuple[tuple[int, int] | None, ...]
    surplus: tuple[int, ...]
    garbled: frozenset[int] = frozenset()

    @property
    def missing(self) -> tuple[int, ...]:
        """Protected ranges that stand nowhere."""
        pairs = zip(self.slot_of, self.found, strict=True)
        return tuple(i for i, (slot, copy) in enumerate(pairs) if slot is None and copy is None)

    @property
    def complete(self) -> bool:
        """Whether every protected range stands somewhere and no span is left over."""
        return not self.missing and not self.surplus

    def pieces_of(self, index: int) -> tuple[int, int] | None:
        """The pieces, symbols included, that hold ``Source.protected[index]``."""
        slot = self.slot_of[index]
        return self.found[index] if slot is None else (self.slots[slot].start, self.slots[slot].end)


def exchanged(placement: Placement, start: int, end: int, body: Pieces = ()) -> Placement:
    """The placement with the pieces ``start:end``, which hold no protected range, exchanged for ``body``."""
    hypothesis = placement.hypothesis
    shift = len(body) - (end - start)
    rows = np.zeros((len(body), hypothesis.attention.shape[1] if hypothesis.attention.ndim == 2 else 0), np.float32)
    pieces = (*hypothesis.pieces[:start], *body, *hypothesis.pieces[end:])
    attention = np.concatenate([hypothesis.attention[:start], rows, hypothesis.attention[end:]])

    def shifted(span: tuple[int, int]) -> tuple[int, int]:
        if span[1] <= start:
            return span
        return (span[0] + shift, span[1] + shift) if span[0] >= end else (start, start)

    slots = tuple(Slot(*shifted((slot.start, slot.end)), body=shifted(slot.body)) for slot in placement.slots)
    found = tuple(None if span is None else shifted(span) for span in placement.found)
    return replace(placement, hypothesis=Hypothesis(pieces, hypothesis.score, attention), slots=slots, found=found)


def put(placement: Placement, index: int, span: tuple[int, int]) -> Placement:
    """The placement with ``Source.protected[index]`` held by the pieces ``span``, wherever it was before."""
    slot_of = tuple(None if i == index else slot for i, slot in enumerate(placement.slot_of))
    found = tuple(span if i == index else where for i, where in enumerate(placement.found))
    return replace(placement, slot_of=slot_of, found=found, garbled=placement.garbled - {index})


def place(source: Source, encoded: Encoded, hypothesis: Hypothesis, tokenizer: Tokenizer) -> Placement:
    """Finds each protected range of ``source`` in the hypothesis."""
    slots = _slots(hypothesis.pieces)
    affinity = np.array(
        [[_affinity(source, encoded, hypothesis, tokenizer, s, p) for p in source.protected] for s in slots]
    ).reshape(len(slots), len(source.protected))
    eligible = [i for i, p in enumerate(source.protected) if p.verbatim]  # only these are marked in the source
    slot_of: list[int | None] = [None] * len(source.protected)
    for i, slot in zip(eligible, _assign(affinity[:, eligible], len(slots), len(eligible)), strict=True):
        slot_of[i] = slot
    taken = [(slots[s].start, slots[s].end) for s in slot_of if s is not None]
    found = _copies(source, encoded, hypothesis, tokenizer, slot_of, taken)
    surplus = tuple(i for i in range(len(slots)) if i not in slot_of)
    filled = [(i, slots[s]) for i, s in enumerate(slot_of) if s is not None]
    garbled = frozenset(i for i, slot in filled if _similarity(source, hypothesis, tokenizer, slot, i) < GARBLED)
    return Placement(hypothesis, tuple(slots), tuple(slot_of), tuple(found), surplus, garbled)


def _similarity(source: Source, hypothesis: Hypothesis, tokenizer: Tokenizer, slot: Slot, index: int) -> float:
    """How alike a slot's content and a protected range are, letter case ignored: 0 to 1."""
    text = tokenizer.decode(hypothesis.pieces[slot.body[0] : slot.body[1]]).text.strip().lower()
    shown = source.text[source.protected[index].start : source.protected[index].end].lower()
    return 1.0 if text == shown else SequenceMatcher(None, text, shown, autojunk=False).ratio()


def _slots(pieces: Pieces) -> list[Slot]:
    """Well-formed spans; one that is never closed ends with the first word after it."""
    slots: list[Slot] = []
    i = 0
    while i < len(pieces):
        if pieces[i] != OPEN:
            i += 1
            continue
        end = next((j for j in range(i + 1, len(pieces)) if pieces[j] in (OPEN, CLOSE)), None)
        if end is not None and pieces[end] == CLOSE:
            slots.append(Slot(i, end + 1, (i + 1, end)))
            i = end + 1
        else:
            stop = i + 2
            while stop < (len(pieces) if end is None else end) and not pieces[stop].startswith("▁"):
                stop += 1
            stop = min(stop, len(pieces))
            slots.append(Slot(i, stop, (i + 1, stop)))
            i = stop
    return slots


def _affinity(
    source: Source, encoded: Encoded, hypothesis: Hypothesis, tokenizer: Tokenizer, slot: Slot, protected: Protected
) -> float:
    """How well a slot fits a protected range: what it attends to (0 to 1) plus how alike the texts are (0 to 1)."""
    columns = inside(encoded.offsets, protected.start, protected.end)
    rows = hypothesis.attention[slot.body[0] : slot.body[1]]
    total = float(rows.sum())
    attention = float(rows[:, columns].sum()) / total if total > 0 and columns else 0.0
    text = tokenizer.decode(hypothesis.pieces[slot.body[0] : slot.body[1]]).text.strip()
    shown = source.text[protected.start : protected.end]
    return attention + SequenceMatcher(None, text.lower(), shown.lower(), autojunk=False).ratio()


def _assign(affinity: NDArray[np.float64], slots: int, protected: int) -> list[int | None]:
    """For each protected range its slot: the assignment of greatest total affinity, source order on ties."""
    chosen: list[int | None] = [None] * protected
    if not slots or not protected:
        return chosen
    if slots == protected <= _EXHAUSTIVE:
        best = max(
            permutations(range(slots)),
            key=lambda order: (sum(affinity[s, p] for p, s in enumerate(order)), [-s for s in order]),
        )
        return list(best)
    pairs = sorted((-affinity[s, p], p, s) for s in range(slots) for p in range(protected))
    used: set[int] = set()
    for _, p, s in pairs:
        if chosen[p] is None and s not in used:
            chosen[p] = s
            used.add(s)
    return chosen


def _copies(
    source: Source,
    encoded: Encoded,
    hypothesis: Hypothesis,
    tokenizer: Tokenizer,
    slot_of: Sequence[int | None],
    taken: list[tuple[int, int]],
) -> list[tuple[int, int] | None]:
    """Verbatim copies outside slots of the ranges that have no slot, each copy used once, best aligned first."""
    found: list[tuple[int, int] | None] = [None] * len(source.protected)
    open_ = [i for i, slot in enumerate(slot_of) if slot is None]
    if not open_:
        return found
    decoded = tokenizer.decode(hypothesis.pieces)
    candidates: list[tuple[float, int, tuple[int, int]]] = []
    for i in open_:
        protected = source.protected[i]
        columns = inside(encoded.offsets, protected.start, protected.end)
        wanted = protected.accepted or (source.text[protected.start : protected.end],)
        for start, end in (spot for text in wanted for spot in matches(text, decoded.text)):
            covered = inside(decoded.offsets, start, end)
            # The copy must be made of whole pieces, or cutting it out would take a neighbour's letters along.
            if covered and decoded.offsets[covered[-1]][1] == end:
                pieces = (covered[0], covered[-1] + 1)
                mass = float(hypothesis.attention[pieces[0] : pieces[1], columns].sum()) if columns else 0.0
                candidates.append((-mass, i, pieces))
    for _, i, pieces in sorted(candidates):
        if found[i] is None and not any(a < pieces[1] and pieces[0] < b for a, b in taken):
            found[i] = pieces
            taken.append(pieces)
    return found


def matches(surface: str, text: str) -> list[Range]:
    """Whole-word occurrences of ``surface``, letter case ignored (the surface is put in as the draft wrote it)."""
    low, key = text.lower(), surface.lower()
    if len(low) != len(text):  # a letter whose lower case is longer would shift the offsets
        low, key = text, surface
    spots: list[Range] = []
    at = low.find(key) if key else -1
    while at >= 0:
        end = at + len(key)
        left = at == 0 or not (key[0].isalnum() and (low[at - 1].isalnum() or low[at - 1] == "_"))
        right = end == len(low) or not (key[-1].isalnum() and (low[end].isalnum() or low[end] == "_"))
        if left and right:
            spots.append((at, end))
        at = low.find(key, at + 1)
    return spots


def written(
    source: Source, encoded: Encoded, placement: Placement, tokenizer: Tokenizer
) -> tuple[str, list[Range | None], Alignment]:
    """The text of a placement with every surface exactly as the draft wrote it; left-over spans are dropped.

    Returns the text, for each protected range where it stands (None if missing) and the alignment between
    ``source.text`` and the text.
    """
    pieces, attention = placement.hypothesis.pieces, placement.hypothesis.attention
    if not source.aligned:
        return tokenizer.decode(pieces).text, [], Alignment(encoded.offsets, (), attention[:0])
    held = {where[0]: i for i in range(len(source.protected)) if (where := placement.pieces_of(i)) is not None}
    ends = {s.start: s.end for s in (placement.slots[i] for i in placement.surplus) if s.start < s.end}
    stops = sorted({*held, *ends, len(pieces)})
    text, at = "", 0
    places: list[Range | None] = [None] * len(source.protected)
    ranges: list[Range] = []
    rows: list[NDArray[np.float32]] = []
    while at < len(pieces):
        if at in held:
            index = held[at]
            protected = source.protected[index]
            first, stop = placement.pieces_of(index) or (at, at + 1)
            body = first + 1 if pieces[first] == OPEN else first
            text += _space_before(source, text, protected, spaced=pieces[min(body, stop - 1)].startswith("▁"))
            surface = protected.surface
            if not protected.verbatim and pieces[first] != STAND_IN:
                surface = tokenizer.decode(pieces[first:stop]).text  # an accepted form, as the model inflected it
            elif not protected.verbatim and not text:
                surface = surface[:1].upper() + surface[1:]
            places[index] = (len(text), len(text) + len(surface))
            ranges.append((len(text), len(text) + len(surface)))
            rows.append(_row(encoded, protected))
            text += surface
            at = stop
        elif at in ends:
            at = ends[at]
        else:
            stop = next(s for s in stops if s > at)
            run = tokenizer.decode(pieces[at:stop])
            after_term = bool(ranges) and any(place is not None and place[1] == len(text) for place in places)
            lead = " " if text and pieces[at].startswith("▁") else ""
            body_text, cut = run.text, 0
            if after_term and not lead:
                lead, cut = _suffix(source, places, len(text), run.text)
            base = len(text) + len(lead)
            ranges += [(base + max(0, a - cut), base + max(0, b - cut)) for a, b in run.offsets]
            rows += list(attention[at:stop])
            text += lead + body_text[cut:]
            at = stop
    keep = [k for k, (a, b) in enumerate(ranges) if a < b]
    weights = np.array(rows, np.float32).reshape(len(rows), len(encoded.pieces))[keep]
    return text, places, Alignment(encoded.offsets, tuple(ranges[k] for k in keep), weights)


def _row(encoded: Encoded, protected: Protected) -> NDArray[np.float32]:
    row = np.zeros(len(encoded.pieces), np.float32)
    columns = inside(encoded.offsets, protected.start, protected.end)
    row[columns] = 1.0 / max(1, len(columns))
    return row


def _space_before(source: Source, text: str, protected: Protected, *, spaced: bool) -> str:
    """A space, unless the term opens the sentence or stands right after the bracket or quote it has in the draft."""
    if not text or text[-1].isspace():
        return ""
    if text[-1].isalnum():
        return " "
    left = source.text[protected.start - 1 : protected.start]
    if text[-1] in _JOINERS and left != text[-1]:
        return " "
    if left == text[-1] and left not in ",.;:!?)]}":
        return ""
    return " " if spaced else ""


def _suffix(source: Source, places: Sequence[Range | None], at: int, run: str) -> tuple[str, int]:
    """What to do with what the model glued to a term: a space before a word or a joiner, nothing of a stray ending.

    Returns the text to put between and how many characters of ``run`` to drop.
    """
    index = next(i for i, place in enumerate(places) if place is not None and place[1] == at)
    follows = source.text[source.protected[index].end : source.protected[index].end + 1]
    if run[:1] in _JOINERS and run[:1] != follows and (run[1:2].isalnum() or run[1:2] in _JOINERS):
        return " ", 0
    if not run[:1].isalnum() or follows.isalnum():
        return "", 0
    letters = next((k for k, c in enumerate(run) if not c.isalnum()), len(run))
    return ("", letters) if letters <= 2 else (" ", 0)
