"""Checkpoints side by side: how well they translate, and how fast with which beam and precision.

    python -m benchmarks.checkpoints quality BASELINE CHECKPOINT... [--newsletters DIR] [--parallel NAME EN PT]...
                                                                     [--slices FILE.tsv]
    python -m benchmarks.checkpoints speed CHECKPOINT [--newsletters DIR] [--parallel NAME EN PT] [--rounds N]

``embedded`` is the checkpoint that ships. ``quality``: BLEU and chrF2 over a folder of drafts with human versions,
through the pipeline with the glossary; over parallel files, line by line; and over held-out pairs of each corpus
source (``source<TAB>English<TAB>Portuguese``); each against the first checkpoint by paired bootstrap. ``speed``: each
beam and precision in a process of its own over the same sentences, best of the rounds, taken in turns.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from translate.config import Config
    from translate.marian.checkpoint import Checkpoint
    from translate.marian.protocol import Engine
    from translate.training.domain import TestItem

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"
PRECISIONS = ("int8", "float32")
BEAMS = (1, 2, 4)


def main() -> int:
    """Prints the table that was asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("quality", "speed"):
        command = commands.add_parser(name)
        command.add_argument("checkpoints", nargs="+" if name == "quality" else 1, metavar="CHECKPOINT")
        command.add_argument("--newsletters", type=Path, default=SHARED / "newsletters")
        command.add_argument("--parallel", nargs=3, action="append", metavar=("NAME", "EN", "PT"), default=[])
        command.add_argument("--slices", type=Path)
        command.add_argument("--rounds", type=int, default=3)
    one = commands.add_parser("one")  # a cell of the speed table, in a process of its own
    one.add_argument("checkpoint")
    one.add_argument("precision")
    one.add_argument("beam", type=int)
    one.add_argument("sentences", type=Path)
    arguments = parser.parse_args()
    if arguments.command == "one":
        print(json.dumps(_one(arguments)))
    elif arguments.command == "quality":
        print(quality(arguments))
    else:
        print(speed(arguments))
    return 0


def _config() -> Config:
    from translate.config import load_config

    return load_config(None, {"degenerate.retry_reference": False, "report.alignment": False})


def _checkpoint(name: str) -> Checkpoint:
    from translate.marian import resolve

    return resolve(None if name == "embedded" else name)


# Quality ------------------------------------------------------------------------------------------------------------


def quality(arguments: argparse.Namespace) -> str:
    """A Markdown table: test sets down, checkpoints across; a p-value below 0.05 is a significant difference."""
    from translate.marian import load_engine
    from translate.scoring.score import compare

    config = _config()
    tests = _tests(arguments, config)
    names = arguments.checkpoints
    outputs = [_outputs(load_engine("ctranslate2", _checkpoint(name)), tests, config) for name in names]
    lines = [
        "| set | " + " | ".join(f"{Path(n).name}: BLEU | chrF2" for n in names) + " | p (BLEU) | p (chrF2) |",
        "| --- |" + " ---: |" * (2 * len(names) + 2),
    ]
    for label, test in tests.items():
        first, references = outputs[0][label], test.references
        scored = [compare(first, found[label], references).metrics for found in outputs]
        cells = [f"{s[name].system:.1f}" for s in scored for name in ("BLEU", "chrF2")]
        values = [f"{scored[-1][name].p_value:.3f}" for name in ("BLEU", "chrF2")]
        lines.append(f"| {label} ({len(references)}) | " + " | ".join([*cells, *values]) + " |")
    return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class TestSet:
    """What is to be translated (an issue's segments, or sentences) and the references; or a sum of other sets."""

    items: Sequence[TestItem] | Sequence[str]
    references: list[str]
    parts: tuple[str, ...] = ()


Tests = Mapping[str, TestSet]


def _tests(arguments: argparse.Namespace, config: Config) -> Tests:
    from translate.evaluation.folder import find_pairs
    from translate.training.domain import items_of_version
    from translate.training.trial import read_general

    found: dict[str, TestSet] = {}
    for pair in find_pairs(arguments.newsletters, config)[0]:
        items = items_of_version(pair.draft, pair.human, config)
        found[f"issue {pair.name}"] = TestSet(items, [item.reference for item in items])
    found["all issues"] = _sum(found, list(found))
    for name, english, portuguese in arguments.parallel:
        rows = read_general(Path(english), Path(portuguese))
        found[name] = TestSet([a for a, _ in rows], [b for _, b in rows])
    if arguments.slices is not None:
        by_source: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for line in arguments.slices.read_text(encoding="utf-8").splitlines():
            source, a, b = line.split("\t")
            by_source[source].append((a, b))
        for source, rows in sorted(by_source.items()):
            found[source] = TestSet([a for a, _ in rows], [b for _, b in rows])
        found["all held-out pairs"] = _sum(found, sorted(by_source))
    return found


