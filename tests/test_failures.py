"""What goes wrong from outside: kills, full disks, damage, locks, several runs at once, clocks, drafts that change.

After each, a re-run completes: every bilingual file is byte for byte what an undisturbed run writes, what a human had
edited is still there, nothing half-written is left, and the log says what happened. The processes are real.
docs/failures.md tells it row by row.
"""

from __future__ import annotations

import contextlib
import json
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.failure_support import (
    COMMAND,
    DRAFTS,
    EDIT,
    OLD,
    SOAK,
    Server,
    World,
    copy_of,
    ended,
    first_world,
    kill,
    one_sentence,
    small_disk,
    until,
)
from translate.scoring.gate import last_published
from translate.scoring.history import read_history

Disturbed = tuple[World, dict[str, str]]
"""A world, and what its bilingual files must be in the end."""


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> World:
    return first_world(tmp_path_factory.mktemp("first") / "world")


@pytest.fixture(scope="module")
def undisturbed(first: World, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What a run writes that nothing disturbs."""
    world = copy_of(first, tmp_path_factory.mktemp("undisturbed") / "world")
    done = world.publish()
    assert done.code == 0, done.err
    assert world.leftovers() == []
    return world.bilingual()


@pytest.fixture
def disturbed(first: World, undisturbed: dict[str, str], tmp_path: Path) -> Disturbed:
    assert len(undisturbed) == len(DRAFTS)
    assert EDIT in undisturbed["00.pt-br.md"]
    return copy_of(first, tmp_path / "world"), undisturbed


def completes(world: World, expected: dict[str, str], *arguments: str, **options: Any) -> None:
    """A re-run puts everything right."""
    done = world.publish(*arguments, **options)
    assert (done.code, done.out) == (0, ""), done
    assert world.bilingual() == expected
    assert world.leftovers() == []
    assert world.events()[-1]["event"] == "finished"
    assert world.publish(*arguments, **options).code == 0
    assert world.said("finished")[-1] == f"{len(expected)} drafts: {len(expected)} up to date"


def nothing_is_half(world: World, expected: dict[str, str]) -> None:
    """Each file is as it was before, or as it will be."""
    before = (world.site / "00.pt-br.md").read_text(encoding="utf-8")
    assert EDIT in before
    for name, text in world.bilingual().items():
        assert text == expected[name] or (name == "00.pt-br.md" and "The team" not in text)


# Kills ---------------------------------------------------------------------------------------------

MOMENTS = [("replace", 2, "before"), ("replace", 2, "after"), ("fsync", 3, "before"), ("write", 4, "after")]
if SOAK:
    calls = (("replace", 6), ("fsync", 14), ("write", 20))
    MOMENTS = [(call, n, when) for call, most in calls for n in range(1, most) for when in ("before", "after")]


def test_killed_while_it_writes(disturbed: Disturbed) -> None:
    world, expected = disturbed
    human = world.site / "01.pt-br.human.md"
    human.write_text("# Um\n\nEscrevemos um analisador. Os testes são rápidos.\n", encoding="utf-8")
    cut_off = 0
    for call, count, when in MOMENTS:
        done = world.dying(call, count, when)
        if done.code == 0:  # there were fewer calls
            continue
        assert done.code == -signal.SIGKILL, done
        cut_off += 1
        nothing_is_half(world, expected)
        if SOAK:
            world.wave_words(random.Random(cut_off).choice([1, 20000]))
            completes(world, expected)
            for name in ("01", "02"):
                (world.site / f"{name}.pt-br.md").unlink()
    assert cut_off > 0
    completes(world, expected)
    assert world.said("unfinished")
    assert "was cut off" in world.said("unfinished")[-1]
    # Written, scored, confirmed: whatever the moment, the scores of what is published are in the history.
    records = read_history(world.state / "history.jsonl").records
    assert {record.issue for record in records if record.published} == {"01"}


def more_than(starts: int, world: World) -> bool:
    return len(world.said("started")) > starts


def test_killed_at_any_time(disturbed: Disturbed) -> None:
    """Killed from outside, again and again: between waves, within them, while the model loads."""
    world, expected = disturbed
    moments = random.Random(7)
    seen = 0
    for _ in range(30 if SOAK else 3):
        starts = len(world.said("started"))
        process = world.publishing()
        until(partial(more_than, starts, world), process)
        time.sleep(moments.random())
        kill(process)
        seen += ended(process).code == -signal.SIGKILL
        nothing_is_half(world, expected)
        if SOAK and world.bilingual() == expected:
            for name in ("01", "02"):
                (world.site / f"{name}.pt-br.md").unlink()
    completes(world, expected)
    assert len(world.said("unfinished")) <= seen


def test_a_temporary_file_of_a_killed_process_is_removed_and_that_of_a_running_one_is_not(
    disturbed: Disturbed,
) -> None:
    world, expected = disturbed
    writing = (
        "import sys, time; from pathlib import Path; from translate.text_file import write_atomic\n"
        "def wait(): print('here', flush=True); time.sleep(600)\n"
        "write_atomic(Path('site/note.md'), 'text', at_last=wait)"
    )
    processes = [world.start(line=[sys.executable, "-c", writing]) for _ in range(2)]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "here\n"
    kill(processes[0])
    processes[0].wait()
    assert len(world.leftovers()) == 2
    try:
        assert world.publish().code == 0
        assert world.bilingual() == expected
        assert len(world.leftovers()) == 1
    finally:
        kill(processes[1])
        processes[1].wait()
    assert world.run("00").code == 0
    assert world.leftovers() == []


@pytest.mark.parametrize(
    ("number", "code", "word"), [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")]
)
def test_asked_to_end(disturbed: Disturbed, number: int, code: int, word: str) -> None:
    world, expected = disturbed
    process = world.publishing()
    assert until(lambda: world.said("published"), process)
    process.send_signal(number)
    done = ended(process)
    sentence = f"translate-issue: {word}; files that were not finished are as they were before.\n"
    assert (done.code, done.err) == (code, sentence)
    nothing_is_half(world, expected)
    assert [name for name in world.leftovers() if ".running" not in name] == []
    assert world.events()[-1]["event"] == "interrupted"
    completes(world, expected)
    assert world.said("unfinished")


# Disks ---------------------------------------------------------------------------------------------


def test_full_disk_for_the_drafts(disturbed: Disturbed) -> None:
    world, expected = disturbed
    before = (world.site / "00.pt-br.md").read_bytes()
    with small_disk(world.site, "200k") as fill:
        fill()
        assert one_sentence(world.publish(), "3 of 3 drafts could not be published", "no space is left")
        assert (world.site / "00.pt-br.md").read_bytes() == before
        assert list(world.bilingual()) == ["00.pt-br.md"]
        assert all("no space is left" in said for said in world.said("failed"))
        assert world.leftovers() == []
        (world.site / "filler").unlink()
        completes(world, expected)


def test_full_disk_for_the_memory(disturbed: Disturbed) -> None:
    world, expected = disturbed
    before = (world.site / "00.pt-br.md").read_bytes()
    with small_disk(world.state, "600k") as fill:
        fill()
        assert one_sentence(world.publish(), "memory.sqlite", "free some and run again")
        assert (world.site / "00.pt-br.md").read_bytes() == before
        assert any("memory.sqlite" in said for said in world.said("failed", "stopped"))
        (world.state / "filler").unlink()
        completes(world, expected)


def test_full_disk_for_the_converted_model(disturbed: Disturbed) -> None:
    world, expected = disturbed
    shutil.rmtree(world.cache)
    with small_disk(world.cache, "4m") as fill:
        assert one_sentence(world.publish(), "No space left for the converted model")
        assert list(world.bilingual()) == ["00.pt-br.md"]
        assert world.leftovers() == []
        fill()
        assert one_sentence(world.publish(), "No space left")
        assert all("No space left" in said for said in world.said("failed"))
        subprocess.run(["mount", "-o", "remount,size=64m", str(world.cache)], check=True)
        (world.cache / "filler").unlink()
        completes(world, expected)


def test_full_disk_for_the_reports(disturbed: Disturbed) -> None:
    world, expected = disturbed
    with small_disk(world.reports, "100k") as fill:
        fill()
        done = world.publish()
        assert done.code == 2
        assert "no space is left" in done.err.splitlines()[-1]
        assert "Traceback" not in done.err
        nothing_is_half(world, expected)
        (world.reports / "filler").unlink()
        completes(world, expected)


# Damage --------------------------------------------------------------------------------------------


def flipped(path: Path) -> None:
    """One bit in the middle of the file is another."""
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        byte = file.read(1)[0]
        file.seek(-1, 1)
        file.write(bytes([byte ^ 1]))


def shortened(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)


@pytest.mark.parametrize("damage", [flipped, shortened, Path.unlink])
def test_damaged_converted_model(disturbed: Disturbed, damage: Any) -> None:
    world, expected = disturbed
    (model,) = world.cache.glob("ct2/*/model.bin")
    whole = model.read_bytes()
    damage(model)
    completes(world, expected)
    assert ["is damaged; converting again" in said for said in world.said("warning")] == [True]
    assert model.read_bytes() == whole


def test_killed_while_it_converts_and_two_that_convert_at_once(disturbed: Disturbed) -> None:
    world, expected = disturbed
    shutil.rmtree(world.cache)
    process = world.publishing()
    assert until(lambda: list(world.cache.glob("ct2/.*")), process)
    kill(process)
    ended(process)
    assert world.leftovers()
    both = [world.running(name) for name in ("01", "02")]
    assert [ended(process).code for process in both] == [0, 0]
    assert not list(world.cache.glob("ct2/.*"))
    completes(world, expected)


def test_damaged_memory(disturbed: Disturbed) -> None:
    world, expected = disturbed
    before = (world.site / "00.pt-br.md").read_bytes()
    shutil.copytree(world.state, world.folder / "kept")
    world.memory.write_bytes(b"not a database at all" * 500)
    assert one_sentence(world.publish(), str(world.memory), "move it away, and a new one is made")
    assert (world.site / "00.pt-br.md").read_bytes() == before
    assert "move it away" in world.said("stopped")[-1]
    # A copy of the memory puts everything right; so does none at all, which takes all that is there for a human's.
    shutil.rmtree(world.state)
    alone = copy_of(world, world.folder.with_name("alone"))
    shutil.copytree(world.folder / "kept", world.state)
    completes(world, expected)
    assert alone.publish().code == 0
    text = alone.bilingual()["00.pt-br.md"]
    assert EDIT in text
    assert "<!-- The team measured the accuracy again. -->" in text
    assert {name: page for name, page in alone.bilingual().items() if name != "00.pt-br.md"}.items() <= expected.items()


# Locks and company ---------------------------------------------------------------------------------


@contextlib.contextmanager
def holding(memory: Path) -> Iterator[sqlite3.Connection]:
    with contextlib.closing(sqlite3.connect(memory, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield other


def test_locked_memory(disturbed: Disturbed) -> None:
    world, expected = disturbed
    with holding(world.memory):
        done = world.publish(TRANSLATE_ISSUE_WAIT_SECONDS="0.2")
        assert one_sentence(done, "another program holds it; end that and run again")
        assert any("another program holds it" in said for said in world.said("failed", "stopped"))
        nothing_is_half(world, expected)
    with holding(world.memory) as other:
        releasing = threading.Timer(2.0, lambda: other.execute("ROLLBACK"))
        releasing.start()
        completes(world, expected)
        releasing.join()


def test_two_publish_at_once(disturbed: Disturbed) -> None:
    world, expected = disturbed
    both = [world.publishing() for _ in range(2)]
    assert [ended(process).code for process in both] == [0, 0]
    assert world.bilingual() == expected
    assert sorted(world.said("published")) == sorted(f"{n}.en.md: published as {n}.pt-br.md" for n in DRAFTS)
    completes(world, expected)


def test_one_that_does_not_want_to_wait(disturbed: Disturbed) -> None:
    world, expected = disturbed
    process = world.publishing()
    assert until(lambda: world.said("published"), process)
    process.send_signal(signal.SIGSTOP)
    try:
        done = world.publish(TRANSLATE_ISSUE_WAIT_SECONDS="0.2")
        assert one_sentence(done, "another run has been publishing this for 0.2 seconds")
    finally:
        process.send_signal(signal.SIGCONT)
    assert ended(process).code == 0
    completes(world, expected)


def test_two_run_and_one_publish_at_once(disturbed: Disturbed) -> None:
    world, expected = disturbed
    processes = [world.running("00"), world.running("00"), world.publishing()]
    assert [ended(process).code for process in processes] == [0, 0, 0]
    completes(world, expected)


def test_an_editor_saves_while_the_run_translates(disturbed: Disturbed) -> None:
    world, expected = disturbed
    page = world.site / "00.pt-br.md"
    words = "O throughput é outro."
    locks = set(world.cache.glob("locks/*"))
    process = world.publishing()
    assert until(lambda: set(world.cache.glob("locks/*")) - locks, process)
    time.sleep(0.05)  # the file is read right after it is locked
    edited = page.read_text(encoding="utf-8").replace(EDIT, f"{EDIT} {words}")
    page.write_text(edited, encoding="utf-8")
    assert ended(process).code == 0
    completes(world, {**expected, "00.pt-br.md": expected["00.pt-br.md"].replace(EDIT, f"{EDIT} {words}")})


# Drafts that change --------------------------------------------------------------------------------

REWRITE = """
import sys, time
texts = sys.argv[2:]
while True:
    for text in texts:
        with open(sys.argv[1], "w") as file:
            for part in (text[: len(text) // 2], text[len(text) // 2 :]):
                file.write(part)
                file.flush()
                time.sleep(float(0.001))
        time.sleep(0.003)
"""
A = "# Three\n\n" + "The cat sleeps here.\n\n" * 30
B = "# Four\n\n" + "The dog runs over there.\n\n" * 90


def sources(page: str) -> str:
    """The draft as the comments of its bilingual file tell it."""
    comments = [part.split(" -->")[0] for part in page.split("<!-- ")[1:]]
    return "".join(f"{comment}\n\n" for comment in comments)


def test_a_draft_that_is_rewritten_all_the_time(disturbed: Disturbed) -> None:
    """What is published is one of its texts, whole, or it is refused."""
    world, expected = disturbed
    draft, page = world.write("03", A), world.site / "03.pt-br.md"
    writer = subprocess.Popen([sys.executable, "-c", REWRITE, str(draft), A, B])
    try:
        for _ in range(20 if SOAK else 2):
            done = world.publish()
            assert done.code == 0 or one_sentence(done, "03.en.md")
            if page.exists():
                assert sources(page.read_text(encoding="utf-8")) in (A, B)
    finally:
        writer.kill()
        writer.wait()
    draft.write_text(A, encoding="utf-8")
    done = world.publish()
    assert done.code == 0, done.err
    assert sources(page.read_text(encoding="utf-8")) == A
    assert {name: text for name, text in world.bilingual().items() if name != page.name} == expected


def test_a_draft_that_changes_while_it_is_translated(disturbed: Disturbed) -> None:
    world, expected = disturbed
    draft = world.write("00", OLD + "\nThe old end.\n")
    locks = set(world.cache.glob("locks/*"))
    process = world.publishing()
    # It has read the draft and is about to load the model.
    assert until(lambda: set(world.cache.glob("locks/*")) - locks, process)
    draft.write_text(DRAFTS["00"], encoding="utf-8")
    assert ended(process).code == 0
    assert world.bilingual() == expected
    completes(world, expected)
    (said,) = world.said("again")
    assert "the draft changed while it was translated; nothing was written" in said


def test_a_draft_that_is_deleted_once_it_was_found(disturbed: Disturbed) -> None:
    world, expected = disturbed
    draft = world.write("03", A)
    process = world.publishing()
    assert until(lambda: world.said("started"), process)
    draft.unlink()
    assert one_sentence(ended(process), "1 of 4 drafts", "03.en.md: no such file")
    assert not (world.site / "03.pt-br.md").exists()
    completes(world, expected)


# Clocks --------------------------------------------------------------------------------------------


def test_clock_that_jumps(disturbed: Disturbed) -> None:
    """A year ahead, then back to before every file was made: what came last counts, not what bears the latest time."""
    if shutil.which("faketime") is None:
        pytest.skip("faketime is not installed")
    world, expected = disturbed
    human = world.site / "01.pt-br.human.md"
    human.write_text("# Um\n\nEscrevemos um analisador. Os testes são rápidos.\n", encoding="utf-8")

    def at(year: str) -> dict[str, Any]:
        return {"line": ["faketime", "-f", f"@{year}-01-01 00:00:00", *COMMAND]}

    assert world.publish(**at("2040")).code == 0
    assert world.bilingual() == expected
    first, page = world.site / "01.en.md", world.site / "01.pt-br.md"
    edited = page.read_text(encoding="utf-8").replace("# Um", "# Primeiro")
    assert "# Primeiro" in edited
    page.write_text(edited, encoding="utf-8")
    first.write_text(DRAFTS["01"] + "\nOne more line.\n", encoding="utf-8")
    done = world.publish(**at("2001"))
    assert done.code == 0, done.err
    assert "# Primeiro" in page.read_text(encoding="utf-8")
    # Now the human thinks again, under the clock of 2001, and the draft comes back anew: the last word is the human's.
    page.write_text(page.read_text(encoding="utf-8").replace("# Primeiro", "# Parte um"), encoding="utf-8")
    assert world.run("01", **at("2001")).code == 0
    page.unlink()
    assert world.publish(**at("2040")).code == 0
    assert "# Parte um" in page.read_text(encoding="utf-8")
    records = read_history(world.state / "history.jsonl").records
    years = [record.time[:4] for record in records]
    assert years[:2] == ["2040", "2001"]
    last = last_published(records[1], records[:2])
    assert last is not None
    assert last.time.startswith("2001")
    assert world.publish().code == 0
    assert world.said("finished")[-1] == "3 drafts: 3 up to date"


# Prefect -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    made = Server(tmp_path_factory.mktemp("prefect"))
    try:
        made.start()
        yield made
    finally:
        made.kill()


def spoil(result: Path, how: int) -> None:
    """Damages a kept result: cut short, or another word in JSON that is still well-formed."""
    if how % 2:
        shortened(result)
        return
    record = json.loads(result.read_bytes())
    rows = json.loads(record["result"])
    rows["rows"][0]["text"] = "Outra coisa"
    result.write_text(json.dumps({**record, "result": json.dumps(rows)}))


def is_done_from_results(world: World, expected: dict[str, str]) -> None:
    """Without its memory and two of its files a flow run makes them again, with what results are kept."""
    for name in ("01", "02"):
        (world.site / f"{name}.pt-br.md").unlink()
    for path in world.state.iterdir():
        path.unlink()
    done = world.publish("--flow")
    assert done.code == 0, done.err
    assert world.bilingual() == expected


def test_killed_flow_run_and_damaged_results(disturbed: Disturbed, server: Server) -> None:
    world, expected = disturbed
    world.environment.update(server.environment)
    process = world.publishing("--flow")
    assert until(lambda: world.said("published"), process)
    kill(process)
    assert ended(process).code == -signal.SIGKILL
    nothing_is_half(world, expected)
    done = world.publish("--flow")
    assert done.code == 0, done.err
    assert world.bilingual() == expected
    assert world.leftovers() == []
    assert world.said("unfinished")

    # Everything is to be done again, from results of which some are damaged.
    results = sorted(path for path in (world.folder / "results").iterdir() if path.suffix != ".md")
    assert len(results) >= 2
    for how, result in enumerate(results):
        spoil(result, how)
    again = copy_of(world, world.folder.with_name("again"))
    is_done_from_results(again, expected)
    told = [said for said in again.said("warning") if "is damaged; its sentences are translated again" in said]
    assert len(told) >= 2


def test_full_disk_for_the_results(disturbed: Disturbed, server: Server) -> None:
    world, expected = disturbed
    world.environment.update(server.environment)
    with small_disk(world.folder / "results", "100k") as fill:
        fill()
        done = world.publish("--flow")
        assert done.code == 0, done.err
        assert world.bilingual() == expected
        assert world.leftovers() == []
        assert any("no space is left" in said for said in world.said("warning"))
        again = copy_of(world, world.folder.with_name("again"))
        (again.folder / "results" / "filler").unlink()
    is_done_from_results(again, expected)  # what Prefect could not write whole does no harm


def test_server_that_goes_away_in_the_middle_of_a_run(disturbed: Disturbed, server: Server) -> None:
    world, expected = disturbed
    world.environment.update(server.environment)
    process = world.publishing("--flow")
    assert until(lambda: world.said("published"), process)
    server.kill()
    done = ended(process)
    assert one_sentence(done, f"The Prefect API at {server.url} does not answer", "run again")
    nothing_is_half(world, expected)
    assert "does not answer" in world.said("stopped")[-1]
    assert one_sentence(world.publish("--flow"), "does not answer")
    server.start()
    completes(world, expected, "--flow")
    assert "COMPLETED" in server.states()


@pytest.mark.skipif(not SOAK, reason="takes minutes: set TRANSLATE_ISSUE_SOAK=1")
def test_killed_run_of_a_serving_process_and_that_process_itself(disturbed: Disturbed, server: Server) -> None:
    import psutil

    world, expected = disturbed
    world.environment.update(server.environment)
    serving = world.serving()
    try:
        assert until(lambda: world.said("published"), serving)
        children = psutil.Process(serving.pid).children(recursive=True)
        assert children
        for child in children:
            child.kill()
        assert until(lambda: "CRASHED" in server.states(), serving)
        assert until(lambda: world.said("unfinished") and world.said("finished"), serving)
        assert world.bilingual() == expected
        # The next run is killed with everything that belongs to it: nobody tells the server.
        (world.site / "02.pt-br.md").unlink()
        count = len(world.said("started"))
        assert until(partial(more_than, count, world), serving)
    finally:
        kill(serving)
        serving.wait()
    count = len(world.said("finished"))
    serving = world.serving()
    try:
        # The server keeps the place of the run that vanished for five minutes.
        assert until(lambda: len(world.said("finished")) > count, serving, 900.0)
        assert world.bilingual() == expected
    finally:
        kill(serving)
        serving.wait()
