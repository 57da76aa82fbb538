"""``translate-issue review``: the translator's view of a bilingual file, to read or to work in."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

_WIDEST = 100


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the subcommand to the parser of `translate-issue`."""
    parser = commands.add_parser(
        "review",
        help="show, or edit, a bilingual file segment by segment",
        description=(
            "Show a bilingual file segment by segment: the English, what the machine wrote, what a human made of it, "
            "word by word, with scores, term verdicts, markup problems and similar texts of the memory. "
            "--serve opens it for editing in a browser."
        ),
    )
    parser.add_argument("bilingual", metavar="BILINGUAL", help="the bilingual file")
    parser.add_argument(
        "--against", metavar="FILE_OR_REV", help="a human version, or a git revision of the file, to compare with"
    )
    parser.add_argument(
        "--format", choices=["terminal", "html", "markdown"], help="form (default: terminal; html for --out NAME.html)"
    )
    parser.add_argument("--out", metavar="FILE", help="where to write (default: standard output)")
    parser.add_argument("--worst", type=_count, metavar="N", help="only the N segments that matter most")
    parser.add_argument("--order", choices=["document", "effort"], default="document", help="default: document")
    parser.add_argument("--report", metavar="FILE.json", help="the run's report: scores of the model and alignment")
    parser.add_argument("--align", action="store_true", help="align the words with the model where the report does not")
    parser.add_argument("--draft", metavar="FILE", help="the draft (default: the one beside the file, if any)")
    parser.add_argument("--glossary", metavar="FILE", help="termbase (default: the one that ships)")
    parser.add_argument("--config", metavar="FILE", help="configuration (default: configs/default.yaml)")
    parser.add_argument("--serve", action="store_true", help="open it for editing on 127.0.0.1 until Ctrl-C")
    parser.add_argument("--port", type=int, default=0, metavar="N", help="with --serve (default: any free one)")
    parser.add_argument("--open", action="store_true", help="with --serve: open the browser")
    parser.set_defaults(command=run)


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


def run(arguments: argparse.Namespace) -> int:
    """Runs the subcommand; gives the exit code."""
    from translate.config import load_config
    from translate.pipeline import load
    from translate.review.desk import Desk, ReviewRequest, memory_of

    config = load_config(arguments.config, {"glossary.file": arguments.glossary})
    request = ReviewRequest(
        Path(arguments.bilingual),
        arguments.against,
        None if arguments.report is None else Path(arguments.report),
        arguments.draft,
    )
    memory = memory_of(config, make=arguments.serve)
    try:
        desk = Desk(request, config, memory=memory, engine=load(config) if arguments.align else None)
        return _serve(desk, arguments) if arguments.serve else _show(desk, arguments)
    finally:
        if memory is not None:
            memory.close()


def _serve(desk: object, arguments: argparse.Namespace) -> int:
    from translate.errors import UserError
    from translate.review.desk import Desk
    from translate.review.server import serve
    from translate.review.session import Session

    assert isinstance(desk, Desk)
    if arguments.out is not None or arguments.format is not None or arguments.worst is not None:
        raise UserError("--serve takes no --out, --format or --worst; the page has filters and an order of its own.")

    def ready(address: str) -> None:
        print(f"{arguments.bilingual} is open for review at\n\n    {address}\n\nCtrl-C ends it.", flush=True)
        if arguments.open:
            import webbrowser

            webbrowser.open(address)

    serve(Session(desk, arguments.order), port=arguments.port, ready=ready)
    print("The review has ended; every save is in the file.")
    return 0


def _show(desk: object, arguments: argparse.Namespace) -> int:
    from dataclasses import replace

    from translate.outputs import output_paths
    from translate.review.desk import Desk
    from translate.review.model import Order, ordered
    from translate.text_file import write_output

    assert isinstance(desk, Desk)
    review, _ = desk.review(desk.text())
    chosen = ordered(review.segments, arguments.order, arguments.worst)
    segments = desk.with_fuzzy(chosen)
    out = "-" if arguments.out is None else arguments.out
    form = arguments.format or ("html" if out.endswith((".html", ".htm")) else "terminal")
    protected = [name for name in (arguments.against, arguments.report, arguments.draft) if name]
    if out != "-":
        output_paths([arguments.bilingual], out, protected=protected)  # refuses to overwrite what is read
    if form == "html":
        from translate.review.html import page
        from translate.review.payload import page_data

        order: Order = "effort" if arguments.worst is not None else arguments.order
        text = page(page_data(replace(review, segments=tuple(chosen)), segments, order))
    elif form == "markdown":
        from translate.review.markdown import markdown

        text = markdown(review, segments)
    else:
        from translate.review.terminal import WIDTH, terminal

        text = terminal(review, segments, width=_width() if out == "-" else WIDTH, colour=out == "-" and _colour())
    write_output(out, text)
    return 0


def _colour() -> bool:
    """Colour on a terminal, unless NO_COLOR (any value, https://no-color.org) or a terminal without any forbids it."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _width() -> int:
    """The terminal's, up to a width that is still pleasant to read; 80 in a pipe."""
    import shutil

    from translate.review.terminal import WIDTH

    return min(_WIDEST, max(40, shutil.get_terminal_size((WIDTH, 24)).columns)) if sys.stdout.isatty() else WIDTH
