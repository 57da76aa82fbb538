"""Checkpoints from a hub, against a hub-shaped server on localhost and the real client library."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.marian_support import Hub, commit, random_checkpoint, serve_hub

ROOT = Path(__file__).resolve().parents[1]

# A file system without space: the weights' temporary file is the device on which every write fails so.
FULL_DISK = """
import pathlib
really_open = pathlib.Path.open
def open_full(path, *arguments, **options):
    return really_open(pathlib.Path("/dev/full") if path.name.endswith(".incomplete") else path, *arguments, **options)
pathlib.Path.open = open_full
"""

# The client library reads its environment when it is imported: so each hub gets its own process.
CHILD = """
import json, sys
from translate.errors import UserError
from translate.marian import resolve
answers = {}
for model in sys.argv[1:]:
    try:
        found = resolve(model)
        answers[model] = {"name": found.name, "revision": found.revision, "directory": str(found.directory)}
    except UserError as error:
        answers[model] = {"error": str(error)}
print(json.dumps(answers))
"""


def ask(endpoint: str, home: Path, *models: str, setup: str = "", **environment: str) -> dict[str, Any]:
    """What `resolve` says of each model, in a fresh process."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "HUGGING"))}
    environment = {
        **clean, "HF_ENDPOINT": endpoint, "HF_HOME": str(home), "PYTHONPATH": str(ROOT),
        "HF_HUB_DISABLE_TELEMETRY": "1", "TRANSLATE_ISSUE_CACHE": str(home / "ours"), "NO_PROXY": "127.0.0.1",
        **environment,
    }  # fmt: skip
    command = [sys.executable, "-c", setup + CHILD, *models]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    answers: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answers


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Hub:
    base = tmp_path_factory.mktemp("hub")
    good = random_checkpoint(base / "good")
    (good / "pytorch_model.bin").write_bytes(b"a pickle that must never be fetched")
    pickled = base / "pickled"
    shutil.copytree(good, pickled)
    (pickled / "model.safetensors").unlink()
    partial = base / "partial"
    shutil.copytree(good, partial)
    (partial / "target.spm").unlink()
    hub = Hub()
    hub.models = {
        "org/good": good, "org/gated": good, "org/cut": good, "org/corrupt": good, "org/down": good,
        "org/pickled": pickled, "org/proposed": pickled, "org/partial": partial,
    }  # fmt: skip
    hub.faults = {"org/gated": "gated", "org/cut": "cut", "org/corrupt": "corrupt", "org/down": "down"}
    hub.proposals = {"org/proposed": (3, good)}
    return hub


def test_hub_checkpoints(hub: Hub, tmp_path: Path) -> None:
    models = [*hub.models, "org/unknown", "org/good@v9", f"org/good@{commit('org/good')}", "org/pickled@main"]
    with serve_hub(hub) as url:
        answers = ask(url, tmp_path, *models)

    assert answers["org/good"]["name"] == "org/good"
    assert answers["org/good"]["revision"] == commit("org/good")
    assert answers[f"org/good@{commit('org/good')}"] == answers["org/good"]
    assert answers["org/proposed"]["revision"] == commit("org/proposed/pr")
    assert not [r for r in hub.requests if r.endswith("pytorch_model.bin")]

    errors = {model: answer["error"] for model, answer in answers.items() if "error" in answer}
    expected = {
        "org/gated": "is gated: accept its conditions",
        "org/cut": "was cut short: run the command again",
        "org/corrupt": "model.safetensors of model org/corrupt was received twice with a wrong checksum",
        "org/down": "HTTP 503",
        "org/pickled": "pickled weights are never loaded",
        "org/partial": "has no target.spm",
        "org/unknown": "There is no model org/unknown",
        "org/good@v9": "has no revision v9",
        "org/pickled@main": "pickled weights are never loaded",
    }
    assert errors.keys() == expected.keys()
    for model, sentence in expected.items():
        assert sentence in errors[model]
        assert model.split("@")[0] in errors[model]
        assert "\n" not in errors[model]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_full_disk(hub: Hub, tmp_path: Path) -> None:
    with serve_hub(hub) as url:
        error = ask(url, tmp_path, "org/good", setup=FULL_DISK)["org/good"]["error"]
        assert "No space left in" in error
        assert "org/good" in error
    blobs = tmp_path / "hub" / "models--org--good" / "blobs"
    assert not [file for file in blobs.iterdir() if file.stat().st_size]  # nothing half-written is left


def test_cached_snapshot_serves_offline(hub: Hub, tmp_path: Path) -> None:
    with serve_hub(hub) as url:
        online = ask(url, tmp_path, "org/good")
        weights = (Path(online["org/good"]["directory"]) / "model.safetensors").resolve()
        content = weights.read_bytes()
        weights.write_bytes(content[:-8] + bytes(8))
        assert ask(url, tmp_path, "org/good") == online
        assert weights.read_bytes() == content  # damaged in the cache: fetched again
    unreachable = ask(url, tmp_path, "org/good", "org/other")  # the server's port is closed now
    assert unreachable["org/good"] == online["org/good"]
    assert "cannot be reached for model org/other" in unreachable["org/other"]["error"]
    forbidden = ask(url, tmp_path, "org/good", "org/other", HF_HUB_OFFLINE="1")
    assert forbidden["org/good"] == online["org/good"]
    assert "HF_HUB_OFFLINE forbids" in forbidden["org/other"]["error"]
