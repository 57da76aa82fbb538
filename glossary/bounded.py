"""Reading a file that may be anything: a device without an end, a pipe that nobody writes to."""

from __future__ import annotations

import os
from pathlib import Path


def read_bounded(path: Path, limit: int) -> bytes:
    """At most ``limit + 1`` bytes: one more than allowed tells a file that is too large. Raises OSError.

    A named pipe without a writer reads as empty instead of waiting for one.
    """
    with open(path, "rb", opener=without_waiting) as file:
        os.set_blocking(file.fileno(), True)
        return file.read(limit + 1)


def without_waiting(path: str, flags: int) -> int:
    """An opener for `open`: a named pipe is opened at once, whoever is at its other end."""
    return os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC, 0o666)
