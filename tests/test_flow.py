"""The flow against a real Prefect API: states, cache, retries, artifacts."""

from __future__ import annotations

import errno
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import httpx
import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from flows.caching import chunk_key, decode, encode
from flows.retries import worth_another_try
from translate.config import load_config
from translate.decoding.alignment import Alignment
from translate.decoding.enforce import Rendering
from translate.decoding.translator import Hypothesized
from translate.errors import UserError
from translate.pipeline import run
from translate.results import RunRequest

if TYPE_CHECKING:
    from prefect.client.schemas.objects import TaskRun

ROOT = Path(__file__).resolve().parents[1]
DRAFT = """---
title: "Issue [EN]"
---

The **throughput** of a [data pipeline](https://example.org/a) doubled.

We learned backpropagation by hand.
"""
HUMAN = (
    DRAFT.replace("[EN]", "[PT-BR]")
    .replace(
        "The **throughput** of a [data pipeline](https://example.org/a) doubled.",
        "O **throughput** de um [pipeline de dados](https://example.org/a) dobrou.",
    )
    .replace("We learned backpropagation by hand.", "Aprendemos backpropagation à mão.")
)


@pytest.fixture
def draft(tmp_path: Path) -> Path:
    path = tmp_path / "01.en.md"
    path.write_text(DRAFT, encoding="utf-8")
    return path


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, Any]:
    glossary = tmp_path / "terms.yaml"
    glossary.write_text("terms: [backpropagation, throughput]\n", encoding="utf-8")
    return {
        "glossary.file": str(glossary),
        "flow.result_storage": str(tmp_path / "results"),
        "flow.retry_delay_seconds": 0.0,
        "decoding.beam_size": 1,
    }


