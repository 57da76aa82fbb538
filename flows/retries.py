"""Which failures another attempt can mend: the network's and a busy disk's. Bad input never."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prefect import Task
    from prefect.client.schemas.objects import State, TaskRun

_PASSING = {
    getattr(errno, name)
    for name in ("EAGAIN", "EBUSY", "EINTR", "EIO", "ENETDOWN", "ENETUNREACH", "ESTALE", "ETIMEDOUT")
    if hasattr(errno, name)
}
_SERVER_ERROR = 500
_TOO_MANY_REQUESTS = 429


def worth_another_try(error: BaseException) -> bool:
    """Whether the error, or one that it was raised from, passes by itself."""
    return any(_passes(cause) for cause in _causes(error))


def retry_condition(task: Task[..., object], run: TaskRun, state: State[object]) -> bool:
    """Prefect's question before it runs a failed task again."""
    return isinstance(state.data, BaseException) and worth_another_try(state.data)


def _passes(error: BaseException) -> bool:
    import httpx

    response = getattr(error, "response", None)
    if isinstance(response, httpx.Response):
        return response.status_code >= _SERVER_ERROR or response.status_code == _TOO_MANY_REQUESTS
    if isinstance(error, (httpx.TransportError, TimeoutError, BlockingIOError)):
        return True
    return isinstance(error, OSError) and error.errno in _PASSING


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__
