"""The scheduled run: publish every draft that is new or has changed, tracked by Prefect.

What is done, and in which order, is ``translate.publishing``'s. Here it gets what an unattended run needs: each wave
as a run of the translate-issue flow, artifacts, progress, events for automations, and the run's log.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from prefect import flow, get_run_logger, tags
from prefect.artifacts import (
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)
from prefect.client.schemas.objects import State
from prefect.events import emit_event
from prefect.runtime import flow_run
from prefect.states import Completed

from flows.runners import task_runner
from flows.server import reachable
from flows.translate_issue import translate_issue
from flows.watching import watcher, watching
from translate.config import Config, load_config
from translate.config import settings as settings_of
from translate.publishing.log import Level, RunLog
from translate.publishing.page import rows, summary_page
from translate.publishing.publish import log_path, publish
from translate.publishing.results import Outcome, Published
from translate.results import RunRequest, RunResult, Watcher

TAGS = ("translate-issue", "publish")
HELD_BACK = "translate-issue.held-back"
FAILED = "translate-issue.failed"
_EVERY = 2.0
"""Seconds between two updates of the progress artifact."""


@flow(name="publish-drafts", persist_result=False)
def publish_drafts(config_file: str | None = None, settings: dict[str, Any] | None = None) -> State[Published]:
    """Publishes what is new or has changed; a second run finds nothing to do.

    ``settings`` are dotted keys of the configuration (``{"publish.root": "/srv/site"}``) and outrank ``config_file``;
    without it the file that TRANSLATE_ISSUE_CONFIG names counts. Ends as Completed, as Completed with the name "Held
    back" if the gate refused an issue, or as Failed (PublishError) if a draft could not be published; each such draft
    is an event as well.
    """
    config = load_config(config_file, settings)
    log = RunLog(log_path(config), str(flow_run.id), _tell)
    with task_runner(config) as runner, tags(*TAGS):
        wave_flow = translate_issue.with_options(task_runner=runner)
        progress = _Progress(watcher())

        def run(request: RunRequest) -> RunResult:
            # Every draft needs the API: without it the run ends here, instead of failing draft by draft.
            with reachable(), progress.watching():
                result: RunResult = wave_flow(
                    drafts=list(request.drafts),
                    humans=list(request.humans),
                    settings=settings_of(config),
                    gated=request.gated,
                    revision=request.revision,
                ).unwrap()
            return result

        def wave_done(done: int, total: int) -> None:
            with reachable():
                progress.wave_done(done, total)

        published = publish(config, run, log, wave_done)
    _tell_prefect(published, config)
    published.raise_failures()
    held = published.of("held back")
    return Completed(name="Held back" if held else "Completed", message=published.line(), data=published)


def _tell(level: Level, message: str) -> None:
    logger = get_run_logger()
    {"info": logger.info, "warning": logger.warning, "error": logger.error}[level](message)


def _tell_prefect(published: Published, config: Config) -> None:
    """Artifacts where there was work, and an event for each draft that someone must look at."""
    if published.folder is None:
        return
    page = summary_page(published, config.publish.links)
    create_markdown_artifact(page, key="published-issues", description=published.line())
    create_table_artifact(rows(published), key="published-issues-table", description="One row for each issue")
    for outcome in published.of("held back"):
        _emit(HELD_BACK, outcome, published)
    for outcome in published.of("failed"):
        _emit(FAILED, outcome, published)


def _emit(event: str, outcome: Outcome, published: Published) -> None:
    run = f"prefect.flow-run.{published.run_id}"
    emit_event(
        event,
        resource={
            "prefect.resource.id": f"translate-issue.draft.{outcome.draft}",
            "prefect.resource.name": outcome.draft,
        },
        related=[{"prefect.resource.id": run, "prefect.resource.role": "flow-run"}],
        payload={"reason": outcome.message, "run": published.run_id, "report": str(published.folder)},
    )


class _Progress:
    """The progress artifact of a run: made with the first wave, moved on within waves and after each."""

    def __init__(self, inner: Watcher) -> None:
        self._inner = inner
        self._artifact: UUID | None = None
        self._last = 0.0
        self._share, self._done = 0.0, 0.0

    def step(self, name: str) -> None:
        """Told by the pipeline."""
        self._inner.step(name)

    def progress(self, done: int, total: int) -> None:
        """Told by the pipeline, of the wave's sentences. How large the wave is, is known when it ends."""
        self._inner.progress(done, total)
        if self._share:
            self._show(self._done + self._share * done / max(1, total))

    def wave_done(self, done: int, total: int) -> None:
        """Told after each wave: the words done, and those of the run."""
        share = 100.0 * done / max(1, total)
        self._share, self._done = min(share - self._done, 100.0 - share), share
        self._show(share, now=True)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """The wave's flow run tells this object how far it is."""
        if self._artifact is None:
            self._artifact = UUID(str(create_progress_artifact(0.0, key="publishing", description="Words published")))
        token = watching.set(self)
        try:
            yield
        finally:
            watching.reset(token)

    def _show(self, percent: float, *, now: bool = False) -> None:
        if self._artifact is not None and (now or time.monotonic() - self._last > _EVERY):
            update_progress_artifact(self._artifact, min(100.0, percent))
            self._last = time.monotonic()
