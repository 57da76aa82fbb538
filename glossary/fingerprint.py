"""What a glossary says about one text, as a short hash: equal ones ask for the same translation."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from glossary.terms import Casing, Occurrence, Term


def fingerprint(text: str, occurrences: Sequence[Occurrence], casing: Casing) -> str:
    """16 hexadecimal digits of SHA-256 over the terms found in ``text`` (in its order); ``""`` where there is none.

    In it: where each term stands (counted without blanks: wrapping a line changes nothing), its surface, and what
    enforcing, verifying and setting it read of its entry, with the glossary's ``casing`` where it could excuse a
    capital. Not in it: notes, lines, the order of entries, and what only decides whether a word is the term (``match``,
    ``except``), for that shows in the occurrences.
    """
    if not occurrences:
        return ""
    entries = {id(found.term): found.term for found in occurrences}
    number = {key: k for k, key in enumerate(entries)}  # by first appearance: an entry's name decides nothing
    places: list[tuple[int, int, str]] = []
    position = letters = 0
    for found in occurrences:
        letters += sum(map(len, text[position : found.start].split()))
        position = found.start
        places.append((letters, number[id(found.term)], " ".join(found.text.split())))
    content = [places, [_decisive(term, casing) for term in entries.values()]]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]


def _decisive(term: Term, casing: Casing) -> list[object]:
    # The order of forms counts: the first plural one is preferred.
    return [
        sorted(term.spellings),
        term.plural,
        term.translation,
        term.forms,
        sorted(term.forbidden),
        term.gender,
        term.number,
        term.article,
        term.style,
        casing == "sentence" and term.lower_by_nature and term.translation is None,
    ]