def _sum(tests: Tests, names: Sequence[str]) -> TestSet:
    items: list[Any] = [item for name in names for item in tests[name].items]
    return TestSet(items, [text for name in names for text in tests[name].references], tuple(names))


def _outputs(engine: Engine, tests: Tests, config: Config) -> dict[str, list[str]]:
    """What a checkpoint makes of every test; sums take what their parts have."""
    from translate.glossary_file import load_glossary
    from translate.training.domain import TestItem
    from translate.training.trial import outputs
    from translate.training.validation import translations

    termbase = load_glossary(config)
    found: dict[str, list[str]] = {}
    for label, test in tests.items():
        if test.parts:
            found[label] = [text for part in test.parts for text in found[part]]
        elif isinstance(test.items[0], TestItem):
            chosen = [item for item in test.items if isinstance(item, TestItem)]
            found[label] = list(outputs(engine, chosen, [], termbase, config).enforced)
        else:
            texts = [item for item in test.items if isinstance(item, str)]
            found[label] = translations(engine, texts, beam_size=config.decoding.beam_size)
    return found


# Speed --------------------------------------------------------------------------------------------------------------


def speed(arguments: argparse.Namespace) -> str:
    """A Markdown table: a row for each precision and beam; speed, peak memory, BLEU and chrF2 on the same sentences."""
    from translate.scoring.score import score

    name, config = arguments.checkpoints[0], _config()
    sets = {label: test for label, test in _tests(arguments, config).items() if not label.startswith("issue ")}
    lines = [
        "| precision | beam | words/s | peak memory | on disk | "
        + " | ".join(f"{label}: BLEU | chrF2" for label in sets)
        + " |",
        "| --- |" + " ---: |" * (4 + 2 * len(sets)),
    ]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "sentences.json")
        texts = {label: [getattr(item, "english", item) for item in test.items] for label, test in sets.items()}
        file.write_text(json.dumps(texts), encoding="utf-8")
        cells = [(precision, beam) for precision in PRECISIONS for beam in BEAMS]
        rounds: dict[tuple[str, int], list[dict[str, Any]]] = defaultdict(list)
        for _ in range(arguments.rounds):
            for precision, beam in cells:
                rounds[precision, beam].append(_run_one(name, precision, beam, file))
        for precision, beam in cells:
            best = max(rounds[precision, beam], key=lambda result: float(result["words_per_second"]))
            scored = [score(best["outputs"][label], test.references).corpus for label, test in sets.items()]
            row = [
                precision,
                beam,
                f"{best['words_per_second']:.0f}",
                f"{best['peak_mb']} MB",
                f"{best['disk_mb']:.0f} MB",
            ]
            row += [f"{corpus[metric].value:.1f}" for corpus in scored for metric in ("BLEU", "chrF2")]
            lines.append(f"| {' | '.join(map(str, row))} |")
    return "\n".join([*lines, "", f"{os.cpu_count()} cores, CTranslate2, best of {arguments.rounds} rounds."])


def _run_one(name: str, precision: str, beam: int, sentences: Path) -> dict[str, Any]:
    line = [sys.executable, "-m", "benchmarks.checkpoints", "one", name, precision, str(beam), str(sentences)]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _one(arguments: argparse.Namespace) -> dict[str, Any]:
    """Translates every text sentence by sentence, without a glossary, and measures this process."""
    import resource

    from glossary import Matcher
    from glossary.termbase import make_termbase
    from translate.decoding.translator import translate_segments
    from translate.document.parse import parse
    from translate.marian.ctranslate2_engine import CTranslate2Engine
    from translate.pipeline import settings_of

    checkpoint = _checkpoint(arguments.checkpoint)
    engine = CTranslate2Engine(checkpoint, compute_type=arguments.precision)
    texts: dict[str, list[str]] = json.loads(arguments.sentences.read_text(encoding="utf-8"))
    config = _config()
    settings = replace(settings_of(config), beam_size=arguments.beam)
    matcher = Matcher(make_termbase([]))
    outputs: dict[str, list[str]] = {}
    seconds = 0.0
    words = 0
    for label, sentences in texts.items():
        segments = [replace(parse("x").segments[0], text=text, spans=()) for text in sentences]
        begun = time.perf_counter()
        found = translate_segments(segments, engine, matcher, settings)
        seconds += time.perf_counter() - begun
        words += sum(len(text.split()) for text in sentences)
        outputs[label] = [" ".join(t.target.text.split()) for t in found]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (1024 * 1024 if sys.platform == "darwin" else 1024)
    weights = sum(path.stat().st_size for path in checkpoint.directory.iterdir() if path.suffix == ".safetensors")
    return {"words_per_second": words / seconds, "peak_mb": peak, "disk_mb": weights / 1e6, "outputs": outputs}


if __name__ == "__main__":
    sys.exit(main())
