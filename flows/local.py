"""Run the flow from the command line: with a Prefect API, and without its noise."""

from __future__ import annotations

from flows.server import prefect_api
from translate.config import Config, cache_directory, settings
from translate.results import RunRequest, RunResult, Silent, Watcher


def run_flow(request: RunRequest, config: Config, watcher: Watcher | None = None) -> RunResult:
    """``translate.pipeline.run`` as a tracked flow run: the same result, the same errors."""
    watcher = watcher or Silent()
    watcher.step("Reaching Prefect")
    with prefect_api(cache_directory(config) / "prefect-server.log", config.flow.server_startup_seconds):
        from flows.translate_issue import translate_issue, watching

        token = watching.set(watcher)
        try:
            result: RunResult = translate_issue(
                drafts=list(request.drafts),
                humans=list(request.humans),
                out=request.out,
                report=None if request.report is None else str(request.report),
                settings=settings(config),
                gated=request.gated,
            )
        finally:
            watching.reset(token)
        return result
