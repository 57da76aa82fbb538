"""Markup of the English that the Portuguese lost, and markup that it has too much of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from translate.review.pairs import Mark


@dataclass(frozen=True, slots=True)
class MarkupProblem:
    """A link, image, piece of code or the like that is ``missing`` from the Portuguese, or ``added`` to it."""

    what: Literal["missing", "added"]
    kind: str
    value: str
    times: int = 1

    def __str__(self) -> str:
        times = f" ({self.times} times)" if self.times > 1 else ""
        return f"{self.kind} {self.what}: {self.value}{times}"


def compare(english: Sequence[Mark], portuguese: Sequence[Mark]) -> tuple[MarkupProblem, ...]:
    """Both sides as multisets: order does not matter, number does."""
    ours, theirs = Counter(english), Counter(portuguese)
    return (
        *(MarkupProblem("missing", kind, value, n) for (kind, value), n in (ours - theirs).items()),
        *(MarkupProblem("added", kind, value, n) for (kind, value), n in (theirs - ours).items()),
    )
