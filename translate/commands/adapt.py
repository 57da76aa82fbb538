"""``translate-issue adapt``: a checkpoint that learns from the team's own translators."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

_CODES = """\
exit codes:
  0    the adapted checkpoint is better and was written; select it with --model DIR
  1    it is not clearly better, or it forgot too much: nothing was written but the report
  2    bad input: one sentence names the file and what to do
  130  interrupted: nothing was written"""


def add_parser(commands: Any) -> None:
    """Adds ``adapt``."""
    parser = commands.add_parser(
        "adapt",
        help="fine-tune the model on approved translations; keep the result only if it is better",
        description="Fine-tune a checkpoint on human versions of drafts, or on what the translation memory holds of\n"
        "humans, mixed with generic pairs. The result is kept only if it is significantly better on issues that were\n"
        "not trained on and loses at most 0.3 BLEU on general text. It becomes a new directory.",
        epilog=_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--out", required=True, metavar="DIR", help="where adapted-DATE-HASH is made")
    two: dict[str, Any] = {"nargs": 2, "metavar": ("DRAFT", "HUMAN"), "action": "append"}
    parser.add_argument("--pair", **two, help="a draft and its human version to train on (default: the memory)")
    parser.add_argument("--memory", action="store_true", help="train on the memory's human units besides --pair")
    parser.add_argument(
        "--test", **two, help="a draft and its human version to test on (default: a quarter, the newest, is held out)"
    )
    parser.add_argument(
        "--general",
        nargs=2,
        required=True,
        metavar=("EN", "PT"),
        help="general text, sentence by line in two files: what may not be forgotten",
    )
    parser.add_argument(
        "--generic",
        nargs="+",
        default=[],
        metavar="FILE",
        help="TSV (or .tsv.xz) of generic pairs to mix in (default: the model's own translations)",
    )
    parser.add_argument("--minutes", type=float, metavar="N", help="minutes of training (default: 4)")
    parser.add_argument("--updates", type=int, metavar="N", help="updates of training, at most: makes runs repeatable")
    parser.add_argument("--rate", type=float, metavar="X", help="learning rate (default: 0.0001)")
    parser.add_argument("--share", type=float, metavar="N", help="generic pairs for each in-domain one (default: 1)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="of order, dropout and samples (default: 1)")
    from translate.commands.options import add_model_options

    add_model_options(parser)
    parser.add_argument("--report", metavar="FILE.json", help="write the numbers, kept or not")
    parser.add_argument("--json", action="store_true", help="print the numbers as JSON")
    parser.add_argument("--quiet", action="store_true", help="show no progress")
    parser.set_defaults(command=_adapt)


def _adapt(arguments: argparse.Namespace) -> int:
    from translate.commands.options import model_overrides
    from translate.config import load_config
    from translate.outputs import make_ready
    from translate.progress import Display
    from translate.text_file import write_output
    from translate.training.adapt import AdaptRequest, adapt

    config = load_config(
        arguments.config,
        {
            **model_overrides(arguments),
            "adapt.minutes": arguments.minutes,
            "adapt.learning_rate": arguments.rate,
            "adapt.generic_share": arguments.share,
        },
    )
    request = AdaptRequest(
        out=Path(arguments.out),
        general=(Path(arguments.general[0]), Path(arguments.general[1])),
        pairs=tuple((draft, human) for draft, human in arguments.pair or ()),
        tests=tuple((draft, human) for draft, human in arguments.test or ()),
        generic=tuple(map(Path, arguments.generic)),
        memory=arguments.memory,
        updates=arguments.updates,
        seed=arguments.seed,
    )
    if arguments.report is not None:
        make_ready([Path(arguments.report)], create=False)
    with Display(quiet=arguments.quiet) as display:
        adapted = adapt(request, config, display)
    text = json.dumps(adapted.report, ensure_ascii=False, indent=1) + "\n"
    if arguments.report is not None:
        write_output(arguments.report, text)
    if arguments.json:
        print(text, end="")
    else:
        print("\n".join(lines(adapted.report, adapted.verdict.lines(), adapted.path)))
    return 0 if adapted.path is not None else 1


def lines(report: dict[str, Any], verdict: list[str], path: Path | None) -> list[str]:
    """What the command says in the end."""
    told = [
        f"{report['pairs']} pairs of {len(report['trained_on'])} documents "
        f"({report['pairs_left_out_for_overlap']} left out: they share text with the tests), "
        f"{report['generic_pairs']} generic ones; {report['updates']} updates in {report['minutes']:.1f} minutes, "
        f"the best after {report['best_update']}",
        *verdict,
    ]
    if path is not None:
        return [*told, f"kept: {path}", f"select it with --model {path}"]
    return [*told, "not kept, nothing was written:", *(f"  {reason}" for reason in report["reasons"])]
