"""Broken sentence pairs, found by cheap rules; which rule dropped how many is counted by the caller.

The rules are those that Bane et al. 2022 ("A Comparison of Data Filtering Methods for NMT") and OPUS's cleaning tools
share: length, ratio, copies, script, language, encoding damage, numbers.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Literal

from translate.training.recipe import CleaningRecipe

Rule = Literal[
    "empty", "long", "ratio", "identical", "letters", "script", "encoding", "not-english", "not-portuguese", "numbers"
]

_INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\ufeff"))
# A zero-width joiner stays: it holds emoji together.
_SHORT = 12  # characters from which the length ratio says something
_LETTERED = 6  # words from which the language can be told
_BROKEN = re.compile(r"\ufffd|[A-Za-zÀ-ÿ]\?[a-zà-ÿ]{2}|[\x80-\x9f]|[a-z]Ã|Ã[a-z]")
_URL = re.compile(r"(?:https?|ftp)://\S+|www\.\S+|\S+@\S+\.\w+")
_NUMBER = re.compile(r"\d+(?:[.,\u00a0\u202f ]\d{3}(?!\d))*(?:[.,]\d+)?")
_WORD = re.compile(r"[^\W\d_]+")


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_ENGLISH = _set("the of and to is in for with that this are you it be on or an by from as your not can will which")
_PORTUGUESE = _set(
    "o a os as de do da dos das um uma que para com em no na nos nas não é por se ao ou e são mais pelo pela seu como"
)
# What only the one of the two languages has.
_ONLY_PORTUGUESE = _PORTUGUESE - _ENGLISH - _set("a as no do se e o")
_ONLY_SPANISH = _set("el los las del una y con en la su es al lo le pero más un sus")
_TWO_BYTES = re.compile("[ÂÃâÄÅÐÑðïÎÏÌ]")  # how the first byte of an accented letter looks when read as Latin-1


def normalise(text: str) -> str:
    """NFC, without control and invisible characters, one space where there were any."""
    text = unicodedata.normalize("NFC", text).translate(_INVISIBLE)
    if not text.isprintable():
        text = "".join(c if c.isprintable() or c == "\u200d" else " " for c in text)
    return " ".join(text.split())


def defect(english: str, portuguese: str, recipe: CleaningRecipe) -> Rule | None:
    """The first rule that a normalised pair breaks; None if it is fine."""
    if not english or not portuguese:
        return "empty"
    words = len(english.split())
    if max(words, len(portuguese.split())) > recipe.max_words:
        return "long"
    if english == portuguese and words > recipe.identical_words:
        return "identical"
    short, long = sorted((len(english), len(portuguese)))
    if long > _SHORT and long > recipe.max_ratio * short + _SHORT:
        return "ratio"
    if min(_letters(english), _letters(portuguese)) < recipe.letters:
        return "letters"
    if _is_foreign(english) or _is_foreign(portuguese):
        return "script"
    if is_damaged(portuguese) or is_damaged(english):
        return "encoding"
    if recipe.portuguese:
        if not reads_english(english):
            return "not-english"
        if not reads_portuguese(portuguese):
            return "not-portuguese"
    if recipe.numbers and not numbers_agree(english, portuguese):
        return "numbers"
    return None


def _letters(text: str) -> float:
    """The share of letters among the characters that are no spaces, URLs and addresses left out."""
    text = _URL.sub("", text).replace(" ", "")
    return sum(map(str.isalpha, text)) / len(text) if text else 0.0


def _is_foreign(text: str) -> bool:
    """Whether a tenth of the letters or more are neither Latin nor Greek."""
    if text.isascii():
        return False
    letters = [c for c in text if c.isalpha()]
    foreign = sum(1 for c in letters if c > "\u024f" and not unicodedata.name(c, "").startswith(("LATIN", "GREEK")))
    return foreign * 10 > len(letters)


def is_damaged(text: str) -> bool:
    """Whether bytes were read in the wrong encoding ("nÃ£o"), or accents became question marks ("n?o")."""
    if _BROKEN.search(_URL.sub("", text)):
        return True
    if not _TWO_BYTES.search(text):
        return False
    from ftfy.badness import is_bad

    return bool(is_bad(text))


def reads_english(text: str) -> bool:
    """Whether a sentence has no more Portuguese than English function words; short ones always pass."""
    words = _words(text)
    if len(words) < _LETTERED:
        return True
    return _count(words, _ONLY_PORTUGUESE) <= max(1, _count(words, _ENGLISH))


def reads_portuguese(text: str) -> bool:
    """Whether a sentence has no more English or Spanish than Portuguese function words; short ones always pass."""
    words = _words(text)
    if len(words) < _LETTERED:
        return True
    others = max(_count(words, _ENGLISH - _PORTUGUESE), _count(words, _ONLY_SPANISH))
    return others <= max(1, _count(words, _PORTUGUESE))


def numbers_agree(english: str, portuguese: str) -> bool:
    """Whether the numbers of two and more digits are the same, whatever separates their groups and decimals."""
    return _numbers(english) == _numbers(portuguese)


def _numbers(text: str) -> set[str]:
    found = (re.sub(r"\D", "", number) for number in _NUMBER.findall(text))
    return {number for number in found if len(number) > 1}


def _words(text: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(text)]


def _count(words: list[str], known: frozenset[str]) -> int:
    return sum(word in known for word in words)
