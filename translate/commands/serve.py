"""``translate-issue serve``: publish on a schedule, in one long-lived process."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from translate.commands.options import add_model_options
from translate.commands.publish import overrides

_CODES = """\
exit codes:
  0    ended by a signal (Ctrl-C, SIGTERM)
  2    bad input or configuration, or no Prefect API (PREFECT_API_URL)"""


def add_parser(commands: Any) -> None:
    """Adds ``serve``."""
    parser = commands.add_parser(
        "serve",
        help="publish on a schedule, in one long-lived process",
        description="Run `publish` as a Prefect flow whenever the schedule says, until the process is ended. Needs a\n"
        "Prefect API (PREFECT_API_URL); see docs/operations.md.",
        epilog=_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("root", nargs="?", metavar="DIR", help="directory of the drafts (default: publish.root)")
    parser.add_argument("--revision", metavar="REV", help="read the drafts from this git branch, tag or commit")
    parser.add_argument("--cron", default="0 6 * * *", help="when, as a cron expression (default: 0 6 * * *)")
    parser.add_argument("--timezone", default="America/Sao_Paulo", help="of the schedule (default: America/Sao_Paulo)")
    add_model_options(parser)
    parser.set_defaults(command=_serve)


def _serve(arguments: argparse.Namespace) -> int:
    from flows.serve import serve
    from translate.config import load_config, settings

    given = {key: value for key, value in overrides(arguments).items() if value is not None}
    whole = settings(load_config(arguments.config, given))  # now, not at the first run; and with absolute paths
    config_file = None if arguments.config is None else str(Path(arguments.config).resolve())
    serve(arguments.cron, arguments.timezone, config_file, {key: whole[key] for key in given})
    return 0
