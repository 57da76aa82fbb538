"""A draft's page as a sequence of entries and of what stands between them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from translate.document.model import Document
from translate.rerun.existing import chunks


@dataclass(frozen=True, slots=True)
class Token:
    """An entry (its index) or a verbatim chunk (None), and the blank text before it."""

    entry: int | None
    text: str
    gap: str


def tokens_of(document: Document) -> list[Token]:
    """The page's tokens; front matter is left out."""
    found: list[Token] = []
    position = body_start(document)
    for entry in document.entries:
        found += _between(document, position, entry.start)
        gap = found.pop().gap if found and not found[-1].text else ""
        found.append(Token(entry.index, document.source[entry.start : entry.end], gap))
        position = entry.end
    found += _between(document, position, len(document.source))
    return [token for token in found if token.text]


def body_start(document: Document) -> int:
    """Where the page begins."""
    if document.front_matter:
        return document.front_matter.end
    return int(document.source.startswith("\ufeff"))


def _between(document: Document, start: int, end: int) -> list[Token]:
    """The last token has no text: it carries the gap before the next entry."""
    found: list[Token] = []
    gap = ""
    for piece in chunks(document.source, start, end):
        if piece.kind == "blank":
            gap += piece.text
        else:
            found.append(Token(None, piece.text, gap))
            gap = ""
    return [*found, Token(None, "", gap)]


Item = tuple[Hashable, bool]
"""An identity, and whether it is an entry's."""


def identities(*sequences: Sequence[Item]) -> list[list[Hashable]]:
    """Comparable identities: chunks that repeat (spacers, rules) belong to the entry that follows them."""
    repeated: set[Hashable] = set()
    for sequence in sequences:
        counts = Counter(identity for identity, is_entry in sequence if not is_entry)
        repeated |= {identity for identity, count in counts.items() if count > 1}
    return [_identities(sequence, repeated) for sequence in sequences]


def _identities(sequence: Sequence[Item], repeated: set[Hashable]) -> list[Hashable]:
    found: list[Hashable] = []
    following: Hashable = None
    for identity, is_entry in reversed(sequence):
        if is_entry:
            following = identity
            found.append((True, identity))
        else:
            found.append((False, identity, following if identity in repeated else None))
    return found[::-1]
