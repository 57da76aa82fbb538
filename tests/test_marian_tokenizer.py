"""Pieces, offsets, protected spans and decoding, with the embedded and an OPUS vocabulary."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.marian_support import OPUS, random_checkpoint
from translate.errors import UserError
from translate.marian import Encoded, resolve
from translate.marian.punctuation import CHARACTERS, normalize
from translate.marian.tokenizer import MarianTokenizer, decode

EMBEDDED = MarianTokenizer(resolve(None))
TEXT = st.text(
    st.one_of(st.characters(exclude_categories=["Cs", "Cc", "Cn", "Co"]), st.sampled_from("  abc“”—…é😀▁<>t/\n\u00a0")),
    max_size=40,
)


@pytest.fixture(scope="module")
def opus(tmp_path_factory: pytest.TempPathFactory) -> MarianTokenizer:
    if not OPUS.is_dir():
        pytest.skip("there is no ../shared/opus-tokenizer beside this checkout")
    directory = random_checkpoint(tmp_path_factory.mktemp("opus") / "model", tokenizer=OPUS, d_model=4)
    return MarianTokenizer(resolve(directory))


def covered(text: str, encoded: Encoded) -> list[tuple[str, str]]:
    return [(p, text[a:b]) for p, (a, b) in zip(encoded.pieces, encoded.offsets, strict=True)]


def assert_offsets_fit(text: str, encoded: Encoded) -> None:
    assert len(encoded.pieces) == len(encoded.offsets)
    for (a, b), (c, d) in pairwise([(0, 0), *encoded.offsets, (len(text), len(text))]):
        assert 0 <= a <= c <= len(text)
        assert b <= d <= len(text)
    reached = {i for a, b in encoded.offsets for i in range(a, b)}
    assert not [c for i, c in enumerate(text) if c.isalnum() and i not in reached]
    assert not [c for a, b in encoded.offsets for c in text[a:b][:1] + text[a:b][-1:] if c.isspace()]


def test_offsets_are_characters_not_bytes() -> None:
    text = "😀 naïve  café: one"
    assert covered(text, EMBEDDED.encode(text)) == [
        ("▁", ""), *[(f"<0x{b:02X}>", "😀") for b in "😀".encode()],
        ("▁na", "na"), ("<0xC3>", "ï"), ("<0xAF>", "ï"), ("ve", "ve"),
        ("▁ca", "ca"), ("f", "f"), ("é", "é"), (":", ":"), ("▁one", "one"),
    ]  # fmt: skip


@given(TEXT)
def test_offsets_are_monotone_and_cover_the_text(text: str) -> None:
    assert_offsets_fit(text, EMBEDDED.encode(text))


@given(text=TEXT)
def test_offsets_with_opus_vocabulary(opus: MarianTokenizer, text: str) -> None:
    encoded = opus.encode(text)
    assert_offsets_fit(text, encoded)
    assert set(encoded.pieces) <= opus._source_vocabulary


@given(st.text(st.characters(min_codepoint=32, max_codepoint=0x24F, exclude_categories=["Cc", "Cf"]), max_size=40))
def test_target_pieces_decode_to_their_text(text: str) -> None:
    """Up to SentencePiece's own normalisation (NFKC and single spaces)."""
    pieces = EMBEDDED.encode_target(text)
    assert decode(pieces).text == EMBEDDED._target.normalize(text).replace("▁", " ").strip()
    assert not {"<t>", "</t>"} & set(pieces)  # written in a text they are text


def test_protected_spans_stand_between_pieces() -> None:
    text = "The throughput of 😀"
    assert EMBEDDED.protects
    encoded = EMBEDDED.encode(text, [(4, 14), (18, 19)])
    assert [p for p in encoded.pieces if not p.startswith("<0x")] == [
        "▁The", "<t>", "▁through", "put", "</t>", "▁of", "<t>", "▁", "</t>",
    ]  # fmt: skip
    assert encoded.offsets[1:5] == ((4, 4), (4, 11), (11, 14), (14, 14))
    assert_offsets_fit(text, encoded)


@given(TEXT, st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=4))
def test_protection_only_adds_balanced_marks(text: str, spans: list[tuple[int, int]]) -> None:
    plain = EMBEDDED.encode(text)
    protected = EMBEDDED.encode(text, [(min(s), max(s)) for s in spans])
    assert tuple(p for p in protected.pieces if p not in ("<t>", "</t>")) == plain.pieces
    marks = [p for p in protected.pieces if p in ("<t>", "</t>")]
    assert marks == ["<t>", "</t>"] * (len(marks) // 2)
    assert_offsets_fit(text, protected)


def test_decode_ranges() -> None:
    pieces = ["▁A", "<t>", "▁through", "put", "</t>", "▁do", "▁", "<0xC3>", "<0xA9>", "<0xFF>", "<unk>", "▁fim", "."]
    decoded = decode(pieces)
    assert decoded.text == "A throughput do é\ufffd fim."
    shown = [decoded.text[a:b] for a, b in decoded.offsets]
    assert shown == ["A", "", "through", "put", "", "do", "", "é", "é", "\ufffd", "", "fim", "."]


def test_decode_of_nothing_and_of_symbols_alone() -> None:
    assert decode([]).text == ""
    assert decode(["<t>", "▁", "</t>", "</s>", ">>pob<<"]).text == ""
    assert decode(["<0xE2>", "<0x82>"]).offsets == ((0, 1), (1, 2))


PIECES = ["▁", "▁a", "b", "<0xC3>", "<0xA9>", "<0xE2>", "<t>", "</t>", "<unk>", "."]


@given(st.lists(st.sampled_from(PIECES), max_size=12))
def test_decode_never_fails(pieces: list[str]) -> None:
    decoded = decode(pieces)
    assert len(decoded.offsets) == len(pieces)
    for (a, b), (c, d) in pairwise([(0, 0), *decoded.offsets, (len(decoded.text), len(decoded.text))]):
        assert a <= c
        assert b <= d
    assert "  " not in decoded.text
    assert decoded.text == decoded.text.strip()


def test_opus_vocabulary(opus: MarianTokenizer) -> None:
    assert opus.language_token == ">>pob<<"
    assert EMBEDDED.language_token is None
    assert not opus.protects
    assert opus.encode("a term", [(2, 6)]) == opus.encode("a term")
    text = "a 😀 — its “so” b"
    encoded = opus.encode(text)
    # The dash is not in this vocabulary and is rewritten; the curly quotes are, and stay.
    assert [p for p, (a, b) in zip(encoded.pieces, encoded.offsets, strict=True) if text[a:b] == "—"] == ["▁-"]
    assert [p for p, (a, b) in zip(encoded.pieces, encoded.offsets, strict=True) if text[a:b] == "😀"] == ["<unk>"]
    assert "▁“" in encoded.pieces


def test_punctuation_is_rewritten_only_where_it_lacks() -> None:
    assert normalize("a—b…", frozenset()).ranges is None
    rewritten = normalize("a—b…", CHARACTERS)
    assert rewritten.text == "a - b..."
    assert rewritten.ranges == ((0, 1), (1, 1), (1, 2), (2, 2), (2, 3), (3, 4), (3, 4), (3, 4))


def test_broken_sentencepiece_model(tmp_path: Path) -> None:
    directory = random_checkpoint(tmp_path / "model", d_model=4)
    (directory / "target.spm").write_bytes(b"not a model")
    with pytest.raises(UserError, match=r"target\.spm is not a SentencePiece model"):
        MarianTokenizer(resolve(directory))
