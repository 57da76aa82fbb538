"""The translation memory: ranks, fuzzy matches, records, and surviving a kill at any moment."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from translate.config import load_config
from translate.document import parse
from translate.errors import UserError
from translate.memory import Memory, Unit, digest, memory_path, units_of
from translate.memory.learn import learn
from translate.rerun import Record, Row

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def memory(tmp_path: Path) -> Memory:
    return Memory(tmp_path / "memory.sqlite")


def unit(source: str, target: str, origin: str = "machine", **values: object) -> Unit:
    return replace(Unit(source, source, target, "machine"), origin=origin, **values)  # type: ignore[arg-type]


def test_the_environment_outranks_the_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TRANSLATE_ISSUE_MEMORY", raising=False)
    assert memory_path().name == "memory.sqlite"
    config = load_config(None, {"memory.file": str(tmp_path / "a.sqlite")})
    assert memory_path(config) == tmp_path / "a.sqlite"
    monkeypatch.setenv("TRANSLATE_ISSUE_MEMORY", str(tmp_path / "b.sqlite"))
    assert memory_path(config) == tmp_path / "b.sqlite"


def test_a_human_text_outranks_an_imported_one_and_that_a_machines(memory: Memory) -> None:
    memory.add([unit("A text", "máquina", signature="s", context="c")])
    assert memory.exact("A text", "c") is None
    assert memory.exact("A text", "c", signature="other") is None
    assert (found := memory.exact("A text", "other context", signature="s")) is not None
    assert found.target == "máquina"
    memory.add([unit("A text", "importado", "import")])
    assert memory.exact("A text", "c", signature="s").target == "importado"  # type: ignore[union-attr]
    memory.add([unit("A text", "humano", "human", context="d")])
    assert memory.exact("A text", "c", signature="s").target == "humano"  # type: ignore[union-attr]


def test_context_decides_between_human_texts(memory: Memory) -> None:
    memory.add([unit("Source", "Fonte", "human", context="a"), unit("Source", "Origem", "human", context="b")])
    assert memory.exact("Source", "a").target == "Fonte"  # type: ignore[union-attr]
    assert memory.exact("Source", "b").target == "Origem"  # type: ignore[union-attr]
    assert memory.exact("Source", "elsewhere") is None


def test_the_same_source_and_context_is_replaced(memory: Memory) -> None:
    memory.add([unit("One", "Um")])
    (first,) = memory.units()
    memory.add([unit("One", "Uma")])
    (second,) = memory.units()
    assert (second.target, second.created) == ("Uma", first.created)
    assert memory.stats()["units"] == 1


def test_fuzzy_matches_are_those_of_a_full_search(memory: Memory) -> None:
    from rapidfuzz.fuzz import ratio

    rng = random.Random(1)
    words = ["model", "data", "learn", "slow", "fast", "token", "a", "metric", "the"]
    texts = sorted({" ".join(rng.choices(words, k=rng.randint(2, 9))) for _ in range(400)})
    memory.add([unit(text, text.upper()) for text in texts])
    for text in [*rng.sample(texts, 10), "the model learns data fast", "x"]:
        best = sorted((ratio(text, other) for other in texts if ratio(text, other) >= 75), reverse=True)[:5]
        found = memory.fuzzy(text, 5)
        assert [match.score for match in found] == pytest.approx(best)
        assert all(match.unit.target == match.unit.text.upper() for match in found)
    assert memory.fuzzy("") == []


def test_fuzzy_sees_what_another_process_added(memory: Memory) -> None:
    assert memory.fuzzy("A nice sentence about models.") == []
    with Memory(memory.path) as other:
        other.add([unit("A nice sentence about model.", "Uma frase.")])
    assert [match.unit.target for match in memory.fuzzy("A nice sentence about models.")] == ["Uma frase."]


def record(draft: str, seen: str) -> Record:
    return Record(draft, (Row((0,), (draft,), seen, seen),), {"title": "title: x\n"}, "comment-after")


def test_records_come_back_and_a_killed_write_is_recognised(memory: Memory, tmp_path: Path) -> None:
    path = tmp_path / "a.pt-br.md"
    assert memory.record(path, "") is None
    memory.stage(path, record("one", "um"))
    memory.confirm(path, scored="um")
    assert memory.record(path, "um") == record("one", "um")
    assert memory.is_scored(path, "um")
    assert not memory.is_scored(path, "outro")
    # Killed between the two: the file tells whether it was written.
    memory.stage(path, record("two", "dois"))
    assert memory.record(path, "um") == record("one", "um")
    assert memory.record(path, "dois") == record("two", "dois")
    memory.confirm(path)
    assert memory.record(path, "um") == record("two", "dois")


@pytest.mark.parametrize("content", [b"SQLite format 3\0 and then rubbish" * 50, b"no database at all" * 100])
def test_a_damaged_file_is_one_clear_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "memory.sqlite"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"memory\.sqlite: .*move it away"):
        Memory(path)
    assert path.read_bytes() == content


def test_other_databases_and_newer_formats_are_left_alone(tmp_path: Path) -> None:
    for name, statement, message in (
        ("other", "CREATE TABLE mine (x)", "another program"),
        ("newer", "PRAGMA user_version = 99", "newer version"),
    ):
        database = sqlite3.connect(tmp_path / name)
        database.execute(statement)
        database.commit()
        database.close()
        with pytest.raises(UserError, match=message):
            Memory(tmp_path / name)


def test_a_place_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(UserError, match="directory cannot be made"):
        Memory(tmp_path / "file" / "memory.sqlite")


_WRITER = """
import sys
from translate.memory import Memory, Unit
from translate.rerun import Record, Row
with Memory(sys.argv[1]) as memory:
    k = 0
    while len(sys.argv) < 4 or k < int(sys.argv[3]):
        name = f"{sys.argv[2]}-{k}"
        units = [Unit(f"{name} {n}", f"{name} {n}", str(n), "human") for n in range(20)]
        memory.stage(f"/{name}", Record(name, (Row((0,), (name,), name, name),), {}, "x"), units)
        memory.confirm(f"/{name}")
        print(k, flush=True)
        k += 1
