"""A small issue under review: its draft, what the machine wrote, what a human made of it, and where they lie."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from translate.config import load_config
from translate.document.bilingual_reader import read_bilingual
from translate.document.comments import comment_of
from translate.document.parse import parse
from translate.memory.store import Memory
from translate.rerun import Conflict, conflict_comment, record_of
from translate.review.desk import Desk, ReviewRequest

MATTER = '---\ntitle: "{}"\nauthor: someone\n---\n'

ENGLISH = (
    "# What we read",
    "A small dataset is enough for [this model](https://example.org/model) if you clean it with `clean()` first.",
    "The authors measure the throughput of every step and publish the results.",
    "* one worker for each file\n* one cache for all of them",
    "We trained it twice and saw no overfitting.",
)
MACHINE = (
    "# O que nós lemos",
    "Um dataset pequeno é suficiente para [este modelo](https://example.org/model) se você limpa ele com `clean()`.",
    "Os autores medem o throughput de cada passo e publicam os resultados.",
    "* um worker para cada arquivo\n* um cache para todos eles",
    "Nós treinamos ele duas vezes e não vimos overfitting.",
)
HUMAN = {4: "Treinamos o modelo duas vezes e não vimos overfitting."}
"""What a human made of the machine's blocks, by index."""
CONFLICT = Conflict(
    "the text above",
    "We trained it once and saw no overfitting.",
    ENGLISH[4],
    "Treinamos duas vezes e não houve overfitting.",
)


@dataclass(frozen=True, slots=True)
class Sample:
    """Where a sample lies. ``draft`` is beside ``bilingual``."""

    draft: Path
    bilingual: Path
    memory: Path

    @property
    def text(self) -> str:
        return self.bilingual.read_bytes().decode()

    def replace(self, old: str, new: str) -> None:
        """An outside edit."""
        text = self.text
        assert text.count(old) == 1, old
        self.bilingual.write_bytes(text.replace(old, new).encode())


def page(english: tuple[str, ...], portuguese: tuple[str, ...], title: str, conflicts: Mapping[int, Conflict]) -> str:
    """A bilingual file with the English after each block."""
    blocks = []
    for k, (ours, theirs) in enumerate(zip(english, portuguese, strict=True)):
        blocks += [theirs, comment_of(ours)]
        if k in conflicts:
            blocks.append(conflict_comment(conflicts[k]))
    return MATTER.format(title) + "\n" + "\n\n".join(blocks) + "\n"


def make(
    directory: Path,
    *,
    english: tuple[str, ...] = ENGLISH,
    machine: tuple[str, ...] = MACHINE,
    human: Mapping[int, str] | None = None,
    conflicts: Mapping[int, Conflict] | None = None,
    recorded: bool = True,
    newline: str = "\n",
) -> Sample:
    """Writes a sample; ``recorded``: the memory knows what the machine wrote."""
    sample = Sample(directory / "03.en.md", directory / "03.pt-br.md", directory / "memory.sqlite")
    draft = MATTER.format("A short issue") + "\n" + "\n\n".join(english) + "\n"
    written = page(english, machine, "Uma edição curta", {})
    changed = tuple((HUMAN if human is None else human).get(k, text) for k, text in enumerate(machine))
    shown = page(english, changed, "Uma edição curta", conflicts or {})
    sample.draft.write_bytes(draft.encode())
    sample.bilingual.write_bytes(shown.replace("\n", newline).encode())
    if recorded:
        document, read = parse(draft), read_bilingual(written)
        entries = {k: unit.portuguese for k, unit in enumerate(read.units)}
        matter = MATTER.format("Uma edição curta")
        with Memory(sample.memory) as memory:
            memory.stage(sample.bilingual, record_of(document, entries, matter, "comment-after"))
            memory.confirm(sample.bilingual)
    return sample


@contextmanager
def desk_of(sample: Sample, *, against: str | None = None, report: Path | None = None) -> Iterator[Desk]:
    """The desk, with the sample's own memory (made if it is not there)."""
    with Memory(sample.memory) as memory:
        yield Desk(ReviewRequest(sample.bilingual, against, report), load_config(), memory=memory)


def report_of(sample: Sample, directory: Path) -> Path:
    """A run's report with a score, a flag and an alignment for the third block."""
    rows = []
    for k, segment in enumerate(parse(sample.draft.read_text()).segments):
        hypothesis = parse(MACHINE[2]).segments[0].text if segment.text == ENGLISH[2] else f"hipótese {k}"
        rows.append(
            {
                "source": segment.text,
                "hypothesis": hypothesis,
                "score": -0.1 * (k + 1),
                "confidence": 0.9 - 0.1 * k,
                "flags": ["markup-unsure"] if segment.text == ENGLISH[2] else [],
                "alignment": [[0, 3, 0, 2, 0.9], [4, 11, 3, 10, 0.8], [24, 34, 19, 29, 1.0]]
                if segment.text == ENGLISH[2]
                else [],
            }
        )
    path = directory / "report.json"
    issue = {"draft": str(sample.draft), "output": str(sample.bilingual), "segments": rows}
    path.write_text(json.dumps({"format": 1, "issues": [issue]}))
    return path


def chromium() -> str:
    """The browser, from CHROMIUM or the path; the test is skipped where there is none."""
    pytest.importorskip("playwright.sync_api", reason="playwright is not installed (extra: dev)")
    found = os.environ.get("CHROMIUM") or next(
        (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
    )
    if not found:
        pytest.skip("there is no Chromium on this machine; install one or name it in CHROMIUM")
    return found


BROWSER_ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
