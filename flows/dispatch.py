"""Runs the calls of one task: here one after the other, or on Dask, a bounded number of them at a time.

What Dask and Prefect do when a worker dies (Prefect 3.8.8, distributed 2026.8): Dask runs the call again on another
worker, under the same task run. Prefect's workers decide on a task run's states themselves and only report them, so
nothing refuses the second start. A call that was on several workers when they died is given up (``KilledWorker``,
three by default); it is then submitted anew, as often as ``flow.retries`` says.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from translate.errors import UnavailableError, UserError

if TYPE_CHECKING:
    from prefect import Task
    from prefect_dask.task_runners import DaskTaskRunner, PrefectDaskFuture

Call = Mapping[str, Any]
AHEAD = 3
"""Calls submitted for each thread of the cluster: one that runs, one that is next, one against a late one."""
_PATIENCE = 30.0
"""Seconds after which a run that waits looks whether there is a worker left."""
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Sent:
    call: Call
    future: PrefectDaskFuture[Any]
    killed: int = 0


def results(
    task: Task[..., Any], calls: Iterable[Call], runner: DaskTaskRunner | None, retries: int
) -> Generator[Any, None, None]:
    """The result of each call, in order, as they come. ``runner`` None: each is made when its result is asked for.

    Raises what a call raises, UnavailableError for a cluster that is gone and UserError for a call that kills its
    workers. What is still waiting is then taken back; what runs, ends and stays cached.
    """
    if runner is None:
        for call in calls:
            yield task(**call)
        return
    window: deque[_Sent] = deque()
    try:
        for call in calls:
            if len(window) >= AHEAD * max(1, threads(runner)):
                yield _result(window.popleft(), task, runner, retries)
            window.append(_Sent(call, _submit(task, call, runner)))
        while window:
            yield _result(window.popleft(), task, runner, retries)
    finally:
        for sent in window if runner.client.status == "running" else ():
            sent.future.wrapped_future.cancel()  # type: ignore[no-untyped-call]


def threads(runner: DaskTaskRunner) -> int:
    """The threads of all workers that the cluster has now. Raises UnavailableError for a cluster that is gone."""
    with _reachable(runner):
        return sum(runner.client.nthreads().values())  # type: ignore[no-untyped-call]


def _submit(task: Task[..., Any], call: Call, runner: DaskTaskRunner) -> PrefectDaskFuture[Any]:
    with _reachable(runner):
        return runner.submit(task, dict(call))


@contextmanager
def _reachable(runner: DaskTaskRunner) -> Iterator[None]:
    """Turns what Dask raises where the scheduler is gone into one sentence."""
    from concurrent.futures import CancelledError

    try:
        yield
    except (CancelledError, OSError, RuntimeError) as error:
        if runner.client.status == "running":
            raise
        raise UnavailableError(
            f"The Dask scheduler at {runner.address} has gone away: start it again and repeat the run; "
            "what was translated is kept."
        ) from error


def _result(sent: _Sent, task: Task[..., Any], runner: DaskTaskRunner, retries: int) -> Any:
    from distributed import KilledWorker

    while True:
        try:
            with _reachable(runner):
                _wait(sent.future, runner)
                return sent.future.result()
        except KilledWorker as error:
            sent.killed += 1
            if sent.killed > retries:
                raise UserError(
                    f"Every worker that was given {sent.call.get('label', 'one of the tasks')} died, "
                    "most likely for want of memory: raise `flow.worker_memory` or lower `flow.chunk_words`."
                ) from error
            _log.warning("Workers died with %s; it is submitted again.", sent.call.get("label", "a task"))
            sent.future = _submit(task, sent.call, runner)


def _wait(future: PrefectDaskFuture[Any], runner: DaskTaskRunner) -> None:
    """Until the call has ended or is lost."""
    idle = False
    while future.wrapped_future.status == "pending":
        future.wait(_PATIENCE)
        if future.wrapped_future.status == "pending" and runner.client.status == "running" and not threads(runner):
            if not idle:
                _log.warning("The Dask cluster has no workers left; the run goes on when one joins.")
            idle = True
