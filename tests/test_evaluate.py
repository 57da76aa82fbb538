"""`translate-issue evaluate`: fresh translations scored with the glossary and without, and README's block of them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from translate.cli import main
from translate.config import load_config
from translate.errors import UserError
from translate.evaluation.folder import Evaluation, evaluate, find_pairs
from translate.evaluation.page import BEGIN, END, markdown, rewritten

SENTENCES = {
    "# News": "# Notícias",
    "The [dataset](https://example.org/d) has many images.": "O [dataset](https://example.org/d) tem muitas imagens.",
    "We published the results yesterday.": "Publicamos os resultados ontem.",
    "A large dataset is not enough.": "Um dataset grande não basta.",
    "Run `train.py` to begin the training.": "Execute `train.py` para iniciar o treinamento.",
}
CONFIG = {"decoding.beam_size": 1, "score.bootstrap": 50}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("issues")
    for name in ("01", "02"):
        sentences = dict(list(SENTENCES.items())[: 5 if name == "01" else 3])
        (path / f"{name}.en.md").write_text("\n\n".join(sentences) + "\n", encoding="utf-8")
        (path / f"{name}.pt-br.md").write_text("\n\n".join(sentences.values()) + "\n", encoding="utf-8")
    (path / "03.en.md").write_text("No human version yet.\n", encoding="utf-8")
    (path / "terms.yaml").write_text("terms: [dataset, training]\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def found(folder: Path) -> Evaluation:
    return evaluate(folder, load_config(None, {**CONFIG, "glossary.file": folder / "terms.yaml"}))


def test_each_issue_with_the_glossary_and_without(found: Evaluation, folder: Path) -> None:
    assert [row.issue for row in found.rows] == ["01", "02"]
    assert found.without_human == ("03.en.md",)
    first = found.rows[0]
    assert (first.segments, first.matched) == (5, 5)
    assert first.enforced.terms == (3, 3)
    assert first.bare.terms[1] == 3
    assert first.bare.terms[0] < 3, "the model alone translates at least one of them"
    assert first.human_terms == (2, 3)
    assert first.enforced.markup == first.bare.markup == first.human_markup == (2, 2)
    for version in (first.enforced, first.bare, found.total.enforced):
        assert set(version.scores) == {"BLEU", "chrF2", "TER"}
        assert all(metric.interval is not None for metric in version.scores.values())
    assert first.enforced.scores["chrF2"].value != first.bare.scores["chrF2"].value
    assert found.total.words == sum(row.words for row in found.rows)
    assert found.total.enforced.terms == (4, 4)
    assert 0 < found.comparison.metrics["chrF2"].p_value <= 1
    assert {p.name for p in folder.iterdir()} == {
        "01.en.md", "01.pt-br.md", "02.en.md", "02.pt-br.md", "03.en.md", "terms.yaml",
    }  # fmt: skip


def test_the_page_and_the_data_say_the_same(found: Evaluation) -> None:
    page = markdown(found)
    data = json.loads(json.dumps(found.as_dict()))
    value = data["all"]["enforced"]["scores"]["BLEU"]["value"]
    (line,) = [
        line for line in page.splitlines() if line.startswith("| all | ") and "3 / 3" not in line and "[" in line
    ]
    assert f"| {value:.1f} [" in line
    for expected in ("| 01 | 3 / 3 (100.0 %) |", "2 / 3 (66.7 %)", "nrefs:1", "glossary", "03.en.md", "p = "):
        assert expected in page


def test_readmes_block_is_rewritten_and_nothing_else(found: Evaluation) -> None:
    text = f"# Project\r\n\r\n{BEGIN}\r\nold\r\n{END}\r\nAfter.\r\n"
    new = rewritten(text, found, "README.md")
    assert new.startswith(f"# Project\r\n\r\n{BEGIN}\r\nMeasured by")
    assert new.endswith(f"{END}\r\nAfter.\r\n")
    assert "old" not in new
    assert new.count("\n") == new.count("\r\n")
    assert rewritten(new, found, "README.md") == new
    assert rewritten(new, replace(found, seconds=found.seconds * 9), "README.md") != new
    for bad in ("no marks", f"{END}{BEGIN}", f"{BEGIN}{BEGIN}{END}"):
        with pytest.raises(UserError, match=r"README\.md: put"):
            rewritten(bad, found, "README.md")


def test_the_command(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "my.yaml").write_text("decoding:\n  beam_size: 1\nscore:\n  bootstrap: 0\n", encoding="utf-8")
    readme, out = tmp_path / "README.md", tmp_path / "out.json"
    readme.write_text(f"{BEGIN}\n{END}\n", encoding="utf-8")
    line = ["evaluate", str(folder), "--config", str(tmp_path / "my.yaml"), "--quiet"]
    assert main([*line, "--json", "--out", str(out), "--readme", str(readme)]) == 0
    assert capsys.readouterr().out == ""
    assert json.loads(out.read_text(encoding="utf-8"))["all"]["matched"] == 8
    assert "| all |" in readme.read_text(encoding="utf-8")


def test_folders_without_pairs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", str(tmp_path / "gone")]) == 2
    assert "no such directory" in capsys.readouterr().err
    (tmp_path / "01.en.md").write_text("Text.\n", encoding="utf-8")
    assert main(["evaluate", str(tmp_path)]) == 2
    assert "human version" in capsys.readouterr().err
    (tmp_path / "01.pt-br.md").write_text("Feito pela máquina.\n", encoding="utf-8")
    (tmp_path / "01.pt-br.human.md").write_text("Texto.\n", encoding="utf-8")
    ((pair,), alone) = find_pairs(tmp_path, load_config())
    assert (pair.name, pair.human.text, alone) == ("01", "Texto.\n", [])
    (tmp_path / "README.md").write_text("no marks\n", encoding="utf-8")
    assert main(["evaluate", str(tmp_path), "--readme", str(tmp_path / "README.md")]) == 2
    assert "evaluate:begin" in capsys.readouterr().err


@pytest.mark.usefixtures("prefect_api")
def test_the_flow_gives_the_same(found: Evaluation, folder: Path, tmp_path: Path) -> None:
    from prefect.artifacts import Artifact

    from flows.evaluate import evaluate as flow

    data = flow(str(folder), str(tmp_path / "out.md"), settings={**CONFIG, "glossary.file": str(folder / "terms.yaml")})
    assert json.loads(json.dumps(data["all"])) == json.loads(json.dumps(found.as_dict()["all"]))
    artifact = Artifact.get("evaluation")
    assert getattr(artifact, "data", None) == (tmp_path / "out.md").read_text(encoding="utf-8")
