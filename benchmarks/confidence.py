"""How well a translation's quality is estimated without a reference; fits the weights that the product ships.

Drafts with human versions are translated afresh; segment chrF2 against the human version is the truth. Each issue is
estimated by a model fitted on the others. Run: python -m benchmarks.confidence [FOLDER] [--write]
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from glossary import Matcher
from translate.config import Config, load_config
from translate.evaluation.folder import find_pairs
from translate.glossary_file import load_glossary
from translate.pipeline import load, signature_of, translate_drafts
from translate.scoring.calibration import RIDGE, cross_validated, fit, pearson, spearman
from translate.scoring.confidence import DEAR, Calibration, features, shipped_path
from translate.scoring.rescoring import token_scores
from translate.scoring.scorecard import score_card
from translate.text_file import write_atomic

NEWSLETTERS = Path(__file__).resolve().parents[1].parent / "shared" / "newsletters"
Row = dict[str, float]


@dataclass(frozen=True, slots=True)
class Sample:
    """A matched piece: its features, the chrF2 that it really has, and its issue."""

    values: Row
    chrf: float
    issue: str


def samples(folder: Path, config: Config) -> tuple[list[Sample], dict[str, str], str]:
    """The pieces of every issue, the run's signature and chrF2's.

    A piece that was translated before is left out: a heading that every section repeats is one question, and would be
    asked in the training and the test part alike.
    """
    pairs, _ = find_pairs(folder, config)
    engine, termbase = load(config), load_glossary(config)
    translated = translate_drafts([pair.draft for pair in pairs], engine, termbase, config)
    found: list[Sample] = []
    seen: set[tuple[str, ...]] = set()
    signature = ""
    for pair, translations in zip(pairs, translated, strict=True):
        card = score_card(pair.draft.document, translations, pair.human, Matcher(termbase), config)
        signature = card.clean.corpus["chrF2"].signature
        by_index = {t.segment.index: t for t in translations}
        tokens = token_scores(translations, engine)
        for match, scores in zip(card.matching.pairs, card.clean.segments, strict=True):
            texts = tuple(by_index[i].segment.text for i in match.draft)
            if texts in seen:
                continue
            seen.add(texts)
            pieces = [score for i in match.draft for score in tokens.get(i, ())]
            values = features([by_index[i] for i in match.draft], pieces)
            if values is not None and all(name in values for name in DEAR):
                found.append(Sample(values, scores["chrF2"], pair.name))
    return found, signature_of(engine, termbase, config), signature


def without(rows: Sequence[Row], names: Sequence[str]) -> list[Row]:
    """The rows without some of their features."""
    return [{name: value for name, value in row.items() if name not in names} for row in rows]


def quality(estimates: Sequence[float], truth: Sequence[float]) -> dict[str, float]:
    """Pearson, Spearman, and the root of the mean squared error in chrF2 points."""
    error = (sum((a - b) ** 2 for a, b in zip(estimates, truth, strict=True)) / len(truth)) ** 0.5
    return {
        "pearson": round(pearson(estimates, truth), 3),
        "spearman": round(spearman(estimates, truth), 3),
        "error": round(error, 2),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description="How well quality is estimated without a reference.")
    parser.add_argument("folder", nargs="?", type=Path, default=NEWSLETTERS)
    parser.add_argument("--write", action="store_true", help=f"write the weights to {shipped_path().name}")
    arguments = parser.parse_args()
    if not arguments.folder.is_dir():
        print(f"{arguments.folder}: no drafts with human versions to measure on")
        return 0
    config = load_config(None, {"score.metrics": ["chrF2"], "score.bootstrap": 0})
    found, run, chrf = samples(arguments.folder, config)
    rows, truth, issues = [s.values for s in found], [s.chrf for s in found], [s.issue for s in found]
    bare = without(rows, DEAR)
    print(f"{len(found)} segments of {len(set(issues))} issues; chrF2 {sum(truth) / len(truth):.1f} on average")
    print("each feature alone:     Pearson  Spearman")
    for name in rows[0]:
        column = [row[name] for row in rows]
        print(f"  {name:20}  {pearson(column, truth):7.3f}  {spearman(column, truth):8.3f}")
    mean = sum(truth) / len(truth)
    print("estimates for issues that the model was not fitted on: Pearson, Spearman, error in chrF2 points")
    print(f"  {'always the average':28}  {quality([mean] * len(truth), truth)}")
    print(f"  {'log-probability alone':28}  {quality(cross_validated(_only(rows), truth, issues), truth)}")
    results: dict[str, Any] = {}
    for label, table in (("cheap features", bare), ("all features", rows)):
        estimates = cross_validated(table, truth, issues)
        results[label] = quality(estimates, truth)
        print(f"  {label:28}  {results[label]}")
    for issue in dict.fromkeys(issues):
        here = [k for k, other in enumerate(issues) if other == issue]
        print(f"    {issue:26}  {quality([estimates[k] for k in here], [truth[k] for k in here])}")
    if arguments.write:
        provenance = {
            "made by": "python -m benchmarks.confidence --write",
            "date": datetime.now(UTC).date().isoformat(),
            "truth": f"segment chrF2 ({chrf}) against human versions",
            "segments": len(found),
            "issues": len(set(issues)),
            "ridge": RIDGE,
            "run": run,
            "cross-validated by issue": results,
        }
        # What takes the alignment and each piece's log-probability counts where it was found to help, and only there.
        helps = results["all features"]["error"] < results["cheap features"]["error"]
        made = Calibration(fit(rows if helps else bare, truth), fit(bare, truth), provenance)
        write_atomic(shipped_path(), json.dumps(made.as_dict(), ensure_ascii=False, indent=1) + "\n")
    return 0


def _only(rows: Sequence[Row]) -> list[Row]:
    return [{"log-probability": row["log-probability"]} for row in rows]


if __name__ == "__main__":
    sys.exit(main())
