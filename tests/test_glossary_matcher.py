"""Where terms are found, and where they are not."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glossary import Matcher, parse_termbase


def find(terms: str, text: str, skip: tuple[tuple[int, int], ...] = ()) -> list[str]:
    return [found.text for found in Matcher(parse_termbase(f"terms: [{terms}]")).find(text, skip)]


@pytest.mark.parametrize(
    ("terms", "text", "found"),
    [
        ("embedding", "Embeddings and an EMBEDDING", ["Embeddings", "EMBEDDING"]),
        ("query", "queries, query", ["queries", "query"]),
        ("batch", "batches", ["batches"]),
        ("analysis", "two analyses", ["analyses"]),
        ("'{term: feedback, plural: false}'", "feedbacks", []),
        ("early stopping", "early-stopping, early\nstopping, early   stopping", None),
        ("early stopping", "early, stopping; early\n\nstopping", []),
        ("back-propagation", "back propagation", ["back propagation"]),
        ("back-propagation", "backpropagation", []),
        ("transfer learning, deep transfer learning", "deep transfer learning, transfer learning", None),
        ("a b, b c", "a b c", ["a b"]),
        ("dataset", "the dataset's size, dataset\u2019s, \u201cdataset\u201d, dataset(s), datasets'", None),
        ("dataset", "superdataset datasetting data-set", []),
        ("Transformer", "Transformer-based non-Transformer", ["Transformer", "Transformer"]),
        ("attention, training", "self-attention, pre-training", []),
        ("dataset", "my_dataset dataset_1 dataset.py np.dataset dataset() load(dataset=x)", []),
        ("dataset", "https://x.y/dataset www.dataset.z me@dataset.com @dataset #dataset /tmp/dataset", []),
        ("dataset", "See dataset. Dataset/benchmark (dataset), dataset: dataset; dataset!", None),
        ("C, C++", "C++ or C# or C", ["C++", "C"]),
        (".NET", "on .NET and net", [".NET"]),
        ("token", "token2 2token tok\u00aden", ["tok\u00aden"]),
        ("naïve bayes", "nai\u0308ve Bayes", ["nai\u0308ve Bayes"]),
        ("ação", "AÇÃO", ["AÇÃO"]),
    ],
)
def test_words(terms: str, text: str, found: list[str] | None) -> None:
    terms = terms.strip("'")
    got = find(terms, text)
    if found is None:  # every mention in the text counts
        stem = terms.split(", ")[-1].split()[-1]
        assert len(got) == text.lower().count(stem.lower())
    else:
        assert got == found


def test_exact_case_wins_over_the_common_word() -> None:
    matcher = Matcher(parse_termbase("terms:\n- apple\n- {term: Apple, match: exact-case}"))
    assert [found.term.text for found in matcher.find("Apple, apple, APPLE")] == ["Apple", "apple", "apple"]
    assert find("{term: Transformer, match: exact-case}", "Transformers transformers") == ["Transformers"]


def test_except_hides_the_term_only_there() -> None:
    entry = "{term: loss, except: [loss function, at a loss]}"
    assert find(entry, "loss functions, a loss-function, at a loss, the loss") == ["loss"]


@pytest.mark.parametrize(
    "text",
    [
        "They pipeline the jobs.",
        "We pipeline everything",
        "It is hard to pipeline these jobs",
        "Pipeline your jobs!",
        "It shards and then pipelines the data",
        "You can pipeline work",
        "it pipelines requests",
        "I'd pipeline it",
        "Let them pipeline it",
        "Teams that pipeline their jobs",
        "those who pipeline the jobs",
        "a tool which pipelines every job",
    ],
)
def test_noun_phrase_leaves_verbs_alone(text: str) -> None:
    assert find("{term: pipeline, match: noun-phrase}", text) == []
    assert len(find("pipeline", text)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "the pipeline the team built",
        "Pipelines are here",
        "due to pipeline bubbles",
        "from notebooks to pipelines",
        "a new pipeline",
        "pipeline-based",
        "in the pipeline, this",
        "notebooks and pipelines for all",
        "multi-stage pipeline",
        "Pipelines the team wrote are public",
        "that pipeline the users like",
    ],
)
def test_noun_phrase_finds_nouns(text: str) -> None:
    assert len(find("{term: pipeline, match: noun-phrase}", text)) == 1


def test_gerunds_with_an_object_are_verbs() -> None:
    entry = "{term: pruning, match: noun-phrase}"
    assert find(entry, "By pruning the network, pruning your trees or when pruning it") == ["pruning"]
    assert len(find(entry, "Pruning helps. After pruning, all is well. During pruning the loss rises.")) == 3


def test_nothing_matches_in_or_across_what_is_skipped() -> None:
    text = "token early token stopping tokens"
    assert find("token, early stopping", text, ((12, 17),)) == ["token", "tokens"]
    assert find("token", text, ((31, 33),)) == ["token", "token"]
    assert find("token", text, ((0, len(text)),)) == []
    assert find("early stopping", "early stopping", ((5, 6),)) == []
    assert find("early stopping", "early stopping", ((5, 5),)) == ["early stopping"]


def test_sentence_initial() -> None:
    matcher = Matcher(parse_termbase("terms: [token]"))
    text = "Token one. Token two? \u201cToken\u201d three, token e.g., token\n\nToken"
    assert [found.sentence_initial for found in matcher.find(text)] == [True, True, True, False, False, True]


WORDS = st.sampled_from(["a", "b", "c", "A", "as", "pre", "the", "to", "b's", "é"])
TEXT = st.lists(
    st.tuples(WORDS, st.sampled_from([" ", "-", ", ", "\n", ". ", "_", "  ", "/", ".", "\n\n", "@", "("])), max_size=30
).map(lambda parts: "".join(word + gap for word, gap in parts))
TERMS = st.lists(
    st.lists(st.sampled_from(["a", "b", "c", "é"]), min_size=1, max_size=3).map(" ".join), unique=True, min_size=1
)
SKIPS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)).map(lambda pair: (min(pair), max(pair))), max_size=3)


@settings(deadline=None)
@given(TERMS, TEXT | st.text(), SKIPS, st.sampled_from(["any", "noun-phrase", "exact-case"]))
def test_occurrences_are_sorted_disjoint_within_bounds_and_outside_skips(
    terms: list[str], text: str, skip: list[tuple[int, int]], match: str
) -> None:
    entries = "".join(f"- {{term: {term!r}, match: {match}}}\n" for term in terms)
    found = Matcher(parse_termbase(entries)).find(text, skip)
    end = 0
    for occurrence in found:
        assert end <= occurrence.start < occurrence.end <= len(text)
        assert text[occurrence.start : occurrence.end] == occurrence.text
        assert all(occurrence.end <= low or high <= occurrence.start for low, high in skip if low < high)
        end = occurrence.end


def test_the_work_grows_with_the_text_and_not_with_the_glossary() -> None:
    def steps(terms: int, words: int) -> int:
        matcher = Matcher(parse_termbase("".join(f"- w{i} w{i + 1} w{i + 2}\n" for i in range(terms))))
        matcher.find(" ".join(f"w{i % 97}" for i in range(words)))
        return matcher.steps

    base = steps(100, 1_000)
    assert steps(100, 10_000) <= 10.1 * base
    assert steps(2_000, 1_000) <= 1.1 * base
    hostile = Matcher(parse_termbase(["terms:\n- " + "x " * 15 + "y"][0]))
    hostile.find("x " * 5_000)
    assert hostile.steps <= 16 * 5_000
