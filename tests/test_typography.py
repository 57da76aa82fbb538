"""Quotes and dashes come back as the draft has them, character for character."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from translate.decoding.typography import restore, same_ending


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        ("He said “yes”.", 'Ele disse "sim".', "Ele disse “sim”."),
        ('He said "yes".', 'Ele disse "sim".', 'Ele disse "sim".'),
        ("Call it “a” or “b”.", 'Chame de "a" ou b.', "Chame de “a” ou b."),
        ("It’s a model — a big one.", "É um modelo - um grande.", "É um modelo — um grande."),
        ("A well-known model – new", "Um modelo bem-conhecido - novo", "Um modelo bem-conhecido – novo"),
        ("A plain sentence.", "Uma d'água - simples.", "Uma d'água - simples."),
    ],
)
def test_restored(source: str, target: str, expected: str) -> None:
    assert restore(source, target) == expected


def test_protected_ranges_are_left_alone() -> None:
    assert restore('Use “x” and `f("a")`', 'Use "x" e f("a")', [(10, 16)]) == 'Use “x” e f("a")'


@given(st.text("“”\"'’—- ab"), st.text("\"'- ab"))
def test_length_never_changes(source: str, target: str) -> None:
    assert len(restore(source, target)) == len(target)


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        ("It is fast.", "É rápido", "É rápido."),
        ("Is it fast?", "É rápido", "É rápido?"),
        ("Fast models", "Modelos rápidos.", "Modelos rápidos"),
        ("Fast models, etc", "Modelos rápidos, etc.", "Modelos rápidos, etc"),
        ("The U.S.A", "Os E.U.A.", "Os E.U.A."),
        ("And so on ...", "E assim por diante", "E assim por diante"),
        ("It is fast.", "É rápido!", "É rápido!"),
    ],
)
def test_endings(source: str, target: str, expected: str) -> None:
    assert same_ending(source, target) == expected
