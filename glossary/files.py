"""A glossary file in whatever format its name says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from glossary.errors import GlossaryError
from glossary.termbase import decode, parse_termbase, read_bytes
from glossary.terms import Casing, Termbase

_FORMATS = {
    ".yaml": "yaml",
    ".yml": "yaml",
    ".csv": "csv",
    ".tsv": "csv",
    ".tbx": "tbx",
    ".xml": "tbx",
}


def format_of(path: Path | str) -> str:
    """``yaml``, ``csv`` or ``tbx``. Raises GlossaryError for another ending."""
    path = Path(path)
    name = _FORMATS.get(path.suffix.lower())
    if name is None:
        raise GlossaryError(path, None, f"the name must end in {', '.join(_FORMATS)}; rename the file.")
    return name


def load_file(path: Path | str, *, casing: Casing = "draft") -> Termbase:
    """The glossary in a YAML, CSV or TBX file. Raises GlossaryError.

    ``casing`` is for CSV and TBX, which have no place for it.
    """
    path = Path(path)
    return _loader(format_of(path), casing)(read_bytes(path), path)


def _loader(name: str, casing: Casing) -> Callable[[bytes, Path], Termbase]:
    if name == "csv":
        from glossary.csv_format import load_csv

        return lambda content, path: load_csv(content, path, casing=casing)
    if name == "tbx":
        from glossary.tbx import load_tbx

        return lambda content, path: load_tbx(content, path, casing=casing)
    return lambda content, path: parse_termbase(decode(content, path), path)
