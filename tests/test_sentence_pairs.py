"""Sentences of matched blocks, paired by similarity, and what the report's rows say of them."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from translate.document import parse
from translate.document.model import Segment
from translate.scoring.scorecard import _flat, _flat_range
from translate.scoring.sentence_pairs import joined, sentence_pairs


def segments(text: str) -> tuple[Segment, ...]:
    return parse(text).segments


def texts(english: str, portuguese: str) -> list[tuple[str, str]]:
    ours, theirs = segments(english), segments(portuguese)
    a, b = joined(ours), joined(theirs)
    return [(a[slice(*p.draft)], b[slice(*p.reference)]) for p in sentence_pairs(ours, theirs)]


ENGLISH = (
    "Marina presented a library for audio segmentation in Lisbon. It runs on 12 microphones at once. "
    "The documentation includes three interactive examples."
)


def test_sentences_that_stand_side_by_side() -> None:
    assert texts(
        ENGLISH,
        "A Marina apresentou uma biblioteca para segmentação de áudio em Lisboa. Ela roda em 12 microfones ao mesmo "
        "tempo. A documentação inclui três exemplos interativos.",
    ) == [
        (
            "Marina presented a library for audio segmentation in Lisbon.",
            "A Marina apresentou uma biblioteca para segmentação de áudio em Lisboa.",
        ),
        ("It runs on 12 microphones at once.", "Ela roda em 12 microfones ao mesmo tempo."),
        ("The documentation includes three interactive examples.", "A documentação inclui três exemplos interativos."),
    ]


def test_two_sentences_made_one_and_one_made_two() -> None:
    merged = texts(
        ENGLISH,
        "A Marina apresentou em Lisboa uma biblioteca para segmentação de áudio, que roda em 12 microfones "
        "simultaneamente. A documentação inclui três exemplos interativos.",
    )
    assert [english.count(".") for english, _ in merged] == [2, 1]
    split = texts(
        "The Atlas corpus holds 48 dialects from Angola, and the 12 transcription protocols of Ferreira and Matos. "
        "Download it from https://example.org/atlas today.",
        "O corpus Atlas tem 48 dialetos de Angola. Há também 12 protocolos de transcrição de Ferreira e Matos. "
        "Baixe em https://example.org/atlas hoje.",
    )
    assert [portuguese.split()[0] for _, portuguese in split] == ["O", "Baixe"]
    assert split[0][1].endswith("Matos.")


def test_what_has_no_counterpart_stays_alone() -> None:
    found = texts(
        ENGLISH,
        "A Marina apresentou uma biblioteca para segmentação de áudio em Lisboa. Vale muito a pena, meus amigos! "
        "A documentação inclui três exemplos interativos.",
    )
    assert all("pena" not in portuguese for _, portuguese in found)
    assert found[-1][1] == "A documentação inclui três exemplos interativos."


def test_one_sentence_on_both_sides_is_a_pair_whatever_it_says() -> None:
    (pair,) = sentence_pairs(segments("Enjoy!"), segments("Boa leitura!"))
    assert (pair.draft, pair.reference, pair.confidence) == ((0, 6), (0, 12), 1.0)


def test_several_segments_are_one_text() -> None:
    ours, theirs = (
        segments("It runs on 12 microphones.\n\nSee the Lisbon examples."),
        segments("Roda em 12 microfones. Veja os exemplos de Lisbon."),
    )
    found = sentence_pairs(ours, theirs)
    assert [joined(ours)[slice(*p.draft)] for p in found] == ["It runs on 12 microphones.", "See the Lisbon examples."]


@pytest.mark.parametrize(
    "portuguese",
    [
        "O Dr. Silva e a Profa. Ana viram, p. ex. na pág. 12, o que a Sra. Lima fez no séc. XIX.",
        "A reunião foi em jan. de 2020, na Av. Brasil, nº. 5, e custou aprox. mil reais.",
        "O J. Souza assinou o art. 5 com o Sr. Costa.",
    ],
)
def test_portuguese_abbreviations_end_no_sentence(portuguese: str) -> None:
    assert texts("This is one sentence.", portuguese) == [("This is one sentence.", portuguese)]


def test_a_word_that_looks_like_an_abbreviation_ends_its_sentence() -> None:
    found = texts(
        "We measured the training set. Marina counted 48 examples in Lisbon.",
        "Medimos o training set. A Marina contou 48 exemplos em Lisbon.",
    )
    assert [portuguese for _, portuguese in found][-1] == "A Marina contou 48 exemplos em Lisbon."


SENTENCE = st.sampled_from(
    ["We saw 3 birds.", "Vimos 3 aves.", "Ana left.", "O Sr. Lima saiu!", "Is `x` code?", "🤗", "No.", "e.g. this"]
)


@given(st.lists(SENTENCE, min_size=1, max_size=6), st.lists(SENTENCE, min_size=1, max_size=6), st.sampled_from(" \n"))
@settings(max_examples=60, deadline=None)
def test_pairs_are_in_order_and_within_the_texts(left: list[str], right: list[str], space: str) -> None:
    ours, theirs = segments(space.join(left)), segments(space.join(right))
    found = sentence_pairs(ours, theirs)
    for side, text in (("draft", joined(ours)), ("reference", joined(theirs))):
        ranges = [getattr(pair, side) for pair in found]
        assert all(text[a:b] == text[a:b].strip() != "" for a, b in ranges)
        assert all(a[1] <= b[0] for a, b in pairwise(ranges))
    assert all(0.8 <= pair.confidence <= 1 for pair in found)


@given(st.text(alphabet="ab \n\u00a0", max_size=20), st.text(alphabet="ab", min_size=1, max_size=3), st.booleans())
@settings(deadline=None)
def test_ranges_survive_the_flattening_of_the_reference(before: str, word: str, spaced: bool) -> None:
    sentence = f"{word} \n {word}" if spaced else word
    text = before + sentence + " \n after"
    start, end = _flat_range(text, len(before), len(before) + len(sentence))
    assert _flat(text)[start:end] == _flat(sentence)
