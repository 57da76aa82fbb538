"""A Prefect API for one command: the configured one, or a temporary server that leaves no noise behind."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from translate.errors import UnavailableError, UserError

_QUIET = {
    # A flow's own failures are told by the command in one sentence, not as a traceback.
    "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
    "PREFECT_INTERNAL_LOGGING_LEVEL": "CRITICAL",
}


@contextmanager
def prefect_api(log: Path, startup_seconds: int) -> Iterator[str]:
    """The URL of a Prefect API that runs until the block is left.

    With ``PREFECT_API_URL`` (or a profile that names one) that API is used and left alone. Otherwise a
    temporary server starts on 127.0.0.1, over the database in ``PREFECT_HOME``, and writes what it says
    to ``log``. Everything that the client has to tell the server is sent before the server stops.

    Raises UserError when the server does not start within ``startup_seconds``, and UnavailableError (see `reachable`)
    when it goes away.
    """
    raising, logging.raiseExceptions = logging.raiseExceptions, False  # Prefect writes lost log lines to stderr
    os.environ.setdefault("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", str(startup_seconds))
    if "prefect" not in sys.modules:
        for name, value in _QUIET.items():
            os.environ.setdefault(name, value)
    from prefect.settings import PREFECT_API_URL, temporary_settings

    configured = PREFECT_API_URL.value()
    if configured:
        try:
            with reachable():
                yield configured
                drain()
        finally:
            logging.raiseExceptions = raising
        return

    from prefect.server.api.server import SubprocessASGIServer

    server = SubprocessASGIServer()
    try:
        with _errors_into(log):  # the server process inherits it
            server.start(timeout=startup_seconds)
    except Exception as error:
        server.stop()
        raise UserError(
            f"Prefect's temporary server did not start (its log: {log}); try again, or name a running one in "
            f"PREFECT_API_URL."
        ) from error
    try:
        # For worker processes: no server of their own.
        with temporary_settings({PREFECT_API_URL: server.api_url}), reachable():
            yield server.api_url
    finally:
        drain()
        server.stop()
        logging.raiseExceptions = raising


@contextmanager
def reachable() -> Iterator[None]:
    """Turns what Prefect's client raises where its API is gone into one sentence.

    The client has then tried for a while: six times within a minute, PREFECT_CLIENT_MAX_RETRIES says how often. Raises
    UnavailableError.
    """
    try:
        yield
    except UnavailableError:
        raise
    except Exception as error:
        url = _gone(error)
        if url is None:
            raise
        raise UnavailableError(
            f"The Prefect API at {url} does not answer: start its server and run again; what is published stays as it "
            "is, and what was translated is kept."
        ) from error


def _gone(error: BaseException | None) -> str | None:
    """The API's URL if the error, or one that it was raised from, says that no answer came from there."""
    import httpx
    from prefect.settings import PREFECT_API_URL

    url: str | None = PREFECT_API_URL.value()
    while error is not None:
        if isinstance(error, httpx.TransportError) and url:
            with suppress(RuntimeError):  # an error without a request
                if str(error.request.url).startswith(url):
                    return url
        error = error.__cause__
    return None


def drain() -> None:
    """Send the logs and events that are still queued; a server that has gone away loses them silently."""
    from prefect.events.worker import EventsWorker
    from prefect.logging.handlers import APILogWorker

    for worker in (APILogWorker, EventsWorker):
        worker.drain_all(timeout=10)


@contextmanager
def _errors_into(path: Path) -> Iterator[None]:
    """Point the process's standard output and error at a file, for a child process to inherit."""
    path.parent.mkdir(parents=True, exist_ok=True)
    sys.stdout.flush()
    sys.stderr.flush()
    kept = os.dup(1), os.dup(2)
    try:
        with path.open("ab") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
        yield
    finally:
        for number, descriptor in enumerate(kept, start=1):
            os.dup2(descriptor, number)
            os.close(descriptor)
