"""Run the flow from the command line: with a Prefect API, and without its noise."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from flows.server import prefect_api
from translate.config import Config, cache_directory, settings
from translate.publishing.results import Published, PublishError
from translate.results import RunRequest, RunResult, Silent, Watcher

if TYPE_CHECKING:
    from prefect.client.schemas.objects import State


def run_flow(request: RunRequest, config: Config, watcher: Watcher | None = None) -> RunResult:
    """``translate.pipeline.run`` as a tracked flow run: the same result, the same errors."""
    watcher = watcher or Silent()
    watcher.step("Reaching Prefect")
    with prefect_api(cache_directory(config) / "prefect-server.log", config.flow.server_startup_seconds):
        from flows.translate_issue import translate_issue
        from flows.watching import watching

        token = watching.set(watcher)
        try:
            result: RunResult = translate_issue(
                drafts=list(request.drafts),
                humans=list(request.humans),
                out=request.out,
                report=None if request.report is None else str(request.report),
                settings=settings(config),
                gated=request.gated,
            ).unwrap()
        finally:
            watching.reset(token)
        return result


def publish_flow(config: Config) -> Published:
    """``translate.publishing.publish`` as a tracked flow run. Drafts that failed are outcomes, not an exception."""
    with prefect_api(cache_directory(config) / "prefect-server.log", config.flow.server_startup_seconds):
        from flows.publish_drafts import publish_drafts

        # A flow that returns a state is typed as if that state were its result.
        state = cast("State[Published]", publish_drafts(settings=settings(config), return_state=True))
        found = state.result(raise_on_failure=False)
        if isinstance(found, PublishError):
            return found.published
        if isinstance(found, BaseException):
            raise found
        return found
