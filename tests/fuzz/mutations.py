"""Blind changes to a text: what a grammar does not think of."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

LONGEST = 6000
"""Characters of an input; what is long on purpose is in the scaling tests."""

_SPLICES = (
    "\n\n", "\n", "\r\n", "\r", "\t", " ", "    ", "\\", "\\\\\n", "<!--", "-->", "--!>", "{{", "}}", "{%",
    "%}", "```",
    "$$", "[", "](", "]", "![", "|", "> ", "- ", "1. ", "---\n", "...\n", "&amp;", "&#0;", "\u2028", "\u0085",
    "\ufeff",
    "\u200d", "\u202e", "\x00", "\x1b", "\x0c", "\ud800", "\U0010ffff", "*", "_", "~~", "`", ":", ": ", "#",
    "&a", "*a",
    "!!python/object:x ", "<", ">", "</", "/>", "]]>", '"', "'", ",", ";", "=", "EN]", "[EN]", "İ", "ß",
    "e\u0301", "ﬁ",
)  # fmt: skip


def mutate(text: str, others: Sequence[str], random: Random) -> str:
    """One to four changes: splices, deletions, repetitions, swaps, a piece of another input."""
    for _ in range(random.choice((1, 1, 2, 3, 4))):
        text = random.choice(_CHANGES)(text, others, random)
    return text[:LONGEST]


def _slice(text: str, random: Random, longest: int = 60) -> tuple[int, int]:
    start = random.randint(0, len(text))
    return start, min(len(text), start + random.randint(0, longest))


def _splice(text: str, _others: Sequence[str], random: Random) -> str:
    at = random.randint(0, len(text))
    return text[:at] + random.choice(_SPLICES) + text[at:]


def _repeated_splice(text: str, _others: Sequence[str], random: Random) -> str:
    at = random.randint(0, len(text))
    return text[:at] + random.choice(_SPLICES) * random.choice((2, 3, 4, 7, 40)) + text[at:]


def _delete(text: str, _others: Sequence[str], random: Random) -> str:
    start, end = _slice(text, random)
    return text[:start] + text[end:]


def _repeat(text: str, _others: Sequence[str], random: Random) -> str:
    start, end = _slice(text, random)
    return text[:end] + text[start:end] * random.choice((1, 1, 2, 5, 30)) + text[end:]


def _swap(text: str, _others: Sequence[str], random: Random) -> str:
    start, end = _slice(text, random)
    begin, stop = _slice(text, random)
    if end > begin:
        return text[start:end] + text
    return text[:start] + text[begin:stop] + text[end:begin] + text[start:end] + text[stop:]


def _cross(text: str, others: Sequence[str], random: Random) -> str:
    if not others:
        return text
    other = random.choice(others)
    start, end = _slice(other, random, 400)
    at = random.randint(0, len(text))
    return text[:at] + other[start:end] + text[at:]


def _character(text: str, _others: Sequence[str], random: Random) -> str:
    if not text:
        return text
    at = random.randrange(len(text))
    code = random.choice((random.randrange(128), random.randrange(0x3000), ord(text[at]) ^ (1 << random.randrange(7))))
    return text[:at] + chr(code) + text[at + 1 :]


def _truncate(text: str, _others: Sequence[str], random: Random) -> str:
    return text[: random.randint(0, len(text))]


_CHANGES = (_splice, _splice, _repeated_splice, _delete, _delete, _repeat, _swap, _cross, _cross, _character, _truncate)
