"""``translate-issue publish``: every draft of a repository that is new or has changed."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any

from translate.commands.options import add_model_options, model_overrides

if TYPE_CHECKING:
    from translate.publishing.log import Level

_CODES = """\
exit codes:
  0    every draft is published or up to date
  1    done, but the gate held an issue back (its file is as it was)
  2    a draft failed, or nothing could be done: the message says why; the other drafts are published"""


def add_parser(commands: Any) -> None:
    """Adds ``publish``."""
    parser = commands.add_parser(
        "publish",
        help="translate every draft of a repository that is new or has changed",
        description="Find the drafts that the configuration's publish section names, skip those whose bilingual files\n"
        "are up to date, translate, score and gate the others, write them and a report.",
        epilog=_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("root", nargs="?", metavar="DIR", help="directory of the drafts (default: publish.root)")
    parser.add_argument("--revision", metavar="REV", help="read the drafts from this git branch, tag or commit")
    add_model_options(parser)
    parser.add_argument("--dry-run", action="store_true", help="only tell which drafts would be published")
    parser.add_argument("--flow", action="store_true", help="run as a Prefect flow, tracked")
    parser.add_argument("--json", action="store_true", help="print the run as JSON")
    parser.add_argument("--quiet", action="store_true", help="print nothing but errors")
    parser.set_defaults(command=_publish)


def overrides(arguments: argparse.Namespace) -> dict[str, object]:
    """The configuration keys that the options set."""
    return {
        **model_overrides(arguments),
        "publish.root": arguments.root,
        "publish.revision": arguments.revision,
    }


def _publish(arguments: argparse.Namespace) -> int:
    from translate.config import load_config

    config = load_config(arguments.config, overrides(arguments))
    if arguments.flow and not arguments.dry_run:
        from flows.local import publish_flow

        published = publish_flow(config)
    else:
        from uuid import uuid4

        from translate.publishing.log import RunLog
        from translate.publishing.publish import log_path, plain_run, publish

        tell = None if arguments.quiet else _tell
        log = RunLog(log_path(config), str(uuid4()), tell)
        published = publish(config, plain_run(config), log, dry=arguments.dry_run)
    if arguments.json:
        print(json.dumps(published.as_dict(), ensure_ascii=False, indent=1))
    elif not arguments.quiet:
        for outcome in published.of("to do"):
            print(f"{outcome.draft} → {outcome.bilingual}")
        print(published.line())
        if published.folder is not None:
            print(f"report: {published.folder / 'summary.md'}")
    published.raise_failures()
    return int(bool(published.of("held back")))


def _tell(level: Level, message: str) -> None:
    print(message if level == "info" else f"{level}: {message}", file=sys.stderr, flush=True)
