r"""LaTeX outside dollar signs: ``\begin{…}…\end{…}``, ``\[…\]`` and ``\(…\)``, which MathJax and KaTeX typeset.

kramdown reads ``\[`` as an escaped bracket and needs ``\\[``; both spellings are known. Prose stands in
escaped brackets too, hence what is inside them must look like mathematics.
"""

from __future__ import annotations

import re

LONGEST = 10_000
"""Characters of one formula."""

_OPENING = re.compile(r"\\begin\{(?P<name>[A-Za-z]{1,30}\*?)\}|(?P<slashes>\\\\?)(?P<bracket>[\[(])")
_CLOSING_BRACKET = {"[": "]", "(": ")"}
_NESTED = {opening: re.compile(rf"(?<!\\){re.escape(opening)}") for opening in ("\\(", "\\[", "\\\\(")}
"""Openings inside a formula (``\\\\[`` is none: TeX ends a line so, ``\\\\[2pt]``)."""
_MATHEMATICS = re.compile(r"\\[A-Za-z]|[\^=]|_\{|\b[A-Za-z]_\w")
_WORD = re.compile(r"[^\W\d_]{2}")


def formula(text: str, start: int, end: int) -> tuple[int, int, int] | None:
    """The formula that begins at ``text[start]``: its end and the slice inside its brackets; None if there is none.

    An environment counts as its own inside. Nothing before ``end`` is left out, nothing behind it is seen.
    """
    opening = _OPENING.match(text, start, end)
    if not opening:
        return None
    if opening["name"]:
        closing = f"\\end{{{opening['name']}}}"
        close = text.find(closing, opening.end(), min(end, start + LONGEST))
        return None if close < 0 else (close + len(closing), start, close + len(closing))
    closing = opening["slashes"] + _CLOSING_BRACKET[opening["bracket"]]
    close = text.find(closing, opening.end(), min(end, start + LONGEST))
    if close < 0:
        return None
    if (nested := _NESTED.get(opening[0])) and nested.search(text, opening.end(), close):
        return None  # formulas do not nest: the closing bracket belongs to the later opening
    inside = text[opening.end() : close]
    if not inside.strip() or (_WORD.search(inside) and not _MATHEMATICS.search(inside)):
        return None
    return close + len(closing), opening.end(), close
