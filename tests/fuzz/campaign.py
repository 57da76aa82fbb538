"""Runs a target on many inputs in a process of its own, and keeps what fails."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import time
import traceback
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random

from tests.fuzz.guard import Hang, bounded, limit_memory, seconds_for
from tests.fuzz.minimise import minimise
from tests.fuzz.reach import Reach
from tests.fuzz.targets import TARGETS, Target

FOUND = Path(__file__).parent / "found"
"""Inputs that once failed, by target; `tests/test_fuzz_regressions.py` replays them."""

REFUSED = "refused"
"""Not a failure: the input was answered with a sentence."""

_TRACED, _EARLY, _SELDOM = 14, 2000, 60
"""One input of so many runs under the line tracer, and joins the corpus if it reaches a new line; after the first so
many inputs, one of so many more."""
_FRESH = 0.7
"""The share of inputs made by the grammar; the others are mutations of the corpus."""
_MOST_FAILURES = 200
_PATIENCE = 600.0
"""Seconds without a sign of life after which the process is taken for hung in C code."""


@dataclass(slots=True)
class Outcome:
    """What came of a target's inputs. ``failures`` are (what, input) by their place in the code."""

    name: str
    inputs: int = 0
    refused: int = 0
    seconds: float = 0.0
    slowest: float = 0.0
    slowest_size: int = 0
    lines: int = 0
    failed: int = 0
    failures: dict[str, tuple[str, str]] = field(default_factory=dict)


def campaign(name: str, inputs: int, seed: int) -> Outcome:
    """Fuzz the target in a child process; what kills the child is a failure too."""
    outcome = Outcome(name)
    current = Path(os.environ.get("TMPDIR", "/tmp")) / f"fuzz-{os.getpid()}-{name}-{seed}"
    while outcome.inputs < inputs and outcome.failed < _MOST_FAILURES:
        receiver, sender = multiprocessing.Pipe(duplex=False)
        begin = outcome.inputs
        process = multiprocessing.get_context("fork").Process(
            target=_work, args=(name, inputs - begin, seed * 1_000_003 + begin, current, sender)
        )
        process.start()
        sender.close()
        _listen(receiver, outcome)
        if outcome.inputs < inputs and outcome.failed < _MOST_FAILURES:  # it died, or sits in C code
            process.kill()
            process.join()
            text = current.read_text("utf-8", "surrogatepass") if current.exists() else ""
            what = f"the process died (exit code {process.exitcode})"
            outcome.failures[what] = (what, text)
            outcome.failed += 1
            outcome.inputs += 1
        process.join()
    current.unlink(missing_ok=True)
    return outcome


def _listen(receiver: Connection, outcome: Outcome) -> None:
    base = outcome.inputs, outcome.seconds
    while receiver.poll(_PATIENCE):
        try:
            part: Outcome = receiver.recv()
        except EOFError:
            return
        part.inputs += base[0]
        part.seconds += base[1]
        for field_name in ("inputs", "seconds"):
            setattr(outcome, field_name, getattr(part, field_name))
        outcome.refused, outcome.lines = max(outcome.refused, part.refused), part.lines
        outcome.failed = max(outcome.failed, part.failed)
        if part.slowest > outcome.slowest:
            outcome.slowest, outcome.slowest_size = part.slowest, part.slowest_size
        outcome.failures |= part.failures


def _work(name: str, inputs: int, seed: int, current: Path, sender: Connection) -> None:
    limit_memory()
    target, random, reach = TARGETS[name], Random(seed), Reach()
    outcome = Outcome(name)
    corpus = [path.read_text("utf-8", "surrogatepass") for path in sorted((FOUND / name).glob("*"))]
    started = reported = time.process_time()
    while outcome.inputs < inputs and outcome.failed < _MOST_FAILURES:
        text = _next(target, corpus, random)
        current.write_text(text, "utf-8", "surrogatepass")
        begun = time.process_time()
        if outcome.inputs % (_TRACED if outcome.inputs < _EARLY else _SELDOM) == 0:
            found: list[str] = []
            if reach.adds(lambda text=text, found=found: found.append(failure(target, text, slow=5))):  # type: ignore[misc]
                corpus.append(text)
            what = found[0]
        else:
            what = failure(target, text)
            took = time.process_time() - begun
            if took > outcome.slowest:
                outcome.slowest, outcome.slowest_size = took, len(text)
        outcome.inputs += 1
        outcome.lines = len(reach.lines)
        if what == REFUSED:
            outcome.refused += 1
        elif what:
            outcome.failed += 1
            if what not in outcome.failures:
                shorter = minimise(text, lambda t, what=what: failure(target, t) == what)  # type: ignore[misc]
                outcome.failures[what] = (explain(target, shorter), shorter)
        now = time.process_time()
        outcome.seconds = now - started
        if now - reported > 2 or what not in ("", REFUSED):
            sender.send(outcome)
            reported = now
    sender.send(outcome)
    sender.close()


def _next(target: Target, corpus: list[str], random: Random) -> str:
    from tests.fuzz.mutations import mutate

    if not corpus or random.random() < _FRESH:
        text = target.make(random)
        return mutate(text, corpus[-200:], random) if random.random() < 0.3 else text
    # What was found last leads on.
    recent = corpus[-50:] if random.random() < 0.5 else corpus
    return mutate(random.choice(recent), corpus[-200:], random)


def failure(target: Target, text: str, *, slow: float = 1.0) -> str:
    """Where and how the input fails, the same for inputs that fail alike; ``""`` if it does not, or `REFUSED`."""
    try:
        with bounded(seconds_for(text) * slow):
            return "" if target.run(text) else REFUSED
    except Hang:
        return "Hang"
    except Exception as error:
        place = [f for f in traceback.extract_tb(error.__traceback__) if "/site-packages/" not in f.filename]
        last = place[-1]
        return f"{type(error).__name__} at {Path(last.filename).name}:{last.lineno}"


def explain(target: Target, text: str) -> str:
    """The traceback of a failing input."""
    try:
        with bounded(seconds_for(text)):
            target.run(text)
    except (Exception, Hang):
        return traceback.format_exc(limit=-6)
    return "it does not fail alone"


def keep(outcome: Outcome, folder: Path) -> list[Path]:
    """Writes each failing input to ``folder/TARGET/`` under a name made from its content."""
    written = []
    for _, text in outcome.failures.values():
        data = text.encode("utf-8", "surrogatepass")
        path = folder / outcome.name / hashlib.sha256(data).hexdigest()[:12]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        written.append(path)
    return written
