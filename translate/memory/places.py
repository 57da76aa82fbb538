"""Recorded files that may be the same file in another place: a moved checkout, another machine."""

from __future__ import annotations

import re
from collections.abc import Iterable

from translate.document.comments import comment_of
from translate.rerun.record import Record, Row

_SEPARATOR = re.compile(r"[/\\]")
_SHARE = 0.8
"""Of a record's texts must stand in a file for the record to be taken for its own."""
_FEW = 3
"""From as many texts on, one may be missing however few there are: a human edited it."""
MOST = 8
"""Candidates that are looked at: a name such as ``index.md`` may be everywhere."""


class Places:
    """Recorded paths by what they end in."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._by_end: dict[str, list[str]] = {}
        for path in sorted(paths):
            for end in _ends(path):
                self._by_end.setdefault(end, []).append(path)

    def like(self, path: str) -> list[str]:
        """Other paths of files of the same name, those first that have more folders above it in common."""
        found: dict[str, None] = {}
        for end in reversed(_ends(path)):
            for other in self._by_end.get(end, ()):
                if other != path:
                    found[other] = None
                if len(found) == MOST:
                    return list(found)
        return list(found)


def _ends(path: str) -> list[str]:
    """``c``, ``b/c``, ``a/b/c``, whatever separates folders on the machine where the path is from."""
    parts = _SEPARATOR.split(path)
    return ["/".join(parts[-k:]) for k in range(1, len(parts) + 1)]


def belongs(record: Record, text: str) -> bool:
    """Whether nearly all that a record says was in its file is in ``text``: each Portuguese with its English beside it.

    A file without the English (``target-only``) must have the Portuguese alone. The record only says what the
    machine wrote for which English: which of it a human has edited is seen text by text, as in any file.
    """
    rows = [row for row in record.rows if row.seen.strip()]
    text = _lf(text)
    found = sum(_stands(row, record.layout, text) for row in rows)
    missing = len(rows) - found
    allowed = max((1 - _SHARE) * len(rows), 1 if len(rows) >= _FEW else 0)
    return found > 0 and missing <= allowed


def _stands(row: Row, layout: str, text: str) -> bool:
    if _lf(row.seen) not in text:
        return False
    return layout == "target-only" or comment_of(_lf("\n\n".join(row.english))) in text


def _lf(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")
