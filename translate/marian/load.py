"""Engines by name."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Literal, get_args

from translate.errors import UserError
from translate.marian.checkpoint import Checkpoint
from translate.marian.protocol import Engine

EngineName = Literal["ctranslate2", "transformers"]


def load_engine(
    name: EngineName, checkpoint: Checkpoint, *, compute_type: str = "int8", threads: int | None = None
) -> Engine:
    """The engine of that name, ready to translate (``compute_type`` is CTranslate2's; transformers is float32).

    Raises UserError for an unknown name, an engine whose packages are not installed (deploy/requirements.lock goes
    without PyTorch), or a checkpoint that the engine cannot run.
    """
    if name == "ctranslate2":
        from translate.marian.ctranslate2_engine import CTranslate2Engine

        return CTranslate2Engine(checkpoint, compute_type=compute_type, threads=threads)
    if name == "transformers":
        if not all(find_spec(package) for package in ("torch", "transformers")):
            raise UserError(
                "The engine transformers needs PyTorch and transformers, which are not installed here: install "
                "requirements.lock, or set `model.engine: ctranslate2` and `degenerate.retry_reference: false`."
            )
        from translate.marian.transformers_engine import TransformersEngine

        return TransformersEngine(checkpoint, threads=threads)
    raise UserError(f"Unknown engine {name}: choose one of {', '.join(get_args(EngineName))}.")
