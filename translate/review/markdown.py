"""The review as a comment on a pull request: GitHub's Markdown, folded, escaped, and no longer than it may be."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence

from translate.review.labels import ORIGINS, figures_of, headline, kind_of, problems_of, totals_of
from translate.review.model import Review, ReviewSegment
from translate.review.safe import visible
from translate.review.words import diff

LIMIT = 60_000
"""Characters; GitHub takes 65,536."""

_OPEN = 5
"""Segments with problems that are shown unfolded."""
_SUMMARY = 60
_AUTOMATIC = re.compile(
    r"(?<=[@#])(?=\w)|(?<=GH)(?=-\d)|(?<=:)(?=//)|(?<=www)(?=\.)|(?<=:)(?=[\w+-]+:)"
    r"|(?<=\b[0-9a-f]{6})(?=[0-9a-f])"
)
_BREAK = "<span></span>"
"""Renders as nothing, and keeps what GitHub would make of ``@name``, ``#12``, a commit or a URL from being made."""


def markdown(review: Review, segments: Sequence[ReviewSegment], *, limit: int = LIMIT) -> str:
    """The comment's text, at most ``limit`` characters. Segments that do not fit are counted at the end."""
    lines = [f"### Review of {inline(review.name)}", "", inline(headline(review))]
    totals = totals_of(review)
    if totals:
        lines += ["", inline(totals)]
    lines += [f"\n> {inline(note)}" for note in (*review.notes, *review.problems)]
    if len(segments) < len(review.segments):
        lines += ["", f"Showing {len(segments)} of {len(review.segments)} segments, those that matter most first."]
    shown = "\n".join(lines) + "\n"
    tail = "\n_{} more segments do not fit into a comment._\n"
    room = limit - len(shown) - len(tail) - 8
    opened = 0
    for k, segment in enumerate(segments):
        unfold = segment.problem and opened < _OPEN
        text = _segment(segment, unfold=unfold)
        if len(text) > room:
            return (shown + tail.format(len(segments) - k))[:limit]
        shown, room, opened = shown + text, room - len(text), opened + unfold
    return shown


def _segment(segment: ReviewSegment, *, unfold: bool) -> str:
    """One ``<details>``. It holds no blank line: all of it is one HTML block, in which no Markdown is read."""
    begin = segment.english if segment.english is not None else segment.current
    begin = " ".join(begin.split())
    title = begin if len(begin) <= _SUMMARY else begin[: _SUMMARY - 1].rstrip() + "…"
    state = "✔ " if segment.approved else "⚠ " if segment.problem else ""
    where = " · ".join((f"{kind_of(segment)}, line {segment.line}", *figures_of(segment)))
    lines = [
        "",
        f"<details{' open' if unfold else ''}>",
        f"<summary>{state}<b>{segment.index + 1}</b> {inline(title)} <sub>{inline(where)}</sub></summary>",
        "<table>",
        *(f'<tr><th align="left">{label}</th><td>{text}</td></tr>' for label, text in _rows(segment)),
        "</table>",
        "</details>",
    ]
    return "\n".join(lines) + "\n"


def _rows(segment: ReviewSegment) -> Iterator[tuple[str, str]]:
    if segment.english is not None:
        yield "English", _text(segment.english)
    if segment.hypothesis is not None and segment.human is not None:
        if segment.hypothesis == segment.human:
            yield "both", _text(segment.human)
        else:
            yield ORIGINS[segment.origin or "file"], _text(segment.hypothesis)
            yield "human", _text(segment.human)
            yield "changes", changes(segment.hypothesis, segment.human)
        if segment.reference is not None and segment.edited:
            yield "file", _text(segment.current)
    else:
        yield "Portuguese", _text(segment.current)
    problems = [inline(problem) for problem in problems_of(segment)]
    if problems:
        yield "look at", "<br>".join(problems)
    for offer in segment.offers:
        if offer.intact:
            yield "English was", changes(offer.old_english, offer.new_english)
            yield "offered", _text(offer.hypothesis)


def changes(before: str, after: str) -> str:
    """The differences as ``<del>`` and ``<ins>``; what moved carries its number."""
    parts = []
    for edit in diff(before, after):
        old, new = before[edit.a0 : edit.a1], after[edit.b0 : edit.b1]
        match edit.kind:
            case "equal":
                parts.append(_text(new))
            case "delete":
                parts.append(_marked("del", old))
            case "insert":
                parts.append(_marked("ins", new))
            case "moved-away":
                parts.append(_marked("del", old, f"<sup>{edit.move}</sup>"))
            case "moved-here":
                parts.append(_marked("ins", new, f"<sup>{edit.move}</sup>"))
    return "".join(parts)


def _marked(tag: str, words: str, after: str = "") -> str:
    core = words.rstrip()
    return f"<{tag}>{_text(core)}</{tag}>{after}{_text(words[len(core) :])}"


def _text(text: str) -> str:
    return "<br>".join(inline(line) for line in text.split("\n"))


def inline(text: str) -> str:
    """Text that GitHub shows as it is, in an HTML block or outside: nothing in it is markup, a link or a mention."""
    flat = " ".join(visible(text).split("\n"))
    flat = re.sub(r"[\r\t\x0b\x0c]", " ", flat)
    pieces = [html.escape(piece) for piece in _AUTOMATIC.split(flat)]
    return re.sub(r"[\\`*_\[\]{}~|!()$]", lambda m: f"&#{ord(m[0])};", _BREAK.join(pieces))
