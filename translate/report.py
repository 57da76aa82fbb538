"""The report of a run as JSON: each segment's English, hypothesis, reference, scores, terms, flags and alignment."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from translate.config import Config
from translate.decoding.translator import Translation
from translate.results import Issue, RunResult
from translate.scoring.confidence import confidence, shipped
from translate.summary import needs_a_look, terms_of, words_of

FORMAT = 1
"""Grows when a reader of an older report would misread a newer one."""


def report_json(result: RunResult, config: Config) -> str:
    """The report's text (UTF-8 JSON, one final newline)."""
    return json.dumps(report(result, config), ensure_ascii=False, indent=1) + "\n"


def report(result: RunResult, config: Config) -> dict[str, Any]:
    """The report as plain data."""
    words = sum(words_of(issue) for issue in result.issues)
    return {
        "format": FORMAT,
        "signature": dict(result.signature),
        "needs_a_look": needs_a_look(result),
        "confidence": _calibration(result),
        "seconds": round(result.seconds, 3),
        "seconds_translating": round(result.translating, 3),
        "words_per_second": round(words / result.translating, 1) if result.translating > 0 else None,
        "issues": [_issue(issue, config) | {"published": not result.refused(issue)} for issue in result.issues],
    }


def _calibration(result: RunResult) -> dict[str, Any]:
    """What `confidence` of the segments means, and whether it was fitted on this model's own output."""
    provenance = shipped().provenance
    fitted, here = provenance["run"], result.signature
    return {
        "estimates": "chrF2 / 100",
        "cross_validated": provenance["cross-validated by issue"],
        "fitted_on_this_model": fitted.get("hash") == here.get("hash"),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _issue(issue: Issue, config: Config) -> dict[str, Any]:
    kept, total = terms_of(issue)
    card = issue.scores
    return {
        "draft": issue.draft.name,
        "output": None if issue.path is None else str(issue.path),
        "words": words_of(issue),
        "terms": {"kept": kept, "occurrences": total},
        "notes": list(issue.notes),
        "gate": list(issue.verdict.reasons),
        "scores": None if card is None else card.as_dict(),
        "without_glossary": None if issue.bare is None else issue.bare.as_dict(),
        "segments": list(_segments(issue, config)),
    }


def _segments(issue: Issue, config: Config) -> Iterator[dict[str, Any]]:
    source = issue.draft.source.text
    references = {} if issue.scores is None else issue.scores.by_segment()
    line, at = 1, 0
    for t in issue.translations:
        line, at = line + source.count("\n", at, t.segment.start), t.segment.start
        row: dict[str, Any] = {
            "index": t.segment.index,
            "kind": t.segment.kind,
            "line": line,
            "source": t.segment.text,
            "hypothesis": t.target.text,
            "score": None if t.score is None else round(t.score, 4),
            "confidence": _rounded(confidence(t, issue.tokens.get(t.segment.index, ()))),
            "terms": _terms(t),
            "flags": list(t.flags),
        }
        row |= references.get(t.segment.index, {"reference": None, "scores": None})
        row["sentences"] = list(_sentences(t))
        if config.report.alignment:
            # [source start, source end, target start, target end, weight] in characters of source and hypothesis
            row["alignment"] = [[*link.source, *link.target, round(link.weight, 3)] for link in t.links]
        yield row


def _terms(t: Translation) -> list[dict[str, Any]]:
    return [
        {
            "term": v.occurrence.term.text,
            "surface": v.occurrence.text,
            "source": [v.occurrence.start, v.occurrence.end],
            "target": [v.start, v.end] if v.start >= 0 else None,
            "verdict": v.diagnosis,
        }
        for v in t.verification.verdicts
    ]


def _sentences(t: Translation) -> Iterator[dict[str, Any]]:
    for sentence, place, hypothesis in t.sentences:
        yield {
            "source": [sentence.start, sentence.end],
            "target": list(place),
            "score": round(hypothesis.rendering.score, 4),
            "rungs": list(hypothesis.rendering.rungs),
            "attempts": hypothesis.attempts,
            "engine": hypothesis.engine,
        }
