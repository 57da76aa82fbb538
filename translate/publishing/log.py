"""What a run did, line by line: JSON for machines (one object a line, with the run's id), a sentence for people."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from os import SEEK_END
from pathlib import Path
from typing import BinaryIO, Literal

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
            with self.path.open("ab+") as file:
                data = text.encode("utf-8", "backslashreplace")
                if file.seek(0, SEEK_END) and _last_byte(file) != b"\n":
                    data = b"\n" + data  # a line that was cut short (killed, disk full) spoils no other
                file.write(data)
        except OSError as error:  # a full disk must not keep a run from saying what it did
            print(f"{self.path}: cannot write the log ({error.strerror}): {text}", end="", file=sys.stderr)
        if self._tell is not None:
            self._tell(level, message)

    @contextmanager
    def overhearing(self) -> Iterator[None]:
        """What the program's modules warn of in this block is in this log, too (a damaged cache, a lost worker)."""
        listener = _Listener(self)
        loggers = [logging.getLogger(name) for name in ("glossary", "translate", "flows")]
        for logger in loggers:
            logger.addHandler(listener)
        try:
            yield
        finally:
            for logger in loggers:
                logger.removeHandler(listener)


class _Listener(logging.Handler):
    def __init__(self, log: RunLog) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        level: Level = "error" if record.levelno >= logging.ERROR else "warning"
        self._log.note("warning", record.getMessage(), level=level, module=record.name)


def _last_byte(file: BinaryIO) -> bytes:
    file.seek(-1, SEEK_END)
    return file.read(1)
