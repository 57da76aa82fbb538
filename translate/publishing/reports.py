"""A publishing run's report on the disk: summary, table, reviews; and the mark of a run that has not ended."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from translate.config import Config
from translate.document.model import Document
from translate.errors import UserError
from translate.memory.store import Memory, memory_path
from translate.patience import in_words, patience
from translate.publishing.log import RunLog
from translate.publishing.page import summary_page
from translate.publishing.results import Published
from translate.text_file import remove_leftovers, write_atomic

LOCK_SECONDS = 3600.0
"""How long to wait for another run; TRANSLATE_ISSUE_WAIT_SECONDS outranks it."""


def reports_directory(config: Config) -> Path:
    """Where runs report; ``log.jsonl`` and ``latest.md`` are there."""
    return config.publish.reports or memory_path(config).parent / "reports"


def run_folder(config: Config, run_id: str) -> Path:
    """The folder of one run, named by time and id."""
    return reports_directory(config) / f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{run_id[:8]}"


def write_report(published: Published, config: Config) -> str:
    """Writes ``summary.md``, ``issues.json`` and ``latest.md``; gives the summary."""
    page = summary_page(published, config.publish.links)
    if published.folder is not None:
        make(published.folder)
        write_atomic(published.folder / "summary.md", page)
        issues = json.dumps(published.as_dict(), ensure_ascii=False, indent=1) + "\n"
        write_atomic(published.folder / "issues.json", issues)
        write_atomic(reports_directory(config) / "latest.md", page)
    return page


def write_review(bilingual: Path, inside: str, draft: Document, folder: Path, config: Config, memory: Memory) -> Path:
    """The review page of a bilingual file; ``inside`` is the file's path from the root. Raises UserError."""
    from translate.review.desk import Desk, ReviewRequest
    from translate.review.html import page
    from translate.review.model import ordered
    from translate.review.payload import page_data

    desk = Desk(ReviewRequest(bilingual, draft=draft), config, memory=memory)
    review, _ = desk.review(desk.text())
    target = folder / "reviews" / f"{inside}.html"
    make(target.parent)
    write_atomic(target, page(page_data(review, ordered(review.segments, "effort"), "effort")))
    return target


def make(folder: Path) -> None:
    """The folder, made if it is not there. Raises UserError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{folder}: cannot make this directory ({error.strerror}); set publish.reports.") from None


@contextmanager
def only_run(root: Path, config: Config, log: RunLog) -> Iterator[None]:
    """No other run publishes this root meanwhile; waits for one that does, and tells of one that was cut off.

    Raises UserError after an hour (see `translate.patience`). The lock dies with its process; the mark that tells of
    it stays, also where the run is interrupted.
    """
    from filelock import FileLock, Timeout

    folder = reports_directory(config)
    make(folder)
    name = sha256(os.fsencode(root)).hexdigest()[:16]
    mark = folder / f".running-{name}.json"
    longest = patience(LOCK_SECONDS)
    lock = FileLock(folder / f".running-{name}.lock", longest)
    try:
        if not _taken(lock):
            log.note("waiting", f"another run is publishing {root}; waiting for it")
            lock.acquire()
    except Timeout:
        raise UserError(
            f"{root}: another run has been publishing this for {in_words(longest)}; "
            "wait for it or end it, then run again."
        ) from None
    except OSError as error:
        raise UserError(f"{folder}: no lock can be made here ({error.strerror}); set publish.reports.") from None
    try:
        remove_leftovers([folder])
        if mark.exists():
            cut = mark.read_text(encoding="utf-8", errors="replace").strip()
            log.note(
                "unfinished",
                f"an earlier run over {root} was cut off; what it left is done now",
                cut_off=cut,
                level="warning",
            )
        write_atomic(mark, json.dumps({"run": log.run_id, "root": str(root), "process": os.getpid()}) + "\n")
        yield
    except Exception as error:
        log.note("stopped", str(error) or type(error).__name__, level="error")
        mark.unlink(missing_ok=True)  # it ended by itself and said why
        raise
    except BaseException as error:
        what = type(error).__name__
        log.note("interrupted", f"interrupted ({what}); the next run does what is left", level="warning")
        raise
    else:
        mark.unlink(missing_ok=True)
    finally:
        lock.release()


def _taken(lock: object) -> bool:
    from filelock import FileLock, Timeout

    assert isinstance(lock, FileLock)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return False
    return True
