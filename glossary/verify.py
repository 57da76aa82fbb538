"""Which term occurrences survived in a translation.

Maximal exclusive matching: n occurrences in the draft need n disjoint ones in the translation, and a
term that stands inside a longer kept one does not count for itself. What counts as kept is the very
surface of the draft (a plural stays plural; blanks may become other blanks; capitals follow the
glossary's ``casing``), or, for an entry with a translation, that rendering or one of its forms in any
case.
"""

from __future__ import annotations

import re
from array import array
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from glossary.matcher import Matcher
from glossary.terms import Casing, Occurrence
from glossary.words import HYPHENS, opaque

Diagnosis = Literal["kept", "dropped", "recased", "inflected", "split", "digits", "glued", "untranslated"]
"""``kept``, or how an occurrence was lost: gone; other capitals; another number or separator
(``embedding`` for ``embeddings``); blanks inside (``data set``); other digits; stuck to other
letters; left in English although the glossary has a translation."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of an occurrence of the draft; ``start:end`` is its place in the translation (-1: none).

    For a lost occurrence the place is what the diagnosis speaks of, where there is one.
    """

    occurrence: Occurrence
    diagnosis: Diagnosis
    start: int = -1
    end: int = -1

    @property
    def kept(self) -> bool:
        return self.diagnosis == "kept"


@dataclass(frozen=True, slots=True)
class Verification:
    """Verdicts in the order of the draft's occurrences, and what the translation has too much of.

    ``surplus``: occurrences in the translation beyond the draft's, of terms that the draft has (a
    doubled term). ``forbidden``: forbidden renderings of terms that the draft has.
    """

    verdicts: tuple[Verdict, ...]
    surplus: tuple[Occurrence, ...] = ()
    forbidden: tuple[Occurrence, ...] = ()

    @property
    def total(self) -> int:
        return len(self.verdicts)

    @property
    def kept(self) -> int:
        return sum(verdict.kept for verdict in self.verdicts)

    @property
    def missing(self) -> tuple[Verdict, ...]:
        return tuple(verdict for verdict in self.verdicts if not verdict.kept)

    @property
    def ok(self) -> bool:
        """Nothing lost, doubled or forbidden."""
        return self.kept == self.total and not self.surplus and not self.forbidden


def verify(
    occurrences: Sequence[Occurrence],
    target: str,
    matcher: Matcher,
    skip: Sequence[tuple[int, int]] = (),
) -> Verification:
    """Check the draft's ``occurrences`` against ``target`` (``skip``: ranges of it that do not count)."""
    if not occurrences:
        return Verification(())
    tiles = [tile for tile in matcher.find(target, skip) if tile.term.translation is None]
    placement = _Placement(occurrences, matcher.termbase.casing, len(target))
    placement.assign_tiles(tiles)
    free: list[Occurrence] = []
    if placement.waiting():
        wanted = {id(occurrence.term) for occurrence in occurrences}
        free = [c for c in matcher.candidates(target, skip) if id(c.term) in wanted]
        placement.assign_freely(free, matcher.renderings(target, skip))
    left = _by_term([candidate for candidate in free if placement.is_free(candidate)])
    prose = _blanked(target, skip) if placement.waiting() else ""
    diagnoses: dict[tuple[int, str], Verdict] = {}
    verdicts: list[Verdict] = []
    for occurrence, place in zip(occurrences, placement.places, strict=True):
        if place is not None:
            verdicts.append(Verdict(occurrence, "kept", place.start, place.end))
            continue
        key = id(occurrence.term), occurrence.text
        if key not in diagnoses:
            diagnoses[key] = _diagnose(occurrence, prose, left.get(key[0], []), placement)
        verdicts.append(replace(diagnoses[key], occurrence=occurrence))
    counts = Counter(id(occurrence.term) for occurrence in occurrences)
    hits = tuple(c for c in matcher.forbidden(target, skip) if id(c.term) in counts)
    return Verification(tuple(verdicts), _surplus(counts, tiles, placement), hits)


