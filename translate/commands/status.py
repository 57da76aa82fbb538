"""``translate-issue status``: what is to be done in a directory of drafts."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from translate.rerun.status import DraftStatus

_CODES = """\
exit codes:
  0    every draft is up to date and no conflict is open
  1    something is to be done
  2    something cannot be read: the message names the file"""


def add_parser(commands: Any) -> None:
    """Adds ``status``."""
    parser = commands.add_parser(
        "status",
        help="tell which drafts are new, stale, edited or in conflict",
        description="Compare each draft (NAME.en.md) of a directory, and the glossary, with its bilingual file. "
        "Nothing is written.",
        epilog=_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("directories", nargs="*", metavar="DIR", default=["."], help="directory or draft (default: .)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument(
        "--glossary", metavar="FILE", help="the termbase that the runs use (default: the one that ships)"
    )
    parser.add_argument("--config", metavar="FILE", help="configuration (default: configs/default.yaml)")
    parser.set_defaults(command=_status)


def _status(arguments: argparse.Namespace) -> int:
    from translate.config import load_config
    from translate.memory import open_memory
    from translate.rerun.status import statuses

    config = load_config(arguments.config, {"glossary.file": arguments.glossary})
    with open_memory(config) as memory:
        found = statuses([Path(name) for name in arguments.directories], config, memory)
    if arguments.json:
        print(json.dumps([status.as_dict() for status in found], ensure_ascii=False, indent=1))
    else:
        print("\n".join(line(status) for status in found) or "no drafts (NAME.en.md) here")
    if any(status.state == "error" for status in found):
        return 2
    return int(any(status.needs_work for status in found))


def line(status: DraftStatus) -> str:
    """One draft in one line."""
    if status.state == "error":
        return f"{status.draft}: error: {status.message}"
    if status.state == "new":
        return f"{status.draft}: new"
    details = [
        status.state if status.state == "up to date" else "",
        f"stale ({_stale(status)})" if status.state == "stale" else "",
        f"edited by a human ({status.edited})" if status.edited else "",
        f"conflicts ({status.conflicts})" if status.conflicts else "",
        f"uncertain ({status.uncertain})" if status.uncertain else "",
        "" if status.scored else "unscored",
        "" if status.recorded else "not in the memory",
    ]
    return f"{status.draft}: {', '.join(filter(None, details))}"


def _stale(status: DraftStatus) -> str:
    draft = f"{_count(status.stale, 'block')} changed" if status.stale else ""
    terms = f"terms changed in {_count(status.terms_changed, 'block')}" if status.terms_changed else ""
    return ", ".join(filter(None, (draft, terms)))


def _count(number: int, name: str) -> str:
    return f"{number} {name}{'' if number == 1 else 's'}"
