"""Copy augmentation: pairs with another name or number on both sides, so that a model copies what it never saw.

A capitalised name or a number that stands identically on both sides of a pair is replaced by a made-up one. (Currey
et al. 2017 copy monolingual target text to the same end; here the sentence around the copy stays parallel.)
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Literal

Kind = Literal["name", "number"]
MOST = 2
"""Replacements in one variant, at most."""

_NAME = re.compile(r"\b[A-Z][A-Za-z0-9]+(?:[ -][A-Z][A-Za-z0-9]+)*\b")
_NUMBER = re.compile(r"(?<![\w.,/-])\d+(?:\.\d+)*(?![\w/-]|[.,]\d)%?")
# Months and days are written in lower case, and differently, in Portuguese.
_CALENDAR = frozenset(
    {"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November"}
    | {"December", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"}
)


@dataclass(frozen=True, slots=True)
class Names:
    """What names are made of; see ``names.yaml``."""

    first: tuple[str, ...]
    last: tuple[str, ...]
    syllables: tuple[str, ...]
    model_ends: tuple[str, ...]
    model_beginnings: tuple[str, ...]
    capitals: tuple[str, ...]
    initials: tuple[str, ...]
    handle_ends: tuple[str, ...]


@functools.lru_cache(maxsize=1)
def names() -> Names:
    """The lists of ``names.yaml``."""
    import yaml

    lists = yaml.safe_load((Path(__file__).parent / "names.yaml").read_text(encoding="utf-8"))
    return Names(**{key: tuple(text.split()) for key, text in lists.items()})


def made_up_name(rng: Random) -> str:
    """A person's, a product's or a model's name, an abbreviation, or a handle."""
    n, r = names(), rng.random()
    if r < 0.35:
        return f"{rng.choice(n.first)} {rng.choice(n.last)}"
    if r < 0.5:
        return rng.choice(n.last)
    if r < 0.6:
        return rng.choice(n.first)
    if r < 0.66:
        return f"{rng.choice(n.first)} {rng.choice(n.initials)}. {rng.choice(n.last)}"
    word = "".join(rng.choice(n.syllables) for _ in range(rng.randint(2, 3)))
    if r < 0.74:
        return word.capitalize()
    if r < 0.82:
        return word.capitalize() + rng.choice(n.model_ends)
    if r < 0.9:
        return rng.choice(n.model_beginnings) + rng.choice(["-", "", " "]) + str(rng.randint(1, 200))
    if r < 0.95:
        return "".join(rng.choice(n.capitals) for _ in range(rng.randint(2, 5)))
    return "@" + word + rng.choice(["", "_", ""]) + rng.choice(["", *n.handle_ends])


def made_up_number(rng: Random, percent: bool) -> str:
    """A whole number, a year, a decimal (with a point, as on both sides of the pair) or a percentage."""
    if percent:
        return f"{rng.randint(1, 100)}%" if rng.random() < 0.6 else f"{rng.randint(1, 99)}.{rng.randint(1, 99)}%"
    r = rng.random()
    if r < 0.5:
        return str(rng.randint(0, 9999))
    if r < 0.7:
        return str(rng.randint(1950, 2026))
    if r < 0.85:
        return f"{rng.randint(1, 999)}.{rng.randint(1, 99)}"
    return rng.choice(["#", ""]) + str(rng.randint(1, 10**6))


def copied_parts(english: str, portuguese: str) -> list[tuple[str, Kind]]:
    """The names and numbers that stand exactly once, and alike, on both sides."""
    found: list[tuple[str, Kind]] = []
    for match in _NAME.finditer(english):
        word = match.group()
        if (match.start() == 0 and " " not in word) or word in _CALENDAR:
            continue  # a sentence begins with a capital whatever it begins with
        if _count(word, english) == 1 == _count(word, portuguese):
            found.append((word, "name"))
    for match in _NUMBER.finditer(english):
        if _count(match.group(), english) == 1 == _count(match.group(), portuguese):
            found.append((match.group(), "number"))
    return found


def variant(english: str, portuguese: str, rng: Random) -> tuple[str, str] | None:
    """The pair with one or two of its names and numbers replaced on both sides; None if it has none."""
    parts = copied_parts(english, portuguese)
    if not parts:
        return None
    changed, translated = english, portuguese
    for part, kind in rng.sample(parts, min(len(parts), MOST)):
        if not _count(part, changed) == 1 == _count(part, translated):
            continue  # the other replacement brought or took it
        new = made_up_name(rng) if kind == "name" else made_up_number(rng, part.endswith("%"))
        changed, translated = _replace(part, new, changed), _replace(part, new, translated)
    return (changed, translated) if changed != english else None


def _pattern(part: str) -> re.Pattern[str]:
    """``part`` on its own: not inside a word, a number or a version."""
    return re.compile(rf"(?<![\w])(?<!\d[.,]){re.escape(part)}(?!\w)(?![.,]\d)")


def _count(part: str, text: str) -> int:
    if text.count(part) != 1:
        return text.count(part)
    return len(_pattern(part).findall(text))


def _replace(part: str, new: str, text: str) -> str:
    return _pattern(part).sub(lambda _: new, text, count=1)
