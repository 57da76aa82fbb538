"""The synthetic set: sentences with one to four protected terms each, made from templates of hard cases."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any

import yaml

from translate.document.model import Segment, Span

DATA = Path(__file__).with_name("data")
GLOSSARY = DATA / "glossary_terms.yaml"
_SLOT = re.compile(r"\{(\w+)\}")
_OPAQUE = re.compile(r"`([^`]+)`|https?://\S+?(?=[,.;]?(?:\s|$))")


@dataclass(frozen=True, slots=True)
class Example:
    """A sentence and the name of what makes it hard."""

    group: str
    segment: Segment


def examples() -> list[Example]:
    """Every template filled in, without duplicates, in a fixed order."""
    content: Any = yaml.safe_load((DATA / "glossary_sentences.yaml").read_text(encoding="utf-8"))
    found = dict.fromkeys(_filled(content))
    return [Example(group, _segment(index, text)) for index, (group, text) in enumerate(found)]


def _filled(content: Any) -> Iterator[tuple[str, str]]:
    for group, entry in content["groups"].items():
        for number, template in enumerate(entry["sentences"]):
            turns = {name: cycle(words) for name, words in content["classes"].items()}
            for name, turn in turns.items():  # every template begins elsewhere in its classes
                for _ in range(3 * number % len(content["classes"][name])):
                    next(turn)
            for _ in range(entry["times"]):
                yield group, _capital(_SLOT.sub(lambda slot, turns=turns: next(turns[slot[1]]), template))  # type: ignore[misc]


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


def _segment(index: int, marked: str) -> Segment:
    """A paragraph whose code spans and URLs are opaque."""
    text, spans, at = "", list[Span](), 0
    for found in _OPAQUE.finditer(marked):
        text += marked[at : found.start()]
        shown = found[1] or found[0]
        kind = "code" if found[1] else "url"
        spans.append(opaque_span(kind, len(text), len(text) + len(shown)))
        text += shown
        at = found.end()
    return Segment(index, "paragraph", text + marked[at:], tuple(spans), 0, 0)


def opaque_span(kind: Any, start: int, end: int) -> Span:
    """A span that must come through verbatim."""
    return Span(start=start, end=end, kind=kind, opaque=True, outer=(start, end), inner=(start, end))
