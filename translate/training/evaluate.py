"""The finished checkpoint, scored: on the validation pairs of each source, and on test sets."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from translate.config import Metric
from translate.errors import UserError
from translate.training.corpus import Log
from translate.training.prepared import VALIDATION, read_rows
from translate.training.recipe import EvaluationRecipe, TestSet

METRICS: tuple[Metric, ...] = ("BLEU", "chrF2")


def evaluate_checkpoint(
    model: Path, prepared: Path, recipe: EvaluationRecipe, threads: int | None = None, log: Log = lambda _: None
) -> dict[str, Any]:
    """BLEU and chrF2 of a checkpoint in int8, without a glossary, sentence by sentence.

    The result: ``tests`` by name, ``validation`` over all pairs, ``sources`` by name; each with ``sentences``, ``BLEU``
    and ``chrF2``. Raises UserError for a test set that is missing or whose sides differ in length.
    """
    from translate.marian import load_engine
    from translate.marian.checkpoint import load_directory
    from translate.training.validation import translations

    engine = load_engine("ctranslate2", load_directory(model), threads=threads)
    tests = {test.name: read_test(test) for test in recipe.tests}
    by_source: dict[str, list[int]] = defaultdict(list)
    validation = read_rows(prepared / VALIDATION, 3)
    for k, (source, _, _) in enumerate(validation):
        by_source[source].append(k)
    found: dict[str, Any] = {"tests": {}, "validation": None, "sources": {}}
    for name, pairs in tests.items():
        output = translations(engine, [english for english, _ in pairs], beam_size=recipe.test_beam_size)
        found["tests"][name] = _scores(output, [portuguese for _, portuguese in pairs])
        log(f"{name}: {_line(found['tests'][name])}")
    if validation:
        output = translations(engine, [english for _, english, _ in validation], beam_size=recipe.test_beam_size)
        references = [portuguese for _, _, portuguese in validation]
        found["validation"] = _scores(output, references)
        for source, indices in sorted(by_source.items()):
            found["sources"][source] = _scores([output[k] for k in indices], [references[k] for k in indices])
        log(f"validation pairs: {_line(found['validation'])}")
    return found


def read_test(test: TestSet) -> list[tuple[str, str]]:
    """English and Portuguese of each sentence. Raises UserError if a file is missing or the sides differ in length."""
    sides: list[list[str]] = []
    for path in (test.english, test.portuguese):
        if not path.is_file():
            raise UserError(f"{path}: the test set {test.name} is not here; correct evaluation.tests in the recipe.")
        with path.open(encoding="utf-8-sig", newline="\n") as lines:
            sides.append([line.strip() for line in lines])
    english, portuguese = sides
    if len(english) != len(portuguese):
        raise UserError(f"{test.portuguese}: {len(portuguese)} lines, but {test.english.name} has {len(english)}.")
    return list(zip(english, portuguese, strict=True))


def _scores(output: Sequence[str], references: Sequence[str]) -> dict[str, float]:
    from translate.scoring.score import score

    corpus = score(list(output), list(references), metrics=METRICS).corpus
    return {"sentences": len(output), **{name: round(corpus[name].value, 2) for name in METRICS}}


def _line(scores: dict[str, float]) -> str:
    return f"BLEU {scores['BLEU']:.1f}, chrF2 {scores['chrF2']:.1f} ({scores['sentences']} sentences)"
