"""Suggestions as a glossary file ready to edit: evidence in comments, what is listed already commented out."""

from __future__ import annotations

from collections.abc import Sequence

from glossary.audit import Row
from glossary.suggest import Suggestion
from glossary.yaml_format import scalar

_MOSTLY = 0.5


def dump_suggestions(suggestions: Sequence[Suggestion], listed: Sequence[Row] = ()) -> str:
    """A glossary file, best evidence first; italics where the humans use them mostly.

    ``listed``: what the humans made of the current glossary's terms (see `glossary.audit`), for a comparison.
    """
    lines = [
        "# Words that human translators left in English, best evidence first.",
        "# Remove what should be translated, then merge the rest into your glossary.",
        "terms:",
    ]
    for suggestion in suggestions:
        if suggestion.known is None:
            lines.append(f"  - term: {scalar(suggestion.text)}  # {evidence(suggestion)}")
            italics = suggestion.italics_rate
            if italics is not None and italics > _MOSTLY:
                lines.append("    style: italic")
        else:
            lines.append(f"  # listed already: {suggestion.known.text} ({evidence(suggestion)})")
        lines.extend(f"    # \u2026{' '.join(context.split())}\u2026" for context in suggestion.contexts)
    if all(suggestion.known is not None for suggestion in suggestions):
        lines[2] = "terms: []  # nothing new was found"
    return "\n".join([*lines, *_comparison(listed)]) + "\n"


def evidence(suggestion: Suggestion) -> str:
    """``kept 3 of 4 (75 %), 2 in italics (67 %)``."""
    text = f"kept {suggestion.kept} of {suggestion.english} ({suggestion.rate:.0%})"
    if suggestion.italics_rate is not None:
        text += f", {suggestion.italic} in italics ({suggestion.italics_rate:.0%})"
    return text


def seldom_kept(listed: Sequence[Row]) -> list[Row]:
    """Terms of the glossary that the humans translate more often than not, most occurrences first."""
    return sorted((row for row in listed if _rate(row) < _MOSTLY), key=lambda row: (-row.total, row.term))


def _comparison(listed: Sequence[Row]) -> list[str]:
    seldom = seldom_kept(listed)
    if not seldom:
        return []
    return [
        "",
        "# In the current glossary, but kept less than every second time by these humans:",
        *(f"#   {row.term}: kept {kept_in_english(row)} of {row.total}" for row in seldom),
    ]


def kept_in_english(row: Row) -> int:
    """Occurrences left in English, with other capitals or in another number too: the word was kept."""
    return row.kept + row.diagnoses.get("recased", 0) + row.diagnoses.get("inflected", 0)


def _rate(row: Row) -> float:
    return kept_in_english(row) / row.total if row.total else 1.0
