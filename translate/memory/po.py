"""PO (GNU gettext), through polib: what Poedit, Weblate and OmegaT edit."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from translate.errors import UserError
from translate.memory.tmx import imported, read_import
from translate.memory.units import ORIGINS, Unit

_CONTEXT = re.compile(r"[0-9a-f]{16}")
_COMMENT = re.compile(r"(?m)^(origin|heading|hypothesis|signature): (.*)$")


def to_po(units: Iterable[Unit], *, target: str = "pt_BR") -> str:
    """A PO file, one entry for each source and context: a human's text before an imported, before a machine's.

    ``msgctxt`` is the context, unapproved entries are fuzzy; the extracted comments keep the rest.
    """
    import polib

    best: dict[tuple[str, str], Unit] = {}
    for unit in units:
        key = unit.source, unit.context
        if key not in best or ORIGINS.index(unit.origin) < ORIGINS.index(best[key].origin):
            best[key] = unit
    file: Any = polib.POFile(wrapwidth=0)
    file.metadata = {
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=UTF-8",
        "Content-Transfer-Encoding": "8bit",
        "Language": target,
        "X-Generator": "translate-issue",
    }
    for unit in best.values():
        about = {name: getattr(unit, name) for name in ("origin", "heading", "hypothesis", "signature")}
        file.append(
            polib.POEntry(
                msgid=unit.source,
                msgstr=unit.target,
                msgctxt=unit.context or None,
                comment="\n".join(f"{name}: {' '.join(value.split())}" for name, value in about.items() if value),
                occurrences=[(unit.document.replace(" ", "%20"), "")] if unit.document else [],
                flags=[] if unit.approved else ["fuzzy"],
            )
        )
    return str(file) + "\n"


def from_po(path: Path) -> list[Unit]:
    """The translated entries of a PO file, any tool's; plural forms and obsolete entries are left out.

    Raises UserError naming the line of what is wrong.
    """
    import polib

    data = read_import(path)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise UserError(f"{path}:{line}: the file is not UTF-8; save it as UTF-8.") from None
    if not re.search(r"(?m)^\s*msgid\b", text):
        raise UserError(f"{path}:1: this is not a PO file: it has no msgid.")
    try:
        file: Any = polib.pofile(text + "\n", check_for_duplicates=False)
    except (OSError, UnicodeError, ValueError) as error:
        found = re.search(r"line (\d+)\)?(?::\s*)?(.*)", str(error))
        line = int(found[1]) if found else 1
        what = f": {found[2]}" if found and found[2] else ""
        raise UserError(f"{path}:{line}: this is not valid PO{what}.") from None
    return [_unit(e) for e in file if e.msgstr and e.msgid and not e.obsolete and not e.msgid_plural]


def _unit(entry: Any) -> Unit:
    about = dict(_COMMENT.findall(entry.comment))
    context = entry.msgctxt if entry.msgctxt and _CONTEXT.fullmatch(entry.msgctxt) else ""
    return imported(
        entry.msgid,
        entry.msgstr,
        about.get("origin", ""),
        approved="fuzzy" not in entry.flags,
        context=context,
        document=entry.occurrences[0][0].replace("%20", " ") if entry.occurrences else "",
        heading=about.get("heading", ""),
        hypothesis=about.get("hypothesis", ""),
        signature=about.get("signature", ""),
    )
