"""Words around a kept term agree with it, and nothing else is touched."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glossary import Occurrence, Term
from translate.decoding.agreement import Edit, agreement_errors, apply, moved, preferred, repaired, variants

DATASET = Term("dataset", gender="m")
FOREST = Term("random forest", gender="f")
PYTORCH = Term("PyTorch", gender="m", article=False)
UNKNOWN = Term("widget")
WORDS = """
    o a os as um uma do da nos à ao pela esta isso todas todos cada novo nova mesma seu minhas de e é são mais lento
    treinada usados resultado modelo A As Um Nas aplicado que não rápida , . ( " muito ambas dois primeira
"""


def mended(text: str, term: Term) -> str:
    spot = re.search(rf"{term.text}s?", text, re.IGNORECASE)
    assert spot is not None
    return repaired(text, [(spot.span(), term)])[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A dataset cresceu", "O dataset cresceu"),
        ("usar a dataset nova", "usar o dataset novo"),
        ("na dataset", "no dataset"),
        ("à dataset", "ao dataset"),
        ("pelas datasets", "pelos datasets"),
        ("numa dataset", "num dataset"),
        ("desta dataset", "deste dataset"),
        ("isso dataset", "esse dataset"),
        ("todas as novas datasets", "todos os novos datasets"),
        ("TODAS AS DATASETS", "TODOS OS DATASETS"),
        ("a sua própria dataset", "o seu próprio dataset"),
        ("uma boa dataset", "um bom dataset"),
        ("várias datasets", "vários datasets"),
        ("duas datasets", "dois datasets"),
        ("o datasets", "os datasets"),
        ("a “dataset” pública", "o “dataset” público"),
        ("A dataset é muito lenta", "O dataset é muito lento"),
        ("As datasets foram publicadas", "Os datasets foram publicados"),
        ("Datasets usadas", "Datasets usados"),
    ],
)
def test_determiners_and_adjectives_take_the_gender_and_number_of_the_term(text: str, expected: str) -> None:
    assert mended(text, DATASET) == expected


def test_a_feminine_term_takes_feminine_words() -> None:
    assert mended("Este random forest é lento", FOREST) == "Esta random forest é lenta"
    assert mended("do mesmo random forest proposto", FOREST) == "da mesma random forest proposto"
    assert mended("um dos random forests", FOREST) == "um das random forests"


@pytest.mark.parametrize(
    "text",
    [
        "aplicado a dataset",  # the preposition
        "em relação a dataset",
        "a datasets",
        "a arquitetura de dataset usada",  # the adjective speaks of the architecture
        "a versão do dataset publicada",
        "a tabela e o dataset usadas",
        "o dataset indica a causa",  # a verb
        "o dataset resultado",  # a noun
        "a camada",
        "a dataset-based",  # a compound has a gender of its own
        "uma vez o dataset",
        "Os datasets de uma empresa são lentas",
    ],
)
def test_what_may_be_right_is_left_alone(text: str) -> None:
    term = DATASET if "dataset" in text else Term("camada", gender="f")
    assert mended(text, term) == text


def test_without_a_gender_nothing_is_guessed() -> None:
    for text in ("a widget lento", "o widget lenta", "todas os widget"):
        assert mended(text, UNKNOWN) == text


def test_a_term_without_article_loses_it() -> None:
    assert mended("O PyTorch é bom", PYTORCH) == "PyTorch é bom"
    assert mended("o uso da PyTorch", PYTORCH) == "o uso de PyTorch"
    assert mended("Graças ao PyTorch", PYTORCH) == "Graças a PyTorch"


def test_number_of_the_entry_outranks_the_spelling() -> None:
    assert mended("o logits", Term("logits", gender="m", number="plural")) == "os logits"
    assert mended("o logits", Term("logits", gender="m")) == "o logits"


def test_errors_name_the_word_and_its_repair() -> None:
    (error,) = agreement_errors("usa uma dataset.", (8, 15), DATASET)
    assert (error.start, error.end, error.new) == (4, 7, "um")


def test_a_neighbouring_term_or_code_is_a_wall() -> None:
    text = "a nova dataset"
    assert repaired(text, [((7, 14), DATASET)], guarded=[(2, 6)])[0] == text


def test_variants_are_the_forms_that_agree() -> None:
    assert variants("uma", DATASET, "dataset") == ("um",)
    assert variants("No", FOREST, "random forests") == ("Nas",)
    assert variants("o", UNKNOWN, "widget") == ("o", "a")
    assert variants("a", DATASET, "dataset") == ("o", "a")  # or the preposition
    assert variants("modelo", DATASET, "dataset") == ()


def test_a_plural_occurrence_prefers_a_plural_form() -> None:
    term = Term("neural network", translation="rede neural", forms=("redes neurais",), gender="f")
    assert preferred(Occurrence(0, 14, "neural network", term)) == "rede neural"
    assert preferred(Occurrence(0, 15, "neural networks", term)) == "redes neurais"
    assert repaired("os redes neurais", [((3, 16), term)])[0] == "as redes neurais"


word_lists = st.lists(st.sampled_from(WORDS.split()), max_size=8)


kept_terms = st.sampled_from([(DATASET, "dataset"), (DATASET, "datasets"), (FOREST, "Random Forest")])


@given(word_lists, word_lists, kept_terms, st.booleans())
def test_repair_is_idempotent_and_touches_only_listed_words(
    before: list[str], after: list[str], kept: tuple[Term, str], wall: bool
) -> None:
    term, surface = kept
    text = " ".join([*before, surface, *after])
    start = len(" ".join(before)) + bool(before)
    place = (start, start + len(surface))
    guarded = [(0, len(before[0]))] if before and wall else []
    mended_text, edits = repaired(text, [(place, term)], guarded)
    assert mended_text == apply(text, edits)
    moved_place = (moved(place[0], edits), moved(place[1], edits))
    assert mended_text[slice(*moved_place)] == surface
    for edit in edits:
        assert text[edit.start : edit.end].isalpha()
        assert not any(edit.start < b and a < edit.end for a, b in [place, *guarded])
        assert len(edit.new.split()) == 1
    assert len(mended_text.split()) == len(text.split())
    again = [(moved(a, edits), moved(b, edits)) for a, b in guarded]
    assert repaired(mended_text, [(moved_place, term)], again) == (mended_text, ())


@given(st.integers(0, 40), st.lists(st.tuples(st.integers(0, 3), st.text("ab", max_size=4)), max_size=4))
def test_offsets_outside_edits_move_with_their_text(offset: int, shapes: list[tuple[int, str]]) -> None:
    text = "".join(chr(ord("A") + k % 26) for k in range(40))
    edits = [Edit(10 * k, 10 * k + length, new) for k, (length, new) in enumerate(shapes)]
    after = apply(text, edits)
    assert moved(len(text), edits) == len(after)
    if offset < len(text) and not any(e.start <= offset < e.end or offset == e.start for e in edits):
        assert after[moved(offset, edits)] == text[offset]
