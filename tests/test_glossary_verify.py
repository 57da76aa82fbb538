"""Which occurrences survived: exclusive matching, diagnoses, surplus, preferred translations."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glossary import Matcher, Verification, accuracy, parse_termbase, verify

TERMS = "backpropagation, throughput, dataset, GPT-3, transfer learning, deep transfer learning, x y, y z"


def check(source: str, target: str, terms: str = TERMS, casing: str = "draft") -> Verification:
    matcher = Matcher(parse_termbase(f"casing: {casing}\nterms: [{terms}]"))
    return verify(matcher.find(source), target, matcher)


@pytest.mark.parametrize(
    ("source", "target", "diagnoses"),
    [
        ("the dataset", "o dataset", ["kept"]),
        ("the dataset's size", "o tamanho do dataset", ["kept"]),
        ("datasets", "os dataset", ["inflected"]),
        ("datasets", "os datasets", ["kept"]),
        ("dataset", "conjunto de dados", ["dropped"]),
        ("dataset and dataset", "o dataset", ["kept", "dropped"]),
        ("dataset", "o Dataset", ["recased"]),
        ("dataset", "o data set", ["split"]),
        ("dataset", "odatasets", ["glued"]),
        ("GPT-3", "o GPT-4", ["digits"]),
        ("GPT-3", "o GPT-3", ["kept"]),
        ("GPT-3", "o GPT-31", ["digits"]),
        ("transfer learning", "deep transfer learning", ["kept"]),
        ("transfer learning, deep transfer learning", "deep transfer learning", ["dropped", "kept"]),
        ("throughput, dataset", "dataset, throughput", ["kept", "kept"]),
        ("transfer-learning", "transfer learning", ["inflected"]),
        ("transfer\nlearning", "transfer learning", ["kept"]),
        ("x y, y z", "x y z, x y", ["kept", "kept"]),
        ("x y, y z", "x y z", ["kept", "dropped"]),
    ],
)
def test_diagnoses(source: str, target: str, diagnoses: list[str]) -> None:
    verification = check(source, target)
    assert [verdict.diagnosis for verdict in verification.verdicts] == diagnoses
    for verdict in verification.verdicts:
        if verdict.kept:
            assert target[verdict.start : verdict.end].split() == verdict.occurrence.text.split()


def test_surplus_is_what_the_draft_does_not_have() -> None:
    assert [extra.text for extra in check("a dataset", "dataset dataset").surplus] == ["dataset"]
    assert check("a dataset", "dataset, throughput").surplus == ()
    assert not check("a dataset", "dataset dataset").ok
    assert check("a dataset", "o dataset").ok


def test_casing_by_sentence_lets_a_capital_follow_its_position() -> None:
    assert check("Backpropagation works.", "O backpropagation funciona.", casing="sentence").ok
    assert check("We use backpropagation.", "Backpropagation é usado.", casing="sentence").ok
    assert not check("We use backpropagation.", "Usamos Backpropagation.", casing="sentence").ok
    assert not check("We use Backpropagation.", "Usamos backpropagation.", casing="sentence").ok
    assert not check("Backpropagation works.", "O backpropagation funciona.").ok
    exact = "{term: Transformer, match: exact-case}"
    assert not check("Transformer works.", "O transformer funciona.", exact, "sentence").ok


def test_a_preferred_translation_is_enforced_instead_of_the_word() -> None:
    entry = (
        "{term: language model, translation: modelo de linguagem, forms: [modelos de linguagem], "
        "forbidden: [modelo de língua]}"
    )
    assert check("Language models", "Modelos de linguagem", entry).ok
    assert check("A language model", "Um modelo de  linguagem", entry).ok
    assert check("A language model", "um language model", entry).verdicts[0].diagnosis == "untranslated"
    assert check("two language models, a language model", "modelos de linguagem", entry).kept == 1
    wrong = check("A language model", "um modelo de língua", entry)
    assert [hit.text for hit in wrong.forbidden] == ["modelo de língua"]
    assert wrong.verdicts[0].diagnosis == "dropped"
    assert check("A dataset", "um modelo de língua", f"dataset, {entry}").forbidden == ()


def test_accuracy() -> None:
    assert accuracy([]) == 1.0
    assert accuracy([check("dataset dataset", "dataset"), check("none", "nada")]) == 0.5


def test_a_lost_term_is_not_diagnosed_from_code_or_urls() -> None:
    matcher = Matcher(parse_termbase("terms: [dataset]"))
    for target in ("veja dataset.csv", "veja https://example.org/dataset"):
        (verdict,) = verify(matcher.find("the dataset"), target, matcher).verdicts
        assert (verdict.diagnosis, verdict.start) == ("dropped", -1)
    (verdict,) = verify(matcher.find("the dataset"), "data set", matcher, [(0, 8)]).verdicts
    assert verdict.diagnosis == "dropped"


def test_many_occurrences_and_few_places() -> None:
    matcher = Matcher(parse_termbase("terms: [learning, deep learning, deep learning pipeline]"))
    source = "learning deep learning " * 3_000
    assert verify(matcher.find(source), "deep learning pipeline learning " * 3_000, matcher).kept == 6_000
    assert verify(matcher.find(source), "learning " * 3_000, matcher).kept == 3_000


WORDS = st.sampled_from(["a", "b", "c", "A", "as", "pre", "the", "to", "we", "b's", "é"])
GAPS = st.sampled_from([" ", "-", ", ", "\n", ". ", "_", "  ", "/", "\n\n"])
TEXT = st.lists(st.tuples(WORDS, GAPS), max_size=25).map(lambda parts: "".join(word + gap for word, gap in parts))
ENTRIES = st.lists(
    st.tuples(
        st.lists(st.sampled_from(["a", "b", "c", "é"]), min_size=1, max_size=3).map(" ".join),
        st.sampled_from(["any", "noun-phrase", "exact-case"]),
    ),
    unique_by=lambda entry: entry[0],
    min_size=1,
).map(lambda entries: "".join(f"- {{term: {term!r}, match: {match}}}\n" for term, match in entries))
CASINGS = st.sampled_from(["draft", "sentence"])


@settings(deadline=None)
@given(ENTRIES, TEXT | st.text(), CASINGS)
def test_a_draft_keeps_all_of_its_own_terms(entries: str, text: str, casing: str) -> None:
    matcher = Matcher(parse_termbase(f"casing: {casing}\nterms:\n{entries}"))
    occurrences = matcher.find(text)
    assert verify(occurrences, text, matcher).ok


@settings(deadline=None)
@given(ENTRIES, TEXT, TEXT, CASINGS)
def test_more_text_never_loses_a_kept_term_and_places_are_disjoint(
    entries: str, source: str, target: str, casing: str
) -> None:
    matcher = Matcher(parse_termbase(f"casing: {casing}\nterms:\n{entries}"))
    occurrences = matcher.find(source)
    before = verify(occurrences, target, matcher)
    places = sorted((verdict.start, verdict.end) for verdict in before.verdicts if verdict.kept)
    assert all(one[1] <= two[0] for one, two in pairwise(places))
    assert before.kept <= verify(occurrences, f"{target}\n\nmais", matcher).kept
    for verdict in before.missing:
        mended = verify(occurrences, f"{target}\n\n{verdict.occurrence.text}", matcher)
        assert mended.kept > before.kept
