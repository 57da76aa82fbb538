"""What a run leaves behind about a bilingual file: the draft it was made from and what the machine wrote."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Row:
    """Entries of the draft and their Portuguese.

    ``entries`` index the recorded draft's entries, ``english`` are their slices. ``machine`` is the Portuguese
    that the machine wrote for this English (None: it never did), ``seen`` what the file held after the run.
    ``terms`` are the fingerprints (see `glossary.fingerprint`), one for each segment of the entries, of what the
    glossary said when ``machine`` was written; None: not known, as in the records of earlier versions.
    """

    entries: tuple[int, ...]
    english: tuple[str, ...]
    machine: str | None
    seen: str
    terms: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """A bilingual file after a run.

    ``draft`` is the draft's source. ``matter`` maps each item of the front matter (see `translate.rerun.matter`)
    to the text that the machine wrote for it, ``matter_terms`` each of those with segments to their fingerprints.
    ``layout`` is the form that was asked for.
    """

    draft: str
    rows: tuple[Row, ...]
    matter: dict[str, str]
    layout: str
    matter_terms: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def as_json(self, **more: str) -> str:
        """For the memory, with ``more`` beside it. Inverse: `from_json`, which leaves that out."""
        return json.dumps({"format": FORMAT, **asdict(self), **more}, ensure_ascii=False)

    @staticmethod
    def from_json(text: str) -> Record | None:
        """None for a record of another format: the file then counts as a human's."""
        data = json.loads(text)
        if data.pop("format", None) != FORMAT:
            return None
        rows = tuple(
            Row(tuple(row["entries"]), tuple(row["english"]), row["machine"], row["seen"], _terms(row.get("terms")))
            for row in data["rows"]
        )
        matter = {name: tuple(terms) for name, terms in data.get("matter_terms", {}).items()}
        return Record(data["draft"], rows, dict(data["matter"]), data["layout"], matter)


def _terms(found: list[str] | None) -> tuple[str, ...] | None:
    return None if found is None else tuple(found)
