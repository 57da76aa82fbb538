"""Finding and checking checkpoints: each thing that can be wrong is one sentence that names the file."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.marian_support import random_checkpoint
from translate.errors import UserError
from translate.marian import digests, resolve
from translate.marian.checkpoint import EMBEDDED
from translate.marian.tokenizer import MarianTokenizer


@pytest.fixture(scope="module")
def intact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return random_checkpoint(tmp_path_factory.mktemp("checkpoint") / "intact", d_model=4)


def edit(name: str, **values: Any) -> Callable[[Path], None]:
    def change(directory: Path) -> None:
        path = directory / name
        content = {**json.loads(path.read_text()), **values}
        path.write_text(json.dumps({k: v for k, v in content.items() if v is not None}))

    return change


def cut(name: str, keep: int) -> Callable[[Path], None]:
    def change(directory: Path) -> None:
        (directory / name).write_bytes((directory / name).read_bytes()[:keep])

    return change


def pickled(directory: Path) -> None:
    (directory / "model.safetensors").rename(directory / "pytorch_model.bin")


def remove(name: str) -> Callable[[Path], None]:
    return lambda directory: (directory / name).unlink()


def test_embedded_is_the_default() -> None:
    checkpoint = resolve(None)
    assert checkpoint.directory == EMBEDDED
    assert checkpoint.name == "embedded"
    assert checkpoint.revision is None
    assert checkpoint.shape.d_model > 0
    assert (EMBEDDED / "README.md").is_file()


def test_hash_is_of_the_content_alone(intact: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(intact, copy)
    assert resolve(str(copy)).hash == resolve(intact).hash
    (copy / "README.md").write_text("a model card")
    assert resolve(copy).hash == resolve(intact).hash
    edit("config.json", scale_embedding=False)(copy)
    assert resolve(copy).hash != resolve(intact).hash


def test_large_files_are_hashed_once(intact: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRANSLATE_ISSUE_CACHE", str(tmp_path))
    monkeypatch.setattr(digests, "_REMEMBER_FROM", 0)
    file = tmp_path / "weights"
    file.write_bytes(b"one")
    first = digests.file_digest(file)
    note = next((tmp_path / "digests").iterdir())
    note.write_text(note.read_text().replace(first, "remembered"))
    assert digests.file_digest(file) == "remembered"
    file.write_bytes(b"other")
    assert digests.file_digest(file) not in (first, "remembered")
    note.write_text("{")
    assert len(digests.file_digest(file)) == 64


@pytest.mark.parametrize(
    ("break_it", "sentence"),
    [
        (remove("config.json"), "has no config.json"),
        (remove("source.spm"), "has no source.spm"),
        (remove("vocab.json"), "has no vocab.json"),
        (remove("model.safetensors"), "has no model.safetensors"),
        (pickled, "only pytorch_model.bin, a pickle, which is never loaded"),
        (cut("model.safetensors", 1000), "model.safetensors is not a whole safetensors file"),
        (cut("model.safetensors", 0), "model.safetensors is not a whole safetensors file"),
        (cut("config.json", 30), "config.json is not valid JSON"),
        (edit("config.json", model_type="bart"), "describes a model of type bart"),
        (edit("config.json", d_model=None), "lacks a usable value for d_model"),
        (edit("config.json", encoder_attention_heads=3), "lacks a usable value for encoder_attention_heads"),
        (edit("config.json", static_position_embeddings=False), "sets static_position_embeddings to False"),
        (edit("config.json", share_encoder_decoder_embeddings=False), "has no target_vocab.json"),
        (cut("vocab.json", 100), "vocab.json is not valid JSON"),
        (edit("vocab.json", extra=8001), "vocab.json has 8002 pieces but config.json says 8001"),
        (edit("vocab.json", extra=1), "does not number its pieces"),
        (edit("vocab.json", **{"<pad>": 7999, "õ": 8000}), "as its last piece, <pad>"),
        (cut("source.spm", 50), "source.spm is not a SentencePiece model"),
    ],
)  # fmt: skip
def test_broken_directory(intact: Path, tmp_path: Path, break_it: Callable[[Path], None], sentence: str) -> None:
    directory = tmp_path / "model"
    shutil.copytree(intact, directory)
    break_it(directory)
    with pytest.raises(UserError) as raised:
        MarianTokenizer(resolve(directory))
    message = str(raised.value)
    assert sentence in message
    assert str(directory) in message
    assert "\n" not in message


def test_names_that_are_no_model(tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    file.write_text("{}")
    for name, sentence in {
        str(file): "is a file; give the model's directory",
        str(tmp_path / "absent"): "neither an existing directory nor a hub id",
        "opus": "neither an existing directory nor a hub id",
        "../a/b": "neither an existing directory nor a hub id",
    }.items():
        with pytest.raises(UserError, match=sentence):
            resolve(name)
    with pytest.raises(UserError, match="a revision can only be given with a hub id"):
        resolve(tmp_path, revision="main")
    with pytest.raises(UserError, match="at two revisions: v1 and v2"):
        resolve("org/name@v1", revision="v2")
