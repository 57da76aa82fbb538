"""The scores of a run as rows and as Markdown: for the disk, and for Prefect's pages."""

from __future__ import annotations

from collections.abc import Sequence

from translate.results import Issue, RunResult
from translate.summary import summary, terms_of, words_of

Row = dict[str, str | int | float | None]


def score_rows(result: RunResult) -> list[Row]:
    """One row for each issue: its size, its terms, its corpus scores on clean text, its flags."""
    return [score_row(issue, refused=result.refused(issue)) for issue in result.issues]


def score_row(issue: Issue, *, refused: bool) -> Row:
    """One issue's row."""
    kept, total = terms_of(issue)
    row: Row = {
        "draft": issue.draft.name,
        "segments": len(issue.translations),
        "words": words_of(issue),
        "terms kept": f"{kept} / {total}",
        "to look at": sum(bool(t.flags) for t in issue.translations),
    }
    if issue.scores is not None:
        row |= {name: round(metric.value, 1) for name, metric in issue.scores.clean.corpus.items()}
    if refused:
        row["not published"] = "; ".join(issue.verdict.reasons)
    return row


def score_markdown(result: RunResult) -> str:
    """The same as a Markdown page: a table, the closing summary, and what the numbers depend on."""
    signature = ", ".join(f"{name} {value}" for name, value in result.signature.items())
    page = ["# Translated issues", "", table_markdown(score_rows(result)), "", "```", summary(result), "```", ""]
    return "\n".join([*page, f"Signature: {signature}", ""])


def table_markdown(rows: Sequence[Row]) -> str:
    """Rows as a Markdown table; its columns are those that any row has."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    table = [columns, ["---"] * len(columns), *([_cell(row.get(name)) for name in columns] for row in rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in table)


def _cell(value: object) -> str:
    return "" if value is None else " ".join(str(value).replace("|", "\\|").split())
