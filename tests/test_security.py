"""What a hostile draft, glossary or file name may do: nothing but be refused (see docs/security.md)."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from glossary.errors import GlossaryError
from glossary.files import load_file
from translate.config import load_config
from translate.errors import UserError
from translate.memory.po import from_po
from translate.memory.tmx import from_tmx
from translate.text_file import read_text, write_atomic

ROOT = Path(__file__).resolve().parents[1]
MODULES = sorted(
    path for package in ("glossary", "translate", "flows", "benchmarks") for path in (ROOT / package).rglob("*.py")
)
PATIENCE = 120
"""Seconds after which a process is taken for hung."""

# ---- nothing is unpickled, evaluated or fetched unpinned ----

_NEVER_IMPORTED = {"pickle", "cPickle", "cloudpickle", "dill", "joblib", "shelve", "marshal", "jsonpickle"}
_NEVER_CALLED = {"eval", "exec", "compile"}


def imported(tree: ast.AST) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add((node.module or "").partition(".")[0])
    return names


def calls(tree: ast.AST) -> list[tuple[str, dict[str, ast.expr]]]:
    """(dotted name, keyword arguments) of each call."""
    return [
        (ast.unparse(node.func), {k.arg: k.value for k in node.keywords if k.arg})
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
    ]


def is_true(value: ast.expr | None) -> bool:
    return isinstance(value, ast.Constant) and value.value is True


def dangers(source: str) -> list[str]:
    """Calls and imports by which data becomes code."""
    tree = ast.parse(source)
    found = sorted(imported(tree) & _NEVER_IMPORTED)
    for name, keywords in calls(tree):
        last = name.rpartition(".")[2]
        if name in _NEVER_CALLED or name == "os.system" or is_true(keywords.get("shell")):
            found.append(name)
        if name == "torch.load" and not is_true(keywords.get("weights_only")):
            found.append("torch.load without weights_only")
        if is_true(keywords.get("allow_pickle")) or is_true(keywords.get("trust_remote_code")):
            found.append(f"{name} of pickled or remote code")
        if name in ("yaml.load", "yaml.unsafe_load", "yaml.full_load"):
            found.append(name)
        if last in ("snapshot_download", "hf_hub_download") and "revision" not in keywords:
            found.append(f"{last} without a revision")
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_data_becomes_code(path: Path) -> None:
    assert dangers(path.read_text("utf-8")) == []


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from cloudpickle import loads",
        "eval(text)",
        "import os\nos.system(name)",
        "subprocess.run(name, shell=True)",
        "torch.load(path)",
        "torch.load(path, weights_only=False)",
        "np.load(path, allow_pickle=True)",
        "yaml.load(text, Loader=yaml.Loader)",
        "AutoModel.from_pretrained(name, trust_remote_code=True)",
        "snapshot_download(name)",
    ],
)
def test_the_search_for_dangers_finds_them(source: str) -> None:
    assert dangers(source)


def test_results_of_flows_are_json() -> None:
    source = (ROOT / "flows" / "caching.py").read_text("utf-8")
    assert "json" in source
    assert not [name for path in MODULES for name in ("result_serializer='pickle'",) if name in path.read_text("utf-8")]


# ---- what is no text file ----


def special(kind: str, folder: Path, name: str) -> Path:
    path = folder / name
    match kind:
        case "pipe":
            os.mkfifo(path)
        case "directory":
            path.mkdir()
        case "device without an end":
            path.symlink_to("/dev/zero")
        case "link to itself":
            path.symlink_to(path)
        case "link to nothing":
            path.symlink_to(folder / "nowhere")
    return path


KINDS = ("pipe", "directory", "device without an end", "link to itself", "link to nothing")


@pytest.mark.skipif(not hasattr(os, "mkfifo") or not Path("/dev/zero").exists(), reason="needs pipes and /dev/zero")
@pytest.mark.parametrize("reader", ["draft", "glossary", "configuration", "tmx", "po"])
def test_special_files_are_refused_in_a_sentence(reader: str, tmp_path: Path) -> None:
    """In a process of its own, with bounded memory: a reader that waits or reads without end fails the test."""
    suffix = {"draft": ".en.md", "glossary": ".yaml", "configuration": ".yaml", "tmx": ".tmx", "po": ".po"}[reader]
    paths = [str(special(kind, tmp_path, f"file{number}{suffix}")) for number, kind in enumerate(KINDS)]
    command = [sys.executable, "-m", "tests.test_security", reader, *paths]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    messages = done.stdout.splitlines()
    assert len(messages) == len(paths)
    for message, path, kind in zip(messages, paths, KINDS, strict=True):
        assert message.startswith(path), (kind, message)
        assert reader == "configuration" or not message.endswith(": taken"), (kind, message)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes")
def test_special_files_are_written_to_as_what_they_are(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="a pipe that nobody reads"):
        write_atomic(special("pipe", tmp_path, "pipe"), "text")
    with pytest.raises(UserError, match="is a directory"):
        write_atomic(special("directory", tmp_path, "directory"), "text")
    with pytest.raises(UserError, match="circle"):
        write_atomic(special("link to itself", tmp_path, "circle"), "text")
    elsewhere = tmp_path / "elsewhere.md"
    elsewhere.write_text("old", "utf-8")
    link = tmp_path / "link.md"
    link.symlink_to(elsewhere)
    write_atomic(link, "new")
    assert link.is_symlink()  # a link that the user made is followed, and stays
    assert elsewhere.read_text("utf-8") == "new"


def test_a_scheduled_run_writes_through_no_link(tmp_path: Path) -> None:
    """A repository may hold links: in place of a draft, of a bilingual file, of a human version, of a directory."""
    from translate.publishing.find import find

    root, outside = tmp_path / "root", tmp_path / "outside"
    (root / "inner").mkdir(parents=True)
    outside.mkdir()
    (outside / "secret.en.md").write_text("A secret.\n", "utf-8")
    for name in ("good.en.md", "written.en.md", "new.en.md", "inner/deep.en.md"):
        (root / name).write_text("A text.\n", "utf-8")
    (root / "read.en.md").symlink_to(outside / "secret.en.md")
    (root / "linked").symlink_to(outside)
    (root / "written.pt-br.md").symlink_to(outside / "secret.en.md")
    (root / "new.pt-br.md").symlink_to(outside / "not-there-yet.md")
    found = find(load_config(None, {"publish.root": str(root), "publish.drafts": ["**/*.en.md"]}).publish)
    assert [c.path.relative_to(found.root).as_posix() for c in found.candidates] == ["good.en.md", "inner/deep.en.md"]
    assert found.left_out == ("new.en.md", "read.en.md", "written.en.md")


def _read(reader: str, *paths: str) -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (4 * 2**30, 4 * 2**30))
    readers: dict[str, Callable[[Path], object]] = {
        "draft": read_text,
        "glossary": load_file,
        "configuration": load_config,
        "tmx": from_tmx,
        "po": from_po,
    }
    for path in paths:
        try:
            readers[reader](Path(path))
            print(f"{path}: taken")  # an empty configuration is one
        except (UserError, GlossaryError) as error:
            print(error)


# ---- front matter decides no path; names and texts are shown as text ----

HOSTILE_DRAFT = """---
title: "../../../tmp/pwned <script>alert(1)</script>"
layout: ../../etc/passwd
permalink: /../../../../tmp/pwned.html
out: /tmp/pwned
file: ../pwned.md
lang: ../../x
slug: "a/b\\u0000c"
---

