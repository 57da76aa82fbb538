"""The glossary that the configuration names."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from glossary import Matcher, Termbase, default_termbase, load_termbase
from glossary.files import load_file
from translate.config import Config


def load_glossary(config: Config) -> Termbase:
    """The configured termbase (YAML, CSV or TBX), or the one that ships. Raises GlossaryError."""
    return _load(config.glossary.file)


def matcher_of(config: Config) -> Matcher:
    """The configured glossary ready to be found in texts; loaded again only when its file has changed.

    Raises GlossaryError.
    """
    path = config.glossary.file
    try:
        now = None if path is None else path.stat()
    except OSError:
        return Matcher(_load(path))  # which says what is wrong
    return _matcher(path, 0 if now is None else now.st_mtime_ns, 0 if now is None else now.st_size)


@lru_cache(maxsize=4)
def _matcher(path: Path | None, _changed: int, _size: int) -> Matcher:
    return Matcher(_load(path))


def _load(path: Path | None) -> Termbase:
    if path is None:
        return default_termbase()
    return load_file(path) if path.suffix.lower() in (".csv", ".tbx") else load_termbase(path)
