"""The living bilingual file through the real model: re-runs, conflicts, locks, outside edits, kills."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.rerun_world import World
from translate.cli import main
from translate.config import Config, load_config
from translate.errors import UserError
from translate.memory import Memory, open_memory
from translate.pipeline import run
from translate.rerun import read_existing
from translate.rerun.plan import Retranslate
from translate.results import RunRequest, RunResult, Silent

ROOT = Path(__file__).resolve().parents[1]
DRAFT = """---
title: "Small models [EN]"
---

# News

The new model is small. It learns from few examples.

\\\\
Another team wrote a [tutorial](https://example.org/t) about backpropagation.

* the first item
* the second item

The end of the issue.
"""


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    monkeypatch.setenv("TRANSLATE_ISSUE_MEMORY", str(tmp_path / "memory" / "memory.sqlite"))
    return load_config(None, {"decoding.beam_size": 1, "degenerate.retry_reference": False, "model.threads": 1})


@pytest.fixture
def draft(tmp_path: Path) -> Path:
    path = tmp_path / "a.en.md"
    path.write_text(DRAFT)
    return path


def bilingual(draft: Path) -> Path:
    return draft.with_name("a.pt-br.md")


def run_on(draft: Path, config: Config, *, retranslate: Retranslate | None = None) -> RunResult:
    return run(RunRequest((str(draft),), retranslate=retranslate), config)


def change(path: Path, *pairs: tuple[str, str]) -> str:
    text = path.read_text()
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    path.write_text(text)
    return text


def asked(result: RunResult) -> list[str]:
    """What went through the model."""
    return [t.segment.text for t in result.issues[0].translations if t.sentences]


def test_a_second_run_translates_nothing_and_changes_nothing(draft: Path, config: Config) -> None:
    run_on(draft, config)
    before = bilingual(draft).read_bytes()
    stamp = bilingual(draft).stat().st_mtime_ns
    result = run_on(draft, config)
    assert asked(result) == []
    assert bilingual(draft).read_bytes() == before
    assert bilingual(draft).stat().st_mtime_ns == stamp
    assert len(result.issues[0].translations) == len(result.issues[0].draft.document.segments)


def test_only_what_changed_is_translated(draft: Path, config: Config) -> None:
    run_on(draft, config)
    before = read_existing(bilingual(draft).read_text())
    change(draft, ("the second item", "the second thing"))
    result = run_on(draft, config)
    # The first item is the machine's own work, with the same model and glossary.
    assert asked(result) == ["the second thing"]
    after = read_existing(bilingual(draft).read_text())
    shown = [[u.portuguese.text for u in e.units if u.portuguese] for e in (before, after)]
    assert sum(a != b for a, b in zip(*shown, strict=True)) == 1


def test_human_texts_are_kept_taught_and_offered_a_conflict(draft: Path, config: Config) -> None:
    run_on(draft, config)
    existing = read_existing(bilingual(draft).read_text())
    last = next(u.portuguese.text for u in existing.units if u.english == "The end of the issue." and u.portuguese)
    change(bilingual(draft), (last, "E assim acaba a edição."))
    run_on(draft, config)
    with open_memory(config) as memory:
        learned = memory.exact("The end of the issue.")
        assert learned is not None
        assert (learned.target, learned.origin) == ("E assim acaba a edição.", "human")
    # Elsewhere, the human's sentence is used.
    other = draft.with_name("b.en.md")
    other.write_text("The end of the issue.\n")
    assert asked(run_on(other, config)) == []
    assert "E assim acaba a edição." in draft.with_name("b.pt-br.md").read_text()
    # Here, new English does not replace it.
    change(draft, ("The end of the issue.", "The end of this long issue."))
    result = run_on(draft, config)
    text = bilingual(draft).read_text()
    assert "E assim acaba a edição." in text
    assert len(read_existing(text).conflicts) == 1
    offered = [t.segment.text for t in result.issues[0].translations if "conflict" in t.flags]
    assert offered == ["The end of this long issue."]
    assert run_on(draft, config).issues[0].bilingual == text


def test_what_is_removed_is_in_the_memory(draft: Path, config: Config) -> None:
    run_on(draft, config)
    unit = next(u for u in read_existing(bilingual(draft).read_text()).units if u.english == "The end of the issue.")
    assert unit.portuguese is not None
    change(bilingual(draft), (unit.portuguese.text, "Fim humano."))
    change(draft, ("\nThe end of the issue.\n", ""))
    result = run_on(draft, config)
    assert "Fim humano." not in bilingual(draft).read_text()
    assert any("Fim humano." in note for note in result.issues[0].notes)
    with open_memory(config) as memory:
        assert any(u.target == "Fim humano." and u.origin == "human" for u in memory.units())


def test_retranslate_keeps_numbered_backups(draft: Path, config: Config) -> None:
    run_on(draft, config)
    fresh = bilingual(draft).read_text()
    mine = change(bilingual(draft), ("\n# N", "\n# Minhas n"))
    run_on(draft, config, retranslate="machine")
    assert bilingual(draft).read_text() == mine
    run_on(draft, config, retranslate="all")
    assert bilingual(draft).read_text() == fresh
    assert draft.with_name("a.pt-br.md.bak1").read_text() == mine
    change(bilingual(draft), ("\n# N", "\n# Outras n"))
    run_on(draft, config, retranslate="all")
    assert "# Outras n" in draft.with_name("a.pt-br.md.bak2").read_text()


class _Meddler(Silent):
    """Edits the bilingual file while the run translates."""

    def __init__(self, edit: Callable[[], object]) -> None:
        self.edit = edit

    def step(self, name: str) -> None:
        if name == "Translating":
            self.edit()


def test_an_edit_from_outside_is_never_overwritten(draft: Path, config: Config) -> None:
    run_on(draft, config)
    change(draft, ("few examples", "many examples"))
    edit = _Meddler(lambda: change(bilingual(draft), ("\n# N", "\n# Minhas n")))
    with pytest.raises(UserError, match=r"a\.pt-br\.md: the file changed while"):
        run(RunRequest((str(draft),)), config, edit)
    assert "# Minhas n" in bilingual(draft).read_text()
    run_on(draft, config)
    text = bilingual(draft).read_text()
    assert "# Minhas n" in text
    assert "many examples" in text
    assert not read_existing(text).conflicts


def test_a_file_that_appears_during_the_first_run_is_not_overwritten(draft: Path, config: Config) -> None:
    with pytest.raises(UserError, match="changed while"):
        run(RunRequest((str(draft),)), config, _Meddler(lambda: bilingual(draft).write_text("minha página\n")))
    assert bilingual(draft).read_text() == "minha página\n"


@pytest.mark.parametrize("content", [b"\xff\xfe\x00x", b"---\ntitle: x\nsem fim\n", b"\x89PNG\r\n\x1a\n\x00"])
def test_a_bilingual_file_that_cannot_be_read_is_kept(draft: Path, config: Config, content: bytes) -> None:
    bilingual(draft).write_bytes(content)
    with pytest.raises(UserError, match=r"a\.pt-br\.md: .*is kept"):
        run_on(draft, config)
    assert bilingual(draft).read_bytes() == content


def _command(draft: Path) -> subprocess.Popen[bytes]:
    code = "import sys; from translate.cli import main; sys.exit(main(sys.argv[1:]))"
    return subprocess.Popen(
        [sys.executable, "-c", code, "run", str(draft), "--beam", "1", "--quiet"], cwd=ROOT, stderr=subprocess.PIPE
    )


def test_two_runs_at_once_both_end_well(draft: Path, config: Config) -> None:
    first, second = _command(draft), _command(draft)
    errors = [process.communicate()[1] for process in (first, second)]
    assert (first.returncode, second.returncode) == (0, 0), errors
    text = bilingual(draft).read_text()
    assert run_on(draft, config).issues[0].bilingual == text
    assert not read_existing(text).conflicts


def test_runs_that_are_killed_leave_a_file_that_the_next_one_understands(draft: Path, config: Config) -> None:
    run_on(draft, config)
    rng = random.Random(3)
    for turn in range(3):
        change(draft, (" the issue.", f" {turn} the issue."))
        process = _command(draft)
        time.sleep(0.3 + rng.random())
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        # The machine's own text is never taken for a human's, whenever the run died.
        result = run_on(draft, config)
        assert not read_existing(result.issues[0].bilingual).conflicts
        assert not list(draft.parent.glob("*.bak*"))
    assert "The end of 0 1 2 the issue." in bilingual(draft).read_text()


def test_sequences_of_edits_through_the_real_model(tmp_path: Path, config: Config) -> None:
    """As the property test of `test_rerun`, with real translations, files and memory."""
    for seed in range(4):
        world = World(random.Random(seed), DRAFT)
        draft = tmp_path / f"s{seed}" / "a.en.md"
        draft.parent.mkdir()
        draft.write_text(world.draft)
        run_on(draft, config)
        for _ in range(2):
            for _ in range(4):
                world.text = bilingual(draft).read_text()
                world.random.choice([world.author, world.human])()
                bilingual(draft).write_text(world.text)
            draft.write_text(world.draft)
            world.text = run_on(draft, config).issues[0].bilingual
            with open_memory(config) as memory:
                units = list(memory.units())
            lost = [m for m in world.lost() if not any(m in u.source or m in u.target for u in units)]
            assert not lost, f"sequence {seed}"
            assert run_on(draft, config).issues[0].bilingual == world.text, f"sequence {seed}"


def test_the_option_of_the_command(draft: Path, config: Config, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", str(draft), "--beam", "1"]) == 0
    assert main(["run", str(draft), "--beam", "1", "--retranslate"]) == 0
    assert main(["run", str(draft), "--beam", "1"]) == 0
    assert "blocks kept" in capsys.readouterr().out


def test_the_memory_of_a_read_only_place_is_one_sentence(draft: Path, config: Config, tmp_path: Path) -> None:
    (tmp_path / "memory").write_text("a file where a directory should be")
    with pytest.raises(UserError, match="the memory's directory cannot be made"):
        run_on(draft, config)
    assert not bilingual(draft).exists()


def test_memory_is_closed_while_the_model_works(draft: Path, config: Config) -> None:
    """A run never keeps others out of the memory: another one writes to it meanwhile."""

    def write() -> None:
        with Memory(draft.parent / "memory" / "memory.sqlite") as memory:
            memory.add([])

    run(RunRequest((str(draft),)), config, _Meddler(write))
    assert bilingual(draft).exists()
