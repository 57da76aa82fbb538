"""The configuration: one frozen tree, read strictly from YAML.

``configs/default.yaml`` holds every key with its default and its documentation; a user's file
holds what it changes; command-line options outrank both.
"""

from __future__ import annotations

import difflib
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import yaml

from translate.errors import UserError

EngineName = Literal["ctranslate2", "transformers"]
Layout = Literal["comment-after", "comment-before", "target-only"]
Metric = Literal["BLEU", "chrF2", "chrF++", "TER"]


@dataclass(frozen=True, slots=True)
class Range:
    """Inclusive bounds of a number."""

    low: float
    high: float


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
    result_storage: Path | None
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
    report: ReportConfig
    limits: LimitsConfig
    flow: FlowConfig


def load_config(path: Path | str | None = None, overrides: Mapping[str, object] | None = None) -> Config:
    """The configuration: defaults, then the file at ``path``, then ``overrides``.

    ``overrides`` maps dotted keys (``"decoding.beam_size"``) to values; None means "not given".

    Raises UserError (``PATH:LINE: …``) for a file that is missing, unreadable or not YAML, and for
    an unknown, misplaced or repeated key or a value of the wrong type or outside its bounds.
    """
    values = dict(_read(default_config_path()))
    if path is not None:
        values.update(_read(Path(path)))
    for key, value in (overrides or {}).items():
        if value is not None:
            values[key] = _convert(value, _leaf_types()[key], f"option {key}", Path.cwd())
    built: Any = _build(Config, values, "")
    return built  # type: ignore[no-any-return]


def default_config_path() -> Path:
    """Where the defaults are: inside the installed package, or ``configs/`` of a checkout."""
    package = Path(__file__).resolve().parent
    installed = package / "default.yaml"
    return installed if installed.exists() else package.parent / "configs" / "default.yaml"


def cache_directory(config: Config) -> Path:
    """Where converted models and flow results go; TRANSLATE_ISSUE_CACHE outranks the configuration."""
    import os

    chosen = os.environ.get("TRANSLATE_ISSUE_CACHE")
    if chosen:
        return Path(chosen)
    if config.model.cache_dir is not None:
        return config.model.cache_dir
    import platformdirs

    return platformdirs.user_cache_path("translate-issue", appauthor=False)


def settings(config: Config) -> dict[str, object]:
    """Every leaf under its dotted key, in JSON's types: for signatures, cache keys and reports."""
    return dict(_leaf_values(config, ""))


def _leaf_values(node: object, prefix: str) -> Iterator[tuple[str, object]]:
    for name in _type_hints(type(node)):
        value = getattr(node, name)
        if is_dataclass(value):
            yield from _leaf_values(value, f"{prefix}{name}.")
        elif isinstance(value, tuple):
            yield prefix + name, list(value)
        else:
            yield prefix + name, str(value) if isinstance(value, Path) else value


# Reading one file ------------------------------------------------------------------------------


