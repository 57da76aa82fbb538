"""Chunks on a real Dask cluster: the same bytes as in one process, whatever happens to the workers."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from flows import runners
from translate.config import load_config
from translate.errors import UserError
from translate.results import Silent, Watcher

if TYPE_CHECKING:
    import distributed
    from prefect.task_runners import TaskRunner

pytestmark = pytest.mark.usefixtures("prefect_api")
NOUNS = ["model", "pipeline", "dataset", "cluster", "sensor", "garden", "river", "kitchen", "teacher", "engine"]
VERBS = ["measures", "improves", "builds", "explains", "breaks", "cleans"]


def draft(number: int, sentences: int = 12) -> str:
    """A draft whose sentences differ, with a term and some markup."""
    lines = [
        f"The **{NOUNS[(i * 7 + number) % 10]}** number {i * 3 + number} {VERBS[(i + number) % 6]} the throughput of "
        f"an old {NOUNS[(i * 3 + 1) % 10]} before lunch."
        for i in range(sentences)
    ]
    return f'---\ntitle: "Issue {number} [EN]"\n---\n\n' + "\n\n".join(lines) + "\n"


def written(folder: Path, **changes: object) -> tuple[list[str], dict[str, Any]]:
    """Three drafts in a folder of their own, and the settings to translate them with."""
    folder.mkdir()
    paths = []
    for number in range(3):
        path = folder / f"{number}.en.md"
        path.write_text(draft(number), encoding="utf-8")
        paths.append(str(path))
    settings = {
        "flow.result_storage": str(folder / "results"),
        "flow.retry_delay_seconds": 0.0,
        "flow.chunk_words": 60,
        "memory.file": str(folder / "memory.sqlite"),
        "decoding.beam_size": 1,
        "degenerate.retry_reference": False,
    }
    return paths, settings | changes


def translate(
    paths: list[str], settings: dict[str, Any], runner: TaskRunner[Any] | None = None, watcher: Watcher | None = None
) -> dict[str, bytes]:
    """The files that a flow run writes, by name."""
    from flows.translate_issue import translate_issue
    from flows.watching import watching

    flow = translate_issue if runner is None else translate_issue.with_options(task_runner=runner)
    token = watching.set(watcher)
    try:
        flow(paths, settings=settings)
    finally:
        watching.reset(token)
    return {p.name: p.read_bytes() for p in sorted(Path(paths[0]).parent.glob("*.pt-br.md"))}


class AfterTheFirstChunk(Silent):
    """Does something once, as soon as a result has come in."""

    def __init__(self, act: Callable[[], None]) -> None:
        self._act: Callable[[], None] | None = act

    def progress(self, done: int, total: int) -> None:
        if self._act is not None and 0 < done < total:
            act, self._act = self._act, None
            act()


@pytest.fixture(scope="module")
def cluster() -> Iterator[TaskRunner[Any]]:
    """A local cluster of two workers, as the configuration asks for it."""
    with runners.task_runner(load_config(None, {"flow.workers": 2, "flow.worker_memory": "2GB"})) as runner:
        yield runner


@pytest.fixture
def client(cluster: TaskRunner[Any]) -> Iterator[distributed.Client]:
    from distributed import Client

    with Client(cluster.address, set_as_default=False) as client:  # type: ignore[attr-defined, no-untyped-call]
        yield client


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What one process writes."""
    return translate(*written(tmp_path_factory.mktemp("alone") / "drafts"))


def test_two_workers_write_what_one_process_writes_and_its_results_serve_them(
    cluster: TaskRunner[Any], alone: dict[str, bytes], client: distributed.Client, tmp_path: Path
) -> None:
    import gc
    import sys

    paths, settings = written(tmp_path / "drafts")
    assert translate(paths, settings, cluster) == alone
    results = sorted((tmp_path / "drafts" / "results").iterdir())
    assert len(results) > 4

    def engines() -> int:
        from translate.marian.ctranslate2_engine import CTranslate2Engine

        return sum(isinstance(o, CTranslate2Engine) for o in gc.get_objects())

    assert set(client.run(engines).values()) <= {0, 1}, "a worker loads its model once"
    assert client.run(lambda: "torch" in sys.modules) == dict.fromkeys(client.nthreads(), False)  # type: ignore[no-untyped-call]
    again, _ = written(tmp_path / "again")
    stamps = [path.stat().st_mtime_ns for path in results if path.suffix != ".md"]
    assert translate(again, settings | {"memory.file": str(tmp_path / "m.sqlite")}) == alone
    assert [path.stat().st_mtime_ns for path in results if path.suffix != ".md"] == stamps, "served from the cache"


