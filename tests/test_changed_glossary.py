"""A changed glossary redoes the machine's text of the segments that hold its terms, and nothing else."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from translate.cli import main
from translate.config import Config, load_config
from translate.document.parse import parse
from translate.memory import memory_path, open_memory
from translate.pipeline import run
from translate.rerun import Record, plan_rerun, read_existing
from translate.results import RunRequest, RunResult, Silent

DRAFT = """---
title: "The dataset of the month [EN]"
author: someone
---

# News

The new dataset is small. It learns from few examples.

Another team wrote a [tutorial](https://example.org/t) about training.

* the first item speaks of a benchmark
* the second item is short
* the third one has a window

The window of the model is wide.

The end of the issue.
"""
DATASET = "  - term: dataset\n    gender: m\n"
WINDOW = "  - term: window\n    gender: f\n"


class Counting(Silent):
    """The largest total that the model was asked for: distinct sentences."""

    total = 0

    def progress(self, done: int, total: int) -> None:
        self.total = max(self.total, total)


class World:
    """A draft, a glossary and the product around them."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.draft, self.terms = folder, folder / "a.en.md", folder / "terms.yaml"
        self.bilingual = folder / "a.pt-br.md"
        self.draft.write_text(DRAFT)
        self.glossary(DATASET)

    def glossary(self, *entries: str, casing: str = "draft") -> None:
        self.terms.write_text(f"casing: {casing}\nterms:\n  - benchmark\n{''.join(entries)}")

    @property
    def config(self) -> Config:
        values = {"decoding.beam_size": 1, "degenerate.retry_reference": False, "model.threads": 1}
        return load_config(None, {**values, "glossary.file": str(self.terms)})

    def run(self, **options: Any) -> tuple[RunResult, list[str]]:
        """A run, and the texts that went through the model."""
        counting = Counting()
        result = run(RunRequest((str(self.draft),), **options), self.config, counting)
        asked = [t for t in result.issues[0].translations if t.sentences]
        distinct = {s.source.text for t in asked for s, _, _ in t.sentences if s.source is not None}
        assert counting.total == len(distinct)
        return result, [t.segment.text for t in asked]

    def shown(self) -> dict[str, str]:
        """English to Portuguese of the file's units."""
        units = read_existing(self.bilingual.read_text()).units
        return {u.english: u.portuguese.text for u in units if u.english is not None and u.portuguese is not None}

    def status(self, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, dict[str, Any]]:
        main(["status", str(self.draft), "--glossary", str(self.terms)])
        line = capsys.readouterr().out.strip().removeprefix(f"{self.draft}: ")
        code = main(["status", str(self.draft), "--glossary", str(self.terms), "--json"])
        (found,) = json.loads(capsys.readouterr().out)
        return code, line, found


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setenv("TRANSLATE_ISSUE_MEMORY", str(tmp_path / "memory.sqlite"))
    return World(tmp_path)


def changed(before: dict[str, str], after: dict[str, str]) -> list[str]:
    assert before.keys() == after.keys()
    return [english for english in before if before[english] != after[english]]


def flags(result: RunResult, text: str) -> tuple[str, ...]:
    (found,) = [t.flags for t in result.issues[0].translations if t.segment.text == text]
    return found


def test_a_term_added_redoes_the_segments_that_hold_it(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.run()
    before, old = world.shown(), world.bilingual.read_bytes()
    assert world.status(capsys)[:2] == (0, "up to date, unscored")
    world.glossary(DATASET, WINDOW)
    code, line, found = world.status(capsys)
    assert (code, line) == (1, "stale (terms changed in 2 blocks), unscored")
    assert (found["state"], found["stale"], found["terms_changed"]) == ("stale", 0, 2)
    assert world.bilingual.read_bytes() == old
    result, asked = world.run()
    # Of the list, one item; the others come from the file.
    assert asked == ["the third one has a window", "The window of the model is wide."]
    assert result.issues[0].notes == ("4 blocks kept, 2 redone for changed terms",)
    assert all(not t.verification.missing for t in result.issues[0].translations)
    after = world.shown()
    assert [english.split()[0] for english in changed(before, after)] == ["*", "The"]
    (items,) = [english for english in before if english.startswith("* ")]
    assert before[items].splitlines()[:2] == after[items].splitlines()[:2]
    assert "window" in after[items].splitlines()[2]
    # Then it is done.
    assert world.status(capsys)[:2] == (0, "up to date, unscored")
    done = world.bilingual.read_bytes()
    assert world.run()[1] == []
    assert world.bilingual.read_bytes() == done


def test_a_term_removed_redoes_the_segments_that_held_it(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.glossary(WINDOW)
    world.run()
    first = world.bilingual.read_bytes()
    world.glossary(DATASET, WINDOW)
    held = ["The dataset of the month", "The new dataset is small. It learns from few examples."]
    result, asked = world.run()
    assert asked == held
    assert result.issues[0].notes == ("5 blocks kept, 2 redone for changed terms",)
    assert "dataset" in world.bilingual.read_text().splitlines()[1]  # the title
    world.glossary(WINDOW)
    assert world.status(capsys)[2]["terms_changed"] == 2
    assert world.run()[1] == held
    assert world.bilingual.read_bytes() == first


def test_a_note_an_unused_entry_and_the_order_redo_nothing(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.glossary(DATASET, WINDOW)
    world.run()
    before = world.bilingual.read_bytes()
    world.glossary(WINDOW, DATASET + '    note: "o dataset"\n', "  - throughput\n")
    assert world.status(capsys)[1] == "up to date, unscored"
    assert world.run()[1] == []
    assert world.bilingual.read_bytes() == before


def test_changed_casing_redoes_what_holds_terms_that_it_speaks_of(world: World) -> None:
    world.run()
    world.glossary(DATASET, casing="sentence")
    assert world.run()[1] == [
        "The dataset of the month",
        "The new dataset is small. It learns from few examples.",
        "the first item speaks of a benchmark",
    ]
    assert world.run()[1] == []


def test_a_humans_text_stays_and_is_flagged(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.run()
    wide = world.shown()["The window of the model is wide."]
    world.bilingual.write_text(world.bilingual.read_text().replace(wide, "A janela do modelo é bem larga."))
    world.glossary(DATASET, WINDOW)
    assert world.status(capsys)[1] == "stale (terms changed in 1 block), edited by a human (1), unscored"
    result, asked = world.run()
    assert asked == ["the third one has a window"]
    assert "A janela do modelo é bem larga." in world.bilingual.read_text()
    assert flags(result, "The window of the model is wide.") == ("term-missing",)
    code, line, _ = world.status(capsys)
    assert (code, line) == (0, "up to date, edited by a human (1), unscored")
    # Back to the machine's text, of the glossary before: it is the machine's again, and behind.
    world.bilingual.write_text(world.bilingual.read_text().replace("A janela do modelo é bem larga.", wide))
    assert world.status(capsys)[1] == "stale (terms changed in 1 block), unscored"


def test_an_open_conflict_waits_for_the_human(world: World) -> None:
    world.run()
    wide = world.shown()["The window of the model is wide."]
    world.bilingual.write_text(world.bilingual.read_text().replace(wide, "A janela é larga."))
    world.draft.write_text(DRAFT.replace("model is wide", "model is very wide"))
    world.run()
    text = world.bilingual.read_text()
    (conflict,) = read_existing(text).conflicts
    world.glossary(DATASET, WINDOW)
    _, asked = world.run()
    assert asked == ["the third one has a window"]
    assert [piece.text for piece in read_existing(world.bilingual.read_text()).conflicts] == [conflict.text]


def test_a_changed_draft_and_a_changed_glossary_at_once(world: World) -> None:
    world.run()
    world.draft.write_text(DRAFT.replace("The end of", "The very end of"))
    world.glossary(DATASET, WINDOW)
    result, _ = world.run()
    assert result.issues[0].notes == ("3 blocks kept, 1 translated, 2 redone for changed terms",)


def test_a_changed_setting_redoes_nothing_by_itself(world: World) -> None:
    world.run()
    config = replace(world.config, decoding=replace(world.config.decoding, beam_size=2))
    result = run(RunRequest((str(world.draft),)), config)
    assert not any(t.sentences for t in result.issues[0].translations)


def test_the_memory_misses_only_where_the_terms_changed(world: World) -> None:
    """A draft's blocks come again in a file that was emptied of them: what the machine wrote for them is reused."""
    world.run()
    last = "The window of the model is wide."
    world.draft.write_text(DRAFT.replace(f"{last}\n\nThe end of the issue.\n", ""))
    world.run()
    world.draft.write_text(DRAFT)
    world.glossary(DATASET, WINDOW)
    assert world.run()[1] == ["the third one has a window", last]
    assert "The end of the issue." in world.shown()


def forget_terms(world: World) -> None:
    """The record as earlier versions wrote it."""
    with open_memory(world.config) as memory:
        record = memory.record(world.bilingual, world.bilingual.read_text())
        assert record is not None
        data = json.loads(record.as_json())
        del data["matter_terms"]
        for row in data["rows"]:
            del row["terms"]
        old = Record.from_json(json.dumps(data))
        assert old is not None
        assert all(row.terms is None for row in old.rows)
        memory.stage(world.bilingual, old)
        memory.confirm(world.bilingual)


def test_a_record_without_fingerprints_redoes_what_fails_the_glossary(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.run()
    forget_terms(world)
    assert world.status(capsys)[1] == "up to date, unscored"
    assert world.run()[1] == []
    forget_terms(world)
    world.glossary(WINDOW)  # that a term went cannot be seen; that another came can
    assert world.status(capsys)[1] == "stale (terms changed in 2 blocks), unscored"
    assert world.run()[1] == ["the third one has a window", "The window of the model is wide."]
    # From here on the fingerprints are known.
    assert world.status(capsys)[1] == "up to date, unscored"
    world.glossary(DATASET, WINDOW)
    assert world.status(capsys)[2]["terms_changed"] == 2
    # The memory still has the paragraph as it was made under this very entry.
    assert world.run()[1] == ["The dataset of the month"]


def test_memories_of_earlier_versions_miss(world: World) -> None:
    """Their signature was of the whole glossary: nothing of it is reused, nothing breaks."""
    world.run()
    with open_memory(world.config) as memory:
        memory.add([replace(unit, signature="0123456789abcdef") for unit in memory.units()])
    world.draft.write_text(DRAFT.replace("the second item is short", "the second item is long"))
    assert len(world.run()[1]) == 3  # the whole list


def test_every_row_is_written_with_its_fingerprints(world: World) -> None:
    world.run()
    with open_memory(world.config) as memory:
        record = memory.record(world.bilingual, world.bilingual.read_text())
    assert record is not None
    assert Record.from_json(record.as_json()) == record
    assert [[bool(said) for said in row.terms or ()] for row in record.rows] == [
        [False], [True], [False], [True, False, False], [False], [False],
    ]  # fmt: skip
    assert {name: len(terms) for name, terms in record.matter_terms.items()} == {"title": 1}


def test_a_plan_without_a_glossary_compares_no_terms(world: World) -> None:
    world.run()
    text = world.bilingual.read_text()
    with open_memory(world.config) as memory:
        record = memory.record(world.bilingual, text)
    plan = plan_rerun(parse(DRAFT), read_existing(text), record)
    assert (plan.outdated, plan.stale, plan.segments) == (0, 0, ())
    assert memory_path(world.config).exists()
