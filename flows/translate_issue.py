"""Translate drafts as a tracked Prefect flow.

The steps and their order are ``translate.pipeline``'s. Here each becomes a task: with retries where another attempt
can help, and with artifacts of the scores. Take the decorators away and the code still works.

What is expensive, translating, is cut by sentences and not by drafts (see `flows.chunks`): one task a chunk, cached by
its content, run in this process or wherever the task runner has workers (see `flows.runners`). One draft and ten
thousand go the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from prefect import flow, task
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.context import TagsContext, TaskRunContext
from prefect.utilities.annotations import opaque, quote

from flows import dispatch, work
from flows.caching import chunk_key, decode, program_hash
from flows.chunks import Chunk, chunks, row
from flows.elsewhere import ElsewhereEngine
from flows.kept import opened, sealed, tell_if_damaged
from flows.retries import retry_condition
from flows.runners import dask_runner
from flows.storage import keep_page, page_path, result_storage
from flows.watching import watcher, watching
from glossary import Matcher, Termbase
from translate import pipeline
from translate.config import Config, load_config
from translate.decoding.translator import Hypothesized, Translation, assemble, plan
from translate.pipeline import Checked, Steps
from translate.results import Draft, RunRequest, RunResult, Watcher
from translate.score_table import score_markdown, score_rows
from translate.text_file import SourceText

if TYPE_CHECKING:
    from prefect_dask.task_runners import DaskTaskRunner

    from translate.marian.protocol import Engine
    from translate.scoring.scorecard import ScoreCard

__all__ = ["page_path", "translate_issue", "watching"]

# Tasks --------------------------------------------------------------------------------------------


@task(name="check and parse", cache_policy=NO_CACHE, retry_condition_fn=retry_condition)
def check(request: RunRequest, config: Config) -> Checked:
    """Reads and parses drafts, human versions and glossary."""
    return pipeline.check(request, config)


@task(name="load the model", cache_policy=NO_CACHE, retry_condition_fn=retry_condition)
def load(settings: dict[str, Any], program: str) -> dict[str, str]:
    """Has the model ready in the process that runs this; says which one it is."""
    return work.signature_here(settings, program)


def _key(context: TaskRunContext, arguments: dict[str, Any]) -> str:
    key: str = arguments["key"]
    return key


@task(
    name="translate and enforce",
    task_run_name="translate and enforce: {label}",
    cache_key_fn=_key,
    persist_result=True,
    result_serializer="json",
    cache_result_in_memory=False,  # Prefect would hold the last thousand results
    retry_condition_fn=retry_condition,
)
def translate(
    label: str, key: str, payload: str, signature: dict[str, str], settings: dict[str, Any], program: str
) -> dict[str, Any]:
    """The hypotheses for a chunk of sentences, sealed, with the glossary enforced; ``key`` says when they hold."""
    return sealed(work.translate_payload(payload, signature, settings, program))


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


@flow(name="translate-issue", persist_result=False)
def translate_issue(
    drafts: list[str],
    humans: list[str | None] | None = None,
    out: str | None = None,
    report: str | None = None,
    config_file: str | None = None,
    settings: dict[str, Any] | None = None,
    gated: bool = True,
    revision: str | None = None,
) -> opaque:
    """Every step of the pipeline, tracked. The scores become artifacts, and a page beside the cached results.

    The result is in the ``opaque``'s ``unwrap()``: Prefect looks for futures in whatever a flow returns, and in all
    that this consists of, every word's alignment, that took longer than to write the files.

    ``settings`` are dotted keys of the configuration (``{"decoding.beam_size": 1}``) and outrank ``config_file``.
    ``gated``: an issue that the configuration's gate refuses keeps its previous file, and the artifacts say why.
    Around many calls, start the workers once: ``translate_issue.with_options(task_runner=…)``, see `flows.runners`.
    """
    config = load_config(config_file, settings)
    request = RunRequest(
        tuple(drafts),
        out,
        tuple(humans or ()),
        None if report is None else Path(report),
        gated=gated,
        revision=revision,
    )
    with dask_runner(config) as runner, _untagged():
        result = pipeline.run(request, config, watcher(), _tracked(config, runner))
    page = score_markdown(result)
    create_markdown_artifact(page, key="translated-issues", description="Scores, terms and flags of the run")
    create_table_artifact(score_rows(result), key="translated-issues-table", description="One row for each issue")
    keep_page(page, config)
    return opaque(result)


def _untagged() -> TagsContext:
    """The flow's tags are not its tasks': for each tag of a task Prefect asks the server for a concurrency slot."""
    return TagsContext(current_tags=set())


T = TypeVar("T")


def _whole(value: T) -> T:
    """An argument that Prefect passes on without looking for futures in it: a parsed draft is large."""
    return cast("T", quote(value))


def _call(chunk: Chunk, signature: Mapping[str, str], sent: Mapping[str, object], config: Config) -> dict[str, Any]:
    """The arguments of a chunk's task."""
    return {
        "label": f"{len(chunk.rows)} sentences, {chunk.words} words",
        "key": chunk_key(chunk.payload, signature, config),
        "payload": chunk.payload,
        "signature": dict(signature),
        "settings": dict(sent),
        "program": program_hash(),
    }


