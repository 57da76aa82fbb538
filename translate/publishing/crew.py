"""What is done with a wave of drafts: it is translated and written; then its reviews, and what became of each draft.

The second part is done in a thread of its own, while the next wave is being translated.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from types import TracebackType

from glossary.errors import GlossaryError
from translate.config import Config
from translate.errors import ChangedError, UnavailableError, UserError
from translate.memory import Memory, open_memory
from translate.publishing.find import Candidate, Found
from translate.publishing.log import RunLog
from translate.publishing.reports import write_review
from translate.publishing.results import Outcome
from translate.results import Issue, RunRequest, RunResult
from translate.score_table import score_row
from translate.summary import words_of

Run = Callable[[RunRequest], RunResult]
"""The pipeline over one wave."""


@dataclass(frozen=True, slots=True)
class Made:
    """An issue that went through the pipeline, with the run that it is from."""

    candidate: Candidate
    issue: Issue
    result: RunResult


def words_in(wave: Sequence[Made | Outcome]) -> int:
    """The English words that were translated."""
    return sum(words_of(made.issue) for made in wave if isinstance(made, Made))


@dataclass(frozen=True, slots=True)
class Crew:
    """Publishes waves of one run."""

    found: Found
    config: Config
    run: Run
    log: RunLog
    folder: Path

    def translate(self, wave: Sequence[Candidate]) -> list[Made | Outcome]:
        """Translates and writes a wave; the outcomes are of drafts that failed.

        A wave stops at its first bad draft; its halves then go on their own, so that only the bad ones fail.
        """
        try:
            result = self._run(wave)
        except UnavailableError:
            raise
        except Exception as error:
            if len(wave) == 1:
                return [self._failed(wave[0], error)]
            self.log.note("divided", f"a wave of {len(wave)} drafts is divided ({error})", level="warning")
            half = len(wave) // 2
            return self.translate(wave[:half]) + self.translate(wave[half:])
        return [Made(c, i, result) for c, i in zip(wave, result.issues, strict=True)]

    def tell(self, wave: Sequence[Made | Outcome], stopped: Event) -> list[Outcome]:
        """What became of each draft of a wave, with its review; cut short when ``stopped`` is set."""
        outcomes: list[Outcome] = []
        with open_memory(self.config) as memory:
            for made in wave:
                if stopped.is_set():
                    break
                outcomes.append(made if isinstance(made, Outcome) else self._done(made, memory))
        return outcomes

    def _run(self, wave: Sequence[Candidate]) -> RunResult:
        try:
            return self.run(self._request(wave))
        except ChangedError as error:
            if len(wave) > 1:
                raise
            self.log.note("again", f"{error} It is done again now.", level="warning")
            return self.run(self._request(wave))

    def _request(self, wave: Sequence[Candidate]) -> RunRequest:
        humans = tuple(None if c.human is None else str(c.human) for c in wave)
        return RunRequest(tuple(str(c.path) for c in wave), humans=humans, gated=True, revision=self.found.commit)

    def _done(self, made: Made, memory: Memory) -> Outcome:
        issue, (draft, bilingual) = made.issue, self.found.names(made.candidate)
        refused = made.result.refused(issue)
        row, reasons = score_row(issue, refused=refused), "; ".join(issue.verdict.reasons)
        if refused:
            self.log.note("held back", f"{draft}: held back by the gate: {reasons}", draft=draft, level="warning")
            return Outcome(draft, bilingual, "held back", reasons, row)
        review, message = None, "; ".join(issue.notes)
        if self.config.publish.reviews:
            document, file = issue.draft.document, made.candidate.bilingual
            try:
                review = write_review(file, bilingual, document, self.folder, self.config, memory)
            except UserError as error:  # the issue is published all the same
                message = f"no review: {error}"
                self.log.note("no review", f"{draft}: {message}", draft=draft, level="error")
        self.log.note("published", f"{draft}: published as {bilingual}", draft=draft, scores=row)
        return Outcome(draft, bilingual, "published", message, row, review)

    def _failed(self, candidate: Candidate, error: Exception) -> Outcome:
        draft, bilingual = self.found.names(candidate)
        expected = isinstance(error, (UserError, GlossaryError))
        message = str(error) if expected else f"{type(error).__name__}: {error}"
        trace = None if expected else "".join(traceback.format_exception(error))
        self.log.note("failed", f"{draft}: {message}", draft=draft, traceback=trace, level="error")
        return Outcome(draft, bilingual, "failed", message)


class Behind:
    """A thread that tells of one wave while the next is being translated; one wave waits at most.

    Where the block is left by an exception (Ctrl-C, say), the draft that the thread is at is its last.
    """

    def __init__(self, crew: Crew) -> None:
        self._crew, self._stopped = crew, Event()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="reviews")
        self._pending: Future[list[Outcome]] | None = None

    def __enter__(self) -> Behind:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self._stopped.set()
        self._thread.shutdown()

    def tell(self, wave: Sequence[Made | Outcome]) -> list[Outcome]:
        """Begins with a wave; gives the outcomes of the one before it, which is then done."""
        outcomes = self.rest()
        self._pending = self._thread.submit(copy_context().run, self._crew.tell, wave, self._stopped)
        return outcomes

    def rest(self) -> list[Outcome]:
        """The outcomes of the wave that was begun last. Raises what the thread raised."""
        pending, self._pending = self._pending, None
        return [] if pending is None else pending.result()
