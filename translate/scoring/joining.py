"""Several versions of one text, each matched to the same pivot, cut into groups that all of them share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from translate.scoring.reference import Matching, Pair


@dataclass(frozen=True, slots=True)
class Group:
    """Segments of the pivot and, for each version, the segments that translate them (none: it left them out)."""

    pivot: tuple[int, ...]
    versions: tuple[tuple[int, ...], ...]


def join(versions: Sequence[Sequence[Pair]]) -> list[Group]:
    """The finest cut in which every pair of every version stands in one group, in the pivot's order."""
    parent: dict[int, int] = {}

    def root(i: int) -> int:
        while parent.setdefault(i, i) != i:
            i = parent[i]
        return i

    for pairs in versions:
        for pair in pairs:
            for i in pair.draft:
                parent[root(i)] = root(pair.draft[0])
    members: dict[int, list[int]] = {}
    for i in sorted(parent):
        members.setdefault(root(i), []).append(i)
    found: list[dict[int, list[int]]] = [{} for _ in versions]
    for place, pairs in zip(found, versions, strict=True):
        for pair in pairs:
            place.setdefault(root(pair.draft[0]), []).extend(pair.human)
    groups = [Group(tuple(m), tuple(tuple(sorted(place.get(r, ()))) for place in found)) for r, m in members.items()]
    return sorted(groups, key=lambda group: group.pivot)


def filled(matching: Matching) -> list[Pair]:
    """The pairs, and the gaps between them: what is left on both sides between the same neighbours is one more pair.

    A version that is to be scored must answer for all of its text: doubt about a pair is no reason to leave it out.
    """
    partner = {i: pair for pair in matching.pairs for i in pair.draft}
    free = set(matching.unmatched_human)
    last = max((*partner, *matching.unmatched_draft), default=-1)
    pairs = list(matching.pairs)
    run: list[int] = []
    before = -1
    for i in range(last + 2):
        if i in partner or i > last:
            after = min(partner[i].human) if i in partner else max(free, default=-1) + 1
            between = tuple(sorted(j for j in free if before < j < after))
            if run and between:
                pairs.append(Pair(tuple(run), between, 0.0))
                free -= set(between)
            run = []
            before = max(partner[i].human) if i in partner else before
        else:
            run.append(i)
    return sorted(pairs, key=lambda pair: pair.draft)
