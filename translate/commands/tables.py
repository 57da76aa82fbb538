"""Plain tables: aligned columns, the same on a terminal and in a pipe, within 80 columns where the cells allow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

WIDTH = 80
_GAP = "  "


def table(
    head: Sequence[str], rows: Sequence[Sequence[str]], align: Sequence[Literal["<", ">"]], width: int = WIDTH
) -> str:
    """The rows under their heads, a line each; the first column gives way where a line would be too long."""
    widths = [max(len(row[k]) for row in (head, *rows)) for k in range(len(head))]
    spare = width - sum(widths[1:]) - len(_GAP) * (len(head) - 1)
    widths[0] = min(widths[0], max(spare, 16))
    lines = [head, ["-" * w for w in widths], *rows]
    return "\n".join(
        _GAP.join(f"{shorten(cell, w):{a}{w}}" for cell, w, a in zip(row, widths, align, strict=True)).rstrip()
        for row in lines
    )


def shorten(text: str, width: int) -> str:
    """``text`` cut to ``width`` characters, the cut shown."""
    return text if len(text) <= width else text[: width - 1] + "…"


def excerpt(text: str, start: int, end: int, width: int = WIDTH) -> str:
    """``text[start:end]`` in square brackets amid as much of what is around it as fits on one line."""
    middle = f"[{_flat(text[start:end]).strip()}]"
    room = max(0, width - len(middle) - 2)
    before, after = _flat(text[:start]).lstrip(), _flat(text[end:]).rstrip()
    left = min(len(before), max(room // 2, room - len(after)))
    right = min(len(after), room - left)
    head = before if left == len(before) else "…" + before[len(before) - left :]
    tail = after if right == len(after) else after[:right] + "…"
    return head + middle + tail


def _flat(text: str) -> str:
    """One line; a blank at an end stays."""
    flat = " ".join(text.split())
    return (" " if text[:1].isspace() and flat else "") + flat + (" " if text[-1:].isspace() and flat else "")
