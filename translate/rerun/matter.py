"""Front matter as items: each top-level key with its lines, so that one can be replaced and the others stay."""

from __future__ import annotations

import re
from collections import Counter

from translate.document.model import Document, Segment

_KEY = re.compile(r"([^\s#:\-][^:\r\n]*?)[ \t]*:(?=\s|$)")
_FENCE = re.compile(r"\ufeff?(?:---|\.\.\.)[ \t]*(?:\r\n|\r|\n)?\Z")


def items(matter: str) -> list[tuple[str, str]]:
    """(name, text) of each item; the texts join to `matter`.

    A name is the key, numbered where it is repeated (``key#2``). What stands before the first key (the fence,
    comments) is ``""``; the closing fence is ``"---"``.
    """
    found: list[tuple[str, list[str]]] = [("", [])]
    counts: Counter[str] = Counter()
    lines = matter.splitlines(keepends=True)
    for number, line in enumerate(lines):
        if number and number == len(lines) - 1 and _FENCE.fullmatch(line):
            found.append(("---", [line]))
        elif number and (key := _KEY.match(line)):
            counts[key[1]] += 1
            found.append((key[1] if counts[key[1]] == 1 else f"{key[1]}#{counts[key[1]]}", [line]))
        else:
            found[-1][1].append(line)
    return [(name, "".join(texts)) for name, texts in found]


def segments_of_items(document: Document, matter: str) -> dict[str, list[Segment]]:
    """The segments in each item of a document's front matter, which is ``matter``; items without one left out."""
    found: dict[str, list[Segment]] = {}
    position = 0
    for name, text in items(matter):
        inside = [s for s in document.segments if position <= s.start < position + len(text)]
        if inside:
            found[name] = inside
        position += len(text)
    return found
