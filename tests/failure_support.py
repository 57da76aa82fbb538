"""Worlds in which runs are killed, starved and disturbed: real processes over drafts, memory, cache and reports."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[1]
SOAK = bool(os.environ.get("TRANSLATE_ISSUE_SOAK"))
"""Many more moments; minutes instead of seconds."""
PATIENCE = 240.0
"""Seconds to wait for what must happen; a slow machine is no failure."""

COMMAND = [sys.executable, "-m", "translate"]
# The command, in a process that kills itself (SIGKILL: nothing is cleaned up) just before or after its n-th call of a
# function of the operating system.
DYING = """
import os, signal, sys
name, count, when = sys.argv[1], int(sys.argv[2]), sys.argv[3]
real, calls = getattr(os, name), 0
def dying(*arguments, **options):
    global calls
    calls += 1
    if calls == count and when == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    result = real(*arguments, **options)
    if calls == count:
        os.kill(os.getpid(), signal.SIGKILL)
    return result
setattr(os, name, dying)
from translate.cli import main
sys.exit(main(sys.argv[4:]))
"""
OLD = "---\ntitle: Zero\n---\n\nThe throughput of the model doubled.\n\nThe data is clean.\n"
EDIT = "Os dados estão um brinco."
DRAFTS = {
    "00": OLD + "\nThe team measured the accuracy again.\n",
    "01": "# One\n\nWe wrote a parser. The tests are fast.\n",
    "02": "# Two\n\nThe **latency** of the query fell.\n\n- one answer\n- two questions\n",
}
CONFIG = """\
publish: {root: site, reports: reports, wave_words: %d, reviews: false}
memory: {file: state/memory.sqlite}
decoding: {beam_size: 1}
degenerate: {retry_reference: false}
score: {bootstrap: 0}
flow: {result_storage: results, chunk_words: 50}
"""


@dataclass(frozen=True, slots=True)
class Done:
    """A process that has ended."""

    code: int
    out: str
    err: str


@dataclass
class World:
    """A repository of drafts with its memory, cache and reports; `publish` and the rest are processes."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.site, self.reports = self.folder / "site", self.folder / "reports"
        self.cache, self.state = self.folder / "cache", self.folder / "state"
        self.memory, self.config = self.state / "memory.sqlite", self.folder / "newsletter.yaml"

    # Files -----------------------------------------------------------------------------------------

    def write(self, name: str, text: str) -> Path:
        path = self.site / f"{name}.en.md"
        path.write_text(text, encoding="utf-8")
        return path

    def bilingual(self) -> dict[str, str]:
        return {path.name: path.read_text(encoding="utf-8") for path in sorted(self.site.rglob("*.pt-br.md"))}

    def leftovers(self) -> list[str]:
        """What has no business to be left: temporary files, half conversions, marks of runs that have ended."""
        found = [*self.folder.rglob("*.tmp"), *self.reports.glob(".running-*.json"), *self.cache.glob("ct2/.*")]
        return sorted(str(path.relative_to(self.folder)) for path in found)

    def events(self) -> list[dict[str, Any]]:
        """The log. Every line must be whole."""
        log = self.reports / "log.jsonl"
        return [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()] if log.exists() else []

    def said(self, *events: str) -> list[str]:
        return [line["message"] for line in self.events() if line["event"] in events]

    def wave_words(self, words: int) -> None:
        self.config.write_text(CONFIG % words, encoding="utf-8")

    # Processes -------------------------------------------------------------------------------------

    def start(
        self, *arguments: str, line: list[str] | None = None, logged: bool = False, **environment: str
    ) -> subprocess.Popen[str]:
        """A process in a group of its own. ``logged``: nobody will read what it says."""
        pipe = subprocess.DEVNULL if logged else subprocess.PIPE
        return subprocess.Popen(
            [*(line or COMMAND), *arguments],
            env={
                **os.environ,
                "PYTHONPATH": str(ROOT),
                "TRANSLATE_ISSUE_CACHE": str(self.cache),
                **self.environment,
                **environment,
            },
            cwd=self.folder,
            stdout=pipe,
            stderr=pipe,
            text=True,
            start_new_session=True,
        )

    def publishing(self, *arguments: str, **options: Any) -> subprocess.Popen[str]:
        return self.start("publish", "--config", str(self.config), "--quiet", *arguments, **options)

    def running(self, name: str, *arguments: str, **options: Any) -> subprocess.Popen[str]:
        draft = str(self.site / f"{name}.en.md")
        return self.start("run", draft, "--config", str(self.config), "--quiet", *arguments, **options)

    def serving(self) -> subprocess.Popen[str]:
        """`serve`: a run every five seconds (the sixth field of the expression is seconds)."""
        return self.start("serve", "--config", str(self.config), "--cron", "* * * * * */5", logged=True)

    def publish(self, *arguments: str, **options: Any) -> Done:
        return ended(self.publishing(*arguments, **options))

    def run(self, name: str, *arguments: str, **options: Any) -> Done:
        return ended(self.running(name, *arguments, **options))

    def dying(self, call: str, count: int, when: str, *arguments: str) -> Done:
        """Publishes in a process that kills itself at its ``count``-th ``call``."""
        return ended(self.publishing(*arguments, line=[sys.executable, "-c", DYING, call, str(count), when]))


