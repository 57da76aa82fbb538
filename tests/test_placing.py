"""Protected ranges found in hypotheses written by hand, and the text that results."""

from __future__ import annotations

import numpy as np
import pytest

from glossary import Occurrence, Term
from translate.decoding.alignment import inside
from translate.decoding.placing import exchanged, matches, place, put, written
from translate.decoding.source import Protected, Source
from translate.decoding.surplus import copies
from translate.marian import resolve
from translate.marian.protocol import Encoded, Hypothesis
from translate.marian.tokenizer import MarianTokenizer


@pytest.fixture(scope="module")
def tokenizer() -> MarianTokenizer:
    return MarianTokenizer(resolve(None))


def source(text: str, *surfaces: str) -> Source:
    ranges, at = [], 0
    for surface in surfaces:
        at = text.index(surface, at)
        term = Term(surface.lower())
        occurrence = Occurrence(at, at + len(surface), surface, term)
        ranges.append(Protected(at, at + len(surface), surface, occurrence=occurrence))
        at += len(surface)
    return Source(text, tuple(ranges))


def written_by(
    tokenizer: MarianTokenizer, given: Source, *parts: str, links: dict[int, int] | None = None
) -> tuple[Encoded, Hypothesis]:
    """A hypothesis of plain parts and ``<t>`` spans; ``links``: part number to protected range it attends to."""
    encoded = tokenizer.encode(given.text, [(p.start, p.end) for p in given.protected])
    pieces: list[str] = []
    rows: list[np.ndarray] = []
    for number, part in enumerate(parts):
        body = tokenizer.encode_target(part.strip("<>"))
        shown = ("<t>", *body, "</t>") if part.startswith("<") else body
        row = np.zeros(len(encoded.pieces), np.float32)
        if links and number in links:
            protected = given.protected[links[number]]
            row[inside(encoded.offsets, protected.start, protected.end)] = 0.5
        pieces += shown
        rows += [row] * len(shown)
    return encoded, Hypothesis(tuple(pieces), -1.0, np.array(rows, np.float32))


def test_spans_are_filled_with_what_the_draft_wrote(tokenizer: MarianTokenizer) -> None:
    given = source("We use Question Answering on a dataset.", "Question Answering", "dataset")
    encoded, hypothesis = written_by(tokenizer, given, "Usamos", "<questioning>", "em um", "<dataset>", ".")
    placement = place(given, encoded, hypothesis, tokenizer)
    text, places, _ = written(given, encoded, placement, tokenizer)
    assert placement.complete
    assert text.startswith("Usamos Question Answering em um dataset")
    assert [text[a:b] for a, b in filter(None, places)] == ["Question Answering", "dataset"]


def test_attention_tells_swapped_spans_apart(tokenizer: MarianTokenizer) -> None:
    given = source("The dataset has a token.", "dataset", "token")
    encoded, hypothesis = written_by(tokenizer, given, "Um", "<x>", "está no", "<y>", links={1: 1, 3: 0})
    text, _, _ = written(given, encoded, place(given, encoded, hypothesis, tokenizer), tokenizer)
    assert text == "Um token está no dataset"


def test_a_span_too_many_is_left_out_and_one_too_few_is_missing(tokenizer: MarianTokenizer) -> None:
    given = source("The dataset is here.", "dataset")
    encoded, hypothesis = written_by(tokenizer, given, "O", "<dataset>", "de", "<batata>", "aqui")
    placement = place(given, encoded, hypothesis, tokenizer)
    assert (len(placement.surplus), placement.missing, placement.complete) == (1, (), False)
    assert "batata" not in written(given, encoded, placement, tokenizer)[0]
    encoded, hypothesis = written_by(tokenizer, given, "O conjunto está aqui")
    assert place(given, encoded, hypothesis, tokenizer).missing == (0,)


def test_a_span_never_closed_ends_with_its_word(tokenizer: MarianTokenizer) -> None:
    given = source("The dataset is here.", "dataset")
    pieces = ("▁O", "<t>", *tokenizer.encode_target("dataset"), *tokenizer.encode_target("está aqui"))
    encoded = tokenizer.encode(given.text)
    hypothesis = Hypothesis(pieces, -1.0, np.zeros((len(pieces), len(encoded.pieces)), np.float32))
    text, _, _ = written(given, encoded, place(given, encoded, hypothesis, tokenizer), tokenizer)
    assert text == "O dataset está aqui"


def test_a_copy_without_span_counts_in_any_case_and_is_written_as_in_the_draft(tokenizer: MarianTokenizer) -> None:
    given = source("The DataSet is here.", "DataSet")
    encoded, hypothesis = written_by(tokenizer, given, "O dataset está aqui")
    text, places, _ = written(given, encoded, place(given, encoded, hypothesis, tokenizer), tokenizer)
    assert (text, places) == ("O DataSet está aqui", [(2, 9)])


def test_what_would_join_a_term_is_set_apart(tokenizer: MarianTokenizer) -> None:
    given = source("The dataset is here.", "dataset")
    encoded, hypothesis = written_by(tokenizer, given, "O", "<dataset>", "aqui")
    at = hypothesis.pieces.index("</t>") + 1
    for tail in (("log",), (".", "dot"), ("_", "x")):
        glued = exchanged(place(given, encoded, hypothesis, tokenizer), at, len(hypothesis.pieces), tail)
        assert written(given, encoded, glued, tokenizer)[0].startswith("O dataset ")


def test_whole_words_only() -> None:
    assert matches("set", "dataset set sets_ (Set)") == [(8, 11), (19, 22)]
    assert matches("c++", "c++ c+++ xc++") == [(0, 3), (4, 7)]


def test_copies_beyond_the_drafts_are_found(tokenizer: MarianTokenizer) -> None:
    given = source("The dataset is new.", "dataset")
    encoded, hypothesis = written_by(tokenizer, given, "O dataset de datasets é novo")
    placement = place(given, encoded, hypothesis, tokenizer)
    (spot,) = copies(given, placement, tokenizer)
    shorter = exchanged(placement, *spot)
    assert "datasets" not in tokenizer.decode(shorter.hypothesis.pieces).text
    assert copies(given, shorter, tokenizer) == []
    unprotected = Source("The dataset is a dataset.", given.protected)
    assert copies(unprotected, placement, tokenizer) == []


def test_exchanging_pieces_moves_what_stands_after_them(tokenizer: MarianTokenizer) -> None:
    given = source("The dataset has a token.", "dataset", "token")
    encoded, hypothesis = written_by(tokenizer, given, "O", "<dataset>", "tem um belo", "<token>")
    placement = place(given, encoded, hypothesis, tokenizer)
    shorter = exchanged(placement, 0, 1)
    assert written(given, encoded, shorter, tokenizer)[0] == "dataset tem um belo token"
    assert shorter.hypothesis.attention.shape == (len(shorter.hypothesis.pieces), len(encoded.pieces))
    first = placement.pieces_of(0)
    assert first is not None
    assert put(placement, 1, (0, 1)).pieces_of(1) == (0, 1)
    assert put(placement, 1, (0, 1)).pieces_of(0) == first
