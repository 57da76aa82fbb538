"""Training on a corpus of made-up sentences with a model of 16 dimensions."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.training_support import prepared_folder, tiny_recipe
from translate.errors import UserError
from translate.training.average import averaged, checkpoints, prune, save_checkpoint
from translate.training.batches import Batches, Batching, Mixture
from translate.training.loop import Plan, rate
from translate.training.prepared import Prepared
from translate.training.state import STATE, load_tensors, save_tensors
from translate.training.train import FINAL, RESULT, final_model, train


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prepared_folder(tmp_path_factory.mktemp("corpus") / "prepared")


@pytest.fixture(scope="module")
def prepared(folder: Path) -> Prepared:
    return Prepared.load(folder)


@pytest.fixture(scope="module")
def run(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run, its validation sentences decoded by the real engine."""
    out = tmp_path_factory.mktemp("runs") / "run"
    lines: list[str] = []
    train(folder, out, tiny_recipe(evaluation__sentences=4), lines.append)
    assert (out / "log.jsonl").read_text().splitlines() == lines[:-1]
    return out


# Batches -------------------------------------------------------------------------------------------


def batches_of(
    prepared: Prepared, *, protect: float = 0.0, tokens: int = 200, mixture: Mixture | None = None
) -> Batches:
    return Batches(prepared, mixture or Mixture(prepared.training), Batching(tokens, 60, protect, seed=3))


def test_an_epoch_holds_every_pair_once_in_batches_of_the_asked_size(prepared: Prepared) -> None:
    batches = batches_of(prepared)
    plan = batches.plan(0)
    assert sorted(np.concatenate(plan).tolist()) == sorted(prepared.training.tolist())
    sizes = [batches.batch(pairs, 0, k).labels.shape for k, pairs in enumerate(plan)]
    assert max(rows * columns for rows, columns in sizes) <= 200
    assert len(plan) < len(prepared.training) / 5
    assert not set(prepared.valid.tolist()) & set(np.concatenate(plan).tolist())


def test_batches_depend_on_seed_epoch_and_position_only(prepared: Prepared) -> None:
    one, other = batches_of(prepared, protect=0.5), batches_of(prepared, protect=0.5)
    plan = one.plan(1)
    for position in (4, 2):  # in another order, as after a resumption
        a, b = one.batch(plan[position], 1, position), other.batch(other.plan(1)[position], 1, position)
        assert (a.source == b.source).all()
        assert (a.labels == b.labels).all()
    assert [p.tolist() for p in one.plan(0)] != [p.tolist() for p in one.plan(1)]


def test_a_batch_is_shifted_padded_and_guided(prepared: Prepared) -> None:
    pairs = prepared.training[:3]
    batch = batches_of(prepared).plain(pairs)
    assert batch.guide is not None
    for row, i in enumerate(pairs.tolist()):
        source, target = prepared.pair(i)
        assert batch.source[row].tolist()[: len(source) + 1] == [*source.tolist(), prepared.end]
        assert batch.labels[row].tolist()[: len(target) + 1] == [*target.tolist(), prepared.end]
        assert batch.decoder[row].tolist()[: len(target) + 1] == [prepared.pad, *target.tolist()]
        assert (batch.labels[row, len(target) + 1 :] == prepared.pad).all()
        assert np.allclose(batch.guide[row, : len(target)].sum(-1), 1)
        assert not batch.guide[row, len(target) :].any()
    assert batch.tokens == sum(len(prepared.pair(i)[1]) + 1 for i in pairs.tolist())


def test_protected_spans_are_the_same_english_on_both_sides(prepared: Prepared) -> None:
    batches = batches_of(prepared, protect=1.0)
    begin, end = prepared.vocabulary["<t>"], prepared.vocabulary["</t>"]
    found = 0
    for position, pairs in enumerate(batches.plan(0)):
        batch = batches.batch(pairs, 0, position)
        for source, labels in zip(batch.source.tolist(), batch.labels.tolist(), strict=True):
            if begin in source:
                found += 1
                assert (
                    source[source.index(begin) : source.index(end)] == labels[labels.index(begin) : labels.index(end)]
                )
    assert found > 10


def test_a_mixture_holds_the_main_pairs_and_so_many_fresh_others(prepared: Prepared) -> None:
    main, rest = prepared.training[:10], prepared.training[10:]
    mixture = Mixture(main, rest, share=2.0)
    first, second = mixture.epoch(1, 0), mixture.epoch(1, 1)
    for epoch in (first, second):
        assert len(epoch) == 30
        assert set(main.tolist()) <= set(epoch.tolist())
        assert len(set(epoch.tolist())) == 30
    assert set(first.tolist()) != set(second.tolist())
    few = Mixture(main, rest[:3], share=1.0).epoch(1, 0)
    assert len(few) == 20
    assert set(few.tolist()) == {*main.tolist(), *rest[:3].tolist()}


