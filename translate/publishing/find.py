"""Which drafts a run takes: the configuration's globs over a directory or a git commit.

Drafts come from people who may not be trusted with the machine: nothing outside the root is ever taken, neither by
``..`` in a glob nor through a symbolic link.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from translate.config import PublishConfig
from translate.errors import UserError
from translate.git import repository_of
from translate.outputs import stem_of, target_name
from translate.walk import files_below

_ANY = "**"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A draft: its path on the disk, its bilingual file's, its human version's if there is one, and bytes."""

    path: Path
    bilingual: Path
    human: Path | None
    size: int


@dataclass(frozen=True, slots=True)
class Found:
    """The drafts under ``root``, sorted; the ``commit`` they are read from (None: the disk).

    ``left_out``: paths that match but are symbolic links, and drafts whose bilingual file is one.
    """

    root: Path
    candidates: tuple[Candidate, ...]
    left_out: tuple[str, ...]
    commit: str | None

    def names(self, candidate: Candidate) -> tuple[str, str]:
        """The draft's path and its bilingual file's, from the root."""
        return (
            candidate.path.relative_to(self.root).as_posix(),
            candidate.bilingual.relative_to(self.root).as_posix(),
        )


def find(config: PublishConfig) -> Found:
    """The drafts. Raises UserError for a root that cannot be read, a glob that leaves it, an unknown revision."""
    root = (config.root or Path.cwd()).resolve()
    if not root.is_dir():
        raise UserError(f"{root}: no such directory; let publish.root name the one that holds the drafts.")
    for key, patterns in (("drafts", config.drafts), ("exclude", config.exclude)):
        for pattern in patterns:
            _check(f"publish.{key}", pattern)
    commit = None
    if config.revision is None:
        files, links = _on_disk(root)
    else:
        repository = repository_of(root)
        commit, links = repository.commit(config.revision), []
        prefix = root.relative_to(repository.root.resolve()).as_posix() + "/"
        prefix = "" if prefix == "./" else prefix
        files = [(b.path[len(prefix) :], b.size) for b in repository.files(commit) if b.path.startswith(prefix)]
    chosen = [(name, size) for name, size in files if _chosen(name, config)]
    candidates = [_candidate(root / name, size, config.human) for name, size in sorted(chosen)]
    # A link in place of a bilingual file (or of its directory, beside a commit) would be written through.
    astray = [c for c in candidates if _leads_away(c.bilingual)]
    links += [c.path.relative_to(root).as_posix() for c in astray]
    candidates = [c for c in candidates if c not in astray]
    # A glob such as *.md takes the bilingual files and the human versions as well: they are no drafts.
    others = {path for c in candidates for path in (c.bilingual, c.human)}
    drafts = tuple(c for c in candidates if c.path not in others)
    return Found(root, drafts, tuple(sorted(name for name in links if _chosen(name, config))), commit)


def _leads_away(path: Path) -> bool:
    """Whether a symbolic link stands at the path or on the way to it; the root itself is resolved already."""
    return Path(os.path.realpath(path)) != path


def _check(key: str, pattern: str) -> None:
    parts = PurePosixPath(pattern).parts
    if pattern.startswith(("/", "~")) or ".." in parts or not parts:
        raise UserError(f"{key}: `{pattern}` leaves publish.root; write globs that start from it.")


def _candidate(path: Path, size: int, human: str | None) -> Candidate:
    bilingual = path.with_name(target_name(path.name))
    name = None if human is None else human.replace("{stem}", stem_of(path.name))
    if name is not None and PurePosixPath(name).name != name:
        raise UserError(f"publish.human: `{name}` is no file name; it names a file beside the draft.")
    beside = None if name is None else path.with_name(name)
    scored = beside is not None and beside.is_file() and not beside.is_symlink() and beside != bilingual
    return Candidate(path, bilingual, beside if scored else None, size)


def _on_disk(root: Path) -> tuple[list[tuple[str, int]], list[str]]:
    """Regular files below the root with their sizes, and the links among them; hidden directories are left out."""
    files: list[tuple[str, int]] = []
    links: list[str] = []
    for path in files_below(root):
        inside = path.relative_to(root).as_posix()
        if path.is_symlink():
            links.append(inside)
        elif path.is_file():
            files.append((inside, path.stat().st_size))
    return files, links


def _chosen(name: str, config: PublishConfig) -> bool:
    if any(part.startswith(".") for part in PurePosixPath(name).parts):
        return False
    return _any(name, config.drafts) and not _any(name, config.exclude)


def _any(name: str, patterns: Iterable[str]) -> bool:
    return any(matches(name, pattern) for pattern in patterns)


def matches(name: str, pattern: str) -> bool:
    """Whether a relative path (``/`` between its parts) matches a glob; ``**`` stands for any parts, also none."""
    wanted = PurePosixPath(pattern).parts
    # The positions in the pattern that the path may have reached: as many steps as path times pattern is long.
    reached = _past_any({0}, wanted)
    for part in PurePosixPath(name).parts:
        stay = {p for p in reached if p < len(wanted) and wanted[p] == _ANY}
        move = {p + 1 for p in reached - stay if p < len(wanted) and fnmatchcase(part, wanted[p])}
        reached = _past_any(stay | move, wanted)
    return len(wanted) in reached


def _past_any(reached: set[int], wanted: Sequence[str]) -> set[int]:
    """With the positions behind a ``**``, which may stand for nothing."""
    for p in range(len(wanted)):
        if p in reached and wanted[p] == _ANY:
            reached.add(p + 1)
    return reached
