"""What a back-catalogue costs: throughput on one process and on several, memory, and the constant cost of a draft.

    python -m benchmarks.scale [--drafts N] [--words N] [--workers 1 2] [--set KEY=VALUE]

Writes synthetic drafts (the same every time), publishes them with ``publish-drafts``, once for each number of workers,
and then the same words in a tenth of the files; each run starts from nothing, in processes of its own, against one
Prefect server. Wall times tell what this machine gave while it did other things too; processor times tell what the work
takes, and hardly depend on that. Memory is the resident size, sampled five times a second.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, cast

import psutil

if TYPE_CHECKING:
    from prefect.client.schemas.objects import State

    from translate.publishing.results import Published

ROOT = Path(__file__).resolve().parents[1]
_PERIOD = 0.2


def _list(text: str) -> list[str]:
    return text.strip().replace("\n", "|").split("|")


_WHO = _list("""
the team|our group|a new student|the second reviewer|every engineer|an old colleague|the night shift|the whole class
one of the authors|the library|a small company|the city council|my neighbour|a tired operator
""")
_DID = _list("""
trained|measured|rewrote|compared|published|shared|repaired|tested|described|moved|cleaned|planned|stored|deleted
explained|reviewed|copied|counted
""")
_WHAT = _list("""
a model|the data pipeline|two datasets|the embeddings|a benchmark|the notebook|a long report|the framework
an early prototype|the feature store|a table of results|the open letter|some photographs|the weather records
a map of the river|the throughput of the server|three questions|the budget
""")
_HOW = _list("""
with great care|before lunch|without any help|in a single afternoon|for the third time|on a borrowed laptop
although nobody had asked|because the old one was slow|while it rained|after the meeting|as the manual says
in front of the whole department|with backpropagation|and lost a week
""")
_WHY = _list("""
It was worth the trouble|Nobody noticed the difference|The results surprised us|We would do it again
The cost fell by half|Readers wrote many letters|A second attempt failed|The numbers do not lie
""")


def sentence(rng: random.Random) -> str:
    """A sentence of five to thirty words."""
    parts = [f"{rng.choice(_WHO)} {rng.choice(_DID)} {rng.choice(_WHAT)}"]
    if rng.random() < 0.6:
        parts.append(rng.choice(_HOW))
    if rng.random() < 0.3:
        parts.append(f"and {rng.choice(_WHO)} {rng.choice(_DID)} {rng.choice(_WHAT)}")
    if rng.random() < 0.2:
        parts.append(f"in {rng.randint(1990, 2025)}")
    text = " ".join(parts)
    return text[0].upper() + text[1:] + "."


def draft(number: int, words: int) -> str:
    """A draft of about so many words: a title, headings, paragraphs and lists, some of it in bold or with a link."""
    rng = random.Random(number)
    blocks: list[str] = []
    count = 0
    while count < words:
        lines = [sentence(rng) for _ in range(rng.randint(1, 4))]
        if rng.random() < 0.2:
            lines.append(rng.choice(_WHY) + ".")
        if rng.random() < 0.2:
            lines[0] = f"**{lines[0][:-1]}**."
        if rng.random() < 0.2:
            lines[-1] = f"[{lines[-1][:-1]}](https://example.org/{number}/{len(blocks)})."
        count += sum(len(line.split()) for line in lines)
        blocks.append("\n".join(f"- {line}" for line in lines) if rng.random() < 0.2 else " ".join(lines))
    return f'---\ntitle: "Issue {number} [EN]"\n---\n\n' + "\n\n".join(blocks) + "\n"


def distinct_share(texts: Sequence[str]) -> tuple[int, int]:
    """Distinct sentences, and all of them, as the translator cuts them."""
    from flows.chunks import row
    from glossary import Matcher, default_termbase
    from translate.decoding.translator import plan
    from translate.document import parse

    matcher = Matcher(default_termbase())
    rows = [
        row(s.source)
        for text in texts
        for group in plan(parse(text).segments, matcher, links=False).sentences
        for s in group
        if s.source is not None
    ]
    return len(set(rows)), len(rows)


@dataclass(slots=True)
class Run:
    """One publishing run: words and seconds as it reports them, and what was seen of its processes from outside."""

    label: str
    drafts: int
    words: int = 0
    seconds: float = 0.0
    whole: float = 0.0
    memory: dict[int, int] = field(default_factory=dict)
    processor: dict[int, float] = field(default_factory=dict)
    main: int = 0

    @property
    def workers(self) -> list[int]:
        """The processes that have the model: of the others, none takes a fifth of their processor time."""
        most = max((t for pid, t in self.processor.items() if pid != self.main), default=0.0)
        return [pid for pid, t in self.processor.items() if pid != self.main and t > most / 5]

    def sample(self, root: psutil.Process) -> None:
        """Notes the memory and the processor time of every process of the run."""
        for process in (root, *root.children(recursive=True)):
            try:
                times = process.cpu_times()
                self.processor[process.pid] = times.user + times.system
                self.memory[process.pid] = max(self.memory.get(process.pid, 0), process.memory_info().rss)
            except psutil.NoSuchProcess:
                continue


def measured(label: str, folder: Path, drafts: Sequence[str], settings: dict[str, object], url: str) -> Run:
    """Publishes the drafts in a process of its own, watched."""
    source = folder / "drafts"
    source.mkdir(parents=True)
    for number, text in enumerate(drafts):
        (source / f"{number:05d}.en.md").write_text(text, encoding="utf-8")
    settings = settings | {
        "publish.root": str(source),
        "flow.result_storage": str(folder / "results"),
        "memory.file": str(folder / "memory.sqlite"),
        "history.file": str(folder / "history.jsonl"),
        "publish.reports": str(folder / "reports"),
    }
    environment = os.environ | {"PREFECT_API_URL": url, "PREFECT_LOGGING_LEVEL": "ERROR"}
    command = [sys.executable, "-m", "benchmarks.scale", "--publish", json.dumps(settings)]
    run, began = Run(label, len(drafts)), time.perf_counter()
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        run.main = process.pid
        watch = threading.Thread(target=_watch, args=(run, psutil.Process(process.pid)), daemon=True)
        watch.start()
        assert process.stdout is not None
        said = process.stdout.read()
    run.whole = time.perf_counter() - began
    watch.join()
    if process.returncode:
        raise SystemExit(f"publishing failed with exit code {process.returncode}")
    told = json.loads(said.splitlines()[-1])
    run.words, run.seconds = told["words"], told["seconds"]
    if told["published"] != len(drafts):
        raise SystemExit(f"only {told['published']} of {len(drafts)} drafts were published: see {folder}")
    return run


def _watch(run: Run, root: psutil.Process) -> None:
    while root.is_running() and root.status() != psutil.STATUS_ZOMBIE:
        try:
            run.sample(root)
        except psutil.NoSuchProcess:
            return
        time.sleep(_PERIOD)


def publish(settings: dict[str, object]) -> None:
    """The child's part: one publishing run; what it did as a line of JSON."""
    from flows.publish_drafts import publish_drafts

    # A flow that returns a state is typed as if that state were its result.
    state = cast("State[Published]", publish_drafts(settings=settings, return_state=True))
    published = state.result()
    told = {"words": published.words, "seconds": published.seconds, "published": published.counts().get("published", 0)}
    print(json.dumps(told))


