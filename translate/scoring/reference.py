"""Match a human version to its draft, segment by segment."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from translate.document.bilingual_reader import Bilingual
from translate.document.model import Document, Segment
from translate.document.parse import parse
from translate.scoring.block_alignment import Bead, Block, align, similarities, style_of
from translate.scoring.similarity import fold

CONFIDENCE = 0.5
"""Below it a pair is left unmatched."""

_FRONT_MATTER_KINDS = ("title", "excerpt", "front-matter")
_IMAGE = re.compile(r"!\[[^\[\]]*\]\(\s*<?([^\s)>]+)|<img\b[^<>]*?\bsrc=[\"']([^\"'<>]+)")
_MOVED_SIMILARITY = 0.25
_MOVED_MARGIN = 1.5
_MOST_MOVED = 1_000_000
"""Pairs of blocks left over up to which each is compared with each."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Draft segments and the human segments that translate them (indices, each run in order).

    ``confidence`` is the probability of the pair among all ways to align the two documents; 1.0 where
    the human version's own English comment says so.
    """

    draft: tuple[int, ...]
    human: tuple[int, ...]
    confidence: float


@dataclass(frozen=True, slots=True)
class Matching:
    """Pairs in the draft's order, and what has no counterpart on either side."""

    pairs: tuple[Pair, ...]
    unmatched_draft: tuple[int, ...]
    unmatched_human: tuple[int, ...]


def match(draft: Document, human: Document | Bilingual, *, confidence: float = CONFIDENCE) -> Matching:
    """Match the segments of `draft` to those of its human version; what is doubtful is left unmatched.

    The English comments of a bilingual human version decide where there are any. Human segment
    indices refer to `human.segments`, or to `human.document.segments` for a bilingual file.
    """
    document = human.document if isinstance(human, Bilingual) else human
    groups = _groups(draft, human) if isinstance(human, Bilingual) else ({}, {})
    lefts, rights = _blocks(draft, groups[0]), _blocks(document, groups[1])
    front = _front_matter(draft, document)
    pairs = [*front, *_in_order(draft, document, lefts, rights)]
    used = {i for pair in pairs for i in pair.draft}, {j for pair in pairs for j in pair.human}
    pairs += _moved(_rest(draft, used[0]), _rest(document, used[1]), lefts, rights)
    kept = tuple(sorted((p for p in pairs if p.confidence >= confidence), key=lambda p: p.draft))
    return Matching(
        kept,
        _unmatched(draft.segments, (i for pair in kept for i in pair.draft)),
        _unmatched(document.segments, (j for pair in kept for j in pair.human)),
    )


def _unmatched(segments: Sequence[Segment], matched: Iterable[int]) -> tuple[int, ...]:
    seen = set(matched)
    return tuple(i for i in range(len(segments)) if i not in seen)


def _in_page(document: Document) -> list[int]:
    return [s.index for s in document.segments if s.kind not in _FRONT_MATTER_KINDS]


def _rest(document: Document, used: set[int]) -> list[int]:
    return [i for i in _in_page(document) if i not in used]


def _front_matter(draft: Document, human: Document) -> list[Pair]:
    """Title with title, excerpt with excerpt; other values only where both have equally many."""
    pairs = []
    for kind in _FRONT_MATTER_KINDS:
        ours = [s.index for s in draft.segments if s.kind == kind]
        theirs = [s.index for s in human.segments if s.kind == kind]
        if len(ours) == len(theirs):
            pairs += [Pair((i,), (j,), 1.0) for i, j in zip(ours, theirs, strict=True)]
    return pairs


def _blocks(document: Document, groups: dict[int, int]) -> dict[int, Block]:
    blocks: dict[int, Block] = {}
    position = document.front_matter.end if document.front_matter else 0
    for index in _in_page(document):
        segment = document.segments[index]
        images = _IMAGE.findall(document.source, position, segment.start)
        markdown = document.source[segment.start : segment.end]
        # Only for captions: images divide other blocks on both sides alike, whatever stands there.
        image = "".join(images[-1]) if images and segment.kind == "caption" else None
        style = style_of(segment.kind, markdown)
        blocks[index] = Block(segment.text, markdown, style, image, groups.get(index))
        position = segment.end
    return blocks


def _in_order(draft: Document, human: Document, lefts: dict[int, Block], rights: dict[int, Block]) -> list[Pair]:
    ours, theirs = _in_page(draft), _in_page(human)
    beads = align([lefts[i] for i in ours], [rights[j] for j in theirs])
    return [_pair(bead, ours, theirs, lefts) for bead in beads]


def _pair(bead: Bead, ours: Sequence[int], theirs: Sequence[int], lefts: dict[int, Block]) -> Pair:
    left, right = tuple(ours[i] for i in bead.left), tuple(theirs[j] for j in bead.right)
    return Pair(left, right, bead.posterior if lefts[left[0]].group is None else max(bead.posterior, 0.9))


def _moved(ours: list[int], theirs: list[int], lefts: dict[int, Block], rights: dict[int, Block]) -> list[Pair]:
    """Among the blocks left over, those that are clearly each other's best: sections that changed places."""
    if not ours or not theirs or len(ours) * len(theirs) > _MOST_MOVED:
        return []
    table = similarities([lefts[i] for i in ours], [rights[j] for j in theirs])
    pairs = []
    for row, i in enumerate(ours):
        column = int(table[row].argmax())
        best = float(table[row, column])
        rivals = [float(v) for k, v in enumerate(table[row]) if k != column]
        rivals += [float(v) for k, v in enumerate(table[:, column]) if k != row]
        if best >= _MOVED_SIMILARITY and best >= _MOVED_MARGIN * max(rivals, default=0.0):
            j = theirs[column]
            if lefts[i].group == rights[j].group:
                pairs.append(Pair((i,), (j,), best / (best + max(rivals, default=0.0))))
    return pairs


def _groups(draft: Document, human: Bilingual) -> tuple[dict[int, int], dict[int, int]]:
    """Which draft segments and which human segments a comment's English joins: the same number on both."""
    entries: dict[str, list[int]] = {}
    for entry in draft.entries:
        entries.setdefault(_key(draft.source[entry.start : entry.end]), []).append(entry.index)
    segments_by_text: dict[str, list[int]] = {}
    for index in _in_page(draft):
        segments_by_text.setdefault(_key(draft.segments[index].text), []).append(index)
    ours: dict[int, int] = {}
    theirs: dict[int, int] = {}
    for number, unit in enumerate(human.units):
        if unit.english is None or not unit.entries:
            continue
        found = entries.get(_key(unit.english), [])
        indices: tuple[int, ...] = ()
        if len(found) == 1:  # English that the draft repeats says nothing about which of them
            indices = draft.entries[found[0]].segments
        elif not found:
            same = segments_by_text.get(_key(" ".join(s.text for s in parse(unit.english).segments)), [])
            indices = (same[0],) if len(same) == 1 else ()
        targets = [j for e in unit.entries for j in human.document.entries[e].segments]
        if indices and targets and not any(i in ours for i in indices):
            ours.update(dict.fromkeys(indices, number))
            theirs.update(dict.fromkeys(targets, number))
    return ours, theirs


def _key(text: str) -> str:
    """Text without case, accents, Markdown's signs and white space: a comment is often copied loosely."""
    return re.sub(r"[\W_]+", "", fold(text))
