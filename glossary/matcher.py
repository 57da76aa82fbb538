"""Find the terms of a glossary in plain text.

Rules, in this order:

- Leftmost first, then longest, never overlapping: with ``transfer learning`` and ``deep transfer
  learning`` listed, the latter is one occurrence. Listed spellings win over derived plurals, an
  ``exact-case`` entry over another with the same letters, then the earlier entry.
- Whole words only. A term may stand inside a hyphen compound (``Transformer-based``,
  ``high-throughput``), but not after a bound prefix: ``self-attention`` is not ``attention``,
  ``pre-training`` is not ``training``. The genitive ``dataset's`` is ``dataset``; ``dataset(s)`` too.
- Never, not even partly, in ``skip`` or in what is no prose: URLs, e-mails, @handles, #hashtags,
  paths, file names, dotted names, ``name=value``, ``call()``, words with an underscore.
- ``match: any`` ignores case; ``exact-case`` wants the listed letters; ``noun-phrase`` ignores case
  and leaves out what is clearly a verb (see `glossary.nouns`). ``except`` phrases hide the term.

A trie over words, walked from each word of the text: at most ``MAX_WORDS`` steps a word, whatever
the number of terms.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from glossary.fingerprint import fingerprint
from glossary.nouns import is_verb
from glossary.terms import Occurrence, Term, Termbase
from glossary.words import HYPHENS, Words, affixes, keys_of, plural_of, scan, spell

_BOUND_PREFIXES_TEXT = """
self pre re de un mini micro multi semi auto sub super hyper meta co over under inter intra cross anti out bi
tri uni proto pseudo quasi ultra fine mis dis e
"""
_BOUND_PREFIXES = frozenset(_BOUND_PREFIXES_TEXT.split())
_SENTENCE_END = re.compile(
    r"(?:^|[.!?\u2026][\"'\u201d\u2019)\]\u00bb]*\s+|\n[^\S\n]*\n\s*)[\"'\u201c\u2018(\[\u00ab\u00bf\u00a1]*$"
)
_LOOK_BACK = 12


@dataclass(frozen=True, slots=True)
class _Entry:
    """One spelling of a term: its letters, and the symbols that must stand around its words."""

    term: Term
    spelling: str
    before: str
    after: str


@dataclass(slots=True)
class _Node:
    next: dict[str, _Node] = field(default_factory=dict)
    entries: list[_Entry] = field(default_factory=list)


@dataclass(slots=True)
class Trie:
    """Phrases by their words. ``steps`` counts node visits, for tests of the cost."""

    root: dict[str, _Node] = field(default_factory=dict)
    steps: int = 0

    def add(self, phrase: str, term: Term) -> None:
        first, *rest = keys_of(phrase)
        node = self.root.setdefault(first, _Node())
        for key in rest:
            node = node.next.setdefault(key, _Node())
        before, after = affixes(phrase)
        node.entries.append(_Entry(term, spell(phrase), before, after))

    def walk(self, words: Words, first: int) -> Iterator[tuple[int, list[_Entry]]]:
        """Each (last word, entries) of a phrase that begins at word ``first``, shortest first."""
        node = self.root.get(words.keys[first])
        last = first
        while node is not None:
            self.steps += 1
            if node.entries:
                yield last, node.entries
            if not node.next or last + 1 == len(words.keys) or not words.keys[last + 1]:
                return
            node = node.next.get(words.gap(last) + words.keys[last + 1])
            last += 1


class Matcher:
    """A glossary made ready to be found in texts. Immutable after construction; safe to share."""

    def __init__(self, termbase: Termbase) -> None:
        self.termbase = termbase
        self._terms = Trie()
        self._exceptions = Trie()
        self._renderings = Trie()
        self._forbidden = Trie()
        exact_first = sorted(termbase.terms, key=lambda term: term.match != "exact-case")
        for term in exact_first:
            for spelling in term.spellings:
                self._terms.add(spelling, term)
        for term in exact_first:
            for plural in _plurals(term.spellings) if term.plural else ():
                self._terms.add(plural, term)
            for phrase in (*term.exceptions, *_plurals(term.exceptions)):
                self._exceptions.add(phrase, term)
            for phrase in term.renderings:
                self._renderings.add(phrase, term)
            for phrase in term.forbidden:
                self._forbidden.add(phrase, term)

    @property
    def steps(self) -> int:
        """Trie nodes visited so far: the cost of matching, independent of the clock."""
        return self._terms.steps + self._exceptions.steps

    def find(self, text: str, skip: Sequence[tuple[int, int]] = ()) -> list[Occurrence]:
        """The occurrences of terms in ``text``, sorted and disjoint; see the module for the rules.

        ``skip``: half-open character ranges (any order, may overlap) in which nothing matches, not
        even partly. O(len(text) + len(skip) log len(skip)).
        """
        words = scan(text, skip)
        hidden = self._hidden(words)
        found: list[Occurrence] = []
        root = self._terms.root
        index = 0
        while index < len(words.keys):
            if words.keys[index] in root:
                hit = self._longest(words, index, hidden)
                if hit is not None:
                    last, occurrence = hit
                    found.append(occurrence)
                    index = last
            index += 1
        return found

    def fingerprint(self, text: str, skip: Sequence[tuple[int, int]] = ()) -> str:
        """What this glossary says about ``text``, as a hash of 16 digits; ``""`` where no term stands in it.

        Two glossaries that ask for the same of a text give the same one: see `glossary.fingerprint`.
        """
        return fingerprint(text, self.find(text, skip), self.termbase.casing)

    def candidates(self, text: str, skip: Sequence[tuple[int, int]] = ()) -> list[Occurrence]:
        """Everything in ``text`` that is spelled like a kept term, nested and overlapping ones included.

        For translations: neither ``match`` nor ``except`` applies, since both speak of English.
        """
        return list(_everywhere(self._terms, scan(text, skip)))

    def renderings(self, text: str, skip: Sequence[tuple[int, int]] = ()) -> list[Occurrence]:
        """Every ``translation`` or one of its ``forms`` in a Portuguese text, overlapping ones included."""
        return list(_everywhere(self._renderings, scan(text, skip)))

    def forbidden(self, text: str, skip: Sequence[tuple[int, int]] = ()) -> list[Occurrence]:
        """Every ``forbidden`` rendering in a Portuguese text, overlapping ones included."""
        return list(_everywhere(self._forbidden, scan(text, skip)))

    def _longest(self, words: Words, first: int, hidden: dict[int, set[int]]) -> tuple[int, Occurrence] | None:
        for last, entries in reversed(list(self._terms.walk(words, first))):
            for entry in entries:
                occurrence = _accept(words, first, last, entry)
                if occurrence is None or any(
                    id(entry.term) in hidden.get(index, ()) for index in range(first, last + 1)
                ):
                    continue
                if entry.term.match == "exact-case" and spell(occurrence.text) != entry.spelling:
                    continue
                if entry.term.match == "noun-phrase" and _is_verb(words, first, last, occurrence):
                    continue
                return last, occurrence
        return None

    def _hidden(self, words: Words) -> dict[int, set[int]]:
        """For each word inside exception phrases, the terms that those phrases hide."""
        hidden: dict[int, set[int]] = {}
        if not self._exceptions.root:
            return hidden
        for first, key in enumerate(words.keys):
            if key not in self._exceptions.root:
                continue
            for last, entries in self._exceptions.walk(words, first):
                for index in range(first, last + 1):
                    hidden.setdefault(index, set()).update(id(entry.term) for entry in entries)
        return hidden


def _plurals(phrases: Iterable[str]) -> Iterator[str]:
    for phrase in phrases:
        if not affixes(phrase)[1]:
            yield plural_of(phrase)


def _everywhere(trie: Trie, words: Words) -> Iterator[Occurrence]:
    for first, key in enumerate(words.keys):
        if key in trie.root:
            for last, entries in trie.walk(words, first):
                for entry in entries:
                    occurrence = _accept(words, first, last, entry)
                    if occurrence is not None:
                        yield occurrence


def _accept(words: Words, first: int, last: int, entry: _Entry) -> Occurrence | None:
    """The occurrence at words ``first..last`` if the symbols around it allow one."""
    text, start, end = words.text, words.starts[first], words.ends[last]
    if entry.before:
        start -= len(entry.before)
        low = words.ends[first - 1] if first else 0
        if start < low or not text.startswith(entry.before, start):
            return None
    if entry.after:
        end += len(entry.after)
        high = words.starts[last + 1] if last + 1 < len(words.starts) else len(text)
        if end > high or not text.startswith(entry.after, words.ends[last]):
            return None
    elif text.startswith(("++", "#"), end):  # C is neither C++ nor C#
        return None
    if (
        first
        and words.ends[first - 1] == start - 1
        and text[start - 1] in HYPHENS
        and words.keys[first - 1] in _BOUND_PREFIXES
    ):
        return None
    return Occurrence(start, end, text[start:end], entry.term, _begins_sentence(text, start))


def _begins_sentence(text: str, start: int) -> bool:
    low = max(0, start - _LOOK_BACK)
    before = text[low:start]
    if low and not before.strip():
        return "\n" in before
    found = _SENTENCE_END.search(before)
    return found is not None and (found.start() > 0 or low == 0 or before[found.start()] in ".!?\u2026\n")


def _is_verb(words: Words, first: int, last: int, occurrence: Occurrence) -> bool:
    before: list[str] = []
    index = first
    while index and len(before) < 2 and words.gap(index - 1) == " " and words.keys[index - 1]:
        index -= 1
        before.insert(0, words.keys[index])
    if before and words.text[words.ends[first - 1]] in HYPHENS:
        return False  # part of a compound
    follows = last + 1 < len(words.keys) and words.gap(last) == " " and words.text[words.ends[last]] not in HYPHENS
    after = words.keys[last + 1] if follows else None
    return is_verb(before, words.keys[last], after, sentence_initial=occurrence.sentence_initial)
