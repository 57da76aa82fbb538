"""The other version of a bilingual file: an older revision from git, or a human version from a file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from translate.errors import UserError
from translate.git import ask
from translate.text_file import read_text, repair_mojibake


@dataclass(frozen=True, slots=True)
class Version:
    """Its text, what messages call it, and whether it is a ``human`` version or a ``git`` revision of the same file."""

    text: str
    name: str
    kind: Literal["human", "git"]
    notes: tuple[str, ...] = ()


def other_version(against: str, bilingual: Path, *, max_bytes: int) -> Version:
    """The file that ``against`` names, or else the git revision of ``bilingual``.

    Raises UserError where it is neither.
    """
    if Path(against).is_file():
        read = read_text(against, max_bytes=max_bytes)
        text, repaired = repair_mojibake(read.text)
        notes = (f"{against} was mis-decoded; its text was repaired",) if repaired else ()
        return Version(text, against, "human", notes)
    return Version(_from_git(against, bilingual), against, "git")


def _from_git(revision: str, path: Path) -> str:
    directory, name = path.resolve().parent, path.resolve().name
    neither = f"{revision}: neither a file nor a git revision of {path}; check the name after --against"
    if revision.startswith("-") or not revision.strip():
        raise UserError(neither)
    commit = ask(directory, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
    if commit is None:
        raise UserError(neither)
    data = ask(directory, "cat-file", "blob", f"{commit.decode().strip()}:./{name}")
    if data is None:
        raise UserError(f"{path}: is not in git revision {revision}; choose another one after --against")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise UserError(f"{path}: is not UTF-8 in git revision {revision}; choose another one") from None
