"""A glossary as a spreadsheet: CSV with a header row, a row for each entry.

Lists are separated by ``;`` inside a cell (``\\;`` for a semicolon itself). A cell that a spreadsheet
would run as a formula (it begins with ``= + - @``, a tab or a return) is written with a leading
apostrophe, which is taken off again on the way in. Only ``term`` is required; columns may stand in
any order; a comma, semicolon or tab separates them; UTF-8, with or without a byte order mark.
"""

from __future__ import annotations

import csv
import difflib
import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

from glossary.errors import GlossaryError
from glossary.termbase import KEYS, decode, make_termbase
from glossary.terms import Casing, Gender, Match, Number, Style, Term, Termbase

_LISTS = ("variants", "except", "forms", "forbidden")
_FLAGS = ("plural", "article")
_BOOLEANS = {"true": True, "false": False, "verdadeiro": True, "falso": False}
"""A Portuguese spreadsheet program translates them."""
_CHOICES: dict[str, Sequence[str]] = {
    "style": get_args(Style),
    "gender": get_args(Gender),
    "number": get_args(Number),
    "match": get_args(Match),
}
_FORMULA = re.compile(r"'*[=+\-@\t\r]")


def dump_csv(termbase: Termbase, *, delimiter: str = ",") -> str:
    """The glossary as CSV text (CRLF, quoted as RFC 4180 has it); `load_csv` gives the same entries back.

    ``delimiter``: a Portuguese spreadsheet program expects ``;``.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter)
    writer.writerow(KEYS)
    for term in termbase:
        writer.writerow([_guard(_cell(term, key)) for key in KEYS])
    return out.getvalue()


def load_csv(content: bytes, path: Path | str, *, casing: Casing = "draft") -> Termbase:
    """The glossary in a CSV file's bytes; ``path`` is for messages. Raises GlossaryError with the line."""
    path = Path(path)
    text = decode(content, path)
    header = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=header.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    terms: list[Term] = []
    columns: list[str] = []
    line = 1
    try:
        for row in reader:
            start, line = line, reader.line_num + 1
            if not any(cell.strip() for cell in row):
                continue
            if not columns:
                columns = _columns(row, start, path)
            elif len(row) > len(columns):
                raise GlossaryError(path, start, f"this row has {len(row)} cells for {len(columns)} columns; mend it.")
            else:
                terms.append(_term(dict(zip(columns, row, strict=False)), start, path))
    except csv.Error as error:
        raise GlossaryError(path, reader.line_num, f"this is not valid CSV ({error}); mend the row.") from error
    if not terms:
        raise GlossaryError(path, None, "there is no term in this file; add a row under the header.")
    return make_termbase(terms, casing=casing, path=path)


def _columns(row: Sequence[str], line: int, path: Path) -> list[str]:
    columns = [cell.strip().lower() for cell in row]
    for column in columns:
        if column not in KEYS:
            close = difflib.get_close_matches(column, KEYS, n=1)
            advice = f"did you mean `{close[0]}`?" if close else f"use: {', '.join(KEYS)}."
            raise GlossaryError(path, line, f"unknown column `{column}`; {advice}")
    if "term" not in columns or len(set(columns)) < len(columns):
        raise GlossaryError(path, line, "the header needs a `term` column and no column twice; mend it.")
    return columns


def _term(cells: dict[str, str], line: int, path: Path) -> Term:
    values: dict[str, Any] = {}
    for key, raw in cells.items():
        cell = _unguard(raw).strip()
        if key == "term":
            if not cell:
                raise GlossaryError(path, line, "this row has no term; write one or remove the row.")
            values["text"] = " ".join(cell.split())
        elif not cell:
            continue
        elif key in _LISTS:
            values["exceptions" if key == "except" else key] = _split(cell)
        elif key in _FLAGS:
            if cell.lower() not in _BOOLEANS:
                raise GlossaryError(path, line, f"`{key}` must be true or false; write one of them.")
            values[key] = _BOOLEANS[cell.lower()]
        elif key in _CHOICES and cell not in _CHOICES[key]:
            raise GlossaryError(path, line, f"`{key}` cannot be `{cell}`; use {' or '.join(_CHOICES[key])}.")
        else:
            values[key] = cell if key == "note" else " ".join(cell.split())
    return Term(**values, line=line)


def _cell(term: Term, key: str) -> str:
    value = getattr(term, {"term": "text", "except": "exceptions"}.get(key, key))
    if isinstance(value, tuple):
        return "; ".join(part.replace("\\", "\\\\").replace(";", "\\;") for part in value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return value or ""


def _split(cell: str) -> tuple[str, ...]:
    parts = [""]
    for token in re.findall(r"\\[\\;]|.", cell, re.DOTALL):
        if token == ";":
            parts.append("")
        else:
            parts[-1] += token[1] if len(token) == 2 else token
    return tuple(part for part in (" ".join(part.split()) for part in parts) if part)


def _guard(cell: str) -> str:
    return f"'{cell}" if _FORMULA.match(cell) else cell


def _unguard(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell
