"""Read a glossary file: strict, with a line number for everything that is wrong.

The file is YAML: ``terms:`` holds words, or mappings with the keys of `KEYS`; ``casing:`` and ``note:``
may stand beside it. A bare list of terms is a glossary too. See `glossary.terms.Term` for the fields.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from importlib import resources
from pathlib import Path
from typing import Any, get_args

from glossary import _yaml
from glossary.bounded import read_bounded
from glossary.errors import GlossaryError
from glossary.terms import Casing, Gender, Match, Number, Style, Term, Termbase
from glossary.words import HYPHENS, WORD, affixes, fold, keys_of, plural_of, spell

MAX_BYTES = 16 * 1024 * 1024
MAX_WORDS = 16
"""Words in a term; bounds the matcher's work at each word of a text."""

KEYS = (
    "term",
    "variants",
    "plural",
    "style",
    "note",
    "gender",
    "number",
    "article",
    "match",
    "except",
    "translation",
    "forms",
    "forbidden",
)
_TOP_KEYS = ("terms", "casing", "note")
_CHOICES: dict[str, tuple[str, ...]] = {
    "style": get_args(Style),
    "gender": get_args(Gender),
    "number": get_args(Number),
    "match": get_args(Match),
}
_LISTS = ("variants", "except", "forms", "forbidden")
_FLAGS = ("plural", "article")
_TRUE = frozenset({"true", "yes", "on"})
_FALSE = frozenset({"false", "no", "off"})
_NULL = frozenset({"", "~", "null"})


def load_termbase(path: Path | str) -> Termbase:
    """The glossary in a YAML file. Raises GlossaryError (``PATH:LINE: sentence``) when it cannot be used."""
    path = Path(path)
    return parse_termbase(decode(read_bytes(path), path), path)


def read_bytes(path: Path) -> bytes:
    """A glossary file's bytes. Raises GlossaryError where there is no such file, or it cannot be one."""
    try:
        if path.is_dir():
            raise GlossaryError(path, None, "this is a directory; name a glossary file.")
        content = read_bounded(path, MAX_BYTES)
        if len(content) > MAX_BYTES:
            raise GlossaryError(path, None, f"this is over {MAX_BYTES // 2**20} MB; name a glossary file.")
        return content
    except FileNotFoundError as error:
        raise GlossaryError(path, None, "there is no such glossary file; check the name.") from error
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        if isinstance(error, GlossaryError):
            raise
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise GlossaryError(path, None, f"the glossary cannot be read ({reason}); check it.") from error


def default_termbase() -> Termbase:
    """The glossary that ships with the package (``glossary/pt-br.yaml``)."""
    resource = resources.files("glossary") / "pt-br.yaml"
    return parse_termbase(resource.read_text(encoding="utf-8"), Path("glossary/pt-br.yaml"))


def decode(content: bytes, path: Path) -> str:
    """UTF-8 text (a byte order mark is tolerated). Raises GlossaryError with the first bad line."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise GlossaryError(path, line, "this is not UTF-8 text; save the file as UTF-8.") from error


def parse_termbase(text: str, path: Path | str = "<glossary>") -> Termbase:
    """The glossary in a YAML text; ``path`` is for messages. Raises GlossaryError."""
    path = Path(path)
    casing, nodes = _read(text, path)
    return make_termbase((read_term(node, path) for node in nodes), casing=casing, path=path)


def find_errors(text: str, path: Path | str = "<glossary>") -> list[GlossaryError]:
    """Everything that `parse_termbase` refuses in a YAML text, by line; broken YAML hides what is behind it."""
    path = Path(path)
    try:
        _, nodes = _read(text, path)
    except GlossaryError as error:
        return [error]
    terms: list[Term] = []
    errors: list[GlossaryError] = []
    for node in nodes:
        try:
            terms.append(read_term(node, path))
        except GlossaryError as error:
            errors.append(error)
    errors.extend(_conflicts(terms, path))
    return sorted(errors, key=lambda error: error.line or 0)


def make_termbase(terms: Iterable[Term], *, casing: Casing = "draft", path: Path | None = None) -> Termbase:
    """A glossary of ``terms``, checked as a file's are (conflicts, duplicates, phrases without a word)."""
    termbase = Termbase(tuple(terms), casing, path)
    for error in _conflicts(termbase.terms, path or Path("<glossary>")):
        raise error
    return termbase


def _read(text: str, path: Path) -> tuple[Casing, list[_yaml.Node]]:
    """The casing rule and the entries."""
    root = _yaml.parse(text, path)
    if root is None:
        raise GlossaryError(path, 1, "the glossary is empty; write `terms:` and a list of terms.")
    casing: Casing = "draft"
    entries: _yaml.Node | None = root
    if isinstance(root, _yaml.Mapping):
        top = _fields(root, _TOP_KEYS, path)
        casing = _choice(top["casing"], "casing", get_args(Casing), path) if "casing" in top else "draft"
        if "note" in top:
            _text(top["note"], "note", path)
        entries = top.get("terms")
    if not isinstance(entries, _yaml.Sequence):
        line = entries.line if entries is not None else root.line
        raise GlossaryError(path, line, "a glossary needs `terms:` with a list of terms; add it.")
    if not entries.items:
        raise GlossaryError(path, entries.line, "the list of terms is empty; add a term.")
    return casing, entries.items


def _conflicts(terms: Iterable[Term], path: Path) -> Iterator[GlossaryError]:
    """What is wrong with each entry, and spellings that two entries list."""
    seen: dict[object, Term] = {}
    for term in terms:
        try:
            _check(term, path)
        except GlossaryError as error:
            yield error
            continue
        line = term.line or None
        for spelling in term.spellings:
            key = (spell(spelling) if term.match == "exact-case" else keys_of(spelling), affixes(spelling))
            other = seen.setdefault(key, term)
            if other is not term:
                where = f" on line {other.line}" if other.line else ""
                yield GlossaryError(path, line, f"{spelling!r} is listed already{where}; keep one of them.")
        if len({spell(spelling) for spelling in term.spellings}) < len(term.spellings):
            yield GlossaryError(path, line, f"{term.text!r} lists a spelling twice; keep one of them.")


def read_term(node: _yaml.Node, path: Path) -> Term:
    """One entry: a word or a mapping. Raises GlossaryError; conflicts are left to `make_termbase`."""
    if isinstance(node, _yaml.Scalar):
        return Term(_phrase(node, "term", path), line=node.line)
    if isinstance(node, _yaml.Sequence):
        raise GlossaryError(path, node.line, "a term is a word or a mapping, not a list; mend the entry.")
    fields = _fields(node, KEYS, path)
    if "term" not in fields:
        raise GlossaryError(path, node.line, "this entry has no `term`; add `term: WORD`.")
    values: dict[str, Any] = {}
    for key, value in fields.items():
        if key == "term":
            values["text"] = _phrase(value, key, path)
        elif key in _LISTS:
            values["exceptions" if key == "except" else key] = _phrases(value, key, path)
        elif key in _FLAGS:
            values[key] = _flag(value, key, path)
        elif _is_null(value):
            continue
        elif key in _CHOICES:
            values[key] = _choice(value, key, _CHOICES[key], path)
        else:
            values[key] = _phrase(value, key, path) if key == "translation" else _text(value, key, path)
    return Term(**values, line=fields["term"].line)


def _fields(node: _yaml.Mapping, allowed: tuple[str, ...], path: Path) -> dict[str, _yaml.Node]:
    fields: dict[str, _yaml.Node] = {}
    for key, value in node.items:
        if key.value not in allowed:
            close = difflib.get_close_matches(key.value, allowed, n=1)
            advice = f"did you mean `{close[0]}`?" if close else f"use one of: {', '.join(allowed)}."
            raise GlossaryError(path, key.line, f"unknown key `{key.value}`; {advice}")
        if key.value in fields:
            raise GlossaryError(path, key.line, f"the key `{key.value}` is given twice; keep one of them.")
        fields[key.value] = value
    return fields


