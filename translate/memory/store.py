"""The memory's file: SQLite in WAL mode, safe for several runs at once and for a kill at any moment."""

from __future__ import annotations

import json
import shutil
import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from translate.errors import UserError
from translate.memory.fuzzy import Index
from translate.memory.places import Places, belongs
from translate.memory.units import ORIGINS, Unit, digest
from translate.patience import patience
from translate.rerun.record import Record

if TYPE_CHECKING:
    from translate.config import Config

SCHEMA_VERSION = 1
BUSY_SECONDS = 60.0
"""How long to wait for another process; TRANSLATE_ISSUE_WAIT_SECONDS outranks it."""

_SCHEMA = """
CREATE TABLE unit (
    id INTEGER PRIMARY KEY,
    source TEXT NOT NULL,
    text TEXT NOT NULL,
    target TEXT NOT NULL,
    origin TEXT NOT NULL CHECK (origin IN ('human', 'import', 'machine')),
    approved INTEGER NOT NULL,
    context TEXT NOT NULL,
    document TEXT NOT NULL,
    heading TEXT NOT NULL,
    hypothesis TEXT NOT NULL,
    signature TEXT NOT NULL,
    created REAL NOT NULL,
    updated REAL NOT NULL,
    UNIQUE (source, context, origin)
);
CREATE INDEX unit_text ON unit (text);
CREATE TABLE file (
    path TEXT PRIMARY KEY,
    record TEXT,
    pending TEXT,
    scored TEXT NOT NULL DEFAULT '',
    updated REAL NOT NULL
);
"""
_COLUMNS = [f.name for f in fields(Unit)]
_TIMES = ("created", "updated")
_ROOM = 64 * 1024  # bytes: what SQLite takes at once is less
_READ = "read"
"""Beside a pending record: the digest of what the file held when the run began."""
_RANK = "CASE origin WHEN 'human' THEN 0 WHEN 'import' THEN 1 ELSE 2 END"


@dataclass(frozen=True, slots=True)
class Match:
    """A unit and how similar its text is to what was looked up (0 to 100; 100: the same text)."""

    unit: Unit
    score: float


def memory_path(config: Config | None = None) -> Path:
    """Where the memory is: TRANSLATE_ISSUE_MEMORY, else ``memory.file``, else the user's data directory."""
    import os

    chosen = os.environ.get("TRANSLATE_ISSUE_MEMORY")
    if chosen:
        return Path(chosen)
    if config is not None and config.memory.file is not None:
        return config.memory.file
    import platformdirs

    return platformdirs.user_data_path("translate-issue", appauthor=False) / "memory.sqlite"


def open_memory(config: Config | None = None) -> Memory:
    """The configured memory, made if it is not there. Raises UserError as `Memory` does."""
    return Memory(memory_path(config))


