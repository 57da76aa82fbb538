"""``python -m tests.fuzz --inputs 200000 [--target NAME] [--seed N] [--jobs N] [--out DIR]``."""

from __future__ import annotations

import argparse
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.fuzz.campaign import FOUND, Outcome, campaign, keep
from tests.fuzz.targets import TARGETS


def main(argv: list[str] | None = None) -> int:
    """Fuzzes, prints a table and the failures; 1 if there is one."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=200_000, help="inputs, over all targets together")
    parser.add_argument("--target", choices=list(TARGETS), action="append", help="only this one (repeatable)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1, help="processes at a time")
    parser.add_argument("--out", type=Path, default=FOUND, help="where failing inputs go")
    arguments = parser.parse_args(argv)
    names = arguments.target or list(TARGETS)
    shares = sum(TARGETS[name].share for name in names) * arguments.jobs
    plan = [
        (name, -(-arguments.inputs * TARGETS[name].share // shares), arguments.seed * arguments.jobs + job)
        for name in names
        for job in range(arguments.jobs)
    ]
    with ThreadPoolExecutor(arguments.jobs) as pool:
        print(f"{'target':14}{'inputs':>8}{'refused':>8}{'seconds':>9}{'slowest':>18}{'lines':>7}{'failed':>7}")
        outcomes = []
        for outcome in pool.map(lambda task: campaign(*task), plan):
            outcomes.append(outcome)
            print(_row(outcome), flush=True)
            for path, (what, _) in zip(keep(outcome, arguments.out), outcome.failures.values(), strict=True):
                print(f"\n{outcome.name}: {path}\n{what}", flush=True)
    print(f"{sum(outcome.inputs for outcome in outcomes)} inputs in {sum(o.seconds for o in outcomes):.0f} s")
    return 1 if any(outcome.failed for outcome in outcomes) else 0


def _row(outcome: Outcome) -> str:
    slowest = f"{outcome.slowest:.2f} s ({outcome.slowest_size})"
    return (
        f"{outcome.name:14}{outcome.inputs:>8}{outcome.refused:>8}{outcome.seconds:>9.0f}{slowest:>18}"
        f"{outcome.lines:>7}{outcome.failed:>7}"
    )


if __name__ == "__main__":
    raise SystemExit(main())