def tracked(run_id: object) -> list[TaskRun]:
    """The finished task runs of a flow run. The server records them from events, some time after the run."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId

    chosen = FlowRunFilter(id=FlowRunFilterId.model_validate({"any_": [run_id]}))
    runs: list[TaskRun] = []
    with get_client(sync_client=True) as client:
        for _ in range(300):
            before, runs = runs, client.read_task_runs(flow_run_filter=chosen)
            if runs and len(runs) == len(before) and all(run.state and run.state.is_final() for run in runs):
                break
            time.sleep(0.2)
    return runs


def translating(run_id: object) -> list[str | None]:
    """The final states of the task runs that translate."""
    return [run.state_name for run in tracked(run_id) if run.name.startswith("translate and enforce")]


@pytest.mark.usefixtures("prefect_api")
def test_a_run_is_tracked_scored_and_the_second_one_is_served_from_the_cache(
    draft: Path, settings: dict[str, Any], tmp_path: Path
) -> None:
    from prefect.artifacts import Artifact

    from flows.translate_issue import page_path, translate_issue

    human = tmp_path / "01.human.md"
    human.write_text(HUMAN, encoding="utf-8")
    first = translate_issue([str(draft)], [str(human)], settings=settings, return_state=True)
    assert first.is_completed()
    output = tmp_path / "01.pt-br.md"
    written = output.read_bytes()
    output.unlink()
    assert translating(first.state_details.flow_run_id) == ["Completed"]

    artifact = cast("Artifact", Artifact.get("translated-issues"))
    table = cast("Artifact", Artifact.get("translated-issues-table"))
    rows = json.loads(str(table.data))
    assert rows[0]["terms kept"] == "2 / 2"
    assert rows[0]["BLEU"] > 0
    assert f"| {rows[0]['BLEU']} |" in str(artifact.data)
    assert page_path(load_config(None, settings)).read_text(encoding="utf-8") == artifact.data

    second = translate_issue([str(draft)], [str(human)], settings=settings, return_state=True)
    assert second.is_completed()
    assert output.read_bytes() == written
    assert translating(second.state_details.flow_run_id) == ["Cached"]

    (cut_short,) = (p for p in (tmp_path / "results").iterdir() if p.suffix != ".md")
    cut_short.write_bytes(cut_short.read_bytes()[:100])
    output.unlink()
    again = translate_issue([str(draft)], [str(human)], settings=settings, return_state=True)
    assert output.read_bytes() == written
    assert translating(again.state_details.flow_run_id) == ["Completed"], "half a result counts as none"

    draft.write_text(DRAFT + "\nOne more line.\n", encoding="utf-8")
    third = translate_issue([str(draft)], settings=settings, return_state=True)
    assert translating(third.state_details.flow_run_id) == ["Completed"]


@pytest.mark.usefixtures("prefect_api")
def test_tags_are_the_flows_alone(draft: Path, settings: dict[str, Any]) -> None:
    from prefect import tags
    from prefect.client.orchestration import get_client

    from flows.translate_issue import translate_issue

    with tags("newsletter"):
        state = translate_issue([str(draft)], settings=settings, return_state=True)
    run_id = state.state_details.flow_run_id
    assert run_id is not None
    with get_client(sync_client=True) as client:
        assert client.read_flow_run(run_id).tags == ["newsletter"]
    assert [run.tags for run in tracked(run_id)] == [[]] * 4


@pytest.mark.usefixtures("prefect_api")
def test_the_flow_and_the_plain_pipeline_write_the_same(draft: Path, settings: dict[str, Any], tmp_path: Path) -> None:
    from flows.local import run_flow

    config = load_config(None, settings)
    plain = run(RunRequest((str(draft),), str(tmp_path / "plain.md")), config)
    tracked = run_flow(RunRequest((str(draft),), str(tmp_path / "flow.md")), config)
    assert (tmp_path / "flow.md").read_bytes() == (tmp_path / "plain.md").read_bytes()
    assert tracked.signature == plain.signature
    assert [t.flags for t in tracked.issues[0].translations] == [t.flags for t in plain.issues[0].translations]


@pytest.mark.usefixtures("prefect_api")
def test_a_bad_draft_fails_at_once_with_the_sentence(tmp_path: Path, settings: dict[str, Any]) -> None:
    from flows.translate_issue import translate_issue

    missing = tmp_path / "missing.en.md"
    state = translate_issue([str(missing)], settings=settings, return_state=True)
    assert state.is_failed()
    assert str(missing) in str(state.message)
    runs = tracked(state.state_details.flow_run_id)
    assert [(run.name.split("-")[0], run.run_count) for run in runs] == [("check and parse", 1)]
    with pytest.raises(UserError, match="missing"):
        state.result()


@pytest.mark.usefixtures("prefect_api")
def test_a_passing_failure_is_tried_again() -> None:
    from prefect import task
    from prefect.cache_policies import NO_CACHE

    from flows.retries import retry_condition

    attempts: list[int] = []

    @task(retries=2, retry_delay_seconds=0, retry_condition_fn=retry_condition, cache_policy=NO_CACHE)
    def flaky() -> int:
        attempts.append(1)
        if len(attempts) == 1:
            raise httpx.ConnectError("refused")
        return len(attempts)

    assert flaky() == 2


@pytest.mark.usefixtures("prefect_api")
def test_the_command_runs_the_flow_and_prefect_stays_silent(draft: Path, tmp_path: Path) -> None:
    from prefect.settings import PREFECT_API_URL

    environment = {**os.environ, "PREFECT_API_URL": str(PREFECT_API_URL.value())}
    environment.pop("PREFECT_LOGGING_LEVEL")

    def command(*arguments: str) -> subprocess.CompletedProcess[str]:
        line = [sys.executable, "-c", "import sys; from translate.cli import main; sys.exit(main())", *arguments]
        return subprocess.run(line, capture_output=True, text=True, cwd=ROOT, env=environment, check=False)

    done = command("run", "--flow", str(draft), "--beam", "1")
    assert (done.returncode, draft.with_name("01.pt-br.md").is_file()) == (0, True)
    assert re.search(r"Traceback|ERROR|INFO|prefect\.", done.stderr + done.stdout) is None

    missing = tmp_path / "missing.en.md"
    failed = command("run", "--flow", str(missing), "--quiet")
    assert (failed.returncode, failed.stdout) == (2, "")
    assert re.fullmatch(r"translate-issue: [^\n]*missing\.en\.md[^\n]*\n", failed.stderr)


def unavailable(status: int) -> httpx.HTTPStatusError:
    request = httpx.Request("GET", "http://127.0.0.1/model")
    return httpx.HTTPStatusError("failed", request=request, response=httpx.Response(status, request=request))


@pytest.mark.parametrize(
    ("cause", "again"),
    [
        (httpx.ConnectError("refused"), True),
        (httpx.ReadTimeout("slow"), True),
        (unavailable(503), True),
        (unavailable(429), True),
        (unavailable(404), False),
        (OSError(errno.ESTALE, "stale"), True),
        (OSError(errno.ENOSPC, "full"), False),
        (FileNotFoundError(errno.ENOENT, "missing"), False),
        (ValueError("wrong"), False),
    ],
)
def test_only_what_passes_by_itself_is_worth_another_try(cause: Exception, again: bool) -> None:
    assert worth_another_try(cause) is again
    wrapped = UserError("one sentence")
    wrapped.__cause__ = cause
    assert worth_another_try(wrapped) is again
    assert not worth_another_try(UserError("draft.md: is empty"))


unhurried = hypothesis_settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
ranges = st.tuples(st.integers(0, 99), st.integers(0, 99))


@st.composite
def hypotheses(draw: st.DrawFn) -> Hypothesized:
    source = tuple(draw(st.lists(ranges, max_size=4)))
    target = tuple(draw(st.lists(ranges, max_size=4)))
    weights = np.asarray([[draw(st.floats(0, 1, width=32)) for _ in source] for _ in target], dtype=np.float32).reshape(
        len(target), len(source)
    )
    places = tuple(draw(st.lists(st.none() | ranges, max_size=3)))
    rendering = Rendering(
        draw(st.text()),
        places,
        tuple(draw(st.sampled_from(["kept", "forced", "lost"])) for _ in places),
        Alignment(source, target, weights),
        draw(st.floats(-20, 0)),
        draw(st.integers(0, 300)),
    )
    return Hypothesized(
        rendering, tuple(draw(st.sets(st.sampled_from(["empty", "long"])))), draw(st.integers(1, 4)), "x"
    )


@unhurried
@given(st.lists(hypotheses(), max_size=3))
def test_cached_hypotheses_come_back_exactly(items: list[Hypothesized]) -> None:
    back = decode(json.loads(json.dumps(encode(items))))
    assert len(back) == len(items)
    for old, new in zip(items, back, strict=True):
        np.testing.assert_array_equal(old.rendering.alignment.weights, new.rendering.alignment.weights)
        assert new.rendering.alignment.weights.dtype == np.float32
        assert old.rendering.alignment.source == new.rendering.alignment.source
        assert old.rendering.alignment.target == new.rendering.alignment.target
        assert (old.rendering.text, old.rendering.places, old.rendering.rungs) == (
            new.rendering.text,
            new.rendering.places,
            new.rendering.rungs,
        )
        assert (old.rendering.score, old.rendering.pieces) == (new.rendering.score, new.rendering.pieces)
        assert (old.defects, old.attempts, old.engine) == (new.defects, new.attempts, new.engine)


def test_the_key_changes_with_what_decides_a_translation_and_with_nothing_else() -> None:
    config = load_config()
    key = chunk_key("rows", {"model": "a"}, config)
    assert chunk_key("rows", {"model": "a"}, load_config(None, {"document.layout": "target-only"})) == key
    others = {
        chunk_key("rows!", {"model": "a"}, config),
        chunk_key("rows", {"model": "b"}, config),
        chunk_key("rows", {"model": "a"}, load_config(None, {"decoding.beam_size": 1})),
        key,
    }
    assert len(others) == 4
