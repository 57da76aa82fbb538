"""Text files in and out: strict UTF-8 reading, repair of mis-decoded text, atomic writing.

Nothing here changes a line ending, a byte-order mark or a trailing blank.
"""

from __future__ import annotations

import codecs
import contextlib
import errno
import os
import secrets
import stat
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from glossary.bounded import without_waiting
from translate.errors import UserError

MAX_BYTES = 20_000_000
"""The largest file that `read_text` takes by default, in bytes."""

STANDARD_INPUT = "-"

_READINGS, _PAUSE = 20, 0.05
"""How often, and how many seconds apart, a file is read that someone is writing to."""

_TEMPORARY_PREFIX, _TEMPORARY_SUFFIX = ".translate-issue-", ".tmp"

_RACY = 0.02
"""Seconds in which a file may change without its time stamp changing: file systems stamp by a coarse clock."""

_SIGNATURES = (
    (b"PK\x03\x04", "a zip archive or an office document"),
    (b"%PDF-", "a PDF"),
    (b"\x89PNG", "an image"),
    (b"\xff\xd8\xff", "an image"),
    (b"GIF8", "an image"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"\x7fELF", "a program"),
    (b"SQLite format 3", "a database"),
)

_WIDE_BOMS = (  # UTF-32's little-endian mark begins with UTF-16's: order matters
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)

_CAUSES = {
    errno.ENOENT: "its directory does not exist; create it first",
    errno.ENOTDIR: "a part of its path is a file, not a directory; choose another place",
    errno.EACCES: "permission denied; change the permissions or choose another place",
    errno.EPERM: "permission denied; change the permissions or choose another place",
    errno.EROFS: "the file system is read-only; choose another place",
    errno.ENOSPC: "no space is left on the device; free some and run again",
    errno.EDQUOT: "the disk quota is used up; free some space and run again",
    errno.EFBIG: "the file would be larger than the system allows; raise the limit (ulimit -f)",
    errno.EISDIR: "it is a directory; name a file",
    errno.ELOOP: "its symbolic links form a circle; mend them",
    errno.ENXIO: "it is a pipe that nobody reads; name a file",
    errno.ENAMETOOLONG: "its name is too long; choose a shorter one",
}


@dataclass(frozen=True, slots=True)
class SourceText:
    """A text file as read: the text with its byte-order mark (``\\ufeff``), and where it came from."""

    text: str
    path: Path | None
    """None for standard input."""

    @property
    def name(self) -> str:
        """What messages call this file."""
        return "standard input" if self.path is None else str(self.path)

    @property
    def has_bom(self) -> bool:
        return self.text.startswith("\ufeff")

    @property
    def newline(self) -> str:
        return newline_of(self.text)


def newline_of(text: str) -> str:
    """The commoner of ``"\\r\\n"`` and ``"\\n"`` in `text` (``"\\n"`` when neither occurs)."""
    crlf = text.count("\r\n")
    return "\r\n" if crlf > text.count("\n") - crlf else "\n"


def read_text(path: Path | str, *, max_bytes: int = MAX_BYTES) -> SourceText:
    """Read a UTF-8 text file, or standard input for ``"-"``.

    Raises UserError when the file is missing, a directory, unreadable, empty or blank, larger than
    `max_bytes`, binary, or in another encoding; the message names the file and what to do.
    """
    where = None if str(path) == STANDARD_INPUT else Path(path)
    name = "standard input" if where is None else str(where)
    return SourceText(text_of(_read_bytes(where, name, max_bytes), name, max_bytes=max_bytes), where)


def text_of(data: bytes, name: str, *, max_bytes: int = MAX_BYTES) -> str:
    """The text of a file's bytes. Raises UserError as `read_text` does; ``name`` is what messages call the file."""
    if len(data) > max_bytes:
        raise UserError(f"{name}: larger than {max_bytes / 1e6:g} MB; split the file")
    text = _decode(data, name)
    if not text.strip("\ufeff \t\r\n"):
        raise UserError(f"{name}: the file is empty; give a Markdown text")
    return text


def _read_bytes(path: Path | None, name: str, max_bytes: int) -> bytes:
    try:
        if path is None:
            return sys.stdin.buffer.read(max_bytes + 1)
        for _ in range(_READINGS):
            with open(path, "rb", opener=without_waiting) as file:
                os.set_blocking(file.fileno(), True)
                before = _stamp(file.fileno())
                data = file.read(max_bytes + 1)
                if 0 <= time.time() - before[1] / 1e9 < _RACY:
                    time.sleep(_RACY)
                # A pipe or a device has no content that holds still.
                if _stamp(file.fileno()) == before or not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                    return data
            time.sleep(_PAUSE)
    except FileNotFoundError:
        raise UserError(f"{name}: no such file; check the path") from None
    except IsADirectoryError:
        raise UserError(f"{name}: is a directory; name a Markdown file in it") from None
    except PermissionError:
        raise UserError(f"{name}: permission denied; make the file readable (chmod +r)") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise UserError(f"{name}: cannot be read ({reason}); check the path") from None
    raise UserError(f"{name}: is being written to at this moment; run again when that is done")


