"""Propose terms: English words that human translators left in their Portuguese text.

A word or phrase of the draft that stands in the human version is evidence for a term, unless it is a
quotation (a paper's title left in English), a name (the drafts do not write it in lower case), or a
word that Portuguese spells alike (`neural`, `social`). Quotations are told by English function words and
length; words spelled alike by a short list, by Portuguese endings, and by being more frequent in the
Portuguese than the drafts explain.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from glossary.matcher import Matcher
from glossary.terms import Term, Termbase
from glossary.words import HYPHENS, Words, plural_of, scan

MAX_PHRASE = 4
"""Words in a proposed phrase; a longer run of English is a quotation."""

_ENGLISH_FUNCTION_WORDS_TEXT = """
the of and for with in to on is are by from an at how what why when this that these it its we you your our or be
can will not using towards toward into about all was were has have i my via through between within without over
than more most their
"""
_ENGLISH_FUNCTION_WORDS = frozenset(_ENGLISH_FUNCTION_WORDS_TEXT.split())
_PORTUGUESE_TEXT = """
a as o os e em no na nos nas do da dos das de um uma uns umas se me te que por para com sem sob mas mais ou ao
aos pela pelo sua seu ser era for use some come todo data time base fase pose case via etc vs per et si la le du
multi semi auto total original final animal hospital error motor sensor autor editor favor interior superior
inferior posterior anterior exterior area radio video audio ideia media virus status campus versus genes
minimal maximal grande real fato parte arte nome note teste texto site blog internet web online email link links
post posts app newsletter podcast twitter tweet workshop software hardware tutorial tutorials date
drama cancer diabetes zero item mega extra cinema debate professor regime piano panda taxi
dado grave unicode
"""
_PORTUGUESE = frozenset(_PORTUGUESE_TEXT.split())
_PORTUGUESE_ENDINGS = ("al", "ar", "il", "ais", "ares", "ia", "ica", "ismo", "ista", "ente", "ante")
_NOT_PORTUGUESE = re.compile(r"[kwy]|ph|th|sh|([bdfglmnptz])\1|tion|sion|[bcdfghjpqtv]$")
"""Spellings that Portuguese does not have, whatever the ending (`differential` is no Portuguese word)."""
_LOWER_CASE = 0.4
"""Share of lower-case occurrences from which a word is no name."""
_ALONE = 0.3
"""Share of a word's kept occurrences that must stand alone: `learning` mostly is a part of terms."""
_CONTEXT = 40
_SHORT = 3
"""Letters of a word that may be a Portuguese function word (`as features`)."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A draft's text and its human version's, without markup; whole issues or aligned segments.

    ``italics`` are character ranges of ``portuguese`` (None: not known); ``skip_english`` and
    ``skip_portuguese`` are ranges that are no prose (code, URLs).
    """

    english: str
    portuguese: str
    italics: Sequence[tuple[int, int]] | None = None
    skip_english: Sequence[tuple[int, int]] = ()
    skip_portuguese: Sequence[tuple[int, int]] = ()


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A proposed term and the evidence for it.

    ``kept`` of the ``english`` occurrences in the drafts stand in the human versions, ``italic`` of
    them in italics (None: not known); ``contexts`` are pieces of Portuguese text around them;
    ``surfaces`` the spellings seen; ``known`` the glossary's entry for it, if it has one.
    """

    text: str
    kept: int
    english: int
    italic: int | None
    surfaces: tuple[str, ...]
    contexts: tuple[str, ...]
    known: Term | None = None

    @property
    def rate(self) -> float:
        """Kept rate, 0 to 1."""
        return self.kept / self.english if self.english else 0.0

    @property
    def italics_rate(self) -> float | None:
        return None if self.italic is None else self.italic / self.kept


@dataclass(slots=True)
class _Evidence:
    alone: int = 0  # occurrences that are no part of a longer kept phrase
    plain: bool = False  # one of those is no title of the draft
    kept: int = 0
    italic: int = 0
    surfaces: Counter[str] = field(default_factory=Counter)
    contexts: list[str] = field(default_factory=list)


def suggest(
    pairs: Sequence[Pair],
    termbase: Termbase | None = None,
    *,
    drafts: Sequence[str] = (),
    min_kept: int = 1,
    min_rate: float = 0.25,
) -> list[Suggestion]:
    """Terms that the humans of ``pairs`` left in English, best evidence first (see `Suggestion`).

    ``drafts`` are further English texts: they help to tell names from words. Words kept fewer than
    ``min_kept`` times or at a rate below ``min_rate`` are left out.
    """
    scanned = [(scan(p.english, p.skip_english), scan(p.portuguese, p.skip_portuguese)) for p in pairs]
    sources = [words for words, _ in scanned]
    available = [_phrase_counts([words]) for words in sources]
    corpus = [*sources, *(scan(draft) for draft in drafts)]
    singular = _Singular(_phrase_counts(corpus))
    lexicon = _Lexicon(_lower_case_share(corpus), _portuguese_words(scanned))
    evidence: dict[str, _Evidence] = defaultdict(_Evidence)
    for pair, (source, target), counts in zip(pairs, scanned, available, strict=True):
        runs = list(_kept_runs(target, counts, lexicon))
        capitals = _capitalised(source)
        for first, last in runs:
            item = evidence[singular(_phrase(target, first, last))]
            item.alone += 1
            item.plain |= _surface(target, first, last) not in capitals
        places: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for first, last in runs:
            for start, end in _parts(first, last):
                places[singular(_phrase(target, start, end))].append((start, end))
        for text, ranges in places.items():
            _record(evidence[text], ranges[: _count(counts, text)], pair, target)
    known = _Known(termbase)
    italics_known = any(pair.italics is not None for pair in pairs)
    found = [
        Suggestion(
            text,
            item.kept,
            sum(_count(counts, text) for counts in available),
            item.italic if italics_known else None,
            tuple(surface for surface, _ in item.surfaces.most_common()),
            tuple(item.contexts),
            known(text),
        )
        for text, item in evidence.items()
        if item.plain and item.alone >= _ALONE * item.kept > 0 and item.kept >= min_kept
    ]
    return _ranked([suggestion for suggestion in found if suggestion.rate >= min_rate])


def _ranked(suggestions: list[Suggestion]) -> list[Suggestion]:
    """Best evidence first.

    A phrase that adds words to a better one (`tiny dataset`) goes behind; one whose last word ends other
    kept phrases too (`federated learning`, `lifelong learning`) goes before.
    """
    heads = Counter(_head(suggestion.text) for suggestion in suggestions)
    weights = {s.text: _weight(s) * (1.5 if heads[_head(s.text)] > 1 else 1.0) for s in suggestions}

    def order(suggestion: Suggestion) -> tuple[float, str]:
        weight = weights[suggestion.text]
        words = suggestion.text.replace("-", " ").split()
        better = [
            weights.get(" ".join(words[first:last]), 0.0)
            for first in range(len(words))
            for last in range(first + 1, len(words) + 1)
            if last - first < len(words)
        ]
        return (-weight / 4 if max(better, default=0.0) > weight else -weight), suggestion.text

    return sorted(suggestions, key=order)


def _head(text: str) -> str:
    """The last word of a phrase; a single word is a head to itself alone."""
    first, *rest = text.replace("-", " ").split()
    return rest[-1] if rest else f"{first}."


def _weight(suggestion: Suggestion) -> float:
    """Kept occurrences, discounted by the rate; italics say that a translator set the word as a foreign one.

    The rate counts twice: what one issue keeps at a low rate, the next one mostly translates.
    """
    italics = suggestion.italic or 0
    phrase = 1.3 if " " in suggestion.text or "-" in suggestion.text else 1.0
    return (suggestion.kept - 0.5 + italics) * suggestion.rate**2 * phrase


def _phrase(words: Words, start: int, end: int) -> str:
    """The folded phrase of words ``start..end``, hyphens kept."""
    text = words.keys[start]
    for index in range(start, end):
        hyphen = words.text[words.ends[index]] in HYPHENS
        text += ("-" if hyphen else " ") + words.keys[index + 1]
    return text


def _phrase_counts(texts: Iterable[Words]) -> Counter[str]:
    """Each phrase of up to MAX_PHRASE words (joined by blanks, hyphens folded to blanks) and how often it stands."""
    counts: Counter[str] = Counter()
    for words in texts:
        for first in range(len(words.keys)):
            for last in _reach(words, first):
                counts[" ".join(words.keys[first : last + 1])] += 1
    return counts


def _reach(words: Words, first: int) -> Iterator[int]:
    last = first
    while words.keys[last] and last - first < MAX_PHRASE:
        yield last
        if last + 1 == len(words.keys) or words.gap(last) != " ":
            return
        last += 1


def _count(counts: Mapping[str, int], text: str) -> int:
    spelled = text.replace("-", " ")
    plural = plural_of(spelled)
    return counts.get(spelled, 0) + (counts.get(plural, 0) if plural != spelled else 0)


class _Singular:
    """The singular under which a phrase is counted, judged by what the drafts contain."""

    def __init__(self, phrases: Mapping[str, int]) -> None:
        self._phrases = phrases

    def __call__(self, phrase: str) -> str:
        if phrase.endswith(("ss", "us", "is", "ics", "ous")) or not phrase.endswith("s") or len(phrase) < 5:
            return phrase
        for ending, replacement in (("ies", "y"), ("es", ""), ("s", "")):
            singular = phrase.removesuffix(ending) + replacement
            if singular != phrase and singular.replace("-", " ") in self._phrases and plural_of(singular) == phrase:
                return singular
        bare = phrase[:-1]
        ambiguous = bare.endswith(("se", "xe", "ze", "che", "she", "i", "ie"))  # cache or batch?
        return bare if plural_of(bare) == phrase and not ambiguous else phrase


def _portuguese_words(scanned: Sequence[tuple[Words, Words]]) -> frozenset[str]:
    """Words that are Portuguese although the drafts have them too."""
    source = Counter(key for words, _ in scanned for key in words.keys)
    target = Counter(key for _, words in scanned for key in words.keys)
    portuguese = set(_PORTUGUESE)
    for word, count in target.items():
        if not source[word] or word in _ENGLISH_FUNCTION_WORDS:
            continue
        inflected = (word.endswith("al") and target[word[:-1] + "is"]) or (
            target[word + "es"] and not source[word + "es"]
        )
        alike = inflected or word.endswith(_PORTUGUESE_ENDINGS) or count > 2 * source[word] + 2
        if word.isdigit() or (alike and not _NOT_PORTUGUESE.search(word)):
            portuguese.add(word)
    return frozenset(portuguese)


@dataclass(frozen=True, slots=True)
class _Lexicon:
    """What the texts themselves say of words."""

    lower: Mapping[str, float]
    portuguese: frozenset[str]

    def is_english(self, key: str, available: Mapping[str, int]) -> bool:
        return bool(key) and key in available and key not in self.portuguese

    def is_word(self, key: str) -> bool:
        """Not a name: the drafts write it (or its plural) in lower case about as often as not."""
        share = max(self.lower.get(key, 0.0), self.lower.get(plural_of(key), 0.0))
        return share >= _LOWER_CASE and key.isalpha() and len(key) > 2


def _kept_runs(target: Words, available: Mapping[str, int], lexicon: _Lexicon) -> Iterator[tuple[int, int]]:
    """Phrases (first and last word) of the draft in the Portuguese text; quotations and names left out."""
    index = 0
    while index < len(target.keys):
        last = index - 1
        while last + 1 < len(target.keys) and _is_english(target, last + 1, available, lexicon):
            if last >= index and target.gap(last) != " ":
                break
            last += 1
        if last < index:
            index += 1
            continue
        if not _is_quotation(target, index, last, lexicon):
            for first, end in _between_names(target, index, last, lexicon):
                yield from _divide(target, first, end, available)
        index = last + 1


def _is_english(target: Words, index: int, available: Mapping[str, int], lexicon: _Lexicon) -> bool:
    """Of English only, or spelled alike in both but before an English word as in the draft (`neural networks`)."""
    key = target.keys[index]
    if lexicon.is_english(key, available):
        return True
    if len(key) <= _SHORT or key not in available or index + 1 == len(target.keys) or target.gap(index) != " ":
        return False
    following = target.keys[index + 1]
    return lexicon.is_english(following, available) and f"{key} {following}" in available


def _is_quotation(target: Words, first: int, last: int, lexicon: _Lexicon) -> bool:
    keys = target.keys[first : last + 1]
    words = [key for key in keys if lexicon.is_word(key)]
    loose = [target.keys[i] for i in range(first, last + 1) if not _hyphenated(target, i)]  # not state-of-the-art
    if len(words) > MAX_PHRASE or not _ENGLISH_FUNCTION_WORDS.isdisjoint(loose):
        return True
    before = target.text[max(0, target.starts[first] - 1) : target.starts[first]]
    return before in {'"', "\u201c", "\u00ab"} and len(keys) > 2


def _hyphenated(words: Words, index: int) -> bool:
    """Whether a hyphen binds the word to a neighbour."""
    start, end = words.starts[index], words.ends[index]
    after = words.text[end : end + 2]
    return (start > 1 and words.text[start - 1] in HYPHENS and not words.text[start - 2].isspace()) or (
        len(after) == 2 and after[0] in HYPHENS and not after[1].isspace()
    )


def _between_names(target: Words, first: int, last: int, lexicon: _Lexicon) -> Iterator[tuple[int, int]]:
    """The stretches of the run that hold no name."""
    start = first
    for index in range(first, last + 2):
        if index > last or not lexicon.is_word(target.keys[index]):
            if start < index:
                yield start, index - 1
            start = index + 1


def _divide(target: Words, first: int, last: int, available: Mapping[str, int]) -> Iterator[tuple[int, int]]:
    """The run as the longest phrases that the draft has."""
    while first <= last:
        if first == last and _hyphenated(target, first):
            return  # half of a compound: meta-aprendizado
        end = next(e for e in range(last, first - 1, -1) if " ".join(target.keys[first : e + 1]) in available)
        yield first, end
        first = end + 1


def _record(item: _Evidence, places: Sequence[tuple[int, int]], pair: Pair, target: Words) -> None:
    for first, last in places:
        start, end = target.starts[first], target.ends[last]
        item.kept += 1
        item.surfaces[pair.portuguese[start:end]] += 1
        item.italic += any(
            low <= start and end <= high and len(pair.portuguese[low:high].split()) <= MAX_PHRASE  # no title
            for low, high in pair.italics or ()
        )
        if len(item.contexts) < 2:
            low, high = max(0, start - _CONTEXT), min(len(pair.portuguese), end + _CONTEXT)
            item.contexts.append(pair.portuguese[low:high])


def _lower_case_share(texts: Iterable[Words]) -> dict[str, float]:
    """For each word of the drafts, the share of its occurrences that are all lower case."""
    total: Counter[str] = Counter()
    lower: Counter[str] = Counter()
    for words in texts:
        for start, end, key in zip(words.starts, words.ends, words.keys, strict=True):
            if key:
                total[key] += 1
                lower[key] += words.text[start:end].islower()
    return {word: lower[word] / count for word, count in total.items()}


def _capitalised(source: Words) -> frozenset[str]:
    """Phrases of the draft whose words all begin with a capital: titles and names where the human kept them."""
    return frozenset(
        surface
        for first in range(len(source.keys))
        for last in _reach(source, first)
        if _is_title(surface := _surface(source, first, last))
    )


def _is_title(surface: str) -> bool:
    return all(word[0].isupper() for word in surface.split())


def _surface(words: Words, first: int, last: int) -> str:
    return " ".join(words.text[words.starts[index] : words.ends[index]] for index in range(first, last + 1))


def _parts(first: int, last: int) -> Iterator[tuple[int, int]]:
    return ((start, end) for start in range(first, last + 1) for end in range(start, last + 1))


class _Known:
    """Looks a phrase up in a glossary, whatever its match rule."""

    def __init__(self, termbase: Termbase | None) -> None:
        self._matcher = Matcher(termbase) if termbase is not None else None

    def __call__(self, text: str) -> Term | None:
        if self._matcher is None:
            return None
        whole = [c for c in self._matcher.candidates(text) if (c.start, c.end) == (0, len(text))]
        return whole[0].term if whole else None
