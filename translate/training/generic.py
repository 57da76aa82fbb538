"""Generic pairs, which keep an adapted checkpoint from forgetting what it knew (mixed fine-tuning, Chu et al. 2017).

They come from files; without any, the present checkpoint's own translations stand in for them: it rehearses what it
would have said (Li and Hoiem 2016, learning without forgetting).
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from translate.errors import UserError
from translate.marian.protocol import Engine
from translate.training.corpus import read_pairs
from translate.training.exclude import HeldOut
from translate.training.validation import translations

_WORDS = range(3, 60)
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")

TextPair = tuple[str, str]


def sample(paths: Sequence[Path], count: int, held_out: HeldOut, *, seed: int) -> list[TextPair]:
    """``count`` random pairs of the files (fewer where there are not as many), none of them in ``held_out``."""
    pairs = list(
        dict.fromkeys((en, pt) for path in paths for _, en, pt in read_pairs(path) if _is_sentence(en) and pt.strip())
    )
    random.Random(seed).shuffle(pairs)
    chosen: list[TextPair] = []
    for pair in pairs:
        if len(chosen) == count:
            break
        if not (held_out.contains(pair[0]) or held_out.contains(pair[1])):
            chosen.append(pair)
    if not chosen:
        raise UserError(f"{', '.join(map(str, paths))}: no sentence pair is left; give more generic pairs.")
    return chosen


def own_translations(english: Sequence[str], engine: Engine, count: int, *, seed: int) -> list[TextPair]:
    """Sentences and what the engine makes of them at beam 4; at most ``count``, drawn at random."""
    sentences = list(dict.fromkeys(s for text in english for s in _sentences(text) if _is_sentence(s)))
    random.Random(seed).shuffle(sentences)
    sentences = sentences[:count]
    found = translations(engine, sentences, beam_size=4)
    return [(a, b) for a, b in zip(sentences, found, strict=True) if b]


def _sentences(text: str) -> Iterator[str]:
    yield from (part.strip() for part in _SENTENCE.split(" ".join(text.split())))


def _is_sentence(english: str) -> bool:
    return len(english.split()) in _WORDS