def _stamp(descriptor: int) -> tuple[int, int]:
    """Changes whenever the file's content does."""
    about = os.fstat(descriptor)
    return about.st_size, about.st_mtime_ns


def _decode(data: bytes, name: str) -> str:
    wide = _wide_encoding(data)
    if wide:
        raise UserError(f"{name}: the text is {wide}; convert it first (iconv -f {wide} -t UTF-8)")
    what = next((what for magic, what in _SIGNATURES if data.startswith(magic)), "binary data")
    if b"\0" in data or (what != "binary data" and not _is_utf8(data)):
        raise UserError(f"{name}: the file is {what}, not text; give a Markdown file")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UserError(_not_utf8(data, name, error)) from None


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _not_utf8(data: bytes, name: str, error: UnicodeDecodeError) -> str:
    at, line = error.start, data.count(b"\n", 0, error.start) + 1
    where = f"{name}: not UTF-8 at byte {at} (line {line})"
    if error.reason == "unexpected end of data":
        return f"{where}: the file ends in the middle of a character; get a complete copy"
    controls = sum(byte < 32 and byte not in b"\t\n\r\f\x1b" for byte in data)
    if controls > len(data) // 50:
        return f"{name}: the file is binary data, not text; give a Markdown file"
    likely = "WINDOWS-1252" if any(0x80 <= byte < 0xA0 for byte in data) else "ISO-8859-1"
    return f"{where}: the text is probably {likely}; convert it first (iconv -f {likely} -t UTF-8)"


def _wide_encoding(data: bytes) -> str | None:
    """UTF-16 or UTF-32 with its byte order where the mark does not tell, or None."""
    for bom, encoding in _WIDE_BOMS:
        if data.startswith(bom):
            return encoding
    head = data[:4096]
    # Latin text in a wide encoding: the high bytes are NUL, the low ones are not.
    nul = [head[i::4].count(0) / max(1, len(head[i::4])) for i in range(4)]
    high, low = 0.7, 0.1
    for encoding, zero in (
        ("UTF-32LE", (1, 2, 3)),
        ("UTF-32BE", (0, 1, 2)),
        ("UTF-16LE", (1, 3)),
        ("UTF-16BE", (0, 2)),
    ):
        if all(nul[i] > high if i in zero else nul[i] < low for i in range(4)):
            return encoding
    return None


def repair_mojibake(text: str) -> tuple[str, bool]:
    """`text` with a wrong decoding undone (``Publica√ß√µes`` → ``Publicações``), and whether it was.

    Only a text that is mis-decoded throughout is touched (ftfy's heuristics); one that merely quotes
    such a sequence comes back as it is.
    """
    if text.isascii():
        return text, False
    from ftfy import fix_encoding
    from ftfy.badness import badness

    before = badness(text)
    least, remaining, kept = 3, 0.1, 0.5
    if before < least:
        return text, False
    repaired = fix_encoding(text)
    foreign, after = Counter(c for c in text if ord(c) > 127), Counter(c for c in repaired if ord(c) > 127)
    # In a mis-decoded text nearly every non-ASCII character is a part of the damage.
    if badness(repaired) > remaining * before or (foreign & after).total() > kept * foreign.total():
        return text, False
    return repaired, True


def write_output(path: Path | str, text: str) -> None:
    """`write_atomic`, or standard output for ``"-"`` (UTF-8, newlines untouched)."""
    if str(path) != STANDARD_INPUT:
        write_atomic(path, text)
        return
    data = _encode(text, "standard output")
    sys.stdout.flush()
    try:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise _write_error("standard output", error) from None


