"""A corpus of made-up sentences in the embedded checkpoint's pieces, and a model small enough for seconds."""

from __future__ import annotations

import itertools
import shutil
from pathlib import Path

import numpy as np

from translate.marian.checkpoint import EMBEDDED
from translate.training.prepared import Prepared
from translate.training.recipe import Recipe, load_recipe

_SUBJECTS = (
    ("The model", "O modelo"),
    ("The teacher", "A professora"),
    ("A small team", "Uma equipe pequena"),
    ("The old printer", "A impressora antiga"),
    ("My neighbour", "Meu vizinho"),
    ("The engineer", "O engenheiro"),
)
_VERBS = (("reads", "lê"), ("opens", "abre"), ("describes", "descreve"), ("keeps", "guarda"), ("paints", "pinta"))
_OBJECTS = (
    ("the letter", "a carta"),
    ("a green notebook", "um caderno verde"),
    ("the results", "os resultados"),
    ("two maps", "dois mapas"),
    ("the garden gate", "o portão do jardim"),
)


def sentences() -> list[tuple[str, str]]:
    """150 pairs, English and Portuguese."""
    return [
        (f"{a} {b} {c}.", f"{x} {y} {z}.") for (a, x), (b, y), (c, z) in itertools.product(_SUBJECTS, _VERBS, _OBJECTS)
    ]


def prepared_folder(folder: Path, *, valid: int = 12) -> Path:
    """A prepared folder of those sentences; a pair's links run along its diagonal."""
    from sentencepiece import SentencePieceProcessor

    folder.mkdir(parents=True)
    for given, name in (("source.spm", "spm.model"), ("vocab.json", "vocab.json")):
        shutil.copyfile(EMBEDDED / given, folder / name)
    processor = SentencePieceProcessor(model_file=str(folder / "spm.model"))
    pairs = sentences()
    source = [processor.encode(english) for english, _ in pairs]
    target = [processor.encode(portuguese) for _, portuguese in pairs]
    links = [
        np.array([(min(j, len(x) - 1), j, 1) for j in range(len(y))], np.uint8)
        for x, y in zip(source, target, strict=True)
    ]
    held_out = np.linspace(0, len(pairs) - 1, valid).astype(np.int64)
    np.savez(
        folder / "pairs.npz",
        s=np.concatenate(source).astype(np.uint16),
        so=np.cumsum([0, *map(len, source)]),
        t=np.concatenate(target).astype(np.uint16),
        to=np.cumsum([0, *map(len, target)]),
        up=np.ones(len(pairs), np.uint8),
        valid=held_out,
    )
    np.savez(folder / "links.npz", al=np.concatenate(links), off=np.cumsum([0, *map(len, links)]))
    rows = "".join(f"made-up\t{pairs[i][0]}\t{pairs[i][1]}\n" for i in held_out)
    (folder / "valid.tsv").write_text(rows, encoding="utf-8")
    Prepared.load(folder)
    return folder


def tiny_recipe(**changes: object) -> Recipe:
    """A recipe for a model of 16 dimensions on one thread; ``changes`` name its keys with ``__`` for a dot."""
    base = {
        "model.encoder_layers": 1,
        "model.decoder_layers": 1,
        "model.d_model": 16,
        "model.ffn": 32,
        "model.heads": 2,
        "optimisation.device": "cpu",
        "optimisation.learning_rate": 0.01,
        "optimisation.warmup": 5,
        "optimisation.batch_tokens": 200,
        "optimisation.workers": 0,
        "optimisation.threads": 1,
        "optimisation.ema": 0.9,
        "schedule.epochs": None,
        "schedule.updates": 24,
        "evaluation.updates": 8,
        "evaluation.sentences": 0,
        "augmentation.protect": 0.3,
    }
    return load_recipe(overrides={**base, **{key.replace("__", "."): value for key, value in changes.items()}})
