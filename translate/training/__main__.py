"""``python -m translate.training [RECIPE] --out DIR [--step NAME …]``: from corpus files to a checkpoint."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from translate.errors import UserError


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the steps; 0 if all went well, 2 for what the user can mend, 130 if interrupted."""
    from translate.training.recipe import load_recipe
    from translate.training.steps import STEPS, run_steps

    parser = argparse.ArgumentParser(
        prog="python -m translate.training",
        description="From sentence pairs to a MarianMT checkpoint. What is done already is not done again.",
    )
    parser.add_argument("recipe", nargs="?", metavar="RECIPE", help="a file of configs/model; base.yaml without one")
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="where everything goes")
    names = [step.name for step in STEPS]
    parser.add_argument(
        "--step", action="append", choices=names, metavar="NAME", help=f"only this step: {', '.join(names)}"
    )
    parser.add_argument("--corpus", type=Path, metavar="DIR", help="the folder of the corpus files")
    options = parser.parse_args(arguments)
    try:
        recipe = load_recipe(options.recipe, {} if options.corpus is None else {"data.corpus": options.corpus})
        run_steps(recipe, options.out, lambda line: print(line, flush=True), options.step)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted; the same command goes on from here", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
