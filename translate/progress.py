"""What the user sees while the work goes on: a bar on a terminal, plain lines in a pipe, nothing when quiet."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

_EVERY = 5.0
"""Seconds between plain lines."""


class Display:
    """A context manager that shows steps and their progress on standard error."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._last = 0.0
        self._step = ""

    def __enter__(self) -> Display:
        if not self._quiet and sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

            columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
            self._bar = Progress(*columns, console=Console(stderr=True), transient=True)
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def step(self, name: str) -> None:
        """A step begins; nothing happens if it is the one that is shown."""
        if name == self._step:
            return
        self._step = name
        if self._bar is not None:
            if self._task is not None:
                self._bar.remove_task(self._task)
            self._task = self._bar.add_task(name, total=None)
        elif not self._quiet:
            print(f"{name} …", file=sys.stderr, flush=True)
            self._last = time.monotonic()

    def progress(self, done: int, total: int) -> None:
        """``done`` of ``total`` units of the step are done."""
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=done, total=total)
        elif not self._quiet and time.monotonic() - self._last > _EVERY:
            print(f"{self._step}: {done} of {total}", file=sys.stderr, flush=True)
            self._last = time.monotonic()
