"""Sentence boundaries: what does not split, what always splits, what is cut."""

import pytest

from translate.decoding.sentences import MAX_CHARACTERS, sentence_ranges
from translate.document.model import Segment, Span


def segment(text: str, spans: tuple[Span, ...] = ()) -> Segment:
    return Segment(0, "paragraph", text, spans, 0, len(text))


def split(text: str, spans: tuple[Span, ...] = ()) -> list[str]:
    return [text[a:b] for a, b in sentence_ranges(segment(text, spans))]


@pytest.mark.parametrize(
    "text",
    [
        "Silva et al. (2021) describe the method.",
        "We tried several tools, e.g. a parser and a tagger.",
        "The curve in Fig. 3 is flat.",
        "Version 2.1.0 fixes the bug.",
        "It runs on Node.js and in the browser.",
        "She defended her Ph.D. thesis in May.",
        "The gain is 3.5 points, i.e. more than before.",
        "Compare Eq. 4 with Sec. 2 of the paper.",
        "It costs approx. 3 dollars a day.",
    ],
)
def test_abbreviations_and_versions_do_not_split(text: str) -> None:
    assert split(text) == [text]


def test_sentences_are_split_and_trimmed() -> None:
    assert split(" One is here.  Is it two? Yes! ") == ["One is here.", "Is it two?", "Yes!"]


def test_a_soft_line_break_is_no_boundary() -> None:
    assert split("The model reads\nthe whole line. Then it\nstops.") == [
        "The model reads\nthe whole line.",
        "Then it\nstops.",
    ]


def test_a_hard_line_break_always_splits() -> None:
    text = "first line\nsecond line"
    assert split(text, (Span(10, 10, "break", True, (10, 13), (10, 13)),)) == ["first line", "second line"]


def test_no_boundary_inside_an_opaque_span() -> None:
    text = "Call a.b(). C() and wait. Then stop."
    span = Span(5, 15, "code", True, (5, 17), (6, 16))
    assert split(text, (span,)) == ["Call a.b(). C() and wait.", "Then stop."]


def test_long_sentences_are_cut_at_clauses_and_nothing_is_lost() -> None:
    text = "; ".join(f"the model number {i} reads its share of the data and writes a file" for i in range(20)) + "."
    parts = split(text)
    assert all(len(part) <= MAX_CHARACTERS for part in parts)
    assert all(part.endswith((";", ".")) for part in parts)
    assert " ".join(parts) == text


def test_text_without_blanks_is_cut_too() -> None:
    text = "a" * 5000
    parts = split(text)
    assert "".join(parts) == text
    assert max(map(len, parts)) <= MAX_CHARACTERS


def test_the_credit_of_a_caption_is_a_sentence_of_its_own() -> None:
    text = "The growth of the models — source"
    assert [text[a:b] for a, b in sentence_ranges(Segment(0, "caption", text, (), 0, 0))] == [
        "The growth of the models —",
        "source",
    ]
