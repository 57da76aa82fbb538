"""A glossary entry, where it stands in a text, and the glossary."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal

Casing = Literal["draft", "sentence"]
Match = Literal["any", "exact-case", "noun-phrase"]
Gender = Literal["m", "f"]
Number = Literal["singular", "plural"]
Style = Literal["italic"]


@dataclass(frozen=True, slots=True)
class Term:
    """A glossary entry.

    Without ``translation`` the English word is kept as the draft wrote it; with one, that rendering
    (or one of ``forms``, its inflections) must stand in the translation instead.

    ``variants`` are other English spellings. Case, and a space or a hyphen between the words of a
    term, vary by themselves (``early-stopping`` is ``early stopping``); closed-up spellings must be
    listed. ``plural``: the English plural matches too. ``match``: see `glossary.matcher`.
    ``exceptions`` are phrases in which the term is not the term. ``gender``, ``number`` and
    ``article`` describe the kept word in Portuguese: its grammatical gender and number, and whether it
    takes a determiner. ``forbidden`` renderings are flagged wherever the draft has the term.
    ``line`` is the entry's 1-based line in its file (0: not from a file).
    """

    text: str
    variants: tuple[str, ...] = ()
    plural: bool = True
    style: Style | None = None
    note: str = ""
    gender: Gender | None = None
    number: Number | None = None
    article: bool = True
    match: Match = "any"
    exceptions: tuple[str, ...] = ()
    translation: str | None = None
    forms: tuple[str, ...] = ()
    forbidden: tuple[str, ...] = ()
    line: int = field(default=0, compare=False)

    @property
    def spellings(self) -> tuple[str, ...]:
        """The term and its variants, as listed."""
        return (self.text, *self.variants)

    @property
    def renderings(self) -> tuple[str, ...]:
        """What satisfies an entry with a translation; empty for a kept term."""
        return () if self.translation is None else (self.translation, *self.forms)

    @property
    def lower_by_nature(self) -> bool:
        """Whether a capital can be there only because the term begins a sentence (see `Termbase.casing`)."""
        return self.match != "exact-case" and self.text[0].islower()


@dataclass(frozen=True)
class Termbase:
    """A glossary: its entries and the rule for capitals.

    ``casing``: ``"draft"``, a kept term comes through exactly as the draft wrote it; ``"sentence"``,
    a capital that is there only because the occurrence begins its sentence may follow the position.
    """

    terms: tuple[Term, ...]
    casing: Casing = "draft"
    path: Path | None = field(default=None, compare=False)

    def __len__(self) -> int:
        return len(self.terms)

    def __iter__(self) -> Iterator[Term]:
        return iter(self.terms)

    @cached_property
    def hash(self) -> str:
        """SHA-256 (hex) of what decides a translation: not comments, notes, lines or any order."""
        content = {"casing": self.casing, "terms": sorted(_content(term) for term in self.terms)}
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _content(term: Term) -> str:
    fields = {
        "text": term.text,
        "variants": sorted(term.variants),
        "plural": term.plural,
        "style": term.style,
        "gender": term.gender,
        "number": term.number,
        "article": term.article,
        "match": term.match,
        "exceptions": sorted(term.exceptions),
        "translation": term.translation,
        "forms": sorted(term.forms),
        "forbidden": sorted(term.forbidden),
    }
    return json.dumps(fields, sort_keys=True)


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A term in a text: ``text`` (its surface) is the slice ``start:end``."""

    start: int
    end: int
    text: str
    term: Term
    sentence_initial: bool = False

    @property
    def rendering(self) -> str:
        """What must stand in the translation: the surface, or the entry's translation."""
        return self.text if self.term.translation is None else self.term.translation
