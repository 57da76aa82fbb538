"""A folder of drafts with human versions, translated afresh and scored: with the glossary enforced, and without.

Enforcement changes scores in both directions: a kept term that the human kept too is a match for free, one that the
human translated costs. Both numbers stand side by side, so that nobody takes one for the other.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glossary import Matcher, Termbase
from translate.config import Config
from translate.decoding.translator import Hypothesized, Translation
from translate.document.bilingual import write_bilingual
from translate.errors import UserError
from translate.glossary_file import load_glossary
from translate.pipeline import load, prepare, reference_engine, settings_of, signature_of
from translate.results import Draft, Silent, Watcher
from translate.scoring.fidelity import Fidelity, fidelity, page_of
from translate.scoring.score import Comparison, MetricScore, Scores, compare, score
from translate.scoring.scorecard import hypotheses_of, score_card
from translate.scoring.without_glossary import judge_bare, translate_groups
from translate.text_file import SourceText, read_text, repair_mojibake

if TYPE_CHECKING:
    from translate.decoding.source import Source
    from translate.marian.protocol import Engine

Counts = tuple[int, int]
_DRAFT = re.compile(r"(.+)\.en\.(?:md|markdown)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Version:
    """Of one issue, or of all: scores of clean text, terms kept of occurrences, markup kept of the draft's."""

    scores: Mapping[str, MetricScore]
    terms: Counts
    markup: Counts


@dataclass(frozen=True, slots=True)
class Row:
    """One issue, or all of them: with the glossary enforced, without it, and what the human did.

    ``matched`` of ``segments`` have a counterpart in the human version; scores and terms are over these. ``words`` are
    the English words of all segments.
    """

    issue: str
    words: int
    segments: int
    matched: int
    enforced: Version
    bare: Version
    human_terms: Counts
    human_markup: Counts


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Each issue, all together, and what the numbers depend on.

    ``comparison`` tells whether enforcement makes a significant difference over all issues (baseline: without it).
    ``seconds`` is what translating with the glossary took; ``without_human`` are drafts that could not be scored.
    """

    rows: tuple[Row, ...]
    total: Row
    comparison: Comparison
    signature: Mapping[str, str]
    seconds: float
    without_human: tuple[str, ...]

    @property
    def words_per_second(self) -> float:
        return self.total.words / self.seconds if self.seconds > 0 else 0.0

    def as_dict(self) -> dict[str, Any]:
        """Plain data: ready for JSON."""
        c = self.comparison
        return {
            "format": 1,
            "signature": dict(self.signature),
            "seconds_translating": round(self.seconds, 3),
            "words_per_second": round(self.words_per_second, 1),
            "issues": [asdict(row) for row in self.rows],
            "all": asdict(self.total),
            "enforced_against_bare": {
                "metrics": c.as_dict()["metrics"],
                "segments": {"wins": c.wins, "losses": c.losses, "ties": c.ties},
            },
            "without_human": list(self.without_human),
        }


@dataclass(frozen=True, slots=True)
class _Pair:
    name: str
    draft: Draft
    human: SourceText


@dataclass(frozen=True, slots=True)
class _Judged:
    """One issue with the texts behind its row."""

    row: Row
    enforced: list[str]
    bare: list[str]
    references: tuple[str, ...]


def evaluate(folder: Path, config: Config, watcher: Watcher | None = None) -> Evaluation:
    """Translates every ``NAME.en.md`` that has a human version beside it, and scores both ways of translating.

    The human version is ``NAME.pt-br.human.md`` or ``NAME.pt-br.md``. No memory and no bilingual file is read or
    written. Raises UserError where there is no pair, and as the pipeline does.
    """
    watcher = watcher or Silent()
    termbase = load_glossary(config)
    pairs, alone = find_pairs(folder, config)
    watcher.step("Loading the model")
    engine = load(config)
    watcher.step("Translating")
    begun = time.perf_counter()
    matcher = Matcher(termbase)
    enforced, known = _translate([p.draft for p in pairs], engine, matcher, config, {}, watcher)
    seconds = time.perf_counter() - begun
    watcher.step("Translating without the glossary")
    bare, _ = _translate([p.draft for p in pairs], engine, Matcher(Termbase(())), config, known, watcher)
    watcher.step("Scoring")
    judged = [_judge(*each, matcher, config) for each in zip(pairs, enforced, bare, strict=True)]
    ours, theirs, references = _texts(judged)
    metrics, bootstrap = config.score.metrics, config.score.bootstrap
    total = _total(
        [j.row for j in judged],
        score(ours, references, metrics=metrics, bootstrap=bootstrap),
        score(theirs, references, metrics=metrics, bootstrap=bootstrap),
    )
    comparison = compare(theirs, ours, references, metrics=metrics, samples=max(100, bootstrap))
    rows = tuple(j.row for j in judged)
    return Evaluation(rows, total, comparison, signature_of(engine, termbase, config), seconds, tuple(alone))


def find_pairs(folder: Path, config: Config) -> tuple[list[_Pair], list[str]]:
    """Drafts with their human versions, by name, and the names of drafts without."""
    if not folder.is_dir():
        raise UserError(f"{folder}: there is no such directory; name one with NAME.en.md and NAME.pt-br.md files.")
    pairs, alone = [], []
    limit = config.limits.max_file_bytes
    for path in sorted(folder.iterdir()):
        match = _DRAFT.fullmatch(path.name)
        if match is None:
            continue
        candidates = [path.with_name(f"{match[1]}.pt-br{kind}{path.suffix}") for kind in (".human", "")]
        found = next((candidate for candidate in candidates if candidate.is_file()), None)
        if found is None:
            alone.append(path.name)
            continue
        human = read_text(found, max_bytes=2 * limit)
        text, _ = repair_mojibake(human.text)
        draft = prepare(read_text(path, max_bytes=limit), config)
        pairs.append(_Pair(match[1], draft, SourceText(text, human.path)))
    if not pairs:
        raise UserError(f"{folder}: no draft (NAME.en.md) here has a human version (NAME.pt-br.md) beside it.")
    return pairs, alone


def _translate(
    drafts: Sequence[Draft],
    engine: Engine,
    matcher: Matcher,
    config: Config,
    known: Mapping[Source, Hypothesized],
    watcher: Watcher,
) -> tuple[list[list[Translation]], dict[Source, Hypothesized]]:
    """Each draft's translations, and the hypotheses by source; what is known is not decoded again."""
    groups = [draft.document.segments for draft in drafts]
    return translate_groups(
        groups, engine, matcher, settings_of(config), known, reference_engine(config), watcher.progress
    )


