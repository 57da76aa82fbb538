"""A glossary as a YAML file that people edit."""

from __future__ import annotations

import json
import re

from glossary.terms import Term, Termbase

_PLAIN = re.compile(r"[^\W\d_](?:[\w/.+'\u2019-]| (?=[^\W_]))*")
_VALUES = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})


def dump_yaml(termbase: Termbase) -> str:
    """The glossary as YAML text; `glossary.parse_termbase` gives the same entries back."""
    lines = [f"casing: {termbase.casing}", "terms:"]
    for term in termbase:
        lines.extend(_entry(term))
    return "\n".join(lines) + "\n"


def scalar(text: str) -> str:
    """A YAML scalar on one line: plain where that is safe, else in double quotes."""
    if _PLAIN.fullmatch(text) and text.lower() not in _VALUES:
        return text
    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(letter if letter.isprintable() else _escape(letter) for letter in quoted)


def _escape(letter: str) -> str:
    return f"\\u{ord(letter):04x}" if ord(letter) < 0x10000 else f"\\U{ord(letter):08x}"


def _entry(term: Term) -> list[str]:
    keys: list[tuple[str, str]] = []
    for key, phrases in (("variants", term.variants), ("except", term.exceptions)):
        keys.append((key, _list(phrases)))
    keys.append(("plural", "" if term.plural else "false"))
    keys.append(("match", "" if term.match == "any" else term.match))
    keys.append(("style", term.style or ""))
    keys.append(("gender", term.gender or ""))
    keys.append(("number", term.number or ""))
    keys.append(("article", "" if term.article else "false"))
    keys.append(("translation", scalar(term.translation) if term.translation is not None else ""))
    keys.append(("forms", _list(term.forms)))
    keys.append(("forbidden", _list(term.forbidden)))
    keys.append(("note", scalar(term.note) if term.note else ""))
    given = [f"    {key}: {value}" for key, value in keys if value]
    if not given:
        return [f"  - {scalar(term.text)}"]
    return [f"  - term: {scalar(term.text)}", *given]


def _list(phrases: tuple[str, ...]) -> str:
    return f"[{', '.join(map(scalar, phrases))}]" if phrases else ""
