"""``translate-issue score``: a translation, any system's, against a human version."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from translate.scoring.file_scores import FileScores, System

_CODES = """\
exit codes:
  0    scored
  2    bad input: one sentence names the file and what to do; nothing was scored"""
_WIDTH = 78


def add_parser(commands: Any) -> None:
    """Adds ``score``."""
    parser = commands.add_parser(
        "score",
        help="score any translation against a human version; compare two systems",
        description="Score a translation (bilingual or Portuguese only, by any system) against a human version.\n"
        "With --draft, both are matched to it, and terms and markup are judged; without, they are matched\n"
        "with each other.",
        epilog=_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("hypothesis", metavar="HYPOTHESIS", help="the translation")
    parser.add_argument("human", metavar="HUMAN", help="the human version")
    parser.add_argument("--draft", metavar="FILE", help="the English draft of both")
    parser.add_argument("--baseline", metavar="FILE", help="another translation to compare with")
    parser.add_argument(
        "--test",
        choices=["bootstrap", "randomization"],
        default="bootstrap",
        help="significance of the difference: paired bootstrap (default) or approximate randomization",
    )
    parser.add_argument("--lines", action="store_true", help="the files hold a segment in each line")
    parser.add_argument("--glossary", metavar="FILE", help="termbase to judge by (default: the one that ships)")
    parser.add_argument("--samples", type=int, metavar="N", help="resamples of intervals and tests (default: 1000)")
    parser.add_argument("--config", metavar="FILE", help="configuration (default: configs/default.yaml)")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON: everything, every segment")
    form.add_argument("--csv", action="store_true", help="print CSV: a row for each segment")
    parser.set_defaults(command=_score)


def _score(arguments: argparse.Namespace) -> int:
    from translate.config import load_config
    from translate.glossary_file import load_glossary
    from translate.scoring.file_scores import score_files
    from translate.text_file import read_text

    overrides = {"glossary.file": arguments.glossary, "score.bootstrap": arguments.samples}
    config = load_config(arguments.config, overrides)
    limit = 2 * config.limits.max_file_bytes
    names = (arguments.hypothesis, arguments.human, arguments.draft, arguments.baseline)
    hypothesis, human, draft, baseline = (None if n is None else read_text(n, max_bytes=limit) for n in names)
    assert hypothesis is not None
    assert human is not None
    scores = score_files(
        hypothesis,
        human,
        load_glossary(config),
        config,
        draft=draft,
        baseline=baseline,
        by_line=arguments.lines,
        test=arguments.test,
    )
    if arguments.json:
        print(json.dumps(scores.as_dict(), ensure_ascii=False, indent=1))
    elif arguments.csv:
        print(to_csv(scores), end="")
    else:
        print("\n".join(lines(scores)))
    return 0


def to_csv(scores: FileScores) -> str:
    """A header and a row for each segment (RFC 4180, but with plain line feeds)."""
    import csv
    import io

    rows = list(scores.rows())
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def lines(scores: FileScores) -> Iterator[str]:
    """The scores for a reader."""
    systems = [("system", scores.system), *([("baseline", scores.baseline)] if scores.baseline else [])]
    for label, system in systems:
        yield f"{label}: {system.name}"
    yield f"human: {scores.human}"
    yield from (f"note: {note}" for note in scores.notes)
    aligned = scores.aligned
    yield f"{len(aligned.references)} segments scored"
    if aligned.only_draft or aligned.only_human:
        left = f"{aligned.only_draft} segments of the draft, {aligned.only_human} of the human"
        yield f"left out, no sure counterpart: {left}"
    for label, system in systems:
        yield ""
        yield from _system(label, system, scores)
    if scores.comparison is not None:
        yield ""
        yield from _comparison(scores)
    yield ""
    yield from (f"signature of {name}: {metric.signature}" for name, metric in scores.system.clean.corpus.items())


def _system(label: str, system: System, scores: FileScores) -> Iterator[str]:
    from translate.commands.tables import table

    rows = []
    for name, metric in system.clean.corpus.items():
        low, high = metric.interval or (metric.value, metric.value)
        spread = "" if metric.interval is None else f"{low:.1f} to {high:.1f}"
        rows.append([name, f"{metric.value:.1f}", spread, f"{system.markdown.corpus[name].value:.1f}"])
    yield table([label, "clean", "95 %", "with Markdown"], rows, ["<", ">", ">", ">"])
    yield f"length: {system.length_ratio:.2f} words for each of the human's"
    if system.terms is not None and scores.human_terms is not None:
        yield f"terms kept: {_share(*system.terms)}; human {_share(*scores.human_terms)}"
    if system.fidelity is not None and scores.human_fidelity is not None:
        ours, theirs = system.fidelity, scores.human_fidelity
        for name in ("links", "code", "images"):
            mine, human = getattr(ours, name), getattr(theirs, name)
            added = f" (+{mine.added} added)" if mine.added else ""
            yield f"{name} kept: {mine.kept} / {mine.total}{added}; human {human.kept} / {human.total}"
    if system.absent:
        yield f"{system.absent} references have no hypothesis; they count as empty ones"
    if system.extra:
        yield f"{system.extra} segments of the hypothesis have no reference; they are not scored"


def _comparison(scores: FileScores) -> Iterator[str]:
    from translate.commands.tables import shorten, table

    comparison = scores.comparison
    assert comparison is not None
    name = "paired bootstrap" if scores.test == "bootstrap" else "approximate randomization"
    rows = [
        [metric, f"{m.baseline:.1f}", f"{m.system:.1f}", f"{m.system - m.baseline:+.1f}", f"{m.p_value:.3f}"]
        for metric, m in comparison.metrics.items()
    ]
    yield table([name, "baseline", "system", "difference", "p"], rows, ["<", ">", ">", ">", ">"])
    yield f"segments by chrF2: {comparison.wins} better, {comparison.losses} worse, {comparison.ties} equal"
    chosen = scores.most_different()
    if chosen:
        yield ""
        yield "the most different segments, by line of the human version"
    for k in chosen:
        yield f"{scores.aligned.lines[k]:>5}  chrF2 {comparison.differences[k]:+.1f}"
        yield f"       human:    {shorten(scores.aligned.references[k].clean, _WIDTH)}"
        yield f"       system:   {shorten(scores.aligned.systems[0][k].clean, _WIDTH)}"
        yield f"       baseline: {shorten(scores.aligned.systems[1][k].clean, _WIDTH)}"


def _share(kept: int, total: int) -> str:
    return f"{kept} / {total}" + (f" ({kept / total:.0%})" if total else "")
