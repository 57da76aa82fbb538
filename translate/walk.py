"""The files below a directory, as drafts are looked for."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from pathlib import Path

from translate.errors import UserError


def files_below(directory: Path, skipped: Collection[str] = ()) -> Iterator[Path]:
    """Every file, links included, directory by directory, each sorted; hidden and ``skipped`` directories, and links to
    directories, are not entered. Raises UserError where a directory cannot be read.
    """

    def failed(error: OSError) -> None:
        raise UserError(f"{error.filename}: cannot be read ({error.strerror}); change its permissions.") from None

    for folder, folders, names in os.walk(directory, onerror=failed):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in skipped)
        yield from (Path(folder, name) for name in sorted(names))
