"""What makes a cached result still right, and the form in which hypotheses are kept: JSON, never pickle."""

from __future__ import annotations

import base64
import functools
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import glossary
import translate
from translate.config import Config, settings
from translate.decoding.alignment import Alignment
from translate.decoding.enforce import Rendering
from translate.decoding.translator import Hypothesized

_DECISIVE = ("decoding.", "degenerate.", "model.engine")
"""Settings that change what the model answers. The layout of the file, for one, does not."""


def chunk_key(payload: str, engine: Mapping[str, str], config: Config) -> str:
    """The SHA-256 (hex) of everything that a chunk's hypotheses depend on.

    That is its sentences with what of the glossary decides them (``payload``, see `flows.chunks`), the checkpoint and
    engine (``engine``: an engine's signature), the decoding settings, and the program itself: hashing only a task's own
    lines would give stale hits after a change elsewhere.
    """
    parts = {
        "payload": payload,
        "engine": dict(engine),
        "settings": {k: v for k, v in settings(config).items() if k.startswith(_DECISIVE)},
        "program": program_hash(),
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


@functools.cache
def program_hash() -> str:
    """The SHA-256 (hex) of the Python source of ``glossary`` and ``translate``, and of this file."""
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for package in (glossary, translate):
        folder = Path(str(package.__file__)).parent
        for path in sorted(folder.rglob("*.py")):
            digest.update(f"{path.relative_to(folder)}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()


def encode(hypotheses: Iterable[Hypothesized]) -> list[dict[str, Any]]:
    """Hypotheses in JSON's types."""
    return [
        {
            "text": h.rendering.text,
            "places": h.rendering.places,
            "rungs": h.rendering.rungs,
            "alignment": {
                "source": h.rendering.alignment.source,
                "target": h.rendering.alignment.target,
                "weights": _packed(h.rendering.alignment.weights),
            },
            "score": h.rendering.score,
            "pieces": h.rendering.pieces,
            "defects": h.defects,
            "attempts": h.attempts,
            "engine": h.engine,
        }
        for h in hypotheses
    ]


def decode(rows: Sequence[Mapping[str, Any]]) -> list[Hypothesized]:
    """The hypotheses that :func:`encode` wrote."""
    return [_hypothesized(row) for row in rows]


def _hypothesized(row: Mapping[str, Any]) -> Hypothesized:
    links = row["alignment"]
    shape = len(links["target"]), len(links["source"])
    alignment = Alignment(
        tuple(map(_range, links["source"])), tuple(map(_range, links["target"])), _unpacked(links["weights"], shape)
    )
    rendering = Rendering(
        text=row["text"],
        places=tuple(None if place is None else _range(place) for place in row["places"]),
        rungs=tuple(row["rungs"]),
        alignment=alignment,
        score=row["score"],
        pieces=row["pieces"],
    )
    return Hypothesized(rendering, tuple(row["defects"]), row["attempts"], row["engine"])


def _packed(weights: NDArray[np.float32]) -> str:
    """float32, little-endian, in base64: a quarter of what the decimals take, and exact."""
    return base64.b64encode(np.ascontiguousarray(weights, dtype="<f4").tobytes()).decode("ascii")


def _unpacked(text: str, shape: tuple[int, int]) -> NDArray[np.float32]:
    return np.frombuffer(base64.b64decode(text), dtype="<f4").astype(np.float32).reshape(shape)


def _range(pair: Sequence[int]) -> tuple[int, int]:
    return pair[0], pair[1]
