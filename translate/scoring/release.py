"""From a finished issue to its record in the history and the gate's verdict on it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from translate.memory.units import digest
from translate.scoring.gate import Verdict, gate
from translate.scoring.history import History, Record, Value

if TYPE_CHECKING:
    from translate.config import Config
    from translate.decoding.translator import Translation
    from translate.results import Issue
    from translate.scoring.scorecard import ScoreCard


def judged(
    issue: Issue, human: str, signature: Mapping[str, str], history: History, config: Config
) -> tuple[Record, Verdict]:
    """The issue's record (without times; ``human`` is the human version's text, if any) and the gate's verdict."""
    record = record_of(issue, human, signature)
    verdict = gate(record, history.records, config.gate)
    return replace(record, reasons=verdict.reasons), verdict


def record_of(issue: Issue, human: str, signature: Mapping[str, str]) -> Record:
    """What the history keeps of an issue."""
    made = [t for t in issue.translations if t.sentences]
    card = issue.scores
    return Record(
        time=datetime.now(UTC).isoformat(timespec="milliseconds"),
        issue=issue_name(issue.draft.source.path),
        draft=digest(issue.draft.source.text),
        human=digest(human) if human else "",
        signature=dict(signature),
        terms=(sum(t.verification.kept for t in made), sum(t.verification.total for t in made)),
        translated=len(made),
        total=len(issue.translations),
        flagged=sum(bool(t.flags) for t in issue.translations),
        words=sum(len(t.segment.text.split()) for t in issue.translations),
        seconds=0.0,
        translating=0.0,
        human_terms=(0, 0) if card is None else card.human,
        matched=0 if card is None else sum(len(pair.draft) for pair in card.matching.pairs),
        scores={} if card is None else scores_of(card),
        segments={} if card is None else segments_of(card, issue.translations),
    )


def issue_name(path: Path | None) -> str:
    """``01`` for ``drafts/01.en.md``."""
    name = "standard-input" if path is None else path.name
    stem = name.rpartition(".")[0] or name
    return stem[:-3] if stem.lower().endswith(".en") else stem


def scores_of(card: ScoreCard) -> dict[str, Value]:
    """Corpus scores of clean text."""
    return {name: Value(m.value, m.signature, m.interval) for name, m in card.clean.corpus.items()}


def segments_of(card: ScoreCard, translations: Sequence[Translation]) -> dict[str, float]:
    """The digest of each matched piece of English, and its chrF2; the same English again is ``DIGEST#2``."""
    english = {t.segment.index: t.segment.text for t in translations}
    seen: Counter[str] = Counter()
    found: dict[str, float] = {}
    for pair, scores in zip(card.matching.pairs, card.clean.segments, strict=True):
        if "chrF2" in scores:
            key = digest(*(english[i] for i in pair.draft))
            seen[key] += 1
            found[key if seen[key] == 1 else f"{key}#{seen[key]}"] = round(scores["chrF2"], 2)
    return found
