"""The robustness benchmark's measures, and names and numbers that come through the pipeline."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.robustness import KINDS, MEASURES, Item, in_pipeline, is_bounded, is_intact, is_kept, items, main, rates
from translate.decoding.copying import guarded, lost, names
from translate.decoding.quality import defects
from translate.decoding.source import Protected, Source
from translate.marian import load_engine
from translate.marian.checkpoint import resolve
from translate.marian.protocol import Engine


@pytest.fixture(scope="module")
def engine() -> Engine:
    return load_engine("ctranslate2", resolve(None), threads=1)


def test_the_set_has_every_kind_and_each_part_is_in_its_text() -> None:
    given = items()
    assert {item.kind for item in given} == set(KINDS)
    assert len(given) == len({item.text for item in given}) > 100
    assert [part for item in given for part in item.keep if part not in item.text] == []


@pytest.mark.parametrize(
    ("part", "output", "kept"),
    [
        ("3.5%", "foi de 3,5% ontem", True),
        ("3.5%", "foi de 3,5 % ontem", True),
        ("1,284", "com 1.284 frases", True),
        ("1,284", "com 11.284 frases", False),
        ("14", "havia 140 deles", False),
        ("175", "com 175B de parâmetros", True),
        ("Bo", "o Bot", False),
        ("Ana Prado", "a Ana  Prado", False),
        ("--beam-size", "use --beam-size aqui", True),
        ("🎉", "feliz 🎉!", True),
        ("v2.3", "a versão v2,3", False),
    ],
)
def test_what_counts_as_copied(part: str, output: str, kept: bool) -> None:
    assert is_kept(part, output) is kept


def test_fragments_must_stay_short_and_whole() -> None:
    assert is_bounded("see Table 2", "consulte a Tabela 2")
    assert not is_bounded("et al.", "e outros que foram feitos por nós")
    assert not is_bounded("OK", "")
    assert is_intact("pp. 3–9", "pp. 3-9")
    assert not is_intact("Fig. 3", "Figura")
    assert not is_intact("GPT-2", "GPT")


def test_a_fragment_that_became_a_sentence_is_degenerate() -> None:
    assert defects("et al.", "e os outros que foram os primeiros") == ("long",)
    assert defects("et al.", "e outros") == ()
    assert defects("GPUs", "unidades de processamento gráfico") == ()


def test_rates_count_over_the_kind() -> None:
    given = [Item("names", "Ana met Bo.", ("Ana", "Bo")), Item("fragments", "Fig. 3")]
    found = rates(given, ["Ana encontrou Beto.", "Fig. 3"])
    assert set(found) == set(MEASURES)
    assert str(found["names copied"]) == "1/2 (50%)"
    assert str(found["fragments: nothing lost"]) == "1/1 (100%)"
    assert str(found["numbers copied"]) == "–"


# Names in the pipeline -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("We met Zbigniew Szczepański and his students.", ["Zbigniew Szczepański"]),
        ("We met Wambui Njoroge's friends.", ["Wambui Njoroge"]),
        ("A T5-11B-based model and mBERT beat it.", ["T5-11B", "mBERT"]),
        ("DALL·E draws a chair.", ["DALL·E"]),
        ("The Brazilian and the Bayesian researchers met in January.", []),
        ("In Natural Language Processing this is new.", []),
        ("Reinforcement Learning and Artificial Intelligence for Everyone", []),
        ("Nothing is to be found here, not even in 2020.", []),
        ("", []),
    ],
)
def test_names_are_known_by_their_form(engine: Engine, text: str, expected: list[str]) -> None:
    assert [text[a:b] for a, b in names(text, engine.tokenizer)] == expected


def test_only_what_was_lost_and_is_not_protected_is_protected(engine: Engine) -> None:
    text = "KestrelDB and PelicanDB have 1,500 rows and 3.25 ms."
    source = Source(text, (Protected(0, 9, "KestrelDB"),))
    ranges = lost(source, "O banco tem 1.500 linhas e 3,25 ms.", engine.tokenizer)
    assert [text[a:b] for a, b in ranges] == ["PelicanDB"]
    assert [p.surface for p in guarded(source, ranges).protected] == ["KestrelDB", "PelicanDB"]
    assert lost(source, text, engine.tokenizer) == []
    assert [text[a:b] for a, b in lost(source, "nada", engine.tokenizer)] == ["PelicanDB", "1,500", "3.25"]


def test_identifiers_that_nobody_marked_as_code_are_whole_or_protected(engine: Engine) -> None:
    text = "Set OMP_NUM_THREADS, install tinyparse==0.4.2 and read snake_case_V2 in a_b."
    source = Source(text, ())
    ranges = lost(source, "nada", engine.tokenizer)
    assert [text[a:b] for a, b in ranges] == ["OMP_NUM_THREADS", "tinyparse==0.4.2", "snake_case_V2", "a_b"]
    (output,) = in_pipeline(engine, [Item("verbatim", "Set OMP_NUM_THREADS to one and parser==1.5.2 to two.", ())])
    assert "OMP_NUM_THREADS" in output.replace("\\_", "_")
    assert "parser==1.5.2" in output


def test_the_pipeline_copies_names_that_the_model_never_saw(engine: Engine) -> None:
    given = [
        Item("names", "We thank Zbigniew Szczepański and Wambui Njoroge for their help.", ()),
        Item("names", "The model of **Ioannis Papadopoulos** is called ZephyrNet-Lite.", ()),
    ]
    first, second = in_pipeline(engine, given)
    assert "Zbigniew Szczepański" in first
    assert "Wambui Njoroge" in first
    assert "**Ioannis Papadopoulos**" in second
    assert "ZephyrNet-Lite" in second


def test_the_command_says_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--model", str(tmp_path)]) == 2
    assert capsys.readouterr().err.startswith("error: ")
