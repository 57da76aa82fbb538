"""Characters that must not reach a terminal or a page as they are: controls, bidirectional overrides, zero width."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

_SUSPECT = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0e\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
_JOINER = "\u200d"
_EMOJI_TAG = range(0xE0020, 0xE0080)


def visible(text: str, shown: Callable[[str], str] | None = None) -> str:
    """``text`` with each invisible or disruptive character as ``shown`` (default ``⟨U+202E⟩``) of it.

    Tabs and line feeds stay, and so do the joiners and tags inside an emoji.
    """
    write = shown or (lambda character: f"⟨U+{ord(character):04X}⟩")

    def replaced(match: re.Match[str]) -> str:
        character, at = match[0], match.start()
        return character if _in_emoji(text, at) else write(character)

    return _SUSPECT.sub(replaced, text)


def _in_emoji(text: str, at: int) -> bool:
    character = text[at]
    if character == _JOINER:
        before = text[at - 1] if at else " "
        after = text[at + 1 : at + 2]
        return _pictorial(before) and _pictorial(after)
    return ord(character) in _EMOJI_TAG and "\U0001f3f4" in text[max(0, at - 8) : at]


def _pictorial(character: str) -> bool:
    return bool(character) and (
        character == "\ufe0f" or 0x1F3FB <= ord(character) <= 0x1F3FF or unicodedata.category(character) == "So"
    )