def test_pairs_that_are_too_long_are_left_out_and_none_left_is_said(prepared: Prepared) -> None:
    with pytest.raises(UserError, match="no pair has at most 2 pieces"):
        Batches(prepared, Mixture(prepared.training), Batching(100, 2, 0.0, 1))


# The rate ------------------------------------------------------------------------------------------


def test_the_rate_rises_then_falls_linearly_to_zero() -> None:
    recipe = tiny_recipe(schedule__decay_from=0.5, optimisation__warmup=4, optimisation__learning_rate=0.008)
    plan = Plan(recipe.optimisation, recipe.schedule, 10, "")
    assert [rate(plan, step, 0.0) for step in range(5)] == pytest.approx([0.002, 0.004, 0.006, 0.008, 0.008])
    assert [rate(plan, 99, f) for f in (0.5, 0.75, 1.0)] == pytest.approx([0.008, 0.004, 0.0])


def test_the_rate_falls_by_the_inverse_square_root() -> None:
    recipe = tiny_recipe(schedule__decay="inverse-sqrt", optimisation__warmup=4, optimisation__learning_rate=0.008)
    plan = Plan(recipe.optimisation, recipe.schedule, 10, "")
    assert [rate(plan, step, 0.9) for step in (1, 3, 15, 63)] == pytest.approx([0.004, 0.008, 0.004, 0.002])


# Runs ----------------------------------------------------------------------------------------------


def test_a_run_learns_logs_and_ends_with_its_best_weights(run: Path) -> None:
    rows = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    judged = [row for row in rows if "valid_nll" in row]
    assert [row["step"] for row in judged] == [8, 16, 24]
    assert judged[-1]["valid_nll"] < judged[0]["valid_nll"] < 9
    assert all(0 <= row["chrF2"] <= 100 for row in judged)
    first = rows[0]
    assert {"step", "tokens", "tokens_per_second", "loss", "align_loss", "learning_rate", "minutes"} <= set(first)
    result = json.loads((run / RESULT).read_text())
    assert result["updates"] == 24
    assert result["ended"] == "schedule"
    model = final_model(run)
    assert not model.model.shared.weight[model.config.pad_token_id].any()
    assert len(checkpoints(run)) == 3


def test_the_guided_head_learns_the_links(folder: Path, prepared: Prepared, tmp_path: Path) -> None:
    recipe = tiny_recipe(optimisation__guided=2.0, schedule__updates=60, evaluation__updates=1000)
    lines: list[str] = []
    train(folder, tmp_path / "run", recipe, lines.append)
    rows = [json.loads(line) for line in lines if "align_loss" in line]
    assert rows[-1]["align_loss"] < 0.7 * rows[0]["align_loss"]


def test_interrupted_and_resumed_is_uninterrupted_bit_for_bit(folder: Path, tmp_path: Path) -> None:
    recipe = tiny_recipe()  # with dropout, moving average and random protected spans
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    train(folder, whole, recipe, lambda _: None)

    def stop_at(step: int) -> Any:
        def log(line: str) -> None:
            if json.loads(line).get("step") == step:
                signal.raise_signal(signal.SIGINT)

        return log

    for step in (1, 16):  # in the first epoch, and after a validation in a later one
        with pytest.raises(KeyboardInterrupt):
            train(folder, parts, recipe, stop_at(step))
        assert not (parts / FINAL).exists()
    train(folder, parts, recipe, lambda _: None)
    for name in (FINAL, STATE, "best.safetensors", "checkpoint-24.safetensors"):
        ours, theirs = load_tensors(whole / name), load_tensors(parts / name)
        assert ours.keys() == theirs.keys()
        assert all((ours[key] == theirs[key]).all() for key in ours), name


def test_sigterm_saves_the_state_and_ends_the_process(folder: Path, tmp_path: Path) -> None:
    code = (
        "import json, signal, sys; from pathlib import Path; from tests.training_support import tiny_recipe; "
        "from translate.training.train import train\n"
        "def log(line):\n    signal.raise_signal(signal.SIGTERM) if json.loads(line).get('step') == 8 else None\n"
        "train(Path(sys.argv[1]), Path(sys.argv[2]), tiny_recipe(), log)"
    )
    root = Path(__file__).resolve().parents[1]
    child = subprocess.run(
        [sys.executable, "-c", code, str(folder), str(tmp_path / "run")], cwd=root, check=False, capture_output=True
    )
    assert child.returncode == -signal.SIGTERM, child.stderr.decode()[-500:]
    lines: list[str] = []
    train(folder, tmp_path / "run", tiny_recipe(), lines.append)
    steps = [json.loads(line)["step"] for line in lines if "valid_nll" in line]
    assert steps == [16, 24]


