"""Converted models in the user's cache: built once, whole or absent, checked before use.

An entry is a directory ``ct2/<checkpoint hash>-<compute type>-<CTranslate2 version>`` with a manifest of
sizes and SHA-256 of its files. It is built in a temporary sibling and renamed into place under a file
lock, so that two processes may start at once, be killed at any moment, and never see half an entry.
"""

from __future__ import annotations

import errno
import hashlib
import json
import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from translate.errors import UserError

MANIFEST = "manifest.json"
ENVIRONMENT = "TRANSLATE_ISSUE_CACHE"

_log = logging.getLogger(__name__)


def cache_root() -> Path:
    """``$TRANSLATE_ISSUE_CACHE``, or the user's cache directory for this program."""
    given = os.environ.get(ENVIRONMENT)
    if given:
        return Path(given).expanduser()
    from platformdirs import user_cache_dir

    return Path(user_cache_dir("translate-issue"))


def entry(name: str, build: Callable[[Path], None], *, root: Path | None = None) -> Path:
    """The directory of the cache entry ``ct2/<name>``, built by ``build(directory)`` when absent or damaged.

    An unwritable cache is said so in the log and replaced by a temporary directory of this user and
    content. Raises UserError when the disk is full; what ``build`` raises passes through.
    """
    parent = (root or cache_root()) / "ct2"
    final = parent / name
    if is_whole(final):
        return final
    try:
        parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=parent):
            pass
    except OSError as error:
        if error.errno in _FULL:
            raise _disk_full(parent) from None
        fallback = Path(tempfile.gettempdir()) / f"translate-issue-{_user()}"
        if parent == fallback / "ct2":
            raise UserError(f"The cache directory {parent} cannot be written ({error.strerror}).") from None
        _log.warning("The cache %s cannot be written (%s); using %s.", parent, error.strerror, fallback)
        _private(fallback)
        return entry(name, build, root=fallback)
    with _locked(parent / f"{name}.lock") as alone:
        if not is_whole(final):  # another process may have built it while this one waited
            if alone:
                _remove_abandoned(final)
            _build(final, build)
    return final


def is_whole(directory: Path) -> bool:
    """Whether a manifest is there and every file in it has its recorded size and SHA-256."""
    try:
        files = json.loads((directory / MANIFEST).read_text())["files"]
        return bool(files) and all(
            (directory / name).stat().st_size == size and sha256_file(directory / name) == digest
            for name, (size, digest) in files.items()
        )
    except (OSError, ValueError, KeyError, TypeError):
        return False


_FULL = (errno.ENOSPC, errno.EDQUOT)


def _disk_full(path: Path) -> UserError:
    return UserError(
        f"No space left for the converted model in {path}: free some, or set {ENVIRONMENT} to another disk."
    )


def _remove_abandoned(final: Path) -> None:
    """What a killed process left of its attempt; only for the holder of the entry's lock."""
    for abandoned in final.parent.glob(f".{final.name}-*"):
        _log.warning("A conversion was cut off; removing what it left in %s.", abandoned)
        shutil.rmtree(abandoned, ignore_errors=True)


def _build(final: Path, build: Callable[[Path], None]) -> None:
    if final.exists():
        _log.warning("The converted model in %s is damaged; converting again.", final)
    try:
        temporary = Path(tempfile.mkdtemp(prefix=f".{final.name}-", dir=final.parent))
        try:
            build(temporary)
            _write_manifest(temporary)
            shutil.rmtree(final, ignore_errors=True)
            temporary.rename(final)
            _sync(final.parent)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    except OSError as error:
        if error.errno in _FULL:
            raise _disk_full(final.parent) from None
        raise UserError(f"The converted model cannot be written to {final.parent} ({error.strerror}).") from None


def _write_manifest(directory: Path) -> None:
    files = sorted(p for p in directory.iterdir() if p.is_file())
    for path in files:
        _sync(path)
    recorded = {p.name: (p.stat().st_size, sha256_file(p)) for p in files}
    manifest = directory / MANIFEST
    manifest.write_text(json.dumps({"files": recorded}))
    _sync(manifest)
    _sync(directory)


def sha256_file(path: Path) -> str:
    """SHA-256 (hex) of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: Path) -> None:
    if os.name == "nt" and path.is_dir():
        return  # Windows cannot flush a directory
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _user() -> str:
    return str(os.getuid()) if hasattr(os, "getuid") else os.environ.get("USERNAME", "user")


def _private(directory: Path) -> None:
    """Make a directory only for this user; UserError when somebody else owns one of that name."""
    with suppress(FileExistsError):
        directory.mkdir(mode=0o700)
    if hasattr(os, "getuid") and (directory.is_symlink() or directory.stat().st_uid != os.getuid()):
        raise UserError(f"{directory} belongs to another user: set {ENVIRONMENT} to a directory of your own.")


@contextmanager
def _locked(path: Path) -> Iterator[bool]:
    """Hold the lock while converting; False where the file system has none: the atomic rename still protects."""
    from filelock import FileLock

    lock = FileLock(path)
    try:
        lock.acquire()
    except (OSError, NotImplementedError) as error:
        _log.info("No lock on %s (%s); converting without it.", path, error)
        yield False
        return
    try:
        yield True
    finally:
        lock.release()
