"""The gate: whether an issue is good enough to be published. A record, the history and bounds in, reasons out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from translate.config import GateConfig
    from translate.scoring.history import Record

LEAST_SEGMENTS = 5
"""With fewer segments in common nothing can be significant."""
RESAMPLES = 2000
SEED = 12345


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why an issue must not be published; no reason means that it may."""

    reasons: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        return not self.reasons


PASSED = Verdict()


def gate(candidate: Record, history: Sequence[Record], config: GateConfig) -> Verdict:
    """Judges what the model did in this run, and the scores against those of the issue's last published version.

    A drop counts where it exceeds ``maximum_drop`` chrF2 points, averaged over the segments that both versions have,
    and a paired bootstrap over them (Koehn 2004) finds it significant. Versions with another human version or another
    way of counting are no measure.
    """
    reasons = []
    kept, total = candidate.terms
    if total and kept / total < config.minimum_term_accuracy:
        least = f"{config.minimum_term_accuracy:.1%}"
        reasons.append(f"terms kept {kept} / {total} ({kept / total:.1%}); the gate asks for {least}")
    before = last_published(candidate, history)
    if before is not None and config.maximum_drop is not None:
        reason = _drop(candidate, before, config.maximum_drop, config.significance)
        reasons += [reason] if reason else []
    return Verdict(tuple(reasons))


def last_published(candidate: Record, history: Sequence[Record]) -> Record | None:
    """The last record, in the history's order, that the candidate can be compared with."""
    fit = [
        r
        for r in history
        if r.published
        and (r.issue, r.human) == (candidate.issue, candidate.human)
        and r.segments
        and _counting(r) == _counting(candidate)
    ]
    return fit[-1] if fit else None


def _counting(record: Record) -> str:
    """How chrF2 is counted, apart from the resampling."""
    value = record.scores.get("chrF2")
    parts = [] if value is None else value.signature.split("|")
    return "|".join(part for part in parts if not part.startswith(("bs:", "seed:")))


def _drop(candidate: Record, before: Record, most: float, significance: float) -> str | None:
    common = sorted(candidate.segments.keys() & before.segments.keys())
    if len(common) < LEAST_SEGMENTS:
        return None
    pairs = [(before.segments[key], candidate.segments[key]) for key in common]
    old, new = (sum(column) / len(pairs) for column in zip(*pairs, strict=True))
    if old - new <= most:
        return None
    p = p_value([after - earlier for earlier, after in pairs])
    if p >= significance:
        return None
    return (
        f"chrF2 fell from {old:.1f} to {new:.1f} on the {len(common)} segments that the version of {before.time[:10]} "
        f"has too (p = {p:.3f})"
    )


def p_value(differences: Sequence[float]) -> float:
    """One-sided paired bootstrap: how often resampled segments show no drop."""
    import numpy as np

    values = np.asarray(differences, dtype=np.float64)
    picks = np.random.default_rng(SEED).integers(0, len(values), size=(RESAMPLES, len(values)))
    return float((np.count_nonzero(values[picks].mean(axis=1) >= 0) + 1) / (RESAMPLES + 1))
