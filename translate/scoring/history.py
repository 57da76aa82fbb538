"""The history of scores: one record for each scored issue of each run, as JSON lines that only ever grow.

Writers append whole lines under a lock, so several runs may finish at once; a line that a killed writer left half
written is closed by the next one and passed over by readers, who say so.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from translate.errors import UserError

if TYPE_CHECKING:
    from translate.config import Config

FORMAT = 1
LOCK_SECONDS = 60.0
Counts = tuple[int, int]
"""Kept, and occurrences in all."""


@dataclass(frozen=True, slots=True)
class Value:
    """A corpus score with its signature and, if it was asked for, its 95 % interval."""

    value: float
    signature: str
    interval: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """One issue of one run.

    ``time`` is UTC (ISO 8601); ``draft`` and ``human`` are digests of the files; ``signature`` is the run's. ``scores``
    are of clean text, ``segments`` maps the digest of a segment's English to its chrF2. ``terms`` counts the glossary's
    terms in the segments that the model translated in this run (``translated`` of ``total``); what stood in the file
    already is not the model's. ``published`` is False where the gate kept the previous file.
    """

    time: str
    issue: str
    draft: str
    human: str
    signature: Mapping[str, str]
    terms: Counts
    translated: int
    total: int
    flagged: int
    words: int
    seconds: float
    translating: float
    human_terms: Counts = (0, 0)
    matched: int = 0
    scores: Mapping[str, Value] = field(default_factory=dict)
    segments: Mapping[str, float] = field(default_factory=dict)
    published: bool = True
    reasons: tuple[str, ...] = ()

    @property
    def version(self) -> str:
        """What decides the numbers, in a few characters: model, engine, beam, glossary."""
        s = self.signature
        model = s.get("hash", s.get("model", "?"))[:8]
        parts = (model, s.get("engine", ""), f"beam {s['beam']}" if "beam" in s else "")
        return " ".join(filter(None, (*parts, f"glossary {s.get('glossary', 'none')[:8]}")))

    def as_json(self) -> str:
        """One line."""
        return json.dumps({"format": FORMAT, **asdict(self)}, ensure_ascii=False, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class History:
    """The records in the order in which they were written, and the 1-based lines that could not be read.

    Clocks are set back and differ between machines: the file's order is the truth, ``Record.time`` is for people.
    """

    records: tuple[Record, ...]
    damaged: tuple[int, ...] = ()


def history_path(config: Config) -> Path:
    """Where the history is: ``history.file``, else ``history.jsonl`` beside the translation memory."""
    from translate.memory.store import memory_path

    return config.history.file or memory_path(config).with_name("history.jsonl")


def read_history(path: Path) -> History:
    """All records; none if there is no file. Raises UserError where it cannot be read."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return History(())
    except OSError as error:
        reason = error.strerror
        raise UserError(f"{path}: the history cannot be read ({reason}); choose another history.file.") from None
    records, damaged = [], []
    for number, line in enumerate(data.split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            records.append(_record(json.loads(line)))
        except (ValueError, TypeError, KeyError, AttributeError):
            damaged.append(number)
    return History(tuple(records), tuple(damaged))


def _record(row: dict[str, Any]) -> Record:
    if row.pop("format") != FORMAT:
        raise ValueError("another format")
    row["scores"] = {
        name: Value(float(v["value"]), str(v["signature"]), None if v["interval"] is None else tuple(v["interval"]))
        for name, v in row["scores"].items()
    }
    for name in ("terms", "human_terms", "reasons"):
        row[name] = tuple(row[name])
    return Record(**row)


def append(path: Path, records: Sequence[Record]) -> None:
    """Adds the records, all or none. Raises UserError where they cannot be written."""
    if not records:
        return
    data = "".join(f"{record.as_json()}\n" for record in records).encode()
    with _locked(path):
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            size = os.fstat(descriptor).st_size
            if size and os.pread(descriptor, 1, size - 1) != b"\n":
                data = b"\n" + data
            try:
                view = memoryview(data)
                while view:
                    view = view[os.write(descriptor, view) :]
                os.fsync(descriptor)
            except BaseException:
                os.ftruncate(descriptor, size)
                raise
        finally:
            os.close(descriptor)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    from filelock import FileLock, Timeout

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{path}.lock", LOCK_SECONDS):
            yield
    except Timeout:
        raise UserError(f"{path}: another run is writing this history; run again when it is done.") from None
    except OSError as error:
        reason = error.strerror or str(error)
        raise UserError(f"{path}: the history cannot be written ({reason}); choose another history.file.") from None


def check_writable(path: Path) -> None:
    """Finds out before any work is done whether records can be added. Raises UserError."""
    with _locked(path), path.open("ab"):
        pass
