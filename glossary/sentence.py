"""An error's sentence as a terminal and a log may show it, whatever it quotes."""

from __future__ import annotations

LONGEST = 2000
"""Characters of a message; a longer one is cut in the middle, since what to do stands at its end."""


def sentence(text: str) -> str:
    """``text`` on one line: control and direction characters as escapes, at most `LONGEST` characters.

    A quotation of the input could else move the cursor, forge a line of a log, or fill the screen.
    """
    text = _cut(text)
    if text.isprintable():
        return text
    return _cut("".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text))


def _cut(text: str) -> str:
    if len(text) <= LONGEST:
        return text
    return f"{text[: LONGEST * 2 // 3]} […] {text[-LONGEST // 4 :]}"
