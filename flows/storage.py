"""Where task results are kept, and the page about the last run."""

from __future__ import annotations

import logging
from pathlib import Path

from translate.config import Config, cache_directory
from translate.errors import UserError
from translate.strict_yaml import Block
from translate.text_file import write_atomic

_log = logging.getLogger(__name__)


def result_storage(config: Config) -> Path | str:
    """What Prefect is given as its result storage: a directory that is there, or the name of a storage block.

    Raises UserError for a directory that cannot be made and for a block that cannot be loaded.
    """
    place = config.flow.result_storage
    if isinstance(place, Block):
        _check_block(place)
        return str(place)
    directory = results_directory(config)
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"{directory}: cannot keep task results there ({error.strerror}); set `flow.result_storage` to a directory "
            "that can be written."
        ) from error
    return directory


def results_directory(config: Config) -> Path:
    """Where results are on this disk; where the page is, if they go to a block."""
    place = config.flow.result_storage
    return place if isinstance(place, Path) else cache_directory(config) / "results"


def page_path(config: Config) -> Path:
    """Where the last run's artifact is on disk: Prefect keeps its own in the API's database."""
    return results_directory(config) / "translated-issues.md"


def keep_page(page: str, config: Config) -> None:
    """Writes the last run's artifact. Where that cannot be done it is said, and no more: the issues are written."""
    path = page_path(config)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, page)
    except (OSError, UserError) as error:
        _log.warning("The page about this run is not on the disk: %s", error)


def _check_block(name: Block) -> None:
    from prefect.blocks.core import Block as PrefectBlock

    try:
        PrefectBlock.load(name)
    except (ValueError, RuntimeError, ImportError) as error:
        raise UserError(
            f'Prefect has no usable storage block "{name}" ({" ".join(str(error).split())}): make one, or name a '
            "directory in `flow.result_storage`."
        ) from error