def accuracy(verifications: Iterable[Verification]) -> float:
    """Kept occurrences over all occurrences, 0 to 1; 1 where there are none."""
    kept = total = 0
    for verification in verifications:
        kept += verification.kept
        total += verification.total
    return kept / total if total else 1.0


_ATTEMPTS = 100
"""Places of a lost occurrence that are tried for an exchange: a bound for texts that repeat one word."""


class _Placement:
    """Draft occurrences on disjoint places in the translation, a map of which characters are taken."""

    def __init__(self, occurrences: Sequence[Occurrence], casing: Casing, length: int) -> None:
        self.occurrences = occurrences
        self.places: list[Occurrence | None] = [None] * len(occurrences)
        self._casing = casing
        self._taken = bytearray(length)
        self._owners = array("q", [-1]) * length  # for each character, the occurrence that stands there

    def waiting(self) -> list[int]:
        """Occurrences without a place, longest first."""
        lost = [index for index, place in enumerate(self.places) if place is None]
        return sorted(lost, key=lambda index: -len(self.occurrences[index].text))

    def is_free(self, candidate: Occurrence) -> bool:
        return self.is_free_range(candidate.start, candidate.end)

    def is_free_range(self, start: int, end: int) -> bool:
        return self._taken.find(1, start, end) < 0

    def assign_tiles(self, tiles: Sequence[Occurrence]) -> None:
        """Use the translation's own longest-first division: identical surfaces, then other capitals where allowed."""
        by_surface: dict[tuple[int, str], deque[Occurrence]] = {}
        for tile in tiles:
            by_surface.setdefault((id(tile.term), _blanks(tile.text)), deque()).append(tile)
        for index, occurrence in enumerate(self.occurrences):
            if occurrence.term.translation is not None:
                continue
            pool = by_surface.get((id(occurrence.term), _blanks(occurrence.text)))
            if pool:
                self._put(index, pool.popleft())
        if self._casing == "sentence" and self.waiting():
            self.assign_freely(tiles, ())

    def assign_freely(self, candidates: Sequence[Occurrence], renderings: Sequence[Occurrence]) -> None:
        """Give the waiting occurrences any free place, moving one that is in the way where it can stand elsewhere."""
        kept, rendered = _by_term(candidates), _by_term(renderings)
        memory: dict[tuple[int, str, bool], list[Occurrence]] = {}
        hopeless: set[tuple[int, str, bool]] = set()

        def fitting(index: int) -> list[Occurrence]:
            occurrence = self.occurrences[index]
            key = _kind(occurrence)
            if key not in memory:
                if occurrence.term.translation is not None:
                    memory[key] = rendered.get(key[0], [])
                else:
                    same = kept.get(key[0], [])
                    memory[key] = [c for c in same if _same_surface(occurrence, c, self._casing)]
            return memory[key]

        cursors: dict[tuple[int, str, bool], int] = {}  # the places of a kind before it are taken
        for index in self.waiting():
            kind = _kind(self.occurrences[index])
            if kind in hopeless:
                continue
            places = fitting(index)
            at = next((i for i in range(cursors.get(kind, 0), len(places)) if self.is_free(places[i])), len(places))
            cursors[kind] = at
            if at < len(places):
                self._put(index, places[at])
            elif any(self._displace(index, place, fitting) for place in places[:_ATTEMPTS]):
                hopeless.clear()  # the one that moved left something free
                cursors.clear()
            else:
                hopeless.add(kind)

    def _put(self, index: int, place: Occurrence) -> None:
        self.places[index] = place
        self._taken[place.start : place.end] = b"\1" * (place.end - place.start)
        self._owners[place.start : place.end] = array("q", [index]) * (place.end - place.start)

    def _lift(self, index: int) -> Occurrence:
        place = self.places[index]
        assert place is not None
        self.places[index] = None
        self._taken[place.start : place.end] = bytes(place.end - place.start)
        self._owners[place.start : place.end] = array("q", [-1]) * (place.end - place.start)
        return place

    def _displace(self, index: int, place: Occurrence, fitting: Callable[[int], list[Occurrence]]) -> bool:
        """Take ``place`` if the one occurrence that stands in its way has another place; else change nothing."""
        blocking = set(self._owners[place.start : place.end]) - {-1}
        if len(blocking) != 1:
            return False
        (blocker,) = blocking
        if _kind(self.occurrences[blocker]) == _kind(self.occurrences[index]):
            return False  # it has no other place either
        before = self._lift(blocker)
        self._put(index, place)
        other = next(filter(self.is_free, fitting(blocker)), None)
        if other is None:
            self._lift(index)
        self._put(blocker, other or before)
        return other is not None


