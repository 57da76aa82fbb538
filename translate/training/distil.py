"""A teacher's translations for a student to learn from (sequence-level distillation, Kim and Rush 2016).

``python -m translate.training.distil --model DIR --out teacher.tsv [--prepared DIR] [--english FILE]`` translates the
English of a prepared corpus and of plain text files (a sentence on each line). An interrupted run goes on.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from translate.errors import UserError
from translate.training.clean import normalise
from translate.training.corpus import Log, read_pairs
from translate.training.prepared import CORPUS, read_rows

CHUNK = 2000
"""Sentences between two writes."""


def distil(model: Path, english: Iterable[tuple[str, str]], out: Path, beam_size: int, log: Log) -> int:
    """Appends source, English, translation to ``out`` for each (source, English) that is not in it; returns how many.

    Raises UserError for a checkpoint that cannot be loaded or a file that is no TSV.
    """
    from translate.marian import load_engine
    from translate.marian.checkpoint import load_directory
    from translate.training.validation import translations

    engine = load_engine("ctranslate2", load_directory(model))
    _cut_broken_line(out)
    done = {text for _, text, _ in read_pairs(out)} if out.exists() else set()
    waiting = _new(english, done)
    count = 0
    while chunk := list(islice(waiting, CHUNK)):
        output = translations(engine, [text for _, text in chunk], beam_size=beam_size)
        with out.open("a", encoding="utf-8", newline="\n") as file:
            rows = zip(chunk, output, strict=True)
            file.writelines(f"{source}\t{text}\t{normalise(target)}\n" for (source, text), target in rows)
        count += len(chunk)
        log(f"{count} sentences")
    return count


def _new(english: Iterable[tuple[str, str]], done: set[str]) -> Iterator[tuple[str, str]]:
    for source, text in english:
        if text and text not in done:
            done.add(text)
            yield source, text


def english_of(prepared: Path | None, files: Sequence[Path]) -> Iterator[tuple[str, str]]:
    """Source and English of a prepared corpus, then of text files, whose stem is their source."""
    if prepared is not None:
        for _, source, text, _ in read_rows(prepared / CORPUS, 4):
            yield source, text
    for path in files:
        try:
            with path.open(encoding="utf-8-sig", newline="\n") as lines:
                for line in lines:
                    yield path.stem, normalise(line)
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(f"{path}: cannot read the text ({error}).") from None


def _cut_broken_line(out: Path) -> None:
    """Takes a last line without its end off: the run that wrote it was stopped there."""
    if not out.exists():
        return
    data = out.read_bytes()
    if data and not data.endswith(b"\n"):
        out.write_bytes(data[: data.rfind(b"\n") + 1])


def main(arguments: Sequence[str] | None = None) -> int:
    """Translates; 0 if all went well, 2 for what the user can mend."""
    parser = argparse.ArgumentParser(
        prog="python -m translate.training.distil", description="A teacher's translations."
    )
    parser.add_argument("--model", required=True, type=Path, metavar="DIR", help="the teacher's checkpoint")
    parser.add_argument("--out", required=True, type=Path, metavar="FILE", help="TSV; what is in it is not done again")
    parser.add_argument("--prepared", type=Path, metavar="DIR", help="a prepared corpus")
    parser.add_argument("--english", type=Path, action="append", default=[], metavar="FILE", help="plain text")
    parser.add_argument("--beam", type=int, default=4, metavar="N", help="beam size")
    options = parser.parse_args(arguments)
    try:
        english = english_of(options.prepared, options.english)
        distil(options.model, english, options.out, options.beam, lambda line: print(line, flush=True))
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
