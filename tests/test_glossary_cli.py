"""``translate-issue glossary`` as a user meets it: real files, standard output, exit codes."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import pytest

from glossary import Diagnosis, load_termbase, parse_termbase
from glossary.termbase import KEYS
from translate.cli import main

Run = Callable[..., tuple[int, str, str]]

GLOSSARY = """\
terms:
  - term: pipeline
    forbidden: [duto]
  - dataset
  - {term: early stopping, style: italic}
  - {term: machine learning, translation: aprendizado de máquina}
"""

DRAFT = """\
---
title: "A new pipeline"
---

# What we built

Our pipeline cleans every dataset before lunch, and it never touches `dataset.csv`.

The garden of Lisbon has 12 trees that machine learning counted in 2019.

We tried early stopping in [this notebook](https://example.org/notes) and saved 30 minutes.
"""

HUMAN = """\
---
title: "Um novo pipeline"
---

# O que construímos

Nosso pipeline limpa cada conjunto de dados antes do almoço, e nunca toca em `dataset.csv`.

O jardim de Lisboa tem 12 árvores que o aprendizado de máquina contou em 2019.

Tentamos *early stopping* [neste notebook](https://example.org/notes) e poupamos 30 minutos.
"""

BILINGUAL = """\
# O que construímos

<!-- # What we built -->

O duto limpa os datasets.

<!-- The pipeline cleans the datasets. -->

Nota do tradutor: fim.
"""


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs ``translate-issue glossary …`` where the files above lie; gives exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    files = {"g.yaml": GLOSSARY, "a.en.md": DRAFT, "a.pt-br.md": HUMAN, "b.pt-br.md": BILINGUAL}
    for name, text in files.items():
        Path(name).write_text(text, encoding="utf-8")

    def command(*arguments: str) -> tuple[int, str, str]:
        code = main(["glossary", *arguments])
        return code, *capsys.readouterr()

    return command


def test_help_says_what_exit_codes_mean(capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("check", "verify", "suggest", "import", "export"):
        with pytest.raises(SystemExit) as exit_:
            main(["glossary", name, "--help"])
        assert exit_.value.code == 0
        assert "exit codes:" in capsys.readouterr().out


def test_nothing_heavy_is_imported_for_help_or_verification(run: Run) -> None:
    run("export", "--to", "csv", "--out", "x.csv")
    code = (
        "import sys; from translate.cli import main; sys.stdout = open('out', 'w');"
        "main(['glossary', 'verify', 'a.en.md', 'a.pt-br.md']); main(['glossary', 'check', 'x.csv', 'a.en.md']);"
        "heavy = {'torch', 'ctranslate2', 'prefect', 'transformers', 'sacrebleu'} & set(sys.modules);"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.returncode == 0


# check -------------------------------------------------------------------------------------------


def test_check_a_clean_glossary_and_the_terms_that_drafts_lack(run: Run) -> None:
    Path("g.yaml").write_text(GLOSSARY + "  - kernel\n")
    code, out, err = run("check", "g.yaml", "a.en.md")
    assert (code, err) == (0, "")
    assert "g.yaml: 5 terms, nothing to mend" in out
    assert "1 of them do not stand in this draft:\n  kernel" in out


def test_check_ignores_words_in_code(run: Run) -> None:
    Path("c.en.md").write_text("Only `pipeline` in code, and a dataset.\n")
    _, out, _ = run("check", "g.yaml", "c.en.md")
    assert "pipeline" in out.splitlines()[-1]
    assert "dataset" not in out.splitlines()[-1]


def test_check_reports_what_is_doubtful_with_its_line(run: Run) -> None:
    Path("g.yaml").write_text("terms:\n- token\n- tokens\n- data set\n- dataset\n")
    code, out, _ = run("check", "g.yaml")
    assert code == 1
    assert "g.yaml:3: 'tokens' is the plural of 'token'" in out
    assert "g.yaml:5: 'dataset' is 'data set' written otherwise" in out
    code, out, _ = run("check", "g.yaml", "--json")
    assert code == 1
    assert [finding["line"] for finding in json.loads(out)["findings"]] == [3, 5]


def test_check_reports_every_error(run: Run) -> None:
    Path("g.yaml").write_text("terms:\n- token\n- {term: loss, gnder: m}\n- Token\n")
    code, out, err = run("check", "g.yaml")
    assert (code, out) == (2, "")
    assert "g.yaml:3: unknown key `gnder`; did you mean `gender`?" in err
    assert "g.yaml:4: 'Token' is listed already on line 2" in err


# verify ------------------------------------------------------------------------------------------


def test_verify_a_draft_and_its_translation(run: Run) -> None:
    code, out, _ = run("verify", "a.en.md", "a.pt-br.md", "--glossary", "g.yaml")
    assert code == 1
    assert out.startswith("a.pt-br.md: 4 of 5 occurrences kept (80.0%)")
    assert "a.pt-br.md:7: (draft line 7) 'dataset' dropped" in out
    assert "[dataset]" in out
    assert all(len(line) <= 80 for line in out.splitlines())


def test_verify_says_when_all_is_kept(run: Run) -> None:
    Path("a.pt-br.md").write_text(HUMAN.replace("conjunto de dados", "dataset"), encoding="utf-8")
    code, out, _ = run("verify", "a.en.md", "a.pt-br.md", "--glossary", "g.yaml")
    assert code == 0
    assert "5 of 5 occurrences kept (100.0%)" in out


def test_verify_a_bilingual_file(run: Run) -> None:
    code, out, _ = run("verify", "b.pt-br.md", "--glossary", "g.yaml", "--json")
    report = json.loads(out)
    assert code == 1
    assert (report["occurrences"], report["kept"], report["forbidden"]) == (2, 1, 1)
    assert report["lost"][0] == {
        "term": "pipeline", "text": "pipeline", "diagnosis": "dropped", "found": None,
        "draft_line": 7, "translation_line": 5,
    }  # fmt: skip
    assert report["too_much"][0]["text"] == "duto"
    assert "1 block without English" in run("verify", "b.pt-br.md", "--glossary", "g.yaml")[1]


def test_verify_strict_minds_extra_and_unchecked_terms(run: Run) -> None:
    Path("b.pt-br.md").write_text("O pipeline é um pipeline.\n\n<!-- The pipeline. -->\n")
    assert run("verify", "b.pt-br.md", "--glossary", "g.yaml")[0] == 0
    code, out, _ = run("verify", "b.pt-br.md", "--glossary", "g.yaml", "--strict")
    assert code == 1
    assert "'pipeline' stands more often than in the draft" in out


def test_verify_reads_a_mis_decoded_file(run: Run) -> None:
    more = "\nInformação, produção, variações e ações não são só números: é também coração, órgão e âmbito.\n"
    broken = (HUMAN + more).encode().decode("mac-roman")
    Path("a.pt-br.md").write_text(broken, encoding="utf-8")
    _, out, _ = run("verify", "a.en.md", "a.pt-br.md", "--glossary", "g.yaml")
    assert "4 of 5 occurrences kept" in out
    assert "mis-decoded" in out


def test_verify_our_own_bilingual_file(run: Run) -> None:
    from translate.document import identity, parse
    from translate.document.bilingual import write_bilingual

    document = parse(DRAFT)
    text = write_bilingual(
        document, {s.index: identity(s) for s in document.segments}, layout="comment-after", lang=None
    )
    Path("own.md").write_text(text, encoding="utf-8")
    Path("g.yaml").write_text("terms: [pipeline, dataset, early stopping, machine learning]")
    code, out, _ = run("verify", "own.md", "--glossary", "g.yaml")
    assert code == 0
    assert "4 of 4 occurrences kept" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["verify", "none.md"], "none.md: no such file"),
        (["verify", "a.pt-br.md"], "a.pt-br.md: has no English in comments; give its draft too"),
        (["verify", "a.en.md", "other.md"], "other.md: nothing in it matches a.en.md"),
        (["verify", "a.en.md", "empty.md"], "empty.md: the file is empty"),
        (["verify", "a.en.md", "a.pt-br.md", "b.pt-br.md"], "takes one bilingual file, or a draft and a translation"),
        (["verify", "b.pt-br.md", "--glossary", "none.yaml"], "none.yaml: there is no such glossary file"),
        (["verify", "b.pt-br.md", "--glossary", "bad.yaml"], "bad.yaml:1: a glossary needs `terms:`"),
        (["check", "bad.csv"], "bad.csv:2: this row has no term"),
        (["check", "a.en.md"], "a.en.md: the name must end in .yaml"),
        (["check", "g.yaml", "binary.md"], "binary.md: the file is binary data"),
        (["check", "folder.yaml"], "folder.yaml: this is a directory"),
        (["suggest", "a.en.md", "--human", "other.md"], "other.md: nothing in it matches a.en.md"),
        (["suggest", "a.en.md", "--human", "a.pt-br.md", "b.pt-br.md"], "--human names 2 files for 1 drafts"),
        (["suggest", "a.en.md", "--human", "a.pt-br.md", "--min-rate", "3"], "give a share between 0 and 1"),
        (["suggest", "a.en.md", "--human", "a.pt-br.md", "--out", "g.yaml"], "g.yaml: exists already"),
        (["suggest", "a.en.md", "--human", "a.pt-br.md", "--out", "a.en.md", "--force"], "is an input of this command"),
        (["import", "g.yaml"], "g.yaml: this is a glossary already"),
        (["import", "bad.tbx"], "bad.tbx:2: this is not well-formed XML"),
        (["import", "good.csv", "--out", "g.yaml"], "g.yaml: exists already"),
        (["import", "good.csv", "--out", "no/such/g.yaml"], "its directory does not exist"),
        (["export", "g.yaml"], "which format?"),
        (["export", "g.yaml", "--out", "x.ods"], "x.ods: the name must end in"),
        (["export", "g.yaml", "--to", "csv", "--out", "g.yaml", "--force"], "is an input of this command"),
    ],
)
def test_bad_input_is_one_clear_sentence(run: Run, arguments: list[str], message: str) -> None:
    Path("other.md").write_text("Xyz.\n")
    Path("empty.md").write_text("")
    Path("bad.yaml").write_text("casing: draft\n")
    Path("bad.csv").write_text("term,note\n,x\n")
    Path("good.csv").write_text("term\ntoken\n")
    Path("bad.tbx").write_text("<tbx>\n<a></tbx>")
    Path("binary.md").write_bytes(b"\0\1\2")
    Path("folder.yaml").mkdir()
    before = {path: path.read_bytes() for path in Path().iterdir() if path.is_file()}
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert len(err.splitlines()) == 1
    assert {path: path.read_bytes() for path in Path().iterdir() if path.is_file()} == before


# suggest -----------------------------------------------------------------------------------------


def test_suggest_prints_a_glossary_ready_to_edit(run: Run) -> None:
    Path("known.yaml").write_text("terms: [pipeline, dataset]")
    code, out, _ = run("suggest", "a.en.md", "--human", "a.pt-br.md", "--glossary", "known.yaml")
    assert code == 0
    terms = {term.text: term.style for term in parse_termbase(out)}
    assert terms == {"early stopping": "italic", "notebook": None}
    assert "# kept 1 of 1 (100%), 1 in italics (100%)" in out
    assert "# listed already: pipeline (kept 2 of 2 (100%)" in out
    assert "#   dataset: kept 0 of 1" in out
    assert "Tentamos early stopping neste notebook" in out


def test_suggest_writes_a_file_and_prints_a_table(run: Run) -> None:
    code, out, _ = run("suggest", "a.en.md", "--human", "a.pt-br.md", "--glossary", "g.yaml", "--out", "new.yaml")
    assert code == 0
    assert out.startswith("1 new term proposed, 2 listed already")
    assert [term.text for term in load_termbase("new.yaml")] == ["notebook"]
    assert run("suggest", "a.en.md", "--human", "a.pt-br.md", "--out", "new.yaml", "--force")[0] == 0


def test_suggest_as_json_and_with_limits(run: Run) -> None:
    _, out, _ = run("suggest", "a.en.md", "--human", "a.pt-br.md", "--glossary", "g.yaml", "--json", "--limit", "2")
    found = json.loads(out)
    assert len(found["suggestions"]) == 2
    assert {"term", "kept", "occurrences", "rate", "italics_rate", "contexts", "listed_as"} <= set(
        found["suggestions"][0]
    )
    assert {"term": "dataset", "kept": 0, "occurrences": 1} in found["listed"]


# import and export -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["x.csv", "x.tbx"])
def test_export_and_import_give_the_same_glossary(run: Run, name: str) -> None:
    code, out, _ = run("export", "g.yaml", "--out", name)
    assert (code, out) == (0, f"4 terms → {name}\n")
    code, out, _ = run("import", name, "--out", "back.yaml")
    assert (code, out) == (0, f"4 terms from {name} → back.yaml\n")
    assert load_termbase("back.yaml") == load_termbase("g.yaml")


def test_a_spreadsheet_keeps_its_letters_and_its_list_separator(run: Run) -> None:
    run("export", "g.yaml", "--delimiter", ";", "--out", "x.csv")
    content = Path("x.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbfterm;variants;")
    edited = content.decode("utf-8-sig").replace("true", "VERDADEIRO")
    Path("x.csv").write_text(edited, encoding="utf-8")
    assert run("import", "x.csv", "--out", "back.yaml")[0] == 0
    assert load_termbase("back.yaml") == load_termbase("g.yaml")


def test_standard_output_holds_the_document_alone(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    buffer = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(buffer, encoding="utf-8"))
    code, _, err = run("export", "g.yaml", "--to", "tbx")
    assert code == 0
    assert "4 terms" in err
    Path("x.tbx").write_bytes(buffer.getvalue())
    assert run("import", "x.tbx", "--out", "back.yaml")[0] == 0


def test_capitals_follow_the_option_on_import(run: Run) -> None:
    Path("s.yaml").write_text("casing: sentence\nterms: [token]")
    _, out, _ = run("export", "s.yaml", "--out", "s.csv")
    assert "import it with --casing sentence" in out
    run("import", "s.csv", "--casing", "sentence", "--out", "back.yaml")
    assert load_termbase("back.yaml") == load_termbase("s.yaml")


def test_exporting_the_shipped_glossary(run: Run) -> None:
    assert run("export", "--out", "x.tbx")[0] == 0
    assert run("check", "x.tbx")[0] == 0


def test_real_versions_by_hand(run: Run, shared: Path) -> None:
    """Human versions can be audited; a mis-decoded one as its sound original."""
    folder = shared / "newsletters"

    def accuracy(draft: str, human: str) -> float:
        code, out, _ = run("verify", str(folder / draft), str(folder / human), "--json")
        assert code == 1
        assert json.loads(out)["repaired"] == ("mojibake" in human)
        return float(json.loads(out)["accuracy"])

    assert 0.5 < accuracy("01.en.md", "01.pt-br.md") < 1
    assert 0.5 < accuracy("04.en.md", "04.pt-br.mojibake.md") < 1


# documentation -----------------------------------------------------------------------------------


def test_the_documentation_names_every_key_and_its_examples_are_glossaries() -> None:
    text = (Path(__file__).resolve().parents[1] / "docs" / "glossary.md").read_text(encoding="utf-8")
    examples = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    assert [len(parse_termbase(example)) for example in examples] == [2, 3]
    for name in (*KEYS, "casing", *get_args(Diagnosis)[1:]):
        assert f"| `{name}` |" in text
