"""Degenerate output: what a sequence model produces when it loses the thread, found without a reference."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

Defect = Literal["empty", "repetition", "script", "long", "short", "garbled", "too-long"]
"""``garbled``: bytes that make no character; ``too-long``: the source is longer than the model can read."""

_TOKEN = re.compile(r"\w+|[^\w\s]")
_WORD = re.compile(r"\w+")
_FRAGMENT = 3


@dataclass(frozen=True, slots=True)
class Limits:
    """When an output counts as degenerate; lengths are in characters relative to the source's."""

    longest: float = 2.6
    shortest: float = 0.3
    slack: int = 24
    repeats: int = 3
    foreign: float = 0.2


def defects(source: str, target: str, limits: Limits | None = None) -> tuple[Defect, ...]:
    """What is wrong with ``target`` as a translation of ``source``; empty if nothing is."""
    limits = limits or Limits()
    if not any(c.isalpha() for c in target):
        return ("empty",) if any(c.isalpha() for c in source) else ()
    found: list[Defect] = ["garbled"] if "\ufffd" in target and "\ufffd" not in source else []
    repeated = loops(target)
    if repeated >= limits.repeats and repeated > loops(source):
        found.append("repetition")
    if foreign_share(target) > limits.foreign + foreign_share(source):
        found.append("script")
    if len(target) > limits.longest * len(source) + limits.slack or _is_embroidered(source, target):
        found.append("long")
    if len(target) + limits.slack / 3 < limits.shortest * len(source):
        found.append("short")
    return tuple(found)


def _is_embroidered(source: str, target: str) -> bool:
    """Whether a fragment of up to three words became more than twice as many, and two: what it says was made up."""
    words = len(_WORD.findall(source))
    return words <= _FRAGMENT and len(_WORD.findall(target)) > 2 * words + 2


def loops(text: str) -> int:
    """How often, at most, one to six tokens are repeated in a row (1: nothing is repeated).

    A single token counts only from four letters on: "ha ha ha" and "..." are no loops.
    """
    tokens = [t.lower() for t in _TOKEN.findall(text)]
    best = 1
    for width in range(1, 7):
        run = width
        for i in range(width, len(tokens)):
            run = run + 1 if tokens[i] == tokens[i - width] else width
            gram = tokens[i - width + 1 : i + 1]
            if sum(len(t) for t in gram if t.isalpha()) >= 4:
                best = max(best, run // width)
    return best


def foreign_share(text: str) -> float:
    """The share of letters that are neither Latin nor Greek (which formulas use), 0 to 1."""
    letters = [c for c in text if c.isalpha()]
    if not letters:
        return 0.0
    return sum(
        not unicodedata.name(c, "").startswith(("LATIN", "GREEK", "MICRO", "FEMININE", "MASCULINE")) for c in letters
    ) / len(letters)
