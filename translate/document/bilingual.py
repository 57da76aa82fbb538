"""The bilingual file: the translated page, each entry's English beside it in an HTML comment."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from translate.document.comments import Place, comment_of, find_comments, front_matter_end, places
from translate.document.model import Document, Target
from translate.document.render import render_range
from translate.text_file import newline_of

Layout = Literal["comment-after", "comment-before", "target-only"]

_LANG = re.compile(r"(?m)^lang[ \t]*:[^\r\n]*")


def write_bilingual(
    document: Document, targets: Mapping[int, Target], *, layout: Layout = "comment-after", lang: str | None = None
) -> str:
    """The page in the target language, with the English of each entry in a comment (see `Layout`).

    A comment stands at column 0 between blank lines. Where one would break a list, a definition or an
    attribute list, it waits for the first gap after the whole (or goes to the last gap before it), so
    that n entries are followed by their n comments in order. Taking the comments away gives
    ``target-only`` exactly. A comment that the draft itself holds is followed by a comment that
    quotes it, so that the reader tells it from English.
    `lang` sets the front matter's ``lang``, where there is front matter.
    """
    pieces: list[str] = []
    ends: list[tuple[int, int]] = []  # each entry's place in the page
    position = length = 0
    for entry in document.entries:
        for start, end in ((position, entry.start), (entry.start, entry.end)):
            pieces.append(render_range(document, start, end, targets))
            length += len(pieces[-1])
        ends.append((length - len(pieces[-1]), length))
        position = entry.end
    pieces.append(render_range(document, position, len(document.source), targets))
    page = "".join(pieces)
    if layout != "target-only":
        english = [document.source[entry.start : entry.end] for entry in document.entries]
        page = _with_comments(page, english, ends, layout, newline_of(document.source))
    return _with_lang(page, lang) if lang else page


def _with_comments(page: str, english: list[str], spans: list[tuple[int, int]], layout: Layout, newline: str) -> str:
    gaps = places(page)
    gap = newline * 2
    # (offset in the page, order at that offset, text)
    inserts: list[tuple[int, int, str]] = []
    for text, (start, end) in zip(english, spans, strict=True):
        if layout == "comment-after":
            inserts.append((_first_after(gaps, end), start, gap + comment_of(text)))
        else:
            inserts.append((_last_before(gaps, start), start, comment_of(text) + gap))
    inserts.extend((_first_after(gaps, own.end), own.start, gap + comment_of(own.raw)) for own in find_comments(page))
    pieces, position = [], 0
    for offset, _, text in sorted(inserts):
        pieces += [page[position:offset], text]
        position = offset
    return "".join([*pieces, page[position:]])


def _first_after(gaps: list[Place], offset: int) -> int:
    return next(place.after for place in gaps[1:] or gaps if place.after >= offset)


def _last_before(gaps: list[Place], offset: int) -> int:
    return next(place.before for place in reversed(gaps[:-1] or gaps) if place.before <= offset)


def _with_lang(page: str, lang: str) -> str:
    end = front_matter_end(page)
    matter = page[:end]
    if "---" not in matter:
        return page
    if _LANG.search(matter):
        return _LANG.sub(f"lang: {lang}", matter, count=1) + page[end:]
    closing = re.search(r"(?:---|\.\.\.)[ \t]*(?:\r\n|\r|\n)?\Z", matter)
    assert closing is not None
    return f"{matter[: closing.start()]}lang: {lang}{newline_of(matter)}{page[closing.start() :]}"
