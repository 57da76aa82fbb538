"""The inline grammar: CommonMark, strikethrough, and what Jekyll's kramdown adds, with positions.

markdown-it-py's inline tokens have no positions. ``_Recorder`` runs the same rules and notes, after
each of them, which slice of the content its tokens came from (``token.meta["at"]``).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.parser_inline import ParserInline
from markdown_it.rules_inline import StateInline, image, link, strikethrough
from markdown_it.token import Token
from markdown_it.utils import EnvType

from translate.document.latex import formula
from translate.document.liquid import OUTPUT, TAG
from translate.document.model import SpanKind

MAX_NESTING = 20
"""Levels of links and images; deeper brackets are text."""

_ATTRIBUTES = re.compile(r"\{(?::[^{}\n]*|#[\w:.-]+)\}")
_FOOTNOTE = re.compile(r"\[\^[^\]\s]+\]")
_EMOJI = re.compile(r":(?=[\w+-]*[a-z])[a-z0-9_+-]{1,40}:(?!\w)")
# One dollar sign on each side is maths only if no space is inside and something is that prices do not have.
_INLINE_MATHS = re.compile(
    r"\$(?![ \d])(?=[^$\n]*[\\^_={}+])[^$\n`<>]{1,200}(?<![ \\])\$(?![\w$])"
    r"|\$(?=\d)(?=[^$\n]*[\\^_=])[^$\n`<>]{1,200}(?<![ \\])\$(?![\w$])"
    r"|\$[A-Za-z]\$(?![\w$])"
)
_BACKSLASH = re.compile(rf"\\(?=[{TAG}{OUTPUT}])")
_TILDES = re.compile(r"~+")
_LIQUID = re.compile(f"[{TAG}{OUTPUT}]+")


@cache
def inline_parser() -> MarkdownIt:
    """The inline half of the grammar; the content is masked (``translate.document.liquid``)."""
    md = MarkdownIt("commonmark", {"maxNesting": MAX_NESTING})
    md.inline = _Recorder()
    for character in (TAG, OUTPUT):
        md.inline.add_terminator_char(character)
    ruler = md.inline.ruler
    ruler.enableOnly(["text", "escape", "backticks", "strikethrough", "emphasis", "link", "image", "autolink"])
    ruler.enable(["html_inline", "entity"])
    ruler.at("strikethrough", _strikethrough)
    ruler.at("link", _closable(link))
    ruler.at("image", _closable(image))
    ruler.before("text", "liquid", _liquid)
    ruler.before("escape", "backslash", _backslash)
    ruler.before("escape", "line_end", _line_end)
    ruler.before("line_end", "latex", _latex)
    ruler.before("backticks", "maths", _maths)
    ruler.before("link", "footnote", _pattern_rule("footnote", "[", _FOOTNOTE))
    ruler.before("link", "attributes", _pattern_rule("attributes", "{", _ATTRIBUTES))
    ruler.before("link", "emoji", _emoji)
    md.inline.ruler2.enableOnly(["balance_pairs", "strikethrough", "emphasis"])
    return md


def tokenize(content: str, env: EnvType) -> list[Token]:
    """The tokens of ``content``, each with ``meta["at"]`` (links and images also ``meta["label"]``)."""
    md = inline_parser()
    state = StateInline(content, md, env, [])
    md.inline.tokenize(state)
    for rule in md.inline.ruler2.getRules(""):
        rule(state)
    return state.tokens


class _Recorder(ParserInline):
    def tokenize(self, state: StateInline) -> None:
        rules = self.ruler.getRules("")
        end = state.posMax
        tokens = state.tokens
        if tokens and tokens[-1].type == "link_open" and "label" not in tokens[-1].meta:
            tokens[-1].meta["label"] = (state.pos, end)
        pending_from = state.pos
        while state.pos < end:
            position, before = state.pos, len(tokens)
            if state.level >= MAX_NESTING or not any(rule(state, False) for rule in rules):
                state.append_pending(state.src[state.pos])
                state.pos += 1
            if len(tokens) > before:
                _locate(tokens, before, pending_from, position, state.pos)
                pending_from = state.pos
        if state.pending:
            state.pushPending().meta["at"] = (pending_from, end)

    def parse(self, src: str, md: MarkdownIt, env: EnvType, tokens: list[Token]) -> list[Token]:
        return tokens  # an image's alternative text is read on its own


def _locate(tokens: list[Token], before: int, pending_from: int, start: int, end: int) -> None:
    """Note where the tokens that one rule pushed came from (the first may be text that was pending)."""
    if pending_from < start:
        tokens[before].meta["at"] = (pending_from, start)
        before += 1
    new = [token for token in tokens[before:] if "at" not in token.meta]
    if sum(len(t.content) for t in new if t.type == "text") == end - start and not any(t.nesting for t in new):
        for token in new:  # a run of delimiters: one token each
            token.meta["at"] = (start, start + len(token.content))
            start += len(token.content)
        return
    for token in new:
        token.meta["at"] = (start, end)
        if token.type == "image":
            label = start + 2
            token.meta["label"] = (label, label + len(token.content))


def _opaque(state: StateInline, kind: SpanKind, end: int, inner: tuple[int, int] | None = None) -> bool:
    """Push an opaque span that ends at ``end``; its text is the inner slice, or nothing."""
    token = state.push("opaque", "", 0)
    token.info = kind
    token.meta["at"] = (state.pos, end)
    token.meta["inner"] = inner
    state.pos = end
    return True


def _pattern_rule(kind: SpanKind, first: str, pattern: re.Pattern[str]) -> Callable[[StateInline, bool], bool]:
    def rule(state: StateInline, silent: bool) -> bool:
        if state.src[state.pos] != first:
            return False
        found = pattern.match(state.src, state.pos, state.posMax)
        if not found:
            return False
        if silent:
            state.pos = found.end()
            return True
        return _opaque(state, kind, found.end())

    return rule


def _emoji(state: StateInline, silent: bool) -> bool:
    start = state.pos
    if state.src[start] != ":" or (start and (state.src[start - 1].isalnum() or state.src[start - 1] == ":")):
        return False
    found = _EMOJI.match(state.src, start, state.posMax)
    if not found:
        return False
    if silent:
        state.pos = found.end()
        return True
    return _opaque(state, "tag", found.end())


def _liquid(state: StateInline, silent: bool) -> bool:
    found = _LIQUID.match(state.src, state.pos, state.posMax)
    if not found:
        return False
    end = found.end()
    if silent:
        state.pos = end
        return True
    return _opaque(state, "liquid", end)


def _maths(state: StateInline, silent: bool) -> bool:
    start = state.pos
    if state.src[start] != "$":
        return False
    if state.src.startswith("$$", start):
        close = state.env.get("maths_last", -2)
        if close == -2:
            close = state.env["maths_last"] = state.src.rfind("$$")
        if close < start + 3:
            return False
        close = state.src.find("$$", start + 2, state.posMax)
        if close < start + 3:
            return False
        end, inner = close + 2, (start + 2, close)
    else:
        if start and (state.src[start - 1].isalnum() or state.src[start - 1] == "$"):
            return False
        found = _INLINE_MATHS.match(state.src, start, state.posMax)
        if not found:
            return False
        end, inner = found.end(), (start + 1, found.end() - 1)
    if silent:
        state.pos = end
        return True
    return _opaque(state, "math", end, inner)


def _latex(state: StateInline, silent: bool) -> bool:
    if state.src[state.pos] != "\\":
        return False
    found = formula(state.src, state.pos, state.posMax)
    if not found:
        return False
    end, *inner = found
    if silent:
        state.pos = end
        return True
    return _opaque(state, "math", end, (inner[0], inner[1]))


def _line_end(state: StateInline, silent: bool) -> bool:
    r"""A line break: soft, or hard after two spaces, a backslash (CommonMark) or two (kramdown).

    The token's slice begins at the line ending's own mark, or at the newline; the text before it may
    end in spaces, which belong to the break as well. A backslash break is met at its backslash.
    """
    source, start = state.src, state.pos
    newline = start
    if source[start] == "\\":
        newline += 2 if source.startswith("\\\\\n", start) else 1
    if newline >= state.posMax or source[newline] != "\n":
        return False
    end = newline + 1
    while end < state.posMax and source[end] in " \t":
        end += 1
    if silent:
        state.pos = end
        return True
    token = state.push("hardbreak" if newline > start or source.endswith("  ", 0, start) else "softbreak", "br", 0)
    token.meta["at"] = (start, end)
    state.pos = end
    return True


def _closable(rule: Callable[[StateInline, bool], bool]) -> Callable[[StateInline, bool], bool]:
    """``rule``, asked only where a closing bracket follows: keeps a line of opening ones cheap."""

    def checked(state: StateInline, silent: bool) -> bool:
        if state.src[state.pos] not in "[!":
            return False
        last = state.env.get("bracket_last", -2)
        if last == -2:
            last = state.env["bracket_last"] = state.src.rfind("]")
        return last > state.pos and rule(state, silent)

    return checked


def _backslash(state: StateInline, silent: bool) -> bool:
    """A backslash escapes nothing where Liquid follows."""
    if not _BACKSLASH.match(state.src, state.pos, state.posMax):
        return False
    if not silent:
        state.append_pending("\\")
    state.pos += 1
    return True


def _strikethrough(state: StateInline, silent: bool) -> bool:
    """Two tildes; one, or three and more, are text."""
    run = _TILDES.match(state.src, state.pos, state.posMax)
    if not run or silent:
        return False
    if len(run[0]) == 2:
        return strikethrough.tokenize(state, silent)
    state.append_pending(run[0])
    state.pos = run.end()
    return True
