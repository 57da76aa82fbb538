"""The word alignment of texts that no report knows: one pass of the model over each finished text."""

from __future__ import annotations

import re
from collections.abc import Sequence

from translate.marian.protocol import Engine, Request

Links = tuple[tuple[int, int, int, int, float], ...]

_WORD = re.compile(r"\w+(?:[-'\u2019.]\w+)*")
_LONGEST = 400
"""Pieces of a text; the model was trained on sentences, and attention over more is noise."""


def align(pairs: Sequence[tuple[str, str]], engine: Engine) -> list[Links]:
    """For each (English, Portuguese): (English start, end, Portuguese start, end, weight), a link for each word.

    The Portuguese is forced on the decoder whole, so the attention of the last layer's first head is that of this
    very text. No links where the text is too long or the tokenizer does not give it back.
    """
    tokenizer = engine.tokenizer
    flat = [(_flat(english), _flat(portuguese)) for english, portuguese in pairs]
    prefixes = [tokenizer.encode_target(portuguese) for _, portuguese in flat]
    sources = [tokenizer.encode(english) for english, _ in flat]
    able = [
        k
        for k, (source, prefix) in enumerate(zip(sources, prefixes, strict=True))
        if 0 < len(source.pieces) <= _LONGEST
        and 0 < len(prefix) <= _LONGEST
        and tokenizer.decode(prefix).text == flat[k][1]
    ]
    requests = [Request(sources[k].pieces, prefixes[k], max_length=len(prefixes[k])) for k in able]
    found: list[Links] = [()] * len(pairs)
    for k, hypotheses in zip(able, engine.translate(requests, beam_size=1), strict=True):
        attention = hypotheses[0].attention[: len(prefixes[k])]
        english, portuguese = flat[k]
        columns = [_inside(sources[k].offsets, *word.span()) for word in _WORD.finditer(english)]
        words = [word.span() for word in _WORD.finditer(english)]
        offsets = tokenizer.decode(prefixes[k]).offsets
        links = []
        for word in _WORD.finditer(portuguese):
            rows = _inside(offsets, *word.span())
            weights = [float(attention[rows][:, column].sum()) / max(1, len(rows)) for column in columns]
            if rows and weights and max(weights) > 0:
                best = weights.index(max(weights))
                links.append((*words[best], *word.span(), round(min(1.0, weights[best]), 3)))
        found[k] = tuple(links)
    return found


def _inside(ranges: Sequence[tuple[int, int]], start: int, end: int) -> list[int]:
    return [i for i, (a, b) in enumerate(ranges) if a < b and a < end and start < b]


def _flat(text: str) -> str:
    """Line feeds as blanks: the offsets stay."""
    return re.sub(r"\s", " ", text)
