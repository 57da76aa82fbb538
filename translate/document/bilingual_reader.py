"""Bilingual files back to units: what `write_bilingual` wrote, exactly; what humans wrote, by likeness."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from translate.document.comments import Comment, find_comments, front_matter_end
from translate.document.model import Document
from translate.document.parse import parse
from translate.scoring.block_alignment import Block, align, style_of

Side = Literal["after", "before"]
_Paired = tuple[tuple[int, ...], tuple[int, ...], Side]
"""Comments, the entries that translate them, and where the comments stand."""

_GAP = ("\r\n\r\n", "\n\n")
_PAGE_COMMENT = re.compile(r"<!--(?:(?!<!--)[\s\S])*?-->")
_BLANK_AFTER = re.compile(r"[ \t]*(?:\Z|(?:\r\n|\r|\n)[ \t]*(?:\r\n|\r|\n|\Z))")

# Log-potentials of a comment beside a run of blocks, as in translate.scoring.block_alignment.
_AWAY = -2.0
"""For each block between a comment and its run."""
_HABIT = 3.0
"""For the side on which most comments of the file stand."""
_MOSTLY = 0.8
"""The share of gaps in order that makes a file one of `write_bilingual`, edited."""
_ENOUGH = 10
"""With fewer gaps, that share may be chance."""
_WIDEST = 6
_SHAPES = (*((1, n) for n in range(1, _WIDEST + 1)), (2, 1))


@dataclass(frozen=True, slots=True)
class Unit:
    """Portuguese blocks and the English that their comment shows.

    ``text[start:end]`` of the file is `portuguese`; ``comment`` is the comment's slice and ``side``
    where it stands from its blocks. ``english`` is None for blocks without a comment, `portuguese`
    "" for a comment without blocks. ``entries`` index the entries of `Bilingual.document`.
    """

    portuguese: str
    english: str | None
    start: int
    end: int
    comment: tuple[int, int] | None
    side: Side | None
    entries: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Bilingual:
    """A bilingual file, read.

    ``document`` is the page without the English, parsed; ``units`` stand in the page's order. ``exact``
    tells that the comments pair with the entries one to one, on one side throughout, as
    `write_bilingual` puts them. ``layout`` is the side on which (most) comments stand.
    """

    text: str
    document: Document
    units: tuple[Unit, ...]
    layout: Literal["comment-after", "comment-before", "target-only"]
    exact: bool

    @property
    def is_bilingual(self) -> bool:
        return any(unit.english is not None for unit in self.units)


def read_bilingual(text: str) -> Bilingual:
    """Read a page whose English stands in HTML comments, or a Portuguese page without any.

    A file of `write_bilingual` gives each entry's English and Portuguese exactly. In files written or
    edited by hand each comment goes to the neighbouring blocks most like it: before or after it, one
    or several; several comments may follow several blocks. Raises UserError as `parse` does.
    """
    english, quotes = _without_own(find_comments(text))
    if not english and not quotes:
        return _portuguese_only(text)
    for side in ("after", "before"):
        page = _Page(text, english, quotes, side)
        pairs = _one_to_one(page, side)
        if pairs is not None:
            return _bilingual(page, [((k,), (e,), side) for k, e in pairs], exact=True)
    page = _Page(text, _outside_fences(text, english), quotes, "after")
    return _bilingual(page, _by_hand(page), exact=False)


def _portuguese_only(text: str) -> Bilingual:
    document = parse(text)
    units = tuple(Unit(text[e.start : e.end], None, e.start, e.end, None, None, (e.index,)) for e in document.entries)
    return Bilingual(text, document, units, "target-only", exact=True)


def _without_own(comments: Sequence[Comment]) -> tuple[list[Comment], list[Comment]]:
    """(English, quotes): what is neither the draft's own comment nor a quote of one, and the quotes.

    A quote refers to the nearest comment before it; from the end backwards, a quote of a quote is clear.
    """
    own: set[int] = set()
    quotes: list[Comment] = []
    places: dict[str, list[int]] = {}
    for k, comment in enumerate(comments):
        places.setdefault(comment.raw, []).append(k)
    for k in range(len(comments) - 1, -1, -1):
        english = comments[k].english
        if k in own or not _PAGE_COMMENT.fullmatch(english):
            continue
        quoted = places.get(english, [])
        while quoted and (quoted[-1] >= k or quoted[-1] in own):
            quoted.pop()
        if quoted:
            own |= {k, quoted.pop()}
            quotes.append(comments[k])
    return [comment for k, comment in enumerate(comments) if k not in own], quotes


def _outside_fences(text: str, comments: list[Comment]) -> list[Comment]:
    """Without the comments in fenced code (of files by hand, where nothing quotes them)."""
    from markdown_it import MarkdownIt

    start = front_matter_end(text)
    first = text.count("\n", 0, start)
    tokens = MarkdownIt("commonmark").parse(text[start:])
    code = {n + first for t in tokens if t.type == "fence" and t.map for n in range(*t.map)}
    found: list[Comment] = []
    line = position = 0
    for comment in comments:
        line += text.count("\n", position, comment.start)
        position = comment.start
        if line not in code:
            found.append(comment)
    return found


class _Page:
    """The file without its English, parsed, and the way from its offsets to the file's."""

    def __init__(self, text: str, english: Sequence[Comment], quotes: Sequence[Comment], side: Side) -> None:
        self.text, self.english = text, english
        kept: list[tuple[int, int]] = []
        position = 0
        sides: list[tuple[Comment, Side]] = [(c, side) for c in english]
        sides += [(c, "after") for c in quotes]  # in every layout
        self.in_gaps = True  # as `write_bilingual` puts them
        page = front_matter_end(text)
        for comment, where in sorted(sides, key=lambda pair: pair[0].start):
            start, end = _cut(text, comment, where, page)
            self.in_gaps = self.in_gaps and end - start > len(comment.raw)
            kept.append((position, max(position, start)))
            position = end
        kept.append((position, len(text)))
        self._offsets: list[int] = []
        self._starts = [start for start, _ in kept]
        pieces, length = [], 0
        for start, end in kept:
            self._offsets.append(length)
            pieces.append(text[start:end])
            length += end - start
        self.document = parse("".join(pieces))
        # Where each comment stood in the page.
        self.positions = [self._to_page(comment.start) for comment in english]

    def _to_page(self, offset: int) -> int:
        k = bisect_right(self._starts, offset) - 1
        following = self._offsets[k + 1] if k + 1 < len(self._offsets) else len(self.document.source)
        return min(self._offsets[k] + offset - self._starts[k], following)

    def to_file(self, offset: int, *, end: bool = False) -> int:
        """The file's offset of a page offset; at a cut, where the text after it begins (or ends before it)."""
        k = (bisect_right(self._offsets, offset - 1) if end else bisect_right(self._offsets, offset)) - 1
        return self._starts[max(k, 0)] + offset - self._offsets[max(k, 0)]


