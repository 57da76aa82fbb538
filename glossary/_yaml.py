"""YAML as nodes with line numbers: no tags, no aliases, bounded depth and size.

Built from the parser's events, so that hostile input (deep nesting, alias bombs, Python tags) is
refused before anything is constructed from it, and a word such as ``on`` or ``null`` stays a word.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

from glossary.errors import GlossaryError

_MAX_DEPTH = 8
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Scalar:
    """A scalar's text; ``plain`` is False where it was quoted."""

    value: str
    plain: bool
    line: int


@dataclass(frozen=True, slots=True)
class Sequence:
    items: list[Node]
    line: int


@dataclass(frozen=True, slots=True)
class Mapping:
    items: list[tuple[Scalar, Node]]
    line: int


Node = Scalar | Sequence | Mapping


def parse(text: str, path: Path) -> Node | None:
    """The root node of the only document in ``text``, None for an empty one.

    Raises GlossaryError with the line for broken YAML and for what a glossary has no use for.
    """
    try:
        return _build(text, path)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else None
        raise GlossaryError(path, line, f"this is not valid YAML ({error.problem}); mend the line.") from error
    except yaml.YAMLError as error:  # the reader's error for control characters has a position, no mark
        position = getattr(error, "position", None)
        line = text.count("\n", 0, position) + 1 if isinstance(position, int) else None
        raise GlossaryError(path, line, "this is not valid YAML (a control character); remove it.") from error


def _build(text: str, path: Path) -> Node | None:
    root: Node | None = None
    stack: list[Sequence | Mapping] = []
    keys: list[Scalar | None] = []  # for each open collection, the key that waits for its value
    for event in yaml.parse(text, Loader=_Loader):
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.CollectionEndEvent):
            stack.pop()
            keys.pop()
        node = _node(event, line, path, again=root is not None and not stack)
        if node is None:
            continue
        if not stack:
            root = node
        elif isinstance(stack[-1], Sequence):
            stack[-1].items.append(node)
        elif (key := keys[-1]) is not None:
            stack[-1].items.append((key, node))
            keys[-1] = None
        elif isinstance(node, Scalar):
            keys[-1] = node
        else:
            raise GlossaryError(path, line, "a key must be a word; mend the line.")
        if not isinstance(node, Scalar):
            if len(stack) == _MAX_DEPTH:
                raise GlossaryError(path, line, "this is nested too deeply for a glossary; flatten it.")
            stack.append(node)
            keys.append(None)
    return root


def _node(event: yaml.Event, line: int, path: Path, *, again: bool) -> Node | None:
    """The node that an event opens, None for events that open none; refuses what a glossary has no use for."""
    if isinstance(event, yaml.DocumentStartEvent) and again:
        raise GlossaryError(path, line, "a glossary is one YAML document; remove the `---` and what follows.")
    if not isinstance(event, yaml.NodeEvent):
        return None
    if event.anchor is not None:  # an alias has its anchor's name
        advice = "write the text out or put it in quotes."
        raise GlossaryError(path, line, f"YAML anchors and aliases (`&`, `*`) are not used here; {advice}")
    if isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent) and event.tag is not None:
        raise GlossaryError(path, line, f"the YAML tag `{event.tag}` is not used here; remove it.")
    if isinstance(event, yaml.ScalarEvent):
        return Scalar(event.value, not event.style, line)
    return Sequence([], line) if isinstance(event, yaml.SequenceStartEvent) else Mapping([], line)