@contextmanager
def _listening(told: Callable[[int], None]) -> Iterator[None]:
    """A chunk that is translated in this process tells how far it is."""
    token = work.listening.set(told)
    try:
        yield
    finally:
        work.listening.reset(token)


def _tracked(config: Config, runner: DaskTaskRunner | None) -> Steps:
    """The pipeline's steps as tasks; with ``runner`` the model's work is done by its workers alone."""
    again: Any = {"retries": config.flow.retries, "retry_delay_seconds": config.flow.retry_delay_seconds}
    storage = result_storage(config)
    cached = translate.with_options(result_storage=storage, **again)
    sent = work.sent(config, threads=None if runner is None else 1)

    def load_model(config: Config) -> Engine:
        call = {"settings": sent, "program": program_hash()}
        (signature,) = dispatch.results(load.with_options(**again), [call], runner, config.flow.retries)
        if runner is None:
            return work.engine_of(config)
        return ElsewhereEngine(config.model.engine, signature, lambda: work.engine_of(config))

    def call(chunk: Chunk, engine: Engine) -> dict[str, Any]:
        made = _call(chunk, engine.signature, sent, config)
        if isinstance(storage, Path):
            tell_if_damaged(storage / made["key"])
        return made

    def arriving(
        cut: Sequence[Chunk], engine: Engine, watcher: Watcher
    ) -> Generator[dict[str, Hypothesized], None, None]:
        """What the model made of each row, chunk by chunk."""
        done, total = 0, sum(len(chunk.rows) for chunk in cut)
        calls = (call(chunk, engine) for chunk in cut)
        with closing(dispatch.results(cached, calls, runner, config.flow.retries)) as results:
            for chunk in cut:
                watcher.step("Translating")  # what came in between were steps, too
                with _listening(lambda some: watcher.progress(done + some, total)):  # noqa: B023 - called at once
                    rows = opened(next(results))
                if rows is None:  # it was kept well-formed, and yet is not what was kept
                    fresh = cached.with_options(refresh_cache=True)
                    (anew,) = dispatch.results(fresh, [call(chunk, engine)], runner, config.flow.retries)
                    rows = anew["rows"]
                done += len(chunk.rows)
                watcher.progress(done, total)
                yield dict(zip(chunk.rows, decode(rows), strict=True))

    def translate_all(
        drafts: Sequence[Draft], engine: Engine, termbase: Termbase, config: Config, watcher: Watcher
    ) -> Generator[list[Translation], None, None]:
        matcher, form = Matcher(termbase), pipeline.settings_of(config)
        plans = [plan(draft.document.segments, matcher, links=form.links) for draft in drafts]
        cut = chunks((source for planned in plans for source in planned.sources), config.flow.chunk_words)
        found: dict[str, Hypothesized] = {}
        with closing(arriving(cut, engine, watcher)) as arrivals:
            for planned in plans:
                rows = [row(source) for source in planned.sources]
                while not found.keys() >= set(rows):
                    found |= next(arrivals)
                yield assemble(planned, [found[r] for r in rows], matcher, form)

    return Steps(
        check=lambda request, config: check.with_options(**again)(_whole(request), _whole(config)),
        load=load_model,
        translate=translate_all,
        render=pipeline.render_bilingual,  # takes less time than to track it
        score=lambda draft, done, human, termbase, config: score(
            _whole(draft), _whole(done), _whole(human), _whole(termbase), _whole(config)
        ),
        write=lambda result, config: write.with_options(**again)(_whole(result), _whole(config)),
    )