def _cut(text: str, comment: Comment, side: Side, page: int) -> tuple[int, int]:
    """The slice that goes with a comment: with the gap that `write_bilingual` put there, if it is one.

    The page begins at `page`. Where no blank line parts what stands around the comment, its own line stays, blank.
    """
    start, end = comment.start, comment.end
    for gap in _GAP:
        before = text.endswith(gap, 0, start) and _BLANK_AFTER.match(text, end) is not None
        after = text.startswith(gap, end) and _blank_before(text, start, page)
        if before and (side == "after" or not after):
            return start - len(gap), end
        if after:
            return start, end + len(gap)
    return start, end


def _blank_before(text: str, start: int, page: int) -> bool:
    """Whether a line begins at `start` with a blank line, or the page's beginning, before it."""
    if start <= page:
        return True
    if text[start - 1] not in "\r\n":
        return False
    line = start - (2 if text.endswith("\r\n", 0, start) else 1)
    while line > page and text[line - 1] in " \t":
        line -= 1
    return line <= page or text[line - 1] in "\r\n"


def _one_to_one(page: _Page, side: Side) -> list[tuple[int, int]] | None:
    """(comment, entry) pairs if each gap's comments follow (precede) as many entries, none left over."""
    entries = page.document.entries
    groups = [(at, len(list(run))) for at, run in groupby(page.positions)]
    if not page.in_gaps or sum(n for _, n in groups) != len(entries):
        return None
    done = 0
    for (at, n), following in zip(groups, [*groups[1:], None], strict=False):
        if side == "after":
            here = [e for e in entries[done:] if e.end <= at]
        else:
            here = [e for e in entries[done:] if e.start >= at and (following is None or e.start < following[0])]
        if len(here) != n or here[0] is not entries[done]:
            return None
        done += n
    return [(k, k) for k in range(len(entries))]


def _regions(page: _Page, side: Side) -> list[tuple[range, range]]:
    """(comments, entries) of each gap: the entries after the last gap's, or before the next gap's."""
    entries = page.document.entries
    groups = [(at, [k for k, _ in run]) for at, run in groupby(enumerate(page.positions), key=lambda pair: pair[1])]
    ends = [e.end for e in entries]
    starts = [e.start for e in entries]
    bounds = [bisect_right(ends, at) if side == "after" else bisect_left(starts, at) for at, _ in groups]
    edges = [0, *bounds] if side == "after" else [*bounds, len(entries)]
    return [(range(ks[0], ks[-1] + 1), range(edges[g], edges[g + 1])) for g, (_, ks) in enumerate(groups)]


