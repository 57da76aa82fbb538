"""Word differences tile both texts, and find what was inserted, deleted and moved."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from translate.review.words import diff

words = st.lists(
    st.sampled_from(["o", "modelo", "dados", ",", "aprende", "não", "é", "\u202e", "🙂", "x-y"]), max_size=14
)
texts = st.one_of(words.map(" ".join), st.text(max_size=30))


@given(texts, texts)
@settings(max_examples=150, deadline=None)
def test_the_edits_tile_both_texts(before: str, after: str) -> None:
    edits = diff(before, after)
    assert "".join(before[e.a0 : e.a1] for e in edits) == before
    assert "".join(after[e.b0 : e.b1] for e in edits) == after
    at = (0, 0)
    for edit in edits:
        assert (edit.a0, edit.b0) == at
        at = (edit.a1, edit.b1)
        assert edit.a0 < edit.a1 or edit.b0 < edit.b1
        if edit.kind == "equal":
            assert before[edit.a0 : edit.a1].split() == after[edit.b0 : edit.b1].split()
        elif edit.kind in ("delete", "moved-away"):
            assert edit.b0 == edit.b1
        else:
            assert edit.a0 == edit.a1


@given(texts, texts)
@settings(max_examples=100, deadline=None)
def test_the_halves_of_a_move_have_the_same_words(before: str, after: str) -> None:
    halves: dict[int, dict[str, list[str]]] = {}
    for edit in diff(before, after):
        if edit.move:
            text = before[edit.a0 : edit.a1] if edit.kind == "moved-away" else after[edit.b0 : edit.b1]
            halves.setdefault(edit.move, {})[edit.kind] = text.split()
    for half in halves.values():
        assert set(half) == {"moved-away", "moved-here"}
        assert "".join(half["moved-away"]) == "".join(half["moved-here"])


@given(texts)
def test_equal_texts_have_no_changes(text: str) -> None:
    assert all(edit.kind == "equal" for edit in diff(text, text))


def marked(before: str, after: str) -> list[tuple[str, str]]:
    return [
        (e.kind, (before[e.a0 : e.a1] or after[e.b0 : e.b1]).strip()) for e in diff(before, after) if e.kind != "equal"
    ]


def test_insertions_and_deletions() -> None:
    assert marked("Os dados são bons.", "Os novos dados são bons.") == [("insert", "novos")]
    assert marked("Os novos dados são bons.", "Os dados são bons.") == [("delete", "novos")]
    assert marked("um modelo grande", "uma rede grande") == [("delete", "um modelo"), ("insert", "uma rede")]


def test_a_phrase_that_changed_places_is_a_move() -> None:
    found = marked("Ontem à noite os autores publicaram o código.", "Os autores publicaram o código ontem à noite.")
    assert ("moved-away", "à noite") in found
    assert ("moved-here", "à noite") in found


def test_a_lone_short_word_is_no_move() -> None:
    assert all("moved" not in kind for kind, _ in marked("de um lado", "um lado de"))


def test_a_comma_does_not_break_a_rewritten_passage() -> None:
    found = marked("alfa beta , gama delta", "um dois , três quatro")
    assert found == [("delete", "alfa beta , gama delta"), ("insert", "um dois , três quatro")]
