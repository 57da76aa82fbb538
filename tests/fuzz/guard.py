"""Bounds of time and memory around one input, and what counts as a proper refusal."""

from __future__ import annotations

import contextlib
import resource
import signal
import unicodedata
from collections.abc import Iterator
from types import FrameType

SECONDS = 2.0
SECONDS_PER_BYTE = 0.002
"""An input may take two seconds and two milliseconds for each byte: a hundred times what ordinary text takes."""

MEMORY = 3 * 2**30
"""Address space of a fuzzing process, in bytes."""

LONGEST_MESSAGE = 2000
"""Characters of an error message: one sentence, whatever the input says."""


class Hang(BaseException):
    """An input took longer than its bound."""


class BadMessage(AssertionError):
    """An error message that is no sentence: several lines, control characters, or without end."""


def seconds_for(text: str) -> float:
    return SECONDS + SECONDS_PER_BYTE * len(text)


@contextlib.contextmanager
def bounded(seconds: float) -> Iterator[None]:
    """Raises Hang in the block after ``seconds`` of processor time, so that a busy machine makes no hang.

    Main thread only; C code is interrupted when it returns.
    """

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise Hang(f"no answer within {seconds:.1f} s")

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def limit_memory(size: int = MEMORY) -> None:
    """Bounds this process, for good."""
    resource.setrlimit(resource.RLIMIT_AS, (size, size))


def check_message(error: Exception) -> None:
    """BadMessage unless the error is a sentence that a terminal can show."""
    message = str(error)
    if not message.strip() or len(message) > LONGEST_MESSAGE:
        raise BadMessage(f"{len(message)} characters: {message[:80]!r}")
    if any(unicodedata.category(character) in ("Cc", "Zl", "Zp", "Cs") for character in message):
        raise BadMessage(f"control characters: {message[:200]!r}")
