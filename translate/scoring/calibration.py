"""Ridge regression (Hoerl & Kennard 1970), its cross-validation by group, and correlations; numpy only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

RIDGE = 1.0
"""The penalty on weights of standardised features: small beside hundreds of segments, enough where features agree."""


@dataclass(frozen=True, slots=True)
class Linear:
    """``intercept + sum(weight * (feature - mean) / scale)``; a feature that never varied has no weight."""

    intercept: float
    features: Mapping[str, tuple[float, float, float]]
    """Mean, scale and weight of each."""

    def predict(self, values: Mapping[str, float]) -> float:
        """The estimate for features by name; raises KeyError where one is missing."""
        return self.intercept + sum(w * (values[name] - m) / s for name, (m, s, w) in self.features.items())


def fit(rows: Sequence[Mapping[str, float]], targets: Sequence[float], ridge: float = RIDGE) -> Linear:
    """The ridge estimate; ``rows`` all have the same features. Raises ValueError without rows."""
    import numpy as np

    if not rows or len(rows) != len(targets):
        raise ValueError(f"{len(rows)} rows cannot be fitted to {len(targets)} targets")
    names = list(rows[0])
    table = np.array([[row[name] for name in names] for row in rows], np.float64)
    wanted = np.asarray(targets, np.float64)
    mean, spread = table.mean(axis=0), table.std(axis=0)
    varied = spread > 1e-9 * (1 + np.abs(mean))
    scale = np.where(varied, spread, 1.0)
    standard = (table - mean) / scale * varied
    weights = np.linalg.solve(
        standard.T @ standard + ridge * np.eye(len(names)), standard.T @ (wanted - wanted.mean())
    )  # fmt: skip
    columns = zip(names, mean.tolist(), scale.tolist(), weights.tolist(), strict=True)
    return Linear(float(wanted.mean()), {name: (m, s, w) for name, m, s, w in columns})


def cross_validated(
    rows: Sequence[Mapping[str, float]], targets: Sequence[float], groups: Sequence[str], ridge: float = RIDGE
) -> list[float]:
    """For each row what a model says that was fitted without the row's group. Raises ValueError for a single group."""
    if len(set(groups)) < 2:
        raise ValueError("cross-validation needs two groups or more")
    models = {}
    for group in dict.fromkeys(groups):
        kept = [k for k, other in enumerate(groups) if other != group]
        models[group] = fit([rows[k] for k in kept], [targets[k] for k in kept], ridge)
    return [models[group].predict(row) for row, group in zip(rows, groups, strict=True)]


def pearson(x: Sequence[float], y: Sequence[float]) -> float:
    """Pearson's r; 0 where a side does not vary."""
    import numpy as np

    a, b = np.asarray(x, np.float64), np.asarray(y, np.float64)
    a, b = a - a.mean(), b - b.mean()
    norm = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / norm if norm > 0 else 0.0


def spearman(x: Sequence[float], y: Sequence[float]) -> float:
    """Spearman's rho: Pearson's r of the ranks, ties sharing theirs."""
    return pearson(_ranks(x).tolist(), _ranks(y).tolist())


def _ranks(values: Sequence[float]) -> NDArray[np.float64]:
    import numpy as np

    _, places, counts = np.unique(np.asarray(values, np.float64), return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks: NDArray[np.float64] = (last - (counts - 1) / 2)[places].astype(np.float64)
    return ranks
