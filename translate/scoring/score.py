"""BLEU, chrF and TER by sacreBLEU (Post 2018), for a corpus and for each of its segments.

sacreBLEU truncates lists of different lengths without a word; everything here checks them first.
Each number comes with its signature, which says how it came about.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

if TYPE_CHECKING:
    from sacrebleu.metrics.base import Metric
    from sacrebleu.significance import Result

MetricName = Literal["BLEU", "chrF2", "chrF++", "TER"]
TextKind = Literal["clean text", "raw Markdown"]

DEFAULT_METRICS: tuple[MetricName, ...] = ("BLEU", "chrF2", "TER")
SEED = 12345
_SACREBLEUS = {"chrF++": "chrF2++"}
"""Names that sacreBLEU's paired tests use where ours differ."""


@dataclass(frozen=True, slots=True)
class MetricScore:
    """A corpus score, 0 to 100 (TER may exceed 100; lower is better), and its signature.

    ``interval`` holds the bounds of the 95 % bootstrap confidence interval (Koehn 2004), when asked for.
    """

    value: float
    signature: str
    interval: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Scores:
    """Scores of a corpus and of each segment, in the order given.

    ``text`` says what was compared. Segment BLEU uses the effective order (a short segment has no 4-grams).
    """

    text: TextKind
    corpus: Mapping[str, MetricScore]
    segments: tuple[Mapping[str, float], ...]

    def as_dict(self) -> dict[str, Any]:
        """Plain dicts, lists, strings and numbers: ready for JSON."""
        return {
            "text": self.text,
            "corpus": {name: asdict(score) for name, score in self.corpus.items()},
            "segments": [dict(segment) for segment in self.segments],
        }


def score(
    hypotheses: Sequence[str],
    references: Sequence[str],
    *,
    text: TextKind = "clean text",
    metrics: Sequence[MetricName] = DEFAULT_METRICS,
    bootstrap: int = 0,
    seed: int = SEED,
) -> Scores:
    """Score `hypotheses` against `references`, item by item; runs of white space count as one blank.

    `bootstrap` > 1 adds confidence intervals from that many resamples. Raises ValueError when the
    lists are empty or differ in length, or when a reference is blank.
    """
    hyps, refs = _checked(hypotheses, references)
    corpus: dict[str, MetricScore] = {}
    columns: dict[str, list[float]] = {}
    for name in metrics:
        if name == "TER":
            corpus[name], columns[name] = _ter(hyps, refs, bootstrap, seed)
        else:
            corpus[name], columns[name] = _ngram_metric(name, hyps, refs, bootstrap, seed)
    segments = tuple({str(name): columns[name][i] for name in metrics} for i in range(len(hyps)))
    return Scores(text, corpus, segments)


def _checked(hypotheses: Sequence[str], references: Sequence[str]) -> tuple[list[str], list[str]]:
    if isinstance(hypotheses, str) or isinstance(references, str):
        raise ValueError("hypotheses and references are lists of texts, one for each segment")
    if len(hypotheses) != len(references):
        raise ValueError(f"{len(hypotheses)} hypotheses cannot be scored against {len(references)} references")
    if not hypotheses:
        raise ValueError("there is nothing to score: no segment has a reference")
    hyps, refs = ([" ".join(text.split()) for text in texts] for texts in (hypotheses, references))
    blank = [i for i, reference in enumerate(refs) if not reference]
    if blank:
        raise ValueError(f"the reference of segment {blank[0]} is blank ({len(blank)} in all)")
    return hyps, refs


def _metric(name: MetricName, *, segment: bool = False) -> Metric:
    from sacrebleu.metrics.bleu import BLEU
    from sacrebleu.metrics.chrf import CHRF

    if name == "BLEU":
        return BLEU(effective_order=segment)
    if name in {"chrF2", "chrF++"}:
        return CHRF(word_order=2 if name == "chrF++" else 0)
    if name == "TER":
        from translate.scoring.ter import ExactTER

        return ExactTER()
    raise ValueError(f"unknown metric {name!r}: choose from BLEU, chrF2, chrF++, TER")


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """sacreBLEU takes its seed from the environment only."""
    before = os.environ.get("SACREBLEU_SEED")
    os.environ["SACREBLEU_SEED"] = str(seed)
    try:
        yield
    finally:
        if before is None:
            del os.environ["SACREBLEU_SEED"]
        else:
            os.environ["SACREBLEU_SEED"] = before


def _ngram_metric(
    name: MetricName, hyps: list[str], refs: list[str], bootstrap: int, seed: int
) -> tuple[MetricScore, list[float]]:
    metric = _metric(name)
    _plain_floats(metric)
    with _seeded(seed):
        result = metric.corpus_score(hyps, [refs], n_bootstrap=max(1, bootstrap))
    interval = (result._mean - result._ci, result._mean + result._ci) if bootstrap > 1 else None
    sentence = _metric(name, segment=True)
    segments = [float(sentence.sentence_score(h, [r]).score) for h, r in zip(hyps, refs, strict=True)]
    return MetricScore(float(result.score), str(metric.get_signature()), _floats(interval)), segments


