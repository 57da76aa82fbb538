"""Corpus files to the pairs of a training run: chosen, cleaned, deduplicated, without what is held out."""

from __future__ import annotations

import fnmatch
import hashlib
import lzma
import string
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from translate.errors import UserError
from translate.training.clean import defect, normalise
from translate.training.copies import variant
from translate.training.exclude import HeldOut, read_held_out
from translate.training.prepared import CORPUS, VALIDATION
from translate.training.recipe import DataRecipe, SourceRule

Log = Callable[[str], None]

VALIDATION_WORDS = (4, 60)
"""Words of English in a validation pair, at least and at most."""
VALIDATION_SHARE = 20
"""One in so many pairs of a source may go to validation."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A sentence pair, where it is from, and how often an epoch sees it."""

    weight: int
    source: str
    english: str
    portuguese: str

    @property
    def row(self) -> str:
        """A line of ``corpus.tsv``."""
        return f"{self.weight}\t{self.source}\t{self.english}\t{self.portuguese}\n"


@dataclass(frozen=True, slots=True)
class Collected:
    """The pairs of a run and what became of the others.

    ``sources``: for each source the counts of ``training``, ``validation`` and ``copies``; ``dropped``: how many
    pairs each rule dropped (``unchosen``, ``duplicate``, ``held-out``, and those of ``clean``).
    """

    training: tuple[Pair, ...]
    validation: tuple[Pair, ...]
    sources: dict[str, dict[str, int]]
    dropped: dict[str, int]

    @property
    def found(self) -> dict[str, Any]:
        """The counts, for ``prepared.json``."""
        seen = sum(p.weight for p in self.training)
        totals = {"training": len(self.training), "weighted": seen, "validation": len(self.validation)}
        return {"pairs": totals, "dropped": self.dropped, "sources": self.sources}


