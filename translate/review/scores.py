"""Scores of hypotheses against what humans made of them. A pair of texts is scored once."""

from __future__ import annotations

from collections.abc import Sequence

from translate.review.model import SegmentScores

PERFECT = SegmentScores(100.0, 100.0, 0.0)
Pair = tuple[str, str]


class Scorer:
    """Segment scores by (hypothesis, reference), remembered: a save changes one of thousands."""

    def __init__(self) -> None:
        self._known: dict[Pair, SegmentScores] = {}

    def score(self, pairs: Sequence[Pair]) -> list[SegmentScores | None]:
        """One for each pair; None for a blank reference. Identical texts are perfect without being compared."""
        wanted = [pair for pair in dict.fromkeys(map(_flat, pairs)) if pair not in self._known and pair[1]]
        different = [(h, r) for h, r in wanted if h != r]
        self._known |= {pair: PERFECT for pair in wanted if pair[0] == pair[1]}
        if different:
            from translate.scoring.score import score

            done = score([h for h, _ in different], [r for _, r in different])
            for pair, values in zip(different, done.segments, strict=True):
                self._known[pair] = SegmentScores(values["BLEU"], values["chrF2"], values["TER"])
        return [self._known.get(_flat(pair)) for pair in pairs]


def corpus(pairs: Sequence[Pair]) -> tuple[SegmentScores, str] | None:
    """Corpus scores and their signatures; None where there is nothing to score."""
    flat = [pair for pair in map(_flat, pairs) if pair[1]]
    if not flat:
        return None
    from translate.scoring.score import score

    done = score([h for h, _ in flat], [r for _, r in flat]).corpus
    signature = "; ".join(f"{name} {metric.signature}" for name, metric in done.items())
    return SegmentScores(done["BLEU"].value, done["chrF2"].value, done["TER"].value), signature


def _flat(pair: Pair) -> Pair:
    return " ".join(pair[0].split()), " ".join(pair[1].split())
