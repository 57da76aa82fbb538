"""The review on a terminal of 80 columns, in the terminal's own colours; plain text in a pipe.

Only the eight standard colours are used, and never for themselves: deletions are struck out too, insertions
underlined. Without colour the marks are wdiff's: ``[-deleted-] {+inserted+}``; what moved has its number.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from io import StringIO
from typing import TYPE_CHECKING

from translate.review.labels import ORIGINS, figures_of, headline, kind_of, problems_of, totals_of
from translate.review.model import Review, ReviewSegment
from translate.review.safe import visible
from translate.review.words import diff

if TYPE_CHECKING:
    from rich.text import Text

WIDTH = 80
_LABEL = 9
_FUZZY = 2


def terminal(review: Review, segments: Sequence[ReviewSegment], *, width: int = WIDTH, colour: bool = False) -> str:
    """The text to print, ``width`` columns at most (longer words are cut across lines)."""
    from rich.console import Console
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    out = StringIO()
    console = Console(
        file=out,
        width=width,
        force_terminal=colour,
        color_system="standard" if colour else None,
        no_color=not colour,
        highlight=False,
        emoji=False,
        markup=False,
        legacy_windows=False,
    )
    console.print(Text(visible(review.name), style="bold"))
    for line in (headline(review), totals_of(review), *review.notes, *review.problems):
        if line is not None:
            console.print(Text(visible(line)))
    if len(segments) < len(review.segments):
        console.print(Text(f"showing {len(segments)} of {len(review.segments)}, those that matter most first"))
    for segment in segments:
        console.print()
        console.print(_head(segment, width))
        table = Table.grid(padding=(0, 1))
        table.add_column(width=_LABEL, no_wrap=True)
        table.add_column(overflow="fold")
        for label, text in _rows(segment, colour=colour):
            table.add_row(Text(label, style="dim"), text)
        console.print(Padding(table, (0, 0, 0, 0)))
    return "".join(f"{line.rstrip()}\n" for line in out.getvalue().splitlines())


def _head(segment: ReviewSegment, width: int) -> Text:
    from rich.text import Text

    text = Text(f"{segment.index + 1}", style="bold")
    text.append(f"  {kind_of(segment)}, line {segment.line}", style="dim")
    state = "approved" if segment.approved else "edited" if segment.edited else ""
    if state:
        text.append(f"  {state}", style="green")
    figures = "  ".join(figures_of(segment))
    if figures:
        room = width - len(text.plain) - len(figures)
        text.append(" " * room if room > 1 else "\n  ")
        text.append(figures, style="dim")
    return text


def _rows(segment: ReviewSegment, *, colour: bool) -> Iterator[tuple[str, Text]]:
    from rich.text import Text

    if segment.english is not None:
        yield "english", Text(visible(segment.english))
    if segment.hypothesis is not None and segment.human is not None:
        label = ORIGINS[segment.origin or "file"]
        if segment.hypothesis == segment.human:
            yield "both", Text(visible(segment.human))
        else:
            yield f"{label} →", changes(segment.hypothesis, segment.human, colour=colour)
        if segment.reference is not None and segment.edited:
            yield "file", Text(visible(segment.current))
    else:
        yield "pt-br", Text(visible(segment.current))
    if segment.together:
        yield "", Text(f"(the human's text is also that of the next {segment.together})", style="dim")
    for problem in problems_of(segment):
        yield "look at", Text(visible(problem), style="magenta")
    for offer in segment.offers:
        if offer.intact:
            yield "was", changes(offer.old_english, offer.new_english, colour=colour)
            yield "offered", Text(visible(offer.hypothesis))
    for match in segment.fuzzy[:_FUZZY]:
        who = "human" if match.human else "machine"
        yield f"{match.score:.0f} %", Text(visible(f"{match.english} → {match.portuguese} ({who})"), style="dim")


def changes(before: str, after: str, *, colour: bool) -> Text:
    """The differences of two texts, marked by colour and line, or by brackets."""
    from rich.text import Text

    text = Text()
    for edit in diff(before, after):
        old, new = visible(before[edit.a0 : edit.a1]), visible(after[edit.b0 : edit.b1])
        match edit.kind:
            case "equal":
                text.append(new)
            case "delete":
                _mark(text, old, "red strike" if colour else None, "[-", "-]")
            case "insert":
                _mark(text, new, "green underline" if colour else None, "{+", "+}")
            case "moved-away":
                _mark(text, old, "cyan strike" if colour else None, f"[{edit.move}>", f">{edit.move}]")
            case "moved-here":
                _mark(text, new, "cyan underline" if colour else None, f"{{{edit.move}<", f"<{edit.move}}}")
    return text


def _mark(text: Text, words: str, style: str | None, before: str, after: str) -> None:
    """Marks the words, not the blanks after them."""
    core = words.rstrip()
    if style is None:
        text.append(f"{before}{core}{after}")
    else:
        text.append(core, style=style)
    text.append(words[len(core) :])
