"""What a run tells its user at the end, in a few lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from translate.results import Issue, RunResult

MEANINGS = {
    "term-missing": "a glossary term is missing",
    "term-doubled": "a glossary term stands more often than in the draft",
    "term-forbidden": "a forbidden rendering of a term",
    "term-replaced": "a term was put in the place of its aligned words; check the grammar around it",
    "term-inserted": "a term was put where word order suggests; check the sentence",
    "degenerate-empty": "the model gave nothing; the English was kept",
    "degenerate-script": "the model answered in another script; the English was kept",
    "degenerate-repetition": "the model repeats itself",
    "degenerate-garbled": "the model gave broken characters; the English was kept",
    "degenerate-long": "much longer than the English",
    "degenerate-short": "much shorter than the English",
    "markup-unsure": "a link or emphasis was placed by word order alone",
    "conflict": "the English changed under a human's text; the file offers the new translation beside it",
    "degenerate-too-long": "too long for the model; the English was kept",
}
_SHOWN = 8


def needs_a_look(result: RunResult) -> bool:
    """Whether any segment of any issue carries a flag, or the gate refuses an issue."""
    flagged = any(t.flags for issue in result.issues for t in issue.translations)
    return flagged or any(not issue.verdict.passed for issue in result.issues)


def summary(result: RunResult) -> str:
    """The closing lines of a run."""
    words = sum(len(t.segment.text.split()) for issue in result.issues for t in issue.translations if t.sentences)
    rate = words / result.translating if result.translating > 0 else 0.0
    lines = [line for issue in result.issues for line in _issue(issue, refused=result.refused(issue))]
    lines.append(f"{result.seconds:.1f} s in all, {result.translating:.1f} s translating: {rate:.0f} words per second")
    if result.report is not None:
        lines.append(f"report: {result.report}")
    return "\n".join(lines)


def words_of(issue: Issue) -> int:
    """English words in the segments of an issue."""
    return sum(len(t.segment.text.split()) for t in issue.translations)


def terms_of(issue: Issue) -> tuple[int, int]:
    """Glossary occurrences kept, and in all."""
    return sum(t.verification.kept for t in issue.translations), sum(t.verification.total for t in issue.translations)


def _issue(issue: Issue, *, refused: bool) -> Iterator[str]:
    kept, total = terms_of(issue)
    where = issue.path or "standard output"
    yield f"{issue.draft.name} → " + (f"not published: {where} is as it was" if refused else str(where))
    for reason in issue.verdict.reasons:
        yield f"  gate: {reason}"
    share = f" ({kept / total:.1%})" if total else ""
    yield f"  {len(issue.translations)} segments, {words_of(issue)} words; terms kept {kept} / {total}{share}"
    for note in issue.notes:
        yield f"  note: {note}"
    if issue.scores is not None:
        yield from (f"  {line}" for line in issue.scores.lines())
    if issue.bare is not None:
        yield f"  {issue.bare.line()}"
    yield from _flags(issue)


def _flags(issue: Issue) -> Iterator[str]:
    flagged = [t for t in issue.translations if t.flags]
    if not flagged:
        return
    counts = Counter(flag for t in flagged for flag in t.flags)
    yield f"  to look at: {len(flagged)} segments"
    source = issue.draft.source.text
    for flag, count in counts.most_common():
        where = [source.count("\n", 0, t.segment.start) + 1 for t in flagged if flag in t.flags]
        shown = ", ".join(map(str, where[:_SHOWN])) + (", …" if count > _SHOWN else "")
        yield f"    {MEANINGS.get(flag, flag)}: line{'s' if count > 1 else ''} {shown}"
