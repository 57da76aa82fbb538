"""SHA-256 of a checkpoint's files; large ones are remembered by size, time and inode."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path

from translate.errors import UserError
from translate.marian.cache import cache_root, sha256_file

_REMEMBER_FROM = 64 * 2**20  # bytes: below, hashing takes less than 0.1 s


def checkpoint_hash(digests: Mapping[str, str]) -> str:
    """One SHA-256 (hex) over file names and their digests, independent of the order."""
    lines = "".join(f"{digest}  {name}\n" for name, digest in sorted(digests.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


def file_digest(path: Path) -> str:
    """SHA-256 (hex) of a file. Raises UserError when it cannot be read."""
    try:
        stat = path.stat()
        if stat.st_size < _REMEMBER_FROM:
            return sha256_file(path)
        note = cache_root() / "digests" / hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:32]
        key = [stat.st_size, stat.st_mtime_ns, stat.st_ino]
        known = _recall(note, key)
        return known if known is not None else _remember(note, key, sha256_file(path))
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}).") from None


def _recall(note: Path, key: list[int]) -> str | None:
    try:
        stored = json.loads(note.read_text())
        return str(stored["sha256"]) if stored["key"] == key else None
    except (OSError, ValueError, KeyError, TypeError):
        return None  # no note, or one cut short: hash again


def _remember(note: Path, key: list[int], digest: str) -> str:
    temporary = note.with_suffix(f".{os.getpid()}")
    try:
        note.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(json.dumps({"key": key, "sha256": digest}))
        temporary.replace(note)
    except OSError:
        temporary.unlink(missing_ok=True)  # a note saves time only: without it the file is hashed again
    return digest
