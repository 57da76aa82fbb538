"""Lexically constrained beam search with dynamic beam allocation (Post & Vilar, NAACL 2018), as the textbook has it.

The beam is divided into banks by the number of constraint pieces that a hypothesis has met; a hypothesis may end only
when it has met all. On the reference engine's model, one sentence at a time, the decoder run anew at each step (two
layers: a cache would not change the comparison).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.strategies.common import bare
from translate.decoding.enforce import Rendering
from translate.decoding.source import Source
from translate.decoding.translator import Settings
from translate.marian.protocol import Engine, Hypothesis
from translate.marian.transformers_engine import TransformersEngine

BEAM = 10
"""The beam of the paper's main experiments; widened where a sentence has more constraint pieces."""

Constraints = tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class _State:
    """A hypothesis: its pieces, log-probability, the constraints that it has met and the one that it is in."""

    ids: tuple[int, ...]
    score: float
    met: frozenset[int] = frozenset()
    inside: tuple[int, int] | None = None

    def count(self, constraints: Constraints) -> int:
        """The number of constraint pieces met so far."""
        return sum(len(constraints[c]) for c in self.met) + (self.inside[1] if self.inside else 0)

    def wanted(self, constraints: Constraints) -> set[int]:
        """The pieces that would meet more of the constraints."""
        if self.inside:
            return {constraints[self.inside[0]][self.inside[1]]}
        return {c[0] for k, c in enumerate(constraints) if k not in self.met}

    def extended(self, token: int, score: float, constraints: Constraints) -> _State:
        """The hypothesis with one more piece; a phrase that is broken off counts as not begun."""
        ids = (*self.ids, token)
        index, position = self.inside or (-1, 0)
        if index < 0 or constraints[index][position] != token:
            index = next((k for k, c in enumerate(constraints) if k not in self.met and c[0] == token), -1)
            position = 0
        if index < 0:
            return _State(ids, score, self.met)
        if position + 1 == len(constraints[index]):
            return _State(ids, score, self.met | {index})
        return _State(ids, score, self.met, (index, position + 1))


def translator(engine: TransformersEngine) -> Any:
    """The strategy on the reference engine's model (the engine that the benchmark passes is not used for decoding)."""

    def translate(sources: Sequence[Source], _: Engine, settings: Settings) -> list[Rendering]:
        return [bare(source, engine, _search(source, engine, settings)) for source in sources]

    return translate


def _search(source: Source, engine: TransformersEngine, settings: Settings) -> Hypothesis:
    import torch

    pieces = engine.tokenizer.encode(source.text).pieces
    constraints = tuple(tuple(engine._to_ids(engine.tokenizer.encode_target(p.surface))) for p in source.protected)
    total = sum(map(len, constraints))
    beam = max(BEAM, total + 1)
    forbidden = _forbidden(engine)
    with torch.inference_mode():
        ids, mask = engine._sources([pieces])
        memory = engine._model.get_encoder()(input_ids=ids, attention_mask=mask)
        states, done = [_State((), 0.0)], list[_State]()
        for _ in range(int(settings.ratio * len(pieces)) + 10 + total):
            log_probs = _next(engine, memory, mask, states, forbidden)
            states = _allocate(_candidates(states, log_probs, constraints, engine._eos, beam), constraints, beam)
            done += [s for s in states if s.ids[-1] == engine._eos]
            states = [s for s in states if s.ids[-1] != engine._eos]
            if not states or len(done) >= settings.beam_size:
                break
    best = max(done, key=lambda s: s.score / len(s.ids)) if done else max(states, key=lambda s: s.count(constraints))
    shown = tuple(engine._target_pieces[i] for i in best.ids if i != engine._eos)
    attention = np.zeros((len(shown), len(pieces)), np.float32)
    return Hypothesis(shown, best.score / max(1, len(best.ids)), attention)


def _forbidden(engine: TransformersEngine) -> list[int]:
    symbols = [s for s in ("<unk>", "<t>", "</t>") if s in engine._target_ids]
    return [engine._pad, *(engine._target_ids[s] for s in symbols)]


def _next(engine: TransformersEngine, memory: Any, mask: Any, states: Sequence[_State], forbidden: list[int]) -> Any:
    """Log-probabilities of the next piece: (hypotheses, vocabulary)."""
    import torch
    from transformers.modeling_outputs import BaseModelOutput

    rows = torch.tensor([[engine._pad, *state.ids] for state in states])
    hidden = memory.last_hidden_state.expand(len(states), -1, -1)
    logits = engine._model(
        encoder_outputs=BaseModelOutput(last_hidden_state=hidden),
        attention_mask=mask.expand(len(states), -1),
        decoder_input_ids=rows,
        use_cache=False,
    ).logits[:, -1]
    logits[:, forbidden] = -math.inf
    return logits.log_softmax(-1)


def _candidates(
    states: Sequence[_State], log_probs: Any, constraints: Constraints, eos: int, beam: int
) -> list[_State]:
    """The best extensions of all, the best one of each, and those that meet more of the constraints."""
    total = sum(map(len, constraints))
    scores = log_probs.numpy() + np.array([[state.score] for state in states], np.float32)
    unfinished = [k for k, state in enumerate(states) if state.count(constraints) < total]
    scores[unfinished, eos] = -np.inf
    flat = np.argpartition(scores, -beam, axis=None)[-beam:]
    pairs = {(int(k) // scores.shape[1], int(k) % scores.shape[1]) for k in flat}
    pairs |= {(k, int(token)) for k, token in enumerate(scores.argmax(1))}
    pairs |= {(k, token) for k, state in enumerate(states) for token in state.wanted(constraints)}
    found = [states[k].extended(token, float(scores[k, token]), constraints) for k, token in pairs]
    return sorted((s for s in found if s.score > -math.inf), key=lambda s: -s.score)


def _allocate(candidates: Sequence[_State], constraints: Constraints, beam: int) -> list[_State]:
    """The beam shared out over the banks; what a bank cannot fill goes to the others, the fullest first."""
    banks: dict[int, list[_State]] = {}
    for state in candidates:
        banks.setdefault(state.count(constraints), []).append(state)
    share = beam // (sum(map(len, constraints)) + 1)
    chosen: list[_State] = []
    for bank in sorted(banks, reverse=True):
        chosen += banks[bank][:share]
        banks[bank] = banks[bank][share:]
    for bank in sorted(banks, reverse=True):
        take = beam - len(chosen)
        chosen += banks[bank][: max(0, take)]
    return chosen
