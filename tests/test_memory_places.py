"""A memory that comes along to another place still knows what the machine wrote."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.rerun_world import START, first_run, run_again
from translate.cli import main
from translate.config import load_config
from translate.memory import Memory
from translate.memory.places import MOST, Places, belongs
from translate.pipeline import run
from translate.rerun import Record, read_existing
from translate.results import RunRequest

DRAFT = """# News

The new model is small.

Another team wrote about the data.

The end of the issue.
"""


def test_places_with_more_folders_in_common_come_first() -> None:
    paths = [
        "/old/team/posts/a.md",
        "/old/team/pages/a.md",
        "/x/posts/a.md",
        "/old/team/posts/b.md",
        "C:\\in\\posts\\a.md",
    ]
    places = Places(paths)
    assert places.like("/new/team/posts/a.md") == [
        "/old/team/posts/a.md",
        "/x/posts/a.md",
        "C:\\in\\posts\\a.md",
        "/old/team/pages/a.md",
    ]
    assert places.like("/old/team/posts/b.md") == []
    assert places.like("/nowhere/c.md") == []
    assert len(Places(f"/{k}/index.md" for k in range(1000)).like("/new/index.md")) == MOST


def test_a_record_belongs_to_a_file_that_holds_nearly_all_of_it() -> None:
    text, record = first_run(START)
    assert belongs(record, text)
    assert belongs(record, text.replace("\n", "\r\n"))
    assert belongs(record, text.replace("Sóúrcé", "Fonte"))
    assert not belongs(record, text.replace("Sóúrcé", "Fonte").replace("Thé lást", "O último"))
    # The same Portuguese beside other English is nobody's.
    assert not belongs(record, text.replace("<!-- Source", "<!-- A source").replace("<!-- The last", "<!-- A last"))
    assert not belongs(record, "")
    assert not belongs(Record(START, (), {}, "comment-after"), text)


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with drafts and, in it, the memory; the other place has the same."""
    path = tmp_path / "here"
    (path / "posts").mkdir(parents=True)
    use(path, monkeypatch)
    return path


def use(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRANSLATE_ISSUE_MEMORY", str(checkout / "memory.sqlite"))


def status(directory: Path, capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    main(["status", str(directory), "--json"])
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    return found


def test_a_moved_checkout_is_up_to_date_and_edits_are_still_a_humans(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    config = load_config(None, {"decoding.beam_size": 1, "degenerate.retry_reference": False, "model.threads": 1})
    (checkout / "posts" / "a.en.md").write_text(DRAFT)
    run(RunRequest((str(checkout / "posts" / "a.en.md"),)), config)
    there = tmp_path / "elsewhere" / "renamed"
    shutil.copytree(checkout, there)
    use(there, monkeypatch)
    draft, bilingual = there / "posts" / "a.en.md", there / "posts" / "a.pt-br.md"
    shown = {u.english: u.portuguese.text for u in read_existing(bilingual.read_text()).units if u.portuguese}
    bilingual.write_text(bilingual.read_text().replace(shown["The end of the issue."], "E acabou."))
    (found,) = status(there, capsys)
    assert (found["state"], found["recorded"], found["edited"]) == ("up to date", True, 1)
    before = bilingual.read_bytes()
    result = run(RunRequest((str(draft),)), config)
    assert not any(t.sentences for t in result.issues[0].translations)
    assert bilingual.read_bytes() == before
    # New English: the machine's text gives way, the human's does not.
    draft.write_text(DRAFT.replace("model is small", "model is large").replace("The end", "The happy end"))
    run(RunRequest((str(draft),)), config)
    text = bilingual.read_text()
    assert shown["The new model is small."] not in text.split("<!-- CONFLICT")[0]
    (conflict,) = read_existing(text).conflicts
    assert "The happy end" in conflict.text
    assert "E acabou." in text


def test_another_draft_of_the_same_name_is_not_taken_for_it(
    checkout: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its text would be the machine's by the record of the other, of which it holds some."""
    text, record = first_run(START)
    with Memory(checkout / "memory.sqlite") as memory:
        memory.stage(checkout / "posts" / "a.pt-br.md", record)
        memory.confirm(checkout / "posts" / "a.pt-br.md", scored=text)
    other = tmp_path / "other"
    other.mkdir()
    (other / "a.en.md").write_text("# News of the month\n\nSource\n\nAll else is new here.\n")
    theirs = "# Néws óf thé mónth\n\n<!-- # News of the month -->\n\nSóúrcé\n\n<!-- Source -->\n\nTudo novo.\n"
    (other / "a.pt-br.md").write_text(theirs + "\n<!-- All else is new here. -->\n")
    (found,) = status(other, capsys)
    assert (found["recorded"], found["edited"], found["scored"]) == (False, 3, False)


def test_the_place_itself_outranks_every_other(checkout: Path) -> None:
    here, there = checkout / "posts" / "a.pt-br.md", checkout / "pages" / "a.pt-br.md"
    text, record = first_run(START)
    edited = text.replace("Sóúrcé", "Fonte")
    newer = run_again(START, edited, record).record
    with Memory(checkout / "memory.sqlite") as memory:
        memory.stage(there, record)
        memory.confirm(there, scored=text)
        assert memory.record(here, text) == record
        assert memory.is_scored(here, text)
        assert not memory.is_scored(here, edited)
        # A run that was killed here before it wrote what it had announced.
        memory.stage(here, run_again(START.replace("The", "Some"), text, record).record)
        assert memory.record(here, text) == record
        memory.stage(here, newer)
        memory.confirm(here)
        assert memory.record(here, text) == newer
        assert not memory.is_scored(here, text)