def read_pairs(path: Path) -> Iterator[tuple[str, str, str]]:
    """Source, English, Portuguese of a TSV file, plain or .xz; the source of a two-column file is its stem.

    Raises UserError for a file that is missing, damaged, not UTF-8, or has other columns.
    """
    stem = path.name.partition(".")[0]
    try:
        with lzma.open(path, "rb") if path.suffix == ".xz" else path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                columns = line.decode("utf-8").rstrip("\r\n").split("\t")
                if len(columns) == 2:
                    yield stem, columns[0], columns[1]
                elif len(columns) == 3:
                    yield columns[0], columns[1], columns[2]
                else:
                    raise UserError(f"{path}:{number}: the line has {len(columns)} columns, not 2 or 3.")
    except FileNotFoundError:
        raise UserError(f"{path}: there is no such corpus file; correct data.corpus or data.rules.") from None
    except (lzma.LZMAError, EOFError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: the corpus file is damaged or not UTF-8 ({error}).") from None
    except OSError as error:
        raise UserError(f"{path}: cannot read the corpus file ({error.strerror}).") from None


def corpus_files(recipe: DataRecipe) -> list[Path]:
    """The files that the rules name, in their order."""
    return [recipe.corpus / name for name in dict.fromkeys(rule.file for rule in recipe.rules)]


def collect(recipe: DataRecipe, log: Log = lambda _: None) -> Collected:
    """The pairs of a run. The same recipe and files give the same pairs in the same order."""
    held_out = read_held_out(recipe.held_out, recipe.ngram)
    log(f"{len(held_out)} held-out sentences, lines and paragraphs")
    dropped: Counter[str] = Counter()
    kept = _choose(recipe, held_out, dropped, log)
    if recipe.limit is not None:
        kept = sorted(kept, key=lambda chosen: _chance(recipe.seed, "limit", chosen[1]))[: recipe.limit]
    validation = _validation(recipe, [pair for _, pair in kept])
    aside = set(validation)
    rest = [(rule, pair) for rule, pair in kept if pair not in aside]
    copies = list(_copies(recipe, rest, held_out, {_key(pair.english) for _, pair in kept}))
    training = [*(pair for _, pair in rest), *copies]
    Random(recipe.seed).shuffle(training)
    sources: dict[str, dict[str, int]] = defaultdict(lambda: {"training": 0, "validation": 0, "copies": 0})
    for kind, pairs in (("training", [p for _, p in rest]), ("validation", validation), ("copies", copies)):
        for pair in pairs:
            sources[pair.source][kind] += 1
    if not training:
        raise UserError(f"{recipe.corpus}: no pair is left to train on; look at data.rules and data.cleaning.")
    return Collected(tuple(training), tuple(validation), dict(sorted(sources.items())), dict((+dropped).most_common()))


def write_collected(collected: Collected, folder: Path) -> None:
    """Writes ``corpus.tsv`` (training) and ``valid.tsv`` (validation)."""
    from translate.text_file import write_atomic

    write_atomic(folder / CORPUS, "".join(pair.row for pair in collected.training))
    write_atomic(folder / VALIDATION, "".join(pair.row.partition("\t")[2] for pair in collected.validation))


def _choose(recipe: DataRecipe, held_out: HeldOut, dropped: Counter[str], log: Log) -> list[tuple[SourceRule, Pair]]:
    """The pairs that the rules choose and that nothing speaks against, of each source up to its cap."""
    seen: set[bytes] = set()
    chosen: dict[tuple[SourceRule, str], list[Pair]] = defaultdict(list)
    for path in corpus_files(recipe):
        rules = [rule for rule in recipe.rules if recipe.corpus / rule.file == path]
        count = 0
        for source, raw_english, raw_portuguese in read_pairs(path):
            count += 1
            rule = next((r for r in rules if any(fnmatch.fnmatchcase(source, name) for name in r.sources)), None)
            if rule is None or not _takes(rule, recipe.seed, source, raw_english):
                dropped["unchosen"] += 1
                continue
            english, portuguese = normalise(raw_english), normalise(raw_portuguese)
            wrong = defect(english, portuguese, recipe.cleaning) or _known(english, seen)
            if wrong is None and (held_out.contains(english) or held_out.contains(portuguese)):
                wrong = "held-out"
            if wrong is not None:
                dropped[wrong] += 1
                continue
            chosen[rule, source].append(Pair(rule.weight, source, english, portuguese))
        log(f"{path.name}: {count} pairs read")
    kept = []
    for (rule, _), pairs in chosen.items():
        pairs.sort(key=lambda pair: _chance(recipe.seed, "cap", pair))
        dropped["cap"] += len(pairs) - len(pairs[: rule.cap])
        kept += [(rule, pair) for pair in pairs[: rule.cap]]
    return kept


def _takes(rule: SourceRule, seed: int, source: str, english: str) -> bool:
    if not rule.weight or english.count(" ") + 1 < rule.min_words:
        return False
    return rule.share >= 1 or _fraction(f"{seed}\tshare\t{source}\t{english}") < rule.share


def _known(english: str, seen: set[bytes]) -> str | None:
    """``duplicate`` if the English came before, whatever its case, spaces and last punctuation."""
    key = _key(english)
    if key in seen:
        return "duplicate"
    seen.add(key)
    return None


def _key(english: str) -> bytes:
    bare = english.casefold().strip(string.punctuation + " …“”‘’")
    return hashlib.blake2b((bare or english).encode(), digest_size=10).digest()


def _validation(recipe: DataRecipe, pairs: Iterable[Pair]) -> list[Pair]:
    """Some pairs of each source, at random; a source with few pairs gives fewer."""
    by_source: dict[str, list[Pair]] = defaultdict(list)
    for pair in pairs:
        by_source[pair.source].append(pair)
    low, high = VALIDATION_WORDS
    chosen: list[Pair] = []
    for source in sorted(by_source):
        fit = [pair for pair in by_source[source] if low <= pair.english.count(" ") + 1 <= high]
        fit.sort(key=lambda pair: _chance(recipe.seed, "validation", pair))
        chosen += fit[: min(recipe.validation_per_source, len(by_source[source]) // VALIDATION_SHARE)]
    Random(recipe.seed).shuffle(chosen)  # so that the first few are of all sources
    return chosen


def _copies(
    recipe: DataRecipe, chosen: Sequence[tuple[SourceRule, Pair]], held_out: HeldOut, seen: set[bytes]
) -> Iterator[Pair]:
    """Variants with other names and numbers; each counts once, whatever its pair weighs."""
    for rule, pair in chosen:
        chance = _chance(recipe.seed, "copy", pair)
        if chance >= rule.copies:
            continue
        made = variant(pair.english, pair.portuguese, Random(f"{recipe.seed}\t{pair.english}"))
        if made is not None and _known(made[0], seen) is None and not held_out.contains(made[0]):
            yield Pair(1, pair.source, *made)


def _chance(seed: int, purpose: str, pair: Pair) -> float:
    return _fraction(f"{seed}\t{purpose}\t{pair.source}\t{pair.english}")


def _fraction(text: str) -> float:
    """A number in [0, 1) that only ``text`` decides: the choice of one pair does not depend on the others."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=7).digest(), "big") / 2**56
