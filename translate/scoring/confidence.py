"""How good a translation probably is, judged without a reference: an estimate of its chrF2 from what the model left.

The weights are in ``confidence.json`` with their provenance; ``python -m benchmarks.confidence`` fits them on human
versions and says how far they can be trusted. Two sets: of all features, and of those that cost nothing, for runs
without alignment or without a second pass of the model (`translate.scoring.rescoring`).
"""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from translate.scoring.calibration import Linear

if TYPE_CHECKING:
    from translate.decoding.translator import Hypothesized, Translation

FORMAT = 1
ATTENTION = ("attention entropy", "coverage")
"""Features that need the alignment."""
TOKENS = ("least piece", "low pieces", "spread of pieces")
"""Features that need the log-probability of each piece."""
DEAR = (*ATTENTION, *TOKENS)
_LOW = 0.1
_BACKED_OFF = ("replaced", "inserted", "lost")
_COVERED = 0.3
_PORTUGUESE = 1.1
"""Characters of Portuguese for each of English."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """The two models and where they come from."""

    complete: Linear
    cheap: Linear
    provenance: Mapping[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """The file's content."""
        return {
            "format": FORMAT,
            "provenance": dict(self.provenance),
            "complete": _linear_dict(self.complete),
            "cheap": _linear_dict(self.cheap),
        }


def confidence(
    translation: Translation, tokens: Sequence[float] = (), calibration: Calibration | None = None
) -> float | None:
    """The estimated chrF2 of a translation, as a share (0 to 1); None where the model translated nothing.

    ``tokens``: its log-probabilities by `translate.scoring.rescoring`, if they are known.
    """
    values = features([translation], tokens)
    if values is None:
        return None
    known = calibration or shipped()
    complete = all(name in values for name in DEAR)
    estimate = (known.complete if complete else known.cheap).predict(values)
    return min(1.0, max(0.0, estimate / 100))


def features(translations: Sequence[Translation], tokens: Sequence[float] = ()) -> dict[str, float] | None:
    """What is known of segments that are judged together; None if nothing was decoded.

    Log-probabilities are natural, per piece; entropy is of the attention over the source pieces, as a share of its
    greatest value, averaged over target pieces; coverage is the share of source pieces that some target piece attends
    to. Both are left out where any sentence has no alignment, and the features of ``tokens`` where there are none: the
    least of them, their lowest tenth, their standard deviation.
    """
    sentences = [h for t in translations for _, _, h in t.sentences]
    pieces = sum(h.rendering.pieces for h in sentences)
    if not pieces:
        return None
    rungs = [rung for h in sentences for rung in h.rendering.rungs]
    english = sum(len(t.segment.text) for t in translations)
    portuguese = sum(len(t.target.text) for t in translations)
    words = sum(len(t.segment.text.split()) for t in translations)
    values = {
        "log-probability": sum(h.rendering.score * h.rendering.pieces for h in sentences) / pieces,
        "worst sentence": min(h.rendering.score for h in sentences if h.rendering.pieces),
        "length": math.log(pieces),
        "length ratio": abs(math.log((portuguese + 1) / (_PORTUGUESE * english + 1))),
        "terms": sum(t.verification.total for t in translations) / max(1, words),
        "forced terms": sum(rung == "forced" for rung in rungs) / len(sentences),
        "backed-off terms": sum(rung in _BACKED_OFF for rung in rungs) / len(sentences),
        "degenerate": sum(bool(h.defects) for h in sentences) / len(sentences),
        "retried": sum(h.attempts > 1 for h in sentences) / len(sentences),
    }
    attended = [_attention(h) for h in sentences if h.rendering.pieces]
    known = [(entropy, coverage, n) for entropy, coverage, n in attended if n]
    if len(known) == len(attended):
        total = sum(n for _, _, n in known)
        means = (sum(row[k] * row[2] for row in known) / total for k in range(2))
        values |= dict(zip(ATTENTION, means, strict=True))
    if tokens:
        values |= _spread(tokens)
    return values


def _spread(tokens: Sequence[float]) -> dict[str, float]:
    import numpy as np

    scores = np.asarray(tokens, np.float64)
    found = float(scores.min()), float(np.quantile(scores, _LOW)), float(scores.std())
    return dict(zip(TOKENS, found, strict=True))


def _attention(hypothesis: Hypothesized) -> tuple[float, float, int]:
    """Entropy, coverage, and the target pieces that they were read from (0: there is no alignment)."""
    import numpy as np

    weights = np.asarray(hypothesis.rendering.alignment.weights, np.float64)
    if weights.size == 0:
        return 0.0, 0.0, 0
    totals = weights.sum(axis=1, keepdims=True)
    rows = weights[totals[:, 0] > 0.05] / totals[totals[:, 0] > 0.05]
    if not len(rows):
        return 1.0, 0.0, weights.shape[0]
    entropy = -(rows * np.log(np.maximum(rows, 1e-9))).sum(axis=1) / math.log(max(2, weights.shape[1]))
    return float(entropy.mean()), float((weights.max(axis=0) > _COVERED).mean()), weights.shape[0]


def shipped_path() -> Path:
    """Where the shipped weights are."""
    return Path(__file__).with_name("confidence.json")


@functools.cache
def shipped() -> Calibration:
    """The weights that the product ships."""
    return read(shipped_path())


def read(path: Path) -> Calibration:
    """Raises ValueError for a file of another format."""
    row = json.loads(path.read_text(encoding="utf-8"))
    if row["format"] != FORMAT:
        raise ValueError(f"{path}: format {row['format']}, not {FORMAT}")
    return Calibration(_linear(row["complete"]), _linear(row["cheap"]), row["provenance"])


def _linear(row: Mapping[str, Any]) -> Linear:
    return Linear(
        float(row["intercept"]),
        {name: (float(f["mean"]), float(f["scale"]), float(f["weight"])) for name, f in row["features"].items()},
    )


def _linear_dict(model: Linear) -> dict[str, Any]:
    rounded = {
        name: dict(zip(("mean", "scale", "weight"), (round(v, 6) for v in values), strict=True))
        for name, values in model.features.items()
    }
    return {"intercept": round(model.intercept, 6), "features": rounded}
