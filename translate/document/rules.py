"""The block grammar: CommonMark, tables, footnotes, and what Jekyll's kramdown adds, with source offsets.

markdown-it-py does the parsing. Its inline tokens carry no positions, so the rules that make them are
wrapped: while a rule's state still knows the containers, the wrapper records which slice of the text
each line of content came from (``token.meta["layout"]``).
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.common.utils import MD_TRIM_CHARS
from markdown_it.rules_block import StateBlock, heading, html_block, lheading, paragraph, table
from markdown_it.token import Token

from translate.document.latex import formula
from translate.document.liquid import OUTPUT, TAG

MAX_NESTING = 100
"""Levels of quotes and lists; deeper blocks stay verbatim."""

Breakpoints = list[tuple[int, int]]
Rule = Callable[[StateBlock, int, int, bool], bool]

_INTERRUPTING = ["paragraph", "reference", "blockquote", "list"]
_LIQUID_LINE = f"{TAG}{OUTPUT} \t"
_SPACER = re.compile(r"\\\\[ \t]*")
_ATTRIBUTES = re.compile(r"\{:[^\n]*\}[ \t]*")
_ABBREVIATION = re.compile(r"\*\[[^\]\n]+\]:.*")
_FOOTNOTE = re.compile(r"\[\^[^\]\s]+\]:")
_DEFINITION = re.compile(r":(?=[ \t]+\S)")
_TAG_NAME = re.compile(r"</?([a-zA-Z][a-zA-Z0-9]*)")
# kramdown reads a line that starts with one of these as a paragraph.
_SPAN_LEVEL = frozenset(
    """a abbr acronym b bdo big br button cite code data del dfn em i img input ins kbd label mark meter
    q rb rbc rp rt rtc ruby s samp select small span strong sub sup time tt u var""".split()  # noqa: SIM905
)


@cache
def block_parser() -> MarkdownIt:
    """The block half of the grammar; the text is masked (``translate.document.liquid``)."""
    md = MarkdownIt("commonmark", {"maxNesting": MAX_NESTING, "inline_definitions": True, "tasklists": True})
    md.enable("table")
    ruler = md.block.ruler
    ruler.at("paragraph", _recording(paragraph, _record_lines), {"alt": []})
    ruler.at("lheading", _recording(lheading, _record_lines), {"alt": []})
    ruler.at("heading", _recording(heading, _record_heading), {"alt": ["paragraph", "reference", "blockquote"]})
    ruler.at("table", _recording(table, _record_table), {"alt": ["paragraph", "reference"]})
    ruler.at("html_block", _html_block, {"alt": ["paragraph", "reference", "blockquote"]})
    for name, rule, alt in (
        ("liquid", _liquid, _INTERRUPTING),
        ("spacer", _line_rule("spacer", _SPACER), _INTERRUPTING),
        ("attributes", _line_rule("attributes", _ATTRIBUTES), _INTERRUPTING),
        ("abbreviation", _line_rule("abbreviation", _ABBREVIATION), ["paragraph", "reference"]),
        ("maths", _maths, []),
        ("latex", _latex, ["paragraph"]),
    ):
        ruler.before("table", name, rule, {"alt": alt})
    for name, pattern in (("footnote", _FOOTNOTE), ("definition", _DEFINITION)):
        ruler.before("reference", name, _container_rule(name, pattern), {"alt": ["paragraph", "reference"]})
    return md


def _line(state: StateBlock, line: int) -> str:
    return state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]]


def _push_verbatim(state: StateBlock, name: str, start: int, end: int) -> None:
    token = state.push("verbatim", "", 0)
    token.info = name
    token.map = [start, end]
    state.line = end


def _line_rule(name: str, pattern: re.Pattern[str]) -> Rule:
    def rule(state: StateBlock, start: int, end: int, silent: bool) -> bool:
        if state.is_code_block(start) or not pattern.fullmatch(_line(state, start)):
            return False
        if not silent:
            _push_verbatim(state, name, start, start + 1)
        return True

    return rule


def _liquid(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    line = _line(state, start)
    if TAG not in line or line.strip(_LIQUID_LINE):
        return False
    if not silent:
        _push_verbatim(state, "liquid", start, start + 1)
    return True


def _maths(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    line = _line(state, start).rstrip()
    if silent or state.is_code_block(start) or not line.startswith("$$"):
        return False
    closed = start
    if not (line.endswith("$$") and len(line) > 4):
        if "$$" in line[2:] or state.env.get("maths_open_until") == end:
            return False
        closed += 1
        while closed < end and not _line(state, closed).rstrip().endswith("$$"):
            closed += 1
        if closed >= end or state.sCount[closed] < state.blkIndent:
            state.env["maths_open_until"] = end  # no need to look again: keeps hostile input linear
            return False
    _push_verbatim(state, "maths", start, closed + 1)
    return True


def _latex(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """A formula on lines of its own (``translate.document.latex``); whatever is inside begins no block."""
    at = state.bMarks[start] + state.tShift[start]
    if not state.src.startswith("\\", at) or state.is_code_block(start):
        return False
    found = formula(state.src, at, state.eMarks[end - 1])
    if not found:
        return False
    last = bisect_left(state.eMarks, found[0], start, end)
    if last >= end or state.src[found[0] : state.eMarks[last]].strip(" \t.,;"):
        return False
    if any(state.sCount[line] < state.blkIndent and not state.isEmpty(line) for line in range(start, last + 1)):
        return False
    if not silent:
        _push_verbatim(state, "latex", start, last + 1)
    return True


def _html_block(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    name = _TAG_NAME.match(state.src, state.bMarks[start] + state.tShift[start])
    if name and name[1].lower() in _SPAN_LEVEL:
        return False
    return html_block(state, start, end, silent)


def _container_rule(name: str, pattern: re.Pattern[str]) -> Rule:
    """A marker followed by blocks that are indented four columns (a footnote or a definition)."""

    def rule(state: StateBlock, start: int, end: int, silent: bool) -> bool:
        marker_at = state.bMarks[start] + state.tShift[start]
        marker = pattern.match(state.src, marker_at, state.eMarks[start])
        if state.is_code_block(start) or not marker:
            return False
        if silent:
            return True
        position, width = marker.end(), state.sCount[start] + len(marker[0])
        column = width
        while position < state.eMarks[start] and state.src[position] in " \t":
            column += 4 - column % 4 if state.src[position] == "\t" else 1
            position += 1
        saved = state.bMarks[start], state.tShift[start], state.sCount[start], state.parentType
        opening = state.push(f"{name}_open", "", 1)
        state.bMarks[start], state.tShift[start] = marker.end(), position - marker.end()
        state.blkIndent += 4
        state.sCount[start] = column - width
        if state.sCount[start] < state.blkIndent:
            state.sCount[start] += state.blkIndent
        state.parentType = name
        state.md.block.tokenize(state, start, end)
        state.blkIndent -= 4
        state.bMarks[start], state.tShift[start], state.sCount[start], state.parentType = saved
        if state.line <= start:  # the marker stands alone
            state.line = start + 1
        opening.map = [start, state.line]
        state.push(f"{name}_close", "", -1)
        return True

    return rule


def _recording(rule: Rule, record: Callable[[StateBlock, list[Token]], None]) -> Rule:
    def recorded(state: StateBlock, start: int, end: int, silent: bool) -> bool:
        before = len(state.tokens)
        if not rule(state, start, end, silent):
            return False
        if not silent:
            record(state, state.tokens[before:])
        return True

    return recorded


def _record_lines(state: StateBlock, tokens: list[Token]) -> None:
    inline = tokens[1]
    if inline.map is None:
        return
    content: list[str] = []
    breakpoints: Breakpoints = []
    length = 0
    begin, end = inline.map
    for line in range(begin, end):
        first, virtual = _content_start(state, line)
        breakpoints += [(length + i, first) for i in range(virtual + 1)]
        last = state.eMarks[line] + (line + 1 < end)
        content.append(" " * virtual + state.src[first:last])
        length += virtual + last - first
    inline.meta["layout"] = trimmed("".join(content), breakpoints)


def _content_start(state: StateBlock, line: int) -> tuple[int, int]:
    """Where a line's content begins and how many columns of a split tab precede it (``StateBlock.getLines``)."""
    position = start = state.bMarks[line]
    last = state.eMarks[line]
    column = 0
    while position < last and column < state.blkIndent:
        character = state.src[position]
        if character == "\t":
            column += 4 - (column + state.bsCount[line]) % 4
        elif character == " " or position - start < state.tShift[line]:
            column += 1
        else:
            break
        position += 1
    return position, max(0, column - state.blkIndent)