# A <img src=x onerror=alert(2)> heading

This is a sentence about a model. <script>alert(3)</script>
"""


HUMAN = """---
title: Outro título
---

# Um cabeçalho

Esta é uma frase sobre um modelo.
"""


def tree(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_front_matter_decides_no_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole job with the real model: every file that appears is one whose name the draft's own name gives."""
    from translate.pipeline import run
    from translate.results import RunRequest

    world = tmp_path / "world"
    (world / "drafts").mkdir(parents=True)
    memory = tmp_path / "memory" / "memory.sqlite"
    memory.parent.mkdir()
    monkeypatch.setenv("TRANSLATE_ISSUE_MEMORY", str(memory))
    draft = world / "drafts" / "evil.en.md"
    draft.write_text(HOSTILE_DRAFT, "utf-8")
    human = world / "drafts" / "human.md"
    human.write_text(HUMAN, "utf-8")
    config = load_config(None, {"score.bootstrap": 0})
    out, report = world / "out", world / "report.json"
    out.mkdir()
    run(RunRequest((str(draft),), str(out), (str(human),), report), config)
    assert tree(world) == ["drafts/evil.en.md", "drafts/human.md", "out/evil.pt-br.md", "report.json"]
    assert {name.partition(".")[0] for name in tree(memory.parent)} <= {"memory", "history"}
    page = (out / "evil.pt-br.md").read_text("utf-8")
    for untouched in ("layout: ../../etc/passwd", "permalink: /../../../../tmp/pwned.html", "lang: ../../x"):
        assert untouched in page
    _check_review(out / "evil.pt-br.md", draft, world)


def _check_review(bilingual: Path, draft: Path, world: Path) -> None:
    from translate.cli import main

    target = world / "review.html"
    before = set(tree(world))
    assert main(["review", str(bilingual), "--draft", str(draft), "--format", "html", "--out", str(target)]) == 0
    assert set(tree(world)) - before == {"review.html"}
    html = target.read_text("utf-8").lower()
    for injected in ("<script>alert", "<img src=x", "onerror=alert(2)>"):
        assert injected not in html


if __name__ == "__main__":
    _read(*sys.argv[1:])
