"""Checkpoints of a run, and the mean of the last ones (Junczys-Dowmunt et al. 2016; Vaswani et al. 2017)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from translate.errors import UserError
from translate.training.state import Tensors, load_tensors, save_tensors

_NAME = re.compile(r"checkpoint-(\d+)\.safetensors")


def checkpoints(folder: Path) -> list[Path]:
    """The checkpoints of a run, oldest first."""
    found = [(int(match[1]), path) for path in folder.iterdir() if (match := _NAME.fullmatch(path.name))]
    return [path for _, path in sorted(found)]


def save_checkpoint(folder: Path, step: int, weights: Mapping[str, Any]) -> Path:
    """Writes the weights at ``step``."""
    path = folder / f"checkpoint-{step}.safetensors"
    save_tensors(path, weights)
    return path


def prune(folder: Path, keep: int) -> None:
    """Deletes all but the last ``keep`` checkpoints."""
    for path in checkpoints(folder)[:-keep]:
        path.unlink(missing_ok=True)


def averaged(paths: Sequence[Path]) -> Tensors:
    """The mean of checkpoints, tensor by tensor, in float32.

    Raises UserError for none, or for checkpoints of different models.
    """
    if not paths:
        raise UserError("there is no checkpoint to average; train first.")
    mean = {name: tensor.float() for name, tensor in load_tensors(paths[0]).items()}
    for path in paths[1:]:
        other = load_tensors(path)
        if {n: t.shape for n, t in other.items()} != {n: t.shape for n, t in mean.items()}:
            raise UserError(f"{path}: it is not of the same model as {paths[0]}; average checkpoints of one run.")
        for name, tensor in other.items():
            mean[name] += tensor.float()
    return {name: tensor / len(paths) for name, tensor in mean.items()}
