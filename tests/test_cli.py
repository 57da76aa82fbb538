"""The command as a user meets it: real processes, bad input, standard streams, interruption."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from translate.cli import main

ROOT = Path(__file__).resolve().parents[1]
DRAFT = "---\ntitle: A short note\n---\n\nThe throughput of the model is high.\n"


def command(*arguments: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
    done: subprocess.CompletedProcess[str] = subprocess.run(
        [sys.executable, "-m", "translate", *arguments],
        input=text,
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=ROOT,
        timeout=120,
        check=False,
    )
    return done


@pytest.fixture
def draft(tmp_path: Path) -> Path:
    path = tmp_path / "note.en.md"
    path.write_text(DRAFT, encoding="utf-8")
    return path


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Runs the command, which must refuse in one clear sentence; returns it."""
    assert main(["run", *arguments]) == 2
    captured = capsys.readouterr()
    message = captured.err.strip().splitlines()[-1]
    assert message.startswith("translate-issue: ")
    assert "Traceback" not in captured.err
    return message


def test_the_default_output_is_beside_the_draft(draft: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", str(draft), "--strict"]) == 0
    page = (draft.parent / "note.pt-br.md").read_text(encoding="utf-8")
    assert "<!-- The throughput of the model is high. -->" in page
    assert "throughput" in page.split("<!--")[0]
    assert "terms kept 1 / 1" in capsys.readouterr().out


def test_standard_input_to_standard_output() -> None:
    done = command("run", "-", text=DRAFT)
    assert done.returncode == 0
    assert done.stdout.startswith("---\ntitle: ")
    assert "<!-- The throughput of the model is high. -->" in done.stdout
    assert "terms kept 1 / 1" in done.stderr


def test_quiet_prints_nothing(draft: Path) -> None:
    done = command("run", str(draft), "--quiet")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_line_endings_and_byte_order_mark_survive(tmp_path: Path) -> None:
    path = tmp_path / "n.en.md"
    path.write_bytes(b"\xef\xbb\xbf# One\r\n\r\nThe model is small.  \r\nIt is fast.")
    assert main(["run", str(path), "--quiet", "--layout", "target-only"]) == 0
    out = (tmp_path / "n.pt-br.md").read_bytes()
    assert out.startswith(b"\xef\xbb\xbf# ")
    assert out.count(b"\n") == out.count(b"\r\n") == 3
    assert not out.endswith(b"\n")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "empty"),
        (b" \n\n", "empty"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00", "image"),
        (b"text \x00\x01\x02", "binary"),
        ("The model".encode("utf-16"), "UTF-16"),
        ("Tradu\u00e7\u00e3o".encode("latin-1"), "UTF-8"),
        (b"---\ntitle: no end\n\ntext\n", "front matter"),
    ],
)
def test_unusable_drafts(tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes, expected: str) -> None:
    path = tmp_path / "bad.en.md"
    path.write_bytes(content)
    message = refused(capsys, str(path))
    assert str(path) in message
    assert expected in message
    assert sorted(p.name for p in tmp_path.iterdir()) == ["bad.en.md"]