class Memory:
    """An open memory. Use as a context manager, from one thread.

    Raises UserError, here and in every method, when the file cannot be used: no permission, not a memory, damaged,
    written by a newer version, locked for longer than a minute (see `translate.patience`), or the disk is full.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self._index: tuple[tuple[int, int], Index] | None = None
        self._known_places: tuple[tuple[int, int], Places] | None = None
        with self._errors():
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise UserError(f"{self.path}: the memory's directory cannot be made ({error.strerror}).") from None
            self._db = sqlite3.connect(self.path, timeout=patience(BUSY_SECONDS), isolation_level=None)
        try:
            with self._errors():
                self._prepare()
        except BaseException:
            self._db.close()
            raise

    def _prepare(self) -> None:
        self._db.execute(f"PRAGMA busy_timeout = {int(patience(BUSY_SECONDS) * 1000)}")
        _patiently(lambda: self._db.execute("PRAGMA journal_mode = WAL"))
        self._db.execute("PRAGMA synchronous = FULL")
        version: int = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            with self._transaction():
                # Another process may have been first.
                version = self._db.execute("PRAGMA user_version").fetchone()[0]
                if version == 0:
                    if self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                        raise UserError(f"{self.path}: this is another program's database; choose another memory.file.")
                    for statement in _SCHEMA.split(";\n"):
                        self._db.execute(statement)
                    self._db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
                    version = SCHEMA_VERSION
        if version > SCHEMA_VERSION:
            raise UserError(
                f"{self.path}: the memory was written by a newer version of translate-issue (format {version}, this "
                f"one reads {SCHEMA_VERSION}); update translate-issue or choose another memory.file."
            )

    def __enter__(self) -> Memory:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the file; what was added is there already."""
        self._db.close()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            reason = str(error)
            if "locked" in reason or "busy" in reason:
                advice = "another program holds it; end that and run again"
            elif "full" in reason or ("disk I/O" in reason and _is_full(self.path.parent)):
                advice = "no space is left on the device; free some and run again"
            elif "not a database" in reason or "malformed" in reason:
                advice = "it is damaged or no memory; move it away, and a new one is made"
            else:
                advice = "check its path, its permissions and that the disk has room"
            raise UserError(f"{self.path}: the memory cannot be used ({reason}): {advice}.") from None

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        # A commit is one transaction however many rows it has; readers are never held up (WAL).
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    # Units -----------------------------------------------------------------------------------------

    def add(self, units: Iterable[Unit]) -> int:
        """Adds units; one of the same source, context and origin is replaced. Gives their number."""
        with self._errors(), self._transaction():
            return self._add(units)

    def _add(self, units: Iterable[Unit]) -> int:
        now = time.time()
        rows = [
            [getattr(unit, name) if name not in _TIMES else getattr(unit, name) or now for name in _COLUMNS]
            for unit in units
        ]
        names = ", ".join(_COLUMNS)
        values = ", ".join("?" * len(_COLUMNS))
        kept = ("source", "context", "origin", "created")
        updates = ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS if name not in kept)
        self._db.executemany(
            f"INSERT INTO unit ({names}) VALUES ({values}) "
            f"ON CONFLICT (source, context, origin) DO UPDATE SET {updates}",
            rows,
        )
        return len(rows)

    def units(self) -> Iterator[Unit]:
        """Every unit, oldest first."""
        with self._errors():
            rows = self._db.execute(f"SELECT {', '.join(_COLUMNS)} FROM unit ORDER BY created, id").fetchall()
        yield from map(_unit, rows)

    def exact(self, source: str, context: str = "", *, signature: str | None = None) -> Unit | None:
        """The unit to reuse for a segment of the same Markdown, or None.

        A human text outranks an imported one, that a machine's; the same context goes first. From another context
        a text is taken only if all of its rank agree. A machine's text needs the same ``signature`` (None: never).
        """
        with self._errors():
            rows = self._db.execute(
                f"SELECT {', '.join(_COLUMNS)} FROM unit WHERE source = ? ORDER BY {_RANK}, context != ?, updated DESC",
                (source, context),
            ).fetchall()
        found = [_unit(row) for row in rows]
        for origin in ("human", "import"):
            ranked = [unit for unit in found if unit.origin == origin]
            if ranked and (ranked[0].context == context or len({unit.target for unit in ranked}) == 1):
                return ranked[0]
        machine = [unit for unit in found if unit.origin == "machine" and signature and unit.signature == signature]
        return machine[0] if machine else None

    def human(self, source: str, context: str) -> Unit | None:
        """The unit that a human wrote or approved for a segment in just this context."""
        with self._errors():
            row = self._db.execute(
                f"SELECT {', '.join(_COLUMNS)} FROM unit WHERE source = ? AND context = ? AND origin = 'human'",
                (source, context),
            ).fetchone()
        return None if row is None else _unit(row)

    def restore(self, source: str, context: str, unit: Unit | None) -> None:
        """Undoes an `add` of a human's unit: what `human` gave before it comes back, None: there was none."""
        with self._errors(), self._transaction():
            self._db.execute(
                "DELETE FROM unit WHERE source = ? AND context = ? AND origin = 'human'", (source, context)
            )
            if unit is not None:
                self._add([unit])

    def fuzzy(self, text: str, limit: int = 5, *, least: float = 75.0) -> list[Match]:
        """The units whose text is most similar (at least ``least`` %), human texts first among equals."""
        found = self._fuzzy_index().search(text, limit, least)
        matches = [Match(_unit(row), score) for row, score in self._rows(found)]
        return sorted(matches, key=lambda m: (-m.score, ORIGINS.index(m.unit.origin)))[:limit]

    def _rows(self, found: list[tuple[str, float]]) -> Iterator[tuple[Any, float]]:
        for text, score in found:
            with self._errors():
                rows = self._db.execute(f"SELECT {', '.join(_COLUMNS)} FROM unit WHERE text = ?", (text,)).fetchall()
            yield from ((row, score) for row in rows)

    def _fuzzy_index(self) -> Index:
        """Built once, and again when anyone has changed the memory."""
        state = self._state()
        with self._errors():
            if self._index is None or self._index[0] != state:
                texts = [row[0] for row in self._db.execute("SELECT DISTINCT text FROM unit")]
                self._index = (state, Index(texts))
        return self._index[1]

    def stats(self) -> dict[str, int]:
        """Numbers of units by origin, of approved ones, of documents and of recorded files."""
        with self._errors():
            counts = dict(self._db.execute("SELECT origin, count(*) FROM unit GROUP BY origin"))
            rest = self._db.execute(
                "SELECT (SELECT count(*) FROM unit WHERE approved), (SELECT count(DISTINCT document) FROM unit "
                "WHERE document != ''), (SELECT count(*) FROM file)"
            ).fetchone()
        return {
            "units": sum(counts.values()),
            **{origin: int(counts.get(origin, 0)) for origin in ORIGINS},
            **dict(zip(("approved", "documents", "files"), rest, strict=True)),
        }

    # Files -----------------------------------------------------------------------------------------

    def record(self, path: Path | str, text: str) -> Record | None:
        """What was recorded of a bilingual file that now holds ``text``.

        A run that was killed while it wrote leaves two records, of before and after. If ``text`` is what that run had
        read, it has written nothing; otherwise the record that knows more of the text is the true one. Of a path that
        the memory does not know, it gives the record of a file of the same name elsewhere if nearly all of that stands
        in ``text``: a checkout that was moved, or another machine's (see `translate.memory.places`).
        """
        row = self._file("pending, record", _name(path))
        if row is not None and row[0] is not None and json.loads(row[0]).get(_READ) == digest(text):
            row = None, row[1]
        own = _truest(row or (), text)
        # Only pending: the first run in this place was killed, maybe before it wrote.
        if row is not None and (row[1] is not None or (own is not None and _was_written(own, text))):
            return own
        for other in self._places().like(_name(path)):
            record = _truest(self._file("pending, record", other) or (), text)
            if record is not None and belongs(record, text):
                return record
        return own

    def _file(self, columns: str, name: str) -> tuple[Any, ...] | None:
        with self._errors():
            row: tuple[Any, ...] | None = self._db.execute(
                f"SELECT {columns} FROM file WHERE path = ?", (name,)
            ).fetchone()
        return row

    def _places(self) -> Places:
        state = self._state()
        if self._known_places is None or self._known_places[0] != state:
            with self._errors():
                paths = [row[0] for row in self._db.execute("SELECT path FROM file")]
            self._known_places = (state, Places(paths))
        return self._known_places[1]

    def _state(self) -> tuple[int, int]:
        """Changes when anyone has changed the memory."""
        with self._errors():
            return int(self._db.execute("PRAGMA data_version").fetchone()[0]), self._db.total_changes

    def stage(
        self,
        path: Path | str,
        record: Record,
        units: Iterable[Unit] = (),
        *,
        read: str | None = None,
        known: Record | None = None,
    ) -> None:
        """Before a bilingual file is written: what it will hold, and its units, in one transaction.

        ``read`` is what it holds until then (None: there is no file), ``known`` the record that `record` gave for
        that: it stays, should an earlier run have been killed and left two.
        """
        before = {} if read is None else {_READ: digest(read)}
        with self._errors(), self._transaction():
            self._add(units)
            if known is not None:
                self._db.execute(
                    "UPDATE file SET record = ? WHERE path = ? AND pending IS NOT NULL", (known.as_json(), _name(path))
                )
            self._db.execute(
                "INSERT INTO file (path, pending, updated) VALUES (?, ?, ?) "
                "ON CONFLICT (path) DO UPDATE SET pending = excluded.pending, updated = excluded.updated",
                (_name(path), record.as_json(**before), time.time()),
            )

    def withdraw(self, path: Path | str) -> None:
        """After `stage`, if the file was not written; the units stay."""
        with self._errors(), self._transaction():
            self._db.execute("UPDATE file SET pending = NULL WHERE path = ?", (_name(path),))
            self._db.execute("DELETE FROM file WHERE path = ? AND record IS NULL", (_name(path),))

    def confirm(self, path: Path | str, *, scored: str | None = None) -> None:
        """After it was written; ``scored`` is the text whose translation was scored."""
        with self._errors(), self._transaction():
            self._db.execute(
                "UPDATE file SET record = pending, pending = NULL WHERE path = ? AND pending IS NOT NULL",
                (_name(path),),
            )
            if scored is not None:
                self._db.execute("UPDATE file SET scored = ? WHERE path = ?", (digest(scored), _name(path)))

    def is_settled(self, path: Path | str) -> bool:
        """Whether no run has begun to write this file without coming to its end (`stage` without `confirm`)."""
        row = self._file("pending IS NULL", _name(path))
        return row is None or bool(row[0])

    def is_scored(self, path: Path | str, text: str) -> bool:
        """Whether the bilingual file was scored with this very text, here or where it was before."""
        row, scored = self._file("scored", _name(path)), digest(text)
        if row is not None:
            return bool(row[0] == scored)
        return any(self._file("scored", other) == (scored,) for other in self._places().like(_name(path)))


