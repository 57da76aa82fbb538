"""Degenerate output is found, ordinary output is not."""

import pytest

from translate.decoding.quality import defects, foreign_share, loops

SOURCE = "The model learns to translate whole documents from a few examples."


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("O modelo aprende a traduzir documentos inteiros com poucos exemplos.", ()),
        ("", ("empty",)),
        ("... 12 ...", ("empty",)),
        ("O modelo de modelo de modelo de modelo de modelo.", ("repetition",)),
        ("O modelo aprende aprende aprende aprende a traduzir.", ("repetition",)),
        ("Модель учится переводить документы по примерам.", ("script",)),
        ("O modelo.", ("short",)),
        ("O modelo aprende " + " ".join(f"palavra{i}" for i in range(40)), ("long",)),
    ],
)
def test_defects(target: str, expected: tuple[str, ...]) -> None:
    assert defects(SOURCE, target) == expected


def test_repetition_in_the_source_may_be_repeated() -> None:
    assert defects("Knock, knock, knock, said the visitor.", "Toc, toc, toc, knock, knock, knock.") == ()


def test_a_source_without_letters_needs_no_letters() -> None:
    assert defects("2 + 2 = 4", "2 + 2 = 4") == ()


def test_greek_letters_of_formulas_are_not_foreign() -> None:
    assert foreign_share("a taxa α e o termo β") == 0.0
    assert foreign_share("翻訳") == 1.0


@pytest.mark.parametrize(
    ("text", "times"), [("a b c", 1), ("no no no", 1), ("muito muito muito", 3), ("de novo de novo", 2)]
)
def test_loops_count_consecutive_repeats(text: str, times: int) -> None:
    assert loops(text) == times
