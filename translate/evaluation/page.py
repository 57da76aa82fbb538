"""An evaluation as Markdown, and as the block of README that it rewrites."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from translate.errors import UserError
from translate.evaluation.folder import Counts, Evaluation, Row
from translate.scoring.score import MetricScore

BEGIN = "<!-- evaluate:begin -->"
END = "<!-- evaluate:end -->"


def markdown(evaluation: Evaluation) -> str:
    """The page: scores, terms and markup by issue, and what the numbers depend on."""
    return "\n".join(["# Evaluation", "", *_body(evaluation), ""])


def check_marks(text: str, name: str) -> None:
    """Raises UserError, naming the file, where the two marks are not there once each, in order."""
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise UserError(f"{name}: put `{BEGIN}` and `{END}` on lines of their own where the numbers belong.")


def rewritten(text: str, evaluation: Evaluation, name: str) -> str:
    """``text`` with the block between its two marks made anew. Raises UserError as `check_marks`."""
    check_marks(text, name)
    before, rest = text.split(BEGIN)
    newline = "\r\n" if "\r\n" in text else "\n"
    body = newline.join([BEGIN, *_body(evaluation), END])
    return before + body + rest.split(END)[1]


def _body(evaluation: Evaluation) -> Iterator[str]:
    total, one = evaluation.total, len(evaluation.rows) == 1
    rows = evaluation.rows if one else (*evaluation.rows, total)
    issues = "1 issue" if one else f"{len(evaluation.rows)} issues"
    yield (
        f"Measured by `translate-issue evaluate` on {issues} with human versions ({total.words} words, "
        f"{total.matched} of {total.segments} segments matched); {evaluation.words_per_second:.0f} words per second."
    )
    yield (
        "Each score stands twice: with the glossary enforced / without. In brackets: 95 % bootstrap intervals. "
        "Markdown is stripped."
    )
    yield ""
    yield from _scores(rows)
    yield ""
    yield from _terms(rows)
    yield ""
    yield from _difference(evaluation)
    yield ""
    for name, metric in total.enforced.scores.items():
        yield f"- {name}: `{metric.signature}`"
    signature = ", ".join(f"{key} {value}" for key, value in evaluation.signature.items())
    yield f"- run: {signature}"
    if evaluation.without_human:
        yield f"- without a human version, hence not here: {', '.join(evaluation.without_human)}"


def _scores(rows: Sequence[Row]) -> Iterator[str]:
    metrics = list(rows[0].enforced.scores)
    yield _line("issue", "words", "matched", *metrics)
    yield _line("---", "---:", "---:", *("---:" for _ in metrics))
    for row in rows:
        cells = (_both(row.enforced.scores[name], row.bare.scores[name]) for name in metrics)
        yield _line(row.issue, str(row.words), f"{row.matched} / {row.segments}", *cells)


def _terms(rows: Sequence[Row]) -> Iterator[str]:
    yield _line("issue", "terms kept", "without the glossary", "by the human", "markup kept", "by the human")
    yield _line("---", *("---:" for _ in range(5)))
    for row in rows:
        counts = (row.enforced.terms, row.bare.terms, row.human_terms, row.enforced.markup, row.human_markup)
        yield _line(row.issue, *map(_share, counts))


def _difference(evaluation: Evaluation) -> Iterator[str]:
    c = evaluation.comparison
    parts = [f"{name} {m.system - m.baseline:+.2f} (p = {m.p_value:.3f})" for name, m in c.metrics.items()]
    yield (
        f"What enforcement changes, over all: {', '.join(parts)}; by segment {c.wins} better, {c.losses} worse, "
        f"{c.ties} equal in chrF2 (paired bootstrap)."
    )


def _line(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _both(first: MetricScore, second: MetricScore) -> str:
    return f"{_value(first)} / {_value(second)}"


def _value(metric: MetricScore) -> str:
    interval = "" if metric.interval is None else f" [{metric.interval[0]:.1f}, {metric.interval[1]:.1f}]"
    return f"{metric.value:.1f}{interval}"


def _share(counts: Counts) -> str:
    kept, total = counts
    return f"{kept} / {total} ({100 * kept / total:.1f} %)" if total else "none"
