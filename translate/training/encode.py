"""Pairs as pieces: flat arrays, which a million pairs fit into and batches are cut from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from translate.errors import UserError
from translate.training.corpus import Log
from translate.training.prepared import CORPUS, PAIRS, SENTENCEPIECE, VALIDATION, read_rows
from translate.training.recipe import VocabularyRecipe

PIECE_RATIO = 3
"""Pieces of one side for each of the other, at most, and five more."""
_SLACK = 5
_CHUNK = 50_000


def encode_corpus(folder: Path, recipe: VocabularyRecipe, log: Log = lambda _: None) -> dict[str, Any]:
    """Writes ``pairs.npz`` into a prepared folder; returns how many pairs and pieces there are.

    The validation pairs come first and are all kept; of the others those that are too long or too unequal go.
    Raises UserError if no pair is left.
    """
    validation = [("1", *row) for row in read_rows(folder / VALIDATION, 3)]
    rows = [*validation, *read_rows(folder / CORPUS, 4)]
    source, target = (encode_all(folder, [row[side] for row in rows]) for side in (2, 3))
    keep = [
        k for k, (x, y) in enumerate(zip(source, target, strict=True)) if k < len(validation) or _fits(x, y, recipe)
    ]
    if len(keep) == len(validation):
        raise UserError(f"{folder}: no pair has at most {recipe.max_source} pieces; raise vocabulary.max_source.")
    s, so = flatten([source[k] for k in keep])
    t, to = flatten([target[k] for k in keep])
    weights = np.array([int(rows[k][0]) for k in keep], np.uint8)
    temporary = folder / f".{PAIRS}"
    np.savez(temporary, s=s, so=so, t=t, to=to, up=weights, valid=np.arange(len(validation), dtype=np.int64))
    temporary.replace(folder / PAIRS)
    found = {"pairs": len(keep), "too_long": len(rows) - len(keep), "source_pieces": len(s), "target_pieces": len(t)}
    log(", ".join(f"{value} {name.replace('_', ' ')}" for name, value in found.items()))
    return found


def encode_all(folder: Path, texts: Sequence[str]) -> list[list[int]]:
    """The pieces of each text."""
    import sentencepiece

    model = sentencepiece.SentencePieceProcessor(model_file=str(folder / SENTENCEPIECE))
    encoded: list[list[int]] = []
    for start in range(0, len(texts), _CHUNK):
        encoded += model.encode(list(texts[start : start + _CHUNK]))
    return encoded


def flatten(sequences: Sequence[Sequence[int]]) -> tuple[NDArray[np.uint16], NDArray[np.int64]]:
    """All sequences in a row (uint16), and where each begins, with the end (int64, sequences + 1)."""
    offsets = np.zeros(len(sequences) + 1, np.int64)
    np.cumsum([len(sequence) for sequence in sequences], out=offsets[1:])
    flat = np.fromiter((piece for sequence in sequences for piece in sequence), np.uint16, int(offsets[-1]))
    return flat, offsets


def _fits(source: Sequence[int], target: Sequence[int], recipe: VocabularyRecipe) -> bool:
    x, y = len(source), len(target)
    short, long = min(x, y), max(x, y)
    return 1 <= x <= recipe.max_source and 1 <= y <= recipe.max_target and long < PIECE_RATIO * short + _SLACK
