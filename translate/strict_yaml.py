"""Frozen dataclasses read strictly from YAML: every key known, every value of its type and within its bounds.

A schema is a tree of dataclasses. Its leaves are text, numbers, truth values, paths, literals, tuples of these, and
tuples of dataclasses (a list of mappings, whose keys may be left out where their field has a default).
"""

from __future__ import annotations

import difflib
import functools
import math
import re
import types
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import yaml

from glossary.bounded import read_bounded
from translate.errors import UserError

T = TypeVar("T")

MAX_BYTES = 256_000
"""Of one file: no configuration comes near it."""
MAX_DEPTH = 16
"""Levels of collections in one file."""
_LARGEST = 10**300
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Range:
    """Inclusive bounds of a number."""

    low: float
    high: float


def read(path: Path, schema: type, hint: str = "check the path") -> Iterator[tuple[str, object]]:
    """Dotted keys and converted values of one YAML file.

    Raises UserError (``PATH:LINE: …``) for a file that is missing (``hint`` says what to do), unreadable or not YAML,
    and for an unknown, misplaced or repeated key or a value of the wrong type or outside its bounds.
    """
    try:
        data = read_bounded(path, MAX_BYTES)
        if len(data) > MAX_BYTES:
            raise UserError(f"{path}: over {MAX_BYTES // 1000} kB: this is no configuration; {hint}.")
        text = data.decode("utf-8-sig")
    except FileNotFoundError:
        raise UserError(f"{path}: there is no such configuration file; {hint}.") from None
    except UnicodeDecodeError:
        raise UserError(f"{path}: the configuration is not UTF-8 text; save it as UTF-8.") from None
    except OSError as error:
        raise UserError(f"{path}: cannot read the configuration ({error.strerror}).") from None
    try:
        _check_depth(text, path)
        root = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{path}:{mark.line + 1}" if mark else str(path)
        raise UserError(f"{where}: this is not valid YAML: {error.problem or error.context}.") from None
    except yaml.YAMLError as error:
        raise UserError(f"{path}: this is not valid YAML: {' '.join(str(error).split())}.") from None
    if root is not None and not _is_null(root):
        yield from _Reader(path, schema).leaves(root, schema, "")


def _check_depth(text: str, path: Path) -> None:
    """UserError where collections are nested deeper than any schema: PyYAML composes them by recursion."""
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            line = event.start_mark.line + 1 if event.start_mark else 1
            raise UserError(f"{path}:{line}: this is nested more than {MAX_DEPTH} deep; flatten it.")


def build(schema: type[T], values: Mapping[str, object], prefix: str = "") -> T:
    """The tree of dataclasses with these dotted keys; every leaf must be given."""
    arguments: dict[str, object] = {}
    for name, hint in type_hints(schema).items():  # type: ignore[arg-type]
        dotted = prefix + name
        arguments[name] = build(hint, values, f"{dotted}.") if is_dataclass(hint) else values[dotted]  # type: ignore[arg-type]
    return schema(**arguments)


def leaf_values(node: object, prefix: str = "") -> Iterator[tuple[str, object]]:
    """Every leaf of a built tree under its dotted key, in JSON's types."""
    for name in type_hints(type(node)):  # type: ignore[arg-type]
        value = getattr(node, name)
        if is_dataclass(value):
            yield from leaf_values(value, f"{prefix}{name}.")
        else:
            yield prefix + name, _json(value)


@functools.cache
def type_hints(schema: type) -> dict[str, Any]:
    """The fields of a dataclass with their types."""
    hints = get_type_hints(schema, include_extras=True)
    return {field.name: hints[field.name] for field in fields(schema)}


@functools.cache
def leaf_types(schema: type, prefix: str = "") -> dict[str, Any]:
    """The type of each leaf under its dotted key."""
    leaves: dict[str, Any] = {}
    for name, hint in type_hints(schema).items():
        if is_dataclass(hint):
            leaves |= leaf_types(hint, f"{prefix}{name}.")  # type: ignore[arg-type]
        else:
            leaves[prefix + name] = hint
    return leaves


class Block(str):
    """The name of a Prefect storage block, ``type/slug``: where a key that holds a directory may name one."""

    TYPES = (
        "azure-blob-storage-container",
        "gcs-bucket",
        "local-file-system",
        "remote-file-system",
        "s3-bucket",
        "smb",
    )
    __slots__ = ()

    @classmethod
    def names(cls, value: object) -> bool:
        """Whether a value is such a name, and no path (``./s3-bucket/results`` is one)."""
        return isinstance(value, str) and re.fullmatch(rf"(?:{'|'.join(cls.TYPES)})/[a-z0-9-]+", value) is not None


