"""Names and numbers that must come through as they are, found in the source, and missed in a translation.

A model that never saw a name makes something up from its pieces. What a reader would not translate is found by its
form alone: words with letters that English does not have ("Szczepański"), of letters and digits or with capitals
inside ("T5-11B", "KestrelDB"), and runs of capitalised words of which one is rare, that is, takes many pieces of the
checkpoint's own vocabulary ("Kofi Njoroge"). Only what the translation lost is then protected, and the sentence tried
again: a translated name that the model knows ("Kenya", "Quênia") is none of these.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from translate.decoding.alignment import Range
from translate.decoding.enforce import Rendering
from translate.decoding.source import Protected, Source
from translate.marian.protocol import Tokenizer

RARE = 3
"""A word of at least this many pieces, or of pieces with few letters, is rare."""
_LETTERS_A_PIECE = 3.0
_SHORT = 4
_TITLE = 0.6
"""A sentence with a larger share of capitalised words is a title: its capitals say nothing."""

_WORD = re.compile(r"[^\W_](?:[\w’'·.-]*[^\W_])?")
_TAIL = re.compile(r"(?:-[a-z]+|[’']s)+$")  # "GPT-2-based", "Njoroge's": what is translated of a name
_INNER = re.compile(r"[a-z][A-Z]|[^\W\d_].*\d|[^\W\d_]·[^\W\d_]")
_ENGLISH = re.compile(r"(?:[ie]an|ese|ish|ic|ism|ist|ing|ion|ed|er|ment|ness|ity|ology|al|ly|[ae]nce)s?$")
# The endings of English nouns and adjectives ("Bayesian", "Researchers"): Portuguese has its own words for these.
_TRANSLATED = frozenset(
    {"January", "February", "March", "April", "June", "July", "August", "September", "October", "November", "December"}
    | {"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday", "Christmas", "Easter", "Europe"}
    | {"French", "German", "Dutch", "Greek", "Thai", "Hindi", "Bengali", "Czech", "Welsh", "Latin", "Hebrew", "Swiss"}
    | {"France", "Germany", "Greece", "Spain", "Italy", "Japan", "Kenya", "Africa", "Turkey", "Egypt", "Sweden"}
    | {"Norway", "Denmark", "Finland", "Poland", "Hungary", "Switzerland", "Netherlands", "London", "Intro", "Tips"}
)
_NUMBER = re.compile(r"(?<![\w.,])\d[\d.,]*\d(?![\w])")
_CODE = re.compile(r"(?<![\w/])[^\W\d]\w*?(?:_\w+|==\w[\w.]*\w)+")
"""Identifiers and pinned packages that an author did not mark as code: ``OMP_NUM_THREADS``, ``parser==0.4.2``."""


def lost(source: Source, translation: str, tokenizer: Tokenizer) -> list[Range]:
    """The ranges of ``source.text`` with names and numbers that the translation does not have, in order.

    What is protected already, or overlaps it, is left out.
    """
    text = source.text
    code = [m.span() for m in _CODE.finditer(text)]
    loose = [*names(text, tokenizer), *(m.span() for m in _NUMBER.finditer(text))]
    found = [*code, *((a, b) for a, b in loose if not any(a < d and c < b for c, d in code))]
    busy = [(p.start, p.end) for p in source.protected]
    return sorted(
        (start, end)
        for start, end in found
        if not any(start < b and a < end for a, b in busy) and not _has(translation, text[start:end])
    )


def guarded(source: Source, ranges: list[Range]) -> Source:
    """The source with these ranges protected too."""
    extra = [Protected(start, end, source.text[start:end]) for start, end in ranges]
    protected = sorted([*source.protected, *extra], key=lambda p: (p.start, p.end))
    return replace(source, protected=tuple(protected), aligned=True)


def unguarded(source: Source, guard: Source, rendering: Rendering) -> Rendering:
    """A rendering of ``guard`` as one of ``source``: the places of the extra ranges are forgotten."""
    keep = [i for i, p in enumerate(guard.protected) if p in source.protected]
    return replace(
        rendering,
        places=tuple(rendering.places[i] for i in keep),
        rungs=tuple(rendering.rungs[i] for i in keep),
    )


def names(text: str, tokenizer: Tokenizer) -> list[Range]:
    """The ranges of names that are copied, by their form."""
    words = [(m.start(), m.end()) for m in _WORD.finditer(text)]
    words = [(a, b - len(tail.group())) if (tail := _TAIL.search(text[a:b])) else (a, b) for a, b in words]
    capitals = [text[a].isupper() for a, _ in words]
    title = len(words) > 1 and sum(capitals) > _TITLE * len(words)
    found: list[Range] = []
    for first, last in _runs(text, words, capitals):
        part = words[first:last]
        if first == 0 and not _is_name(text[slice(*part[0])], tokenizer):
            part = part[1:]  # any word begins a sentence with a capital
        enough = not title and (len(part) > 1 or first > 0)  # one word that begins a sentence may be any
        if part and any(_is_solid(text[a:b]) or (enough and is_rare(text[a:b], tokenizer)) for a, b in part):
            found.append((part[0][0], part[-1][1]))
    found += [
        (a, b)
        for (a, b), capital in zip(words, capitals, strict=True)
        if not capital and _INNER.search(text[a:b]) and text[a].isalpha()
    ]
    return sorted(found)


def is_rare(word: str, tokenizer: Tokenizer) -> bool:
    """Whether the checkpoint has to spell a word out in lower case too: it hardly ever saw it, and it is no noun."""
    if len(word) < _SHORT or word.isupper() or word in _TRANSLATED or _ENGLISH.search(word):
        return False
    pieces = min(len(tokenizer.encode(form).pieces) for form in (word, word.lower()))
    return pieces >= RARE or len(word) / pieces < _LETTERS_A_PIECE


def _is_name(word: str, tokenizer: Tokenizer) -> bool:
    return _is_solid(word) or is_rare(word, tokenizer)


def _is_solid(word: str) -> bool:
    """Whether a capitalised word is a name whatever stands around it."""
    return bool(_INNER.search(word)) or (not word.isascii() and len(word) > 2 and not word.isupper())


def _runs(text: str, words: list[Range], capitals: list[bool]) -> Iterator[tuple[int, int]]:
    """Runs of capitalised words with only a blank, or an initial's full stop, between them."""
    k = 0
    while k < len(words):
        if not capitals[k]:
            k += 1
            continue
        end = k + 1
        while end < len(words) and capitals[end] and text[words[end - 1][1] : words[end][0]] in (" ", ". "):
            end += 1
        yield k, end
        k = end


def _has(translation: str, part: str) -> bool:
    forms = {part, part.translate(str.maketrans(".,", ",.")), part.replace(",", ""), part.replace(",", " ")}
    return any(form in translation for form in forms)
