"""`translate-issue score`: files of any system against a human version; never a silent number."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from translate.cli import main
from translate.scoring.fidelity import fidelity
from translate.scoring.joining import Group, filled, join
from translate.scoring.reference import Matching, Pair

DRAFT = """---
title: Issue 9 [EN]
---

# Models

The Lyra team published a [paper](https://example.org/lyra) on embeddings with 40 languages.

Run `lyra --fast` to measure the throughput of 12 machines.

![](https://example.org/a.png)

Maria Quispe teaches a course on backpropagation at the university.
"""
HUMAN = """---
title: Edição 9 [PT-BR]
---

# Modelos

A equipe Lyra publicou um [artigo](https://example.org/lyra) sobre embeddings com 40 idiomas.

Execute `lyra --fast` para medir o throughput de 12 máquinas.

![](https://example.org/a.png)

Maria Quispe dá um curso sobre retropropagação na universidade.
"""
GOOD = HUMAN.replace("dá um curso sobre retropropagação", "ensina um curso sobre backpropagation")
POOR = (
    HUMAN.replace("publicou um [artigo](https://example.org/lyra)", "fez papel")
    .replace("para medir o throughput de 12 máquinas", "medida da vazão 12 máquina")
    .replace("dá um curso sobre retropropagação na", "curso de propagar para")
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in {"draft": DRAFT, "human": HUMAN, "good": GOOD, "poor": POOR}.items():
        (tmp_path / f"{name}.md").write_text(text, encoding="utf-8")
    (tmp_path / "terms.yaml").write_text("terms: [embedding, throughput, backpropagation]\n", encoding="utf-8")
    return tmp_path


def score(folder: Path, *arguments: str) -> int:
    files = [str(folder / a) if a.endswith((".md", ".txt")) else a for a in arguments]
    return main(["score", *files, "--glossary", str(folder / "terms.yaml"), "--samples", "50"])


def as_json(folder: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert score(folder, *arguments, "--json") == 0
    result: dict[str, Any] = json.loads(capsys.readouterr().out)
    return result


def test_with_the_draft_terms_and_markup_are_judged(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result = as_json(folder, capsys, "good.md", "human.md", "--draft", "draft.md")
    assert result["segments_scored"] == 5
    assert result["system"]["terms"] == {"kept": 3, "occurrences": 3}
    assert result["human"]["terms"] == {"kept": 2, "occurrences": 3}
    assert result["system"]["markup"]["links"] == {"kept": 1, "in_draft": 1, "added": 0}
    assert result["system"]["markup"]["images"] == {"kept": 1, "in_draft": 1, "added": 0}
    assert result["system"]["length_ratio"] == pytest.approx(1.0, abs=0.05)
    corpus = result["system"]["markdown_stripped"]
    assert set(corpus) == {"BLEU", "chrF2", "chrF++", "TER"}
    for metric in corpus.values():
        assert "version:2." in metric["signature"]
        assert metric["interval"][0] <= metric["interval"][1]
    exact = [row for row in result["segments"] if row["hypothesis"] == row["reference"]]
    assert len(exact) == 4
    assert all(row["BLEU"] == pytest.approx(100) and row["TER"] == 0 for row in exact)


def test_two_systems_are_compared_on_the_same_segments(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result = as_json(folder, capsys, "good.md", "human.md", "--draft", "draft.md", "--baseline", "poor.md")
    compared = result["comparison"]
    assert compared["segments"]["wins"] == 3
    assert compared["segments"]["losses"] == 0
    assert compared["metrics"]["chrF2"]["system"] == pytest.approx(
        result["system"]["markdown_stripped"]["chrF2"]["value"]
    )
    assert 0 < compared["metrics"]["BLEU"]["p_value"] <= 1
    assert [abs(row["chrF2 difference"]) for row in compared["most_different"]] == sorted(
        (row["chrF2 difference"] for row in compared["most_different"]), reverse=True
    )
    assert result["baseline"]["markup"]["links"]["kept"] == 0
    assert score(folder, "good.md", "human.md", "--baseline", "poor.md", "--test", "randomization") == 0
    assert "approximate randomization" in capsys.readouterr().out


def test_lines_are_the_files_own_in_a_bilingual_version_too(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = HUMAN.replace("40 idiomas.\n", "40 idiomas.\n\n<!-- The Lyra team published a paper\non embeddings. -->\n")
    (folder / "bilingual.md").write_text(text, encoding="utf-8")
    for version, shift in (("human.md", 0), ("bilingual.md", 3)):
        result = as_json(folder, capsys, "good.md", version, "--draft", "draft.md")
        assert [row["line"] for row in result["segments"]] == [2, 5, 7, 9 + shift, 13 + shift]


def test_without_the_draft_nothing_is_said_of_terms(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result = as_json(folder, capsys, "good.md", "human.md")
    assert result["segments_scored"] == 5
    assert (result["system"]["terms"], result["system"]["markup"]) == (None, None)


def test_what_a_system_left_out_counts_against_it(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "short.md").write_text(GOOD[: GOOD.index("Maria")], encoding="utf-8")
    for draft in ([], ["--draft", "draft.md"]):
        result = as_json(folder, capsys, "short.md", "human.md", *draft)
        assert result["segments_scored"] == 5
        assert result["system"]["references_without_hypothesis"] == 1
        assert result["system"]["markdown_stripped"]["BLEU"]["value"] < 90
    assert score(folder, "short.md", "human.md") == 0
    assert "1 references have no hypothesis" in capsys.readouterr().out


def test_a_mis_decoded_file_is_repaired_and_this_is_said(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "A edição não é só tradução.\n\nHá opiniões, então já há publicações.\n\nA máquina não põe vírgulas à toa.\n"
    (folder / "whole.md").write_text(text, encoding="utf-8")
    (folder / "broken.md").write_text(text.encode().decode("mac_roman"), encoding="utf-8")
    result = as_json(folder, capsys, "broken.md", "whole.md")
    assert result["system"]["markdown_stripped"]["BLEU"]["value"] == pytest.approx(100)
    assert [note.split("broken.md ")[1] for note in result["notes"]] == [
        "was mis-decoded; its text was repaired before scoring"
    ]
    assert as_json(folder, capsys, "good.md", "human.md")["notes"] == []


def test_csv_and_table(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert score(folder, "good.md", "human.md", "--draft", "draft.md", "--csv") == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert len(rows) == 5
    assert {"line", "BLEU", "chrF2", "TER", "reference", "hypothesis"} <= rows[0].keys()
    assert score(folder, "good.md", "human.md", "--draft", "draft.md", "--baseline", "poor.md") == 0
    text = capsys.readouterr().out
    for expected in ("terms kept: 3 / 3 (100%); human 2 / 3 (67%)", "links kept: 1 / 1", "signature of TER", "p\n"):
        assert expected in text


def test_line_by_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "a.txt").write_text("um modelo\numa casa\n", encoding="utf-8")
    (folder / "b.txt").write_text("um modelo\numa casa azul\n", encoding="utf-8")
    assert as_json(folder, capsys, "a.txt", "b.txt", "--lines")["segments_scored"] == 2


@pytest.mark.parametrize(
    ("files", "arguments", "expected"),
    [
        ({}, ["gone.md", "human.md"], "gone.md"),
        ({"empty.md": ""}, ["empty.md", "human.md"], "empty.md: the file is empty"),
        ({"empty.md": " \n"}, ["good.md", "empty.md"], "empty.md: the file is empty"),
        ({"code.md": "```\nx = 1\n```\n"}, ["code.md", "human.md"], "code.md: there is no text"),
        ({"o.md": "Zzz qqq.\n"}, ["o.md", "human.md", "--draft", "draft.md"], "o.md: nothing in it matches"),
        ({"a.txt": "a\nb\n", "b.txt": "a\n"}, ["a.txt", "b.txt", "--lines"], "a.txt: 2 lines"),
        ({"a.txt": "a\nb\n", "b.txt": "a\n\n"}, ["a.txt", "b.txt", "--lines"], "b.txt:2: the reference is empty"),
    ],
)
def test_never_a_silent_number(
    folder: Path, capsys: pytest.CaptureFixture[str], files: dict[str, str], arguments: list[str], expected: str
) -> None:
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    assert score(folder, *arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert expected in captured.err
    assert len(captured.err.splitlines()) == 1


def test_fidelity_counts_multisets() -> None:
    draft = "[a](http://x.org/1) [b](http://x.org/1) `c` `c` ![](i.png)\n\n```\nint x;\n```\n"
    page = "[a](http://x.org/1) `c` `d` ![alt](i.png) http://y.org/2.\n\n```\nint x;\n```\n"
    found = fidelity(draft, page)
    assert (found.links.kept, found.links.total, found.links.added) == (1, 2, 1)
    assert (found.code.kept, found.code.total, found.code.added) == (2, 3, 1)
    assert (found.images.kept, found.images.total, found.images.added) == (1, 1, 0)


def test_versions_are_joined_where_they_overlap_and_gaps_are_filled() -> None:
    first = [Pair((0,), (0,), 1.0), Pair((1, 2), (1,), 1.0)]
    second = [Pair((0, 1), (0,), 1.0), Pair((3,), (2,), 1.0)]
    assert join([first, second]) == [Group((0, 1, 2), ((0, 1), (0,))), Group((3,), ((), (2,)))]
    matching = Matching((Pair((0,), (0,), 1.0), Pair((3,), (3,), 1.0)), (1, 2, 4), (1, 2))
    assert filled(matching) == [Pair((0,), (0,), 1.0), Pair((1, 2), (1, 2), 0.0), Pair((3,), (3,), 1.0)]
