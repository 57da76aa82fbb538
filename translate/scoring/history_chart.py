"""The history as a picture: BLEU, chrF2 and term accuracy of every issue, a colour for each version. SVG by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape

from translate.scoring.history import Record

_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#555555")
"""Okabe & Ito's: told apart by colour-blind readers too; versions beyond them repeat the colours, with another mark."""
_LEFT, _TOP, _HEIGHT, _GAP, _COLUMN, _LINE = 64, 28, 150, 46, 58, 18
_STEPS = (2, 5, 10, 20)
_STYLE = "text{font:12px sans-serif;fill:#222}.t{font-weight:bold}.g{stroke:#ddd}.m{fill:#666}"

Reading = Callable[[Record], "Point | None"]


@dataclass(frozen=True, slots=True)
class Point:
    """A value of 0 to 100 with its interval."""

    value: float
    low: float
    high: float


def score_of(name: str) -> Reading:
    """Reads a metric of a record."""

    def read(record: Record) -> Point | None:
        found = record.scores.get(name)
        if found is None:
            return None
        low, high = found.interval or (found.value, found.value)
        return Point(found.value, low, high)

    return read


def terms_of(record: Record) -> Point | None:
    """The share of terms kept, in per cent; None where the model translated none."""
    kept, total = record.terms
    return Point(100 * kept / total, 100 * kept / total, 100 * kept / total) if total else None


PANELS: tuple[tuple[str, Reading], ...] = (
    ("BLEU", score_of("BLEU")),
    ("chrF2", score_of("chrF2")),
    ("terms kept, %", terms_of),
)


def latest(records: Sequence[Record]) -> dict[tuple[str, str], Record]:
    """The newest record of each issue and version."""
    return {(r.issue, r.version): r for r in sorted(records, key=lambda r: r.time)}


def svg(records: Sequence[Record]) -> str:
    """A panel for each measure; issues from left to right, a line for each version, its 95 % intervals upright."""
    chosen = latest(records)
    issues = sorted({issue for issue, _ in chosen})
    versions = list(dict.fromkeys(r.version for r in sorted(records, key=lambda r: r.time)))
    width = max(_LEFT + _COLUMN * max(1, len(issues)) + 20, 520)
    top = _TOP
    body: list[str] = []
    for title, read in PANELS:
        body += _panel(title, read, chosen, issues, versions, top, width)
        top += _HEIGHT + _GAP
    for k, version in enumerate(versions):
        body.append(_mark(k, _LEFT, top - 4))
        body.append(f'<text x="{_LEFT + 12}" y="{top}">{escape(version)}</text>')
        top += _LINE
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{top + 4}" viewBox="0 0 {width} {top + 4}" '
        f'role="img" aria-label="BLEU, chrF2 and terms kept by issue and version"><style>{_STYLE}</style>'
        f'<rect width="{width}" height="{top + 4}" fill="#fff"/>'
    )
    return "\n".join([head, *body, "</svg>", ""])


def _panel(
    title: str,
    read: Reading,
    chosen: dict[tuple[str, str], Record],
    issues: Sequence[str],
    versions: Sequence[str],
    top: int,
    width: int,
) -> Iterator[str]:
    points = {key: point for key, record in chosen.items() if (point := read(record)) is not None}
    low = max(0.0, min((p.low for p in points.values()), default=0.0) // 10 * 10)
    high = min(100.0, max((p.high for p in points.values()), default=100.0) // 10 * 10 + 10)
    low = low if low < high else high - 10

    def y(value: float) -> float:
        return round(top + _HEIGHT * (1 - (value - low) / (high - low)), 1)

    yield f'<text class="t" x="{_LEFT}" y="{top - 10}">{escape(title)}</text>'
    for tick in range(int(low), int(high) + 1, next(step for step in _STEPS if (high - low) / step <= 6)):
        yield f'<line class="g" x1="{_LEFT}" x2="{width - 12}" y1="{y(tick)}" y2="{y(tick)}"/>'
        yield f'<text class="m" x="{_LEFT - 8}" y="{y(tick) + 4}" text-anchor="end">{tick}</text>'
    for column, issue in enumerate(issues):
        x = _LEFT + _COLUMN * (column + 0.5)
        yield f'<text class="m" x="{x}" y="{top + _HEIGHT + 16}" text-anchor="middle">{escape(_short(issue))}</text>'
    for k, version in enumerate(versions):
        colour = _COLOURS[k % len(_COLOURS)]
        shift = 5 * (k - (len(versions) - 1) / 2)
        here = [
            (_LEFT + _COLUMN * (column + 0.5) + shift, points[issue, version], issue)
            for column, issue in enumerate(issues)
            if (issue, version) in points
        ]
        if len(here) > 1:
            path = " ".join(f"{x},{y(p.value)}" for x, p, _ in here)
            yield f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-opacity="0.35"/>'
        for x, p, issue in here:
            spread = f" [{p.low:.1f}, {p.high:.1f}]" if p.low < p.high else ""
            yield f"<g><title>{escape(f'{issue}: {title} {p.value:.1f}{spread}, {version}')}</title>"
            if spread:
                yield f'<line x1="{x}" x2="{x}" y1="{y(p.low)}" y2="{y(p.high)}" stroke="{colour}"/>'
            yield _mark(k, x, y(p.value)) + "</g>"


def _mark(k: int, x: float, y: float) -> str:
    colour = _COLOURS[k % len(_COLOURS)]
    if k // len(_COLOURS) % 2:
        return f'<rect x="{x - 4}" y="{y - 4}" width="8" height="8" fill="{colour}"/>'
    return f'<circle cx="{x}" cy="{y}" r="4" fill="{colour}"/>'


def _short(text: str) -> str:
    return text if len(text) <= 8 else f"{text[:7]}…"


def page(records: Sequence[Record], head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A page of its own: the picture and the table, nothing from anywhere else."""
    cells = "".join(f"<th>{escape(name)}</th>" for name in head)
    lines = "\n".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Scores</title><style>'
        "body{font:14px sans-serif;margin:2em}table{border-collapse:collapse}td,th{padding:.2em .8em;text-align:left;"
        "border-bottom:1px solid #ddd;font-variant-numeric:tabular-nums}</style></head><body>\n<h1>Scores</h1>\n"
        f"{svg(records)}<table><thead><tr>{cells}</tr></thead><tbody>\n{lines}\n</tbody></table>\n</body></html>\n"
    )
