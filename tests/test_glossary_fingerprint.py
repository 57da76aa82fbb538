"""The fingerprint of what a glossary says about a text."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from glossary import Casing, Matcher, Term, Termbase

TEXT = "Datasets feed the pipeline. A dataset of tokens; the Throughput fell."
DATASET = Term("dataset", variants=("data set",), gender="m")
PIPELINE = Term("pipeline", translation="fluxo", forms=("fluxos", "esteiras"), gender="m")
TERMS = (DATASET, PIPELINE, Term("throughput"))


def said(*terms: Term, text: str = TEXT, casing: Casing = "draft") -> str:
    return Matcher(Termbase(terms, casing)).fingerprint(text)


def test_a_text_without_terms_has_none() -> None:
    assert said(*TERMS, text="Nothing of it here.") == ""
    assert said() == ""
    assert len(said(*TERMS)) == 16


def test_what_does_not_speak_of_the_text_changes_nothing() -> None:
    whole = said(*TERMS)
    assert said(*reversed(TERMS)) == whole
    assert said(*TERMS, Term("backpropagation"), Term("early stopping", forbidden=("parada",))) == whole
    assert said(replace(DATASET, note="o dataset", line=7), *TERMS[1:]) == whole
    assert said(replace(DATASET, exceptions=("dataset card",)), *TERMS[1:]) == whole
    # Another name for the same entry.
    assert said(replace(DATASET, text="data set", variants=("dataset",)), *TERMS[1:]) == whole


@pytest.mark.parametrize(
    "changed",
    [
        replace(DATASET, gender="f"),
        replace(DATASET, gender=None),
        replace(DATASET, number="plural"),
        replace(DATASET, article=False),
        replace(DATASET, style="italic"),
        replace(DATASET, forbidden=("conjunto de dados",)),
        replace(DATASET, translation="conjunto de dados"),
        replace(DATASET, variants=("data set", "datasheet")),
        replace(DATASET, match="exact-case"),  # no longer finds "Datasets"
        replace(DATASET, exceptions=("dataset of tokens",)),
        replace(DATASET, plural=False),
    ],
)
def test_what_decides_the_outcome_changes_it(changed: Term) -> None:
    assert said(changed, *TERMS[1:]) != said(*TERMS)
    assert said(changed, *TERMS[1:], text="The pipeline.") == said(*TERMS, text="The pipeline.")


def test_forms_count_in_their_order_forbidden_words_do_not() -> None:
    other = replace(PIPELINE, forms=("esteiras", "fluxos"))
    assert said(DATASET, other, text="Pipelines.") != said(*TERMS, text="Pipelines.")
    a, b = (replace(DATASET, forbidden=words) for words in (("um", "dois"), ("dois", "um")))
    assert said(a) == said(b)


def test_terms_added_and_removed() -> None:
    assert said(*TERMS, Term("token")) != said(*TERMS)
    assert said(*TERMS[:2]) != said(*TERMS)
    assert said(*TERMS[:2], text="The dataset.") == said(*TERMS, text="The dataset.")


def test_casing_counts_where_it_could_excuse_a_capital() -> None:
    for text, counts in (("A dataset.", True), ("The pipeline.", False), ("The Adam optimiser.", False)):
        terms = (*TERMS, Term("Adam"))
        assert (said(*terms, text=text) != said(*terms, text=text, casing="sentence")) is counts, text


def test_which_of_equal_words_is_the_term_counts() -> None:
    one = Term("dataset", exceptions=("dataset card",))
    other = Term("dataset", exceptions=("dataset loader",))
    text = "A dataset card and a dataset loader."
    assert said(one, text=text) != said(other, text=text)


def test_one_entry_for_two_words_is_not_two_entries() -> None:
    assert said(DATASET, text="dataset, data set") != said(
        Term("dataset", gender="m"), Term("data set", gender="m"), text="dataset, data set"
    )


def test_wrapping_a_line_changes_nothing() -> None:
    rng = random.Random(5)
    words = TEXT.replace("pipeline", "early stopping").split()
    terms = (*TERMS, Term("early stopping"))
    for _ in range(50):
        wrapped = "".join(word + rng.choice([" ", "\n", "  "]) for word in words)
        same = wrapped.replace("early\n", "early ").replace("early  ", "early ")
        assert said(*terms, text=same) == said(*terms, text=" ".join(words))


def test_ranges_that_do_not_count_are_skipped() -> None:
    matcher = Matcher(Termbase(TERMS))
    assert matcher.fingerprint("dataset", [(0, 7)]) == ""


def test_many_occurrences_cost_little_each() -> None:
    """A line of 50,000 terms: linear, or this test would not end."""
    assert len(said(DATASET, text="dataset " * 50_000)) == 16
