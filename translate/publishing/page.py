"""The summary of a publishing run: a table of its issues, and a page with links to bilingual files and reviews."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

from translate.publishing.results import Outcome, Published
from translate.score_table import Row, table_markdown


def rows(published: Published) -> list[Row]:
    """One row for each issue that the run tried to publish, and for each that waits for a human."""
    return [_row(outcome) for outcome in [*published.worked, *published.of("in conflict")]]


def _row(outcome: Outcome) -> Row:
    return {"draft": outcome.draft, "state": outcome.state} | {
        key: value for key, value in (outcome.row or {}).items() if key != "draft"
    }


def summary_page(published: Published, links: str | None) -> str:
    """The page in Markdown. ``links``: what addresses of bilingual files begin with; None: file addresses."""
    from_commit = f" at commit `{published.commit[:12]}`" if published.commit else ""
    lines = [
        "# Published issues",
        "",
        f"Run `{published.run_id}` over `{published.root}`{from_commit}: {published.line()}.",
        f"{published.words} words in {published.seconds:.1f} s.",
        "",
    ]
    table = rows(published)
    if table:
        lines += [table_markdown(table), ""]
    for outcome in [*published.worked, *published.of("in conflict")]:
        lines.append(_item(outcome, published.root, links))
    if published.left_out:
        lines += ["", f"Left out because they are symbolic links: {', '.join(map(_code, published.left_out))}."]
    return "\n".join([*lines, ""])


def _item(outcome: Outcome, root: Path, links: str | None) -> str:
    address = (root / outcome.bilingual).as_uri() if links is None else links + quote(outcome.bilingual)
    parts = [] if outcome.state == "failed" else [f"[bilingual file]({address})"]
    if outcome.review is not None:
        parts.append(f"[review]({outcome.review.as_uri()})")
    if outcome.message:
        parts.append(_plain(outcome.message))
    return f"- {_code(outcome.draft)} ({outcome.state})" + (f": {', '.join(parts)}" if parts else "")


def _code(name: str) -> str:
    """A file's name as a code span: names come from the repository and may hold Markdown."""
    flat = " ".join(name.split()).replace("`", "'")
    return f"`{flat}`"


def _plain(message: str) -> str:
    """A message as Markdown that shows it as it is."""
    flat = " ".join(message.split())
    return "".join(f"\\{c}" if c in "\\`*_[]<>&#|!" else c for c in flat)
