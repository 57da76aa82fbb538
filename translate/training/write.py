"""The files of a checkpoint: weights, SentencePiece model, vocabulary, settings, as Hugging Face's Marian has them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from translate.errors import UserError
from translate.training.model import quiet_loading

SENTENCEPIECE, VOCABULARY = "source.spm", "vocab.json"

_TOKENIZER = {
    "source_lang": "en",
    "target_lang": "pt_br",
    "unk_token": "<unk>",
    "eos_token": "</s>",
    "pad_token": "<pad>",
    "model_max_length": 512,
    "separate_vocabs": False,
    "tokenizer_class": "MarianTokenizer",
}


def write_checkpoint(model: Any, spm: Path, vocabulary: Path, out: Path) -> None:
    """Writes the model in float16 with its SentencePiece model (for both sides) and vocabulary into ``out``.

    ``out`` is made; the model in memory stays as it is. Raises UserError where it cannot be written.
    """
    import torch

    try:
        out.mkdir(parents=True, exist_ok=True)
        with quiet_loading():
            # A copy of the weights, not of the model: hooks and gradients stay behind.
            half: Any = type(model)._from_config(model.config, dtype=torch.float16)
            half.load_state_dict({name: tensor.half() for name, tensor in model.state_dict().items()})
            half.save_pretrained(str(out))
        for name in (SENTENCEPIECE, "target.spm"):
            shutil.copyfile(spm, out / name)
        shutil.copyfile(vocabulary, out / VOCABULARY)
        (out / "tokenizer_config.json").write_text(json.dumps(_TOKENIZER), encoding="utf-8")
    except OSError as error:
        raise UserError(f"{out}: the checkpoint cannot be written ({error.strerror or error}).") from None
    for path in out.iterdir():  # safetensors makes files that only their owner may read
        path.chmod(0o644)
