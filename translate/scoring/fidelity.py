"""Markup fidelity: which links, code and images of a draft are in its translation, as multisets."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from translate.document.bilingual_reader import read_bilingual

_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})[^\n]*\n(.*?)^ {0,3}\1", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", re.DOTALL)
_IMAGE = re.compile(r"!\[[^\]]*\]\(\s*<?([^\s)>]+)|<img\b[^>]*\bsrc=[\"']([^\"']+)", re.IGNORECASE)
_LINK = re.compile(r"(?<=\]\()\s*<?([^\s)>]+)|\bhref=[\"']([^\"']+)|(https?://[^\s)>\]\"'<]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Kept:
    """Of one kind of markup: how many of the draft's are there, how many it has, and how many were added."""

    kept: int
    total: int
    added: int


@dataclass(frozen=True, slots=True)
class Fidelity:
    """Links (their destinations), code (spans and blocks) and images (their files)."""

    links: Kept
    code: Kept
    images: Kept

    @property
    def kept(self) -> int:
        return self.links.kept + self.code.kept + self.images.kept

    @property
    def total(self) -> int:
        return self.links.total + self.code.total + self.images.total

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        kinds = (("links", self.links), ("code", self.code), ("images", self.images))
        return {name: {"kept": k.kept, "in_draft": k.total, "added": k.added} for name, k in kinds}


def page_of(text: str) -> str:
    """A page without the English of its comments (and without any other comment)."""
    return _COMMENT.sub("", read_bilingual(text).document.source)


def fidelity(draft: str, translation: str) -> Fidelity:
    """What the page ``translation`` kept of the page ``draft``; Markdown without comments (see `page_of`)."""
    ours, theirs = markup(draft), markup(translation)
    return Fidelity(*(_kept(ours[kind], theirs[kind]) for kind in ("links", "code", "images")))


def markup(page: str) -> Mapping[str, Counter[str]]:
    """The page's links, code and images; what stands in code is code."""
    code: Counter[str] = Counter()
    for pattern in (_FENCE, _CODE):
        code.update(" ".join(match[2].split()) for match in pattern.finditer(page))
        page = pattern.sub(" ", page)
    images = Counter(_found(_IMAGE, page))
    # An image's file is no link.
    return {"links": Counter(_found(_LINK, _IMAGE.sub(" ", page))), "code": code, "images": images}


def _found(pattern: re.Pattern[str], text: str) -> Iterator[str]:
    for match in pattern.finditer(text):
        yield next(group for group in match.groups() if group).rstrip(".,;:!?*_")


def _kept(draft: Counter[str], translation: Counter[str]) -> Kept:
    return Kept((draft & translation).total(), draft.total(), (translation - draft).total())
