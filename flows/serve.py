"""One long-lived process that publishes on a schedule: Prefect's `serve`, with this project's defaults."""

from __future__ import annotations

from typing import Any

from translate.errors import UserError

NAME = "served"


def serve(cron: str, timezone: str, config_file: str | None, settings: dict[str, Any]) -> None:
    """Runs ``publish_drafts`` whenever the cron expression says, until the process ends; one run at a time.

    Raises UserError for a schedule that cannot be read, or without a Prefect API.
    """
    from prefect.settings import PREFECT_API_URL

    if not PREFECT_API_URL.value():
        raise UserError(
            "serve needs a Prefect API: run `prefect server start`, then set "
            "PREFECT_API_URL=http://127.0.0.1:4200/api and run again."
        )
    from prefect import serve as serve_deployments
    from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
    from prefect.deployments.runner import RunnerDeployment
    from prefect.schedules import Cron
    from prefect.types.entrypoint import EntrypointType

    from flows.publish_drafts import TAGS, publish_drafts

    try:
        deployment = publish_drafts.to_deployment(
            name=NAME,
            schedule=Cron(cron, timezone=timezone),
            parameters={"config_file": config_file, "settings": settings},
            tags=list(TAGS),
            concurrency_limit=ConcurrencyLimitConfig(limit=1, collision_strategy=ConcurrencyLimitStrategy.ENQUEUE),
            entrypoint_type=EntrypointType.MODULE_PATH,
        )
    except ValueError as error:  # pydantic's errors are
        raise UserError(f"the schedule `{cron}` in {timezone} cannot be read; see https://crontab.guru.") from error
    assert isinstance(deployment, RunnerDeployment)  # a coroutine only inside an event loop
    serve_deployments(deployment, limit=1, pause_on_shutdown=True, print_starting_message=True)
