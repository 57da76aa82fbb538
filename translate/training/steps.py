"""The steps from corpus files to a checkpoint, in order; a step whose inputs have not changed is not done again.

A folder ``OUT`` holds ``prepared/`` (see ``prepared.py``), ``run/`` (the training run), ``model/`` (the checkpoint) and
``steps.json``. Each step has a digest of what it is made from: files' contents, the recipe's keys that it reads, the
code that does it, and the digest of the step before. The flow and ``python -m translate.training`` both come here.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from translate.errors import UserError
from translate.training import prepared as files
from translate.training.corpus import Log, collect, corpus_files, write_collected
from translate.training.exclude import held_out_files
from translate.training.prepared import is_done, mark_done
from translate.training.recipe import Recipe, recipe_settings

PREPARED, RUN, MODEL, RECORD, EVALUATION = "prepared", "run", "model", "steps.json", "evaluation.json"
_FINAL, _WEIGHTS = "final.safetensors", "model.safetensors"


@dataclass(frozen=True, slots=True)
class Step:
    """One step.

    ``folder`` is where it writes, below the run's folder ("": the folder itself); ``outputs`` are what must be there
    for it to be done; ``keys`` are what it reads of the recipe (beginnings of dotted keys); ``code`` are the modules
    whose change makes its result stale.
    """

    name: str
    folder: str
    outputs: tuple[str, ...]
    keys: tuple[str, ...]
    code: tuple[str, ...]
    inputs: Callable[[Recipe], Iterable[Path]]
    action: Callable[[Recipe, Path, Log], dict[str, Any]]


def run_steps(recipe: Recipe, out: Path, log: Log, names: Sequence[str] | None = None) -> list[str]:
    """Does the steps with these names, or all, in order; returns the names of those that there was something to do for.

    Raises UserError for what a user can mend: missing files, a step whose predecessors are not done.
    """
    return [step.name for step in STEPS if (names is None or step.name in names) and run_step(step, recipe, out, log)]


def run_step(step: Step, recipe: Recipe, out: Path, log: Log) -> bool:
    """Does one step unless it was done from the same inputs; says whether there was something to do."""
    digests = step_digests(recipe, until=step)
    folder = out / step.folder
    for before in STEPS[: STEPS.index(step)]:
        if not _is_done(before, digests[before.name], out):
            raise UserError(
                f'{out}: the step "{before.name}" is not done for this recipe; run it before "{step.name}".'
            )
    if _is_done(step, digests[step.name], out):
        log(f"{step.name}: done already")
        return False
    (out if step.folder == MODEL else folder).mkdir(parents=True, exist_ok=True)  # export makes its own
    log(f"{step.name}: begun")
    found = step.action(recipe, out, lambda line: log(f"{step.name}: {line}"))
    mark_done(out, step.name, digests[step.name], found, RECORD)
    if step.folder == PREPARED:
        mark_done(folder, step.name, digests[step.name], found)
    return True


def step_digests(recipe: Recipe, until: Step | None = None) -> dict[str, str]:
    """What each step, up to and with ``until``, is made from: a digest that contains the one before."""
    settings = recipe_settings(recipe)
    digests: dict[str, str] = {}
    before = ""
    for step in STEPS[: len(STEPS) if until is None else STEPS.index(until) + 1]:
        # Where a file lies does not matter, only what is in it; the paths among the keys are left out.
        keys = {k: v for k, v in settings.items() if k.startswith(step.keys) and k not in _PATHS} if step.keys else {}
        contents = [_digest(path) for path in step.inputs(recipe)]
        code = [_digest(Path(__file__).with_name(name)) for name in step.code]
        text = json.dumps([before, keys, contents, code], sort_keys=True)
        before = digests[step.name] = hashlib.sha256(text.encode()).hexdigest()
    return digests


_PATHS = frozenset({"data.corpus", "data.held_out", "evaluation.tests", "model.init", "vocabulary.reuse"})


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        raise UserError(f"{path}: there is no such file; correct the recipe.") from None


def _is_done(step: Step, digest: str, out: Path) -> bool:
    return is_done(out, step.name, digest, tuple(f"{step.folder}/{name}".strip("/") for name in step.outputs), RECORD)


# What each step does -------------------------------------------------------------------------------


def _collect(recipe: Recipe, out: Path, log: Log) -> dict[str, Any]:
    collected = collect(recipe.data, log)
    write_collected(collected, out / PREPARED)
    log(", ".join(f"{count} {kind}" for kind, count in collected.found["pairs"].items()))
    log("dropped: " + (", ".join(f"{n} {rule}" for rule, n in collected.dropped.items()) or "none"))
    return collected.found


def _vocabulary(recipe: Recipe, out: Path, log: Log) -> dict[str, Any]:
    from translate.training.vocabulary import make_vocabulary

    return make_vocabulary(out / PREPARED, recipe.vocabulary, recipe.data.seed, log)


def _encode(recipe: Recipe, out: Path, log: Log) -> dict[str, Any]:
    from translate.training.encode import encode_corpus

    return encode_corpus(out / PREPARED, recipe.vocabulary, log)


def _align(recipe: Recipe, out: Path, log: Log) -> dict[str, Any]:
    from translate.training.align import align_corpus

    return align_corpus(out / PREPARED, recipe.alignment, log)


def _train(recipe: Recipe, out: Path, log: Log) -> dict[str, Any]:
    from translate.training.train import RESULT, train

    run = train(out / PREPARED, out / RUN, recipe, log)
    found: dict[str, Any] = json.loads((run / RESULT).read_text(encoding="utf-8"))
    return found


def _export(recipe: Recipe, out: Path, log: Log) -> dict[str, Any]:
    from translate.training.export import export

    if (out / MODEL).exists():  # of an earlier run: kept beside the new one
        number = next(n for n in itertools.count(1) if not (out / f"{MODEL}-{n}").exists())
        (out / MODEL).rename(out / f"{MODEL}-{number}")
    model = export(out / RUN, out / MODEL)
    size = sum(path.stat().st_size for path in model.iterdir() if path.is_file())
    log(f"{model}: {size / 1e6:.1f} MB")
    return {"bytes": size}


def _evaluate(recipe: Recipe, out: Path, log: Log) -> dict[str, Any]:
    from translate.text_file import write_atomic
    from translate.training.evaluate import evaluate_checkpoint

    threads = recipe.optimisation.threads or None
    found = evaluate_checkpoint(out / MODEL, out / PREPARED, recipe.evaluation, threads, log)
    write_atomic(out / EVALUATION, json.dumps(found, ensure_ascii=False, indent=1) + "\n")
    return {"tests": found["tests"], "validation": found["validation"]}


def _corpus_inputs(recipe: Recipe) -> list[Path]:
    return [*corpus_files(recipe.data), *held_out_files(recipe.data.held_out)]


def _vocabulary_inputs(recipe: Recipe) -> list[Path]:
    from translate.training.vocabulary import reused_model

    return [] if recipe.vocabulary.reuse is None else [reused_model(recipe.vocabulary.reuse)]


def _initial_weights(recipe: Recipe) -> list[Path]:
    from translate.marian.checkpoint import EMBEDDED

    if recipe.model.init is None:
        return []
    return [(EMBEDDED if recipe.model.init == "embedded" else recipe.model.init) / _WEIGHTS]


def _test_files(recipe: Recipe) -> list[Path]:
    return [path for test in recipe.evaluation.tests for path in (test.english, test.portuguese)]


def _nothing(recipe: Recipe) -> list[Path]:
    return []


_LENGTHS = ("vocabulary.max_source", "vocabulary.max_target")
_PIECES = ("vocabulary.size", "vocabulary.coverage", "vocabulary.sample")
_READING = ("corpus.py", "clean.py", "exclude.py", "copies.py", "names.yaml")

STEPS: tuple[Step, ...] = (
    Step("corpus", PREPARED, (files.CORPUS, files.VALIDATION), ("data.",), _READING, _corpus_inputs, _collect),
    Step(
        "vocabulary",
        PREPARED,
        (files.SENTENCEPIECE, files.VOCABULARY),
        _PIECES,
        ("vocabulary.py",),
        _vocabulary_inputs,
        _vocabulary,
    ),
    Step("encode", PREPARED, (files.PAIRS,), _LENGTHS, ("encode.py",), _nothing, _encode),
    Step("align", PREPARED, (), ("alignment.",), ("align.py",), _nothing, _align),
    Step(
        "train",
        RUN,
        (_FINAL,),
        ("model.", "optimisation.", "augmentation.", "schedule.", "evaluation.updates", "evaluation.sentences"),
        (),  # a run goes on as it began, whatever becomes of the code
        _initial_weights,
        _train,
    ),
    Step("export", MODEL, (_WEIGHTS,), (), ("export.py",), _nothing, _export),
    Step("evaluate", "", (EVALUATION,), ("evaluation.test",), ("evaluate.py",), _test_files, _evaluate),
)
"""In order; averaging is the end of ``train``."""
