"""The ``translate-issue`` command: arguments, exit codes, and every error as one sentence."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from translate import __version__
from translate.commands import adapt, evaluate, glossary, history, memory, publish, review, score, serve, status
from translate.commands.options import add_model_options, model_overrides
from translate.errors import UserError
from translate.termination import EXIT_CODE, Terminated, terminable

EXIT_CODES = """\
exit codes:
  0    done
  1    done, but something needs a look and --strict was given (terms, markup, degenerate output, gate)
  2    bad input or configuration: nothing was written for the file that the message names
  130  interrupted (143: terminated): nothing half-written is left behind
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command and returns its exit code."""
    try:
        parser = _parser()
        arguments = parser.parse_args(argv)
        if not hasattr(arguments, "command"):
            parser.print_help()
            return 2
        with terminable():
            code: int = arguments.command(arguments)
    except (UserError, ValueError) as error:
        from glossary.errors import GlossaryError  # with it comes the YAML library: not for --help

        if not isinstance(error, (UserError, GlossaryError)):
            raise
        print(f"translate-issue: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("translate-issue: interrupted; files that were not finished are as they were before.", file=sys.stderr)
        return 130
    except Terminated:
        print("translate-issue: terminated; files that were not finished are as they were before.", file=sys.stderr)
        return EXIT_CODE
    except BrokenPipeError:
        # The reader of our output went away (head, less): what it wanted, it has.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except MemoryError:
        print(
            "translate-issue: out of memory; translate fewer drafts at once or lower decoding.batch_tokens.",
            file=sys.stderr,
        )
        return 2
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="translate-issue",
        description="Translate English newsletter drafts into bilingual Brazilian Portuguese Markdown.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"translate-issue {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    _add_run(commands)
    glossary.add_parser(commands)
    memory.add_parser(commands)
    status.add_parser(commands)
    publish.add_parser(commands)
    serve.add_parser(commands)
    review.add_parser(commands)
    score.add_parser(commands)
    history.add_parser(commands)
    evaluate.add_parser(commands)
    adapt.add_parser(commands)
    return parser


def _add_run(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    run = commands.add_parser(
        "run",
        help="translate drafts, score them, write the bilingual files",
        description="Translate drafts into bilingual Markdown, keeping every glossary term and every byte of markup.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    run.add_argument("drafts", nargs="+", metavar="DRAFT", help="English Markdown; - reads standard input")
    run.add_argument("--out", metavar="FILE_OR_DIR", help="where to write (default: NAME.pt-br.md beside the draft)")
    run.add_argument(
        "--human",
        action="append",
        metavar="FILE",
        help="a human version to score against; once for each draft, in order",
    )
    add_model_options(run)
    run.add_argument("--layout", choices=["comment-after", "comment-before", "target-only"], help="form of the output")
    run.add_argument("--lang", metavar="TAG", help="add `lang: TAG` to the front matter (default: leave it as it is)")
    run.add_argument("--report", metavar="FILE.json", help="write a report with every segment, score, term and flag")
    run.add_argument(
        "--retranslate",
        nargs="?",
        const="all",
        choices=["all", "machine"],
        help="redo what the bilingual file holds: all of it, or what no human touched; keeps a numbered backup",
    )
    run.add_argument("--strict", action="store_true", help="exit with 1 if anything needs a look")
    run.add_argument("--flow", action="store_true", help="run as a Prefect flow, tracked")
    run.add_argument("--quiet", action="store_true", help="print nothing but errors")
    run.set_defaults(command=_run)


def _run(arguments: argparse.Namespace) -> int:
    from translate.config import load_config
    from translate.progress import Display
    from translate.summary import needs_a_look, summary

    config = load_config(
        arguments.config,
        {
            **model_overrides(arguments),
            "document.layout": arguments.layout,
            "document.lang": arguments.lang,
        },
    )
    from translate.pipeline import run
    from translate.results import RunRequest

    request = RunRequest(
        drafts=tuple(arguments.drafts),
        out=arguments.out,
        humans=tuple(arguments.human or ()),
        report=None if arguments.report is None else Path(arguments.report),
        retranslate=arguments.retranslate,
        config=arguments.config,
    )
    # What is on standard output must be nothing but the document when it goes there.
    messages = sys.stderr if "-" in request.drafts or arguments.out == "-" else sys.stdout
    with Display(quiet=arguments.quiet) as display:
        if arguments.flow:
            from flows.local import run_flow

            result = run_flow(request, config, display)
        else:
            result = run(request, config, display)
    if not arguments.quiet:
        print(summary(result), file=messages)
    return 1 if arguments.strict and needs_a_look(result) else 0
