"""What this product asks of git: a commit's name, its files, their bytes. Nothing is ever written."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from translate.errors import UserError

_SECONDS = 60.0
_REGULAR = ("100644", "100755")
"""File modes in a git tree that are neither links (120000) nor submodules (160000)."""


@dataclass(frozen=True, slots=True)
class Blob:
    """A regular file of a commit: its path from the repository's root (with ``/``), object name, and bytes."""

    path: str
    name: str
    size: int


@dataclass(frozen=True, slots=True)
class Repository:
    """A git repository by the root of its working tree."""

    root: Path

    def commit(self, revision: str) -> str:
        """The commit (hexadecimal) that a branch, tag or commit names. Raises UserError where there is none."""
        named = None
        if revision.strip() and not revision.startswith("-"):
            named = ask(self.root, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
        if named is None:
            raise UserError(f"{revision}: no commit, branch or tag of the git repository {self.root}; check its name.")
        return named.decode().strip()

    def files(self, commit: str) -> list[Blob]:
        """The regular files of a commit, in git's order; symbolic links and submodules are left out."""
        return self._tree(commit)

    def file(self, commit: str, path: Path) -> Blob:
        """One of them, by its path on the disk. Raises UserError where the commit has no such regular file."""
        try:
            inside = (path.parent.resolve() / path.name).relative_to(self.root.resolve()).as_posix()
        except ValueError:
            raise UserError(f"{path}: outside the git repository {self.root}.") from None
        found = self._tree(commit, inside)
        if len(found) != 1 or found[0].path != inside:
            raise UserError(f"{path}: no regular file in git commit {commit[:12]}; check the path and the revision.")
        return found[0]

    def _tree(self, commit: str, *paths: str) -> list[Blob]:
        listed = ask(self.root, "ls-tree", "-r", "-l", "-z", "--full-tree", commit, "--", *paths)
        if listed is None:
            raise UserError(f"{commit}: git cannot list this commit of {self.root}; check the revision.")
        blobs = []
        for line in listed.split(b"\0"):
            about, tab, path = line.partition(b"\t")
            if tab:
                mode, _, name, size = about.decode().split()
                if mode in _REGULAR:
                    blobs.append(Blob(os.fsdecode(path), name, int(size)))
        return blobs

    def read(self, blob: Blob) -> bytes:
        """The file's bytes."""
        data = ask(self.root, "cat-file", "blob", blob.name)
        if data is None:
            raise UserError(f"{blob.path}: git cannot read {blob.name} in {self.root}; run `git fsck` there.")
        return data


def repository_of(directory: Path) -> Repository:
    """The repository that a directory belongs to. Raises UserError where there is none."""
    found = ask(directory, "rev-parse", "--show-toplevel")
    if found is None:
        raise UserError(f"{directory}: is in no git repository; leave out the revision, or name a directory that is.")
    return Repository(Path(os.fsdecode(found.rstrip(b"\n"))))


def ask(directory: Path, *arguments: str) -> bytes | None:
    """What git prints; None where it fails. Raises UserError where git is missing or does not answer."""
    environment = {**os.environ, "GIT_TERMINAL_PROMPT": "0", "GIT_LITERAL_PATHSPECS": "1", "GIT_OPTIONAL_LOCKS": "0"}
    try:
        done = subprocess.run(
            ["git", "-C", str(directory), *arguments],
            capture_output=True, check=False, timeout=_SECONDS, env=environment,
        )  # fmt: skip
    except FileNotFoundError:
        raise UserError("a git revision needs the git command; install git, or name a file") from None
    except subprocess.TimeoutExpired:
        raise UserError(f"{directory}: git did not answer within a minute; try again") from None
    return done.stdout if done.returncode == 0 else None
