"""Suggestions, lint, audit and the interchange formats."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glossary import GlossaryError, Matcher, Term, default_termbase, parse_termbase
from glossary.audit import AuditedPair, audit
from glossary.csv_format import dump_csv, load_csv
from glossary.lint import lint
from glossary.suggest import Pair, suggest
from glossary.suggestion_file import dump_suggestions
from glossary.tbx import dump_tbx, load_tbx
from glossary.termbase import make_termbase
from glossary.yaml_format import dump_yaml

ENGLISH = (
    "The team at Acme built a new pipeline. Its pipelines feed the tokenizer and question answering systems. "
    "A paper called 'Learning to Count Sheep with a Model' is out. The social model is neural. "
    "We like the tokenizer, and the neural part is social."
)
PORTUGUESE = (
    "A equipe da Acme criou um novo pipeline. Seus pipelines alimentam o tokenizer e sistemas de question answering. "
    "Saiu um artigo chamado 'Learning to Count Sheep with a Model'. O modelo social é neural. "
    "Gostamos do tokenizador, e a parte neural é social. Redes neurais e sociais."
)


def test_suggestions_are_words_left_in_english() -> None:
    start = PORTUGUESE.index("question")
    found = suggest([Pair(ENGLISH, PORTUGUESE, [(start, start + 18)])], parse_termbase("terms: [pipeline]"))
    by_text = {suggestion.text: suggestion for suggestion in found}
    assert set(by_text) == {"pipeline", "tokenizer", "question answering"}  # no quotation, name or cognate
    assert (by_text["pipeline"].kept, by_text["pipeline"].english) == (2, 2)
    assert by_text["pipeline"].known is not None
    assert (by_text["tokenizer"].kept, by_text["tokenizer"].rate) == (1, 0.5)
    assert by_text["question answering"].italics_rate == 1.0
    assert "alimentam o tokenizer e" in by_text["tokenizer"].contexts[0]


def test_suggestions_are_written_as_a_glossary() -> None:
    start = PORTUGUESE.index("question")
    found = suggest([Pair(ENGLISH, PORTUGUESE, [(start, start + 18)])], parse_termbase("terms: [pipeline]"))
    dumped = dump_suggestions(found)
    termbase = parse_termbase(dumped)
    assert {term.text: term.style for term in termbase} == {"question answering": "italic", "tokenizer": None}
    assert "kept 1 of 2" in dumped
    assert dump_suggestions([]).endswith("terms: []  # nothing new was found\n")
    assert "# listed already: pipeline (kept 2 of 2 (100%), 0 in italics (0%))" in dumped


def test_nothing_to_suggest() -> None:
    assert suggest([]) == []
    assert suggest([Pair("", "")]) == []


def test_lint() -> None:
    termbase = parse_termbase(
        "terms:\n- embedding\n- embeddings\n- dataset.py\n- {term: loss, forbidden: [dataset]}\n- dataset\n- token"
    )
    kinds = [
        (finding.kind, finding.term.text) for finding in lint(termbase, ["a token, a loss, a dataset, embeddings"])
    ]
    assert kinds == [
        ("unused", "embedding"),
        ("shadowed", "embeddings"),
        ("never-matches", "dataset.py"),
        ("unused", "dataset.py"),
        ("contradiction", "loss"),
    ]


def test_lint_of_one_word_under_two_rules() -> None:
    termbase = parse_termbase(
        "terms:\n- dataset\n- {term: data set, translation: conjunto de dados}\n"
        "- {term: loss, translation: função de perda}\n- {term: cost, translation: valor da loss}"
    )
    assert [(finding.kind, finding.term.text) for finding in lint(termbase)] == [
        ("split", "data set"),
        ("contradiction", "cost"),
    ]


def test_the_shipped_glossary_is_clean() -> None:
    assert lint(default_termbase()) == []


def test_audit() -> None:
    matcher = Matcher(parse_termbase("terms:\n- token\n- {term: loss, forbidden: [prejuízo]}"))
    result = audit(
        [AuditedPair("a token, tokens", "um token", "1"), AuditedPair("the loss", "o prejuízo", "2")], matcher
    )
    assert [(row.term, row.kept, row.total, row.forbidden) for row in result.rows] == [
        ("loss", 0, 1, 1),
        ("token", 1, 2, 0),
    ]
    assert result.accuracy == pytest.approx(1 / 3)
    assert not result.ok
    assert json.loads(json.dumps(result.as_dict()))["missing"][0] == {
        "pair": "1", "term": "token", "text": "tokens", "diagnosis": "dropped",
    }  # fmt: skip


def test_the_shipped_glossary_survives_every_format() -> None:
    termbase = default_termbase()
    assert load_csv(dump_csv(termbase).encode(), "g.csv") == termbase
    assert load_tbx(dump_tbx(termbase), "g.tbx") == termbase
    assert parse_termbase(dump_yaml(termbase)) == termbase


SYMBOLS = st.sampled_from("abé;,\"'\\=+-@<&>#: \u201c")
PHRASE = st.text(SYMBOLS, max_size=8).map(lambda text: " ".join(f"{text}w".split()))


@st.composite
def entries(draw: st.DrawFn) -> Term:
    text = draw(PHRASE)
    translation = draw(st.none() | PHRASE.map(lambda phrase: f"{phrase}z"))
    return Term(
        text,
        variants=tuple(f"{phrase}v" for phrase in draw(st.lists(PHRASE, unique=True, max_size=2))),
        plural=draw(st.booleans()),
        style=None if translation else draw(st.sampled_from([None, "italic"])),
        note=draw(PHRASE | st.just("")),
        gender=draw(st.sampled_from(["m", "f", None])),
        number=draw(st.sampled_from(["singular", "plural", None])),
        article=draw(st.booleans()),
        match=draw(st.sampled_from(["any", "exact-case", "noun-phrase"])),
        exceptions=tuple(f"{text} {phrase}" for phrase in draw(st.lists(PHRASE, unique=True, max_size=2))),
        translation=translation,
        forms=tuple(f"{p}f" for p in draw(st.lists(PHRASE, unique=True, max_size=2))) if translation else (),
        forbidden=tuple(f"{p}n" for p in draw(st.lists(PHRASE, unique=True, max_size=2))),
    )


@settings(deadline=None)
@given(st.lists(entries(), min_size=1, max_size=3))
def test_round_trip(terms: list[Term]) -> None:
    try:
        termbase = make_termbase(terms)
    except GlossaryError:
        return  # two random entries with the same spelling
    assert load_csv(dump_csv(termbase).encode("utf-8-sig"), "g.csv") == termbase
    assert load_csv(dump_csv(termbase, delimiter=";").encode(), "g.csv") == termbase
    assert load_tbx(dump_tbx(termbase), "g.tbx") == termbase
    assert parse_termbase(dump_yaml(termbase)) == termbase


def test_any_text_survives_yaml() -> None:
    note = "a: b # c \u2028 \x85 \ud7ff \ufeff \x7f \U0001f600 'q' \"r\" \\ [x], {y} & *z !t | > %\nnext"
    termbase = make_termbase(
        [Term("null"), Term("a - b"), Term("- x"), Term("x", note=note), Term("yes", plural=False)]
    )
    assert parse_termbase(dump_yaml(termbase)) == termbase


def test_no_cell_is_a_formula() -> None:
    text = dump_csv(make_termbase([Term("=cmd w", note="@x"), Term("-a", note="'=b")]))
    assert not any(cell.startswith(("=", "@", "-", "+")) for line in text.split("\r\n") for cell in line.split(","))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "g.csv: there is no term"),
        ("term,gender\r\n", "g.csv: there is no term"),
        ("words\na\n", "g.csv:1: unknown column `words`"),
        ("term,gendr\na,m\n", "did you mean `gender`?"),
        ("gender\nm\n", "g.csv:1: the header needs a `term` column"),
        ("term,gender\na,m\nb,x\n", "g.csv:3: `gender` cannot be `x`"),
        ("term,gender\na,m,m\n", "g.csv:2: this row has 3 cells for 2 columns"),
        ("term,gender\n,m\n", "g.csv:2: this row has no term"),
        ("term,plural\na,perhaps\n", "g.csv:2: `plural` must be true or false"),
        ('term,note\na,"x\ny"\na,z\n', "g.csv:4: 'a' is listed already on line 2"),
        ('term,note\na,"x\n', "g.csv:2: this is not valid CSV"),
        ("term,variants\na,b; b\n", "g.csv:2: 'a' lists a spelling twice"),
    ],
)
def test_malformed_csv_is_rejected_with_the_line(content: str, message: str) -> None:
    with pytest.raises(GlossaryError) as error:
        load_csv(content.encode(), "g.csv")
    assert message in str(error.value)


def test_csv_as_spreadsheets_write_it() -> None:
    termbase = load_csv(b"\xef\xbb\xbfTerm;Variants;Plural\r\ntoken;tok;FALSE\r\n;;\r\nC++;;\r\n", "g.csv")
    assert [(t.text, t.variants, t.plural) for t in termbase] == [("token", ("tok",), False), ("C++", (), True)]


TBX = """<?xml version="1.0"?>
<tbx xmlns="urn:iso:std:iso:30042:ed-2" style="dca" type="TBX-Basic" xml:lang="en"><text><body>
<conceptEntry id="1">
<langSec xml:lang="en-US"><termSec><term>{}</term></termSec></langSec>
<langSec xml:lang="pt"><termSec><term>duto</term></termSec></langSec>
</conceptEntry></body></text></tbx>"""


def test_tbx_of_other_tools_is_read() -> None:
    (term,) = load_tbx(TBX.format("pipeline").encode(), "g.tbx")
    assert (term.text, term.translation, term.line) == ("pipeline", "duto", 3)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "g.tbx:1: this is not well-formed XML"),
        ("<tbx>\n<a></tbx>", "g.tbx:2: this is not well-formed XML"),
        ("<html/>", "g.tbx:1: this is not TBX"),
        ("<tbx/>", "g.tbx:1: there is no concept entry"),
        (TBX.format(" "), "g.tbx:4: this term is empty"),
        (TBX.replace("en-US", "de").format("x"), "g.tbx:3: this entry has no English term"),
        ('<!DOCTYPE tbx [<!ENTITY x SYSTEM "file:///etc/hostname">]><tbx>&x;</tbx>', "g.tbx:1: XML entities"),
        (
            '<!DOCTYPE tbx [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><tbx>&b;</tbx>',
            "g.tbx:1: XML entities",
        ),
    ],
)
def test_malformed_tbx_is_rejected_with_the_line(content: str, message: str) -> None:
    with pytest.raises(GlossaryError) as error:
        load_tbx(content.encode(), "g.tbx")
    assert message in str(error.value)