def test_a_killed_worker_loses_nothing(
    cluster: TaskRunner[Any], alone: dict[str, bytes], client: distributed.Client, tmp_path: Path
) -> None:
    pids = client.run(os.getpid)
    killed: list[int] = []

    def kill_one() -> None:
        busy = {address: keys for address, keys in client.processing().items() if keys}  # type: ignore[no-untyped-call]
        killed.append(pids[min(busy or pids)])
        os.kill(killed[0], signal.SIGKILL)

    paths, settings = written(tmp_path / "drafts")
    assert translate(paths, settings, cluster, AfterTheFirstChunk(kill_one)) == alone
    assert killed
    client.wait_for_workers(2, timeout=300)
    assert killed[0] not in client.run(os.getpid).values(), "it was replaced"


def test_a_call_that_kills_every_worker_is_given_up_with_a_sentence(
    cluster: TaskRunner[Any], client: distributed.Client
) -> None:
    """The first submission dies with its worker as often as Dask allows, here once; so does the second."""
    from prefect import flow, task
    from prefect.cache_policies import NO_CACHE

    from flows import dispatch

    @task(cache_policy=NO_CACHE)
    def deadly(label: str) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    @flow
    def doomed() -> None:
        from flows.runners import dask_runner

        with dask_runner(load_config()) as runner:
            list(dispatch.results(deadly, [{"label": "2 sentences, 20 words"}], runner, retries=1))

    def allow(failures: int) -> int:
        def change(dask_scheduler: Any) -> int:
            before, dask_scheduler.allowed_failures = dask_scheduler.allowed_failures, failures
            return int(before)

        return int(client.run_on_scheduler(change))  # type: ignore[no-untyped-call]

    before = allow(0)
    try:
        with pytest.raises(UserError, match=r"given 2 sentences, 20 words died.*worker_memory"):
            doomed.with_options(task_runner=cluster)()
    finally:
        allow(before)


def test_results_go_to_a_storage_block(alone: dict[str, bytes], tmp_path: Path) -> None:
    from prefect.filesystems import LocalFileSystem

    LocalFileSystem(basepath=str(tmp_path / "block")).save("translated", overwrite=True)
    paths, settings = written(tmp_path / "drafts", **{"flow.result_storage": "local-file-system/translated"})
    assert translate(paths, settings) == alone
    assert len(list((tmp_path / "block").iterdir())) > 4
    with pytest.raises(UserError, match=r'no usable storage block "local-file-system/other"'):
        translate(paths, settings | {"flow.result_storage": "local-file-system/other"})


def test_a_scheduler_that_does_not_answer_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runners, "CONNECT_SECONDS", 1)
    config = load_config(None, {"flow.scheduler": "tcp://127.0.0.1:9"})
    with (
        pytest.raises(UserError, match=r"^No Dask scheduler answers at tcp://127\.0\.0\.1:9: [^\n]*$"),
        runners.task_runner(config),
    ):
        pass


def test_a_scheduler_without_workers_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    from distributed import LocalCluster

    monkeypatch.setattr(runners, "WORKER_SECONDS", 1)
    with LocalCluster(n_workers=0, processes=False, dashboard_address=None) as empty:  # type: ignore[no-untyped-call]
        config = load_config(None, {"flow.scheduler": empty.scheduler_address})
        with pytest.raises(UserError, match="has no workers: start one with"), runners.task_runner(config):
            pass


def test_a_size_that_is_none_is_one_sentence() -> None:
    config = load_config(None, {"flow.workers": 2, "flow.worker_memory": "much"})
    with pytest.raises(UserError, match=r'"flow.worker_memory" must be a size such as 2GB, not "much"'):
        runners.task_runner(config).__enter__()
