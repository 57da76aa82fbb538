"""Translate drafts as a tracked Prefect flow.

The steps and their order are ``translate.pipeline``'s. Here each becomes a task: with retries where another attempt
can help, with a cache keyed by content for the expensive one, and with artifacts of the scores. Take the decorators
away and the code still works.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from prefect import flow, task
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.context import TaskRunContext
from prefect.utilities.annotations import quote

from flows.caching import content_key, decode, encode
from flows.retries import retry_condition
from glossary import Matcher, Termbase
from translate import pipeline
from translate.config import Config, EngineName, cache_directory, load_config
from translate.decoding.translator import Translation, assemble, plan, translate_sources
from translate.pipeline import Checked, Steps
from translate.results import Draft, RunRequest, RunResult, Silent, Watcher
from translate.score_table import score_markdown, score_rows
from translate.text_file import SourceText, write_atomic

if TYPE_CHECKING:
    from translate.marian.checkpoint import Checkpoint
    from translate.marian.protocol import Engine
    from translate.scoring.scorecard import ScoreCard


# The model: once in a process, never a task's argument or result ----------------------------------


def engine_of(config: Config) -> Engine:
    """The configured engine; the same object for as long as the checkpoint's content stays the same."""
    return _engine(config.model.engine, pipeline.load_checkpoint(config), config.model.threads or None)


@functools.lru_cache(maxsize=2)
def _engine(name: EngineName, checkpoint: Checkpoint, threads: int | None) -> Engine:
    from translate.marian import load_engine

    return load_engine(name, checkpoint, threads=threads)


# Tasks --------------------------------------------------------------------------------------------


@task(name="check and parse", cache_policy=NO_CACHE, retry_condition_fn=retry_condition)
def check(request: RunRequest, config: Config) -> Checked:
    """Reads and parses drafts, human versions and glossary."""
    return pipeline.check(request, config)


@task(name="load the model", cache_policy=NO_CACHE, retry_condition_fn=retry_condition)
def load(config: Config) -> dict[str, str]:
    """Has the model ready in this process; says which one it is."""
    return engine_of(config).signature


def _key(context: TaskRunContext, arguments: dict[str, Any]) -> str:
    key: str = arguments["key"]
    return key


@task(
    name="translate and enforce",
    task_run_name="translate and enforce: {name}",
    cache_key_fn=_key,
    persist_result=True,
    result_serializer="json",
    retry_condition_fn=retry_condition,
)
def translate(name: str, key: str, draft: Draft, termbase: Termbase, config: Config) -> list[Any]:
    """The hypotheses for a draft's distinct sentences, with the glossary enforced; ``key`` says when they hold."""
    sources = plan(draft.document.segments, Matcher(termbase)).sources
    reference, progress = pipeline.reference_engine(config), (watching.get() or Silent()).progress
    return encode(translate_sources(sources, engine_of(config), pipeline.settings_of(config), reference, progress))


@task(name="put back into Markdown", cache_policy=NO_CACHE)
def render(draft: Draft, translations: Sequence[Translation], config: Config) -> str:
    """The bilingual file's text."""
    return pipeline.render_bilingual(draft, translations, config)


@task(name="score", cache_policy=NO_CACHE)
def score(
    draft: Draft, translations: Sequence[Translation], human: SourceText, termbase: Termbase, config: Config
) -> tuple[ScoreCard, tuple[str, ...]]:
    """The score card against the human version."""
    return pipeline.score_draft(draft, translations, human, termbase, config)


@task(name="write", cache_policy=NO_CACHE, retry_condition_fn=retry_condition)
def write(result: RunResult, config: Config) -> None:
    """Bilingual files and report, each whole or as it was before."""
    pipeline.write_outputs(result, config)


# The flow -----------------------------------------------------------------------------------------

watching: ContextVar[Watcher | None] = ContextVar("watching", default=None)
"""Who is told how far the run is: an object of this process, hence no parameter."""


@flow(name="translate-issue", persist_result=False)
def translate_issue(
    drafts: list[str],
    humans: list[str] | None = None,
    out: str | None = None,
    report: str | None = None,
    config_file: str | None = None,
    settings: dict[str, Any] | None = None,
    gated: bool = True,
) -> RunResult:
    """Every step of the pipeline, tracked. The scores become artifacts, and a page beside the cached results.

    ``settings`` are dotted keys of the configuration (``{"decoding.beam_size": 1}``) and outrank ``config_file``.
    ``gated``: an issue that the configuration's gate refuses keeps its previous file, and the artifacts say why.
    """
    config = load_config(config_file, settings)
    request = RunRequest(tuple(drafts), out, tuple(humans or ()), None if report is None else Path(report), gated=gated)
    result = pipeline.run(request, config, watching.get(), _tracked(config))
    page = score_markdown(result)
    create_markdown_artifact(page, key="translated-issues", description="Scores, terms and flags of the run")
    create_table_artifact(score_rows(result), key="translated-issues-table", description="One row for each issue")
    write_atomic(page_path(config), page)
    return result


def page_path(config: Config) -> Path:
    """Where the last run's artifact is on disk: Prefect keeps its own in the API's database."""
    return results_directory(config) / "translated-issues.md"


def results_directory(config: Config) -> Path:
    """Where task results are kept."""
    return config.flow.result_storage or cache_directory(config) / "results"


T = TypeVar("T")


def _whole(value: T) -> T:
    """An argument that Prefect passes on without looking for futures in it: a parsed draft is large."""
    return cast("T", quote(value))


def _tracked(config: Config) -> Steps:
    """The pipeline's steps as tasks."""
    again: Any = {"retries": config.flow.retries, "retry_delay_seconds": config.flow.retry_delay_seconds}
    storage = results_directory(config)
    storage.mkdir(parents=True, exist_ok=True)
    cached = translate.with_options(result_storage=storage, **again)

    def load_here(config: Config) -> Engine:
        load.with_options(**again)(_whole(config))
        return engine_of(config)

    def translate_each(
        drafts: Sequence[Draft], engine: Engine, termbase: Termbase, config: Config, watcher: Watcher
    ) -> list[list[Translation]]:
        matcher, done = Matcher(termbase), []
        for draft in drafts:
            key = content_key(draft.source.text, termbase.hash, engine.signature, config)
            rows = cached(draft.name, key, _whole(draft), _whole(termbase), _whole(config))
            planned = plan(draft.document.segments, matcher)
            done.append(assemble(planned, decode(rows), matcher, pipeline.settings_of(config)))
        return done

    return Steps(
        check=lambda request, config: check.with_options(**again)(_whole(request), _whole(config)),
        load=load_here,
        translate=translate_each,
        render=lambda draft, done, config: render(_whole(draft), _whole(done), _whole(config)),
        score=lambda draft, done, human, termbase, config: score(
            _whole(draft), _whole(done), _whole(human), _whole(termbase), _whole(config)
        ),
        write=lambda result, config: write.with_options(**again)(_whole(result), _whole(config)),
    )
