"""``translate-issue history``: the scores of all runs, as a table, JSON or a picture."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from translate.scoring.history import Record

HEAD = ("issue", "when (UTC)", "BLEU", "chrF2", "TER", "terms", "human", "new", "version")
_CODES = """\
exit codes:
  0    done
  2    bad input: one sentence names the file and what to do"""


def add_parser(commands: Any) -> None:
    """Adds ``history``."""
    parser = commands.add_parser(
        "history",
        help="show the scores of all runs: a table, a picture",
        description="Every run with a human version adds its scores to the history (history.file in the\n"
        "configuration). `terms`: kept by the model in what it translated; `new`: segments that it\n"
        "translated, of all; `*`: the gate was closed and the previous file stayed.",
        epilog=_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--issue", metavar="NAME", help="this issue only (01 for 01.en.md)")
    parser.add_argument("--last", type=int, metavar="N", help="the last N records only")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--svg", metavar="FILE", help="write a picture: BLEU, chrF2, terms by issue and version")
    parser.add_argument("--html", metavar="FILE", help="write a page with the picture and the table")
    parser.add_argument("--config", metavar="FILE", help="configuration (default: configs/default.yaml)")
    parser.set_defaults(command=_history)


def _history(arguments: argparse.Namespace) -> int:
    from translate.commands.tables import table
    from translate.config import load_config
    from translate.errors import UserError
    from translate.scoring.history import history_path, read_history
    from translate.scoring.history_chart import page, svg
    from translate.text_file import write_output

    path = history_path(load_config(arguments.config))
    history = read_history(path)
    records: Sequence[Record] = [r for r in history.records if arguments.issue in (None, r.issue)]
    if arguments.last is not None:
        if arguments.last < 1:
            raise UserError("--last must be 1 or more.")
        records = records[-arguments.last :]
    if history.damaged:
        print(f"note: {path}: unreadable lines left out: {', '.join(map(str, history.damaged))}", file=sys.stderr)
    rows = [row(record) for record in records]
    if arguments.svg is not None:
        write_output(Path(arguments.svg) if arguments.svg != "-" else "-", svg(records))
    if arguments.html is not None:
        write_output(Path(arguments.html) if arguments.html != "-" else "-", page(records, HEAD, rows))
    if arguments.json:
        print(json.dumps([asdict(record) for record in records], ensure_ascii=False, indent=1))
    elif not rows:
        print(f"{path}: no scores yet; `translate-issue run DRAFT --human FILE` adds them")
    elif arguments.svg is None and arguments.html is None:
        print(table(HEAD, rows, ["<", "<", ">", ">", ">", ">", ">", ">", "<"], width=120))
    return 0


def row(record: Record) -> list[str]:
    """A record's line of the table."""
    scores = [f"{record.scores[name].value:.1f}" if name in record.scores else "" for name in ("BLEU", "chrF2", "TER")]
    when = record.time[:16].replace("T", " ")
    name = record.issue + ("" if record.published else " *")
    counts = (f"{record.translated}/{record.total}", record.version)
    return [name, when, *scores, _share(record.terms), _share(record.human_terms), *counts]


def _share(counts: tuple[int, int]) -> str:
    return f"{100 * counts[0] / counts[1]:.1f} %" if counts[1] else ""
