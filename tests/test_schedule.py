"""The scheduled run against a real Prefect server, worker and serving process: fires, publishes, then has no work."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from tests.failure_support import Server as RunningServer

ROOT = Path(__file__).resolve().parents[1]
PREFECT = [sys.executable, "-m", "prefect"]
COMMAND = [sys.executable, "-c", "import sys; from translate.cli import main; sys.exit(main())"]
SECONDS = 240
"""How long to wait for what must happen; a slow machine is no failure."""


class Server(RunningServer):
    """A Prefect server of its own, and what the tests ask it; ``environment`` is that of whatever talks to it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.environment = {
            **os.environ,
            **self.environment,
            "PREFECT_CLIENT_MAX_RETRIES": "5",
            "PREFECT_WORKER_QUERY_SECONDS": "1",
            "PREFECT_LOGGING_LEVEL": "INFO",
        }

    def post(self, path: str, body: dict[str, Any]) -> Any:
        answer = httpx.post(f"{self.url}/{path}", json=body, timeout=30)
        answer.raise_for_status()
        return answer.json()

    def runs(self, deployment: str) -> list[dict[str, Any]]:
        """The finished runs of a deployment, oldest first."""
        wanted = {
            "deployments": {"name": {"any_": [deployment]}},
            "flow_runs": {"state": {"type": {"any_": ["COMPLETED", "FAILED", "CRASHED"]}}},
            "sort": "END_TIME_DESC",
        }
        found: list[dict[str, Any]] = self.post("flow_runs/filter", wanted)
        return found[::-1]

    def prefect(self, *arguments: str) -> str:
        done = subprocess.run(
            [*PREFECT, "--no-prompt", *arguments], env=self.environment, cwd=ROOT, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@contextmanager
def process(line: list[str], environment: dict[str, str], cwd: Path, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process with its children, ended with the block."""
    with log.open("wb") as file:
        child = subprocess.Popen(line, env=environment, cwd=cwd, stdout=file, stderr=file, start_new_session=True)
    try:
        yield child
    finally:
        try:
            os.killpg(child.pid, signal.SIGINT)
            child.wait(20)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            pass
        finally:
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()


def eventually(found: Callable[[], Any], log: Path) -> Any:
    """What ``found`` gives as soon as it is true."""
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        value = found()
        if value:
            return value
        time.sleep(0.2)
    raise AssertionError(
        f"nothing came; the log ends with\n{log.read_text(encoding='utf-8', errors='replace')[-3000:]}"
    )


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("server")
    made = Server(folder)
    made.start()
    yield made
    made.kill()


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "01.en.md").write_text("The throughput of the model doubled.\n", encoding="utf-8")
    (folder / "02.en.md").write_text("# Results\n\nThe data is clean.\n", encoding="utf-8")
    (tmp_path / "newsletter.yaml").write_text(
        "publish: {root: site, reports: reports}\nmemory: {file: memory.sqlite}\ndecoding: {beam_size: 1}\n"
        "flow: {result_storage: results}\n",
        encoding="utf-8",
    )
    return folder


def published(site: Path) -> list[str]:
    """The drafts that runs have published, in order, from the log."""
    log = site.parent / "reports" / "log.jsonl"
    lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
    return [event["draft"] for event in map(json.loads, lines) if event["event"] == "published"]


def test_serve_publishes_on_its_schedule_once_and_then_what_changes(server: Server, site: Path) -> None:
    log = site.parent / "serve.log"
    # The sixth field of the expression is seconds.
    line = [*COMMAND, "serve", "--config", "newsletter.yaml", "--cron", "* * * * * */5"]
    environment = {**server.environment, "PYTHONPATH": str(ROOT)}
    with process(line, environment, site.parent, log) as serving:
        first = eventually(lambda: server.runs("served"), log)[0]
        assert first["state"]["message"] == "2 drafts: 2 published"
        assert b"*throughput*" in (site / "01.pt-br.md").read_bytes()
        before = (site / "02.pt-br.md").read_bytes()

        second = eventually(lambda: server.runs("served")[1:], log)[0]
        assert second["state"]["message"] == "2 drafts: 2 up to date"
        assert published(site) == ["01.en.md", "02.en.md"]

        (site / "01.en.md").write_text("The throughput of the model tripled.\n", encoding="utf-8")
        eventually(lambda: published(site)[2:], log)
        known = len(server.runs("served"))
        eventually(lambda: len(server.runs("served")) > known + 1, log)
        assert published(site) == ["01.en.md", "02.en.md", "01.en.md"]
        assert (site / "02.pt-br.md").read_bytes() == before
        assert {run["state_type"] for run in server.runs("served")} == {"COMPLETED"}
        os.kill(serving.pid, signal.SIGTERM)
        assert serving.wait(60) == 0
    lines = [json.loads(text) for text in (site.parent / "reports" / "log.jsonl").read_text().splitlines()]
    assert {event["run"] for event in lines} >= {first["id"], second["id"]}

    artifacts = {a["key"]: a for a in server.post("artifacts/filter", {"sort": "CREATED_DESC"})[::-1]}
    assert artifacts["publishing"]["type"] == "progress"
    assert artifacts["publishing"]["data"] == 100.0
    page = artifacts["published-issues"]["data"]
    assert page == (site.parent / "reports" / "latest.md").read_text(encoding="utf-8")
    assert f"[bilingual file]({(site / '01.pt-br.md').as_uri()})" in page
    assert "[review](file://" in page
    rows = json.loads(artifacts["published-issues-table"]["data"])
    assert (rows[0]["draft"], rows[0]["state"], rows[0]["terms kept"]) == ("01.en.md", "published", "1 / 1")
    assert set(first["tags"]) >= {"translate-issue", "publish"}


class Webhook:
    """An HTTP server that keeps what it is sent."""

    def __init__(self) -> None:
        received: list[str] = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                received.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
                self.send_response(200)
                self.end_headers()

        self.received = received
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    made = Webhook()
    yield made
    made.server.shutdown()
    made.server.server_close()


def notified(server: Server, folder: Path, url: str) -> None:
    """Creates the automation as the documentation says, with a block that calls ``url``."""
    block = folder / "block.py"
    block.write_text(
        "from prefect.blocks.notifications import CustomWebhookNotificationBlock as Block\n"
        f"made = Block(name='team', url={url!r}, json_data={{'text': '{{{{subject}}}} {{{{body}}}}'}})\n"
        "print(made.save('team', overwrite=True))\n",
        encoding="utf-8",
    )
    line = [sys.executable, str(block)]
    done = subprocess.run(line, env=server.environment, capture_output=True, text=True, check=True)
    automation = (ROOT / "deploy" / "automation.yaml").read_text(encoding="utf-8")
    file = folder / "automation.yaml"
    placeholder = "00000000-0000-0000-0000-000000000000"
    assert automation.count(placeholder) == 1
    file.write_text(automation.replace(placeholder, done.stdout.strip().splitlines()[-1]), encoding="utf-8")
    server.prefect("automation", "create", "--from-file", str(file))


def test_the_deployment_runs_on_a_worker_and_people_are_told_of_what_failed(
    server: Server, site: Path, tmp_path: Path, webhook: Webhook
) -> None:
    server.prefect("work-pool", "create", "translate-issue", "--type", "process")
    server.prefect("deploy", "--name", "daily", "--prefect-file", str(ROOT / "prefect.yaml"))
    deployed = server.post("deployments/filter", {"deployments": {"name": {"any_": ["daily"]}}})[0]
    assert deployed["schedules"][0]["schedule"] | {"day_or": True} == {
        "cron": "0 6 * * *",
        "timezone": "America/Sao_Paulo",
        "day_or": True,
    }
    assert deployed["global_concurrency_limit"]["limit"] == 1
    assert deployed["pull_steps"] in ([], None)
    assert str(ROOT) not in json.dumps(deployed)
    notified(server, tmp_path, webhook.url)

    (site / "03.en.md").write_bytes(b"caf\xe9 and more\n")
    environment = {**server.environment, "TRANSLATE_ISSUE_CONFIG": str(site.parent / "newsletter.yaml")}
    log = tmp_path / "worker.log"
    with process([*PREFECT, "worker", "start", "--pool", "translate-issue"], environment, tmp_path, log):
        server.prefect("deployment", "run", "publish-drafts/daily")
        run = eventually(lambda: server.runs("daily"), log)[0]
    assert run["state_type"] == "FAILED"
    assert "1 of 3 drafts could not be published" in run["state"]["message"]
    assert published(site) == ["01.en.md", "02.en.md"]

    told = eventually(lambda: webhook.received, server.log)[0]
    assert "03.en.md: translate-issue.failed" in told
    assert "ISO-8859-1" in told


def test_a_worker_whose_run_is_killed_does_the_rest_in_the_next(server: Server, site: Path, tmp_path: Path) -> None:
    config = site.parent / "newsletter.yaml"
    config.write_text(config.read_text().replace("{root: site,", "{root: site, wave_words: 1,"), encoding="utf-8")
    (site / "03.en.md").write_text("The team wrote a parser.\n", encoding="utf-8")
    server.prefect("work-pool", "create", "translate-issue", "--type", "process", "--overwrite")
    server.prefect("deploy", "--name", "daily", "--prefect-file", str(ROOT / "prefect.yaml"))
    before = len(server.runs("daily"))
    environment = {**server.environment, "TRANSLATE_ISSUE_CONFIG": str(config)}
    log = tmp_path / "worker.log"
    with process([*PREFECT, "worker", "start", "--pool", "translate-issue"], environment, tmp_path, log) as worker:
        server.prefect("deployment", "run", "publish-drafts/daily")
        eventually(lambda: published(site), log)
        for child in psutil.Process(worker.pid).children(recursive=True):
            child.kill()
        killed = eventually(lambda: server.runs("daily")[before:], log)[0]
        assert killed["state_type"] == "CRASHED"
        done = len(published(site))
        server.prefect("deployment", "run", "publish-drafts/daily")
        second = eventually(lambda: server.runs("daily")[before + 1 :], log)[0]
    assert second["state_type"] == "COMPLETED"
    assert done < 3
    assert set(published(site)) == {"01.en.md", "02.en.md", "03.en.md"}
    assert "cut off" in (site.parent / "reports" / "log.jsonl").read_text(encoding="utf-8")
    assert not list(site.rglob("*.tmp"))
