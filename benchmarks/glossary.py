"""Ways of keeping glossary terms, compared in one run: ``python -m benchmarks.glossary``.

Three sets: the newsletters of ``../shared/newsletters`` with the glossary that ships, the same with words that the
model would rather translate, and a synthetic set of hard cases. Without ``../shared`` only the synthetic set is run.
Times are CPU seconds of the whole process, the least of ``--repeat`` interleaved runs, so that other work on the
machine counts as little as possible.
"""

from __future__ import annotations

import argparse
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import synthetic
from benchmarks.glossary_metrics import Counts, count
from benchmarks.strategies import alignment, constrained, ladder, none, placeholders, spans
from benchmarks.strategies.common import Strategy
from glossary import Matcher, Termbase, default_termbase, load_termbase, parse_termbase
from translate.decoding.enforce import Rendering
from translate.decoding.translator import Hypothesized, Plan, Settings, assemble, plan
from translate.document.model import Segment

if TYPE_CHECKING:
    from translate.marian.protocol import Engine

NEWSLETTERS = Path(__file__).resolve().parents[2] / "shared" / "newsletters"
STRESS = "terms: [dataset, paper, language model, training, attention, framework, learning rate, model]"
PLAIN, SHIPPED = "none", "shipped ladder"
LIMIT = 1.25
"""What the shipped ladder may cost, in times of plain translation."""


