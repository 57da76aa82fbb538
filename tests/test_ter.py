"""TER is sacreBLEU's, edit for edit."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sacrebleu.metrics.lib_ter import translation_edit_rate
from sacrebleu.metrics.ter import TER

from translate.scoring.ter import ExactTER, edits

words = st.lists(st.sampled_from("abcdefgh"), max_size=14)


@settings(max_examples=150, deadline=None)
@given(words, words)
def test_short_texts(hypothesis: list[str], reference: list[str]) -> None:
    assert edits(hypothesis, reference) == translation_edit_rate(hypothesis, reference)[0]


@pytest.mark.parametrize("vocabulary", [3, 60], ids=["more candidates than the limit", "a paragraph"])
@pytest.mark.parametrize("seed", range(3))
def test_long_texts(vocabulary: int, seed: int) -> None:
    dice = random.Random(seed)
    reference = [str(dice.randrange(vocabulary)) for _ in range(45)]
    hypothesis = reference[30:] + reference[:22] + [str(dice.randrange(vocabulary)) for _ in range(6)]
    assert edits(hypothesis, reference) == translation_edit_rate(hypothesis, reference)[0]


@pytest.mark.parametrize(("short", "long"), [(1, 80), (2, 130), (90, 4)])
def test_where_the_beam_matters(short: int, long: int) -> None:
    """Lengths so different that the best path leaves the beam, or that the beam is widened."""
    dice = random.Random(short)
    hypothesis = [str(dice.randrange(9)) for _ in range(short)]
    reference = [str(dice.randrange(9)) for _ in range(long)]
    assert edits(hypothesis, reference) == translation_edit_rate(hypothesis, reference)[0]


def test_the_metric_is_the_same_with_its_signature() -> None:
    hypotheses = ["Um modelo Pequeno traduz bem.", "", "três  palavras aqui"]
    references = ["O modelo traduz bem, e é pequeno.", "nada", "aqui, três palavras"]
    ours, theirs = ExactTER(), TER()
    assert ours.corpus_score(hypotheses, [references]).score == theirs.corpus_score(hypotheses, [references]).score
    assert str(ours.get_signature()) == str(theirs.get_signature())
    assert edits(["a"], []) == 1