def test_missing_draft_and_directory(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "nowhere.md" in refused(capsys, str(tmp_path / "nowhere.md"))
    assert "directory" in refused(capsys, str(tmp_path))


@pytest.mark.parametrize(
    ("option", "content", "expected"),
    [
        ("--glossary", "terms: [a, a]\n", ":1"),
        ("--glossary", "terms: [\n", "YAML"),
        ("--glossary", "term: [throughput]\n", "term"),
        ("--config", "beam: 4\n", "beam"),
        ("--config", "decoding: {beam_size: four}\n", "beam_size"),
        ("--config", "decoding: [\n", "YAML"),
    ],
)
def test_broken_configuration(
    draft: Path, capsys: pytest.CaptureFixture[str], option: str, content: str, expected: str
) -> None:
    path = draft.parent / "broken.yaml"
    path.write_text(content, encoding="utf-8")
    message = refused(capsys, str(draft), option, str(path))
    assert str(path) in message
    assert expected in message


def test_a_model_directory_with_a_missing_file(draft: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from translate.marian import resolve

    model = draft.parent / "model"
    shutil.copytree(resolve(None).directory, model)
    (model / "vocab.json").unlink()
    message = refused(capsys, str(draft), "--model", str(model))
    assert "vocab.json" in message


def test_output_places_that_cannot_be_written(draft: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "overwrite the draft" in refused(capsys, str(draft), "--out", str(draft))
    assert "no such directory" in refused(capsys, str(draft), "--out", str(draft.parent / "a" / "b.md"))
    assert str(draft) in refused(capsys, str(draft), "--out", f"{draft}/x.md")
    assert "no such directory" in refused(capsys, str(draft), "--report", str(draft.parent / "a" / "r.json"))
    assert not (draft.parent / "note.pt-br.md").exists()


def test_a_full_disk_leaves_no_half_file(draft: Path) -> None:
    """A limit on file size is what a full disk is to the writer: write() fails half-way."""
    report = draft.parent / "report.json"
    script = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "from translate.pipeline import load; from translate.config import load_config; load(load_config())\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (64, 64))\n"
        "from translate.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, "run", str(draft), "--report", str(report), "--quiet"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=120,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert done.stderr.startswith("translate-issue: ")
    assert sorted(p.name for p in draft.parent.iterdir()) == ["note.en.md"]


def test_interruption(tmp_path: Path) -> None:
    path = tmp_path / "long.en.md"
    path.write_text(
        "\n\n".join(f"Sentence number {i} says what the model number {i} does with data." for i in range(4000)),
        encoding="utf-8",
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "translate", "run", str(path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=os.environ,
    )
    assert process.stderr is not None
    for line in process.stderr:
        if "Translating" in line:
            break
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    _, rest = process.communicate(timeout=60)
    assert process.returncode == 130, rest
    assert "interrupted" in rest
    assert "Traceback" not in rest
    assert sorted(p.name for p in tmp_path.iterdir()) == ["long.en.md"]


def test_a_mis_decoded_human_version_is_repaired_and_said_so(draft: Path, capsys: pytest.CaptureFixture[str]) -> None:
    human = draft.parent / "human.md"
    text = (
        "---\ntitle: Uma nota curta\n---\n\nO *throughput* do modelo é alto, e não há razão para dúvida: "
        "a informação está à disposição. Três vezes não são cem.\n"
    )
    human.write_text(text.encode("utf-8").decode("cp1252", errors="replace").replace("\ufffd", "?"), encoding="utf-8")
    assert main(["run", str(draft), "--human", str(human)]) == 0
    out = capsys.readouterr().out
    assert "BLEU" in out
    assert "repaired" in out


def test_a_human_version_of_something_else(draft: Path, capsys: pytest.CaptureFixture[str]) -> None:
    human = draft.parent / "human.md"
    human.write_text("![](https://example.org/a.png)\n", encoding="utf-8")
    assert "human.md" in refused(capsys, str(draft), "--human", str(human))


def test_help_imports_nothing_heavy() -> None:
    script = (
        "import sys; from translate.cli import main\n"
        "try: main(['run', '--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'torch', 'transformers', 'ctranslate2', 'prefect', 'sacrebleu', 'numpy', 'markdown_it', 'yaml'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stderr.strip() == "[]"
    assert "exit codes" in done.stdout


def test_a_run_imports_no_torch(draft: Path) -> None:
    script = (
        "import sys; from translate.cli import main; code = main(sys.argv[1:])\n"
        "assert not {'torch', 'transformers', 'prefect'} & set(sys.modules); sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, "run", str(draft), "--quiet"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_report_never_overwrites_what_the_run_reads_or_writes(
    draft: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    glossary = draft.parent / "g.yaml"
    glossary.write_text("terms: [throughput]\n", encoding="utf-8")
    out = draft.parent / "z.md"
    for target, more in ((draft, []), (glossary, ["--glossary", str(glossary)]), (out, ["--out", str(out)])):
        assert "would overwrite" in refused(capsys, str(draft), "--report", str(target), *more)
    assert draft.read_text(encoding="utf-8") == DRAFT
    assert not out.exists()


def test_an_existing_file_that_is_no_version_of_the_draft_is_refused(
    draft: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    notes = draft.parent / "notes.md"
    private = "# Shopping\n\n- milk and bread\n- 12 eggs\n\nhttps://example.org/shop\n"
    notes.write_text(private, encoding="utf-8")
    assert "no version" in refused(capsys, str(draft), "--out", str(notes))
    assert notes.read_text(encoding="utf-8") == private


def test_the_draft_is_no_human_version_of_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "n.en.md"
    path.write_text("# One title here\n\nThe model is small.\n\nThe data are large.\n", encoding="utf-8")
    copy = tmp_path / "copy.md"
    copy.write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    assert "English" in refused(capsys, str(path), "--human", str(copy))


def test_a_mis_decoded_draft_is_noted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "n.en.md"
    text = "The café and the naïve model don’t agree; the résumé says “yes” — and the façade says “no”.\n" * 2
    path.write_text(text.encode().decode("cp1252", errors="ignore"), encoding="utf-8")
    assert main(["run", str(path)]) == 0
    assert "mis-decoded" in capsys.readouterr().out


def test_another_layout_for_an_existing_file_is_noted(draft: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", str(draft), "--quiet"]) == 0
    page = (draft.parent / "note.pt-br.md").read_bytes()
    assert main(["run", str(draft), "--layout", "comment-before"]) == 0
    assert "keeps its form (comment-after)" in capsys.readouterr().out
    assert (draft.parent / "note.pt-br.md").read_bytes() == page
