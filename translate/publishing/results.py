"""What became of each draft in a publishing run."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from translate.errors import UserError
from translate.score_table import Row

State = Literal["published", "held back", "failed", "in conflict", "up to date", "to do"]


class PublishError(UserError):
    """Some drafts failed; the others are ``published``. The message names the failed ones."""

    def __init__(self, message: str, published: Published) -> None:
        super().__init__(message)
        self.published = published


@dataclass(frozen=True, slots=True)
class Outcome:
    """One draft: its path and its bilingual file's from the root, and what became of it.

    ``held back``: the gate refuses it, and the file is as it was. ``in conflict``: up to date, but a conflict waits
    for a human. ``to do``: nobody has worked on it (a dry run). ``row`` has its scores, terms and flags; ``review`` is
    its review page.
    """

    draft: str
    bilingual: str
    state: State
    message: str = ""
    row: Row | None = None
    review: Path | None = None


@dataclass(frozen=True, slots=True)
class Published:
    """A publishing run. ``words`` are English words of the drafts that it translated, ``seconds`` its wall time."""

    run_id: str
    root: Path
    commit: str | None
    outcomes: tuple[Outcome, ...]
    left_out: tuple[str, ...]
    words: int
    seconds: float
    folder: Path | None
    """Where its report is; None where there was nothing to do."""

    def of(self, *states: State) -> list[Outcome]:
        """The outcomes in these states."""
        return [outcome for outcome in self.outcomes if outcome.state in states]

    @property
    def worked(self) -> list[Outcome]:
        """What the run tried to publish."""
        return self.of("published", "held back", "failed")

    def counts(self) -> dict[State, int]:
        """Number of drafts by state; states without any are left out."""
        found: dict[State, int] = {}
        for outcome in self.outcomes:
            found[outcome.state] = found.get(outcome.state, 0) + 1
        return found

    def line(self) -> str:
        """The run in one sentence."""
        counts = ", ".join(f"{count} {state}" for state, count in self.counts().items())
        drafts = f"{len(self.outcomes)} draft{'' if len(self.outcomes) == 1 else 's'}"
        return f"{drafts}: {counts}" if counts else "no drafts"

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "run": self.run_id,
            "root": str(self.root),
            "commit": self.commit,
            "counts": self.counts(),
            "words": self.words,
            "seconds": round(self.seconds, 3),
            "report": None if self.folder is None else str(self.folder),
            "left_out": list(self.left_out),
            "issues": [{**asdict(o), "review": None if o.review is None else str(o.review)} for o in self.outcomes],
        }

    def raise_failures(self) -> None:
        """Raises PublishError if a draft failed."""
        failed = self.of("failed")
        if failed:
            told = [o.message if o.draft in o.message else f"{o.draft}: {o.message}" for o in failed[:3]]
            names = "; ".join(told) + ("; …" if len(failed) > 3 else "")
            where = "" if self.folder is None else f" (all: {self.folder / 'summary.md'})"
            raise PublishError(
                f"{len(failed)} of {len(self.worked)} drafts could not be published{where}: {names}", self
            )
