"""Liquid and kramdown extensions, which run before Markdown: hide them from the Markdown grammar."""

from __future__ import annotations

import re

LONGEST_TAG = 4096
"""Characters of one ``{{ … }}`` or ``{% … %}``; anything longer is prose with stray braces."""

_VERBATIM_BLOCKS = frozenset(
    """raw comment highlight javascript style stylesheet schema
    math katex latex mermaid plantuml""".split()  # noqa: SIM905
)
_OPENING = re.compile(r"\{\{|\{%-?[ \t\n]*(?P<name>\w*)|\{::(?P<extension>comment|nomarkdown|options)\b")
_BLANK_LINE = re.compile(r"\n[ \t]*\n")


TAG, OUTPUT = "\uf8f0", "\uf8f1"
"""Private-use characters that stand for ``{% … %}`` (and whole verbatim blocks) and for ``{{ … }}``."""

_STRAY = str.maketrans({TAG: "\ufffd", OUTPUT: "\ufffd"})


def mask(text: str) -> str:
    """``text`` with each Liquid construct replaced, character by character, by ``TAG`` or ``OUTPUT``.

    The length does not change; line breaks inside a construct are hidden too. The result is for the
    grammar only: clean text is read from the original. Linear in ``text``.
    """
    text = text.translate(_STRAY) if TAG in text or OUTPUT in text else text
    parts: list[str] = []
    position = 0
    for start, end, is_tag in _constructs(text):
        parts += [text[position:start], (TAG if is_tag else OUTPUT) * (end - start)]
        position = end
    return "".join([*parts, text[position:]]) if parts else text


def _constructs(text: str) -> list[tuple[int, int, bool]]:
    """(start, end, whether it is a tag) of each construct, ascending."""
    found: list[tuple[int, int, bool]] = []
    closings = _Closings(text)
    position = 0
    while opening := _OPENING.search(text, position):
        start, position = opening.span()
        if opening["extension"]:
            end = _end_of_extension(text, start, position, opening["extension"], closings)
            is_tag = True
        else:
            is_tag = opening[0].startswith("{%")
            end = _end_of_tag(text, start, position, "%}" if is_tag else "}}")
            if end >= 0 and is_tag:
                end = _end_of_block(text, end, opening["name"], closings)
        if end >= 0:
            found.append((start, end, is_tag))
            position = end
    return found


def _end_of_tag(text: str, start: int, position: int, closing: str) -> int:
    end = text.find(closing, position, start + LONGEST_TAG)
    if end < 0 or _BLANK_LINE.search(text, start, end):
        return -1
    return end + 2


class _Closings:
    """The next end tag of each kind. It is looked for once, however many openings wait for it: hostile input too."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.known: dict[str, re.Match[str] | None] = {}

    def after(self, pattern: str, position: int) -> re.Match[str] | None:
        """The first match at ``position`` or behind it; positions must not decrease."""
        found = self.known.get(pattern)
        if pattern not in self.known or (found is not None and found.start() < position):
            found = self.known[pattern] = re.compile(pattern).search(self.text, position)
        return found


def _end_of_block(text: str, end: int, name: str, closings: _Closings) -> int:
    """The end of ``{% end… %}`` where the content is not prose, else of the opening tag."""
    if name not in _VERBATIM_BLOCKS and name != "capture":
        return end
    closing = closings.after(rf"\{{%-?[ \t]*end{name}[ \t]*-?%\}}", end)
    if closing is None:
        return end
    if name == "capture" and text.find("\n", end, closing.start()) >= 0:
        return end  # several lines are prose that a page shows later; one line is a value such as a URL
    return closing.end()


def _end_of_extension(text: str, start: int, position: int, name: str, closings: _Closings) -> int:
    end = text.find("}", position, start + LONGEST_TAG)
    if end < 0 or text[end - 1] == "/" or name == "options":
        return end + 1 if end >= 0 else -1
    closing = closings.after(rf"\{{:/(?:{name})?\}}", end)
    return end + 1 if closing is None else closing.end()
