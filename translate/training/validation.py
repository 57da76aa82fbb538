"""How good the weights of a moment are: the loss on validation pairs, and chrF of what the engine makes of them."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from translate.marian.protocol import Engine, Request
from translate.training.batches import Batches, Indices
from translate.training.loop import Validation
from translate.training.loss import Objective
from translate.training.write import write_checkpoint

_RATIO, _SPARE = 2.0, 10
"""Target pieces for each source piece, and more: as `decoding.length_ratio`."""


class Judge:
    """A `Validator`: the loss on ``pairs``, and chrF2 on sentences (English, Portuguese), if there are any.

    The sentences are decoded by CTranslate2 in int8, as users will run the checkpoint, which has its SentencePiece
    model and vocabulary from ``spm`` and ``vocabulary``.
    """

    def __init__(
        self,
        batches: Batches,
        pairs: Indices,
        sentences: Sequence[tuple[str, str]],
        *,
        spm: Path,
        vocabulary: Path,
        beam_size: int = 1,
        threads: int = 1,
        bf16: bool = True,
    ) -> None:
        self._batches, self._pairs, self._sentences = batches, pairs, sentences
        self._spm, self._vocabulary = spm, vocabulary
        self._beam_size, self._threads, self._bf16 = beam_size, threads, bf16

    def __call__(self, model: Any) -> Validation:
        """Judges the weights that are in the model."""
        loss = mean_loss(model, self._batches, self._pairs, bf16=self._bf16)
        if not self._sentences:
            return Validation(loss)
        from translate.marian.checkpoint import load_directory
        from translate.marian.ctranslate2_engine import CTranslate2Engine
        from translate.scoring.score import score

        with tempfile.TemporaryDirectory(prefix="translate-issue-") as name:
            folder = Path(name)
            write_checkpoint(model, self._spm, self._vocabulary, folder / "model")
            engine = CTranslate2Engine(load_directory(folder / "model"), threads=self._threads, cache_dir=folder)
            found = translations(engine, [english for english, _ in self._sentences], beam_size=self._beam_size)
        references = [portuguese for _, portuguese in self._sentences]
        return Validation(loss, score(found, references, metrics=["chrF2"]).corpus["chrF2"].value)


def mean_loss(model: Any, batches: Batches, pairs: Indices, *, bf16: bool) -> float:
    """Cross-entropy per target piece (nats), without smoothing and augmentation."""
    import torch

    device = next(model.parameters()).device.type
    objective = Objective(model, bf16=bf16)
    total = pieces = 0.0
    try:
        with torch.no_grad():
            for chunk in batches.in_order(pairs):
                batch = batches.plain(chunk)
                loss, _ = objective(batch.to(device), smoothing=0.0)
                total += float(loss) * batch.tokens
                pieces += batch.tokens
    finally:
        objective.close()
    return total / max(1.0, pieces)


def translations(engine: Engine, sentences: Sequence[str], *, beam_size: int) -> list[str]:
    """The best translation of each sentence, without a glossary."""
    encoded = [engine.tokenizer.encode(sentence).pieces for sentence in sentences]
    requests = [Request(pieces, max_length=int(_RATIO * len(pieces)) + _SPARE, align=False) for pieces in encoded]
    found = engine.translate(requests, beam_size=beam_size)
    return [engine.tokenizer.decode(hypotheses[0].pieces).text for hypotheses in found]