def convert(value: object, hint: Any, where: str, base: Path) -> object:
    """``value`` as the type ``hint``, relative paths taken from ``base``, or UserError beginning with ``where``."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        if Block in arguments and Block.names(value):
            return Block(value)
        if value is None or any(get_origin(a) is Literal and value in get_args(a) for a in arguments):
            return value
        inner = next(a for a in reversed(arguments) if a is not type(None))
        return convert(value, inner, where, base)
    if origin is Annotated:
        number = convert(value, arguments[0], where, base)
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
        return tuple(convert(item, arguments[0], where, base) for item in value)
    if is_dataclass(hint) and isinstance(value, Mapping):  # from JSON, what `leaf_values` made of it
        hints = type_hints(hint)  # type: ignore[arg-type]
        return hint(**{key: convert(item, hints[key], where, base) for key, item in value.items()})  # type: ignore[operator]
    return _scalar(value, hint, where, base)


# Reading -------------------------------------------------------------------------------------------


class _Reader:
    """One file, for its path and for the keys that the whole schema knows."""

    def __init__(self, path: Path, schema: type) -> None:
        self.path, self.schema, self.base = path, schema, path.resolve().parent

    def leaves(self, node: yaml.Node, schema: type, prefix: str) -> Iterator[tuple[str, object]]:
        """Dotted keys and values below ``node``, which must be a mapping with the schema's keys."""
        for key, value_node, hint in self._entries(node, schema, prefix):
            if is_dataclass(hint):
                yield from self.leaves(value_node, hint, f"{prefix}{key}.")  # type: ignore[arg-type]
            else:
                yield prefix + key, self._value(value_node, hint, prefix + key)

    def _entries(self, node: yaml.Node, schema: type, prefix: str) -> Iterator[tuple[str, yaml.Node, Any]]:
        if not isinstance(node, yaml.MappingNode):
            what = f'"{prefix[:-1]}"' if prefix else "a configuration"
            raise UserError(f"{self._at(node)}: {what} must hold `key: value` lines, not {_kind(node)}.")
        hints = type_hints(schema)
        seen: set[str] = set()
        for key_node, value_node in node.value:
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else _kind(key_node)
            if key not in hints:
                raise UserError(f'{self._at(key_node)}: unknown key "{prefix}{key}"{self._suggest(key, hints, prefix)}')
            if key in seen:
                raise UserError(f'{self._at(key_node)}: the key "{prefix}{key}" is given twice; keep one.')
            seen.add(key)
            yield key, value_node, hints[key]

    def _value(self, node: yaml.Node, hint: Any, dotted: str) -> object:
        item = get_args(hint)[0] if get_origin(hint) is tuple else None
        if is_dataclass(item) and isinstance(node, yaml.SequenceNode):
            return tuple(self._item(n, item, dotted) for n in node.value)  # type: ignore[arg-type]
        where = f'{self._at(node)}: "{dotted}"'
        return convert(_plain(node, where), hint, where, self.base)

    def _item(self, node: yaml.Node, schema: type, dotted: str) -> object:
        """One mapping of a list, built at once."""
        values = {
            key: self._value(child, hint, f"{dotted}.{key}")
            for key, child, hint in self._entries(node, schema, f"{dotted}.")
        }
        for field in fields(schema):
            if field.name not in values and field.default is MISSING:
                raise UserError(f'{self._at(node)}: each entry of "{dotted}" needs the key "{field.name}".')
        return schema(**values)

    def _at(self, node: yaml.Node) -> str:
        return f"{self.path}:{node.start_mark.line + 1}"

    def _suggest(self, key: str, known: Mapping[str, Any], prefix: str) -> str:
        """The nearest key, or the section that the key belongs in, or the keys that there are."""
        elsewhere = [dotted for dotted in leaf_types(self.schema) if dotted.rpartition(".")[2] == key]
        if elsewhere:
            return f'; it belongs under "{elsewhere[0].rpartition(".")[0]}:".'
        close = difflib.get_close_matches(key, known, n=1)
        if close:
            return f'; did you mean "{prefix}{close[0]}"?'
        return f"; the keys here are {', '.join(known)}."


def _plain(node: yaml.Node, where: str) -> object:
    """A scalar, or a list of scalars, as Python values; anything else stays a node."""
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, where) if isinstance(item, yaml.ScalarNode) else item for item in node.value]
    if not isinstance(node, yaml.ScalarNode):
        return node
    try:
        value: object = yaml.SafeLoader("").construct_object(node)
    except Exception:  # PyYAML follows a tag (`!!bool x`) without a look at the value, and fails in many ways
        raise UserError(f'{where} has a value that YAML cannot read: "{node.value}".') from None
    return value


def _is_null(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:null"


def _kind(node: yaml.Node) -> str:
    kinds = {yaml.ScalarNode: "a single value", yaml.SequenceNode: "a list", yaml.MappingNode: "a mapping"}
    return kinds[type(node)]


# Values --------------------------------------------------------------------------------------------


def _scalar(value: object, hint: Any, where: str, base: Path) -> object:
    if hint is Path and isinstance(value, (str, Path)) and str(value):
        try:
            return base / Path(value).expanduser()
        except RuntimeError:
            raise UserError(f"{where} begins with the home directory of a user that does not exist: {value}.") from None
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value) if abs(value) < _LARGEST else math.inf if value > 0 else -math.inf
    if type(value) is hint and value != "":
        return value
    names = {str: "text", int: "a whole number", float: "a number", bool: "true or false", Path: "a path"}
    raise UserError(f"{where} must be {names.get(hint, 'a mapping')}, not {_show(value)}.")


def _show(value: object) -> str:
    if value is None:
        return "empty"
    if isinstance(value, yaml.Node):
        return _kind(value)
    return f'"{value}"' if isinstance(value, str) else str(value)


def _json(value: object) -> object:
    if isinstance(value, tuple):
        return [_json(item) for item in value]
    if is_dataclass(value):
        return dict(leaf_values(value))
    return str(value) if isinstance(value, Path) else value