def _read(path: Path) -> Iterator[tuple[str, object]]:
    """Dotted keys and converted values of one YAML file."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise UserError(f"{path}: there is no such configuration file; check the path after --config.") from None
    except UnicodeDecodeError:
        raise UserError(f"{path}: the configuration is not UTF-8 text; save it as UTF-8.") from None
    except OSError as error:
        raise UserError(f"{path}: cannot read the configuration ({error.strerror}).") from None
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{path}:{mark.line + 1}" if mark else str(path)
        raise UserError(f"{where}: this is not valid YAML: {error.problem or error.context}.") from None
    except yaml.YAMLError as error:
        raise UserError(f"{path}: this is not valid YAML: {' '.join(str(error).split())}.") from None
    if root is not None and not _is_null(root):
        yield from _leaves(root, Config, "", path)


def _leaves(node: yaml.Node, schema: type, prefix: str, path: Path) -> Iterator[tuple[str, object]]:
    if not isinstance(node, yaml.MappingNode):
        what = f'"{prefix[:-1]}"' if prefix else "a configuration"
        raise UserError(f"{_at(path, node)}: {what} must hold `key: value` lines, not {_kind(node)}.")
    hints = _type_hints(schema)
    seen: set[str] = set()
    for key_node, value_node in node.value:
        key = key_node.value if isinstance(key_node, yaml.ScalarNode) else _kind(key_node)
        if key not in hints:
            raise UserError(f'{_at(path, key_node)}: unknown key "{prefix}{key}"{_suggest(key, schema, prefix)}')
        if key in seen:
            raise UserError(f'{_at(path, key_node)}: the key "{prefix}{key}" is given twice; keep one.')
        seen.add(key)
        dotted, hint = prefix + key, hints[key]
        if is_dataclass(hint):
            yield from _leaves(value_node, hint, f"{dotted}.", path)  # type: ignore[arg-type]
        else:
            where = f'{_at(path, value_node)}: "{dotted}"'
            yield dotted, _convert(_plain(value_node, where), hint, where, path.resolve().parent)


def _plain(node: yaml.Node, where: str) -> object:
    """A scalar, or a list of scalars, as Python values; anything else stays a node."""
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, where) if isinstance(item, yaml.ScalarNode) else item for item in node.value]
    if not isinstance(node, yaml.ScalarNode):
        return node
    try:
        value: object = yaml.SafeLoader("").construct_object(node)
    except (yaml.YAMLError, ValueError):
        raise UserError(f'{where} has a value that YAML cannot read: "{node.value}".') from None
    return value


def _is_null(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:null"


def _kind(node: yaml.Node) -> str:
    kinds = {yaml.ScalarNode: "a single value", yaml.SequenceNode: "a list", yaml.MappingNode: "a mapping"}
    return kinds[type(node)]


def _at(path: Path, node: yaml.Node) -> str:
    return f"{path}:{node.start_mark.line + 1}"


def _suggest(key: str, schema: type, prefix: str) -> str:
    """The nearest key, or the section that the key belongs in, or the keys that there are."""
    known = list(_type_hints(schema))
    elsewhere = [dotted for dotted in _leaf_types() if dotted.rpartition(".")[2] == key]
    if elsewhere:
        return f'; it belongs under "{elsewhere[0].rpartition(".")[0]}:".'
    close = difflib.get_close_matches(key, known, n=1)
    if close:
        return f'; did you mean "{prefix}{close[0]}"?'
    return f"; the keys here are {', '.join(known)}."


# Values and their types ------------------------------------------------------------------------


def _type_hints(schema: type) -> dict[str, Any]:
    hints = get_type_hints(schema, include_extras=True)
    return {field.name: hints[field.name] for field in fields(schema)}


def _leaf_types(schema: type = Config, prefix: str = "") -> dict[str, Any]:
    leaves: dict[str, Any] = {}
    for name, hint in _type_hints(schema).items():
        if is_dataclass(hint):
            leaves |= _leaf_types(hint, f"{prefix}{name}.")  # type: ignore[arg-type]
        else:
            leaves[prefix + name] = hint
    return leaves


def _convert(value: object, hint: Any, where: str, base: Path) -> object:
    """``value`` as the type ``hint``, or UserError beginning with ``where``."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        inner = next(a for a in arguments if a is not type(None))
        return None if value is None else _convert(value, inner, where, base)
    if origin is Annotated:
        number = _convert(value, arguments[0], where, base)
        bounds: Range = arguments[1]
        if not bounds.low <= number <= bounds.high:  # type: ignore[operator]
            raise UserError(f"{where} must be between {bounds.low:g} and {bounds.high:g}, not {number}.")
        return number
    if origin is Literal:
        if value not in arguments:
            raise UserError(f"{where} must be {' or '.join(map(str, arguments))}, not {_show(value)}.")
        return value
    if origin is tuple:
        if not isinstance(value, (list, tuple)):
            raise UserError(f"{where} must be a list, such as [a, b], not {_show(value)}.")
        return tuple(_convert(item, arguments[0], where, base) for item in value)
    return _scalar(value, hint, where, base)


def _scalar(value: object, hint: Any, where: str, base: Path) -> object:
    if hint is Path and isinstance(value, (str, Path)) and str(value):
        return base / Path(value).expanduser()
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is hint and value != "":
        return value
    names = {str: "text", int: "a whole number", float: "a number", bool: "true or false", Path: "a path"}
    raise UserError(f"{where} must be {names[hint]}, not {_show(value)}.")


def _show(value: object) -> str:
    if value is None:
        return "empty"
    if isinstance(value, yaml.Node):
        return _kind(value)
    return f'"{value}"' if isinstance(value, str) else str(value)


def _build(schema: type, values: Mapping[str, object], prefix: str) -> object:
    arguments: dict[str, object] = {}
    for name, hint in _type_hints(schema).items():
        dotted = prefix + name
        arguments[name] = _build(hint, values, f"{dotted}.") if is_dataclass(hint) else values[dotted]  # type: ignore[arg-type]
    return schema(**arguments)
