"""The sentences of many drafts, each once, cut into chunks of about equal work that stay the same when others change.

A sentence becomes a *row*: JSON of all that decides its translation, and of nothing else. Where it stands in its draft,
which span of its paragraph is protected, a term's note or style are left out, so that equal rows are translated once
and a changed glossary changes only the rows that hold a changed term. A row is what a worker is given and what its
chunk's cache key is made of: the key cannot miss anything that the result depends on.

Chunks are content-defined, as in rsync and restic: where one ends depends on the sentences around that place and not on
how many stand before it, so that a sentence put in, changed or taken out disturbs the chunk it is in, and its neighbour
now and then. Of the rules for such cuts this is the local extremum (Bjørner, Blass and Gurevich, "Content-dependent
chunking for differential compression, the local maximum approach", J. Computer and System Sciences 76, 2010): between
half and one and a half of the wanted size, the cut comes after the sentence with the smallest hash. Unlike a hash that
must match a pattern (Rabin's, in restic) it never has to cut by force, so that the bounds are kept and no cut is
arbitrary.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from glossary import Occurrence, Term
from translate.decoding.source import Protected, Source

_LONG_WORD = 12
"""Characters after which a word counts as one more: a URL or an unbroken line is as much work as a sentence."""
_TERM_FIELDS = ("text", "variants", "plural", "gender", "number", "article", "translation", "forms")
"""What enforcement asks a term. ``match`` and ``except`` decide whether it is there at all, which the row tells."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some sentences: their rows and their size in words."""

    rows: tuple[str, ...]
    words: int

    @property
    def payload(self) -> str:
        """The rows as one JSON array."""
        return f"[{','.join(self.rows)}]"


def chunks(sources: Iterable[Source], size: int) -> list[Chunk]:
    """The distinct sentences, in the order of their first occurrence, in chunks of about ``size`` words."""
    rows = list(dict.fromkeys(map(row, sources)))
    words = [weight(json.loads(r)["text"]) for r in rows]
    return [
        Chunk(tuple(rows[r.start : r.stop]), sum(words[r.start : r.stop]))
        for r in cut([_mark(r) for r in rows], words, size)
    ]


def row(source: Source) -> str:
    """All of a sentence that decides its translation, as JSON (ASCII, keys sorted)."""
    content = {"text": source.text, "aligned": source.aligned, "protected": [_range(p) for p in source.protected]}
    return json.dumps(content, sort_keys=True, separators=(",", ":"))


def sources_of(payload: str) -> list[Source]:
    """The sentences of a chunk's payload, translated as those that it was made from are."""
    return [
        Source(r["text"], tuple(_protected(r["text"], *p) for p in r["protected"]), r["aligned"])
        for r in json.loads(payload)
    ]


def weight(text: str) -> int:
    """About how much work a sentence is: its words, very long ones counted as several; at least 1."""
    return max(1, sum(1 + len(word) // _LONG_WORD for word in text.split()))


def cut(marks: Sequence[int], weights: Sequence[int], size: int) -> list[range]:
    """The chunks of a sequence: consecutive ranges of indices that cover it.

    ``marks[i]`` is a hash of item i and ``weights[i]`` (at least 1) its size. A chunk is at least ``size // 2``
    (the last one, and one before an item that alone is too heavy, may be lighter) and at most ``size + size // 2``
    (unless it is a single item). O(n).
    """
    low, high = size // 2, size + size // 2
    found: list[range] = []
    start = 0
    while start < len(marks):
        total, end, best = 0, start, -1
        while end < len(marks) and (end == start or total + weights[end] <= high):
            total += weights[end]
            if total >= low and (best < 0 or marks[end] < marks[best]):
                best = end
            end += 1
        if end < len(marks) and best >= 0:
            end = best + 1
        found.append(range(start, end))
        start = end
    return found


def _mark(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])


def _range(protected: Protected) -> list[Any]:
    term = None if protected.occurrence is None else protected.occurrence.term
    kind = {name: getattr(term, name) for name in _TERM_FIELDS} if term is not None else protected.span is not None
    return [protected.start, protected.end, protected.surface, kind]


def _protected(text: str, start: int, end: int, surface: str, kind: dict[str, Any] | bool) -> Protected:
    if isinstance(kind, bool):
        return Protected(start, end, surface, span=0 if kind else None)
    fields: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in kind.items()}
    return Protected(start, end, surface, occurrence=Occurrence(start, end, text[start:end], Term(**fields)))
