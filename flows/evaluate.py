"""Evaluate a folder of drafts with human versions as a tracked Prefect flow (see `translate.evaluation.folder`)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from prefect import flow, task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE

from flows.retries import retry_condition
from translate.config import Config, load_config
from translate.evaluation import folder as evaluation
from translate.evaluation.folder import Evaluation
from translate.evaluation.page import check_marks, markdown, rewritten
from translate.text_file import read_text, write_atomic


@task(name="translate and score", cache_policy=NO_CACHE, retry_condition_fn=retry_condition)
def measure(folder: Path, config: Config) -> Evaluation:
    """Every pair of the folder, with the glossary enforced and without."""
    return evaluation.evaluate(folder, config)


@flow(name="evaluate", persist_result=False)
def evaluate(
    folder: str,
    out: str | None = None,
    readme: str | None = None,
    config_file: str | None = None,
    settings: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """The evaluation as plain data; its tables become an artifact and, if asked for, a page and a block of README."""
    config = load_config(config_file, settings)
    if readme is not None:
        check_marks(read_text(readme).text, readme)
    again = measure.with_options(retries=config.flow.retries, retry_delay_seconds=config.flow.retry_delay_seconds)
    found: Evaluation = again(Path(folder), config)
    page = markdown(found)
    create_markdown_artifact(page, key="evaluation", description="Scores by issue, with the glossary and without")
    if out is not None:
        write_atomic(out, page)
    if readme is not None:
        write_atomic(readme, rewritten(read_text(readme).text, found, readme))
    return found.as_dict()
