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
    """A rewritten text; ``ranges[i]`` is what its character i was in the original (None: nothing changed).

    The characters of a longer spelling share the original's range, but the blanks around it have empty ones.
    """

    text: str
    ranges: tuple[tuple[int, int], ...] | None


def normalize(text: str, characters: Set[str]) -> Normalized:
    """Rewrite those ``characters`` of `CHARACTERS` that occur in ``text``; leave all the others."""
    if characters.isdisjoint(text):
        return Normalized(text, None)
    parts, ranges = list[str](), list[tuple[int, int]]()
    for position, character in enumerate(text):
        spelled = _SPELLING[character] if character in characters else character
        parts.append(spelled)
        core = spelled.strip() or spelled
        before, after = spelled.split(core, 1)
        ranges += [(position, position)] * len(before)
        ranges += [(position, position + 1)] * len(core)
        ranges += [(position + 1, position + 1)] * len(after)
    return Normalized("".join(parts), tuple(ranges))
