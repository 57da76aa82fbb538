"""How likely two texts of different languages say the same: no dictionary, only what translation keeps.

Technical Portuguese keeps from English its URLs, numbers, emoji, names and loan-words whole, and much
of the rest in part (``architecture``, ``arquitetura``): hence character n-grams over text without
accents (McNamee & Mayfield 2004), weighted by rarity, beside lengths (Gale & Church 1993).
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Features = Mapping[str, float]

_URL = re.compile(r"(?:https?://|www\.)[^\s<>\"'\])}]+|(?<=\]\()[^\s)]+")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_WORD = re.compile(r"[^\W\d_]{2,}")
_SYMBOL_CATEGORIES = {"So"}
_GRAM = 4
_WEIGHTS = {"url": 5.0, "number": 3.0, "symbol": 3.0, "word": 1.0, "gram": 0.4}

LENGTH_RATIO = 1.1
"""Characters of Portuguese for each of English."""
_LENGTH_VARIANCE = 6.8
"""Of the difference, for each character (Gale & Church 1993)."""


def fold(text: str) -> str:
    """`text` in lower case without accents."""
    return "".join(c for c in unicodedata.normalize("NFD", text.casefold()) if not unicodedata.combining(c))


def urls(markdown: str) -> list[str]:
    """The destinations in `markdown`, without scheme, trailing slash and punctuation."""
    found = (m[0].rstrip(".,;:!?*_/") for m in _URL.finditer(markdown))
    return [re.sub(r"^https?://(?:www\.)?", "", url) for url in found]


def features(text: str, markdown: str | None = None) -> dict[str, float]:
    """Weighted features of a text; its URLs are taken from `markdown` where the text shows none."""
    source = text if markdown is None else markdown
    plain = _URL.sub(" ", text)
    counts = Counter(_plain_features(plain))
    counts.update(f"url {url}" for url in urls(source))
    return {name: _WEIGHTS[name.split(" ", 1)[0]] * (1.0 + math.log(n)) for name, n in counts.items()}


def _plain_features(text: str) -> Iterator[str]:
    for number in _NUMBER.findall(text):
        yield "number " + re.sub(r"[.,]", "", number)
    for character in text:
        if ord(character) > 0x2000 and unicodedata.category(character) in _SYMBOL_CATEGORIES:
            yield "symbol " + character
    for word in _WORD.findall(fold(text)):
        yield "word " + word
        padded = f"^{word}$"
        for i in range(len(padded) - _GRAM + 1):
            yield "gram " + padded[i : i + _GRAM]


def weighted(*sides: Sequence[Features]) -> tuple[list[dict[str, float]], ...]:
    """The sides' features times their inverse document frequency over all sides together."""
    seen = Counter(name for side in sides for item in side for name in item)
    total = sum(len(side) for side in sides)
    rarity = {name: math.log(1 + total / n) for name, n in seen.items()}
    return tuple([{name: w * rarity[name] for name, w in item.items()} for item in side] for side in sides)


def dot(left: Features, right: Features) -> float:
    small, large = (left, right) if len(left) < len(right) else (right, left)
    return sum(w * large[name] for name, w in small.items() if name in large)


def products(left: Sequence[Features], right: Sequence[Features]) -> NDArray[np.float32]:
    """The dot product of each item of `left` (rows) with each of `right` (columns)."""
    import numpy as np

    postings = Postings(right)
    table = np.zeros((len(left), len(right)), dtype=np.float32)
    for i, item in enumerate(left):
        table[i] = postings.row(item, 0, len(right))
    return table


class Postings:
    """Where each feature stands: dot products with many items at once, with all or with neighbours."""

    def __init__(self, items: Sequence[Features]) -> None:
        import numpy as np

        postings: dict[str, tuple[list[int], list[float]]] = {}
        for j, item in enumerate(items):
            for name, weight in item.items():
                columns, weights = postings.setdefault(name, ([], []))
                columns.append(j)
                weights.append(weight)
        self.size = len(items)
        self.arrays = {
            name: (np.array(columns, dtype=np.int64), np.array(weights, dtype=np.float64))
            for name, (columns, weights) in postings.items()
        }

    def row(self, item: Features, start: int, stop: int) -> NDArray[np.float32]:
        """The dot products with the items ``start:stop``."""
        import numpy as np

        hits = [(*self._between(name, start, stop), weight) for name, weight in item.items() if name in self.arrays]
        if not hits:
            return np.zeros(stop - start, dtype=np.float32)
        columns = np.concatenate([columns for columns, _, _ in hits]) - start
        weights = np.concatenate([weights * weight for _, weights, weight in hits])
        return np.bincount(columns, weights=weights, minlength=stop - start).astype(np.float32)

    def _between(self, name: str, start: int, stop: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        columns, weights = self.arrays[name]
        if start == 0 and stop == self.size:
            return columns, weights
        first, last = columns.searchsorted((start, stop))
        return columns[first:last], weights[first:last]


def length_penalty(english: float, portuguese: float) -> float:
    """How unlikely two lengths in characters are for a translation, in nats: 0 (as expected) and up."""
    if english <= 0 or portuguese <= 0:
        return 0.0 if english == portuguese else 10.0
    mean = (english + portuguese / LENGTH_RATIO) / 2
    delta = abs(portuguese - english * LENGTH_RATIO) / math.sqrt(_LENGTH_VARIANCE * mean)
    return -math.log(max(math.erfc(delta / math.sqrt(2)), 1e-12))
