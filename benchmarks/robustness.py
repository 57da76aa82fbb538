"""Hard input through the pipeline: what of a name, a number, an address or a fragment comes out as it went in.

``python -m benchmarks.robustness [--model DIR] …`` compares checkpoints side by side, each alone (sentence in, sentence
out, no glossary) and in the pipeline with the glossary that ships. The sentences are in ``data/robustness.yaml``.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from translate.decoding.quality import defects
from translate.errors import UserError

if TYPE_CHECKING:
    from translate.marian.protocol import Engine

DATA = Path(__file__).parent / "data" / "robustness.yaml"
KINDS = ("names", "numbers", "verbatim", "noisy", "fragments")
MEASURES = {
    "names copied": "names",
    "numbers copied": "numbers",
    "URLs, handles, emoji, code copied": "verbatim",
    "noisy: names copied": "noisy",
    "noisy: not degenerate": "noisy",
    "fragments: no longer": "fragments",
    "fragments: nothing lost": "fragments",
}
_WORD = re.compile(r"[^\W_]+")
_SOLID = re.compile(r"\S*\d\S*|\b[A-Z]{2,}\b")


@dataclass(frozen=True, slots=True)
class Item:
    """A text and what must be in its translation."""

    kind: str
    text: str
    keep: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rate:
    """How many of how many."""

    kept: int
    total: int

    def __str__(self) -> str:
        return f"{self.kept}/{self.total} ({self.kept / self.total:.0%})" if self.total else "–"


def items(path: Path = DATA) -> list[Item]:
    """The sentences of the benchmark."""
    groups: dict[str, list[Any]] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return [
        Item(kind, entry) if isinstance(entry, str) else Item(kind, entry["text"], tuple(entry["keep"]))
        for kind in KINDS
        for entry in groups[kind]
    ]


def rates(given: Sequence[Item], outputs: Sequence[str]) -> dict[str, Rate]:
    """Each measure over the items' translations."""
    pairs = list(zip(given, outputs, strict=True))

    def copied(kind: str) -> Rate:
        found = [is_kept(part, output) for item, output in pairs if item.kind == kind for part in item.keep]
        return Rate(sum(found), len(found))

    def satisfied(kind: str, check: Any) -> Rate:
        found = [check(item.text, output) for item, output in pairs if item.kind == kind]
        return Rate(sum(found), len(found))

    return {
        "names copied": copied("names"),
        "numbers copied": copied("numbers"),
        "URLs, handles, emoji, code copied": copied("verbatim"),
        "noisy: names copied": copied("noisy"),
        "noisy: not degenerate": satisfied("noisy", lambda source, target: not defects(source, target)),
        "fragments: no longer": satisfied("fragments", is_bounded),
        "fragments: nothing lost": satisfied("fragments", is_intact),
    }


def is_kept(part: str, output: str) -> bool:
    """Whether ``part`` stands in the output, on its own; see `forms` for numbers."""
    inside = r"\d" if part[0].isdigit() and part[-1].isdigit() else r"\w"  # "175" is kept in "175B"
    return any(re.search(rf"(?<!{inside}){re.escape(form)}(?!{inside})", output) for form in forms(part))


def forms(part: str) -> set[str]:
    """How a part may be written: itself, and for a number with the other separators."""
    found = {part, part.replace("–", "-")}
    if re.fullmatch(r"\d[\d.,]*%?", part):
        found.add(part.translate(str.maketrans(".,", ",.")))
        found |= {form.replace("%", " %") for form in set(found)}
    return found


def is_bounded(source: str, output: str) -> bool:
    """Whether a fragment's translation has words, and at most two more than the fragment."""
    return 0 < len(_WORD.findall(output)) <= len(_WORD.findall(source)) + 2


def is_intact(source: str, output: str) -> bool:
    """Whether all numbers and abbreviations of a fragment are in its translation."""
    parts = [part.strip(".:;,()[]") for part in _SOLID.findall(source)]
    return all(is_kept(part, output) for part in parts) and bool(output.strip())


def alone(engine: Engine, given: Sequence[Item], beam_size: int) -> list[str]:
    """What the model itself makes of each text."""
    from translate.training.validation import translations

    return translations(engine, [" ".join(item.text.split()) for item in given], beam_size=beam_size)


def in_pipeline(engine: Engine, given: Sequence[Item]) -> list[str]:
    """Each text as a Markdown draft through the whole pipeline, its Markdown put back."""
    from glossary import Matcher, default_termbase
    from translate.config import load_config
    from translate.decoding.translator import translate_segments
    from translate.document import parse, render
    from translate.pipeline import settings_of

    documents = [parse(item.text + "\n") for item in given]
    segments = [segment for document in documents for segment in document.segments]
    done = iter(translate_segments(segments, engine, Matcher(default_termbase()), settings_of(load_config())))
    outputs = []
    for document in documents:
        targets = {segment.index: next(done).target for segment in document.segments}
        outputs.append(render(document, targets).strip())
    return outputs


def table(columns: dict[str, dict[str, Rate]]) -> str:
    """The rates in Markdown, a column for each way of translating."""
    lines = ["| | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    lines += [
        f"| {measure} | " + " | ".join(str(column[measure]) for column in columns.values()) + " |"
        for measure in MEASURES
    ]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the table; with ``--failures`` also what was lost."""
    from translate.config import load_config
    from translate.marian import load_engine
    from translate.marian.checkpoint import resolve

    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.robustness", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--model", action="append", metavar="DIR", help="a checkpoint (several: side by side)")
    parser.add_argument("--threads", type=int, default=None, metavar="N", help="CPU threads")
    parser.add_argument("--failures", action="store_true", help="print each text that lost something")
    options = parser.parse_args(arguments)
    given = items()
    beam = load_config().decoding.beam_size
    columns: dict[str, dict[str, Rate]] = {}
    try:
        for model in options.model or ["embedded"]:
            engine = load_engine(
                "ctranslate2", resolve(None if model == "embedded" else model), threads=options.threads
            )
            name = model if model == "embedded" else Path(model).name
            for way, outputs in (("alone", alone(engine, given, beam)), ("pipeline", in_pipeline(engine, given))):
                columns[f"{name}, {way}"] = rates(given, outputs)
                if options.failures:
                    report(f"{name}, {way}", given, outputs)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(table(columns))
    return 0


def report(title: str, given: Sequence[Item], outputs: Sequence[str]) -> None:
    """Prints the texts that lost something, with their translations."""
    print(f"{title}:")
    for item, output in zip(given, outputs, strict=True):
        lost = [part for part in item.keep if not is_kept(part, output)]
        broken = item.kind == "fragments" and not (is_bounded(item.text, output) and is_intact(item.text, output))
        if lost or broken:
            print(f"  {item.text!r} -> {output!r}" + (f" (lost: {', '.join(lost)})" if lost else ""))


if __name__ == "__main__":
    sys.exit(main())
