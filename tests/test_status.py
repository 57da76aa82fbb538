"""What `status` says of a directory, and its exit codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.rerun_world import START, first_run, run_again
from translate.cli import main
from translate.memory import Memory


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TRANSLATE_ISSUE_MEMORY", str(tmp_path / "memory.sqlite"))
    path = tmp_path / "drafts"
    path.mkdir()
    (path / "a.en.md").write_text(START)
    return path


def translate(folder: Path) -> None:
    """As a run does, with the tests' stand-in for the model."""
    text, record = first_run(START)
    (folder / "a.pt-br.md").write_text(text)
    with Memory(folder.parent / "memory.sqlite") as memory:
        memory.stage(folder / "a.pt-br.md", record)
        memory.confirm(folder / "a.pt-br.md", scored=text)


def status(folder: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, list[dict[str, Any]]]:
    code = main(["status", str(folder), "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_new_then_up_to_date(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, (found,) = status(folder, capsys)
    assert (code, found["state"]) == (1, "new")
    translate(folder)
    code, (found,) = status(folder, capsys)
    assert (code, found["state"], found["edited"]) == (0, "up to date", 0)
    assert found["recorded"]
    assert found["scored"]
    assert main(["status", str(folder)]) == 0
    assert capsys.readouterr().out == f"{folder / 'a.en.md'}: up to date\n"


def test_a_changed_draft_is_stale_by_blocks(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    translate(folder)
    draft = START.replace("two sentences", "three").replace("large", "great")
    draft = draft.replace("\n\nSource", "\n\nAdded.\n\nSource")
    (folder / "a.en.md").write_text(draft)
    code, (found,) = status(folder, capsys)
    assert (code, found["state"], found["stale"]) == (1, "stale", 3)


def test_edits_and_conflicts_are_counted(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    translate(folder)
    text = (folder / "a.pt-br.md").read_text().replace("Sóúrcé", "Fonte")
    (folder / "a.pt-br.md").write_text(text)
    code, (found,) = status(folder, capsys)
    assert (code, found["state"], found["edited"], found["scored"]) == (0, "up to date", 1, False)
    draft = START.replace("\n\nSource\n", "\n\nThe source\n")
    (folder / "a.en.md").write_text(draft)
    with Memory(folder.parent / "memory.sqlite") as memory:
        merged = run_again(draft, text, memory.record(folder / "a.pt-br.md", text))
        memory.stage(folder / "a.pt-br.md", merged.record)
        memory.confirm(folder / "a.pt-br.md")
    (folder / "a.pt-br.md").write_text(merged.text)
    code, (found,) = status(folder, capsys)
    assert (code, found["state"], found["conflicts"]) == (1, "up to date", 1)
    assert main(["status", str(folder)]) == 1
    assert "conflicts (1)" in capsys.readouterr().out


def test_without_the_memory_everything_is_a_humans(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    translate(folder)
    (folder.parent / "memory.sqlite").unlink()
    code, (found,) = status(folder, capsys)
    assert (code, found["state"], found["recorded"]) == (0, "up to date", False)
    assert found["edited"] == 7


def test_what_cannot_be_read_is_an_error_and_the_rest_is_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    translate(folder)
    (folder / "sub").mkdir()
    (folder / "sub" / "b.en.md").write_text("x\n")
    (folder / "sub" / "b.pt-br.md").write_bytes(b"\xff\xfex\0")
    code, found = status(folder, capsys)
    assert code == 2
    assert [entry["state"] for entry in found] == ["up to date", "error"]
    assert "b.pt-br.md" in found[1]["message"]


def test_a_directory_that_is_not_there(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", str(folder / "nowhere")]) == 2
    assert "no such directory" in capsys.readouterr().err


def test_an_empty_directory_has_nothing_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    assert main(["status", str(tmp_path / "empty")]) == 0
    assert "no drafts" in capsys.readouterr().out
