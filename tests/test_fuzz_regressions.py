"""What the fuzzer once found is replayed, and a short run of it looks for more (see docs/security.md)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.campaign import FOUND
from tests.fuzz.guard import BadMessage, Hang, bounded, check_message, seconds_for
from tests.fuzz.minimise import minimise
from tests.fuzz.targets import TARGETS
from translate.errors import UserError

CASES = sorted(path for path in FOUND.glob("*/*") if path.is_file())
ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize("path", CASES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_what_once_failed_is_answered(path: Path) -> None:
    text = path.read_bytes().decode("utf-8", "surrogatepass")
    with bounded(10 * seconds_for(text)):  # the bound only tells a hang
        TARGETS[path.parent.name].run(text)


def test_every_target_answers_a_short_run(tmp_path: Path) -> None:
    """Real processes under their bounds, as in a long run; a fixed seed, so that a failure can be repeated."""
    command = [sys.executable, "-m", "tests.fuzz", "--inputs", "4000", "--seed", "6", "--out", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    counted = {row.split()[0]: int(row.split()[1]) for row in done.stdout.splitlines()[1 : 1 + len(TARGETS)]}
    assert set(counted) == set(TARGETS)
    assert sum(counted.values()) >= 4000


def test_the_fuzzer_sees_a_hang() -> None:
    with pytest.raises(Hang):
        _wait_for_ever()


def _wait_for_ever() -> None:
    with bounded(0.05):
        while True:
            pass


def test_the_fuzzer_sees_a_message_that_is_no_sentence() -> None:
    check_message(UserError("draft.md: the file is empty; give a Markdown text"))
    for message in ("", "two\nlines", "\x1b[31mred", "a" * 5000):
        with pytest.raises(BadMessage):
            check_message(ValueError(message))


def test_error_messages_show_what_they_quote_harmlessly() -> None:
    error = UserError("draft.md:3: unknown key `a\nb\x1b[2Jc\u202ed`; " + "x" * 100_000 + " remove it.")
    check_message(error)
    assert str(error).startswith("draft.md:3: unknown key `a\\nb\\x1b[2Jc\\u202ed`;")
    assert str(error).endswith("remove it.")


def test_a_failing_input_is_made_short() -> None:
    text = "lorem ipsum " * 40 + "{{bug}}" + " dolor sit" * 40
    assert minimise(text, lambda t: "{{bug}}" in t) == "{{bug}}"