@dataclass(frozen=True, slots=True)
class Set:
    """Segments to translate; ``references`` are (segment indices, human text)."""

    name: str
    segments: tuple[Segment, ...]
    termbase: Termbase
    references: tuple[tuple[tuple[int, ...], str], ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """What one strategy did on one set. ``seconds`` per 1,000 source words; None where there is no human version."""

    strategy: str
    counts: Counts
    seconds: float
    ratio: float
    bleu: float | None
    chrf: float | None
    bleu_terms: float | None
    chrf_terms: float | None

    @property
    def complete(self) -> bool:
        """Whether every occurrence was kept."""
        return self.counts.kept == self.counts.terms


def strategies(engine_for_constraints: object | None) -> dict[str, Strategy]:
    """Every strategy by its name, plain translation first, the shipped one last."""
    found: dict[str, Strategy] = {
        PLAIN: none.translate,
        "placeholders": placeholders.translate,
        "spans, raw": spans.raw,
        "spans, filled": spans.filled,
        "alignment replacement": alignment.replaced,
        "prefix forcing": alignment.forced,
        "ladder, plain first": ladder.plain_first,
        "ladder, spans first": ladder.spans_first,
        SHIPPED: ladder.shipped,
    }
    if engine_for_constraints is not None:
        found["constrained beam search"] = constrained.translator(engine_for_constraints)  # type: ignore[arg-type]
    return found


def newsletters(termbase: Termbase, name: str) -> Set | None:
    """The drafts that have a human version, as one set; None where they are not at hand."""
    from translate.config import load_config
    from translate.document import parse
    from translate.document.bilingual_reader import Bilingual
    from translate.scoring.reference import match
    from translate.scoring.scorecard import read_human

    segments: list[Segment] = []
    references: list[tuple[tuple[int, ...], str]] = []
    for path in sorted(NEWSLETTERS.glob("*.en.md")):
        human_path = path.with_name(path.name.replace(".en.md", ".pt-br.md"))
        if not human_path.is_file():
            continue
        draft = parse(path.read_bytes().decode("utf-8"))
        human = read_human(human_path.read_bytes().decode("utf-8"), load_config())
        document = human.document if isinstance(human, Bilingual) else human
        base = len(segments)
        segments += draft.segments
        for pair in match(draft, human).pairs:
            text = " ".join(document.segments[j].text for j in pair.human)
            references.append((tuple(base + i for i in pair.draft), " ".join(text.split())))
    return Set(name, tuple(segments), termbase, tuple(references)) if segments else None


def measure(
    chosen: Set, named: dict[str, Strategy], engine: Engine, settings: Settings, repeat: int, limit: int | None = None
) -> list[Row]:
    """One row a strategy. ``limit``: only that many sentences, evenly spread over those with terms."""
    matcher = Matcher(chosen.termbase)
    planned = plan(chosen.segments, matcher)
    sources = list(planned.sources)
    if limit is not None:
        with_terms = [s for s in sources if any(p.occurrence for p in s.protected)]
        sources = with_terms[:: max(1, len(with_terms) // limit)][:limit]
    words = sum(len(s.text.split()) for s in sources)
    best: dict[str, float] = {}
    results: dict[str, list[Rendering]] = {}
    for _ in range(repeat):
        for name, strategy in named.items():
            begun = time.process_time()
            results[name] = strategy(sources, engine, settings)
            best[name] = min(best.get(name, float("inf")), time.process_time() - begun)
    rows = []
    for name, renderings in results.items():
        counts = count(sources, renderings, matcher, engine)
        scores = (None,) * 4 if limit is not None else _against_human(chosen, planned, renderings, matcher, settings)
        rows.append(Row(name, counts, 1000 * best[name] / words, best[name] / best[PLAIN], *scores))
    return rows


def _against_human(
    chosen: Set, planned: Plan, renderings: Sequence[Rendering], matcher: Matcher, settings: Settings
) -> tuple[float | None, float | None, float | None, float | None]:
    """BLEU and chrF2 over all matched segments, then over those with a term."""
    if not chosen.references:
        return None, None, None, None
    translations = assemble(planned, [Hypothesized(r) for r in renderings], matcher, settings)
    pairs = [
        (
            " ".join(" ".join(translations[i].target.text for i in indices).split()),
            human,
            any(translations[i].occurrences for i in indices),
        )
        for indices, human in chosen.references
    ]
    return *_bleu_chrf([(h, r) for h, r, _ in pairs]), *_bleu_chrf([(h, r) for h, r, term in pairs if term])


def _bleu_chrf(pairs: Sequence[tuple[str, str]]) -> tuple[float, float]:
    import sacrebleu

    hypotheses, references = [h for h, _ in pairs], [[r for _, r in pairs]]
    return sacrebleu.corpus_bleu(hypotheses, references).score, sacrebleu.corpus_chrf(hypotheses, references).score


HEADER = (
    f"{'strategy':<24}{'kept':>10}{'rate':>7}{'twice':>6}{'misplaced':>10}{'disagree':>9}"
    f"{'BLEU':>7}{'chrF':>7}{'BLEU t':>8}{'chrF t':>8}{'score':>8}{'s/1k w':>8}{'x plain':>8}"
)


def line(row: Row) -> str:
    """A row of the table."""
    c = row.counts

    def number(value: float | None, width: int) -> str:
        return f"{'-' if value is None else f'{value:.2f}':>{width}}"

    return (
        f"{row.strategy:<24}{f'{c.kept}/{c.terms}':>10}{100 * c.kept / max(1, c.terms):>6.1f}%{c.doubled:>6}"
        f"{c.misplaced:>10}{c.disagreeing:>9}{number(row.bleu, 7)}{number(row.chrf, 7)}{number(row.bleu_terms, 8)}"
        f"{number(row.chrf_terms, 8)}{c.score / max(1, c.pieces):>8.3f}{row.seconds:>8.2f}{row.ratio:>8.2f}"
    )


def verdict(tables: dict[str, list[Row]]) -> list[str]:
    """Whether the shipped ladder does what is asked: every term, the best chrF of those, at 1.25 times the cost."""
    lines = []
    for name, rows in tables.items():
        shipped = next(row for row in rows if row.strategy == SHIPPED)
        found = [("every term kept" if shipped.complete else "TERMS LOST")]
        found.append("none doubled" if not shipped.counts.doubled else f"{shipped.counts.doubled} DOUBLED")
        rivals = [row.chrf for row in rows if row.complete and row.chrf is not None]
        if shipped.chrf is not None:
            best = max(rivals, default=0.0)
            behind = f"chrF {best - shipped.chrf:.2f} BEHIND"
            found.append("best chrF of those at 100 %" if shipped.chrf >= best else behind)
            ratio = "at most" if shipped.ratio <= LIMIT else "ABOVE"
            found.append(f"{shipped.ratio:.2f} times plain, {ratio} {LIMIT}")
        lines.append(f"verdict, {name}: {'; '.join(found)}")
    return lines


def main(argv: Sequence[str] | None = None) -> int:
    """Prints the tables and the verdict; exit code 1 if the shipped ladder loses or doubles a term."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.glossary", description=__doc__.split("\n")[0])
    parser.add_argument("--beam", type=int, default=4, help="beam size (default 4)")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads of the engine (default 1)")
    parser.add_argument("--repeat", type=int, default=2, help="runs of each strategy, the fastest counts (default 2)")
    slow = "sentences given to the constrained beam search, which is slow (default 40, 0: none)"
    parser.add_argument("--constrained", type=int, default=40, metavar="N", help=slow)
    parser.add_argument("--set", default="", help="only sets whose name contains this")
    args = parser.parse_args(argv)

    from translate.marian import load_engine, resolve

    checkpoint = resolve(None)
    engine = load_engine("ctranslate2", checkpoint, threads=args.threads)
    settings = Settings(beam_size=args.beam)
    sets = [
        newsletters(default_termbase(), "newsletters"),
        newsletters(parse_termbase(STRESS, Path("stress.yaml")), "newsletters, reluctant words"),
        Set("synthetic", tuple(e.segment for e in synthetic.examples()), load_termbase(synthetic.GLOSSARY)),
    ]
    if sets[0] is None:
        print(f"{NEWSLETTERS} is not there: only the synthetic set is run.")
    tables: dict[str, list[Row]] = {}
    for chosen in sets:
        if chosen is None or not re.search(re.escape(args.set), chosen.name):
            continue
        tables[chosen.name] = measure(chosen, strategies(None), engine, settings, args.repeat)
        _print(chosen.name, tables[chosen.name])
    if args.constrained:
        reference = load_engine("transformers", checkpoint, threads=args.threads)
        few = {k: s for k, s in strategies(reference).items() if k in (PLAIN, SHIPPED, "constrained beam search")}
        for chosen in sets:
            if chosen is not None and chosen.name in tables:
                rows = measure(chosen, few, engine, settings, 1, args.constrained)
                _print(f"{chosen.name}: {args.constrained} sentences with terms, for the constrained beam search", rows)
    print("\n".join(verdict(tables)))
    shipped = [row for rows in tables.values() for row in rows if row.strategy == SHIPPED]
    return 0 if all(row.complete and not row.counts.doubled for row in shipped) else 1


def _print(name: str, rows: Sequence[Row]) -> None:
    print(f"\n{name}\n{HEADER}", *map(line, rows), sep="\n", flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