def _judge(
    pair: _Pair, enforced: Sequence[Translation], bare: Sequence[Translation], matcher: Matcher, config: Config
) -> _Judged:
    document = pair.draft.document
    card = score_card(document, enforced, pair.human, matcher, config)
    without = judge_bare(card, bare, matcher, config)
    source = page_of(pair.draft.source.text)
    row = Row(
        pair.name,
        sum(len(segment.text.split()) for segment in document.segments),
        len(document.segments),
        sum(len(p.draft) for p in card.matching.pairs),
        Version(card.clean.corpus, card.machine, _markup(fidelity(source, _page(pair.draft, enforced)))),
        Version(without.scores.corpus, without.terms, _markup(fidelity(source, _page(pair.draft, bare)))),
        card.human,
        _markup(fidelity(source, page_of(pair.human.text))),
    )
    return _Judged(row, hypotheses_of(card.matching, enforced), list(without.hypotheses), card.references)


def _page(draft: Draft, translations: Sequence[Translation]) -> str:
    targets = {t.segment.index: t.target for t in translations}
    return page_of(write_bilingual(draft.document, targets, layout="target-only"))


def _markup(found: Fidelity) -> Counts:
    return found.kept, found.total


def _texts(judged: Sequence[_Judged]) -> tuple[list[str], list[str], list[str]]:
    return (
        [text for j in judged for text in j.enforced],
        [text for j in judged for text in j.bare],
        [text for j in judged for text in j.references],
    )


def _total(rows: Sequence[Row], enforced: Scores, bare: Scores) -> Row:
    def add(counts: Sequence[Counts]) -> Counts:
        return sum(kept for kept, _ in counts), sum(total for _, total in counts)

    return Row(
        "all",
        sum(row.words for row in rows),
        sum(row.segments for row in rows),
        sum(row.matched for row in rows),
        Version(enforced.corpus, add([r.enforced.terms for r in rows]), add([r.enforced.markup for r in rows])),
        Version(bare.corpus, add([r.bare.terms for r in rows]), add([r.bare.markup for r in rows])),
        add([row.human_terms for row in rows]),
        add([row.human_markup for row in rows]),
    )
