"""Glossary files: what is accepted, and the line and advice for everything that is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from glossary import GlossaryError, default_termbase, load_termbase, parse_termbase
from glossary.termbase import find_errors


def test_a_list_of_words_is_a_glossary() -> None:
    termbase = parse_termbase("terms: [backpropagation, throughput]")
    assert [term.text for term in termbase] == ["backpropagation", "throughput"]
    assert parse_termbase("- backpropagation\n- throughput\n") == termbase


def test_words_and_mappings_mix_and_every_key_is_read() -> None:
    termbase = parse_termbase(
        """
casing: sentence
note: ours
terms:
  - token
  - term: pipeline
    variants: [pipe-line]
    plural: no
    style: italic
    note: o pipeline
    gender: m
    number: singular
    article: false
    match: noun-phrase
    except: [pipeline company]
    forbidden: [duto]
  - term: machine learning
    translation: aprendizado de máquina
    forms: [aprendizados de máquina]
"""
    )
    token, pipeline, learning = termbase
    assert termbase.casing == "sentence"
    assert (token.line, pipeline.line, learning.line) == (5, 6, 17)
    assert pipeline.variants == ("pipe-line",)
    assert (pipeline.plural, pipeline.article, pipeline.style, pipeline.gender) == (False, False, "italic", "m")
    assert (pipeline.match, pipeline.exceptions, pipeline.forbidden) == (
        "noun-phrase",
        ("pipeline company",),
        ("duto",),
    )
    assert learning.renderings == ("aprendizado de máquina", "aprendizados de máquina")


def test_words_that_yaml_takes_for_values_stay_words() -> None:
    assert [term.text for term in parse_termbase("terms: [null, on, 1.5, 007, true]")] == [
        "null", "on", "1.5", "007", "true",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", ":1: the glossary is empty; write `terms:`"),
        ("terms:", ":1: a glossary needs `terms:` with a list"),
        ("terms: []", ":1: the list of terms is empty"),
        ("casing: draft", ":1: a glossary needs `terms:`"),
        ("terms: [a]\ncasing: upper", ":2: `casing` cannot be `upper`; use draft or sentence"),
        ("term: [a]", ":1: unknown key `term`; did you mean `terms`?"),
        ("terms:\n- term: a\n  varients: [b]", ":3: unknown key `varients`; did you mean `variants`?"),
        ("terms:\n- term: a\n  zzz: [b]", ":3: unknown key `zzz`; use one of: term, variants"),
        ("terms:\n- variants: [b]", ":2: this entry has no `term`"),
        ("terms:\n- a\n- ''", ":3: this `term` is empty"),
        ("terms:\n- a\n-", ":3: this `term` is empty"),
        ("terms:\n- a\n- '!!'", ":3: '!!' has no letter or digit"),
        ("terms:\n- my_name", ":2: 'my_name' is an identifier"),
        ("terms:\n- a\n- [b]", ":3: a term is a word or a mapping, not a list"),
        ("terms:\n- a\n- b\n- A", ":4: 'A' is listed already on line 2"),
        ("terms:\n- early-stopping\n- early stopping", ":3: 'early stopping' is listed already on line 2"),
        ("terms:\n- a\n- term: b\n  variants: [a]", ":3: 'a' is listed already on line 2"),
        ("terms:\n- term: b\n  variants: [b]", ":2: 'b' lists a spelling twice"),
        ("terms:\n- term: b\n  variants: [c, c]", ":3: `variants` lists something twice"),
        ("terms:\n- term: b\n  variants: c", ":3: `variants` must be a list"),
        ("terms:\n- term: b\n  plural: maybe", ":3: `plural` must be true or false"),
        ("terms:\n- term: b\n  plural: 'true'", ":3: `plural` must be true or false"),
        ("terms:\n- term: b\n  match: noun", ":3: `match` cannot be `noun`; use any or exact-case or noun-phrase"),
        ("terms:\n- term: b\n  gender: [m]", ":3: `gender` must be text"),
        ("terms:\n- term: b\n  term: c", ":3: the key `term` is given twice"),
        ("terms:\n- term: b\n  forms: [x]", ":2: 'b' has `forms` but no `translation`"),
        ("terms:\n- term: b\n  style: italic\n  translation: x", ":2: 'b' has both `style`"),
        ("terms:\n- term: b\n  translation: x\n  forbidden: [x]", ":2: 'x' is both wanted and forbidden"),
        ("terms:\n- term: b\n  forbidden: [b]", ":2: 'b' is both wanted and forbidden"),
        ("terms:\n- term: b\n  translation: B", ":2: 'b' is its own translation"),
        ("terms:\n- term: b\n  except: [c d]", ":2: the exception 'c d' does not contain 'b'"),
        ("terms:\n- " + "w " * 17, ":2: 'w w w"),
        ("terms:\n- a: b: c", ":2: this is not valid YAML"),
        ("terms:\n- 'a", ": this is not valid YAML"),
        ("terms: [a]\n---\nterms: [b]", ":2: a glossary is one YAML document"),
        ("terms:\n- &x a\n- *x", ":2: YAML anchors and aliases"),
        ("terms:\n- !!python/object/apply:os.system [ls]", ":2: the YAML tag"),
        ("terms:\n- !!str a", ":2: the YAML tag"),
        ("? [a]\n: b", ":1: a key must be a word"),
        ("terms: " + "[" * 9, ":1: this is nested too deeply"),
        ("terms: " + "[" * 200_000, ": this is nested too deeply"),
        ("terms:\n- a\x07", ":2: this is not valid YAML (a control character)"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(text: str, message: str) -> None:
    with pytest.raises(GlossaryError) as error:
        parse_termbase(text, "g.yaml")
    assert str(error.value).startswith("g.yaml" + message.split(" ", maxsplit=1)[0])
    assert message in str(error.value)


def test_files_that_cannot_be_used(tmp_path: Path) -> None:
    with pytest.raises(GlossaryError, match="no such glossary file"):
        load_termbase(tmp_path / "none.yaml")
    with pytest.raises(GlossaryError, match="this is a directory"):
        load_termbase(tmp_path)
    latin = tmp_path / "latin.yaml"
    latin.write_bytes("terms:\n- a\n- token # até\n".encode("latin-1"))
    with pytest.raises(GlossaryError, match=r"latin\.yaml:3: this is not UTF-8"):
        load_termbase(latin)
    huge = tmp_path / "huge.yaml"
    with huge.open("wb") as file:
        file.truncate(17 * 1024 * 1024)
    with pytest.raises(GlossaryError, match="over 16 MB"):
        load_termbase(huge)


def test_exceptions_may_hold_symbols() -> None:
    (term,) = parse_termbase("- {term: C++, except: [C++ club, the c++-club]}")
    assert term.exceptions == ("C++ club", "the c++-club")


def test_every_error_of_a_file_is_found() -> None:
    text = "terms:\n- token\n- {term: loss, gnder: m}\n- my_name\n- Token\n- loss"
    assert [(error.line, str(error).split(": ", 1)[1][:20]) for error in find_errors(text)] == [
        (3, "unknown key `gnder`;"),
        (4, "'my_name' is an iden"),
        (5, "'Token' is listed al"),
    ]
    assert find_errors("terms: [a]") == []
    assert [error.line for error in find_errors("terms:\n- 'a")] == [2]


def test_a_byte_order_mark_and_carriage_returns_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "g.yaml"
    path.write_bytes(b"\xef\xbb\xbfterms:\r\n- token\r\n")
    assert [term.text for term in load_termbase(path)] == ["token"]


def test_the_hash_follows_what_decides_a_translation() -> None:
    one = parse_termbase("terms:\n- {term: a, gender: m, note: x}\n- b")
    same = parse_termbase("# why\nterms:\n- b\n- {note: y, gender: m, term: a}\n")
    assert one.hash == same.hash
    for other in ("terms: [a, b]", "casing: sentence\nterms:\n- {term: a, gender: m}\n- b"):
        assert parse_termbase(other).hash != one.hash


def test_the_shipped_glossary() -> None:
    termbase = default_termbase()
    texts = {term.text for term in termbase}
    assert len(termbase) >= 60
    assert {"backpropagation", "throughput", "question answering", "knowledge distillation"} <= texts
    assert not texts & {"feature", "layer", "loss", "training", "inference", "attention", "learning rate", "paper"}
