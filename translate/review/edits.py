"""Edits of a bilingual file's text. Each gives the whole new file, or says why the edit cannot be made.

Only the slice of one segment, or of one conflict, changes; the result is read again, and everything else must read
as before.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import yaml

from translate.document.escape import plain_is_unsafe, yaml_double
from translate.document.model import Document
from translate.errors import UserError
from translate.rerun.matter import items
from translate.review.pairs import Offer, Page, Paired, read_page

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_ABOUT = re.compile(r"`([^`]+)` in the front matter")


class EditError(UserError):
    """The edit cannot be made as it is; the message says why."""


@dataclass(frozen=True, slots=True)
class Patch:
    """``text[start:start + len(removed)]``, which is ``removed``, becomes ``inserted``."""

    start: int
    removed: str
    inserted: str

    def apply(self, text: str) -> str:
        """Raises ValueError where the text is not what the patch was made from."""
        if not text.startswith(self.removed, self.start):
            raise ValueError("the text is not what the patch was made from")
        return text[: self.start] + self.inserted + text[self.start + len(self.removed) :]

    @property
    def inverse(self) -> Patch:
        return Patch(self.start, self.inserted, self.removed)


def patch_of(before: str, after: str) -> Patch:
    """The smallest patch that turns one text into the other."""
    start, most = 0, min(len(before), len(after))
    while start < most and before[start] == after[start]:
        start += 1
    end = 0
    while end < most - start and before[-1 - end] == after[-1 - end]:
        end += 1
    return Patch(start, before[start : len(before) - end], after[start : len(after) - end])


def with_text(page: Page, pair: Paired, typed: str, draft: Document | None, keys: Sequence[str]) -> Page:
    """The file with another Portuguese for a segment, read again. Raises EditError."""
    if _CONTROL.search(typed):
        raise EditError("The text holds control characters; take them out.")
    text = typed.strip()
    if not text and pair.portuguese.markdown.strip():
        raise EditError("The text is empty. To take a whole block out, edit the file itself.")
    if pair.in_front_matter:
        return _in_matter(page, pair, text, draft, keys)
    written = _newlines(text, page.existing.newline)
    result = page.text[: pair.start] + written + page.text[pair.end :]
    return _checked(page, pair, result, draft, keys)


def resolved(page: Page, pair: Paired, take: str, draft: Document | None, keys: Sequence[str]) -> Page:
    """The file without a segment's conflicts: with its text as it is (``mine``) or the offered one (``machine``).

    Raises EditError where there is no conflict, or nothing intact to take.
    """
    offers = [offer for offer in pair.offers if offer.conflict is not None]
    if not offers:
        raise EditError("No conflict waits here, or its comment was edited by hand: resolve it in the file.")
    text = page.text
    edits = [(*_with_gap(text, offer, page.existing.newline), "") for offer in offers]
    conflict = offers[-1].conflict
    if take == "machine" and conflict is not None:
        hypothesis = _newlines(conflict.hypothesis, page.existing.newline)
        if pair.in_front_matter:
            edits.append(_matter_item(page, conflict.about, hypothesis))
        else:
            piece = page.existing.units[pair.unit].portuguese
            assert piece is not None
            edits.append((piece.start, piece.start + len(piece.text), hypothesis))
    for start, end, inserted in sorted(edits, reverse=True):
        text = text[:start] + inserted + text[end:]
    after = read_page(text, draft, keys=keys)
    left = len(page.existing.conflicts) - len(offers)
    if len(after.existing.conflicts) != left or _english(after) != _english(page):
        raise EditError("Taking the conflict out would change what stands around it: resolve it in the file.")
    return after


def _checked(page: Page, pair: Paired, result: str, draft: Document | None, keys: Sequence[str]) -> Page:
    """Everything but the edited segment must read as before."""
    try:
        after = read_page(result, draft, keys=keys)
    except UserError as error:
        raise EditError(f"With this text the file could not be read any more: {error}") from None
    changed = (
        "This text would change the structure of the document: it must stay one block of the same kind, without blank "
        "lines or HTML comments. For more than that, edit the file itself."
    )
    units, others = page.existing.units, after.existing.units
    if len(units) != len(others) or len(page.existing.conflicts) != len(after.existing.conflicts):
        raise EditError(changed)
    for number, (old, new) in enumerate(zip(units, others, strict=True)):
        same = (old.portuguese and old.portuguese.text) == (new.portuguese and new.portuguese.text)
        if old.english != new.english or (number != pair.unit and not same) or len(old.entries) != len(new.entries):
            raise EditError(changed)
    parts = sum(p.unit == pair.unit for p in after.pairs)
    if page.existing.matter != after.existing.matter or (pair.segment is not None and parts != pair.parts):
        raise EditError(changed)
    return after


def _in_matter(page: Page, pair: Paired, text: str, draft: Document | None, keys: Sequence[str]) -> Page:
    """A value of the front matter, escaped as its quotes ask for. YAML must read the rest as before."""
    assert pair.segment is not None
    form = page.existing.page.document.layouts[pair.segment].form
    line = " ".join(text.split())
    match form:
        case "double-quoted":
            written = re.sub(r'(?<!\\)((?:\\\\)*)"', r'\1\\"', line)
        case "single-quoted":
            written = re.sub(r"'+", lambda m: m[0] if len(m[0]) % 2 == 0 else m[0] + "'", line)
        case "plain":
            written = f'"{yaml_double(line)}"' if plain_is_unsafe(line) else line
        case _:
            written = _newlines(text, page.existing.newline)
    result = page.text[: pair.start] + written + page.text[pair.end :]
    after = page
    try:
        after = read_page(result, draft, keys=keys)
        readable = _yaml(page.existing.matter) is None or _yaml(after.existing.matter) is not None
    except UserError:
        readable = False
    if not readable or len(after.pairs) != len(page.pairs) or _english(after) != _english(page):
        raise EditError("With this text the front matter could not be read any more; check quotes and colons.")
    return after


def _yaml(matter: str) -> object:
    body = re.sub(r"\A\ufeff?---[^\n]*\n|^(?:---|\.\.\.)[ \t]*\r?\n?\Z", "", matter, flags=re.MULTILINE)
    try:
        loaded: object = yaml.safe_load(body)
    except yaml.YAMLError:
        return None
    return loaded


def _matter_item(page: Page, about: str, text: str) -> tuple[int, int, str]:
    named = _ABOUT.search(about)
    at = 0
    for name, item in items(page.existing.matter):
        if named and name == named[1]:
            kept = item.rstrip("\r\n")
            return at, at + len(kept), text.rstrip("\r\n")
        at += len(item)
    raise EditError("The front matter no longer has the key that the conflict is about: resolve it in the file.")


def _with_gap(text: str, offer: Offer, newline: str) -> tuple[int, int]:
    """A conflict's slice with the blank line that came with it."""
    gap = newline * 2
    if text.endswith(gap, 0, offer.start):
        return offer.start - len(gap), offer.end
    if text.startswith(gap, offer.end):
        return offer.start, offer.end + len(gap)
    return offer.start, offer.end


def _english(page: Page) -> list[str | None]:
    return [unit.english for unit in page.existing.units]


def _newlines(text: str, newline: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", newline)
