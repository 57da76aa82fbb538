"""Held-out texts: a pair with a sentence of them must not be trained on, or the scores on them mean nothing.

Texts are compared as words: case, punctuation, markup and white space do not count. A text is excluded if it

- is a held-out sentence, line or paragraph, or
- contains one of six words or more, or
- is itself a part, of six words or more, of a held-out paragraph, or
- has thirteen words in a row in common with one: the n-gram that GPT-3's authors looked for (Brown et al. 2020,
  appendix C).
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from translate.errors import UserError

ANCHOR = 6
"""Words from which a sentence inside another text is no longer an ordinary phrase."""
SUFFIXES = frozenset({".md", ".txt", ".tsv", ".en", ".pt"})

_URL = re.compile(r"(?<=\])\([^()\s]*\)|(?:https?|ftp)://[^\s)>\]]+|www\.[^\s)>\]]+")
_TAG = re.compile(r"</?[A-Za-z][^<>]*>|\{:?[:.%#{][^{}]*\}+")
_WORD = re.compile(r"[^\W_]+")
_SENTENCE = re.compile(r"(?<=[.!?…:;])[\s\"”’)\]*_]+|\t|\s[-–—|]\s")

Words = tuple[str, ...]


def words(text: str) -> Words:
    """The words of a text, case-folded; markup, link targets and punctuation are no words."""
    text = html.unescape(_TAG.sub(" ", _URL.sub(" ", text)))
    return tuple(_WORD.findall(unicodedata.normalize("NFKC", text).casefold()))


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an anchor stands: in which paragraph, at which word, and how long the sentence is that begins there."""

    paragraph: int
    position: int
    sentence: int  # 0: no sentence begins here


class HeldOut:
    """An index of held-out texts."""

    def __init__(self, texts: Iterable[str], ngram: int = 13) -> None:
        """``texts``: whole files, in any language; ``ngram``: the words in a row that exclude a text."""
        self._ngram = ngram
        self._paragraphs: list[Words] = []
        self._whole: set[Words] = set()
        self._anchors: dict[Words, list[_Place]] = {}
        for text in texts:
            for paragraph in _paragraphs(text):
                self._add(paragraph)

    def __len__(self) -> int:
        """How many distinct sentences, lines and paragraphs are held out."""
        return len(self._whole)

    def _add(self, text: str) -> None:
        paragraph = words(text)
        if not paragraph:
            return
        starts = {0: len(paragraph)}
        self._whole.add(paragraph)
        position = 0
        for piece in _SENTENCE.split(text):
            sentence = words(piece)
            # a sentence cut inside a tag or an address has other words than the paragraph has there
            if sentence and paragraph[position : position + len(sentence)] == sentence:
                self._whole.add(sentence)
                starts[position] = min(starts.get(position, len(sentence)), len(sentence))
            position += len(sentence)
        for k in range(len(paragraph) - ANCHOR + 1):
            anchor = paragraph[k : k + ANCHOR]
            place = _Place(len(self._paragraphs), k, starts.get(k, 0))
            self._anchors.setdefault(anchor, []).append(place)
        self._paragraphs.append(paragraph)

    def contains(self, text: str) -> bool:
        """Whether a text must be excluded."""
        candidate = words(text)
        if candidate in self._whole:
            return True
        return any(
            self._overlaps(candidate, k, place)
            for k in range(len(candidate) - ANCHOR + 1)
            for place in self._anchors.get(candidate[k : k + ANCHOR], ())
        )

    def _overlaps(self, candidate: Words, start: int, place: _Place) -> bool:
        paragraph = self._paragraphs[place.paragraph]
        length = ANCHOR
        while (
            start + length < len(candidate)
            and place.position + length < len(paragraph)
            and candidate[start + length] == paragraph[place.position + length]
        ):
            length += 1
        if length >= self._ngram:
            return True
        if place.sentence >= ANCHOR and length >= place.sentence:
            return True
        return start == 0 and length == len(candidate)


def read_held_out(paths: Iterable[Path], ngram: int) -> HeldOut:
    """The index of all text files at or below ``paths``. Raises UserError for a path without any."""
    return HeldOut((path.read_text(encoding="utf-8-sig", errors="replace") for path in held_out_files(paths)), ngram)


def held_out_files(paths: Iterable[Path]) -> list[Path]:
    """The text files at or below ``paths``. Raises UserError for a path without any."""
    files: list[Path] = []
    for path in paths:
        if not path.exists():
            raise UserError(f"{path}: there are no held-out texts here; correct data.held_out in the recipe.")
        found = sorted(p for p in path.rglob("*") if p.suffix in SUFFIXES) if path.is_dir() else [path]
        if not found:
            raise UserError(f"{path}: there is no text file in it; correct data.held_out in the recipe.")
        files += found
    return files


def _paragraphs(text: str) -> Iterator[str]:
    """The lines of a text, and what they make together: a sentence may be wrapped over several."""
    for blank, group in groupby(text.splitlines(), key=lambda line: not line.strip()):
        lines = list(group)
        if blank:
            continue
        yield from lines
        if 1 < len(lines) <= _WRAPPED:
            yield " ".join(lines)


_WRAPPED = 40  # lines: a longer run is a file with a sentence on each line, not a paragraph
