"""Configuration: one truth in configs/default.yaml, read strictly."""

from __future__ import annotations

import re
from dataclasses import FrozenInstanceError
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from translate.config import cache_directory, default_config_path, load_config, settings
from translate.errors import UserError

ROOT = Path(__file__).resolve().parents[1]


def write(directory: Path, text: str) -> Path:
    path = directory / "my.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def message(path: Path) -> str:
    with pytest.raises(UserError) as caught:
        load_config(path)
    return str(caught.value)


def test_defaults_load_and_cannot_be_changed() -> None:
    config = load_config()
    assert config.model.engine == "ctranslate2"
    assert config.document.layout == "comment-after"
    with pytest.raises(FrozenInstanceError):
        config.model.name = "other"  # type: ignore[misc]


def test_every_key_of_the_defaults_is_documented() -> None:
    lines = (ROOT / "configs" / "default.yaml").read_text(encoding="utf-8").splitlines()
    keys = {dotted.rpartition(".")[2] for dotted in settings(load_config())}
    written = [line.strip().partition(":")[0] for line in lines if re.match(r"  \w+:", line)]
    assert sorted(written) == sorted(dotted.rpartition(".")[2] for dotted in settings(load_config()))
    explained = {
        line.strip().partition(":")[0]
        for before, line in pairwise(lines)
        if before.lstrip().startswith("#") or re.match(r"  \w+:", before)  # a key may share the comment above it
    }
    assert keys <= explained


@pytest.mark.parametrize("path", sorted((ROOT / "configs").glob("*.yaml")), ids=lambda p: p.name)
def test_shipped_configurations_load(path: Path) -> None:
    assert settings(load_config(path)).keys() == settings(load_config()).keys()


def test_a_file_changes_only_what_it_says_and_options_outrank_it(tmp_path: Path) -> None:
    path = write(tmp_path, "decoding:\n  beam_size: 2\n  batch_tokens: 512\n")
    config = load_config(path, {"decoding.beam_size": 8, "model.engine": None})
    changed = {k for k, v in settings(config).items() if v != settings(load_config())[k]}
    assert (config.decoding.beam_size, config.decoding.batch_tokens) == (8, 512)
    assert changed == {"decoding.beam_size", "decoding.batch_tokens"}


def test_relative_paths_are_taken_from_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, "glossary:\n  file: terms.yaml\n")
    assert load_config(path).glossary.file == tmp_path / "terms.yaml"


@pytest.mark.parametrize("text", ["", "# nothing\n", "null\n", "\ufeffmodel:\n  threads: 0\n"])
def test_empty_files_and_a_byte_order_mark_are_fine(tmp_path: Path, text: str) -> None:
    assert load_config(write(tmp_path, text)) == load_config()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("decoding:\n  beam_sise: 4\n", '2: unknown key "decoding.beam_sise"; did you mean "decoding.beam_size"?'),
        ("beam_size: 4\n", '1: unknown key "beam_size"; it belongs under "decoding:".'),
        ("zzz: 4\n", '1: unknown key "zzz"; the keys here are model, decoding,'),
        ("model:\n  threads: 1\n  threads: 2\n", '3: the key "model.threads" is given twice'),
        ("\nmodel:\n  threads: two\n", '3: "model.threads" must be a whole number, not "two"'),
        ("model:\n  threads: true\n", '2: "model.threads" must be a whole number, not True'),
        ("model:\n  threads: -1\n", '2: "model.threads" must be between 0 and 1024, not -1'),
        ("model:\n  name:\n", '2: "model.name" must be text, not empty'),
        ("model:\n  engine: torch\n", '2: "model.engine" must be ctranslate2 or transformers, not "torch"'),
        ("document:\n  front_matter: title\n", '2: "document.front_matter" must be a list'),
        ("document:\n  front_matter: [[title]]\n", '2: "document.front_matter" must be text, not a list'),
        (
            "score:\n  metrics: [BLEU, meteor]\n",
            '2: "score.metrics" must be BLEU or chrF2 or chrF++ or TER, not "meteor"',
        ),
        ("model: embedded\n", '1: "model" must hold `key: value` lines, not a single value'),
        ("- a\n", "1: a configuration must hold `key: value` lines, not a list"),
        ("model: [\n", "2: this is not valid YAML"),
        ("model:\n\tthreads: 1\n", "2: this is not valid YAML"),
        ("model:\n  threads: !!int x\n", '2: "model.threads" has a value that YAML cannot read'),
        ("model:\n  threads: &a [*a]\n", '2: "model.threads" must be a whole number'),
    ],
)
def test_mistakes_name_the_line_and_what_to_do(tmp_path: Path, text: str, expected: str) -> None:
    path = write(tmp_path, text)
    assert message(path).startswith(f"{path}:{expected}")


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    assert "there is no such configuration file" in message(tmp_path / "none.yaml")
    assert "cannot read the configuration (Is a directory)" in message(tmp_path)
    binary = tmp_path / "latin.yaml"
    binary.write_bytes("model: {name: é}".encode("latin-1"))
    assert "is not UTF-8" in message(binary)


def test_options_are_checked_as_a_file_is() -> None:
    with pytest.raises(UserError, match=r"option decoding\.beam_size must be between 1 and 64, not 0"):
        load_config(None, {"decoding.beam_size": 0})


@given(st.text(max_size=200))
def test_any_text_is_a_configuration_or_one_clear_sentence(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    said = ""
    try:
        load_config(path)
    except UserError as error:
        said = str(error)
    assert not said or (said.startswith(str(path)) and "\n" not in said)


def test_the_environment_outranks_the_cache_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = load_config(None, {"model.cache_dir": tmp_path / "configured"})
    monkeypatch.delenv("TRANSLATE_ISSUE_CACHE", raising=False)
    assert cache_directory(config) == tmp_path / "configured"
    monkeypatch.setenv("TRANSLATE_ISSUE_CACHE", str(tmp_path / "environment"))
    assert cache_directory(config) == tmp_path / "environment"


def test_the_defaults_are_the_checked_in_file() -> None:
    assert default_config_path() == ROOT / "configs" / "default.yaml"
