"""TMX 1.4b (LISA/OSCAR): the interchange format of translation memories."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from glossary.bounded import read_bounded
from translate import __version__
from translate.errors import UserError
from translate.memory.units import ORIGINS, Origin, Unit, digest, plain

MAX_BYTES = 200_000_000
"""Of one file to import."""
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_STAMP = "%Y%m%dT%H%M%SZ"
_PROPERTIES = ("context", "document", "heading", "hypothesis", "signature")


def to_tmx(units: Iterable[Unit], *, source: str = "en", target: str = "pt-BR") -> bytes:
    """A TMX 1.4b document. What the format has no element for is in ``prop`` elements (``x-…``).

    Raises UserError for a text with a control character, which XML cannot hold.
    """
    from lxml import etree

    root = etree.Element("tmx", version="1.4")
    etree.SubElement(
        root,
        "header",
        {
            "creationtool": "translate-issue",
            "creationtoolversion": __version__,
            "segtype": "block",
            "o-tmf": "translate-issue",
            "adminlang": "en",
            "srclang": source,
            "datatype": "x-markdown",
        },
    )
    body = etree.SubElement(root, "body")
    for unit in units:
        try:
            _add(body, unit, source, target)
        except ValueError:
            raise UserError(
                f"the memory's unit {unit.text[:40]!r} holds a control character, which TMX cannot; export PO instead."
            ) from None
    data: bytes = etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=False)
    return data.replace(b"<tu ", b"\n<tu ").replace(b"</body>", b"\n</body>") + b"\n"


def _add(body: Any, unit: Unit, source: str, target: str) -> None:
    from lxml import etree

    tu = etree.SubElement(
        body, "tu", creationdate=_stamp(unit.created), changedate=_stamp(unit.updated), creationid=unit.origin
    )
    values = {"origin": unit.origin, "approved": "yes" if unit.approved else "no"}
    values |= {name: value for name in _PROPERTIES if (value := getattr(unit, name))}
    for name, value in values.items():
        etree.SubElement(tu, "prop", type=f"x-{name}").text = value
    for language, text in ((source, unit.source), (target, unit.target)):
        tuv = etree.SubElement(tu, "tuv", {_LANG: language})
        etree.SubElement(tuv, "seg").text = text


def _stamp(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime(_STAMP)


def from_tmx(path: Path) -> list[Unit]:
    """The units of a TMX file, any tool's: English to Portuguese, Brazilian where there are several.

    A unit that is not our own counts as imported; one of ours whose machine text was changed, as a human's.
    Entities and external files are never followed. Raises UserError naming the line of what is wrong.
    """
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root: Any = etree.fromstring(read_import(path), parser)
    except etree.XMLSyntaxError as error:
        raise UserError(f"{path}:{error.lineno or 1}: this is not well-formed XML: {error.msg}.") from None
    if root.tag != "tmx":
        raise UserError(f"{path}:{root.sourceline}: this is not TMX: the first element is <{root.tag}>, not <tmx>.")
    return [unit for tu in root.iter("tu") if (unit := _unit(tu, path)) is not None]


def read_import(path: Path) -> bytes:
    """The bytes of a file to import. Raises UserError where it cannot be read or is larger than `MAX_BYTES`."""
    try:
        data = read_bounded(path, MAX_BYTES)
    except FileNotFoundError:
        raise UserError(f"{path}: there is no such file; check the path.") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise UserError(f"{path}: cannot be read ({reason}).") from None
    if len(data) > MAX_BYTES:
        raise UserError(f"{path}: over {MAX_BYTES // 1_000_000} MB; split the file.")
    return data


def _unit(tu: Any, path: Path) -> Unit | None:
    texts: dict[str, str] = {}
    for tuv in tu.iter("tuv"):
        language = tuv.get(_LANG) or tuv.get("lang")
        seg = tuv.find("seg")
        if not language or seg is None:
            what = "has no xml:lang" if not language else "has no <seg>"
            raise UserError(f"{path}:{tuv.sourceline}: a <tuv> {what}; export it again from the tool that it is from.")
        if any(not isinstance(node.tag, str) for node in seg.iter()):
            raise UserError(f"{path}:{seg.sourceline}: a <seg> holds an entity or a comment; write its text out.")
        texts[language.lower().replace("_", "-")] = "".join(seg.itertext())
    source = _first(texts, ("en-us", "en", "en-gb"), "en")
    target = _first(texts, ("pt-br", "pt"), "pt")
    if not source or not target:
        return None
    properties = {p.get("type", "").removeprefix("x-"): p.text or "" for p in tu.findall("prop")}
    kept = {name: properties.get(name, "") for name in _PROPERTIES}
    return imported(
        source,
        target,
        properties.get("origin", ""),
        approved=properties.get("approved") == "yes",
        created=_seconds(tu.get("creationdate")),
        updated=_seconds(tu.get("changedate") or tu.get("creationdate")),
        **kept,
    )


def imported(source: str, target: str, origin: str, *, approved: bool, **values: Any) -> Unit:
    """A unit from a file: its origin if it is known and still true, else what follows from its text."""
    if origin == "machine" and values.get("hypothesis") != digest(target):
        origin, approved = "human", True
    known: Origin | None = next((name for name in ORIGINS if name == origin), None)
    approved = approved or known is None
    return Unit(source=source, text=plain(source), target=target, origin=known or "import", approved=approved, **values)


def _first(texts: dict[str, str], preferred: tuple[str, ...], prefix: str) -> str:
    names = [*preferred, *sorted(name for name in texts if name.split("-")[0] == prefix)]
    return next((texts[name] for name in names if texts.get(name, "").strip()), "")


def _seconds(stamp: str | None) -> float:
    try:
        return datetime.strptime(stamp or "", _STAMP).replace(tzinfo=UTC).timestamp()
    except ValueError:
        return 0.0
