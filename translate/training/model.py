"""A MarianMT model to train: a new one of a given shape, or an existing checkpoint in float32."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from translate.errors import UserError

if TYPE_CHECKING:
    from translate.training.recipe import ModelRecipe

Model = Any  # transformers.MarianMTModel: the library is imported only when a model is made

MAX_POSITIONS = 512


def new_model(shape: ModelRecipe, *, vocabulary: int, end: int, seed: int, device: str = "cpu") -> Model:
    """A MarianMT model with random weights: ``vocabulary`` pieces, of which ``<pad>`` is the last.

    One matrix embeds source and target and is the output layer. Linear layers: Xavier uniform; embeddings: normal
    with deviation d^-0.5 (Vaswani et al. 2017), since they are scaled by d^0.5.
    """
    import torch
    from transformers import MarianConfig, MarianMTModel

    pad = vocabulary - 1
    make: Any = MarianConfig
    config = make(
        vocab_size=vocabulary,
        decoder_vocab_size=vocabulary,
        d_model=shape.d_model,
        encoder_layers=shape.encoder_layers,
        decoder_layers=shape.decoder_layers,
        encoder_attention_heads=shape.heads,
        decoder_attention_heads=shape.heads,
        encoder_ffn_dim=shape.ffn,
        decoder_ffn_dim=shape.ffn,
        max_position_embeddings=MAX_POSITIONS,
        pad_token_id=pad,
        eos_token_id=end,
        bos_token_id=end,
        forced_eos_token_id=end,
        decoder_start_token_id=pad,
        scale_embedding=True,
        static_position_embeddings=True,
        dropout=shape.dropout,
        attention_dropout=0.0,
        activation_dropout=0.0,
        activation_function="swish",
        share_encoder_decoder_embeddings=True,
        tie_word_embeddings=True,
        use_cache=True,
    )
    torch.manual_seed(seed)
    build: Any = MarianMTModel._from_config
    model = build(config, attn_implementation=_attention(device))
    for name, parameter in model.named_parameters():
        if parameter.dim() == 2 and "embed" not in name and "shared" not in name:
            torch.nn.init.xavier_uniform_(parameter)
    torch.nn.init.normal_(model.model.shared.weight, std=shape.d_model**-0.5)
    return _ready(model, device)


def load_model(directory: Path, *, dropout: float, device: str = "cpu", zero_pad: bool = True) -> Model:
    """The checkpoint in ``directory``, in float32 whatever it is stored in, to be trained with ``dropout``.

    Raises UserError as `translate.marian.checkpoint.load_directory` does, and for a checkpoint with two vocabularies.
    """
    from translate.marian.checkpoint import load_directory

    checkpoint = load_directory(directory)
    if not checkpoint.shape.shared_vocabulary:
        raise UserError(f"{directory} has a vocabulary for each language; only checkpoints with one can be trained.")
    import torch
    from transformers import MarianMTModel

    with quiet_loading():
        load: Any = MarianMTModel.from_pretrained
        model: Any = load(
            str(checkpoint.directory),
            # A checkpoint stored in float16 would otherwise be trained in float16, and its small updates lost.
            dtype=torch.float32,
            attn_implementation=_attention(device),
            use_safetensors=True,
            local_files_only=True,
            dropout=dropout,
        )
    return _ready(model, device, zero_pad=zero_pad)


def device_of(name: str) -> str:
    """``cuda`` or ``cpu`` for ``auto``; the name itself otherwise. Raises UserError for a GPU that is not there."""
    import torch

    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda" and not torch.cuda.is_available():
        raise UserError("device is cuda, but PyTorch sees no GPU: set device to cpu or auto.")
    return name


def parameters(model: Model) -> dict[str, Any]:
    """The trained tensors by name; tied ones once."""
    return {name: p for name, p in model.named_parameters() if p.requires_grad}


def pad_row(model: Model) -> Any:
    """The embedding of ``<pad>``, which must be zero: decoding starts from it, and CTranslate2 starts from zeros."""
    return model.model.shared.weight[model.config.pad_token_id]


@contextmanager
def quiet_loading() -> Iterator[None]:
    """Without transformers' progress bars."""
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    yield


def _ready(model: Model, device: str, *, zero_pad: bool = True) -> Model:
    import torch

    if zero_pad:
        with torch.no_grad():
            pad_row(model).zero_()
    model.to(device)
    model.train()
    return model


def _attention(device: str) -> str:
    """On a CPU the fused kernel's backward pass is several times slower than plain matrix products."""
    return "eager" if device == "cpu" else "sdpa"
