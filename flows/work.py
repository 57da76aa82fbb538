"""What is done with a chunk in the process that translates it: this one, or a Dask worker on some machine.

Tasks call these functions and hold no logic of their own: a task travels to a worker by value, what it calls is
imported there.
"""

from __future__ import annotations

import functools
import platform
import threading
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flows.allocator import keep_freed_memory
from flows.caching import encode, program_hash
from flows.chunks import sources_of
from translate import pipeline
from translate.config import Config, EngineName, load_config, settings
from translate.decoding.translator import translate_sources
from translate.errors import UnavailableError

if TYPE_CHECKING:
    from translate.marian.checkpoint import Checkpoint
    from translate.marian.protocol import Engine

_one_at_a_time = threading.RLock()
"""A worker that was given several threads uses its one engine from one of them: it is not made for more."""
_SENT = ("model.", "decoding.", "degenerate.", "report.alignment")

listening: ContextVar[Callable[[int], None] | None] = ContextVar("listening", default=None)
"""Is told how many of a chunk's sentences are done, where that happens in this process."""


# The model: once in a process, never a task's argument or result ----------------------------------


def engine_of(config: Config) -> Engine:
    """The configured engine; the same object for as long as the checkpoint's content stays the same."""
    return _engine(config.model.engine, pipeline.load_checkpoint(config), config.model.threads or None)


@functools.lru_cache(maxsize=2)
def _engine(name: EngineName, checkpoint: Checkpoint, threads: int | None) -> Engine:
    from translate.marian import load_engine

    keep_freed_memory()
    return load_engine(name, checkpoint, threads=threads)


# What tasks do ------------------------------------------------------------------------------------


def sent(config: Config, *, threads: int | None = None) -> dict[str, object]:
    """The settings that a worker needs. A checkpoint's directory gets its full path: workers stand elsewhere."""
    chosen = {key: value for key, value in settings(config).items() if key.startswith(_SENT)}
    if config.model.name != "embedded" and Path(config.model.name).is_dir():
        chosen["model.name"] = str(Path(config.model.name).resolve())
    return chosen if threads is None else chosen | {"model.threads": threads}


def signature_here(values: Mapping[str, object], program: str) -> dict[str, str]:
    """The signature of the engine, which is then ready in this process. Raises UnavailableError for another version."""
    _check_program(program)
    with _one_at_a_time:
        return engine_of(load_config(None, values)).signature


def translate_payload(
    payload: str, signature: Mapping[str, str], values: Mapping[str, object], program: str
) -> list[dict[str, Any]]:
    """The encoded hypotheses of a chunk's sentences.

    Raises UnavailableError where this process has another model or program than the one that asks: its answers would
    be kept under a key that does not hold for them.
    """
    _check_program(program)
    config = load_config(None, values)
    with _one_at_a_time:
        return _translated(payload, signature, config)


def _translated(payload: str, signature: Mapping[str, str], config: Config) -> list[dict[str, Any]]:
    engine = engine_of(config)
    if engine.signature != dict(signature):
        raise UnavailableError(
            f"The worker on {platform.node()} has another model ({_said(engine.signature)}) than the run "
            f"({_said(signature)}): give all machines the same checkpoint and CTranslate2."
        )
    told = listening.get()
    progress = None if told is None else (lambda done, _: told(done))
    sources, reference = sources_of(payload), pipeline.reference_engine(config)
    return encode(translate_sources(sources, engine, pipeline.settings_of(config), reference, progress))


def _check_program(program: str) -> None:
    if program != program_hash():
        raise UnavailableError(
            f"The worker on {platform.node()} runs another version of translate-issue: install the same everywhere."
        )


def _said(signature: Mapping[str, str]) -> str:
    return ", ".join(f"{key} {value}" for key, value in signature.items() if value)
