"""A glossary as TBX-Basic (ISO 30042:2019, dialect TBX-Basic, style DCA): the exchange format of terminology tools.

A concept entry is a `Term`: the English section holds its text (``preferredTerm-admn-sts``) and variants
(``admittedTerm-admn-sts``), the Portuguese one its translation, forms and forbidden renderings
(``deprecatedTerm-admn-sts``); a kept term stands in the Portuguese section as itself, with its gender
and number. What TBX-Basic has no category for (``match``, ``plural``, ``except``, ``style``,
``article``) travels in a ``note`` of the English term as ``key: value`` lines that `load_tbx` reads back.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glossary import _yaml
from glossary.errors import GlossaryError
from glossary.termbase import make_termbase, read_term
from glossary.terms import Casing, Term, Termbase

if TYPE_CHECKING:
    from lxml.etree import _Element

_NS = "urn:iso:std:iso:30042:ed-2"
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_STATUS = "administrativeStatus"
_PREFERRED, _ADMITTED, _DEPRECATED = "preferredTerm-admn-sts", "admittedTerm-admn-sts", "deprecatedTerm-admn-sts"
_GENDERS = {"m": "masculine", "f": "feminine"}
_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot hold; they are left out."""
_ENTRY = "translate-issue entry"
"""First line of the note that carries what TBX-Basic cannot."""


def dump_tbx(termbase: Termbase) -> bytes:
    """The glossary as a TBX-Basic document, UTF-8; `load_tbx` gives the same entries back."""
    from lxml import etree

    root = etree.Element(f"{{{_NS}}}tbx", {"style": "dca", "type": "TBX-Basic", _LANG: "en"}, nsmap={None: _NS})
    description = _add(_add(_add(root, "tbxHeader"), "fileDesc"), "sourceDesc")
    _add(description, "p", "Terms kept in English, or given one rendering, in Brazilian Portuguese")
    body = _add(_add(root, "text"), "body")
    for number, term in enumerate(termbase, 1):
        entry = _add(body, "conceptEntry", id=f"c{number}")
        if term.note:
            _add(entry, "note", term.note)
        english = _add(entry, "langSec", lang="en")
        for index, spelling in enumerate(term.spellings):
            section = _term_section(english, spelling, _ADMITTED if index else _PREFERRED)
            if not index:
                _add(section, "note", _extras(term))
        portuguese = _add(entry, "langSec", lang="pt-BR")
        for index, rendering in enumerate(term.renderings or (term.text,)):
            section = _term_section(portuguese, rendering, _ADMITTED if index else _PREFERRED)
            if not index and term.gender:
                _add(section, "termNote", _GENDERS[term.gender], type="grammaticalGender")
            if not index and term.number:
                _add(section, "termNote", term.number, type="grammaticalNumber")
        for rendering in term.forbidden:
            _term_section(portuguese, rendering, _DEPRECATED)
    document: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return document


def load_tbx(content: bytes, path: Path | str, *, casing: Casing = "draft") -> Termbase:
    """The glossary in a TBX file's bytes; ``path`` is for messages. Raises GlossaryError with the line.

    TBX-Basic of other tools is read too: entries without an English term are refused; a Portuguese
    term unlike the English one becomes the translation.
    """
    from lxml import etree

    path = Path(path)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise GlossaryError(path, error.lineno or 1, f"this is not well-formed XML ({error.msg}); mend it.") from error
    if root.getroottree().docinfo.internalDTD is not None and list(root.iter(etree.Entity)):
        raise GlossaryError(path, 1, "XML entities are not used here; write the text out.")
    if etree.QName(root).localname not in {"tbx", "martif"}:
        raise GlossaryError(path, root.sourceline or 1, "this is not TBX (no `tbx` element); export TBX-Basic.")
    entries = [_read(entry, path) for entry in root.iter("{*}conceptEntry", "{*}termEntry")]
    if not entries:
        raise GlossaryError(path, root.sourceline or 1, "there is no concept entry in this file; add one.")
    return make_termbase(entries, casing=casing, path=path)


def _add(
    parent: _Element, tag: str, text: str | None = None, *, lang: str | None = None, **attributes: str
) -> _Element:
    from lxml import etree

    element = etree.SubElement(parent, f"{{{_NS}}}{tag}", attributes)
    if lang:
        element.set(_LANG, lang)
    if text is not None:
        element.text = _NOT_XML.sub("", text)
    return element


def _term_section(parent: _Element, text: str, status: str) -> _Element:
    section = _add(parent, "termSec")
    _add(section, "term", text)
    _add(section, "termNote", status, type=_STATUS)
    return section


def _extras(term: Term) -> str:
    import json

    values = {
        "plural": term.plural,
        "article": term.article,
        "match": term.match,
        "style": term.style,
        "except": list(term.exceptions),
    }
    return "\n".join([_ENTRY, *(f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in values.items())])


def _read(entry: _Element, path: Path) -> Term:
    line = entry.sourceline or 1
    english: list[tuple[str, str, _Element]] = []
    portuguese: list[tuple[str, str, _Element]] = []
    for section in entry.iterfind(".//{*}term"):
        language = next((a.get(_LANG, "") for a in section.iterancestors() if a.get(_LANG)), "").lower()
        parent = section.getparent()
        text = " ".join("".join(section.itertext()).split())
        if parent is None or not text:
            raise GlossaryError(path, section.sourceline or line, "this term is empty; write a word or remove it.")
        side = english if language.startswith("en") else portuguese if language.startswith("pt") else None
        if side is not None:
            side.append((text, _notes(parent).get(_STATUS, ""), parent))
    if not english:
        raise GlossaryError(path, line, "this entry has no English term; add one or remove the entry.")
    english.sort(key=lambda item: item[1] != _PREFERRED)
    wanted = sorted((t for t in portuguese if t[1] != _DEPRECATED), key=lambda item: item[1] != _PREFERRED)
    note = entry.find("{*}note")
    values: dict[str, Any] = {
        "text": english[0][0],
        "variants": tuple(text for text, _, _ in english[1:]),
        "forbidden": tuple(text for text, status, _ in portuguese if status == _DEPRECATED),
        "note": (note.text or "").strip() if note is not None else "",
        **_read_extras(english[0][2], path),
    }
    if wanted:
        notes = _notes(wanted[0][2])
        values["gender"] = {name: key for key, name in _GENDERS.items()}.get(notes.get("grammaticalGender", ""))
        number = notes.get("grammaticalNumber")
        values["number"] = number if number in {"singular", "plural"} else None
        if wanted[0][0] != english[0][0] or len(wanted) > 1:
            values["translation"] = wanted[0][0]
            values["forms"] = tuple(text for text, _, _ in wanted[1:])
    return Term(**values, line=line)


def _notes(section: _Element) -> dict[str, str]:
    return {note.get("type", ""): (note.text or "").strip() for note in section.iterfind(".//{*}termNote")}


def _read_extras(section: _Element, path: Path) -> dict[str, Any]:
    for note in section.iterfind(".//{*}note"):
        first, _, rest = (note.text or "").strip().partition("\n")
        if first == _ENTRY:
            try:
                node = _yaml.parse(f"term: x\n{rest}\n", path)
                term = read_term(node, path) if node is not None else Term("x")
            except GlossaryError as error:
                message = "the note of this entry is damaged; remove it or export the glossary again."
                raise GlossaryError(path, note.sourceline, message) from error
            return {
                "plural": term.plural,
                "article": term.article,
                "match": term.match,
                "style": term.style,
                "exceptions": term.exceptions,
            }
    return {}
