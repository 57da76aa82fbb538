"""The state of a training run on the disk: one safetensors file, with its numbers as JSON in the header.

Weights, averaged weights, optimiser and position change together: one file, renamed into place, holds all or nothing.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from translate.errors import UserError

STATE = "state.safetensors"
_KEY = "training"

Tensors = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is. ``position``: batches of ``epoch`` that are done; ``seconds``: time spent training.

    ``best`` is the best validation score so far (of ``best_step``), ``bad`` the validations since; ``finished`` says
    why the run is over (empty: it is not).
    """

    step: int = 0
    epoch: int = 0
    position: int = 0
    tokens: int = 0
    seconds: float = 0.0
    best: float | None = None
    best_step: int = 0
    bad: int = 0
    finished: str = ""


def save_tensors(path: Path, tensors: Mapping[str, Any], metadata: Mapping[str, str] | None = None) -> None:
    """Writes tensors as safetensors; ``path`` holds the old content or all of the new, also after a power cut.

    Raises UserError where the disk is full or cannot be written.
    """
    from safetensors.torch import save_file

    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        ready = {name: t.detach().contiguous().cpu() for name, t in tensors.items()}
        save_file(ready, temporary, metadata={"format": "pt", **(metadata or {})})
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise UserError(
            f"{path}: cannot be written ({error.strerror or error}); free space or choose a place."
        ) from None
    finally:
        temporary.unlink(missing_ok=True)


def load_tensors(path: Path) -> Tensors:
    """The tensors of a safetensors file, on the CPU. Raises UserError for one that is broken."""
    return _read(path)[0]


def save_state(
    folder: Path, model: Any, optimiser: Any, average: Mapping[str, Any] | None, progress: Progress, digest: str
) -> None:
    """Saves everything that a run needs to go on exactly as if it had never stopped."""
    tensors: Tensors = {}
    for name, parameter in _trained(model):
        tensors[f"weights.{name}"] = parameter
        for key, value in optimiser.state.get(parameter, {}).items():
            tensors[f"optimiser.{key}.{name}"] = value
    for name, value in (average or {}).items():
        tensors[f"average.{name}"] = value
    header = json.dumps({"format": 1, "recipe": digest, "progress": asdict(progress)})
    save_tensors(folder / STATE, tensors, {_KEY: header})


def load_state(folder: Path, model: Any, optimiser: Any, average: Tensors | None, digest: str) -> Progress | None:
    """Puts a saved state back in place and gives its progress; None where the folder holds none.

    ``digest`` names the recipe and the data: raises UserError for the state of another run.
    """
    import torch

    path = folder / STATE
    if not path.is_file():
        return None
    tensors, header = _read(path)
    try:
        saved = json.loads(header[_KEY])
        known = {f.name for f in fields(Progress)}
        progress = Progress(**{k: v for k, v in saved["progress"].items() if k in known})
        other = saved["recipe"] != digest
    except (KeyError, ValueError, TypeError):
        raise UserError(f"{path}: this is no training state; choose another folder.") from None
    if other:
        raise UserError(f"{path}: the state of a run with another recipe or other data; choose another folder.")
    with torch.no_grad():
        for name, parameter in _trained(model):
            parameter.copy_(tensors[f"weights.{name}"])
            moments = {
                key: tensors[f"optimiser.{key}.{name}"].to(parameter.device)
                for key in ("step", "exp_avg", "exp_avg_sq")
                if f"optimiser.{key}.{name}" in tensors
            }
            if moments:
                optimiser.state[parameter] = moments
            if average is not None:
                average[name].copy_(tensors[f"average.{name}"])
    return progress


def _trained(model: Any) -> list[tuple[str, Any]]:
    return [(name, p) for name, p in model.named_parameters() if p.requires_grad]


def _read(path: Path) -> tuple[Tensors, dict[str, str]]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise UserError(f"{path}: cannot be read ({error}); delete it to begin again.") from None
