"""``translate-issue evaluate``: all drafts of a folder that have human versions, translated afresh and scored."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from translate.commands.options import add_model_options, model_overrides

_CODES = """\
exit codes:
  0    done
  2    bad input: one sentence names the file and what to do; nothing was written"""


def add_parser(commands: Any) -> None:
    """Adds ``evaluate``."""
    parser = commands.add_parser(
        "evaluate",
        help="translate and score a folder of drafts with human versions, with and without the glossary",
        description="Translate every NAME.en.md of a folder that has NAME.pt-br.human.md or NAME.pt-br.md beside it,\n"
        "afresh, and score it with the glossary enforced and without. Nothing is written but what you ask for.",
        epilog=_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", metavar="FOLDER", help="where the drafts and their human versions are")
    parser.add_argument("--out", metavar="FILE.md", help="write the tables (default: standard output)")
    parser.add_argument("--json", action="store_true", help="JSON instead of Markdown")
    parser.add_argument("--readme", metavar="FILE", help="rewrite the block between evaluate:begin and evaluate:end")
    add_model_options(parser)
    parser.add_argument("--quiet", action="store_true", help="show no progress")
    parser.set_defaults(command=_evaluate)


def _evaluate(arguments: argparse.Namespace) -> int:
    from translate.config import load_config
    from translate.evaluation.folder import evaluate
    from translate.evaluation.page import check_marks, markdown, rewritten
    from translate.outputs import make_ready
    from translate.progress import Display
    from translate.text_file import read_text, write_output

    config = load_config(arguments.config, model_overrides(arguments))
    files = [Path(name) for name in (arguments.out, arguments.readme) if name not in (None, "-")]
    make_ready(files, create=False)
    if arguments.readme is not None:
        check_marks(read_text(arguments.readme).text, arguments.readme)
    with Display(quiet=arguments.quiet) as display:
        found = evaluate(Path(arguments.folder), config, display)
    as_json = json.dumps(found.as_dict(), ensure_ascii=False, indent=1) + "\n"
    text = as_json if arguments.json else markdown(found)
    if arguments.out is not None or arguments.readme is None:
        write_output(arguments.out or "-", text)
    if arguments.readme is not None:
        # Read again: minutes have passed.
        page = read_text(arguments.readme).text
        write_output(arguments.readme, rewritten(page, found, arguments.readme))
    return 0
