"""The gate: what must not be published, and why; and that the flow's pipeline then keeps the previous file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from translate.cli import main
from translate.config import GateConfig, load_config
from translate.pipeline import run
from translate.results import RunRequest, RunResult
from translate.score_table import score_markdown
from translate.scoring.gate import gate, p_value
from translate.scoring.history import Record, Value, append, read_history
from translate.summary import needs_a_look, summary

CONFIG = GateConfig(minimum_term_accuracy=1.0, maximum_drop=0.0, significance=0.05)
CHRF = "nrefs:1|case:mixed|eff:yes|nc:6|nw:0|space:no|version:2.6.0"


def record(segments: Mapping[str, float], time: str = "2026-01-01", terms: tuple[int, int] = (4, 4)) -> Record:
    scores = {"chrF2": Value(60.0, CHRF)}
    return Record(
        time, "01", "d", "h", {}, terms, 8, 8, 0, 90, 1.0, 1.0, scores=scores, segments=dict(segments)
    )  # fmt: skip


BEFORE = {f"s{k}": 60.0 + k for k in range(8)}
BETTER = {key: value + 1 for key, value in BEFORE.items()}
WORSE = {key: value - 3 - k % 2 for k, (key, value) in enumerate(BEFORE.items())}
MIXED = {key: value + (9 if k % 2 else -10) for k, (key, value) in enumerate(BEFORE.items())}


def test_terms_are_bounded_from_below() -> None:
    assert gate(record({}), [], CONFIG).passed
    assert gate(record({}, terms=(0, 0)), [], CONFIG).passed, "where nothing was translated, nothing was lost"
    refused = gate(record({}, terms=(3, 4)), [], CONFIG)
    assert refused.reasons == ("terms kept 3 / 4 (75.0%); the gate asks for 100.0%",)
    assert gate(record({}, terms=(3, 4)), [], replace(CONFIG, minimum_term_accuracy=0.75)).passed


@pytest.mark.parametrize(
    ("now", "passes"), [(BETTER, True), (WORSE, False), (MIXED, True)], ids=["better", "worse", "not significant"]
)
def test_a_significant_drop_is_refused(now: dict[str, float], passes: bool) -> None:
    verdict = gate(record(now, "2026-01-02"), [record(BEFORE)], CONFIG)
    assert verdict.passed is passes
    if not passes:
        assert (
            "chrF2 fell from 63.5 to 60.0 on the 8 segments that the version of 2026-01-01 has too"
            in verdict.reasons[0]
        )


def test_the_bounds_are_the_configurations() -> None:
    past, now = [record(BEFORE)], record(WORSE, "2026-01-02")
    assert gate(now, past, replace(CONFIG, maximum_drop=3.5)).passed
    assert gate(now, past, replace(CONFIG, maximum_drop=None)).passed
    assert gate(now, past, replace(CONFIG, significance=0.0)).passed


def test_the_measure_is_the_last_published_record_of_the_same_text_counted_the_same_way() -> None:
    now = record(WORSE, "2026-01-09")
    old = record(WORSE, "2026-01-01")
    for other in (
        replace(record(BEFORE, "2026-01-02"), published=False),
        replace(record(BEFORE, "2026-01-02"), human="other"),
        replace(record(BEFORE, "2026-01-02"), issue="02"),
        replace(record(BEFORE, "2026-01-02"), scores={"chrF2": Value(1.0, "nc:5")}),
        record({f"x{k}": 90.0 for k in range(9)}, "2026-01-02"),
        record({key: BEFORE[key] for key in ("s0", "s1")}, "2026-01-02"),
    ):
        assert gate(now, [old, other], CONFIG).passed
        assert gate(now, [other], CONFIG).passed
    assert not gate(now, [old, record(BEFORE, "2026-01-02")], CONFIG).passed
    resampled = replace(record(BEFORE), scores={"chrF2": Value(60.0, f"nrefs:1|bs:1000|seed:12345{CHRF[7:]}")})
    assert not gate(now, [resampled], CONFIG).passed, "resampling is no other way of counting"


def test_p_value() -> None:
    assert p_value([-1.0] * 6) < 0.001
    assert p_value([0.0] * 6) == 1.0
    assert 0.3 < p_value([-1.0, 1.0] * 10) < 0.7


SENTENCES = {
    "The cat sleeps on the table.": "O gato dorme na mesa.",
    "We published the results yesterday.": "Publicamos os resultados ontem.",
    "The model is small and fast.": "O modelo é pequeno e rápido.",
    "She teaches at the university.": "Ela ensina na universidade.",
    "The book has three chapters.": "O livro tem três capítulos.",
    "Our throughput doubled this year.": "Nosso throughput dobrou este ano.",
}


@pytest.fixture
def world(tmp_path: Path) -> Path:
    (tmp_path / "01.en.md").write_text("\n\n".join(SENTENCES) + "\n", encoding="utf-8")
    (tmp_path / "01.human.md").write_text("\n\n".join(SENTENCES.values()) + "\n", encoding="utf-8")
    (tmp_path / "my.yaml").write_text(
        "history:\n  file: h.jsonl\nmemory:\n  file: m.sqlite\ndecoding:\n  beam_size: 1\nscore:\n  bootstrap: 0\n",
        encoding="utf-8",
    )
    return tmp_path


def test_a_refused_issue_keeps_its_file_and_the_page_says_why(world: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = load_config(world / "my.yaml")
    draft, human, out = (str(world / name) for name in ("01.en.md", "01.human.md", "01.pt-br.md"))
    assert main(["run", draft, "--human", human, "--config", str(world / "my.yaml"), "--strict"]) == 0
    capsys.readouterr()
    (first,) = read_history(world / "h.jsonl").records
    assert (first.issue, first.published, first.terms, first.translated) == ("01", True, (1, 1), 6)
    assert len(first.segments) == 6
    assert first.signature["beam"] == "1"
    assert {"BLEU", "chrF2", "TER"} == set(first.scores)
    # As if an earlier version had been far better.
    append(
        world / "h.jsonl", [replace(first, time="2099", segments={key: v + 20 for key, v in first.segments.items()})]
    )  # fmt: skip
    before = Path(out).read_bytes()
    (world / "01.en.md").write_text("\n\n".join(SENTENCES) + "\n\nOne more line.\n", encoding="utf-8")

    request = RunRequest((draft,), out, (human,), world / "report.json", gated=True)
    result = run(request, config)
    assert Path(out).read_bytes() == before
    assert "chrF2 fell" in result.issues[0].verdict.reasons[0]
    assert "not published" in summary(result)
    assert "chrF2 fell" in score_markdown(result)
    assert needs_a_look(result)
    report = json.loads((world / "report.json").read_text(encoding="utf-8"))["issues"][0]
    assert (report["published"], report["gate"]) == (False, list(result.issues[0].verdict.reasons))
    refused = [r for r in read_history(world / "h.jsonl").records if not r.published]
    assert [r.reasons for r in refused] == [result.issues[0].verdict.reasons]

    assert main(["run", draft, "--human", human, "--config", str(world / "my.yaml"), "--strict"]) == 1
    assert "gate: chrF2 fell" in capsys.readouterr().out
    assert Path(out).read_bytes() != before, "a run by hand reports it and writes"


@pytest.mark.usefixtures("prefect_api")
def test_the_flow_is_gated_and_its_artifact_says_why(world: Path) -> None:
    from prefect.artifacts import Artifact

    from flows.translate_issue import translate_issue

    draft, human, out = (str(world / name) for name in ("01.en.md", "01.human.md", "01.pt-br.md"))
    settings = {
        "history.file": str(world / "h.jsonl"),
        "memory.file": str(world / "m.sqlite"),
        "flow.result_storage": str(world / "results"),
        "decoding.beam_size": 1,
        "score.bootstrap": 0,
    }
    first_run: RunResult = translate_issue([draft], [human], settings=settings).unwrap()
    assert not first_run.issues[0].verdict.reasons
    (first,) = read_history(world / "h.jsonl").records
    best = dict.fromkeys(first.segments, 100.0)
    append(world / "h.jsonl", [replace(first, time="2099", segments=best)])
    Path(out).write_text("The previous file.\n", encoding="utf-8")
    translate_issue([draft], [human], settings=settings)
    assert Path(out).read_text(encoding="utf-8") == "The previous file.\n"
    artifact = Artifact.get("translated-issues")
    assert "chrF2 fell" in str(getattr(artifact, "data", ""))


def test_an_unusable_history_is_told_before_any_work(world: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (world / "h.jsonl").mkdir()
    files = [str(world / "01.en.md"), "--human", str(world / "01.human.md"), "--config", str(world / "my.yaml")]
    assert main(["run", *files]) == 2
    assert "h.jsonl" in capsys.readouterr().err
    assert not (world / "01.pt-br.md").exists()
