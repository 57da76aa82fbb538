"""Adapt the model to the team's translators as a tracked Prefect flow (see `translate.training.adapt`).

Made to be scheduled: it trains on what humans have approved since, tests on the newest issues, and writes a new
checkpoint only if it is better. Nobody's configuration is changed: `--model` (or `model.name`) selects a checkpoint.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from prefect import flow, task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.logging import get_run_logger

from flows.retries import retry_condition
from translate.config import Config, load_config
from translate.training.adapt import Adapted, AdaptRequest
from translate.training.card import scores_table


@task(name="adapt and test", cache_policy=NO_CACHE, persist_result=False, retry_condition_fn=retry_condition)
def adapt_and_test(request: AdaptRequest, config: Config) -> Adapted:
    """Everything from reading to the verdict; PyTorch and the models live in this task alone."""
    from translate.training.adapt import adapt

    return adapt(request, config)


@flow(name="adapt-model", persist_result=False)
def adapt_model(
    out: str,
    general: list[str],
    pairs: list[list[str]] | None = None,
    tests: list[list[str]] | None = None,
    generic: list[str] | None = None,
    memory: bool = False,
    updates: int | None = None,
    seed: int = 1,
    config_file: str | None = None,
    settings: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """The report as plain data; ``checkpoint`` in it names the new checkpoint, if one was kept.

    ``general``: an English and a Portuguese file of parallel lines; ``pairs``, ``tests``: [draft, human version] each;
    ``settings``: dotted configuration keys, as ``{"adapt.minutes": 10}``.
    """
    config = load_config(config_file, settings)
    english, portuguese = general
    request = AdaptRequest(
        out=Path(out),
        general=(Path(english), Path(portuguese)),
        pairs=tuple((draft, human) for draft, human in pairs or ()),
        tests=tuple((draft, human) for draft, human in tests or ()),
        generic=tuple(Path(name) for name in generic or ()),
        memory=memory,
        updates=updates,
        seed=seed,
    )
    adapted = adapt_and_test(request, config)
    create_markdown_artifact(page(adapted), key="adaptation", description="The adapted model beside the present one")
    logger = get_run_logger()
    if adapted.path is None:
        logger.info("Not kept: %s", "; ".join(adapted.verdict.reasons))
    else:
        logger.info("Kept: %s", adapted.path)
    return adapted.report


def page(adapted: Adapted) -> str:
    """The artifact: the verdict and its numbers."""
    kept = adapted.path is not None
    verdict = f"Kept: `{adapted.path}`" if kept else "Not kept: " + "; ".join(adapted.verdict.reasons)
    return "\n".join(["# Adaptation", "", verdict, "", *scores_table(adapted.report), ""])
