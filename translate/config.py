"""The configuration: one frozen tree, read strictly from YAML.

``configs/default.yaml`` holds every key with its default and its documentation; a user's file
holds what it changes; command-line options outrank both.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from translate.errors import UserError
from translate.strict_yaml import Block, Range, build, convert, leaf_types, leaf_values, read

EngineName = Literal["ctranslate2", "transformers"]
Layout = Literal["comment-after", "comment-before", "target-only"]
Metric = Literal["BLEU", "chrF2", "chrF++", "TER"]


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """Which checkpoint translates, and with what."""

    name: str
    revision: str | None
    engine: EngineName
    threads: Annotated[int, Range(0, 1024)]
    cache_dir: Path | None


@dataclass(frozen=True, slots=True)
class DecodingConfig:
    """Beam search and batching."""

    beam_size: Annotated[int, Range(1, 64)]
    batch_tokens: Annotated[int, Range(64, 1_000_000)]
    length_ratio: Annotated[float, Range(1, 10)]


@dataclass(frozen=True, slots=True)
class DegenerateConfig:
    """When a translation is tried again, and how."""

    longest: Annotated[float, Range(1, 100)]
    shortest: Annotated[float, Range(0, 1)]
    repeats: Annotated[int, Range(2, 100)]
    foreign: Annotated[float, Range(0, 1)]
    retry_beams: tuple[Annotated[int, Range(1, 64)], ...]
    retry_reference: bool


@dataclass(frozen=True, slots=True)
class GlossaryConfig:
    """Which termbase is enforced, and how its terms are set."""

    file: Path | None
    italic: bool


@dataclass(frozen=True, slots=True)
class DocumentConfig:
    """What of a draft is translated, and the form of the bilingual file."""

    front_matter: tuple[str, ...]
    lang: str | None
    layout: Layout


@dataclass(frozen=True, slots=True)
class MemoryConfig:
    """Where the translation memory is."""

    file: Path | None


@dataclass(frozen=True, slots=True)
class ScoreConfig:
    """Scores against the human version."""

    metrics: tuple[Metric, ...]
    bootstrap: Annotated[int, Range(0, 100_000)]


@dataclass(frozen=True, slots=True)
class HistoryConfig:
    """Where the history of scores is."""

    file: Path | None


@dataclass(frozen=True, slots=True)
class GateConfig:
    """What keeps the scheduled flow from publishing."""

    minimum_term_accuracy: Annotated[float, Range(0, 1)]
    maximum_drop: Annotated[float, Range(0, 100)] | None
    significance: Annotated[float, Range(0, 1)]


@dataclass(frozen=True, slots=True)
class PublishConfig:
    """Which drafts a scheduled run takes, and where it reports."""

    root: Path | None
    drafts: tuple[str, ...]
    exclude: tuple[str, ...]
    revision: str | None
    human: str | None
    wave_words: Annotated[int, Range(1, 10_000_000)]
    reports: Path | None
    reviews: bool
    links: str | None


@dataclass(frozen=True, slots=True)
class AdaptConfig:
    """How a checkpoint is fine-tuned on a team's own translations."""

    minutes: Annotated[float, Range(0.01, 1000)]
    learning_rate: Annotated[float, Range(0, 0.01)]
    generic_share: Annotated[float, Range(0, 100)]
    dropout: Annotated[float, Range(0, 0.9)]


@dataclass(frozen=True, slots=True)
class ReportConfig:
    """What ``--report`` holds."""

    alignment: bool


@dataclass(frozen=True, slots=True)
class LimitsConfig:
    """Bounds on input."""

    max_file_bytes: Annotated[int, Range(1_000, 1_000_000_000)]


@dataclass(frozen=True, slots=True)
class FlowConfig:
    """How Prefect runs the pipeline."""

    retries: Annotated[int, Range(0, 100)]
    retry_delay_seconds: Annotated[float, Range(0, 3600)]
    result_storage: Block | Path | None
    chunk_words: Annotated[int, Range(50, 1_000_000)]
    workers: Annotated[int, Range(0, 1024)]
    worker_memory: str
    scheduler: str | None
    server_startup_seconds: Annotated[int, Range(20, 3600)]


@dataclass(frozen=True, slots=True)
class Config:
    """Everything that can be configured. Get one from :func:`load_config`."""

    model: ModelConfig
    decoding: DecodingConfig
    degenerate: DegenerateConfig
    glossary: GlossaryConfig
    document: DocumentConfig
    memory: MemoryConfig
    score: ScoreConfig
    history: HistoryConfig
    gate: GateConfig
    publish: PublishConfig
    adapt: AdaptConfig
    report: ReportConfig
    limits: LimitsConfig
    flow: FlowConfig


def load_config(path: Path | str | None = None, overrides: Mapping[str, object] | None = None) -> Config:
    """The configuration: defaults, then the file at ``path``, then ``overrides``.

    Without ``path`` the file that the environment variable TRANSLATE_ISSUE_CONFIG names. ``overrides`` maps dotted
    keys (``"decoding.beam_size"``) to values; None means "not given".

    Raises UserError (``PATH:LINE: …``) for a file that is missing, unreadable or not YAML, and for
    an unknown, misplaced or repeated key or a value of the wrong type or outside its bounds.
    """
    missing = "check the path after --config"
    values = dict(read(default_config_path(), Config, missing))
    path = path or os.environ.get("TRANSLATE_ISSUE_CONFIG")
    if path:
        values.update(read(Path(path), Config, missing))
    for key, value in (overrides or {}).items():
        if key not in leaf_types(Config):
            raise UserError(f'there is no setting "{key}"; configs/default.yaml has them all.')
        if value is not None:
            values[key] = convert(value, leaf_types(Config)[key], f"option {key}", Path.cwd())
    return build(Config, values)


def default_config_path() -> Path:
    """Where the defaults are: inside the installed package, or ``configs/`` of a checkout."""
    package = Path(__file__).resolve().parent
    installed = package / "default.yaml"
    return installed if installed.exists() else package.parent / "configs" / "default.yaml"


def cache_directory(config: Config) -> Path:
    """Where converted models and flow results go; TRANSLATE_ISSUE_CACHE outranks the configuration."""
    chosen = os.environ.get("TRANSLATE_ISSUE_CACHE")
    if chosen:
        return Path(chosen)
    if config.model.cache_dir is not None:
        return config.model.cache_dir
    import platformdirs

    return platformdirs.user_cache_path("translate-issue", appauthor=False)


def settings(config: Config) -> dict[str, object]:
    """Every leaf under its dotted key, in JSON's types: for signatures, cache keys and reports."""
    return dict(leaf_values(config))
