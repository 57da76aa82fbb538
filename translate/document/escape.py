"""Which characters of a translated text must be escaped, and how."""

from __future__ import annotations

import re

from translate.document.model import Form

MARKDOWN = frozenset("\\`*_[]<>{}#!|$~&:")
"""Characters that Markdown, kramdown or Liquid may interpret; words with one keep the draft's spelling."""

# kramdown has no backslash escape for the ampersand and the tilde; an escaped bracket may open a formula;
# a pipe may make a table even behind a backslash; Liquid knows no escapes at all.
_BY_ENTITY = {"&": "&amp;", "[": "&#91;", "~": "&#126;", "|": "&#124;", "{": "&#123;"}
_LINE_START = re.compile(r"[#>|]|[-+*:](?=\s|$)|-(?=[- ]*$)|=(?=[= ]*$)", re.MULTILINE)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_YAML_DOUBLE = {"\\": "\\\\", '"': '\\"', "\u0085": "\\N"}
_YAML_PLAIN_UNSAFE = re.compile(
    r"^[-?:](?:\s|$)|^[,\[\]{}#&*!|>'\"%@`]|^(?:---|\.\.\.)|: |:$| #|[\x00-\x08\x0b-\x1f\x7f]"
    r"|^(?:true|false|yes|no|on|off|null|y|n|~)$|^[-+.\d][\d.,:_eExXo+-]*$",
    re.IGNORECASE,
)


def backslash(character: str) -> str:
    """The escaped form of a character, understood by CommonMark and kramdown alike."""
    return _BY_ENTITY.get(character, "\\" + character)


def must_escape(
    text: str, index: int, form: Form, *, thoroughly: bool, line_start: bool, beside: tuple[bool, bool]
) -> bool:
    """Whether ``text[index]`` would change meaning if written as it is.

    ``thoroughly`` escapes all that could, not only what surely does. ``line_start`` says that
    ``index`` begins a line of the output, ``beside`` whether a span begins or ends before and after it.
    """
    beside_markup = any(beside)
    character = text[index]
    before = text[index - 1] if index else " "
    after = text[index + 1] if index + 1 < len(text) else " "
    if line_start and form in ("block", "cell") and _LINE_START.match(text, index):
        return True
    if character in ".)" and form in ("block", "cell") and _ends_list_marker(text, index):
        return True
    if character not in MARKDOWN or character in ">}":
        return False
    if character == "!":
        return after == "[" or (thoroughly and beside[1])
    if character == "#":
        return form == "heading" and (after.isspace() or index + 1 == len(text))
    if character == "\\" and index + 1 == len(text) and form in ("block", "heading") and not beside[1]:
        return False  # escapes nothing; two of them would break the line
    if thoroughly:
        return True
    match character:
        case "\\":
            return not after.isalnum() or beside_markup
        case "`" | "|":
            return True
        case "*":
            return beside_markup or not (before.isspace() and after.isspace())
        case "_":
            return beside_markup or not (before.isalnum() and after.isalnum())
        case "<":
            return after.isalpha() or after in "/!?"
        case "&":
            return bool(_ENTITY.match(text, index))
        case "{":
            return after in "{%:#"
        case "$" | "~":
            return character in (before, after)
        case "[" | "]":
            return form == "alt"
        case _:
            return False


def _ends_list_marker(text: str, index: int) -> bool:
    """Whether a line's text up to ``index`` is a number, so that a full stop would make it a list item."""
    start = text.rfind("\n", 0, index) + 1
    if not 0 < index - start <= 9 or not text[start:index].isdecimal():
        return False
    return text[index + 1 : index + 2] in ("", " ", "\t", "\n")


def yaml_double(text: str) -> str:
    """The inside of a double-quoted YAML scalar."""
    return "".join(
        _YAML_DOUBLE.get(c) or (f"\\x{ord(c):02x}" if ord(c) < 32 or ord(c) == 127 else c)
        for c in text.replace("\n", " ")
    )


def plain_is_unsafe(text: str) -> bool:
    """Whether an unquoted YAML scalar with this text would be read as something else."""
    return not text or text != text.strip() or bool(_YAML_PLAIN_UNSAFE.search(text))
