"""`translate-issue publish`: what a run over a repository does, without Prefect."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from translate.config import Config, load_config
from translate.errors import UserError
from translate.memory import Memory
from translate.publishing.crew import Crew, Made, Run
from translate.publishing.log import RunLog
from translate.publishing.publish import log_path, plain_run, publish
from translate.publishing.results import Outcome, Published, PublishError
from translate.results import RunRequest, RunResult
from translate.scoring.gate import Verdict
from translate.scoring.release import judged

ROOT = Path(__file__).resolve().parents[1]
FIRST = "---\ntitle: One\n---\n\nThe throughput of the model doubled.\n\nThe data is clean.\n"
SECOND = "# Results\n\nThe team measured the accuracy of the model again.\n"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    (folder / "posts").mkdir(parents=True)
    (folder / "01.en.md").write_text(FIRST, encoding="utf-8")
    (folder / "posts" / "02.en.md").write_text(SECOND, encoding="utf-8")
    return folder


def configured(site: Path, **changes: object) -> Config:
    base: dict[str, object] = {
        "publish.root": str(site),
        "publish.reports": str(site.parent / "reports"),
        "memory.file": str(site.parent / "memory.sqlite"),
        "decoding.beam_size": 1,
        "degenerate.retry_reference": False,
    }
    return load_config(None, base | {key.replace("__", "."): value for key, value in changes.items()})


class Counting:
    """The real pipeline, and the drafts of each wave that it was asked for."""

    def __init__(self, config: Config) -> None:
        self.run: Run = plain_run(config)
        self.waves: list[list[str]] = []

    def __call__(self, request: RunRequest) -> RunResult:
        self.waves.append([Path(name).name for name in request.drafts])
        return self.run(request)


def published(config: Config, run: Run | None = None, **options: Any) -> Published:
    return publish(config, run or plain_run(config), RunLog(log_path(config), "run-1"), **options)


def states(result: Published) -> dict[str, str]:
    return {outcome.draft: outcome.state for outcome in result.outcomes}


def events(config: Config) -> list[str]:
    return [json.loads(line)["event"] for line in log_path(config).read_text(encoding="utf-8").splitlines()]


def test_new_drafts_are_published_once_and_a_changed_one_alone_again(site: Path) -> None:
    config = configured(site)
    assert set(states(published(config)).values()) == {"published"}
    first, second = site / "01.pt-br.md", site / "posts" / "02.pt-br.md"
    written = first.read_bytes(), second.read_bytes()
    assert b"<!-- The data is clean. -->" in written[0]

    counting = Counting(config)
    again = published(config, counting)
    assert (set(states(again).values()), counting.waves, again.folder) == ({"up to date"}, [], None)

    (site / "01.en.md").write_text(FIRST + "\nIt is faster.\n", encoding="utf-8")
    third = published(config, counting)
    assert states(third) == {"01.en.md": "published", "posts/02.en.md": "up to date"}
    assert counting.waves == [["01.en.md"]]
    assert second.read_bytes() == written[1]
    assert first.read_bytes().startswith(written[0].rstrip(b"\n"))


def test_a_bad_draft_keeps_no_other_from_being_published(site: Path) -> None:
    (site / "00.en.md").write_bytes(b"caf\xe9 and more\n")
    (site / "03.en.md").write_text("The model is small.\n", encoding="utf-8")
    config = configured(site)
    counting = Counting(config)
    result = published(config, counting)
    assert states(result) == {
        "00.en.md": "failed",
        "01.en.md": "published",
        "03.en.md": "published",
        "posts/02.en.md": "published",
    }
    assert counting.waves[0] == ["00.en.md", "01.en.md", "03.en.md", "02.en.md"]
    with pytest.raises(PublishError, match=r"1 of 4 drafts could not be published.*00\.en\.md.*ISO-8859-1"):
        result.raise_failures()
    assert not list(site.rglob("*.translate-issue-*"))


def test_an_error_of_the_program_is_told_with_its_traceback_and_the_others_go_on(site: Path) -> None:
    config = configured(site)
    run = plain_run(config)

    def broken(request: RunRequest) -> RunResult:
        if any(name.endswith("01.en.md") for name in request.drafts):
            raise RuntimeError("a defect")
        return run(request)

    assert states(published(config, broken)) == {"01.en.md": "failed", "posts/02.en.md": "published"}
    lines = [json.loads(line) for line in log_path(config).read_text(encoding="utf-8").splitlines()]
    assert any("in broken" in str(line.get("traceback")) for line in lines)


def test_waves_hold_as_many_words_as_the_configuration_says(site: Path) -> None:
    config = configured(site, publish__wave_words=1)
    counting = Counting(config)
    told: list[tuple[int, int]] = []
    published(config, counting, on_wave=lambda done, total: told.append((done, total)))
    assert counting.waves == [["01.en.md"], ["02.en.md"]]
    assert told[-1][0] == told[-1][1] > told[0][0] > 0


def test_reviews_are_written_while_the_next_wave_is_translated(site: Path) -> None:
    config = configured(site, publish__wave_words=1)
    run = plain_run(config)
    reviewed = []

    def waits_for_the_first_review(request: RunRequest) -> RunResult:
        if request.drafts[0].endswith("02.en.md"):
            deadline = time.monotonic() + 60
            while "published" not in events(config) and time.monotonic() < deadline:
                time.sleep(0.05)
            reviewed.append(events(config).count("published"))
        return run(request)

    result = published(config, waits_for_the_first_review)
    assert reviewed == [1]
    assert [outcome.review is not None and outcome.review.is_file() for outcome in result.outcomes] == [True, True]


def test_an_interrupted_run_ends_its_reviews_with_the_draft_they_are_at(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (site / "03.en.md").write_text("The model is small.\n", encoding="utf-8")
    config = configured(site, publish__wave_words=20)
    run, tell, begun, pressed = plain_run(config), Crew._done, Event(), Event()
    waves = []

    def interrupted(request: RunRequest) -> RunResult:
        waves.append(len(request.drafts))
        if len(waves) > 1:
            begun.wait(60)
            pressed.set()
            raise KeyboardInterrupt
        return run(request)

    def slowly(self: Crew, made: Made, memory: Memory) -> Outcome:
        begun.set()
        pressed.wait(60)
        time.sleep(0.3)
        return tell(self, made, memory)

    monkeypatch.setattr(Crew, "_done", slowly)
    with pytest.raises(KeyboardInterrupt):
        published(config, interrupted)
    assert waves == [2, 1]
    assert events(config) == ["started", "published", "interrupted"]
    monkeypatch.undo()
    assert states(published(config)) == {
        "01.en.md": "up to date",
        "03.en.md": "up to date",
        "posts/02.en.md": "published",
    }


def test_what_goes_wrong_beside_the_next_wave_ends_the_run(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = configured(site, publish__wave_words=1)

    def broken(self: Crew, made: object, memory: object) -> None:
        raise UserError("the memory is gone")

    monkeypatch.setattr(Crew, "_done", broken)
    with pytest.raises(UserError, match="the memory is gone"):
        published(config)


def test_an_issue_that_the_gate_refuses_keeps_its_file(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    human = FIRST.replace("The throughput of the model doubled.", "O throughput do modelo dobrou.")
    (site / "01.pt-br.human.md").write_text(human.replace("The data is clean.", "Os dados são limpos."))
    config = configured(site)
    result = published(config)
    assert {o.draft: "BLEU" in (o.row or {}) for o in result.outcomes} == {"01.en.md": True, "posts/02.en.md": False}
    before = (site / "01.pt-br.md").read_bytes()
    (site / "01.en.md").write_text(FIRST.replace("doubled", "tripled"), encoding="utf-8")
    with monkeypatch.context() as patch:
        # The verdict's own rules are tested elsewhere; what it does to a file is real.
        patch.setattr("translate.pipeline.judged", lambda *a: (judged(*a)[0], Verdict(("chrF2 fell by 9.0",))))
        held = published(config)
        assert (states(held)["01.en.md"], held.of("published")) == ("held back", [])
    assert (site / "01.pt-br.md").read_bytes() == before
    assert "chrF2 fell by 9.0" in (tmp_path / "reports" / "latest.md").read_text(encoding="utf-8")
    assert "held back" in events(config)
    assert states(published(config))["01.en.md"] == "published"


def test_the_report_links_files_and_reviews_and_names_cannot_break_it(site: Path, tmp_path: Path) -> None:
    odd = site / "a`](x)|<b>.en.md"
    odd.write_text("The model is small.\n", encoding="utf-8")
    (site / "02.en.md").symlink_to(site / "01.en.md")
    config = configured(site, publish__links="https://example.org/blob/main/")
    result = published(config)
    assert result.folder is not None
    page = (result.folder / "summary.md").read_text(encoding="utf-8")
    assert "(https://example.org/blob/main/posts/02.pt-br.md)" in page
    assert "symbolic links: `02.en.md`" in page
    assert "`a'](x)|<b>.en.md`" in page
    assert "<b>" not in page.replace("`a'](x)|<b>.en.md`", "").replace("a`](x)\\|<b>.en.md", "")
    data = json.loads((result.folder / "issues.json").read_text(encoding="utf-8"))
    assert data["counts"] == {"published": 3}
    reviews = [Path(issue["review"]) for issue in data["issues"]]
    assert all(review.is_file() and review.is_relative_to(tmp_path / "reports") for review in reviews)
    assert page == (tmp_path / "reports" / "latest.md").read_text(encoding="utf-8")


def test_a_run_that_was_cut_off_is_told_of_by_the_next(site: Path) -> None:
    config = configured(site)

    def killed(request: RunRequest) -> RunResult:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        published(config, killed)
    assert set(states(published(config)).values()) == {"published"}
    assert events(config) == [
        "started", "interrupted", "unfinished", "started", "published", "published", "finished",
    ]  # fmt: skip
    published(config)
    assert events(config)[-2:] == ["started", "finished"]


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-c", "import sys; from translate.cli import main; sys.exit(main())", *arguments]
    return subprocess.run(line, capture_output=True, text=True, cwd=ROOT, check=False)


def test_the_command(site: Path, tmp_path: Path) -> None:
    config = tmp_path / "newsletter.yaml"
    config.write_text(
        "publish: {root: site, reports: reports}\nmemory: {file: memory.sqlite}\ndecoding: {beam_size: 1}\n",
        encoding="utf-8",
    )
    dry = command("publish", "--config", str(config), "--dry-run")
    assert (dry.returncode, dry.stdout.splitlines()[0]) == (0, "01.en.md → 01.pt-br.md")
    assert not (site / "01.pt-br.md").exists()
    done = command("publish", "--config", str(config), "--json")
    assert (done.returncode, json.loads(done.stdout)["counts"]) == (0, {"published": 2})
    (site / "03.en.md").write_bytes(b"\xff\xfe\x00")
    failed = command("publish", "--config", str(config), "--quiet")
    assert (failed.returncode, failed.stdout) == (2, "")
    assert failed.stderr.startswith("translate-issue: 1 of 1 drafts could not be published")
    assert failed.stderr.count("\n") == 1
    nowhere = command("publish", str(tmp_path / "nowhere"))
    assert (nowhere.returncode, nowhere.stderr.count("\n")) == (2, 1)
