"""The joint SentencePiece vocabulary (Kudo 2018), or one that is taken over to train on."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from random import Random
from typing import Any

from translate.errors import UserError
from translate.training.corpus import Log
from translate.training.prepared import CORPUS, PAD, PROTECT_BEGIN, PROTECT_END, SENTENCEPIECE, VOCABULARY
from translate.training.recipe import VocabularyRecipe

SYMBOLS = (PROTECT_BEGIN, PROTECT_END)
"""Pieces of their own, never split and never learned from text: they enclose what stays in English."""


def make_vocabulary(folder: Path, recipe: VocabularyRecipe, seed: int, log: Log = lambda _: None) -> dict[str, Any]:
    """Writes ``spm.model`` and ``vocab.json`` into a prepared folder; returns what there is to say about them.

    The ids are opus-mt's, which CTranslate2's converter expects: ``</s>`` 0, ``<unk>`` 1, ``<pad>`` the last.

    Raises UserError if a model to be taken over is missing or has other ids, or if there is too little text.
    """
    if recipe.reuse is not None:
        _take_over(folder, reused_model(recipe.reuse))
    else:
        _learn(folder, recipe, seed)
    pieces = _write_pieces(folder)
    log(f"{pieces} pieces" + (f", taken over from {recipe.reuse}" if recipe.reuse else ""))
    return {"pieces": pieces, "reused": str(recipe.reuse) if recipe.reuse else None}


def reused_model(reuse: Path | str) -> Path:
    """The SentencePiece file that ``vocabulary.reuse`` means: ``embedded``, a checkpoint's folder, or a file."""
    from translate.marian.checkpoint import EMBEDDED

    path = EMBEDDED if reuse == "embedded" else Path(reuse)
    if path.is_dir():
        path = next((path / name for name in ("source.spm", SENTENCEPIECE) if (path / name).exists()), path)
    if not path.is_file():
        raise UserError(f"{path}: there is no SentencePiece model here; correct vocabulary.reuse in the recipe.")
    return path


def _take_over(folder: Path, model: Path) -> None:
    vocabulary = model.parent / VOCABULARY
    shutil.copyfile(model, folder / SENTENCEPIECE)
    ids = json.loads(vocabulary.read_text(encoding="utf-8")) if vocabulary.is_file() else None
    if ids is not None and ids != _ids(folder):
        raise UserError(f"{vocabulary}: its ids are not those of {model.name}; a joint vocabulary is needed.")


def _learn(folder: Path, recipe: VocabularyRecipe, seed: int) -> None:
    import sentencepiece

    with (folder / CORPUS).open(encoding="utf-8", newline="\n") as lines:
        rows = [line.rstrip("\n").split("\t") for line in lines]
    rows = Random(seed).sample(rows, min(len(rows), recipe.sample))
    text = [side for row in rows for side in row[2:]]
    try:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(text),
            model_prefix=str((folder / SENTENCEPIECE).with_suffix("")),
            vocab_size=recipe.size,
            model_type="unigram",
            character_coverage=recipe.coverage,
            byte_fallback=True,
            eos_id=0,
            unk_id=1,
            bos_id=-1,
            pad_id=-1,
            user_defined_symbols=list(SYMBOLS),
            normalization_rule_name="nmt_nfkc",
            minloglevel=2,
        )
    except RuntimeError as error:
        reason = " ".join(str(error).split())
        raise UserError(f"{folder}: vocabulary.size {recipe.size} does not suit this corpus ({reason}).") from None
    (folder / SENTENCEPIECE).with_suffix(".vocab").unlink(missing_ok=True)


def _write_pieces(folder: Path) -> int:
    from translate.text_file import write_atomic

    ids = _ids(folder)
    missing = [symbol for symbol in SYMBOLS if symbol not in ids]
    if missing:
        raise UserError(f"{folder / SENTENCEPIECE}: the vocabulary has no {' and '.join(missing)}; it cannot be used.")
    write_atomic(folder / VOCABULARY, json.dumps(ids, ensure_ascii=False))
    return len(ids)


def _ids(folder: Path) -> dict[str, int]:
    import sentencepiece

    model = sentencepiece.SentencePieceProcessor(model_file=str(folder / SENTENCEPIECE))
    size = model.get_piece_size()
    return {**{model.id_to_piece(i): i for i in range(size)}, PAD: size}
