"""The bilingual file: the translated page, each entry's English beside it in an HTML comment."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from typing import Literal

from translate.document.comments import comment_of, find_comments, places
from translate.document.model import Document, Target
from translate.document.render import Renderer
from translate.text_file import newline_of

_ENDING = re.compile(r"\r?\n")

Layout = Literal["comment-after", "comment-before", "target-only"]


def write_bilingual(
    document: Document,
    targets: Mapping[int, Target],
    *,
    layout: Layout = "comment-after",
    lang: str | None = None,
    edition: str | None = None,
) -> str:
    """The page in the target language, with the English of each entry in a comment (see `Layout`).

    A comment stands at column 0 between blank lines. Where one would break a list, a definition or an
    attribute list, it waits for the first gap after the whole (or goes to the last gap before it), so
    that n entries are followed by their n comments in order. Taking the comments away gives
    ``target-only`` exactly. A comment that the draft itself holds is followed by a comment that
    quotes it, so that the reader tells it from English.
    `lang` and `edition` are `render`'s.
    """
    renderer = Renderer(document, targets, lang=lang, edition=edition)
    pieces: list[str] = []
    spans: list[tuple[int, int]] = []  # each entry's slice of the page
    position = length = 0
    for entry in document.entries:
        for start, end in ((position, entry.start), (entry.start, entry.end)):
            pieces.append(renderer.between(start, end))
            length += len(pieces[-1])
        spans.append((length - len(pieces[-1]), length))
        position = entry.end
    pieces.append(renderer.between(position, len(document.source)))
    page = "".join(pieces)
    if layout == "target-only":
        return page
    english = [document.source[entry.start : entry.end] for entry in document.entries]
    return _with_comments(page, english, spans, layout, newline_of(document.source))


def _with_comments(page: str, english: list[str], spans: list[tuple[int, int]], layout: Layout, newline: str) -> str:
    gaps = places(page)
    ends, starts = [place.after for place in gaps[1:] or gaps], [place.before for place in gaps[:-1] or gaps]
    # (offset in the page, order at that offset, text)
    inserts: list[tuple[int, int, str]] = []
    for text, (start, end) in zip(english, spans, strict=True):
        if layout == "comment-after":
            at = _first_after(ends, end)
            inserts.append((at, start, _ending_at(page, at, newline) * 2 + comment_of(text)))
        else:
            at = _last_before(starts, start)
            inserts.append((at, start, comment_of(text) + _ending_before(page, at, newline) * 2))
    for own in find_comments(page):
        at = _first_after(ends, own.end)
        inserts.append((at, own.start, _ending_at(page, at, newline) * 2 + comment_of(own.raw)))
    pieces, position = [], 0
    for offset, _, text in sorted(inserts):
        pieces += [page[position:offset], text]
        position = offset
    return "".join([*pieces, page[position:]])


def _ending_at(page: str, offset: int, default: str) -> str:
    """The line ending at `offset`, where a file may mix them."""
    return next((ending for ending in ("\r\n", "\n") if page.startswith(ending, offset)), default)


def _ending_before(page: str, offset: int, default: str) -> str:
    """The line ending that ends at `offset`; on the first line, that line's own."""
    before = next((ending for ending in ("\r\n", "\n") if page.endswith(ending, 0, offset)), "")
    found = _ENDING.search(page, offset)
    return before or (found[0] if found else default)


def _first_after(ends: Sequence[int], offset: int) -> int:
    return ends[min(bisect_left(ends, offset), len(ends) - 1)]


def _last_before(starts: Sequence[int], offset: int) -> int:
    return starts[max(bisect_right(starts, offset) - 1, 0)]
