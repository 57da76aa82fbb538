"""The shortest text that still fails in the same way (delta debugging, Zeller & Hildebrandt 2002)."""

from __future__ import annotations

import time
from collections.abc import Callable


def minimise(text: str, fails: Callable[[str], bool], *, seconds: float = 20.0) -> str:
    """``text`` with everything left out that the failure does not need, as far as the time allows."""
    until = time.monotonic() + seconds
    parts = 2
    while len(text) > 1 and time.monotonic() < until:
        width = max(1, len(text) // parts)
        for start in range(0, len(text), width):
            shorter = text[:start] + text[start + width :]
            if time.monotonic() >= until:
                return text
            if fails(shorter):
                text, parts = shorter, max(2, parts - 1)
                break
        else:
            if width == 1:
                return text
            parts *= 2
    return text