def write_atomic(path: Path | str, text: str, *, at_last: Callable[[], None] | None = None) -> None:
    """Write `text` as UTF-8 so that `path` holds either the old content or all of the new.

    A temporary file beside the target is synced and renamed over it; an existing file's permission
    bits (and owner, where allowed) stay; a symbolic link is followed; the temporary file is removed
    whatever happens, Ctrl-C included; what a killed process leaves is `remove_leftovers`'s.
    ``at_last`` is called when nothing but the rename is left to do; what it raises keeps the file as
    it is. A device or pipe is written to directly. Raises UserError when it cannot be written.
    """
    name = str(path)
    data = _encode(text, name)
    try:
        target = _target(Path(path))
        existing = target.stat() if target.exists() else None
        if existing and stat.S_ISDIR(existing.st_mode):
            raise IsADirectoryError(errno.EISDIR, "is a directory")
        if existing and not os.access(target, os.W_OK):
            raise PermissionError(errno.EACCES, "not writable")
        if existing and not stat.S_ISREG(existing.st_mode):
            with open(target, "wb", buffering=0, opener=without_waiting) as device:
                os.set_blocking(device.fileno(), True)
                _write_all(device.fileno(), data)
            return
        _replace(target, data, existing, at_last)
    except BrokenPipeError:
        raise
    except (OSError, ValueError) as error:
        raise _write_error(name, error) from None


def _target(path: Path) -> Path:
    """Where the bytes go: the end of a chain of symbolic links."""
    try:
        return path.resolve(strict=False)
    except RuntimeError:  # how Python 3.11 reports a circle of links
        raise OSError(errno.ELOOP, "symbolic link loop") from None


def remove_leftovers(folders: Iterable[Path]) -> list[Path]:
    """Removes the temporary files that killed processes left in these folders, and gives their paths.

    A file that is being written is locked by its process, so that no running one loses its own. Nothing is removed
    where the file system or the operating system has no such locks.
    """
    removed = []
    for folder in dict.fromkeys(folders):
        with contextlib.suppress(OSError):
            for path in sorted(folder.glob(f"{_TEMPORARY_PREFIX}*{_TEMPORARY_SUFFIX}")):
                if not path.is_symlink() and path.is_file() and _unlink_if_abandoned(path):
                    removed.append(path)
    return removed


def _unlink_if_abandoned(path: Path) -> bool:
    with contextlib.suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
        try:
            if _lock(descriptor):
                path.unlink()
                return True
        finally:
            os.close(descriptor)
    return False


def _lock(descriptor: int) -> bool:
    """An exclusive lock on an open file, which the kernel takes back when the process ends; False: not to be had."""
    try:
        from fcntl import LOCK_EX, LOCK_NB, flock
    except ImportError:  # not on Windows
        return False
    try:
        flock(descriptor, LOCK_EX | LOCK_NB)
    except OSError:
        return False
    return True


def _open_new(path: Path) -> int:
    # Mode 0666 less the umask, as for any new file; O_EXCL: never an existing one.
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0), 0o666)


def _claimed(descriptor: int) -> bool:
    """Locks a new temporary file, where that is possible; False if it was taken for a leftover before."""
    _lock(descriptor)
    return os.fstat(descriptor).st_nlink > 0


def _replace(target: Path, data: bytes, existing: os.stat_result | None, at_last: Callable[[], None] | None) -> None:
    temporary = target.parent / f"{_TEMPORARY_PREFIX}{secrets.token_hex(8)}{_TEMPORARY_SUFFIX}"
    descriptor = guard = -1
    try:
        descriptor = _open_new(temporary)
        while not _claimed(descriptor):
            os.close(descriptor)
            descriptor = -1
            descriptor = _open_new(temporary)
        guard = os.dup(descriptor)  # keeps the lock until the file has its name
        _write_all(descriptor, data)
        if existing:
            if (existing.st_uid, existing.st_gid) != (os.geteuid(), os.getegid()):
                with contextlib.suppress(PermissionError):  # only root may give a file away
                    os.fchown(descriptor, existing.st_uid, existing.st_gid)
            os.fchmod(descriptor, stat.S_IMODE(existing.st_mode))
        os.fsync(descriptor)
        closing, descriptor = descriptor, -1
        os.close(closing)  # some file systems report a full disk only here
        if at_last is not None:
            at_last()
        os.replace(temporary, target)
    except BaseException:
        if descriptor >= 0:
            os.close(descriptor)
        temporary.unlink(missing_ok=True)
        raise
    finally:
        if guard >= 0:
            os.close(guard)
    _sync_directory(target.parent)


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _sync_directory(directory: Path) -> None:
    """Make the rename durable, on file systems that can."""
    with contextlib.suppress(OSError):
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _encode(text: str, name: str) -> bytes:
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        code = ord(text[error.start])
        raise UserError(
            f"{name}: cannot be written as UTF-8: character {error.start} is U+{code:04X}, "
            "half of a surrogate pair; correct the text"
        ) from None


def _write_error(name: str, error: OSError | ValueError) -> UserError:
    if not isinstance(error, OSError):
        return UserError(f"{name}: cannot be written: {error}; check the path")
    cause = _CAUSES.get(error.errno or 0, f"{error.strerror or error}; choose another place")
    return UserError(f"{name}: cannot be written: {cause}")