"""


def test_killed_writers_leave_a_whole_memory(tmp_path: Path) -> None:
    """Processes are killed at random moments, the first while the file is made; all that they reported is there."""
    path, rng = tmp_path / "memory.sqlite", random.Random(7)
    reported: dict[str, int] = {}
    for turn in range(8):
        name = f"w{turn}"
        process = subprocess.Popen(
            [sys.executable, "-c", _WRITER, str(path), name], stdout=subprocess.PIPE, cwd=ROOT, text=True
        )
        assert process.stdout is not None
        if turn % 4:
            process.stdout.readline()
            reported[name] = 0
        time.sleep(rng.random() * 0.15)
        os.kill(process.pid, signal.SIGKILL)
        for line in process.stdout:
            if line.endswith("\n"):
                reported[name] = int(line)
        process.wait()
        process.stdout.close()
        with Memory(path) as memory:
            assert sqlite3.connect(path).execute("PRAGMA integrity_check").fetchone() == ("ok",)
            # Units and record of a file come together or not at all.
            counts: dict[str, int] = {}
            for found in memory.units():
                counts[found.source.split()[0]] = counts.get(found.source.split()[0], 0) + 1
            assert set(counts.values()) <= {20}
            for writer, last in reported.items():
                assert all(memory.record(f"/{writer}-{k}", f"{writer}-{k}") is not None for k in range(last + 1))
                assert all(counts[f"{writer}-{k}"] == 20 for k in range(last + 1))
    assert reported


def test_several_processes_write_at_once(tmp_path: Path) -> None:
    path = tmp_path / "memory.sqlite"
    processes = [
        subprocess.Popen([sys.executable, "-c", _WRITER, str(path), f"p{k}", "15"], stdout=subprocess.DEVNULL, cwd=ROOT)
        for k in range(4)
    ]
    assert [process.wait() for process in processes] == [0, 0, 0, 0]
    with Memory(path) as memory:
        assert memory.stats() == {
            "units": 1200, "human": 1200, "import": 0, "machine": 0, "approved": 0, "documents": 0, "files": 60,
        }  # fmt: skip


def test_units_know_where_they_stood() -> None:
    document = parse("# Head\n\nOne *text*.\n\nTwo.\n")
    units = units_of(document, {1: "Um *texto*.", 2: " "}, origin="machine", name="a.md", signatures={1: "s"})
    assert units == [
        Unit(
            "One *text*.", "One text.", "Um *texto*.", "machine", context=digest("Head", "Two."),
            document="a.md", heading="Head", hypothesis=digest("Um *texto*."), signature="s",
        )
    ]  # fmt: skip


def test_learning_from_a_human_version_leaves_unsure_pairs_out() -> None:
    draft = parse(
        "# News\n\nThe first model has 12 layers, see [the page](https://example.org/a).\n\n"
        "A paragraph that nobody translated.\n\nThe second model has 24 layers and `code`.\n"
    )
    human = (
        "# Novidades\n\nO primeiro modelo tem 12 camadas, veja [a página](https://example.org/a).\n\n"
        "O segundo modelo tem 24 camadas e `code`.\n"
    )
    found = learn(draft, human, name="a.md")
    pairs = {u.source: u.target for u in found.units}
    assert (
        pairs.items()
        >= {
            "The second model has 24 layers and `code`.": "O segundo modelo tem 24 camadas e `code`.",
        }.items()
    )
    assert "A paragraph that nobody translated." not in pairs
    assert all(u.origin == "human" and u.approved for u in found.units)
    assert found.left_out == len(draft.segments) - len(found.units)


def test_learning_from_the_real_newsletters(shared: Path) -> None:
    for number in ("04", "06", "07"):
        draft = parse((shared / "newsletters" / f"{number}.en.md").read_text())
        found = learn(draft, (shared / "newsletters" / f"{number}.pt-br.md").read_text())
        assert len(found.units) >= 0.6 * len(draft.segments), number