def _plain_floats(metric: Metric) -> None:
    """Scores as Python's floats.

    A resample without any match scores 0.0, another one a NumPy float32, and sacreBLEU's mean of both fails: a corpus
    of a few sentences would have no interval.
    """
    compute = metric._compute_score_from_stats

    def computed(stats: list[int]) -> Any:
        found = compute(stats)
        found.score = float(found.score)
        return found

    metric._compute_score_from_stats = computed  # type: ignore[method-assign]


def _floats(interval: tuple[float, float] | None) -> tuple[float, float] | None:
    return (float(interval[0]), float(interval[1])) if interval else None


def _ter(hyps: list[str], refs: list[str], bootstrap: int, seed: int) -> tuple[MetricScore, list[float]]:
    """TER from one pass over the segments.

    Equal to sacreBLEU's `corpus_score`, which would count the edits of every segment again.
    """
    metric = _metric("TER")
    results: list[Any] = [metric.sentence_score(h, [r]) for h, r in zip(hyps, refs, strict=True)]
    edits, lengths = [r.num_edits for r in results], [r.ref_length for r in results]
    interval = _ter_interval(edits, lengths, bootstrap, seed) if bootstrap > 1 else None
    signature = metric.get_signature()
    if interval:
        signature.update("bs", bootstrap)
        signature.update("seed", str(seed))
    return MetricScore(_ratio(sum(edits), sum(lengths)), str(signature), interval), [float(r.score) for r in results]


def _ratio(edits: float, length: float) -> float:
    return 100.0 * float(edits) / float(length) if length else 100.0 * (edits > 0)


def _ter_interval(edits: list[float], lengths: list[float], bootstrap: int, seed: int) -> tuple[float, float]:
    import numpy as np
    from sacrebleu.significance import estimate_ci

    picks = np.random.default_rng(seed).choice(len(edits), size=(bootstrap, len(edits)), replace=True)
    sums = np.asarray(edits, dtype=np.float64)[picks].sum(1), np.asarray(lengths, dtype=np.float64)[picks].sum(1)
    mean, half = estimate_ci(100.0 * sums[0] / sums[1])
    return float(mean - half), float(mean + half)


@dataclass(frozen=True, slots=True)
class PairedScore:
    """One metric of two systems on the same references, and the p-value of their difference."""

    baseline: float
    system: float
    p_value: float
    signature: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two systems, metric by metric, and segment by segment in chrF2 (``system - baseline``)."""

    metrics: Mapping[str, PairedScore]
    wins: int
    losses: int
    ties: int
    differences: tuple[float, ...]

    def most_different(self, n: int = 20) -> list[int]:
        """The `n` segments whose chrF2 differs most, largest difference first."""
        return sorted(range(len(self.differences)), key=lambda i: -abs(self.differences[i]))[:n]

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def compare(
    baseline: Sequence[str],
    system: Sequence[str],
    references: Sequence[str],
    *,
    metrics: Sequence[MetricName] = ("BLEU", "chrF2"),
    test: Literal["bootstrap", "randomization"] = "bootstrap",
    samples: int = 1000,
    seed: int = SEED,
) -> Comparison:
    """Is `system` different from `baseline`? Paired bootstrap (Koehn 2004) or approximate randomization.

    Raises ValueError as `score` does.
    """
    from sacrebleu.significance import PairedTest

    base, refs = _checked(baseline, references)
    other, _ = _checked(system, references)
    with _seeded(seed):
        signatures, results = PairedTest(
            [("baseline", base), ("system", other)],
            {name: _metric(name) for name in metrics},
            [refs],
            test_type="bs" if test == "bootstrap" else "ar",
            n_samples=samples,
        )()
    paired: dict[str, PairedScore] = {}
    for name in metrics:
        first, second = cast("list[Result]", results[_SACREBLEUS.get(name, name)])
        p_value = second.p_value if second.p_value is not None else 1.0
        # Identical output is no difference; the test counts only differences above the observed one.
        paired[name] = PairedScore(
            float(first.score),
            float(second.score),
            1.0 if base == other else float(p_value),
            str(signatures[_SACREBLEUS.get(name, name)]),
        )
    chrf = _metric("chrF2")
    differences = tuple(
        float(chrf.sentence_score(s, [r]).score - chrf.sentence_score(b, [r]).score)
        for b, s, r in zip(base, other, refs, strict=True)
    )
    wins, losses = sum(d > 0 for d in differences), sum(d < 0 for d in differences)
    return Comparison(paired, wins, losses, len(differences) - wins - losses, differences)
