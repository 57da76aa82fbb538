"""Coverage guidance without a dependency: which lines of the project an input reaches that none reached before."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
_PACKAGES = tuple(str(ROOT / name) + "/" for name in ("glossary", "translate"))
Line = tuple[str, int]


class Reach:
    """The lines of glossary/ and translate/ that were reached so far."""

    def __init__(self) -> None:
        self.lines: set[Line] = set()

    def adds(self, call: Callable[[], None]) -> bool:
        """Runs ``call`` under a line tracer; whether it reached a new line."""
        before = len(self.lines)
        lines = self.lines

        def local(frame: FrameType, event: str, _argument: Any) -> Any:
            if event == "line":
                lines.add((frame.f_code.co_filename, frame.f_lineno))
            return local

        def entered(frame: FrameType, _event: str, _argument: Any) -> Any:
            return local if frame.f_code.co_filename.startswith(_PACKAGES) else None

        sys.settrace(entered)
        try:
            call()
        finally:
            sys.settrace(None)
        return len(lines) > before
