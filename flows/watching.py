"""Who is told how far a run is: an object of this process, hence no parameter of a flow."""

from __future__ import annotations

from contextvars import ContextVar

from translate.results import Silent, Watcher

watching: ContextVar[Watcher | None] = ContextVar("watching", default=None)
"""The watcher of the flow run that is about to begin."""


def watcher() -> Watcher:
    """The watcher that was set, or one that shows nothing."""
    return watching.get() or Silent()
