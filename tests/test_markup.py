"""Markup moves with its words, nests, and is never lost."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from translate.decoding.alignment import Alignment
from translate.decoding.markup import position, project
from translate.decoding.nesting import Wish, fit, parents
from translate.document.model import Span


def aligned(source: str, target: str, links: dict[str, str]) -> Alignment:
    """Word by word; ``links`` maps target words to source words."""
    spots = [(m, source.index(m), source.index(m) + len(m)) for m in source.split()]
    rows = []
    ranges = []
    at = 0
    for word in target.split():
        start = target.index(word, at)
        at = start + len(word)
        ranges.append((start, at))
        rows.append([1.0 if links.get(word.strip(".,“”")) == m.strip(".,“”") else 0.0 for m, _, _ in spots])
    return Alignment(tuple((a, b) for _, a, b in spots), tuple(ranges), np.array(rows, np.float32))


SOURCE = "The fast red car stopped."
TARGET = "O carro vermelho rápido parou."
LINKS = {"O": "The", "carro": "car", "vermelho": "red", "rápido": "fast", "parou": "stopped"}


def moved(phrase: str, source: str = SOURCE, target: str = TARGET, links: dict[str, str] = LINKS) -> str:
    start = source.index(phrase)
    found = project(source, target, aligned(source, target, links), start, start + len(phrase))
    return target[found.start : found.end]


def test_a_word_takes_its_markup_along() -> None:
    assert moved("red") == "vermelho"
    assert moved("red car") == "carro vermelho"


def test_the_whole_sentence_keeps_its_stop_outside() -> None:
    assert moved("The fast red car stopped") == "O carro vermelho rápido parou"
    assert moved("The fast red car stopped.") == TARGET


def test_a_copied_name_needs_no_alignment() -> None:
    source, target = "They released BERT last year.", "O BERT foi lançado no ano passado."
    assert moved("BERT", source, target, {}) == "BERT"


def test_without_evidence_it_is_placed_and_reported() -> None:
    found = project(
        "one two three four", "um dois três quatro", aligned("one two three four", "um dois três quatro", {}), 4, 7
    )
    assert not found.sure
    assert "um dois três quatro"[found.start : found.end] in {"um", "dois", "três"}


def test_marks_follow_their_word() -> None:
    alignment = aligned(SOURCE, TARGET, LINKS)
    assert TARGET[: position(SOURCE, TARGET, alignment, SOURCE.index(" stopped"))].endswith("carro")
    assert position(SOURCE, TARGET, alignment, 0) == 0
    assert position(SOURCE, TARGET, alignment, len(SOURCE)) == len(TARGET)
    assert position(SOURCE, TARGET, alignment, len(SOURCE) - 1) == len(TARGET) - 1


def span(start: int, end: int, low: int, high: int, *, opaque: bool = False) -> Span:
    return Span(start, end, "code" if opaque else "link", opaque, (low, high), (low + 1, high - 1))


def test_parents_follow_the_source() -> None:
    spans = [span(0, 9, 0, 20), span(0, 4, 1, 9), span(5, 9, 10, 19), span(10, 12, 21, 30)]
    assert parents(spans) == [None, 0, 0, None]


def test_a_link_grows_around_its_code() -> None:
    spans = [span(0, 8, 0, 20), span(0, 4, 1, 9, opaque=True)]
    ranges, _ = fit("abcd efgh ijkl", spans, [Wish(5, 9), Wish(0, 4, fixed=True)])
    assert ranges == [(0, 9), (0, 4)]


def test_two_links_never_share_words() -> None:
    spans = [span(0, 4, 0, 10), span(5, 9, 11, 20)]
    ranges, moved = fit("um dois três", spans, [Wish(3, 7), Wish(3, 12)])
    assert ranges == [(3, 7), (8, 12)]
    assert moved == [1]


@given(st.data())
def test_any_wishes_come_out_nested(data: st.DataObject) -> None:
    text = data.draw(st.text("ab .", min_size=1, max_size=40))
    spans: list[Span] = []

    def grow(low: int, high: int, depth: int) -> None:
        at = low
        while depth < 3 and at + 4 <= high and data.draw(st.booleans()):
            end = data.draw(st.integers(at + 4, high))
            spans.append(span(at, end, at, end))
            grow(at + 1, end - 1, depth + 1)
            at = end

    grow(0, 40, 0)
    number = st.integers(0, len(text))
    ends = [sorted((data.draw(number), data.draw(number))) for _ in spans]
    wishes = [Wish(low, high) for low, high in ends]
    ranges, _ = fit(text, spans, wishes)
    above = parents(spans)
    for i, (start, end) in enumerate(ranges):
        parent = above[i]
        low, high = (0, len(text)) if parent is None else ranges[parent]
        assert low <= start <= end <= high
        for j in range(i):
            if above[j] == above[i]:
                a, b = ranges[j]
                assert b <= start or end <= a or start == end or a == b
