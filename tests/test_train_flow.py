"""From a small corpus of made-up sentences to a checkpoint, in the flow and by the command."""

from __future__ import annotations

import json
import lzma
import shutil
import subprocess
import sys
from pathlib import Path
from random import Random
from typing import Any

import pytest

from translate.errors import UserError
from translate.training.recipe import load_recipe
from translate.training.steps import STEPS, run_steps, step_digests

ROOT = Path(__file__).resolve().parents[1]
NAMES = [step.name for step in STEPS]

_THINGS = {"cat": "gato", "dog": "cachorro", "boat": "barco", "book": "livro", "horse": "cavalo", "garden": "jardim"}
_VERBS = {"sees": "vê", "wants": "quer", "draws": "desenha", "finds": "encontra", "carries": "carrega"}
_KINDS = {"red": "vermelho", "old": "velho", "small": "pequeno", "quiet": "quieto", "white": "branco"}


def write_world(folder: Path) -> Path:
    """A corpus of 400 sentences, a held-out text and a recipe for a very small model."""
    rng = Random(5)
    rows: dict[str, str] = {}
    while len(rows) < 400:
        a, b = rng.choice(list(_THINGS)), rng.choice(list(_THINGS))
        kind, verb, number = rng.choice(list(_KINDS)), rng.choice(list(_VERBS)), rng.randint(2, 99)
        rows[f"In room {number} the {kind} {a} {verb} the {b}."] = (
            f"Na sala {number} o {_THINGS[a]} {_KINDS[kind]} {_VERBS[verb]} o {_THINGS[b]}."
        )
    folder.mkdir()
    with lzma.open(folder / "made-up.tsv.xz", "wt", encoding="utf-8", newline="\n") as file:
        file.writelines(f"source{k % 2}\t{en}\t{pt}\n" for k, (en, pt) in enumerate(rows.items()))
    (folder / "held.md").write_text(next(iter(rows)) + "\n", encoding="utf-8")
    english, portuguese = zip(*list(rows.items())[:20], strict=True)
    (folder / "test.en").write_text("\n".join(english) + "\n", encoding="utf-8")
    (folder / "test.pt").write_text("\n".join(portuguese) + "\n", encoding="utf-8")
    recipe = folder / "tiny.yaml"
    recipe.write_text(
        f"""
data:
  corpus: .
  rules: [{{file: made-up.tsv.xz, copies: 0.2}}]
  held_out: [held.md]
  validation_per_source: 6
vocabulary: {{size: 340}}
alignment: {{enabled: {"true" if shutil.which("eflomal-align") else "false"}}}
model: {{encoder_layers: 1, decoder_layers: 1, d_model: 32, ffn: 64, heads: 2, dropout: 0.0}}
optimisation: {{device: cpu, workers: 0, threads: 1, batch_tokens: 600, warmup: 10, learning_rate: 0.005, ema: 0.9}}
schedule: {{epochs: null, updates: 40, checkpoint_minutes: 5, keep: 2, average: 2}}
evaluation:
  updates: 20
  sentences: 4
  test_beam_size: 1
  tests: [{{name: made-up, english: test.en, portuguese: test.pt}}]
""",
        encoding="utf-8",
    )
    return recipe


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_world(tmp_path_factory.mktemp("world") / "corpus")


@pytest.fixture(scope="module")
def trained(world: Path, prefect_api: None) -> tuple[Path, dict[str, Any]]:
    """The folder of a flow run, and what the flow returned."""
    from flows.train_model import train_model

    out = world.parent / "flow"
    return out, train_model(str(out), str(world))


def test_the_flow_makes_a_checkpoint_that_translates(trained: tuple[Path, dict[str, Any]]) -> None:
    from translate.marian import load_engine
    from translate.marian.checkpoint import load_directory
    from translate.training.validation import translations

    out, scores = trained
    assert scores["tests"]["made-up"]["sentences"] == 20
    assert set(scores["sources"]) == {"source0", "source1"}
    assert scores == json.loads((out / "evaluation.json").read_text(encoding="utf-8"))
    engine = load_engine("ctranslate2", load_directory(out / "model"), threads=1)
    assert engine.tokenizer.protects
    found = translations(engine, ["In room 7 the red cat sees the dog."], beam_size=1)
    assert found[0].startswith("Na sala")


def test_the_flow_kept_the_held_out_sentence_out(world: Path, trained: tuple[Path, dict[str, Any]]) -> None:
    out, _ = trained
    held = (world.parent / "held.md").read_text(encoding="utf-8").strip()
    text = (out / "prepared" / "corpus.tsv").read_text(encoding="utf-8")
    text += (out / "prepared" / "valid.tsv").read_text(encoding="utf-8")
    assert "In room" in text
    assert held not in text
    assert json.loads((out / "steps.json").read_text())["corpus"]["dropped"]["held-out"] == 1


def test_what_is_done_is_not_done_again(world: Path, trained: tuple[Path, dict[str, Any]]) -> None:
    out, _ = trained
    recipe = load_recipe(world)
    said: list[str] = []
    assert run_steps(recipe, out, said.append) == []
    assert said == [f"{name}: done already" for name in NAMES]


def test_a_change_makes_stale_what_follows_from_it(world: Path) -> None:
    recipe = load_recipe(world)
    before = step_digests(recipe)

    def stale(**overrides: object) -> list[str]:
        changed = {key.replace("__", "."): value for key, value in overrides.items()}
        after = step_digests(load_recipe(world, changed))
        return [name for name in NAMES if after[name] != before[name]]

    assert stale() == []
    assert stale(data__seed=12) == NAMES
    assert stale(vocabulary__size=341) == NAMES[1:]
    assert stale(alignment__samplers=2) == NAMES[3:]
    assert stale(schedule__updates=41) == NAMES[4:]
    assert stale(evaluation__test_beam_size=2) == ["evaluate"]


def test_a_flow_goes_on_where_it_was_and_keeps_the_earlier_checkpoint(
    world: Path, trained: tuple[Path, dict[str, Any]]
) -> None:
    out, _ = trained
    again = out.parent / "again"
    shutil.copytree(out, again)
    longer = load_recipe(world, {"schedule.updates": 60})
    assert run_steps(longer, again, lambda _: None) == ["train", "export", "evaluate"]
    record = json.loads((again / "steps.json").read_text(encoding="utf-8"))
    assert record["train"]["updates"] == 60
    assert (again / "model-1" / "model.safetensors").read_bytes() == (out / "model" / "model.safetensors").read_bytes()


def test_a_step_needs_those_before_it(world: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match='the step "corpus" is not done'):
        run_steps(load_recipe(world), tmp_path, lambda _: None, ["encode"])


def test_the_command_does_single_steps_and_says_what_is_wrong(world: Path, tmp_path: Path) -> None:
    def command(*arguments: str) -> subprocess.CompletedProcess[str]:
        line = [sys.executable, "-m", "translate.training", *arguments]
        return subprocess.run(line, capture_output=True, text=True, check=False, cwd=ROOT)

    done = command(str(world), "--out", str(tmp_path / "out"), "--step", "corpus", "--step", "vocabulary")
    assert (done.returncode, done.stderr) == (0, "")
    assert "vocabulary: 341 pieces" in done.stdout
    assert (tmp_path / "out" / "prepared" / "spm.model").is_file()
    missing = command(str(tmp_path / "none.yaml"), "--out", str(tmp_path / "out"))
    assert missing.returncode == 2
    assert missing.stderr == f"error: {tmp_path / 'none.yaml'}: there is no such configuration file; check the path.\n"
