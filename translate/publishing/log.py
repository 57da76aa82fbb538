"""What a run did, line by line: JSON for machines (one object a line, with the run's id), a sentence for people."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

Level = Literal["info", "warning", "error"]


class RunLog:
    """The log of one run.

    Each line of the file has ``time`` (UTC, ISO 8601), ``level``, ``run``, ``event``, ``message`` and what belongs to
    the event. ``tell`` gets level and message as well.
    """

    def __init__(self, path: Path, run_id: str, tell: Callable[[Level, str], None] | None = None) -> None:
        self.path, self.run_id, self._tell = path, run_id, tell

    def note(self, event: str, message: str, *, level: Level = "info", **fields: object) -> None:
        """One line."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        about = {"time": now, "level": level, "run": self.run_id, "event": event, "message": message, **fields}
        text = json.dumps(about, ensure_ascii=False, default=str) + "\n"
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a", encoding="utf-8", errors="backslashreplace") as file:
                file.write(text)
        except OSError as error:  # a full disk must not keep a run from saying what it did
            print(f"{self.path}: cannot write the log ({error.strerror}): {text}", end="", file=sys.stderr)
        if self._tell is not None:
            self._tell(level, message)
