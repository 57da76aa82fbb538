"""``translate-issue memory``: stats, export, import, learn."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

_CODES = """\
exit codes:
  0    done
  2    bad input: one sentence names the file, its line and what to do"""
_FORMATS = {".tmx": "tmx", ".po": "po", ".pot": "po"}


def add_parser(commands: Any) -> None:
    """Adds ``memory`` and its subcommands."""
    parser = commands.add_parser(
        "memory",
        help="look into the translation memory, export, import, learn from human versions",
        description="The translation memory: what was translated and what humans made of it.\n"
        "Its place: memory.file in the configuration, or the environment variable TRANSLATE_ISSUE_MEMORY.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    subcommands = parser.add_subparsers(title="subcommands", metavar="SUBCOMMAND", required=True)

    stats = _add(subcommands, "stats", "count what the memory holds", _stats)
    stats.add_argument("--json", action="store_true", help="print JSON")

    export = _add(subcommands, "export", "write the memory as TMX 1.4b or PO", _export)
    export.add_argument("file", metavar="FILE", help="NAME.tmx or NAME.po; - writes TMX to standard output")
    export.add_argument("--origin", choices=["human", "import", "machine"], help="units of this origin only")

    read = _add(subcommands, "import", "add the units of TMX or PO files, any tool's", _import)
    read.add_argument("files", nargs="+", metavar="FILE", help="NAME.tmx or NAME.po")

    learn = _add(subcommands, "learn", "add what a human version of a draft says, sure pairs only", _learn)
    learn.add_argument("draft", metavar="DRAFT", help="English Markdown")
    learn.add_argument("human", metavar="HUMAN", help="its human version, bilingual or Portuguese only")


def _add(subcommands: Any, name: str, description: str, command: Any) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = subcommands.add_parser(
        name,
        help=description,
        description=f"{description[0].upper()}{description[1:]}.",
        epilog=_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--config", metavar="FILE", help="configuration (default: configs/default.yaml)")
    parser.set_defaults(command=command)
    return parser


def _stats(arguments: argparse.Namespace) -> int:
    from translate.config import load_config
    from translate.memory import open_memory

    with open_memory(load_config(arguments.config)) as memory:
        counts, place = memory.stats(), memory.path
    if arguments.json:
        print(json.dumps({"file": str(place), **counts}, ensure_ascii=False))
        return 0
    print(place)
    for name, count in counts.items():
        print(f"  {name:10} {count:>8}")
    return 0


def _export(arguments: argparse.Namespace) -> int:
    from translate.config import load_config
    from translate.memory import open_memory
    from translate.memory.po import to_po
    from translate.memory.tmx import to_tmx
    from translate.text_file import write_output

    kind = "tmx" if arguments.file == "-" else _format(arguments.file)
    with open_memory(load_config(arguments.config)) as memory:
        units = [unit for unit in memory.units() if arguments.origin in (None, unit.origin)]
    write_output(arguments.file, to_tmx(units).decode() if kind == "tmx" else to_po(units))
    print(f"{len(units)} units → {arguments.file}", file=sys.stderr)
    return 0


def _import(arguments: argparse.Namespace) -> int:
    from translate.config import load_config
    from translate.memory import open_memory
    from translate.memory.po import from_po
    from translate.memory.tmx import from_tmx

    # All files are read before the first unit is added: a broken one leaves the memory as it was.
    read = [(name, (from_tmx if _format(name) == "tmx" else from_po)(Path(name))) for name in arguments.files]
    with open_memory(load_config(arguments.config)) as memory:
        memory.add([unit for _, units in read for unit in units])
    for name, units in read:
        print(f"{name}: {len(units)} units")
    return 0


def _learn(arguments: argparse.Namespace) -> int:
    from translate.config import load_config
    from translate.document.parse import parse
    from translate.memory import open_memory
    from translate.memory.learn import learn
    from translate.text_file import read_text, repair_mojibake

    config = load_config(arguments.config)
    limit = config.limits.max_file_bytes
    draft = read_text(arguments.draft, max_bytes=limit)
    human, repaired = repair_mojibake(read_text(arguments.human, max_bytes=2 * limit).text)
    document = parse(draft.text, front_matter_keys=config.document.front_matter)
    found = learn(document, human, name=draft.name)
    with open_memory(config) as memory:
        memory.add(found.units)
    print(f"{len(found.units)} segments learned, {found.left_out} left out (no sure counterpart)")
    if repaired:
        print(f"note: {arguments.human} was mis-decoded; its text was repaired")
    return 0


def _format(name: str) -> str:
    from translate.errors import UserError

    found = _FORMATS.get(Path(name).suffix.lower())
    if found is None:
        raise UserError(f"{name}: the name must end in .tmx or .po, which says the format.")
    return found
