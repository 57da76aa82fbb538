"""The cache of converted models: two processes at once, damage, full and unwritable disks."""

from __future__ import annotations

import errno
import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.marian_support import random_checkpoint
from translate.errors import UserError
from translate.marian import cache, convert, resolve

ROOT = Path(__file__).resolve().parents[1]

BUILD = """
import sys, time
from pathlib import Path
from translate.marian import cache
root, log = Path(sys.argv[1]), Path(sys.argv[2])
def build(directory):
    with log.open("a") as file:
        file.write("built\\n")
    (directory / "model.bin").write_bytes(b"x" * 1000)
    time.sleep(float(sys.argv[3]))
print(cache.entry("model", build, root=root) / "model.bin")
"""


def write(directory: Path) -> None:
    (directory / "model.bin").write_bytes(b"weights")


def start(root: Path, seconds: float) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", BUILD, str(root), str(root / "log"), str(seconds)]
    return subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, text=True)


def test_two_processes_build_once(tmp_path: Path) -> None:
    processes = [start(tmp_path, 0.5) for _ in range(3)]
    outputs = {process.communicate()[0] for process in processes}
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert outputs == {f"{tmp_path / 'ct2' / 'model' / 'model.bin'}\n"}
    assert (tmp_path / "log").read_text() == "built\n"


def test_a_killed_process_leaves_nothing_in_the_way(tmp_path: Path) -> None:
    process = start(tmp_path, 60)
    while not (tmp_path / "log").exists():
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert not (tmp_path / "ct2" / "model").exists()
    assert (cache.entry("model", write, root=tmp_path) / "model.bin").read_bytes() == b"weights"


@pytest.mark.parametrize("damage", [b"", b"weighty", b"weights and more", None])
def test_damage_is_found_and_mended(tmp_path: Path, damage: bytes | None, caplog: pytest.LogCaptureFixture) -> None:
    model = cache.entry("model", write, root=tmp_path) / "model.bin"
    if damage is None:
        (model.parent / cache.MANIFEST).unlink()
    else:
        model.write_bytes(damage)
    with caplog.at_level(logging.WARNING):
        assert cache.entry("model", write, root=tmp_path) == model.parent
    assert model.read_bytes() == b"weights"
    assert "is damaged; converting again" in caplog.text
    assert cache.entry("model", lambda _: pytest.fail("built twice"), root=tmp_path) == model.parent


def test_an_unwritable_cache_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("not a directory")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with caplog.at_level(logging.WARNING):
        directory = cache.entry("model", write, root=tmp_path / "file" / "cache")
    assert (directory / "model.bin").read_bytes() == b"weights"
    assert directory.is_relative_to(tmp_path / f"translate-issue-{cache._user()}")
    assert "cannot be written" in caplog.text


def test_no_space_is_one_sentence(tmp_path: Path) -> None:
    def build(directory: Path) -> None:
        with open("/dev/full", "wb") as full:
            full.write(b"x")

    with pytest.raises(UserError, match="No space left for the converted model in"):
        cache.entry("model", build, root=tmp_path)
    assert [p.name for p in (tmp_path / "ct2").iterdir()] in ([], ["model.lock"])


def test_conversion_onto_a_full_disk(tmp_path: Path) -> None:
    checkpoint = resolve(random_checkpoint(tmp_path / "model"))
    output = tmp_path / "out"
    output.mkdir()
    (output / "model.bin").symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left") as raised:
        convert.convert(checkpoint, output, "int8")
    assert raised.value.errno == errno.ENOSPC


def test_the_environment_names_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(cache.ENVIRONMENT, str(tmp_path))
    assert cache.cache_root() == tmp_path
    monkeypatch.delenv(cache.ENVIRONMENT)
    assert cache.cache_root().name == "translate-issue"
