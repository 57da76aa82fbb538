# ruff: noqa: RUF001  (look-alike characters are the subject here)
"""Typographic characters in the spelling that OPUS checkpoints were trained on, with offsets kept.

OPUS corpora pass through Moses ``normalize-punctuation.perl`` before SentencePiece; a checkpoint's
vocabulary may therefore lack curly quotes and dashes, which would all be ``<unk>``.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass

_SPELLING = {
    "“": '"', "”": '"', "„": '"', "‟": '"', "«": '"', "»": '"', "″": '"',
    "‘": "'", "’": "'", "‚": "'", "‛": "'", "´": "'", "`": "'", "′": "'",
    "–": "-", "—": " - ", "―": " - ", "‐": "-", "‑": "-", "‒": "-", "−": "-",
    "…": "...", "•": "-", "\u00a0": " ", "\u202f": " ", "\u2009": " ",
}  # fmt: skip

CHARACTERS = frozenset(_SPELLING)


@dataclass(frozen=True, slots=True)
class Normalized:
    """A rewritten text; ``starts[i]`` is where its character i begins in the original (None: nothing changed).

    ``starts`` has one value more than there are characters: the original's length.
    """

    text: str
    starts: tuple[int, ...] | None


def normalize(text: str, characters: Set[str]) -> Normalized:
    """Rewrite those ``characters`` of `CHARACTERS` that occur in ``text``; leave all the others."""
    if characters.isdisjoint(text):
        return Normalized(text, None)
    parts, starts = list[str](), list[int]()
    for position, character in enumerate(text):
        spelled = _SPELLING[character] if character in characters else character
        parts.append(spelled)
        # Only the last character of a longer spelling ends the original one, as in SentencePiece's own offsets.
        starts += [position] * len(spelled)
    starts.append(len(text))
    return Normalized("".join(parts), tuple(starts))