def _is_null(node: _yaml.Node) -> bool:
    return isinstance(node, _yaml.Scalar) and node.plain and node.value.lower() in _NULL


def _text(node: _yaml.Node, key: str, path: Path) -> str:
    if not isinstance(node, _yaml.Scalar):
        raise GlossaryError(path, node.line, f"`{key}` must be text; write one value.")
    return node.value.strip()


def _phrase(node: _yaml.Node, key: str, path: Path) -> str:
    phrase = " ".join(_text(node, key, path).split())
    if not phrase:
        raise GlossaryError(path, node.line, f"this `{key}` is empty; write a word or remove it.")
    return phrase


def _phrases(node: _yaml.Node, key: str, path: Path) -> tuple[str, ...]:
    if not isinstance(node, _yaml.Sequence):
        raise GlossaryError(path, node.line, f"`{key}` must be a list; write `{key}: [WORD, WORD]`.")
    phrases = tuple(_phrase(item, key, path) for item in node.items)
    if len(set(phrases)) < len(phrases):
        raise GlossaryError(path, node.line, f"`{key}` lists something twice; keep one of them.")
    return phrases


def _flag(node: _yaml.Node, key: str, path: Path) -> bool:
    value = node.value.lower() if isinstance(node, _yaml.Scalar) and node.plain else ""
    if value not in _TRUE | _FALSE:
        raise GlossaryError(path, node.line, f"`{key}` must be true or false; write one of them.")
    return value in _TRUE


def _choice(node: _yaml.Node, key: str, choices: tuple[str, ...], path: Path) -> Any:
    value = _text(node, key, path)
    if value not in choices:
        raise GlossaryError(path, node.line, f"`{key}` cannot be `{value}`; use {' or '.join(choices)}.")
    return value


def _check(term: Term, path: Path) -> None:
    line = term.line or None
    for phrase in (*term.spellings, *term.exceptions, *term.renderings, *term.forbidden):
        words = WORD.findall(phrase)
        if not words:
            raise GlossaryError(path, line, f"{phrase!r} has no letter or digit; write a word.")
        if len(words) > MAX_WORDS:
            raise GlossaryError(path, line, f"{phrase!r} has more than {MAX_WORDS} words; shorten it.")
        if any("_" in word for word in words):
            raise GlossaryError(path, line, f"{phrase!r} is an identifier; code is never translated, so remove it.")
    if term.forms and term.translation is None:
        raise GlossaryError(path, line, f"{term.text!r} has `forms` but no `translation`; add it or remove them.")
    if term.style and term.translation is not None:
        raise GlossaryError(path, line, f"{term.text!r} has both `style` (for kept words) and `translation`; drop one.")
    if term.translation is not None and keys_of(term.translation) == keys_of(term.text):
        raise GlossaryError(path, line, f"{term.text!r} is its own translation; remove `translation` to keep it.")
    forbidden = {keys_of(phrase) for phrase in term.forbidden}
    wanted = term.renderings or term.spellings
    for phrase in wanted:
        if keys_of(phrase) in forbidden:
            raise GlossaryError(path, line, f"{phrase!r} is both wanted and forbidden; remove one of them.")
    for phrase in term.exceptions:
        if not any(_contains(phrase, spelling) for spelling in _numbers(term)):
            raise GlossaryError(
                path, line, f"the exception {phrase!r} does not contain {term.text!r}; mend or remove it."
            )


def _numbers(term: Term) -> Iterable[str]:
    for spelling in term.spellings:
        yield spelling
        if term.plural:
            yield plural_of(spelling)


def _contains(phrase: str, part: str) -> bool:
    """Whether the words of ``part`` stand in ``phrase``, a blank or a hyphen between them."""
    return re.search(rf"(?<!\w){re.escape(_blanks(part))}(?!\w)", _blanks(phrase)) is not None


def _blanks(phrase: str) -> str:
    return " ".join("".join(" " if letter in HYPHENS else letter for letter in fold(phrase)).split())
