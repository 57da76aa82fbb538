"""Text pairs as a prepared set in memory, in the pieces of an existing checkpoint and with its own word alignment.

No aligner is needed: the checkpoint's guided attention head (the one that the product reads) says which words belong
together. Training on these links keeps that head what it is while the rest of the weights move.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glossary import Matcher, verify
from translate.marian.checkpoint import Checkpoint, vocabularies
from translate.marian.tokenizer import MarianTokenizer
from translate.training.batches import Batches, Batching, Mixture
from translate.training.encode import flatten
from translate.training.loss import Objective
from translate.training.prepared import Prepared

MAX_PIECES = 120
_SURE = 0.3
"""Attention below which a piece counts as not aligned: function words without a counterpart."""

Range = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Example:
    """A pair and the character ranges that are protected on either side, the same number on both."""

    english: str
    portuguese: str
    protected: tuple[Range, ...] = ()
    counterparts: tuple[Range, ...] = ()


def with_terms(english: str, portuguese: str, matcher: Matcher) -> Example | None:
    """The pair with every glossary term marked that the human kept letter by letter; None where there is none."""
    found = verify(matcher.find(english), portuguese, matcher)
    marks = [
        ((v.occurrence.start, v.occurrence.end), (v.start, v.end))
        for v in found.verdicts
        if v.kept and portuguese[v.start : v.end] == v.occurrence.text
    ]
    if not marks:
        return None
    return Example(english, portuguese, tuple(a for a, _ in marks), tuple(b for _, b in marks))


def encode_examples(examples: Sequence[Example], checkpoint: Checkpoint) -> Prepared:
    """The pieces of the examples, in their order, as the engines would make them; not aligned.

    Marks are left out for a checkpoint that does not know them, or that has a SentencePiece model for each language.
    """
    tokenizer = MarianTokenizer(checkpoint)
    source_pieces, _ = vocabularies(checkpoint)
    ids = {piece: i for i, piece in enumerate(source_pieces)}
    folder = checkpoint.directory
    marks = tokenizer.protects and (folder / "source.spm").read_bytes() == (folder / "target.spm").read_bytes()
    language = [ids[tokenizer.language_token]] if tokenizer.language_token else []
    sources, targets = list[list[int]](), list[list[int]]()
    for example in examples:
        if marks and example.protected:
            target = tokenizer.encode(example.portuguese, example.counterparts).pieces
            source = tokenizer.encode(example.english, example.protected).pieces
        else:
            source, target = tokenizer.encode(example.english).pieces, tokenizer.encode_target(example.portuguese)
        sources.append([*language, *(ids[p] for p in source)])
        targets.append([ids[p] for p in target])
    s, so = flatten(sources)
    t, to = flatten(targets)
    nothing = np.zeros(0, np.int64)
    return Prepared(folder, s, so, t, to, np.ones(len(sources), np.uint8), nothing, None, None, source_pieces)


def aligned(prepared: Prepared, model: Any, *, tokens: int = 4000) -> Prepared:
    """The set with the word links of the model's guided head: each target piece to the source piece it attends to most.

    A link counts in both directions where the source piece, too, is attended to most by that target piece.
    """
    import torch

    batches = Batches(prepared, Mixture(np.arange(len(prepared))), Batching(tokens, MAX_PIECES, 0.0, 0))
    objective = Objective(model, bf16=True)
    links: list[NDArray[np.uint8]] = [np.zeros((0, 3), np.uint8) for _ in range(len(prepared))]
    training = model.training
    model.eval()
    try:
        with torch.no_grad():
            for chunk in batches.in_order(np.arange(len(prepared))):
                attention = objective.attention(batches.plain(chunk).to("cpu")).numpy()
                for row, i in enumerate(chunk.tolist()):
                    source, target = prepared.pair(i)
                    links[i] = best_links(attention[row, : len(target), : len(source) + 1])
    finally:
        objective.close()
        model.train(training)
    offsets = np.cumsum([0, *map(len, links)]).astype(np.int64)
    return replace(prepared, links=np.concatenate(links), link_offsets=offsets)


def best_links(attention: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Links (source piece, target piece, in both directions) of an attention matrix (T, S + 1).

    Its last column is ``</s>``: a piece that attends to it most has no counterpart.
    """
    height, width = attention.shape
    if not height or width < 2:
        return np.zeros((0, 3), np.uint8)
    best, back = attention.argmax(1), attention.argmax(0)
    rows = [
        (int(i), j, int(back[i] == j)) for j, i in enumerate(best) if i < width - 1 and float(attention[j, i]) >= _SURE
    ]
    return np.array(rows, np.uint8).reshape(-1, 3)
