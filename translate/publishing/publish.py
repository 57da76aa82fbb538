"""Publish what is new or has changed: find, skip what is up to date, translate in waves, gate, write, summarise.

One bad draft does not keep the others from being published. The command and the flow call this; each brings its own
way of running the pipeline over a wave.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from glossary.errors import GlossaryError
from translate import pipeline
from translate.config import Config
from translate.errors import ChangedError, UnavailableError, UserError
from translate.memory import Memory, open_memory
from translate.publishing.find import Candidate, Found, find
from translate.publishing.log import RunLog
from translate.publishing.reports import only_run, reports_directory, run_folder, write_report, write_review
from translate.publishing.results import Outcome, Published
from translate.rerun.status import status_of
from translate.results import Issue, RunRequest, RunResult
from translate.score_table import score_row
from translate.summary import words_of

if TYPE_CHECKING:
    from translate.marian.protocol import Engine

Run = Callable[[RunRequest], RunResult]
"""The pipeline over one wave."""
OnWave = Callable[[int, int, Sequence[Outcome]], None]
"""Is told the words done, those to do, and what became of the wave's drafts."""

_BYTES_A_WORD = 6
"""For planning waves: English words with their share of blanks and markup."""


def log_path(config: Config) -> Path:
    """The log of all runs (JSON lines)."""
    return reports_directory(config) / "log.jsonl"


def plain_run(config: Config) -> Run:
    """The pipeline in this process; the model is loaded at most once."""
    engines: list[Engine] = []

    def load(config: Config) -> Engine:
        if not engines:
            engines.append(pipeline.load(config))
        return engines[0]

    steps = replace(pipeline.STEPS, load=load)
    return lambda request: pipeline.run(request, config, steps=steps)


def publish(config: Config, run: Run, log: RunLog, on_wave: OnWave | None = None, *, dry: bool = False) -> Published:
    """Publishes every draft that is new or stale; ``dry`` only tells which.

    What fails is an outcome, not an exception. Raises UserError where nothing can be done at all: bad configuration,
    no such directory or revision, a memory or report that cannot be written.
    """
    begun = time.perf_counter()
    found = find(config.publish)
    with only_run(found.root, config, log), log.overhearing():
        waiting, done = _sorted_out(found, config)
        log.note(
            "started", f"{len(found.candidates)} drafts in {found.root}, {len(waiting)} to publish",
            root=found.root, commit=found.commit, drafts=len(found.candidates), to_publish=len(waiting),
        )  # fmt: skip
        if found.left_out:
            log.note("links", f"symbolic links are left out: {', '.join(found.left_out)}", level="warning")
        for outcome in (o for o in done if o.state == "failed"):
            log.note("failed", f"{outcome.draft}: {outcome.message}", draft=outcome.draft, level="error")
        idle = dry or not (waiting or any(o.state == "failed" for o in done))
        folder = None if idle else run_folder(config, log.run_id)
        words = 0
        if dry or folder is None:
            done += [Outcome(*_names(candidate, found), "to do") for candidate in waiting]
        else:
            crew = _Crew(found, config, run, log, folder)
            at, total = 0, sum(map(_words, waiting))
            for wave in _waves(waiting, config.publish.wave_words):
                outcomes, count = crew.publish(wave)
                words, done, at = words + count, done + outcomes, at + sum(map(_words, wave))
                if on_wave is not None:
                    on_wave(at, total, outcomes)
        done.sort(key=lambda outcome: outcome.draft)
        seconds = time.perf_counter() - begun
        published = Published(log.run_id, found.root, found.commit, tuple(done), found.left_out, words, seconds, folder)
        write_report(published, config)
        log.note(
            "finished", published.line(),
            counts=published.counts(), words=words, seconds=round(seconds, 3), report=folder,
        )  # fmt: skip
    return published


