"""Words of a text: where they stand, their keys, their English plurals, and what is not prose."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

HYPHENS = frozenset("-\u2010\u2011")

# A word keeps its apostrophe (don't, d'água) except before the genitive s: "dataset's" is "dataset".
_LETTERS = r"[\w\u0300-\u036f\u00ad]+"
WORD = re.compile(rf"{_LETTERS}(?:['\u2019](?![sS]\b){_LETTERS})*")
_CHUNK = re.compile(r"\S+")
_SUSPECT = re.compile(r"[@#_\\/$=~]|\w\.\w|\(\)|^\W*--\w")
_URL = re.compile(r"(?:\b[A-Za-z][A-Za-z0-9+.-]{0,30}:/|\bwww\.)")
_RUN = re.compile(r"[\w./~\\=:-]+(?:\(\))?")
_CODE_RUN = re.compile(
    r"[^\W\d]\.\w|\w\.[^\W\d]"  # np.array, dataset.py; not 2.0
    r"|\w=\S|=\w"  # batch=32
    r"|^(?:\.{0,2}|~)/|\\\w"  # /data, ./data, ~/data, \command
    r"|\(\)$"  # dataset()
    r"|^--\w"  # --dataset
    r"|:\d"  # host:80
)
_SIGIL = re.compile(r"[#$]\w+")
_NOT_ASCII_NOISE = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\ufeff"))


def fold(word: str) -> str:
    """The key under which a word is compared: case, composition and soft hyphens do not count."""
    if word.isascii():
        return word.lower()
    return unicodedata.normalize("NFC", word).translate(_NOT_ASCII_NOISE).casefold().replace("\u2019", "'")


def gap_key(gap: str) -> str:
    """What stands between two words, as a key: a blank and a hyphen are the same, a blank line is not."""
    if gap == " " or gap in HYPHENS:
        return " "
    if gap.isspace():
        return " " if gap.count("\n") < 2 else "\n\n"
    return gap


def spell(text: str) -> str:
    """A phrase with every separator of its words written as one blank; its case is kept."""
    return "".join(_separated(text, fold_words=False))


def keys_of(phrase: str) -> tuple[str, ...]:
    """The path of a phrase in a word trie: first word, then separator + word."""
    return tuple(_separated(phrase, fold_words=True))


def affixes(phrase: str) -> tuple[str, str]:
    """The symbols before a phrase's first word and after its last (``C++`` gives ``("", "++")``)."""
    words = list(WORD.finditer(phrase))
    return phrase[: words[0].start()], phrase[words[-1].end() :]


def _separated(phrase: str, *, fold_words: bool) -> list[str]:
    parts: list[str] = []
    end = 0
    for found in WORD.finditer(phrase):
        word = fold(found.group()) if fold_words else found.group()
        parts.append(gap_key(phrase[end : found.start()]) + word if parts else word)
        end = found.end()
    return parts


def plural_of(phrase: str) -> str:
    """The regular English plural of a phrase's last word (``query`` to ``queries``, ``batch`` to ``batches``)."""
    lower = phrase.lower()
    if re.search(r"[^aeiou\W\d_]y$", lower):
        return phrase[:-1] + "ies"
    if lower.endswith("sis"):
        return phrase[:-2] + "es"
    if lower.endswith(("s", "x", "z", "ch", "sh")):
        return phrase + "es"
    return phrase + "s"


@dataclass(frozen=True, slots=True)
class Words:
    """The words of ``text`` in parallel lists; an opaque stretch is one entry with the key ``""``."""

    text: str
    starts: list[int]
    ends: list[int]
    keys: list[str]

    def gap(self, index: int) -> str:
        """The separator key between word ``index`` and the next one."""
        return gap_key(self.text[self.ends[index] : self.starts[index + 1]])


def scan(text: str, skip: Sequence[tuple[int, int]] = ()) -> Words:
    """The words of ``text`` outside ``skip`` and outside what is not prose (see `opaque`). O(len(text))."""
    barriers = _merge([*((a, b) for a, b in skip if a < b), *opaque(text)])
    starts: list[int] = []
    ends: list[int] = []
    keys: list[str] = []
    upcoming = iter(barriers)
    barrier = next(upcoming, None)
    for found in WORD.finditer(text):
        start, end = found.span()
        while barrier is not None and barrier[1] <= start:
            starts.append(barrier[0])
            ends.append(barrier[1])
            keys.append("")
            barrier = next(upcoming, None)
        blocked = barrier is not None and barrier[0] < end
        word = found.group()
        starts.append(start)
        ends.append(end)
        keys.append("" if blocked or "_" in word else fold(word))
    return Words(text, starts, ends, keys)


def opaque(text: str) -> list[tuple[int, int]]:
    """Stretches that are no prose: URLs, e-mails, @handles, #hashtags, paths, file names, identifiers.

    Sorted; a word with an underscore is left to `scan`.
    """
    ranges: list[tuple[int, int]] = []
    for found in _CHUNK.finditer(text):
        chunk = found.group()
        if chunk.isalnum() or not _SUSPECT.search(chunk):
            continue
        start, end = found.span()
        url = _URL.search(chunk)
        if "@" in chunk:
            ranges.append((start, end))
            continue
        if url:
            ranges.append((start + url.start(), end))
            chunk = chunk[: url.start()]
        ranges.extend(
            (start + run.start(), start + run.end()) for run in _RUN.finditer(chunk) if _CODE_RUN.search(run.group())
        )
        ranges.extend(
            (start + tag.start(), start + tag.end())
            for tag in _SIGIL.finditer(chunk)
            if tag.start() == 0 or not chunk[tag.start() - 1].isalnum()
        )
    return ranges


def _merge(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(ranges):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged
