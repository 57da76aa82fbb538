"""A unit of the memory: a segment's source and target, and where it stood."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

from translate.document.model import Document
from translate.document.parse import parse

Origin = Literal["human", "import", "machine"]

ORIGINS: tuple[Origin, ...] = ("human", "import", "machine")
"""The first outranks the others."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A segment and its translation.

    ``source`` and ``target`` are Markdown as in the files, ``text`` is the source without its markup. ``context``
    is a digest of the segments before and after (``""``: unknown), ``document`` the draft's path, ``heading`` the
    heading above. ``hypothesis`` is the digest of what the machine wrote (``""``: nothing), ``signature`` of the
    model, the settings and what the glossary says about this text (earlier versions: the whole glossary). Times are
    seconds since 1970.
    """

    source: str
    text: str
    target: str
    origin: Origin
    approved: bool = False
    context: str = ""
    document: str = ""
    heading: str = ""
    hypothesis: str = ""
    signature: str = ""
    created: float = 0.0
    updated: float = 0.0


_NONE: Mapping[int, str] = {}


def digest(*texts: str) -> str:
    """16 hexadecimal digits of SHA-256."""
    return sha256("\0".join(texts).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def plain(markdown: str) -> str:
    """Markdown's text without its markup; the Markdown itself where it has none."""
    segments = parse(markdown).segments if not markdown.startswith("---") else ()
    return "\n".join(segment.text for segment in segments) or markdown


def contexts(document: Document) -> list[str]:
    """For each segment, a digest of its neighbours' texts."""
    texts = ["", *(segment.text for segment in document.segments), ""]
    return [digest(before, after) for before, after in zip(texts, texts[2:], strict=False)]


def units_of(
    document: Document,
    targets: Mapping[int, str],
    *,
    origin: Origin,
    approved: bool = False,
    name: str = "",
    signatures: Mapping[int, str] = _NONE,
) -> list[Unit]:
    """Units of the segments in ``targets`` (segment index to target Markdown); ``signatures`` by segment, too."""
    around = contexts(document)
    heading = ""
    units: list[Unit] = []
    for segment in document.segments:
        if segment.kind == "heading":
            heading = segment.text
        target = targets.get(segment.index)
        if target is None or not target.strip():
            continue
        units.append(
            Unit(
                source=document.source[segment.start : segment.end],
                text=segment.text,
                target=target,
                origin=origin,
                approved=approved,
                context=around[segment.index],
                document=name,
                heading=heading,
                hypothesis=digest(target) if origin == "machine" else "",
                signature=signatures.get(segment.index, ""),
            )
        )
    return units
