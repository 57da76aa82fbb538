"""Publish what is new or has changed: find, skip what is up to date, translate in waves, gate, write, summarise.

One bad draft does not keep the others from being published. The command and the flow call this; each brings its own
way of running the pipeline over a wave.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from translate import pipeline
from translate.config import Config
from translate.memory import open_memory
from translate.publishing.crew import Behind, Crew, Run, words_in
from translate.publishing.find import Candidate, Found, find
from translate.publishing.log import RunLog
from translate.publishing.reports import only_run, reports_directory, run_folder, write_report
from translate.publishing.results import Outcome, Published
from translate.rerun.status import status_of

if TYPE_CHECKING:
    from translate.marian.protocol import Engine

OnWave = Callable[[int, int], None]
"""Is told the words done and those of the run, after each wave."""

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
            done += [Outcome(*found.names(candidate), "to do") for candidate in waiting]
        else:
            crew = Crew(found, config, run, log, folder)
            at, total = 0, sum(map(_words, waiting))
            with Behind(crew) as behind:
                for wave in _waves(waiting, config.publish.wave_words):
                    made = crew.translate(wave)
                    done += behind.tell(made)
                    words, at = words + words_in(made), at + sum(map(_words, wave))
                    if on_wave is not None:
                        on_wave(at, total)
                done += behind.rest()
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
                done.append(Outcome(*found.names(candidate), "failed", status.message))
            elif status.conflicts:
                message = f"{status.conflicts} conflict{'s wait' if status.conflicts > 1 else ' waits'} for a human"
                done.append(Outcome(*found.names(candidate), "in conflict", message))
            elif not memory.is_settled(candidate.bilingual):
                waiting.append(candidate)  # a run was cut off before it had scored and confirmed what it wrote
            else:
                done.append(Outcome(*found.names(candidate), "up to date"))
    return waiting, done


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
