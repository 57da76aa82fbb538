"""A trained model as a checkpoint: the Hugging Face layout that `--model` takes, checked in both engines."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from translate.errors import UserError
from translate.marian.checkpoint import Checkpoint, load_directory
from translate.marian.protocol import Engine, Request
from translate.training.model import pad_row
from translate.training.write import SENTENCEPIECE, VOCABULARY, write_checkpoint

CT2 = "ctranslate2"

_TRIAL = (
    "The model reads every sentence twice before it answers.",
    "Figure 3 shows how the error falls with the size of the data set.",
    "Why does this work?",
    "Open the settings, choose a language and restart the program.",
    "In 2019 the team published 12 papers on machine translation.",
    "GPT-2",
    "We compare three methods: two of them are new, and one is a baseline.",
    "She wrote the first version of the library in a weekend; it is still in use today.",
)
_SAME = 0.75
"""Share of the trial on which both engines must agree: float arithmetic in another order decides a few ties."""


def verified(directory: Path) -> Checkpoint:
    """The checkpoint in ``directory``, if it is whole and both engines translate alike with it.

    A checkpoint whose ``<pad>`` row is not zero decodes to nonsense in CTranslate2 while transformers looks fine: so
    greedy translations of a few sentences are compared, in float32. Raises UserError for a broken checkpoint.
    """
    checkpoint = load_directory(directory)
    _check_weights(directory)
    with tempfile.TemporaryDirectory(prefix="translate-issue-") as folder:
        from translate.marian.ctranslate2_engine import CTranslate2Engine
        from translate.marian.transformers_engine import TransformersEngine

        engines: tuple[Engine, Engine] = (
            CTranslate2Engine(checkpoint, compute_type="float32", threads=1, cache_dir=Path(folder)),
            TransformersEngine(checkpoint),
        )
        ours, theirs = (_translations(engine) for engine in engines)
    same = sum(a == b for a, b in zip(ours, theirs, strict=True))
    if same < _SAME * len(_TRIAL):
        k = next(k for k, (a, b) in enumerate(zip(ours, theirs, strict=True)) if a != b)
        raise UserError(
            f"{directory}: the engines disagree on {len(_TRIAL) - same} of {len(_TRIAL)} sentences "
            f"(CTranslate2: {ours[k][:60]!r}, transformers: {theirs[k][:60]!r}): the checkpoint is broken."
        )
    return checkpoint


def write_ctranslate2(checkpoint: Checkpoint, out: Path) -> None:
    """Writes the int8 CTranslate2 model into the directory ``out``, which is made, for other programs."""
    from translate.marian.convert import convert

    out.mkdir(parents=True, exist_ok=True)
    convert(checkpoint, out, "int8")


def export(run: Path, out: Path, *, ctranslate2: bool = False) -> Path:
    """Makes a checkpoint of a finished run: its final weights, in the new directory ``out``, with a model card.

    ``out`` appears whole and checked, or not at all; an existing one is never touched. ``ctranslate2`` adds a
    directory with the int8 model. Raises UserError for a run that has not ended and for a broken checkpoint.
    """
    from translate.training.card import card_of_run
    from translate.training.train import final_model

    model = final_model(run)
    with staged(out) as folder:
        write_checkpoint(model, run / SENTENCEPIECE, run / VOCABULARY, folder)
        checkpoint = verified(folder)
        if ctranslate2:
            write_ctranslate2(checkpoint, folder / CT2)
        (folder / "README.md").write_text(card_of_run(run, checkpoint), encoding="utf-8")
    return out


class staged:
    """A context manager: a temporary directory beside ``out`` that becomes ``out`` when all went well.

    Raises UserError if ``out`` is there already, now or at the end, and not an empty directory.
    """

    def __init__(self, out: Path) -> None:
        self._out = out
        self._temporary = Path()

    def __enter__(self) -> Path:
        self._refuse()
        try:
            self._out.parent.mkdir(parents=True, exist_ok=True)
            self._temporary = Path(tempfile.mkdtemp(prefix=".checkpoint-", dir=self._out.parent))
        except OSError as error:
            raise UserError(f"{self._out}: cannot be written ({error.strerror}); choose another place.") from None
        return self._temporary

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        try:
            if kind is None:
                self._refuse()
                self._temporary.chmod(0o755)
                self._temporary.rename(self._out)
        finally:
            shutil.rmtree(self._temporary, ignore_errors=True)

    def _refuse(self) -> None:
        if self._out.exists() and not (self._out.is_dir() and not any(self._out.iterdir())):
            raise UserError(f"{self._out}: is there already; a checkpoint is never written over another.")


def _check_weights(directory: Path) -> None:
    """Finite numbers, and zeros for ``<pad>``."""
    import torch

    from translate.training.model import load_model

    model = load_model(directory, dropout=0.0, zero_pad=False)
    for name, tensor in model.state_dict().items():
        if not torch.isfinite(tensor).all():
            raise UserError(f"{directory}: {name} holds values that are not numbers; train with a lower rate.")
    if pad_row(model).any():
        raise UserError(f"{directory}: the embedding of <pad> is not zero; decoding would begin from nonsense.")


def _translations(engine: Engine) -> list[str]:
    encoded = [engine.tokenizer.encode(sentence).pieces for sentence in _TRIAL]
    requests = [Request(pieces, max_length=2 * len(pieces) + 10, align=False) for pieces in encoded]
    return [engine.tokenizer.decode(h[0].pieces).text for h in engine.translate(requests, beam_size=1)]
