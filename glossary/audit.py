"""Check any translation, human or machine, against the glossary: rows for a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

from glossary.matcher import Matcher
from glossary.verify import Diagnosis, Verification, accuracy, verify


@dataclass(frozen=True, slots=True)
class AuditedPair:
    """A text and its translation without markup, a label for the table, and ranges that are no prose."""

    source: str
    target: str
    label: str = ""
    skip_source: Sequence[tuple[int, int]] = ()
    skip_target: Sequence[tuple[int, int]] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """A term's fate over all pairs: counts of occurrences in the source, and of each trouble."""

    term: str
    total: int
    kept: int
    surplus: int
    forbidden: int
    diagnoses: dict[Diagnosis, int]


@dataclass(frozen=True, slots=True)
class Audit:
    """``rows``: one a term that occurs, worst first; ``verifications``: one a pair, in order."""

    rows: tuple[Row, ...]
    verifications: tuple[Verification, ...]
    labels: tuple[str, ...] = field(default=())

    @property
    def accuracy(self) -> float:
        """Kept occurrences over all, 0 to 1; 1 where there are none."""
        return accuracy(self.verifications)

    @property
    def ok(self) -> bool:
        return all(verification.ok for verification in self.verifications)

    def as_dict(self) -> dict[str, object]:
        """Plain values for JSON."""
        return {
            "accuracy": self.accuracy,
            "total": sum(v.total for v in self.verifications),
            "kept": sum(v.kept for v in self.verifications),
            "terms": [asdict(row) for row in self.rows],
            "missing": [
                {
                    "pair": label,
                    "term": verdict.occurrence.term.text,
                    "text": verdict.occurrence.text,
                    "diagnosis": verdict.diagnosis,
                }
                for label, verification in zip(self.labels, self.verifications, strict=True)
                for verdict in verification.missing
            ],
        }


def audit(pairs: Sequence[AuditedPair], matcher: Matcher) -> Audit:
    """Verify each pair (best a segment each: occurrences are counted per pair)."""
    verifications = tuple(
        verify(matcher.find(pair.source, pair.skip_source), pair.target, matcher, pair.skip_target) for pair in pairs
    )
    rows: dict[str, dict[str, int]] = {}
    for verification in verifications:
        for verdict in verification.verdicts:
            _add(rows, verdict.occurrence.term.text, verdict.diagnosis)
        for extra in verification.surplus:
            _add(rows, extra.term.text, "surplus")
        for hit in verification.forbidden:
            _add(rows, hit.term.text, "forbidden")
    table = [_row(term, counts) for term, counts in rows.items()]
    table.sort(key=lambda row: (row.kept - row.total, -row.surplus - row.forbidden, row.term))
    return Audit(tuple(table), verifications, tuple(pair.label for pair in pairs))


def _add(rows: dict[str, dict[str, int]], term: str, what: str) -> None:
    counts = rows.setdefault(term, {})
    counts[what] = counts.get(what, 0) + 1


def _row(term: str, counts: dict[str, int]) -> Row:
    surplus, forbidden = counts.pop("surplus", 0), counts.pop("forbidden", 0)
    diagnoses: dict[Diagnosis, int] = {d: counts[d] for d in _LOSSES if d in counts}
    kept = counts.get("kept", 0)
    return Row(term, kept + sum(diagnoses.values()), kept, surplus, forbidden, diagnoses)


_LOSSES: tuple[Diagnosis, ...] = ("dropped", "recased", "inflected", "split", "digits", "glued", "untranslated")
