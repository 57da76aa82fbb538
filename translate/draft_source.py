"""A draft's text: from the disk, or from a git commit."""

from __future__ import annotations

from pathlib import Path

from translate.text_file import STANDARD_INPUT, SourceText, read_text, text_of


def read_draft(name: str, commit: str | None, *, max_bytes: int) -> SourceText:
    """The draft called ``name`` (a path; ``-`` is standard input), read from a git ``commit`` if one is given.

    Raises UserError where it cannot be read, is too large, or is no UTF-8 text.
    """
    if commit is None or name == STANDARD_INPUT:
        return read_text(name, max_bytes=max_bytes)
    from translate.git import repository_of

    path = Path(name)
    folder = next(parent for parent in path.absolute().parents if parent.is_dir())
    repository = repository_of(folder)
    blob = repository.file(commit, path)
    data = repository.read(blob) if blob.size <= max_bytes else b" " * (max_bytes + 1)
    return SourceText(text_of(data, name, max_bytes=max_bytes), path)