def test_another_recipe_or_corpus_does_not_go_on_from_a_state(folder: Path, run: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="another recipe or other data"):
        train(folder, run, tiny_recipe(optimisation__learning_rate=0.02), lambda _: None)
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / STATE).write_bytes(b"not a state")
    with pytest.raises(UserError, match="delete it to begin again"):
        train(folder, broken, tiny_recipe(), lambda _: None)
    save_tensors(broken / STATE, load_tensors(run / FINAL))
    with pytest.raises(UserError, match="no training state"):
        train(folder, broken, tiny_recipe(), lambda _: None)


def test_training_ends_when_validation_no_longer_improves(folder: Path, tmp_path: Path) -> None:
    recipe = tiny_recipe(
        schedule__patience=2, evaluation__updates=2, optimisation__learning_rate=0.0, schedule__updates=40
    )
    train(folder, tmp_path / "run", recipe, lambda _: None)
    result = json.loads((tmp_path / "run" / RESULT).read_text())
    assert (result["ended"], result["updates"], result["best_update"]) == ("patience", 6, 2)


def test_two_processes_train_as_one(folder: Path, tmp_path: Path) -> None:
    recipe = tiny_recipe(optimisation__processes=2, schedule__updates=6, evaluation__updates=6)
    train(folder, tmp_path / "run", recipe, lambda _: None)
    result = json.loads((tmp_path / "run" / RESULT).read_text())
    assert result["processes"] == 2
    assert result["updates"] == 6


def test_a_recipe_without_an_end_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="the recipe has no end"):
        train(folder, tmp_path / "run", tiny_recipe(schedule__updates=None), lambda _: None)


def test_a_checkpoint_to_begin_from_must_fit(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"has d_model 256, the recipe 16: correct model\.d_model"):
        train(folder, tmp_path / "run", tiny_recipe(model__init="embedded"), lambda _: None)


def test_without_validation_pairs_nothing_is_trained(tmp_path: Path) -> None:
    folder = prepared_folder(tmp_path / "prepared", valid=0)
    with pytest.raises(UserError, match="no pair is set aside for validation"):
        train(folder, tmp_path / "run", tiny_recipe(), lambda _: None)


# Averaging and export ------------------------------------------------------------------------------


def test_the_mean_of_checkpoints(tmp_path: Path) -> None:
    import torch

    for step, value in ((5, 1.0), (10, 2.0), (200, 6.0)):
        save_checkpoint(tmp_path, step, {"a": torch.full((2, 2), value), "b": torch.tensor([value])})
    assert [p.name for p in checkpoints(tmp_path)] == [f"checkpoint-{n}.safetensors" for n in (5, 10, 200)]
    assert averaged(checkpoints(tmp_path))["a"].tolist() == [[3.0, 3.0], [3.0, 3.0]]
    prune(tmp_path, 2)
    assert averaged(checkpoints(tmp_path))["b"].tolist() == [4.0]
    save_checkpoint(tmp_path, 300, {"a": torch.zeros(3), "b": torch.zeros(1)})
    with pytest.raises(UserError, match="not of the same model"):
        averaged(checkpoints(tmp_path))
    with pytest.raises(UserError, match="no checkpoint to average"):
        averaged([])


def test_an_exported_run_is_a_checkpoint_that_both_engines_run(run: Path, tmp_path: Path) -> None:
    from translate.marian import load_engine, resolve
    from translate.marian.checkpoint import EMBEDDED
    from translate.training.export import export
    from translate.training.validation import translations

    out = export(run, tmp_path / "model", ctranslate2=True)
    assert {p.name for p in EMBEDDED.iterdir()} <= {p.name for p in out.iterdir()}
    assert json.loads((out / "config.json").read_text())["dtype"] == "float16"
    assert (out / "ctranslate2" / "model.bin").is_file()
    card = (out / "README.md").read_text()
    assert "24 updates" in card
    assert "## Intended use and limits" in card
    texts = ["The model reads the letter.", "My neighbour paints two maps."]
    checkpoint = resolve(out)
    found = [
        translations(load_engine(name, checkpoint, compute_type="float32", threads=1), texts, beam_size=1)
        for name in ("ctranslate2", "transformers")
    ]
    assert found[0] == found[1]
    with pytest.raises(UserError, match="never written over another"):
        export(run, out)


@pytest.mark.parametrize(
    ("value", "message"), [(3.0, "the embedding of <pad> is not zero"), (float("nan"), "values that are not numbers")]
)
def test_a_broken_checkpoint_is_not_exported(run: Path, tmp_path: Path, value: float, message: str) -> None:
    from translate.training.export import verified
    from translate.training.write import write_checkpoint

    model = final_model(run)
    model.model.shared.weight.data[-1] = value
    write_checkpoint(model, run / "source.spm", run / "vocab.json", tmp_path / "model")
    with pytest.raises(UserError, match=message):
        verified(tmp_path / "model")


def test_a_run_that_has_not_ended_is_not_exported(tmp_path: Path) -> None:
    from translate.training.export import export

    with pytest.raises(UserError, match="the run has not ended"):
        export(tmp_path, tmp_path / "model")
    assert not (tmp_path / "model").exists()