def ended(process: subprocess.Popen[str]) -> Done:
    try:
        out, err = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        kill(process)
        out, err = process.communicate()
        pytest.fail(f"no end was in sight: {err[-3000:]}")
    return Done(process.returncode, out, err)


def kill(process: subprocess.Popen[Any]) -> None:
    """SIGKILL for the process and its children."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def until(
    happened: Callable[[], object], process: subprocess.Popen[Any] | None = None, seconds: float = PATIENCE
) -> bool:
    """Waits until it has happened (True) or the process has ended before (False)."""
    limit = time.monotonic() + seconds
    while not happened():
        if process is not None and process.poll() is not None:
            return bool(happened())
        if time.monotonic() > limit:
            pytest.fail("what the test waits for does not happen")
        time.sleep(0.005)
    return True


def one_sentence(done: Done, *parts: str) -> bool:
    """Whether the process refused (exit code 2) in a single line that has these parts."""
    assert (done.code, done.err.count("\n")) == (2, 1), done
    assert done.err.startswith("translate-issue: "), done.err
    assert "Traceback" not in done.err
    for part in parts:
        assert part in done.err, done.err
    return True


def first_world(folder: Path) -> World:
    """One issue is published and a human has edited it; then its draft grew, and there are two new drafts."""
    world = World(folder)
    world.site.mkdir(parents=True)
    world.wave_words(1)
    world.write("00", OLD)
    done = world.publish()
    assert done.code == 0, done.err
    shutil.rmtree(world.reports)
    page = world.site / "00.pt-br.md"
    lines = page.read_text(encoding="utf-8").split("\n")
    at = lines.index("<!-- The data is clean. -->")
    lines[at - 2] = EDIT
    page.write_text("\n".join(lines), encoding="utf-8")
    for name, text in DRAFTS.items():
        world.write(name, text)
    return world


def copy_of(world: World, folder: Path) -> World:
    """The same world in another place."""
    shutil.copytree(world.folder, folder, symlinks=True)
    return World(folder, dict(world.environment))


# Disks ---------------------------------------------------------------------------------------------


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Callable[[], None]]:
    """A disk of that size at the folder (what was there is copied); gives a function that fills what is free."""
    folder.mkdir(exist_ok=True)
    before = folder.with_name(f"{folder.name}.before")
    shutil.copytree(folder, before)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a small disk can only be mounted by root")
    try:
        shutil.copytree(before, folder, dirs_exist_ok=True)
        yield lambda: _fill(folder / "filler")
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def _fill(path: Path) -> None:
    with contextlib.suppress(OSError), path.open("wb", buffering=0) as file:
        while file.write(bytes(4096)):
            pass


# Prefect -------------------------------------------------------------------------------------------


class Server:
    """A Prefect server of its own that can be killed and started again."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port: int = probe.getsockname()[1]
        self.log = folder / "server.log"
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"http://127.0.0.1:{self._port}/api"
        self.environment = {
            "PREFECT_API_URL": self.url,
            "PREFECT_HOME": str(folder / "prefect"),
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PREFECT_CLIENT_MAX_RETRIES": "1",
            "PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS": "1",
            "PREFECT_SERVER_SERVICES_SCHEDULER_RECENT_DEPLOYMENTS_LOOP_SECONDS": "1",
            "PREFECT_RUNNER_POLL_FREQUENCY": "1",
            "DO_NOT_TRACK": "1",
        }

    def start(self) -> None:
        line = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(self._port)]
        environment = {**os.environ, **self.environment}
        del environment["PREFECT_API_URL"]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(line, env=environment, stdout=log, stderr=log, start_new_session=True)
        until(self._answers, self._process)

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/health", timeout=5).is_success
        except httpx.TransportError:
            return False

    def kill(self) -> None:
        if self._process is not None:
            kill(self._process)
            self._process.wait()

    def states(self) -> list[str]:
        """Of all flow runs."""
        answer = httpx.post(f"{self.url}/flow_runs/filter", json={}, timeout=30)
        return [run["state_type"] for run in answer.raise_for_status().json()]