def _kind(occurrence: Occurrence) -> tuple[int, str, bool]:
    """Occurrences of a kind can stand in the same places."""
    return id(occurrence.term), _blanks(occurrence.text), occurrence.sentence_initial


def _by_term(occurrences: Sequence[Occurrence]) -> dict[int, list[Occurrence]]:
    groups: dict[int, list[Occurrence]] = {}
    for occurrence in occurrences:
        groups.setdefault(id(occurrence.term), []).append(occurrence)
    return groups


def _blanks(text: str) -> str:
    return " ".join(text.split())


def _same_surface(occurrence: Occurrence, candidate: Occurrence, casing: Casing) -> bool:
    wanted, found = _blanks(occurrence.text), _blanks(candidate.text)
    if wanted == found or casing == "draft":
        return wanted == found
    if wanted[1:] != found[1:] or wanted[0].lower() != found[0].lower():
        return False
    return occurrence.term.lower_by_nature and (occurrence if wanted[0].isupper() else candidate).sentence_initial


def _blanked(text: str, skip: Sequence[tuple[int, int]]) -> str:
    """``text`` with a symbol for each character in ``skip`` and in what is no prose; offsets stay."""
    letters = list(text)
    for start, end in (*skip, *opaque(text)):
        stretch = slice(max(start, 0), min(end, len(text)))
        letters[stretch] = "\ufffc" * len(letters[stretch])
    return "".join(letters)


def _diagnose(occurrence: Occurrence, target: str, same: Sequence[Occurrence], placement: _Placement) -> Verdict:
    """How an occurrence was lost; ``same``: what is spelled like its term and taken by no other occurrence."""
    surface = occurrence.text
    recased = [c for c in same if c.text.casefold() == surface.casefold()]
    if same:
        found = (recased or same)[0]
        diagnosis: Diagnosis = "recased" if recased else "inflected"
        if occurrence.term.translation is not None:
            diagnosis = "untranslated"
        return Verdict(occurrence, diagnosis, found.start, found.end)
    if occurrence.term.translation is None:
        for diagnosis, pattern in _broken_shapes(surface):
            for broken in re.finditer(pattern, target, re.IGNORECASE):
                if placement.is_free_range(*broken.span()):
                    return Verdict(occurrence, diagnosis, *broken.span())
    return Verdict(occurrence, "dropped")


def _broken_shapes(surface: str) -> list[tuple[Diagnosis, str]]:
    letters = [re.escape(letter) for letter in surface if not letter.isspace() and letter not in HYPHENS]
    shapes: list[tuple[Diagnosis, str]] = [("split", rf"(?<!\w){'[ -]?'.join(letters)}(?!\w)")]
    if any(letter.isdigit() for letter in surface):
        shapes.append(("digits", "(?<!\\w)" + re.sub(r"[0-9]+", "[0-9]*", re.escape(surface)) + "(?!\\w)"))
    return [*shapes, ("glued", re.escape(surface))]


def _surplus(counts: Counter[int], tiles: Sequence[Occurrence], placement: _Placement) -> tuple[Occurrence, ...]:
    present = Counter(id(o.term) for o, p in zip(placement.occurrences, placement.places, strict=True) if p)
    surplus = []
    for tile in tiles:
        term = id(tile.term)
        if term in counts and placement.is_free(tile):
            present[term] += 1
            if present[term] > counts[term]:
                surplus.append(tile)
    return tuple(surplus)