def _truest(row: tuple[Any, ...], text: str) -> Record | None:
    records = [Record.from_json(json) for json in row if json]
    known = [record for record in records if record is not None]
    # What a record says and the text does not have speaks against it: else what a run was about to add, and did not
    # come to, would look like something that a human took out.
    return max(known, key=lambda record: sum(1 if row.seen in text else -1 for row in record.rows), default=None)


def _was_written(record: Record, text: str) -> bool:
    """Whether a pending record without an earlier one is of this text: some of what the machine wrote is in it."""
    fresh = [row for row in record.rows if row.machine is not None and row.seen.strip()]
    return belongs(record, text) and (not fresh or any(row.seen in text for row in fresh))


def _name(path: Path | str) -> str:
    return str(Path(path).resolve())


def _unit(row: tuple[Any, ...]) -> Unit:
    values = dict(zip(_COLUMNS, row, strict=True))
    return Unit(**{**values, "approved": bool(values["approved"])})


def _is_full(folder: Path) -> bool:
    """SQLite reports a disk without room for its index of the log (``-shm``) as an error of the disk."""
    try:
        return shutil.disk_usage(folder).free < _ROOM
    except OSError:
        return False


def _patiently(action: Any) -> None:
    """Switching to WAL needs the file for itself for a moment, and SQLite does not wait for that."""
    until = time.monotonic() + patience(BUSY_SECONDS)
    while True:
        try:
            action()
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
            time.sleep(0.02)
