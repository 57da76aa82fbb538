"""How much of the bare engine's speed the pipeline keeps, and what a whole command costs.

    python -m benchmarks.pipeline [DRAFT] [--rounds N]

In one run, side by side: the whole command (a fresh process), the pipeline from parsed draft to bilingual text, and the
same sentences through bare ``ctranslate2.Translator.translate_batch`` with the same beam, threads and batch size.
Each figure is the best of the rounds, taken in turns, so that a busy machine hurts all three alike.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DRAFT = ROOT / "drafts" / "01-sample.en.md"


def main() -> int:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("draft", nargs="?", type=Path, default=DRAFT)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()

    from translate.config import load_config
    from translate.glossary_file import load_glossary
    from translate.pipeline import load, prepare, render_bilingual, translate_drafts
    from translate.text_file import read_text

    config = load_config(None, {"degenerate.retry_reference": False, "report.alignment": False})
    engine, termbase = load(config), load_glossary(config)
    draft = prepare(read_text(arguments.draft), config)
    words = sum(len(s.text.split()) for s in draft.document.segments)

    def pipeline() -> None:
        parsed = prepare(draft.source, config)
        (translations,) = translate_drafts([parsed], engine, termbase, config)
        render_bilingual(parsed, translations, config)

    bare = _bare(draft.document.segments, engine, config.decoding.beam_size)
    times: dict[str, list[float]] = {"command": [], "pipeline": [], "bare": []}
    peak = 0
    for _ in range(arguments.rounds):
        seconds, memory = _command(arguments.draft)
        peak = max(peak, memory)
        times["command"].append(seconds)
        times["pipeline"].append(_time(pipeline))
        times["bare"].append(_time(bare))
    best = {name: min(values) for name, values in times.items()}
    print(f"{arguments.draft.name}: {words} words, beam {config.decoding.beam_size}, {os.cpu_count()} cores")
    for name, label in (("command", "whole command"), ("pipeline", "pipeline"), ("bare", "bare translate_batch")):
        print(f"{label:22}{best[name]:7.2f} s {words / best[name]:7.0f} words/s")
    print(f"pipeline / bare: {best['bare'] / best['pipeline']:.2f} of its speed (aim: 0.85)")
    print(f"peak memory of the command: {peak} MB (aim: under 400)")
    return 0


def _bare(segments: object, engine: object, beam: int) -> Callable[[], None]:
    """A call that sends the distinct sentences, without terms or alignment, through CTranslate2 alone."""
    import ctranslate2

    from glossary import Matcher
    from glossary.termbase import make_termbase
    from translate.decoding.translator import plan
    from translate.marian.ctranslate2_engine import CTranslate2Engine

    assert isinstance(engine, CTranslate2Engine)
    assert isinstance(segments, tuple)
    sources = plan(segments, Matcher(make_termbase([]))).sources
    translator: ctranslate2.Translator = engine._translator
    pieces = [[*engine.tokenizer.encode(source.text).pieces, "</s>"] for source in sources]

    def run() -> None:
        translator.translate_batch(
            pieces, beam_size=beam, max_batch_size=engine._batch_tokens, batch_type="tokens", max_decoding_length=256
        )

    return run


def _command(draft: Path) -> tuple[float, int]:
    """Seconds and peak memory (MB) of the whole command in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"TRANSLATE_ISSUE_MEMORY": f"{folder}/memory.sqlite"}
        command = [sys.executable, "-m", "translate", "run", str(draft), "--out", f"{folder}/out.md", "--quiet"]
        started = time.perf_counter()
        process = subprocess.Popen(command, cwd=ROOT, env=environment)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"the command failed with exit code {process.returncode}")
        return time.perf_counter() - started, _megabytes(usage)


def _megabytes(usage: resource.struct_rusage) -> int:
    return usage.ru_maxrss // (1024 * 1024 if sys.platform == "darwin" else 1024)


def _time(call: Callable[[], None]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


if __name__ == "__main__":
    sys.exit(main())
