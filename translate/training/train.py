"""Train a checkpoint on a prepared corpus as a recipe says. ``python -m translate.training.train PREPARED RUN`` is
what the other processes of a data-parallel run are started with.

The run's folder holds ``state.safetensors`` (to go on from), ``log.jsonl``, the last checkpoints, ``best.safetensors``
and, in the end, ``final.safetensors``; beside them copies of what a checkpoint needs and a model card tells.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from translate.errors import UserError
from translate.training.average import averaged, checkpoints
from translate.training.batches import Batches, Batching, Mixture
from translate.training.loop import BEST, Loop, Plan, put
from translate.training.parallel import World, world
from translate.training.prepared import PAIRS, RECORD, SENTENCEPIECE, VOCABULARY, Prepared, read_pieces
from translate.training.recipe import ModelRecipe, Recipe, load_recipe, recipe_settings
from translate.training.state import load_tensors, save_tensors
from translate.training.validation import Judge

FINAL, RECIPE, RESULT = "final.safetensors", "recipe.json", "result.json"
_BIAS = "final_logits_bias"
_NOT_THE_RUN = ("schedule.", "evaluation.", "data.", "vocabulary.", "alignment.")
_NOR_THESE = ("device", "workers", "threads", "processes", "compile")


def train(prepared: Path, out: Path, recipe: Recipe, on_log: Callable[[str], None]) -> Path:
    """Trains on the prepared folder, in the folder ``out``, and gives that folder; an interrupted run goes on.

    ``on_log`` gets each line of the log (JSON). The final weights are the best validated ones, or the mean of the last
    checkpoints where that is better. Raises UserError for a corpus without validation pairs, a checkpoint to begin
    from that does not fit, or a folder that holds another run; SIGINT and SIGTERM save the state first.
    """
    out.mkdir(parents=True, exist_ok=True)
    (out / RECIPE).write_text(json.dumps(recipe_settings(recipe), indent=1) + "\n", encoding="utf-8")
    command = ["translate.training.train", str(prepared.resolve()), str(out.resolve())]
    optimisation = recipe.optimisation
    with world(optimisation.processes, command) as processes, threads(optimisation.threads, processes=processes.size):
        _train(prepared, out, recipe, on_log, processes)
    return out


def final_model(run: Path) -> Any:
    """The model of a finished run, with its final weights. Raises UserError for a run that has not ended."""
    from transformers import MarianConfig, MarianMTModel

    if not (run / FINAL).is_file():
        raise UserError(f"{run}: the run has not ended (there is no {FINAL}); train it to the end first.")
    build: Any = MarianMTModel._from_config
    model = build(MarianConfig.from_pretrained(run))
    weights = load_tensors(run / FINAL)
    bias = weights.pop(_BIAS)
    put(model, weights)
    model.final_logits_bias.copy_(bias)
    model.eval()
    return model


class threads:
    """A context manager: torch on so many threads (0: all cores), and as before afterwards."""

    def __init__(self, count: int, *, processes: int = 1) -> None:
        self._count = count
        self._processes = processes
        self._before = 0

    def __enter__(self) -> None:
        import torch

        from translate.marian.ctranslate2_engine import available_cores

        self._before = torch.get_num_threads()
        torch.set_num_threads(self._count or max(1, available_cores() // self._processes))

    def __exit__(self, *_: object) -> None:
        import torch

        torch.set_num_threads(self._before)


def _train(folder: Path, out: Path, recipe: Recipe, on_log: Callable[[str], None], processes: World) -> None:
    from translate.training.model import device_of, parameters

    prepared = Prepared.load(folder)
    if not len(prepared.valid):
        raise UserError(f"{folder}: no pair is set aside for validation; raise data.validation_per_source.")
    optimisation, evaluation = recipe.optimisation, recipe.evaluation
    device = device_of(optimisation.device)
    model = _model(prepared, recipe, device)
    batching = Batching(
        optimisation.batch_tokens, optimisation.max_pieces, recipe.augmentation.protect, optimisation.seed
    )
    batches = Batches(prepared, Mixture(prepared.training), batching)
    sentences = [(en, pt) for _, en, pt in prepared.validation_text()[: evaluation.sentences]]
    judge = Judge(
        batches,
        prepared.valid,
        sentences,
        spm=folder / SENTENCEPIECE,
        vocabulary=folder / VOCABULARY,
        beam_size=evaluation.beam_size,
        threads=optimisation.threads or 1,
        bf16=optimisation.precision == "bfloat16",
    )
    plan = Plan(optimisation, recipe.schedule, evaluation.updates, _digest(folder, recipe))
    if processes.leads:
        model.config.save_pretrained(str(out))
        for source, name in ((SENTENCEPIECE, "source.spm"), (VOCABULARY, VOCABULARY), (RECORD, RECORD)):
            if (folder / source).is_file():
                shutil.copyfile(folder / source, out / name)
    loop = Loop(model, batches, plan, out, judge, on_log, world=processes)
    progress = loop.run()
    if not processes.leads:
        return
    chosen, score = load_tensors(out / BEST), progress.best
    mean = averaged(checkpoints(out)[-recipe.schedule.average :])
    put(model, mean)
    model.eval()
    of_mean = judge(model).score
    if score is None or of_mean > score:
        chosen, score = mean, of_mean
    save_tensors(out / FINAL, {**chosen, _BIAS: model.final_logits_bias})
    result = {
        "device": device,
        "processes": processes.size,
        "parameters": sum(p.numel() for p in parameters(model).values()),
        "updates": progress.step,
        "epochs": round(progress.epoch, 2),
        "target_tokens": progress.tokens,
        "minutes": round(progress.seconds / 60, 1),
        "best_update": progress.best_step,
        "validation_score": score,
        "averaged": score == of_mean,
        "ended": progress.finished,
    }
    (out / RESULT).write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    on_log(json.dumps(result))


def _model(prepared: Prepared, recipe: Recipe, device: str) -> Any:
    from translate.training.model import load_model, new_model

    shape = recipe.model
    if shape.init is None:
        return new_model(
            shape, vocabulary=len(prepared.pieces), end=prepared.end, seed=recipe.optimisation.seed, device=device
        )
    from translate.marian.checkpoint import EMBEDDED

    directory = EMBEDDED if shape.init == "embedded" else Path(shape.init).expanduser()
    model = load_model(directory, dropout=shape.dropout, device=device)
    if read_pieces(directory / VOCABULARY) != prepared.pieces:
        raise UserError(f"{directory}: its vocabulary is not the corpus's; prepare it with vocabulary.reuse.")
    _check_shape(directory, model.config, shape)
    return model


def _check_shape(directory: Path, config: Any, shape: ModelRecipe) -> None:
    found = {
        "d_model": config.d_model,
        "encoder_layers": config.encoder_layers,
        "decoder_layers": config.decoder_layers,
        "ffn": config.encoder_ffn_dim,
        "heads": config.encoder_attention_heads,
    }
    for name, value in found.items():
        if getattr(shape, name) != value:
            raise UserError(f"{directory} has {name} {value}, the recipe {getattr(shape, name)}: correct model.{name}.")


def _digest(folder: Path, recipe: Recipe) -> str:
    """Names the run: what is trained, on what, and how; not for how long or on how many cores."""
    settings = {
        key: value
        for key, value in recipe_settings(recipe).items()
        if not key.startswith(_NOT_THE_RUN) and key.rpartition(".")[2] not in _NOR_THESE
    }
    with (folder / PAIRS).open("rb") as file:
        data = hashlib.file_digest(file, "sha256").hexdigest()
    return hashlib.sha256(json.dumps([settings, data], sort_keys=True).encode()).hexdigest()


def main(arguments: list[str]) -> int:
    """A process that helps another one to train."""
    prepared, out = map(Path, arguments)
    recipe = load_recipe(overrides=json.loads((out / RECIPE).read_text(encoding="utf-8")))
    optimisation = recipe.optimisation
    with world(optimisation.processes, []) as processes, threads(optimisation.threads, processes=processes.size):
        _train(prepared, out, recipe, lambda _: None, processes)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
