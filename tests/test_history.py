"""The history of scores: whole lines whatever happens, a table and a picture of them."""

from __future__ import annotations

import json
import multiprocessing
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from pathlib import Path

import pytest

from translate.cli import main
from translate.errors import UserError
from translate.scoring.history import History, Record, Value, append, check_writable, read_history
from translate.scoring.history_chart import latest, svg

RECORD = Record(
    time="2026-01-02T03:04:05.000+00:00",
    issue="01",
    draft="d1",
    human="h1",
    signature={"hash": "abcdef0123456789", "engine": "ctranslate2", "beam": "4", "glossary": "0123456789abcdef"},
    terms=(9, 9),
    translated=12,
    total=14,
    flagged=1,
    words=300,
    seconds=4.5,
    translating=2.5,
    human_terms=(7, 9),
    matched=11,
    scores={"BLEU": Value(41.25, "nrefs:1", (36.0, 46.5)), "chrF2": Value(66.0, "nrefs:1"), "TER": Value(40.0, "x")},
    segments={"a": 60.0, "b": 72.0},
)
OTHER = replace(
    RECORD, time="2026-02-02T00:00:00.000+00:00", issue="02 <&>", published=False, reasons=("chrF2 fell",)
)  # fmt: skip


def write_many(path: Path, writer: int) -> None:
    for k in range(20):
        append(path, [replace(RECORD, issue=f"{writer}-{k}", time=f"{k:03}")])


def test_records_come_back_as_they_were(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "history.jsonl"
    assert read_history(path) == History(())
    append(path, [RECORD])
    append(path, [OTHER])
    assert read_history(path) == History((RECORD, OTHER))


def test_concurrent_writers_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=write_many, args=(path, n)) for n in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0] * 3
    history = read_history(path)
    assert history.damaged == ()
    assert sorted(r.issue for r in history.records) == sorted(f"{n}-{k}" for n in range(3) for k in range(20))


def test_a_half_written_line_is_told_and_harms_no_other(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    append(path, [RECORD])
    with path.open("ab") as file:
        file.write(RECORD.as_json().encode()[:50])
    append(path, [OTHER])
    with path.open("ab") as file:
        file.write(b'[1, 2]\n{"format": 99}\n\xff\n')
    assert read_history(path) == History((RECORD, OTHER), (2, 4, 5, 6))


def test_places_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    for action in (lambda p: append(p, [RECORD]), check_writable):
        with pytest.raises(UserError, match=r"history\.file"):
            action(tmp_path / "file" / "history.jsonl")
    with pytest.raises(UserError, match="cannot be read"):
        read_history(tmp_path)


@pytest.fixture
def config(tmp_path: Path) -> str:
    path = tmp_path / "my.yaml"
    path.write_text("history:\n  file: history.jsonl\n", encoding="utf-8")
    return str(path)


def test_the_table_and_json(tmp_path: Path, config: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["history", "--config", config]) == 0
    assert "no scores yet" in capsys.readouterr().out
    append(tmp_path / "history.jsonl", [RECORD, OTHER])
    assert main(["history", "--config", config]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[2:]] == ["01", "02"]
    assert "41.2" in lines[2] or "41.3" in lines[2]
    assert "100.0 %" in lines[2]
    assert "abcdef01 ctranslate2 beam 4 glossary 01234567" in lines[2]
    assert "02 <&> *" in lines[3], "a closed gate shows"
    assert main(["history", "--config", config, "--issue", "01", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [(row["issue"], row["scores"]["BLEU"]["interval"]) for row in rows] == [("01", [36.0, 46.5])]
    assert main(["history", "--config", config, "--last", "0"]) == 2


def test_the_picture_has_a_mark_for_each_issue_version_and_measure(
    tmp_path: Path, config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    newer = replace(RECORD, time="2026-03-01", signature={**RECORD.signature, "glossary": "ffff"}, terms=(0, 0))
    again = replace(RECORD, time="2026-03-02", scores={**RECORD.scores, "BLEU": Value(50.0, "nrefs:1")})
    append(tmp_path / "history.jsonl", [RECORD, OTHER, newer, again])
    assert (
        main(["history", "--config", config, "--svg", str(tmp_path / "h.svg"), "--html", str(tmp_path / "h.html")]) == 0
    )
    assert capsys.readouterr().out == ""
    picture = (tmp_path / "h.svg").read_text(encoding="utf-8")
    root = ElementTree.fromstring(picture)
    titles = [element.text or "" for element in root.iter("{http://www.w3.org/2000/svg}title")]
    assert len(titles) == 3 + 3 + 2, "BLEU and chrF2 of three, terms of the two that have any"
    assert any(title.startswith("02 <&>: BLEU 41.2 [36.0, 46.5]") for title in titles)
    assert any(title.startswith("01: BLEU 50.0") for title in titles), "the newest record of a version"
    html = (tmp_path / "h.html").read_text(encoding="utf-8")
    assert picture.strip() in html
    assert html.count("<tr>") == 5
    assert "http" not in html.replace("http://www.w3.org/2000/svg", "")


def test_an_empty_history_is_a_picture_too() -> None:
    ElementTree.fromstring(svg([]))
    assert latest([]) == {}
