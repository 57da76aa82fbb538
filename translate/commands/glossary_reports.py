"""What the glossary commands print."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from glossary.audit import Row
from glossary.lint import Finding
from glossary.suggest import Suggestion
from glossary.suggestion_file import seldom_kept
from glossary.terms import Termbase
from translate.commands.tables import WIDTH, excerpt, table
from translate.terms.glossary_audit import AuditReport, found_text
from translate.terms.mining import Mined

_INDENT = "    "


def check_text(termbase: Termbase, findings: Sequence[Finding], drafts: int) -> str:
    """A line for each finding, ``FILE:LINE: sentence``; terms that no draft has in one paragraph."""
    import textwrap

    doubtful = [finding for finding in findings if finding.kind != "unused"]
    unused = [finding.term.text for finding in findings if finding.kind == "unused"]
    lines = [f"{termbase.path}:{finding.term.line}: {finding.message}" for finding in doubtful]
    what = f"{len(doubtful)} to look at" if doubtful else "nothing to mend"
    lines.append(f"{termbase.path}: {_count(len(termbase), 'term')}, {what}")
    if drafts:
        where = "this draft" if drafts == 1 else f"any of the {drafts} drafts"
        if unused:
            lines.append(f"{len(unused)} of them do not stand in {where}:")
            lines.append(
                textwrap.fill(
                    ", ".join(unused), WIDTH, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False
                )
            )
        else:
            lines.append(f"every term stands in {'the draft' if drafts == 1 else 'the drafts'}")
    return "\n".join(lines)


def check_dict(termbase: Termbase, findings: Sequence[Finding]) -> dict[str, Any]:
    """The same as plain values."""
    return {
        "file": str(termbase.path),
        "terms": len(termbase),
        "findings": [
            {"kind": f.kind, "term": f.term.text, "line": f.term.line, "message": f.message} for f in findings
        ],
    }


def audit_text(report: AuditReport) -> str:
    """Summary, table of terms (worst first), then each loss with its place."""
    return "\n".join(_audit_lines(report))


def _audit_lines(report: AuditReport) -> Iterator[str]:
    share = f" ({report.kept / report.total:.1%})" if report.total else ""
    yield f"{report.translation}: {report.kept} of {_count(report.total, 'occurrence')} kept{share}"
    if report.repaired:
        yield "the file was mis-decoded; it was read with its text repaired"
    if report.audit.rows:
        yield ""
        yield table(
            ["term", "kept", "lost", "extra", "forbidden"],
            [
                [row.term, f"{row.kept}/{row.total}", _losses(row), _number(row.surplus), _number(row.forbidden)]
                for row in report.audit.rows
            ],
            ["<", ">", "<", ">", ">"],
        )
    places = list(_places(report))
    if places:
        yield ""
        yield from places
    yield from _unchecked(report)


def _places(report: AuditReport) -> Iterator[str]:
    def where(english_line: int, portuguese_line: int) -> str:
        same = report.draft == report.translation
        return f"{report.translation}:{portuguese_line}:" + ("" if same else f" (draft line {english_line})")

    for english, portuguese, verdict in report.lost():
        found = found_text(portuguese, verdict)
        seen = f": {found!r} in its place" if found is not None else ""
        yield f"{where(english.line, portuguese.line)} {verdict.occurrence.text!r} {verdict.diagnosis}{seen}"
        yield _INDENT + excerpt(english.text, verdict.occurrence.start, verdict.occurrence.end, WIDTH - len(_INDENT))
    for english, portuguese, found_again, forbidden in report.too_much():
        what = f"is forbidden for {found_again.term.text!r}" if forbidden else "stands more often than in the draft"
        yield f"{where(english.line, portuguese.line)} {found_again.text!r} {what}"
        yield _INDENT + excerpt(portuguese.text, found_again.start, found_again.end, WIDTH - len(_INDENT))


def _unchecked(report: AuditReport) -> Iterator[str]:
    blocks, others = len(report.unchecked), len(report.aligned.only_portuguese)
    if blocks:
        terms = sum(len(text.terms) for text in report.unchecked)
        lines = ", ".join(str(text.prose.line) for text in report.unchecked)
        yield ""
        yield f"not checked: {_count(terms, 'occurrence')} in English without a translation, line {lines}"
    if report.draft == report.translation and others:
        yield "" if not blocks else "and"
        yield f"not checked: {_count(others, 'block')} without English in a comment; give the draft, too, to check them"


def _losses(row: Row) -> str:
    return ", ".join(f"{count} {diagnosis}" for diagnosis, count in row.diagnoses.items())


def suggestions_text(suggestions: Sequence[Suggestion], mined: Mined, out: str) -> str:
    """A table of what was written to ``out``."""
    new = sum(suggestion.known is None for suggestion in suggestions)
    lines = [
        f"{_count(new, 'new term')} proposed, {len(suggestions) - new} listed already, "
        f"from {_count(mined.pairs, 'matched text')} → {out}"
    ]
    if mined.unmatched:
        lines.append(f"{_count(mined.unmatched, 'text')} of the drafts matched nothing and were left out")
    lines += [f"{name} was mis-decoded; it was read with its text repaired" for name in mined.repaired]
    if suggestions:
        rows = [
            [s.text, f"{s.kept}/{s.english}", f"{s.rate:.0%}", _percent(s.italics_rate), "listed" if s.known else "new"]
            for s in suggestions
        ]
        lines += ["", table(["term", "kept", "rate", "italics", "glossary"], rows, ["<", ">", ">", ">", "<"])]
    seldom = seldom_kept(mined.listed)
    if seldom:
        lines += ["", "listed, but these humans translate them more often than not:"]
        lines += [f"  {row.term} (kept {row.kept} of {row.total})" for row in seldom]
    return "\n".join(lines)


def suggestions_dict(suggestions: Sequence[Suggestion], listed: Sequence[Row]) -> dict[str, Any]:
    """The same as plain values."""
    return {
        "suggestions": [
            {
                "term": s.text,
                "kept": s.kept,
                "occurrences": s.english,
                "rate": round(s.rate, 4),
                "italic": s.italic,
                "italics_rate": None if s.italics_rate is None else round(s.italics_rate, 4),
                "surfaces": list(s.surfaces),
                "contexts": list(s.contexts),
                "listed_as": None if s.known is None else s.known.text,
            }
            for s in suggestions
        ],
        "listed": [{"term": row.term, "kept": row.kept, "occurrences": row.total} for row in listed],
    }


def _percent(rate: float | None) -> str:
    return "" if rate is None else f"{rate:.0%}"


def _number(count: int) -> str:
    return str(count) if count else ""


def _count(count: int, what: str) -> str:
    return f"{count} {what}" + ("" if count == 1 else "s")
