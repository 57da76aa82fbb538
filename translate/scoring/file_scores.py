"""Scores of a translation, any system's, against a human version; and of two systems against each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from glossary import Matcher, Termbase
from translate.config import Config
from translate.scoring.fidelity import Fidelity, fidelity, page_of
from translate.scoring.score import Comparison, MetricName, Scores, compare, score
from translate.scoring.versions import Aligned, Text, align_files, align_lines
from translate.text_file import SourceText, repair_mojibake

ALL_METRICS: tuple[MetricName, ...] = ("BLEU", "chrF2", "chrF++", "TER")
MOST_DIFFERENT = 20
Test = Literal["bootstrap", "randomization"]


@dataclass(frozen=True, slots=True)
class System:
    """One system's scores.

    ``clean`` scores text without its Markdown, ``markdown`` the text as written. ``terms`` (kept, occurrences) and
    ``fidelity`` are None where the draft is not known. ``length_ratio``: its words for each of the human's.
    ``absent``: references that it has nothing for; they count as empty. ``extra``: its segments without a reference.
    """

    name: str
    clean: Scores
    markdown: Scores
    terms: tuple[int, int] | None
    fidelity: Fidelity | None
    length_ratio: float
    absent: int
    extra: int

    def as_dict(self) -> dict[str, Any]:
        """Plain data; segment scores are in the rows."""
        return {
            "file": self.name,
            "markdown_stripped": self.clean.as_dict()["corpus"],
            "with_markdown": self.markdown.as_dict()["corpus"],
            "terms": _terms_dict(self.terms),
            "markup": None if self.fidelity is None else self.fidelity.as_dict(),
            "length_ratio": round(self.length_ratio, 4),
            "references_without_hypothesis": self.absent,
            "hypotheses_without_reference": self.extra,
        }


@dataclass(frozen=True, slots=True)
class FileScores:
    """A system, perhaps a baseline, and the human version that both are measured by."""

    human: str
    draft: str | None
    aligned: Aligned
    system: System
    baseline: System | None
    comparison: Comparison | None
    test: Test
    human_terms: tuple[int, int] | None
    human_fidelity: Fidelity | None
    notes: tuple[str, ...] = ()
    """What was done to read the files."""

    def rows(self) -> Iterator[dict[str, Any]]:
        """One row for each segment: its line in the human version, its texts and its scores (Markdown stripped)."""
        for k, reference in enumerate(self.aligned.references):
            row: dict[str, Any] = {"segment": k + 1, "line": self.aligned.lines[k]}
            row |= {name: round(value, 2) for name, value in self.system.clean.segments[k].items()}
            if self.baseline is not None:
                scores = self.baseline.clean.segments[k].items()
                row |= {f"baseline {name}": round(value, 2) for name, value in scores}
            row |= {"reference": reference.clean, "hypothesis": self.aligned.systems[0][k].clean}
            if self.baseline is not None:
                row["baseline"] = self.aligned.systems[1][k].clean
            yield row

    def most_different(self) -> list[int]:
        """The segments in which the two systems differ most in chrF2 (indices; none where they do not differ)."""
        if self.comparison is None:
            return []
        differences = self.comparison.differences
        return [k for k in self.comparison.most_different(MOST_DIFFERENT) if differences[k]]

    def as_dict(self) -> dict[str, Any]:
        """Everything as plain data: ready for JSON."""
        rows = list(self.rows())
        result: dict[str, Any] = {
            "format": 1,
            "human": {
                "file": self.human,
                "terms": _terms_dict(self.human_terms),
                "markup": None if self.human_fidelity is None else self.human_fidelity.as_dict(),
            },
            "draft": self.draft,
            "notes": list(self.notes),
            "segments_scored": len(rows),
            "left_out": {"draft": self.aligned.only_draft, "human": self.aligned.only_human},
            "system": self.system.as_dict(),
        }
        if self.baseline is not None and self.comparison is not None:
            c = self.comparison
            result["baseline"] = self.baseline.as_dict()
            result["comparison"] = {
                "test": self.test,
                "metrics": c.as_dict()["metrics"],
                "segments": {"wins": c.wins, "losses": c.losses, "ties": c.ties},
                "most_different": [
                    {**rows[k], "chrF2 difference": round(c.differences[k], 2)} for k in self.most_different()
                ],
            }
        return {**result, "segments": rows}


def score_files(
    hypothesis: SourceText,
    human: SourceText,
    termbase: Termbase,
    config: Config,
    *,
    draft: SourceText | None = None,
    baseline: SourceText | None = None,
    by_line: bool = False,
    metrics: Sequence[MetricName] = ALL_METRICS,
    test: Test = "bootstrap",
) -> FileScores:
    """Scores ``hypothesis`` (and ``baseline``) against ``human``, matched through ``draft`` where it is known.

    ``by_line``: the files hold a segment in each line. Resamples are ``config.score.bootstrap``. Raises UserError for
    files without text, versions of something else, unequal counts of lines and empty references.
    """
    files = [hypothesis] if baseline is None else [hypothesis, baseline]
    matcher = Matcher(termbase)
    if by_line:
        aligned = align_lines(files, human, draft, matcher)
    else:
        aligned = align_files(files, human, draft, matcher, config)
    pages = None if draft is None or by_line else [page_of(repair_mojibake(f.text)[0]) for f in (draft, human, *files)]
    samples = config.score.bootstrap
    kept = [None, None, None] if pages is None else [fidelity(pages[0], page) for page in pages[1:]]
    systems = [_system(file, aligned, s, kept[s + 1], metrics, samples) for s, file in enumerate(files)]
    comparison = None
    if baseline is not None:
        new, old, references = (
            [text.clean for text in texts] for texts in (*aligned.systems, aligned.references)
        )  # fmt: skip
        comparison = compare(old, new, references, metrics=metrics, test=test, samples=max(samples, 100))
    return FileScores(
        human.name,
        None if draft is None else draft.name,
        aligned,
        systems[0],
        systems[1] if baseline is not None else None,
        comparison,
        test,
        _terms(aligned.references),
        kept[0],
        () if by_line else tuple(_notes([human, *files])),
    )


def _notes(files: Sequence[SourceText]) -> Iterator[str]:
    for file in files:
        if repair_mojibake(file.text)[1]:
            yield f"{file.name} was mis-decoded; its text was repaired before scoring"


def _system(
    file: SourceText,
    aligned: Aligned,
    number: int,
    kept: Fidelity | None,
    metrics: Sequence[MetricName],
    samples: int,
) -> System:
    texts, references = aligned.systems[number], aligned.references
    clean = score([t.clean for t in texts], [r.clean for r in references], metrics=metrics, bootstrap=samples)
    raw = score(
        [t.markdown for t in texts], [r.markdown for r in references], text="raw Markdown", metrics=metrics
    )  # fmt: skip
    ratio = sum(len(t.clean.split()) for t in texts) / sum(len(r.clean.split()) for r in references)
    absent = sum(not t.clean for t in texts)
    return System(file.name, clean, raw, _terms(texts), kept, ratio, absent, aligned.only_system[number])


def _terms(texts: Sequence[Text]) -> tuple[int, int] | None:
    found = [text.terms for text in texts if text.terms is not None]
    return (sum(v.kept for v in found), sum(v.total for v in found)) if found else None


def _terms_dict(counts: tuple[int, int] | None) -> dict[str, int] | None:
    return None if counts is None else {"kept": counts[0], "occurrences": counts[1]}