def _by_hand(page: _Page) -> list[_Paired]:
    """Most gaps as `write_bilingual` left them: only the others need likeness. Else all of the file."""
    for side in ("after", "before"):
        regions = _regions(page, side)
        whole = [len(comments) == len(entries) for comments, entries in regions]
        if len(regions) >= _ENOUGH and sum(whole) >= _MOSTLY * len(regions):
            pairs: list[_Paired] = []
            for (comments, entries), exact in zip(regions, whole, strict=True):
                if exact:
                    pairs += [((k,), (e,), side) for k, e in zip(comments, entries, strict=True)]
                else:
                    pairs += _by_likeness(page, comments, entries)
            return pairs
    return _by_likeness(page, range(len(page.english)), range(len(page.document.entries)))


def _by_likeness(page: _Page, comments: range, run: range) -> list[_Paired]:
    """The best alignment in order, twice: the second time the side is known that most comments take."""
    source = page.document.source
    entries = [page.document.entries[e] for e in run]
    positions = [page.positions[k] for k in comments]
    lefts = [_block(parse(page.english[k].english), page.english[k].english) for k in comments]
    rights = [_block(page.document, source[e.start : e.end], e.segments) for e in entries]
    starts = [e.start for e in entries]
    gaps = [bisect_left(starts, at) for at in positions]
    ranks = [k - bisect_left(positions, at) for k, at in enumerate(positions)]
    sizes = [bisect_right(positions, at) - bisect_left(positions, at) for at in positions]
    habit: Side | None = None

    def side_of(i: int, j: int, b: int) -> Side | None:
        return "after" if j + b <= gaps[i] else "before" if j >= gaps[i] else None

    def prior(i: int, a: int, j: int, b: int) -> float | None:
        side, last = side_of(i, j, b), i + a - 1
        if side is None or side != side_of(last, j, b):
            return None
        # n comments after n blocks: the first belongs n - 1 blocks further up.
        behind = sizes[i] - 1 - ranks[i]
        away = min(abs(j + b - gaps[i]), abs(j + b - gaps[i] + behind), abs(j - gaps[i]), abs(j - gaps[i] - ranks[i]))
        return _AWAY * away + (_HABIT if side == habit else 0.0)

    for _ in range(2):
        beads = align(lefts, rights, shapes=_SHAPES, prior=prior, places=gaps)
        sides = [side_of(b.left[0], b.right[0], len(b.right)) for b in beads]
        habit = "after" if sides.count("after") >= sides.count("before") else "before"
    return [
        (tuple(comments[i] for i in b.left), tuple(run[j] for j in b.right), side)
        for b, side in zip(beads, sides, strict=True)
        if side
    ]


def _block(document: Document, markdown: str, segments: Sequence[int] | None = None) -> Block:
    found = document.segments if segments is None else [document.segments[i] for i in segments]
    text = "\n".join(segment.text for segment in found) or markdown
    return Block(text, markdown, style_of(found[0].kind, markdown) if len(found) == 1 else "text")


def _bilingual(page: _Page, pairs: Iterable[_Paired], *, exact: bool) -> Bilingual:
    entries, text = page.document.entries, page.text
    keyed: list[tuple[int, Unit]] = []
    comments_used: set[int] = set()
    entries_used: set[int] = set()
    sides: list[Side] = []
    for comments, run, side in pairs:
        start = page.to_file(entries[run[0]].start)
        end = page.to_file(entries[run[-1]].end, end=True)
        first, last = page.english[comments[0]], page.english[comments[-1]]
        english = "\n\n".join(page.english[k].english for k in comments)
        keyed.append((start, Unit(text[start:end], english, start, end, (first.start, last.end), side, tuple(run))))
        comments_used.update(comments)
        entries_used.update(run)
        sides.append(side)
    for k, comment in enumerate(page.english):
        if k not in comments_used:
            at = comment.start
            keyed.append((at, Unit("", comment.english, at, at, (comment.start, comment.end), None, ())))
    for entry in entries:
        if entry.index not in entries_used:
            start, end = page.to_file(entry.start), page.to_file(entry.end, end=True)
            keyed.append((start, Unit(text[start:end], None, start, end, None, None, (entry.index,))))
    units = tuple(unit for _, unit in sorted(keyed, key=lambda pair: pair[0]))
    before = sides.count("before") > len(sides) - sides.count("before")
    return Bilingual(text, page.document, units, "comment-before" if before else "comment-after", exact)