def _megabytes(run: Run, pids: Sequence[int]) -> str:
    return " ".join(f"{run.memory[pid] / 1e6:.0f}" for pid in pids) or "-"


def report(runs: Sequence[Run], few: Run) -> None:
    """The table."""
    base = runs[0]
    heads = ("words/s", "speed-up", "cpu s: main, workers", "peak MB: main, workers")
    print(f"{'run':20}{heads[0]:>9}{heads[1]:>10}{heads[2]:>24}{heads[3]:>26}")
    for run in (*runs, few):
        speed = run.words / run.seconds
        up = speed / (base.words / base.seconds)
        times = " ".join(f"{run.processor[pid]:.0f}" for pid in run.workers) or "-"
        processor = f"{run.processor[run.main]:.0f}, {times}"
        memory = f"{_megabytes(run, [run.main])}, {_megabytes(run, run.workers)}"
        print(f"{run.label:20}{speed:9.0f}{up:10.2f}{processor:>24}{memory:>26}")
    wall = _each(base, few, base.seconds, few.seconds)
    cpu = _each(base, few, sum(base.processor.values()), sum(few.processor.values()))
    print(f"a draft costs, beside its words: {1000 * wall:.0f} ms ({1000 * cpu:.0f} ms of processor time)")


def _each(a: Run, b: Run, cost_a: float, cost_b: float) -> float:
    """What a draft costs if a run costs so much for each word and so much for each draft (two equations)."""
    return (cost_a * b.words - cost_b * a.words) / (a.drafts * b.words - b.drafts * a.words)


def main() -> int:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--drafts", type=int, default=2000)
    parser.add_argument("--words", type=int, default=50, help="words in a draft")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="a setting, as JSON")
    parser.add_argument("--publish", metavar="SETTINGS", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.publish:
        publish(json.loads(arguments.publish))
        return 0
    settings: dict[str, object] = {"degenerate.retry_reference": False}
    settings |= {key: json.loads(value) for key, _, value in (item.partition("=") for item in arguments.set)}
    texts = [draft(number, arguments.words) for number in range(arguments.drafts)]
    distinct, total = distinct_share(texts)
    words = sum(len(text.split()) for text in texts)
    print(f"{len(texts)} drafts, {words} words; {distinct} of {total} sentences are distinct ({distinct / total:.0%})")
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before the first run", flush=True)

    from flows.server import prefect_api

    with tempfile.TemporaryDirectory(prefix="scale-") as name:
        folder = Path(name)
        os.environ["PREFECT_HOME"] = str(folder / "prefect")
        with prefect_api(folder / "server.log", 300) as url:
            runs = []
            for count in arguments.workers:
                label = f"{count} worker{'s' if count > 1 else ''}"
                runs.append(measured(label, folder / label, texts, settings | {"flow.workers": count}, url))
                print(f"  {label}: {runs[-1].seconds:.0f} s", flush=True)
            joined = ["\n".join([texts[k], *map(_body, texts[k + 1 : k + 10])]) for k in range(0, len(texts), 10)]
            few = measured("tenth of the files", folder / "few", joined, settings | {"flow.workers": 1}, url)
        report(runs, few)
    print(f"load {os.getloadavg()[0]:.1f} after the last run")
    return 0


def _body(text: str) -> str:
    return text.split("---\n", 2)[2]


if __name__ == "__main__":
    sys.exit(main())
