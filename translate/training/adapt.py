"""Fine-tune a checkpoint on what a team's translators made of its drafts, and keep the result only if it is better.

Mixed fine-tuning (Chu et al. 2017): in-domain pairs, seen many times, mixed with generic ones, seen once or twice, at a
small learning rate, until held-out in-domain pairs get no better. Nothing of the test issues is trained on.
"""

from __future__ import annotations

import json
import random
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from glossary import Matcher, Termbase
from translate.config import AdaptConfig, Config
from translate.errors import UserError
from translate.glossary_file import load_glossary
from translate.marian.checkpoint import Checkpoint
from translate.marian.protocol import Engine
from translate.pipeline import load_checkpoint, prepare
from translate.results import Draft, Silent, Watcher
from translate.text_file import SourceText, read_text, repair_mojibake
from translate.training import trial
from translate.training.batches import Batches, Batching, Indices, Mixture
from translate.training.domain import (
    DomainPair,
    TestItem,
    approved_units,
    items_of_units,
    items_of_version,
    pairs_of_units,
    pairs_of_version,
)
from translate.training.examples import MAX_PIECES, Example, aligned, encode_examples, with_terms
from translate.training.exclude import HeldOut
from translate.training.generic import TextPair, own_translations, sample
from translate.training.loop import BEST, Loop, Plan, Validation, put
from translate.training.recipe import OptimisationRecipe, ScheduleRecipe
from translate.training.state import Tensors, load_tensors
from translate.training.trial import Verdict

NGRAM = 13
"""Words in a row that a training text may not have in common with a test text."""
GENERIC = 3000
_GENERIC_DEV = 150
_DEV_SHARE, _DEV_LEAST, _DEV_MOST = 0.1, 8, 80
_LEAST_PAIRS = 20
_BLENDS = (1.0, 0.75, 0.5, 0.25)
_TEST_SHARE = 0.25
REPORT = "adapt.json"


@dataclass(frozen=True, slots=True)
class AdaptRequest:
    """What to adapt to, and where to put the result.

    ``pairs`` and ``tests``: (draft, human version); without ``pairs``, or with ``memory``, the memory's human and
    approved units are trained on. Without ``tests`` the newest documents (by name; the memory's by time) are held out.
    ``general``: two files of parallel lines on which little may be lost. ``generic``: TSV files to mix in; without them
    the present checkpoint's own translations. ``updates`` ends training after so many updates, if the configured
    minutes are not over before.
    """

    out: Path
    general: tuple[Path, Path]
    pairs: tuple[tuple[str, str], ...] = ()
    tests: tuple[tuple[str, str], ...] = ()
    generic: tuple[Path, ...] = ()
    memory: bool = False
    updates: int | None = None
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Adapted:
    """The verdict, everything that is to be told of it (plain data), and the new checkpoint if there is one."""

    verdict: Verdict
    report: dict[str, Any]
    path: Path | None


@dataclass(frozen=True, slots=True)
class Domain:
    """In-domain pairs to train on and items to test on, no text of which is in the pairs.

    ``overlapping``: pairs that were left out for that.
    """

    pairs: tuple[DomainPair, ...]
    items: tuple[TestItem, ...]
    held_out: HeldOut
    overlapping: int

    @property
    def documents(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(pair.document for pair in self.pairs))