def _sorted_out(found: Found, config: Config) -> tuple[list[Candidate], list[Outcome]]:
    """What is to be published, and what became of the others."""
    waiting: list[Candidate] = []
    done: list[Outcome] = []
    with open_memory(config) as memory:
        for candidate in found.candidates:
            status = status_of(candidate.path, config, memory, bilingual=candidate.bilingual, revision=found.commit)
            if status.state in ("new", "stale"):
                waiting.append(candidate)
            elif status.state == "error":
                done.append(Outcome(*_names(candidate, found), "failed", status.message))
            elif status.conflicts:
                message = f"{status.conflicts} conflict{'s wait' if status.conflicts > 1 else ' waits'} for a human"
                done.append(Outcome(*_names(candidate, found), "in conflict", message))
            elif not memory.is_settled(candidate.bilingual):
                waiting.append(candidate)  # a run was cut off before it had scored and confirmed what it wrote
            else:
                done.append(Outcome(*_names(candidate, found), "up to date"))
    return waiting, done


def _names(candidate: Candidate, found: Found) -> tuple[str, str]:
    """The draft's path and its bilingual file's, from the root."""
    return (
        candidate.path.relative_to(found.root).as_posix(),
        candidate.bilingual.relative_to(found.root).as_posix(),
    )


def _words(candidate: Candidate) -> int:
    """Estimated from the file's size: planning reads no draft twice."""
    return max(1, candidate.size // _BYTES_A_WORD)


def _waves(candidates: Sequence[Candidate], most: int) -> Iterator[list[Candidate]]:
    """Runs of drafts of up to ``most`` words; a longer draft is a wave of its own."""
    wave: list[Candidate] = []
    words = 0
    for candidate in candidates:
        if wave and words + _words(candidate) > most:
            yield wave
            wave, words = [], 0
        wave.append(candidate)
        words += _words(candidate)
    if wave:
        yield wave


@dataclass(frozen=True, slots=True)
class _Crew:
    """Publishes waves of one run."""

    found: Found
    config: Config
    run: Run
    log: RunLog
    folder: Path

    def publish(self, wave: Sequence[Candidate]) -> tuple[list[Outcome], int]:
        """What became of each draft, and the English words translated.

        A wave stops at its first bad draft; its halves then go on their own, so that only the bad ones fail.
        """
        try:
            result = self._run(wave)
        except UnavailableError:
            raise
        except Exception as error:
            if len(wave) == 1:
                return [self._failed(wave[0], error)], 0
            self.log.note("divided", f"a wave of {len(wave)} drafts is divided ({error})", level="warning")
            half = len(wave) // 2
            (first, some), (second, more) = self.publish(wave[:half]), self.publish(wave[half:])
            return first + second, some + more
        with open_memory(self.config) as memory:
            pairs = zip(wave, result.issues, strict=True)
            return [self._done(c, i, result, memory) for c, i in pairs], sum(map(words_of, result.issues))

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

    def _done(self, candidate: Candidate, issue: Issue, result: RunResult, memory: Memory) -> Outcome:
        draft, bilingual = _names(candidate, self.found)
        refused = result.refused(issue)
        row, reasons = score_row(issue, refused=refused), "; ".join(issue.verdict.reasons)
        if refused:
            self.log.note("held back", f"{draft}: held back by the gate: {reasons}", draft=draft, level="warning")
            return Outcome(draft, bilingual, "held back", reasons, row)
        review, message = None, "; ".join(issue.notes)
        if self.config.publish.reviews:
            try:
                review = write_review(
                    candidate.bilingual, bilingual, issue.draft.document, self.folder, self.config, memory
                )
            except UserError as error:  # the issue is published all the same
                message = f"no review: {error}"
                self.log.note("no review", f"{draft}: {message}", draft=draft, level="error")
        self.log.note("published", f"{draft}: published as {bilingual}", draft=draft, scores=row)
        return Outcome(draft, bilingual, "published", message, row, review)

    def _failed(self, candidate: Candidate, error: Exception) -> Outcome:
        draft, bilingual = _names(candidate, self.found)
        expected = isinstance(error, (UserError, GlossaryError))
        message = str(error) if expected else f"{type(error).__name__}: {error}"
        trace = None if expected else "".join(traceback.format_exception(error))
        self.log.note("failed", f"{draft}: {message}", draft=draft, traceback=trace, level="error")
        return Outcome(draft, bilingual, "failed", message)
