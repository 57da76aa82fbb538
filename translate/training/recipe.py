"""The recipe: one frozen tree that says how a checkpoint is made, read strictly from YAML.

``configs/model/base.yaml`` holds every key with its documentation; another recipe holds what it changes. A relative
path is taken from the directory of the file that it stands in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from translate.strict_yaml import Range, build, convert, leaf_types, leaf_values, read

Precision = Literal["bfloat16", "float32"]
Device = Literal["auto", "cpu", "cuda"]
Decay = Literal["linear", "inverse-sqrt"]
Share = Annotated[float, Range(0, 1)]
Count = Annotated[int, Range(0, 1_000_000_000)]


@dataclass(frozen=True, slots=True)
class SourceRule:
    """Which pairs of which corpus files are used, and how often. A pair follows the first rule that names it."""

    file: str  # a file of the corpus folder, or a path: TSV, plain or .xz, with 2 or 3 columns
    sources: tuple[str, ...] = ("*",)  # names in the first column, with * and ?; a 2-column file has its stem
    weight: Annotated[int, Range(0, 255)] = 1  # how often an epoch sees the pair; 0 leaves it out
    share: Share = 1.0  # how much of it is taken, at random
    cap: Annotated[int, Range(1, 1_000_000_000)] | None = None  # pairs at most, of each source
    min_words: Annotated[int, Range(0, 1000)] = 1  # of English
    copies: Share = 0.0  # share of the pairs that get a variant with another name or number


@dataclass(frozen=True, slots=True)
class CleaningRecipe:
    """What counts as a broken pair."""

    max_words: Annotated[int, Range(1, 10_000)]
    max_ratio: Annotated[float, Range(1, 100)]
    identical_words: Annotated[int, Range(0, 1000)]
    letters: Share
    portuguese: bool
    numbers: bool


@dataclass(frozen=True, slots=True)
class DataRecipe:
    """The corpus and what is kept out of it."""

    corpus: Path
    rules: tuple[SourceRule, ...]
    held_out: tuple[Path, ...]
    ngram: Annotated[int, Range(4, 100)]
    validation_per_source: Count
    limit: Annotated[int, Range(1, 1_000_000_000)] | None
    cleaning: CleaningRecipe
    seed: Count


@dataclass(frozen=True, slots=True)
class VocabularyRecipe:
    """The SentencePiece model and the lengths of encoded pairs."""

    reuse: Literal["embedded"] | Path | None
    size: Annotated[int, Range(300, 65_000)]
    coverage: Share
    sample: Annotated[int, Range(1, 1_000_000_000)]
    max_source: Annotated[int, Range(1, 500)]
    max_target: Annotated[int, Range(1, 500)]


@dataclass(frozen=True, slots=True)
class AlignmentRecipe:
    """Word alignment by eflomal."""

    enabled: bool
    iterations: tuple[Annotated[int, Range(1, 1000)], ...]
    samplers: Annotated[int, Range(1, 16)]


@dataclass(frozen=True, slots=True)
class ModelRecipe:
    """The network."""

    init: Literal["embedded"] | Path | None
    encoder_layers: Annotated[int, Range(1, 48)]
    decoder_layers: Annotated[int, Range(1, 48)]
    d_model: Annotated[int, Range(8, 4096)]
    ffn: Annotated[int, Range(8, 16_384)]
    heads: Annotated[int, Range(1, 64)]
    dropout: Share


@dataclass(frozen=True, slots=True)
class OptimisationRecipe:
    """Loss, optimiser, batches."""

    device: Device
    precision: Precision
    learning_rate: Annotated[float, Range(0, 1)]
    warmup: Count
    weight_decay: Share
    label_smoothing: Share
    guided: Annotated[float, Range(0, 10)]
    clip: Annotated[float, Range(0, 1000)]
    batch_tokens: Annotated[int, Range(16, 10_000_000)]
    max_pieces: Annotated[int, Range(1, 500)]
    ema: Share
    workers: Annotated[int, Range(0, 256)]
    processes: Annotated[int, Range(1, 64)]
    threads: Annotated[int, Range(0, 1024)]
    compile: bool
    seed: Count


@dataclass(frozen=True, slots=True)
class AugmentationRecipe:
    """What is changed in a batch as it is made."""

    protect: Share


@dataclass(frozen=True, slots=True)
class ScheduleRecipe:
    """How long, at what rate, and what is kept."""

    epochs: Annotated[int, Range(1, 100_000)] | None
    updates: Annotated[int, Range(1, 1_000_000_000)] | None
    minutes: Annotated[float, Range(0, 1_000_000)] | None
    decay: Decay
    decay_from: Share
    checkpoint_minutes: Annotated[float, Range(0, 10_000)]
    keep: Annotated[int, Range(1, 1000)]
    average: Annotated[int, Range(1, 1000)]
    patience: Count


@dataclass(frozen=True, slots=True)
class TestSet:
    """Sentences with translations, one on a line, in two files."""

    name: str
    english: Path
    portuguese: Path


@dataclass(frozen=True, slots=True)
class EvaluationRecipe:
    """Scores on the validation pairs: for early stopping while training, and of the finished checkpoint."""

    updates: Annotated[int, Range(1, 1_000_000_000)]
    sentences: Count
    beam_size: Annotated[int, Range(1, 64)]
    test_beam_size: Annotated[int, Range(1, 64)]
    tests: tuple[TestSet, ...]


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that makes a checkpoint. Get one from :func:`load_recipe`."""

    data: DataRecipe
    vocabulary: VocabularyRecipe
    alignment: AlignmentRecipe
    model: ModelRecipe
    optimisation: OptimisationRecipe
    augmentation: AugmentationRecipe
    schedule: ScheduleRecipe
    evaluation: EvaluationRecipe


def load_recipe(path: Path | str | None = None, overrides: Mapping[str, object] | None = None) -> Recipe:
    """The recipe: ``base.yaml``, then the file at ``path``, then ``overrides`` (dotted keys, their parts replaced).

    Raises UserError (``PATH:LINE: …``) for a file that cannot be read, an unknown key or a value that does not fit.
    """
    values = dict(read(base_recipe_path(), Recipe))
    if path is not None:
        values.update(read(Path(path), Recipe))
    for key, value in (overrides or {}).items():
        values[key] = convert(value, leaf_types(Recipe)[key], f"option {key}", Path.cwd())
    return build(Recipe, values)


def base_recipe_path() -> Path:
    """Where ``base.yaml`` is: inside the installed package, or ``configs/model/`` of a checkout."""
    package = Path(__file__).resolve().parent
    installed = package / "base.yaml"
    return installed if installed.exists() else package.parents[1] / "configs" / "model" / "base.yaml"


def recipe_settings(recipe: Recipe) -> dict[str, Any]:
    """Every leaf under its dotted key, in JSON's types: for digests, records and model cards."""
    return dict(leaf_values(recipe))