def adapt(request: AdaptRequest, config: Config, watcher: Watcher | None = None) -> Adapted:
    """Adapts the configured checkpoint and writes it to a new directory in ``request.out``, if it is to be kept.

    Raises UserError for files that cannot be read, too few pairs, or nothing to hold out.
    """
    watcher = watcher or Silent()
    watcher.step("Reading the human versions")
    termbase = load_glossary(config)
    general = trial.read_general(*request.general)
    domain = read_domain(request, config, [text for pair in general for text in pair])
    base = load_checkpoint(config)
    with tempfile.TemporaryDirectory(prefix="translate-issue-") as name:
        folder = Path(name)
        before_engine = _engine(base, config, None)
        watcher.step("Collecting generic pairs")
        generic = _generic(request, domain, before_engine)
        model, facts = _trained(request, config, base, domain, generic, termbase, folder, watcher)
        watcher.step("Checking the new checkpoint")
        from translate.training.export import staged, verified
        from translate.training.write import write_checkpoint

        write_checkpoint(model, base.directory / "source.spm", base.directory / "vocab.json", folder / "new")
        _target_model(base, folder / "new")
        new = verified(folder / "new")
        watcher.step("Translating the held-out issues with both")
        english = [en for en, _ in general]
        before = trial.outputs(before_engine, domain.items, english, termbase, config)
        after = trial.outputs(_engine(new, config, folder), domain.items, english, termbase, config)
        verdict = trial.judge(before, after, domain.items, [pt for _, pt in general])
        report = _report(request, config.adapt, base, new, domain, facts, verdict)
        if not verdict.keep:
            return Adapted(verdict, report, None)
        path = request.out / f"adapted-{datetime.now(UTC):%Y-%m-%d}-{new.hash[:8]}"
        from translate.training.card import card_of_adaptation

        with staged(path) as final:
            for file in sorted(new.directory.iterdir()):
                (final / file.name).write_bytes(file.read_bytes())
            (final / REPORT).write_text(json.dumps(report, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
            (final / "README.md").write_text(card_of_adaptation(report, new), encoding="utf-8")
        return Adapted(verdict, {**report, "checkpoint": str(path)}, path)


def read_domain(request: AdaptRequest, config: Config, general: Sequence[str] = ()) -> Domain:
    """The pairs and the test items of a request; pairs that share text with the items or ``general`` are left out.

    Raises UserError where there is nothing to test on or too little to train on.
    """
    versions = [_version(*names, config) for names in request.pairs]
    tests = [_version(*names, config) for names in request.tests]
    units = _memory_units(config) if request.memory or not request.pairs else []
    test_units = []
    if not tests and versions:
        versions, tests = _newest(versions)
    elif not tests:
        documents = list(dict.fromkeys(unit.document for unit in units))
        newest = set(documents[-_held_out_count(len(documents)) :])
        test_units = [unit for unit in units if unit.document in newest]
        units = [unit for unit in units if unit.document not in newest]
    held_out = HeldOut(
        [
            *(text for draft, human in tests for text in (draft.source.text, human.text)),
            *(text for unit in test_units for text in (unit.text, unit.target)),
            *(
                text
                for draft, human in tests
                for item in items_of_version(draft, human, config)
                for text in _texts(item)
            ),
            *general,
        ],
        NGRAM,
    )
    found = [pair for draft, human in versions for pair in pairs_of_version(draft, human, config)]
    found += pairs_of_units(units)
    found = list({(pair.english, pair.portuguese): pair for pair in found}.values())
    clean = [p for p in found if not (held_out.contains(p.english) or held_out.contains(p.portuguese))]
    items = [item for draft, human in tests for item in items_of_version(draft, human, config)]
    items += items_of_units(test_units)
    if not items:
        raise UserError("there is nothing to test on: no segment of the held-out issues has a human version.")
    if len(clean) < _LEAST_PAIRS:
        raise UserError(
            f"only {len(clean)} sentence pairs to train on, {_LEAST_PAIRS} are needed: give more human versions "
            "(--pair DRAFT HUMAN) or approve more segments."
        )
    return Domain(tuple(clean), tuple(items), held_out, len(found) - len(clean))


def _texts(item: TestItem) -> tuple[str, str]:
    return item.english, item.reference


def _version(draft: str, human: str, config: Config) -> tuple[Draft, SourceText]:
    limit = config.limits.max_file_bytes
    text = read_text(human, max_bytes=2 * limit)
    return prepare(read_text(draft, max_bytes=limit), config), SourceText(repair_mojibake(text.text)[0], text.path)


def _memory_units(config: Config) -> list[Any]:
    from translate.memory import open_memory

    with open_memory(config) as memory:
        return approved_units(memory.units())


def _newest(versions: list[tuple[Draft, SourceText]]) -> tuple[list[Any], list[Any]]:
    """The versions without the newest by name (dates and numbers count as such), and these."""
    ordered = sorted(versions, key=lambda version: _natural(version[0].name))
    count = _held_out_count(len(ordered))
    return ordered[:-count], ordered[-count:]


def _held_out_count(documents: int) -> int:
    if documents < 2:
        raise UserError(
            "there is nothing to test on: name issues that are not trained on (--test DRAFT HUMAN), or give more than "
            "one to train on; the newest are then held out."
        )
    return max(1, round(_TEST_SHARE * documents))


def _natural(name: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]


def _generic(request: AdaptRequest, domain: Domain, engine: Engine) -> list[TextPair]:
    if request.generic:
        return sample(request.generic, GENERIC + _GENERIC_DEV, domain.held_out, seed=request.seed)
    return own_translations([pair.english for pair in domain.pairs], engine, GENERIC, seed=request.seed)


@dataclass(frozen=True, slots=True)
class _Sets:
    """Indices into one prepared set."""

    main: Indices
    dev: Indices
    generic: Indices
    generic_dev: Indices
    marked: int


def _trained(
    request: AdaptRequest,
    config: Config,
    base: Checkpoint,
    domain: Domain,
    generic: Sequence[TextPair],
    termbase: Termbase,
    folder: Path,
    watcher: Watcher,
) -> tuple[Any, dict[str, Any]]:
    """The model with its best weights, and what was done."""
    from translate.training.model import load_model, parameters
    from translate.training.train import threads

    with threads(config.model.threads):
        watcher.step("Aligning the pairs")
        model = load_model(base.directory, dropout=config.adapt.dropout)
        examples, sets = _examples(domain, generic, Matcher(termbase), request.seed)
        prepared = aligned(encode_examples(examples, base), model)
        batching = Batching(1000, MAX_PIECES, 0.1 if "<t>" in prepared.pieces else 0.0, request.seed)
        batches = Batches(prepared, Mixture(sets.main, sets.generic, config.adapt.generic_share), batching)
        judge = _DevLoss(batches, sets, model)
        start = {name: p.detach().clone() for name, p in parameters(model).items()}
        watcher.step("Training")
        plan = _plan(request, config.adapt, len(batches.plan(0)))

        total = round(60 * config.adapt.minutes)

        def log(line: str) -> None:
            watcher.progress(min(total, round(60 * json.loads(line).get("minutes", 0.0))), total)

        progress = Loop(model, batches, plan, folder / "run", judge, log).run()
        blend = _blended(model, start, load_tensors(folder / "run" / BEST), judge)
        end = judge.losses(model)
    facts = {
        "pairs": len(sets.main) - sets.marked,
        "pairs_with_protected_terms": sets.marked,
        "development_pairs": len(sets.dev),
        "generic_pairs": len(sets.generic),
        "generic": "own translations" if not request.generic else [path.name for path in request.generic],
        "updates": progress.step,
        "best_update": progress.best_step,
        "blend": blend,
        "epochs": progress.epoch,
        "target_tokens": progress.tokens,
        "minutes": round(progress.seconds / 60, 2),
        "ended": progress.finished,
        "development_loss": {"before": round(judge.before[0], 4), "after": round(end[0], 4)},
        "generic_loss": {"before": round(judge.before[1], 4), "after": round(end[1], 4)},
    }
    return model, facts


def _examples(domain: Domain, generic: Sequence[TextPair], matcher: Matcher, seed: int) -> tuple[list[Example], _Sets]:
    """All examples in one list, and which are for what; a pair with glossary terms has a second, protected form."""
    pairs = list(domain.pairs)
    random.Random(seed).shuffle(pairs)
    held = max(_DEV_LEAST, min(_DEV_MOST, round(_DEV_SHARE * len(pairs))))
    dev, main = pairs[:held], pairs[held:]
    marked = [e for p in main if (e := with_terms(p.english, p.portuguese, matcher)) is not None]
    spare = min(_GENERIC_DEV, len(generic) // 4)
    parts = (
        [Example(p.english, p.portuguese) for p in main] + marked,
        [Example(p.english, p.portuguese) for p in dev],
        [Example(en, pt) for en, pt in generic[spare:]],
        [Example(en, pt) for en, pt in generic[:spare]],
    )
    edges = np.cumsum([0, *map(len, parts)])
    main_, dev_, generic_, generic_dev = (np.arange(a, b) for a, b in pairwise(edges))
    return [e for part in parts for e in part], _Sets(main_, dev_, generic_, generic_dev, len(marked))


def _blended(model: Any, start: Tensors, end: Tensors, judge: _DevLoss) -> float:
    """Puts the best point on the way from the present weights to the adapted ones into the model; gives how far it is.

    Half of the way often keeps most of what was learned and forgets little (Wortsman et al. 2022, "Robust fine-tuning
    of zero-shot models").
    """
    model.eval()

    def go(share: float) -> None:
        put(model, {name: tensor + share * (end[name] - tensor) for name, tensor in start.items()})

    def score(share: float) -> float:
        go(share)
        return judge(model).score

    best = max(_BLENDS, key=score)
    go(best)
    return best


class _DevLoss:
    """A `Validator`: the loss on the held-out in-domain pairs, plus what the generic ones have lost since the start."""

    def __init__(self, batches: Batches, sets: _Sets, model: Any) -> None:
        self._batches, self._sets = batches, sets
        model.eval()
        self.before = self.losses(model)
        model.train()

    def losses(self, model: Any) -> tuple[float, float]:
        """In-domain and generic loss (nats per piece)."""
        from translate.training.validation import mean_loss

        dev, generic = (
            mean_loss(model, self._batches, pairs, bf16=True) for pairs in (self._sets.dev, self._sets.generic_dev)
        )
        return dev, generic

    def __call__(self, model: Any) -> Validation:
        dev, generic = self.losses(model)
        return Validation(dev + max(0.0, generic - self.before[1]))


def _plan(request: AdaptRequest, settings: AdaptConfig, batches_in_epoch: int) -> Plan:
    optimisation = OptimisationRecipe(
        device="cpu",
        precision="bfloat16",
        learning_rate=settings.learning_rate,
        warmup=20,
        weight_decay=0.01,
        label_smoothing=0.1,
        guided=0.1,
        clip=1.0,
        batch_tokens=1000,
        max_pieces=MAX_PIECES,
        ema=0.98,
        workers=0,
        processes=1,
        threads=0,
        compile=False,
        seed=request.seed,
    )
    schedule = ScheduleRecipe(
        epochs=None,
        updates=request.updates,
        minutes=settings.minutes,
        decay="linear",
        decay_from=0.3,
        checkpoint_minutes=10_000,
        keep=1,
        average=1,
        patience=5,
    )
    return Plan(optimisation, schedule, max(10, min(40, batches_in_epoch)), "adapt")


def _engine(checkpoint: Checkpoint, config: Config, cache: Path | None) -> Engine:
    """The configured engine; the candidate's converted model stays out of the user's cache."""
    threads = config.model.threads or None
    if config.model.engine == "transformers":
        from translate.marian.transformers_engine import TransformersEngine

        return TransformersEngine(checkpoint, threads=threads)
    from translate.marian.ctranslate2_engine import CTranslate2Engine

    return CTranslate2Engine(checkpoint, threads=threads, cache_dir=cache)


def _target_model(base: Checkpoint, folder: Path) -> None:
    """The target side's own SentencePiece model, and the tokenizer's settings, where the base has others."""
    for name in ("target.spm", "tokenizer_config.json", "generation_config.json"):
        if (base.directory / name).is_file():
            (folder / name).write_bytes((base.directory / name).read_bytes())


def _report(
    request: AdaptRequest,
    settings: AdaptConfig,
    base: Checkpoint,
    new: Checkpoint,
    domain: Domain,
    facts: dict[str, Any],
    verdict: Verdict,
) -> dict[str, Any]:
    return {
        "format": 1,
        "base": {"name": base.name, "hash": base.hash},
        "hash": new.hash,
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "trained_on": [Path(name).name for name in domain.documents],
        "tested_on": list(dict.fromkeys(Path(item.document).name for item in domain.items)),
        "pairs_left_out_for_overlap": domain.overlapping,
        "settings": {
            "learning_rate": settings.learning_rate,
            "generic_for_each_pair": settings.generic_share,
            "dropout": settings.dropout,
            "minutes": settings.minutes,
            "updates": request.updates,
            "seed": request.seed,
        },
        **facts,
        **verdict.as_dict(),
    }
