"""Where a run's chunks are translated: in this process, on a Dask cluster of this machine, or on one that is running.

Dask is imported only where the configuration asks for it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from translate.config import Config
from translate.errors import UnavailableError, UserError

if TYPE_CHECKING:
    import distributed
    from prefect.task_runners import TaskRunner
    from prefect_dask.task_runners import DaskTaskRunner

CONNECT_SECONDS = 30
"""How long to try to reach a scheduler."""
DRAIN_SECONDS = 15
"""How long workers that are about to be stopped may take to tell Prefect's server what they did."""
WORKER_SECONDS = 60
"""How long to wait for the first worker of a cluster that has none."""


@contextmanager
def task_runner(config: Config) -> Iterator[TaskRunner[Any]]:
    """The task runner that the configuration asks for; a cluster that it starts lives until the block is left.

    Enter it once around many flow runs (``translate_issue.with_options(task_runner=runner)``): a cluster takes seconds
    to start, and its workers keep their model. A cluster by address is used and left running.

    Raises UnavailableError for a scheduler that cannot be reached or has no workers, and UserError for a bad
    ``flow.worker_memory``.
    """
    if config.flow.scheduler is not None:
        yield _connected(config.flow.scheduler)
    elif workers(config) > 1:
        with _local_cluster(workers(config), config.flow.worker_memory) as address:
            yield _dask(address)
    else:
        from prefect.task_runners import ThreadPoolTaskRunner

        yield ThreadPoolTaskRunner(max_workers=1)


def workers(config: Config) -> int:
    """The number of processes that a local run translates in."""
    from translate.marian.ctranslate2_engine import available_cores

    return config.flow.workers or available_cores()


@contextmanager
def dask_runner(config: Config) -> Iterator[DaskTaskRunner | None]:
    """The Dask task runner of the flow run that is under way, or one for this block alone; None: this process works."""
    running = _running()
    if running is not None:
        yield running
        return
    with task_runner(config) as runner:
        if is_dask(runner):
            with runner.duplicate() as started:
                yield started  # type: ignore[misc]
        else:
            yield None


def is_dask(runner: object) -> bool:
    """Whether a task runner sends tasks to Dask; imports nothing."""
    module = sys.modules.get("prefect_dask")
    return module is not None and isinstance(runner, module.DaskTaskRunner)


def _running() -> DaskTaskRunner | None:
    from prefect.context import FlowRunContext

    context = FlowRunContext.get()
    return context.task_runner if context is not None and is_dask(context.task_runner) else None  # type: ignore[return-value]


def _dask(address: str) -> DaskTaskRunner:
    from prefect_dask.task_runners import DaskTaskRunner

    return DaskTaskRunner(address=address, client_kwargs={"timeout": CONNECT_SECONDS})


@contextmanager
def _local_cluster(count: int, memory: str) -> Iterator[str]:
    """The address of a cluster of ``count`` processes; its parts talk over the loopback interface only."""
    from dask.utils import parse_bytes
    from distributed import LocalCluster

    _quiet()
    try:
        limit = parse_bytes(memory)
    except ValueError:
        raise UserError(f'"flow.worker_memory" must be a size such as 2GB, not "{memory}".') from None
    with LocalCluster(  # type: ignore[no-untyped-call]
        n_workers=count,
        threads_per_worker=1,
        processes=True,
        memory_limit=limit,
        dashboard_address="127.0.0.1:0",  # None would listen at port 8787 all the same
        host="127.0.0.1",
        env=_api(),
    ) as cluster:
        address: str = cluster.scheduler_address
        try:
            yield address
        finally:
            with suppress(UnavailableError), _client(address) as client:
                _send_events(client)


def _quiet() -> None:
    """Has Dask report errors alone: what concerns the run (a lost worker or scheduler) it is told by this package."""
    import logging

    logging.getLogger("distributed").setLevel(logging.ERROR)


def _api() -> dict[str, str]:
    """Where workers report to: a worker must not start a server of its own."""
    from prefect.settings import PREFECT_API_URL

    url = PREFECT_API_URL.value()
    return {} if url is None else {"PREFECT_API_URL": url}


def _send_events(client: distributed.Client) -> None:
    """Has each worker tell Prefect's server what it has not told yet: they are about to be stopped."""
    from distributed import wait

    from flows.server import drain

    at = client.nthreads()  # type: ignore[no-untyped-call]
    sent = [client.submit(drain, workers=[address], pure=False) for address in at]
    with client.as_current(), suppress(TimeoutError):
        wait(sent, timeout=DRAIN_SECONDS)  # type: ignore[no-untyped-call]


def _connected(address: str) -> DaskTaskRunner:
    """A runner for a cluster that is there and has a worker."""
    with _client(address) as client:
        try:
            client.wait_for_workers(1, timeout=WORKER_SECONDS)
        except TimeoutError:
            raise UnavailableError(
                f"The Dask scheduler at {address} has no workers: start one with `dask worker {address} --nthreads 1`."
            ) from None
    return _dask(address)


@contextmanager
def _client(address: str) -> Iterator[distributed.Client]:
    from distributed import Client

    _quiet()
    try:
        client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, ValueError, TimeoutError) as error:
        raise UnavailableError(
            f"No Dask scheduler answers at {address}: start one with `dask scheduler`, or correct `flow.scheduler`."
        ) from error
    with client:
        yield client
