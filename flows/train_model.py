"""From sentence pairs to a checkpoint as a tracked Prefect flow: each step of ``translate.training.steps`` a task.

The steps know themselves whether there is anything to do, by content, so Prefect caches nothing here; a flow that was
interrupted goes on where it was, within a step too where training is concerned. ``python -m flows.train_model RECIPE
--out DIR`` runs it; ``python -m translate.training`` does the same without Prefect.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from prefect import flow, get_run_logger, task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE

from flows.retries import retry_condition
from translate.errors import UserError
from translate.training.recipe import load_recipe
from translate.training.steps import EVALUATION, RECORD, STEPS, run_step

RETRIES, RETRY_DELAY_SECONDS = 2, 5.0


@task(
    name="training step",
    task_run_name="{name}",
    cache_policy=NO_CACHE,
    persist_result=False,
    retries=RETRIES,
    retry_delay_seconds=RETRY_DELAY_SECONDS,
    retry_condition_fn=retry_condition,
)
def do_step(name: str, recipe: str | None, out: str, overrides: dict[str, Any]) -> bool:
    """Does the step of this name unless it is done; says whether there was something to do."""
    logger = get_run_logger()
    step = next(step for step in STEPS if step.name == name)
    return run_step(step, load_recipe(recipe, overrides), Path(out), logger.info)


@flow(name="train-model", persist_result=False)
def train_model(out: str, recipe: str | None = None, overrides: dict[str, Any] | None = None) -> dict[str, Any]:
    """Every step, in order; the scores of the checkpoint, which also become an artifact.

    ``recipe``: a file of ``configs/model`` (None: ``base.yaml``); ``overrides``: dotted keys of the recipe
    (``{"schedule.minutes": 30}``), which outrank it.
    """
    load_recipe(recipe, overrides)  # what is wrong in it is said before the first task
    for step in STEPS:
        do_step(step.name, recipe, out, overrides or {})
    scores: dict[str, Any] = json.loads((Path(out) / EVALUATION).read_text(encoding="utf-8"))
    record: dict[str, Any] = json.loads((Path(out) / RECORD).read_text(encoding="utf-8"))
    create_markdown_artifact(page(record, scores), key="trained-model", description="What was trained, and its scores")
    return scores


def page(record: Mapping[str, Any], scores: Mapping[str, Any]) -> str:
    """What the corpus gave, what training did, and the scores, in Markdown."""
    pairs, run = record["corpus"]["pairs"], record["train"]
    dropped = ", ".join(f"{count} {rule}" for rule, count in record["corpus"]["dropped"].items())
    rows = [*scores["tests"].items(), ("validation pairs", scores["validation"]), *scores["sources"].items()]
    return "\n".join(
        [
            f"{pairs['training']} pairs, {pairs['validation']} for validation. Left out: {dropped or 'none'}.",
            "",
            f"{run['parameters']} parameters, {run['updates']} updates, {run['target_tokens']} target pieces, "
            f"{run['minutes']} minutes on {run['device']}.",
            "",
            "| | sentences | BLEU | chrF2 |",
            "|---|---|---|---|",
            *(f"| {name} | {s['sentences']} | {s['BLEU']:.1f} | {s['chrF2']:.1f} |" for name, s in rows if s),
            "",
        ]
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the flow with a Prefect API of its own if none is configured."""
    from flows.server import prefect_api

    parser = argparse.ArgumentParser(prog="python -m flows.train_model", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("recipe", nargs="?", metavar="RECIPE", help="a file of configs/model; base.yaml without one")
    parser.add_argument("--out", required=True, metavar="DIR", help="where everything goes")
    options = parser.parse_args(arguments)
    try:
        with prefect_api(Path(options.out) / "server.log", startup_seconds=180):
            print(json.dumps(train_model(options.out, options.recipe), ensure_ascii=False, indent=1))
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
