"""The same draft without the glossary: what enforcement costs or gives.

A kept term that the human kept too is a match for free, one that the human translated costs. Both numbers stand side by
side, so that nobody takes one for the other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from glossary import Matcher, Termbase, Verification, verify
from translate.config import Config
from translate.decoding.terms import occurrences
from translate.decoding.translator import (
    Hypothesized,
    Progress,
    Settings,
    Translation,
    assemble,
    plan,
    translate_sources,
)
from translate.document.model import Segment
from translate.scoring.score import Scores, score
from translate.scoring.scorecard import ScoreCard, hypotheses_of

if TYPE_CHECKING:
    from translate.decoding.source import Source
    from translate.marian.protocol import Engine

Known = Mapping["Source", Hypothesized]


@dataclass(frozen=True, slots=True)
class Bare:
    """Scores of clean text without the glossary, over the pairs of the enforced card, and terms (kept, all).

    ``hypotheses[k]`` is the text that was scored for pair k.
    """

    scores: Scores
    terms: tuple[int, int]
    hypotheses: tuple[str, ...]

    def line(self) -> str:
        """One line of text."""
        values = ", ".join(f"{name} {metric.value:.1f}" for name, metric in self.scores.corpus.items())
        return f"without the glossary: {values}, terms kept {self.terms[0]} / {self.terms[1]}"

    def as_dict(self) -> dict[str, Any]:
        """Plain data, as the card's."""
        return {
            "markdown_stripped": self.scores.as_dict()["corpus"],
            "terms": {"kept": self.terms[0], "occurrences": self.terms[1]},
        }


def bare_translations(
    translations: Sequence[Translation],
    engine: Engine,
    settings: Settings,
    reference_engine: Callable[[], Engine] | None = None,
    on_progress: Progress | None = None,
) -> list[Translation]:
    """The segments of `translations` translated without a glossary; what it did not touch is not decoded again."""
    known = {s.source: h for t in translations for s, _, h in t.sentences if s.source is not None}
    done, _ = translate_groups(
        [[t.segment for t in translations]],
        engine,
        Matcher(Termbase(())),
        settings,
        known,
        reference_engine,
        on_progress,
    )
    return done[0]


def translate_groups(
    groups: Sequence[Sequence[Segment]],
    engine: Engine,
    matcher: Matcher,
    settings: Settings,
    known: Known,
    reference_engine: Callable[[], Engine] | None = None,
    on_progress: Progress | None = None,
) -> tuple[list[list[Translation]], dict[Source, Hypothesized]]:
    """Each group's translations, and all hypotheses by source; what is known is not decoded again."""
    planned = [plan(segments, matcher, links=settings.links) for segments in groups]
    new = list(dict.fromkeys(s for p in planned for s in p.sources if s not in known))
    decoded = translate_sources(new, engine, settings, reference_engine, on_progress) if new else []
    done = {**known, **dict(zip(new, decoded, strict=True))}
    return [assemble(p, [done[s] for s in p.sources], matcher, settings) for p in planned], done


def judge_bare(card: ScoreCard, bare: Sequence[Translation], matcher: Matcher, config: Config) -> Bare:
    """Scores on the card's own pairs; ``matcher`` has the glossary that nobody enforced."""
    texts = hypotheses_of(card.matching, bare)
    scores = score(texts, card.references, metrics=config.score.metrics, bootstrap=config.score.bootstrap)
    by_index = {t.segment.index: t for t in bare}
    found = [_verified(by_index[i], matcher) for pair in card.matching.pairs for i in pair.draft]
    return Bare(scores, (sum(v.kept for v in found), sum(v.total for v in found)), tuple(texts))


def _verified(t: Translation, matcher: Matcher) -> Verification:
    opaque = t.target.opaque_ranges(t.segment)
    return verify(occurrences(t.segment, matcher), t.target.text.replace("\n", " "), matcher, opaque)
