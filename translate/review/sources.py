"""What is known of the machine's work on a bilingual file: the memory's record, a run's report."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from translate.document.model import Document
from translate.document.parse import parse
from translate.errors import UserError
from translate.outputs import target_name
from translate.rerun.plan import plan_rerun
from translate.rerun.record import Record
from translate.review.pairs import FRONT_MATTER, Page, in_order
from translate.text_file import read_text

Links = tuple[tuple[int, int, int, int, float], ...]


@dataclass(frozen=True, slots=True)
class Reported:
    """What a run's report says of a segment; ``confidence`` is its estimate of chrF2 as a share, 0 to 1."""

    source: str
    hypothesis: str
    confidence: float | None
    flags: tuple[str, ...]
    links: Links


@dataclass(frozen=True, slots=True)
class Machine:
    """What the machine wrote: Markdown by unit of the page, clean text by key of the front matter's segments.

    ``known`` tells whether there was a record at all.
    """

    units: Mapping[int, str] = field(default_factory=dict)
    matter: Mapping[tuple[str, int], str] = field(default_factory=dict)
    known: bool = False


def machine_of(page: Page, record: Record | None, draft: Document | None, keys: Sequence[str]) -> Machine:
    """The machine's Portuguese for the units that the record is sure about; ``draft`` is the record's, parsed."""
    if record is None or draft is None:
        return Machine()
    plan = plan_rerun(draft, page.existing, record, keys=keys)
    index = {id(unit): k for k, unit in enumerate(plan.existing.units)}
    units = {index[id(c.unit)]: c.machine for c in plan.changes if c.machine is not None and id(c.unit) in index}
    matter: dict[tuple[str, int], str] = {}
    if record.matter:
        written = parse("".join(record.matter.values()), front_matter_keys=keys)
        for kind in FRONT_MATTER:
            texts = [s.text for s in written.segments if s.kind == kind]
            matter |= {(kind, k): text for k, text in enumerate(texts)}
    return Machine(units, matter, known=True)


def read_report(path: Path | str, output: Path) -> tuple[list[Reported], str | None]:
    """The report's segments of the draft whose output is ``output`` (or its only draft), and the draft's name.

    Raises UserError where it cannot be read or has nothing about the file.
    """
    text = read_text(path, max_bytes=500_000_000).text
    try:
        data: Any = json.loads(text)
        issues = data["issues"]
        if data["format"] != 1:
            raise UserError(f"{path}: a report of format {data['format']!r}; make it anew with this version")
        own = [i for i in issues if i["output"] and Path(i["output"]).resolve() == output.resolve()]
        chosen = own or (issues if len(issues) == 1 else [])
        if not chosen:
            raise UserError(f"{path}: the report says nothing about {output}; give the report of its run")
        return [_reported(row) for row in chosen[0]["segments"]], str(chosen[0]["draft"])
    except (ValueError, KeyError, TypeError, IndexError):
        raise UserError(f"{path}: not a report of `translate-issue run --report`; check the path") from None


def _reported(row: Any) -> Reported:
    links = tuple((int(a), int(b), int(c), int(d), float(w)) for a, b, c, d, w in row.get("alignment", ()))
    confidence = row.get("confidence")
    return Reported(
        str(row["source"]),
        str(row["hypothesis"]),
        None if confidence is None else float(confidence),
        tuple(str(flag) for flag in row["flags"]),
        links,
    )


def reported_by_pair(page: Page, rows: Sequence[Reported]) -> dict[int, Reported]:
    """The report's row of each pair, matched by the English, equal ones in order."""
    waiting = in_order([(k, row.source) for k, row in enumerate(rows)])
    found: dict[int, Reported] = {}
    for index, pair in enumerate(page.pairs):
        queue = waiting.get(" ".join(pair.english.clean.split())) if pair.english is not None else None
        if queue:
            found[index] = rows[queue.pop(0)]
    return found


def find_draft(bilingual: Path, given: str | None, *, max_bytes: int, keys: Sequence[str]) -> Document | None:
    """The draft: the one given, or the one beside the file whose run writes to it; None if there is none.

    Raises UserError for a given one that cannot be read.
    """
    if given is not None:
        return parse(read_text(given, max_bytes=max_bytes).text, front_matter_keys=keys)
    for candidate in sorted(bilingual.parent.glob("*.m*d*")):
        if candidate.name != bilingual.name and target_name(candidate.name) == bilingual.name and candidate.is_file():
            try:
                return parse(read_text(candidate, max_bytes=max_bytes).text, front_matter_keys=keys)
            except UserError:
                return None  # a neighbour that cannot be read is not what the user asked about
    return None
