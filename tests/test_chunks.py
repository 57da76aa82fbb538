"""Chunks of sentences: balanced, complete, the same where nothing changed. And what decides their keys."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from flows.caching import chunk_key, encode
from flows.chunks import Chunk, chunks, cut, row, sources_of, weight
from glossary import Matcher, Termbase
from glossary.termbase import parse_termbase
from translate.config import load_config
from translate.decoding.source import Source
from translate.decoding.translator import plan, translate_sources
from translate.document import parse
from translate.pipeline import load, settings_of

SIZE = 100
TERMS = """
terms:
  - term: throughput
    note: how much goes through
    gender: m
  - term: data pipeline
  - term: feature store
    gender: f
"""
TEXT = """The throughput of the feature store doubled. We read `config.yaml` twice.

A data pipeline needs tests. The throughput of the feature store doubled. Nobody wrote them.

This feature store is slow, says Ana. The weather was fine.
"""

unhurried = hypothesis_settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
items = st.lists(st.tuples(st.integers(0, 2**64 - 1), st.integers(1, 3 * SIZE)), max_size=80)


def sources(text: str = TEXT, terms: str = TERMS) -> tuple[Source, ...]:
    return plan(parse(text).segments, Matcher(parse_termbase(terms))).sources


def corpus(count: int, seed: int) -> list[Source]:
    """Distinct sentences of 4 to 30 words."""
    rng = random.Random(seed)
    return [Source(" ".join(f"w{rng.randrange(10**6)}" for _ in range(rng.randint(4, 30)))) for _ in range(count)]


def payloads(found: Sequence[Chunk]) -> set[str]:
    return {chunk.payload for chunk in found}


@unhurried
@given(items)
def test_a_cut_covers_everything_once_in_order_within_its_bounds(pairs: list[tuple[int, int]]) -> None:
    marks, weights = [m for m, _ in pairs], [w for _, w in pairs]
    found = cut(marks, weights, SIZE)
    assert [i for r in found for i in r] == list(range(len(pairs)))
    assert found == cut(marks, weights, SIZE)
    for chunk, following in pairwise([*found, range(len(pairs), len(pairs))]):
        total = sum(weights[chunk.start : chunk.stop])
        assert total <= SIZE + SIZE // 2 or len(chunk) == 1
        light_for_a_reason = not following or total + weights[following.start] > SIZE + SIZE // 2
        assert total >= SIZE // 2 or light_for_a_reason


@unhurried
@given(st.lists(st.text(alphabet="ab ", min_size=1, max_size=6), max_size=60), st.integers(2, 40))
def test_every_distinct_sentence_is_in_one_chunk(texts: list[str], size: int) -> None:
    found = chunks(map(Source, texts), size)
    rows = [r for chunk in found for r in chunk.rows]
    assert rows == list(dict.fromkeys(row(Source(text)) for text in texts))
    assert [s.text for chunk in found for s in sources_of(chunk.payload)] == list(dict.fromkeys(texts))


def test_chunks_are_of_about_the_size_asked_for() -> None:
    words = [chunk.words for chunk in chunks(corpus(3000, 1), 500)]
    assert all(250 <= n <= 750 for n in words[:-1])
    assert 450 < sum(words[:-1]) / len(words[:-1]) < 560


@pytest.mark.parametrize("change", ["insert", "replace", "remove"])
def test_a_changed_sentence_disturbs_little_more_than_its_own_chunk(change: str) -> None:
    rng = random.Random(7)
    before = corpus(1500, 2)
    old = payloads(chunks(before, 500))
    disturbed = []
    for k in range(100):
        after, at = list(before), rng.randrange(len(before))
        new = [] if change == "remove" else [Source(f"a sentence that nobody wrote before number {k}")]
        after[at : at + (change != "insert")] = new
        disturbed.append(len(payloads(chunks(after, 500)) - old))
    assert sum(disturbed) / len(disturbed) < 1.5
    assert max(disturbed) <= 6
    assert len(old) > 30


def test_a_run_that_begins_elsewhere_soon_cuts_where_the_first_one_did() -> None:
    everything = corpus(1500, 3)
    old = payloads(chunks(everything, 500))
    for done in range(50, 550, 50):
        rest = chunks(everything[done:], 500)
        assert len(payloads(rest) - old) <= 6 < len(rest)


def test_a_row_holds_what_decides_and_equal_sentences_are_one() -> None:
    rows = [row(s) for s in sources()]
    distinct = {chunk_row for chunk in chunks(sources(), SIZE) for chunk_row in chunk.rows}
    assert len(distinct) == len(rows) - 1, "the sentence that stands at two places of its paragraphs"

    def changed(terms: str) -> set[str]:
        new = sources(terms=terms)
        return {s.text for s, old in zip(new, rows, strict=True) if row(s) != old}

    about_feature_stores = {s.text for s in sources() if "feature store" in s.text}
    assert changed(TERMS.replace("how much goes through", "another note")) == set()
    assert changed(TERMS.replace("gender: f", "gender: m")) == about_feature_stores
    assert changed(TERMS + "  - weather\n") == {"The weather was fine."}
    assert changed(TERMS.replace("note: how", "style: italic\n    note: how")) == set()


def test_a_key_changes_with_the_rows_alone() -> None:
    config = load_config()

    def keys(terms: str) -> list[str]:
        return [chunk_key(row(s), {"model": "a"}, config) for s in sources(terms=terms)]

    same = [a == b for a, b in zip(keys(TERMS), keys(TERMS.replace("gender: f", "gender: m")), strict=True)]
    assert same == ["feature store" not in s.text for s in sources()]


def test_rows_are_translated_as_the_sentences_they_were_made_from() -> None:
    config = load_config(None, {"decoding.beam_size": 1, "degenerate.retry_reference": False, "model.threads": 1})
    engine, settings = load(config), settings_of(config)
    terms = TERMS + "  - {term: weather, translation: clima, forms: [climas]}\n"
    wanted = sources(TEXT + "\nSee https://example.org/a/very/long/address/that/goes/on for more.\n", terms)
    again = sources_of(f"[{','.join(map(row, wanted))}]")
    assert encode(translate_sources(again, engine, settings)) == encode(translate_sources(wanted, engine, settings))
    assert [row(s) for s in again] == [row(s) for s in wanted]


def test_an_unbroken_line_weighs_what_its_length_is() -> None:
    assert weight("three short words") == 3
    assert weight("x" * 12_000) == 1001
    assert weight("") == 1


def test_the_termbase_that_ships_makes_rows() -> None:
    from glossary import default_termbase

    termbase: Termbase = default_termbase()
    text = " ".join(f"The {term.text} is here." for term in termbase)
    found = plan(parse(text).segments, Matcher(termbase)).sources
    assert sum(len(s.protected) for s in found) >= len(termbase) // 2
    assert [row(s) for s in sources_of(f"[{','.join(map(row, found))}]")] == [row(s) for s in found]