def _record_heading(state: StateBlock, tokens: list[Token]) -> None:
    inline = tokens[1]
    if inline.map is None:
        return
    start = state.bMarks[inline.map[0]] + state.tShift[inline.map[0]] + len(tokens[0].markup)
    rest = state.src[start : state.eMarks[inline.map[0]]]
    start += len(rest) - len(rest.lstrip(MD_TRIM_CHARS))
    inline.meta["layout"] = (inline.content, [(0, start)])


def _record_table(state: StateBlock, tokens: list[Token]) -> None:
    cells: list[tuple[str, Breakpoints]] = []
    for token in tokens:
        if token.type == "tr_open" and token.map is not None:
            cells = _cells(state, token.map[0])
        elif token.type == "inline":
            token.meta["layout"] = cells.pop(0) if cells else ("", [(0, 0)])


def _cells(state: StateBlock, line: int) -> list[tuple[str, Breakpoints]]:
    r"""The cells of a row; ``\|`` reads as a pipe, whose backslash belongs to it."""
    start = state.bMarks[line] + state.tShift[line]
    text = state.src[start : state.eMarks[line]]
    start += len(text) - len(text.lstrip(MD_TRIM_CHARS))
    text = text.strip(MD_TRIM_CHARS)
    bounds = [i for i, c in enumerate(text) if c == "|" and not (i and text[i - 1] == "\\")]
    ranges = list(zip([0, *(i + 1 for i in bounds)], [*bounds, len(text)], strict=True))
    if ranges and ranges[0][0] == ranges[0][1]:
        ranges.pop(0)
    if ranges and ranges[-1][0] == ranges[-1][1]:
        ranges.pop()
    cells = []
    for first, last in ranges:
        content: list[str] = []
        breakpoints: Breakpoints = [(0, start + first)]
        length, position = 0, first
        while (pipe := text.find("\\|", position, last)) >= 0:
            content += [text[position:pipe], "|"]
            length += pipe - position + 1
            breakpoints += [(length - 1, start + pipe), (length, start + pipe + 2)]
            position = pipe + 2
        content.append(text[position:last])
        cells.append(trimmed("".join(content), breakpoints))
    return cells


def trimmed(content: str, breakpoints: Breakpoints) -> tuple[str, Breakpoints]:
    """Content and breakpoints without CommonMark's white space at both ends."""
    kept = content.strip(MD_TRIM_CHARS)
    return sliced(content, breakpoints, lead := len(content) - len(content.lstrip(MD_TRIM_CHARS)), lead + len(kept))


def sliced(content: str, breakpoints: Breakpoints, start: int, end: int) -> tuple[str, Breakpoints]:
    """``content[start:end]`` with its breakpoints, the first of which is at offset 0."""
    at, source = next(pair for pair in reversed(breakpoints) if pair[0] <= start)
    inside = [(a - start, s) for a, s in breakpoints if start < a <= end]
    return content[start:end], [(0, source + start - at), *inside]
