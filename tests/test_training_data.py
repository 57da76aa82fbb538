"""From corpus files to arrays: cleaning, exclusion, copies, protection, vocabulary, encoding, links."""

from __future__ import annotations

import json
import lzma
import shutil
from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from translate.errors import UserError
from translate.training.align import align_corpus, gather, symmetrise
from translate.training.augment import Protector
from translate.training.clean import defect, is_damaged, normalise, numbers_agree
from translate.training.copies import copied_parts, made_up_name, made_up_number, variant
from translate.training.corpus import Collected, collect, read_pairs, write_collected
from translate.training.encode import encode_corpus, flatten
from translate.training.exclude import HeldOut, read_held_out, words
from translate.training.prepared import Prepared, is_done, mark_done, read_pieces
from translate.training.recipe import Recipe, SourceRule, load_recipe, recipe_settings
from translate.training.vocabulary import make_vocabulary

ROOT = Path(__file__).resolve().parents[1]
CLEANING = load_recipe().data.cleaning

HELD_OUT = """---
title: "A quiet week for very large models"
---

Last month our small group trained a parser on nine thousand hand-written letters. It read them
**better than we did** ourselves, which [surprised](https://example.org/x) nobody in the room at all. Why?

- The harbour master wrote every single letter twice.

<!-- O capitão do porto escreveu todas as cartas duas vezes. -->
"""

# Recipes -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", sorted((ROOT / "configs" / "model").glob("*.yaml")), ids=lambda p: p.name)
def test_shipped_recipes_load(path: Path) -> None:
    assert recipe_settings(load_recipe(path)).keys() == recipe_settings(load_recipe()).keys()


def test_a_recipe_goes_through_json_and_back() -> None:
    recipe = load_recipe(ROOT / "configs" / "model" / "continue.yaml")
    assert load_recipe(overrides=json.loads(json.dumps(recipe_settings(recipe)))) == recipe


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("data:\n  rules:\n    - {sources: [a]}\n", '3: each entry of "data.rules" needs the key "file"'),
        ("data:\n  rules:\n    - {file: a, wait: 2}\n", '3: unknown key "data.rules.wait"; did you mean'),
        ("data:\n  rules:\n    - {file: a, weight: 900}\n", '3: "data.rules.weight" must be between 0 and 255'),
        ("data:\n  rules: [a]\n", '2: "data.rules." must hold'),
        ("data:\n  rules: 3\n", '2: "data.rules" must be a list'),
        ("model:\n  d_modell: 3\n", '2: unknown key "model.d_modell"; did you mean "model.d_model"?'),
        ("model:\n  init:\n", ""),
    ],
)
def test_mistakes_in_a_recipe_name_the_line(tmp_path: Path, text: str, expected: str) -> None:
    path = tmp_path / "r.yaml"
    path.write_text(text)
    if not expected:
        assert load_recipe(path).model.init is None
        return
    with pytest.raises(UserError) as caught:
        load_recipe(path)
    assert expected.replace('"data.rules."', '"data.rules"') in str(caught.value)


def test_a_checkpoint_is_named_or_a_path_from_the_recipes_folder(tmp_path: Path) -> None:
    path = tmp_path / "r.yaml"
    path.write_text("model: {init: embedded}\nvocabulary: {reuse: models/base}\n")
    recipe = load_recipe(path)
    assert recipe.model.init == "embedded"
    assert recipe.vocabulary.reuse == tmp_path / "models" / "base"


# Cleaning ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("english", "portuguese", "rule"),
    [
        ("", "Olá.", "empty"),
        ("word " * 151, "palavra " * 151, "long"),
        ("Open the file and read it.", "Open the file and read it.", "identical"),
        ("Save", "Guarde o ficheiro na pasta em que o programa foi instalado.", "ratio"),
        ("https://example.org/a/b", "https://example.org/a/b?c", "letters"),
        ("1 2 3 4 5 6", "1 2 3 4 5 6.", "letters"),
        ("Press the button to go on.", "Нажмите кнопку, чтобы продолжить.", "script"),
        ("The function does not work.", "A funÃ§Ã£o nÃ£o funciona.", "encoding"),
        ("The option is not known.", "A op??o n?o ? conhecida: op?ão.", "encoding"),
        ("Open the file that you saved in the folder.", "Open the file that you saved in a folder.", "not-portuguese"),
        ("Open the file in the new folder.", "Abra el archivo en la carpeta nueva del usuario.", "not-portuguese"),
        ("Abra o arquivo que você salvou na pasta.", "Abra o arquivo que você salvou em uma pasta.", "not-english"),
        ("There are 128 layers in it.", "Há 182 camadas nela.", "numbers"),
    ],
)
def test_broken_pairs_are_found_by_their_rule(english: str, portuguese: str, rule: str) -> None:
    assert defect(normalise(english), normalise(portuguese), CLEANING) == rule


@pytest.mark.parametrize(
    ("english", "portuguese"),
    [
        ("Tensor", "Tensor"),
        ("The model has 1,250,000 weights and an error of 3.5%.", "O modelo tem 1.250.000 pesos e um erro de 3,5%."),
        ("Kofi Annan and Łukasz Żal met in 2004.", "Kofi Annan e Łukasz Żal se encontraram em 2004."),
        ("The loss α falls.", "A perda α cai."),
        ("Is it true? Yes.", "É verdade? Sim."),
        ("See https://example.org/?q=a for the list of the words.", "Veja a lista em https://example.org/?q=a."),
        (
            "For more, see Connection Pooling in the Driver.",
            "Para saber mais, consulte Connection Pooling in the Driver.",
        ),
        ("It describes how to read a report.", "Descreve como visualizar um relatório antes de publicá-lo."),
        ("NO ACTION IS NEEDED", "NENHUMA AÇÃO É NECESSÁRIA, NÃO"),
    ],
)
def test_ordinary_pairs_are_kept(english: str, portuguese: str) -> None:
    assert defect(normalise(english), normalise(portuguese), CLEANING) is None


def test_normalised_text_has_no_control_or_invisible_characters() -> None:
    assert normalise(" a\u00adb\tc\u200b\x07d\u2028 e\u0301 ") == "ab c d é"
    assert normalise("👩\u200d💻 works") == "👩\u200d💻 works"


@given(st.text(max_size=60))
def test_normalising_twice_changes_nothing_more(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once
    assert "\t" not in once
    assert "\n" not in once


def test_numbers_may_be_written_differently() -> None:
    assert numbers_agree("10,000 of 3.14", "10.000 de 3,14")
    assert numbers_agree("10,000 steps", "10 000 passos")
    assert not numbers_agree("10,000 steps", "1.000 passos")
    assert not is_damaged("Ação, visão, às vezes, ÂNGULO.")


# Exclusion -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def held_out() -> HeldOut:
    return HeldOut([HELD_OUT])


@pytest.mark.parametrize(
    "text",
    [
        "The harbour master wrote every single letter twice.",  # exact
        "THE HARBOUR MASTER WROTE EVERY SINGLE LETTER TWICE.",  # another case
        "The harbour master, wrote: every “single” letter — twice!",  # other punctuation
        "The <b>harbour master</b> wrote *every* [single](http://example.com/a_b) letter `twice`.",  # markup
        "The&nbsp;harbour  master wrote every{:.c} single\tletter twice",
        "We know this. The harbour master wrote every single letter twice. Nobody knows why.",  # in a paragraph
        "It read them better than we did ourselves, which surprised nobody in the room at all.",  # out of one
        "which surprised nobody in the room at all",  # a part of one
        "Our small group trained a parser on nine thousand hand-written letters.",  # across the file's lines
        "Now last month our small group trained a parser on nine thousand hand written notes",  # 13 words in common
        "O capitão do porto escreveu todas as cartas duas vezes.",  # in a comment
        "A quiet week for very large models",  # front matter
        "Why?",
    ],
)
def test_held_out_sentences_are_caught(held_out: HeldOut, text: str) -> None:
    assert held_out.contains(text)


@pytest.mark.parametrize(
    "text",
    [
        "The harbour master wrote every other letter twice.",
        "Our small group trained a parser on ten thousand printed books.",
        "Nobody in the room knew why.",
        "A week for models",
        "Last month our small group trained a parser on nine books.",  # ten words in common, no whole sentence
        "We read them.",
        "Why not?",
        "",
    ],
)
def test_ordinary_texts_are_not_caught(held_out: HeldOut, text: str) -> None:
    assert not held_out.contains(text)


def test_thirteen_words_in_a_row_are_the_limit() -> None:
    row = [f"w{k}" for k in range(40)]
    index = HeldOut([" ".join(row)], ngram=13)
    assert index.contains("x " + " ".join(row[5:18]) + " y")
    assert not index.contains("x " + " ".join(row[5:17]) + " y")


def test_words_are_case_folded_and_bare() -> None:
    assert words("**Straße** [a](b_c) <i>x</i> &amp; don’t") == ("strasse", "a", "x", "don", "t")


def test_held_out_folders_must_hold_texts(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there are no held-out texts"):
        read_held_out([tmp_path / "none"], 13)
    with pytest.raises(UserError, match="no text file"):
        read_held_out([tmp_path], 13)
    (tmp_path / "a.md").write_text("One line that is held out.", encoding="utf-8")
    assert read_held_out([tmp_path], 13).contains("one line that is held out")


def test_the_real_held_out_texts_are_all_caught(shared: Path) -> None:
    index = read_held_out([shared / "newsletters", shared / "eval"], 13)
    lines = (shared / "eval" / "flores-dev.en").read_text(encoding="utf-8").splitlines()
    lines += (shared / "eval" / "flores-dev.pt").read_text(encoding="utf-8").splitlines()
    assert all(index.contains(line.upper()) for line in lines)
    assert not index.contains("The gardener counts the pears in the evening and writes the sum on the door.")


# The corpus ----------------------------------------------------------------------------------------


def write_corpus(folder: Path) -> Recipe:
    """A corpus of two sources and a two-column file, held-out texts, and a recipe for them."""
    folder.mkdir(exist_ok=True)
    (folder / "held.md").write_text(HELD_OUT, encoding="utf-8")
    good = [(f"The number {k} tree bears {k + 7} pears.", f"A árvore número {k} dá {k + 7} peras.") for k in range(60)]
    rows = [("docs", *pair) for pair in good]
    rows += [
        ("docs", "the number 3 tree bears 10 pears", "Repetida: a árvore 3 dá 10 peras."),
        ("docs", "THE HARBOUR MASTER wrote every single letter twice!", "Outra frase que não está em lugar algum."),
        (
            "docs",
            "This one is translated from the papers.",
            "O capitão do porto escreveu **todas as cartas** duas vezes",
        ),
        ("docs", "Open the file and read it.", "Open the file and read it."),
        ("menus", "Save", "Salvar"),
        ("menus", "Please ask Maria Silva about it", "Pergunte a Maria Silva sobre isso"),
    ]
    with lzma.open(folder / "a.tsv.xz", "wt", encoding="utf-8", newline="\n") as file:
        file.writelines("\t".join(row) + "\n" for row in rows)
    (folder / "mine.tsv").write_text("We met Ada Novak there.\tEncontramos Ada Novak lá.\n", encoding="utf-8")
    recipe = load_recipe()
    data = replace(
        recipe.data,
        corpus=folder,
        held_out=(folder / "held.md",),
        rules=(
            SourceRule("a.tsv.xz", ("docs",), weight=3),
            SourceRule("a.tsv.xz", ("menu?",), min_words=2, copies=1.0),
            SourceRule("mine.tsv", copies=1.0),
        ),
        validation_per_source=2,
    )
    return replace(recipe, data=data)


@pytest.fixture
def recipe(tmp_path: Path) -> Recipe:
    return write_corpus(tmp_path / "corpus")


@pytest.fixture
def collected(recipe: Recipe) -> Collected:
    return collect(recipe.data)


def test_what_becomes_of_each_pair_is_counted(collected: Collected) -> None:
    assert collected.dropped == {"held-out": 2, "duplicate": 1, "identical": 1, "unchosen": 1}
    assert collected.sources["docs"] == {"training": 58, "validation": 2, "copies": 0}
    assert collected.sources["menus"] == {"training": 1, "validation": 0, "copies": 1}
    assert collected.sources["mine"] == {"training": 1, "validation": 0, "copies": 1}
    assert {pair.weight for pair in collected.training if pair.source == "docs"} == {3}
    assert not {pair.english for pair in collected.validation} & {pair.english for pair in collected.training}


def test_no_held_out_sentence_is_trained_on(collected: Collected) -> None:
    index = HeldOut([HELD_OUT])
    pairs = [*collected.training, *collected.validation]
    assert pairs
    assert not [p for p in pairs if index.contains(p.english) or index.contains(p.portuguese)]


def test_the_same_corpus_gives_the_same_pairs(recipe: Recipe, collected: Collected) -> None:
    assert collect(recipe.data) == collected
    other = collect(replace(recipe.data, seed=12))
    assert other.training != collected.training


def test_shares_caps_and_limits(recipe: Recipe) -> None:
    rule = recipe.data.rules[0]
    capped = collect(replace(recipe.data, rules=(replace(rule, cap=7),), validation_per_source=0))
    assert (len(capped.training), capped.dropped["cap"]) == (7, 53)
    shared_out = collect(replace(recipe.data, rules=(replace(rule, share=0.5),), validation_per_source=0))
    assert 15 < len(shared_out.training) < 45
    limited = collect(replace(recipe.data, limit=9, validation_per_source=0, rules=(rule,)))
    assert len(limited.training) == 9


def test_corpus_files_that_cannot_be_read(tmp_path: Path, recipe: Recipe) -> None:
    with pytest.raises(UserError, match="there is no such corpus file"):
        list(read_pairs(tmp_path / "none.tsv.xz"))
    (tmp_path / "bad.tsv.xz").write_bytes(b"no xz")
    with pytest.raises(UserError, match="damaged"):
        list(read_pairs(tmp_path / "bad.tsv.xz"))
    (tmp_path / "one.tsv").write_text("a\tb\nonly\n")
    with pytest.raises(UserError, match=r"one\.tsv:2: the line has 1 columns"):
        list(read_pairs(tmp_path / "one.tsv"))
    nothing = replace(recipe.data, rules=(SourceRule("a.tsv.xz", ("nobody",)),))
    with pytest.raises(UserError, match="no pair is left"):
        collect(nothing)


# Copies --------------------------------------------------------------------------------------------


def test_names_and_numbers_on_both_sides_are_found() -> None:
    english = "Yesterday we met Ana Prado and Bo in Room 12 for 3.5% and 3.5 of v1.2 in May."
    portuguese = "Ontem encontramos Ana Prado e Bo na sala 12 por 3.5% e 3,5 da v1.2 em May."
    assert copied_parts(english, portuguese) == [
        ("Ana Prado", "name"),
        ("Bo", "name"),
        ("12", "number"),
        ("3.5%", "number"),
    ]


@pytest.mark.parametrize(
    ("english", "portuguese"),
    [
        ("Everything is fine.", "Está tudo bem."),
        ("Figure 12 is above 12.", "A figura 12 está acima de 12."),  # twice
        ("The file v1.2 is old.", "O arquivo v1.2 é antigo."),  # part of a version
        ("Ana is here.", "Ana está aqui."),  # any word begins a sentence with a capital
    ],
)
def test_pairs_without_a_clear_copy_get_no_variant(english: str, portuguese: str) -> None:
    assert variant(english, portuguese, Random(1)) is None


@given(st.integers(0, 10_000))
def test_a_variant_has_the_same_new_name_on_both_sides(seed: int) -> None:
    english, portuguese = "Today Ana Prado read 418 pages.", "Hoje Ana Prado leu 418 páginas."
    made = variant(english, portuguese, Random(seed))
    assert made is not None
    name = made[0].removeprefix("Today ").partition(" read ")[0]
    number = made[0].partition(" read ")[2].removesuffix(" pages.")
    assert made == (f"Today {name} read {number} pages.", f"Hoje {name} leu {number} páginas.")


@given(st.integers(0, 10_000))
def test_made_up_parts_are_plain(seed: int) -> None:
    rng = Random(seed)
    assert "\t" not in made_up_name(rng) + made_up_number(rng, False)
    assert made_up_number(rng, True).endswith("%")


# Protection ----------------------------------------------------------------------------------------

PIECES = ("</s>", "<unk>", "<t>", "</t>", "▁the", "▁red", "▁house", "s", "▁a", "▁casa", "▁vermelha", "▁7", "▁", "<pad>")
IDS = {piece: i for i, piece in enumerate(PIECES)}


def ids(text: str) -> np.ndarray[tuple[int], np.dtype[np.uint16]]:
    return np.array([IDS[piece] for piece in text.split()], np.uint16)


def test_a_protected_span_stands_on_both_sides_where_its_translation_was() -> None:
    source, target = ids("▁the ▁red ▁house s ▁7"), ids("▁a s ▁casa s ▁vermelha ▁7")
    links = np.array([(0, 0, 1), (1, 4, 1), (2, 2, 1), (3, 3, 1), (4, 5, 1), (0, 1, 0)], np.uint8)
    protector = Protector.of(PIECES)
    seen = set()
    for seed in range(60):
        x, y, moved = protector.protect(source, target, links, np.random.default_rng(seed))
        text = " ".join(PIECES[i] for i in x)
        if x is source:
            continue  # no good span among the words that were tried
        inside = text.partition("<t> ")[2].partition(" </t>")[0]
        seen.add(inside)
        assert f"<t> {inside} </t>" in " ".join(PIECES[i] for i in y)
        assert [PIECES[i] for i in x if PIECES[i] not in ("<t>", "</t>")] == [PIECES[i] for i in source]
        assert "▁7" not in inside  # letters only
        assert all(i < len(x) and j < len(y) for i, j, _ in moved.tolist())
        copied = [(i, j) for i, j, _ in moved.tolist() if x[i] == y[j] and x[i] in (IDS["<t>"], IDS["</t>"])]
        assert len(copied) == 2  # the marks are linked to each other
    assert {"▁house s", "▁red ▁house s"} <= seen
    assert "▁red" not in seen  # fewer than four letters


def test_pairs_without_a_clear_span_stay_as_they_are() -> None:
    source, target = ids("▁red ▁house"), ids("▁casa ▁vermelha")
    rng = np.random.default_rng(1)
    none = np.zeros((0, 3), np.uint8)
    one_way = np.array([(0, 1, 0), (1, 0, 0)], np.uint8)
    crossed = np.array([(0, 0, 1), (0, 1, 1), (1, 0, 1), (1, 1, 1)], np.uint8)
    for links in (none, one_way):
        assert Protector.of(PIECES).protect(source, target, links, rng)[0] is source
    assert Protector.of(PIECES[4:]).protect(source, target, crossed, rng)[0] is source
    span = Protector.of(PIECES).find(source, target, crossed, rng)
    assert span is None or (span.a, span.b) == (0, 2)


# Vocabulary, encoding, links -----------------------------------------------------------------------


def prepare(recipe: Recipe, collected: Collected, folder: Path) -> Path:
    folder.mkdir()
    write_collected(collected, folder)
    make_vocabulary(folder, replace(recipe.vocabulary, size=310), 1)
    encode_corpus(folder, recipe.vocabulary)
    return folder


def test_the_vocabulary_is_what_ctranslate2_expects(recipe: Recipe, collected: Collected, tmp_path: Path) -> None:
    folder = prepare(recipe, collected, tmp_path / "prepared")
    pieces = read_pieces(folder / "vocab.json")
    assert (pieces[0], pieces[1], pieces[-1], len(pieces)) == ("</s>", "<unk>", "<pad>", 311)
    assert {"<t>", "</t>", "<0x00>", "<0xFF>"} <= set(pieces)


def test_a_vocabulary_is_taken_over(recipe: Recipe, collected: Collected, tmp_path: Path) -> None:
    first = prepare(recipe, collected, tmp_path / "first")
    second = tmp_path / "second"
    second.mkdir()
    make_vocabulary(second, replace(recipe.vocabulary, reuse=first), 1)
    assert (second / "vocab.json").read_bytes() == (first / "vocab.json").read_bytes()
    make_vocabulary(second, replace(recipe.vocabulary, reuse="embedded"), 1)
    assert len(read_pieces(second / "vocab.json")) == 8001
    with pytest.raises(UserError, match="there is no SentencePiece model"):
        make_vocabulary(second, replace(recipe.vocabulary, reuse=tmp_path / "none"), 1)


def test_a_vocabulary_that_is_too_large_says_so(recipe: Recipe, collected: Collected, tmp_path: Path) -> None:
    write_collected(collected, tmp_path)
    with pytest.raises(UserError, match="size 16000 does not suit"):
        make_vocabulary(tmp_path, recipe.vocabulary, 1)


def test_encoded_pairs_are_the_text(recipe: Recipe, collected: Collected, tmp_path: Path) -> None:
    import sentencepiece

    prepared = Prepared.load(prepare(recipe, collected, tmp_path / "prepared"))
    model = sentencepiece.SentencePieceProcessor(model_file=str(prepared.folder / "spm.model"))
    texts = [(p.english, p.portuguese) for p in (*collected.validation, *collected.training)]
    assert [tuple(model.decode(side.tolist()) for side in prepared.pair(i)) for i in range(len(prepared))] == texts
    assert prepared.validation_text() == [(p.source, p.english, p.portuguese) for p in collected.validation]
    assert sorted(set(prepared.training.tolist()) | set(prepared.valid.tolist())) == list(range(len(prepared)))
    assert len(prepared.training) == sum(p.weight for p in collected.training)
    assert prepared.source.dtype == np.uint16
    assert (prepared.pad, prepared.end, prepared.links_of(0)) == (310, 0, None)


def test_too_long_pairs_are_left_out_but_validation_stays(recipe: Recipe, collected: Collected, tmp_path: Path) -> None:
    folder = prepare(recipe, collected, tmp_path / "prepared")
    lengths = np.diff(Prepared.load(folder).source_offsets)
    limit = int(np.median(lengths))
    found = encode_corpus(folder, replace(recipe.vocabulary, max_source=limit))
    assert found["too_long"] > 0
    assert len(Prepared.load(folder).valid) == len(collected.validation)
    with pytest.raises(UserError, match=r"no pair has at most 1 pieces"):
        encode_corpus(folder, replace(recipe.vocabulary, max_source=1))


def test_flat_arrays_know_where_each_pair_begins() -> None:
    flat, offsets = flatten([[3, 4], [], [5]])
    assert (flat.tolist(), offsets.tolist()) == ([3, 4, 5], [0, 2, 2, 3])


def test_links_of_both_directions_and_forward_ones_of_uncovered_pieces() -> None:
    assert symmetrise([(0, 0), (1, 1), (2, 1), (2, 2)], [(0, 0), (1, 1), (3, 3)]) == [
        (0, 0, True),
        (1, 1, True),
        (2, 2, False),
    ]
    links, offsets = gather([[(0, 0)], [], [(1, 0), (300, 0)]], [[(0, 0)], [(1, 1)], []])
    assert (links.tolist(), offsets.tolist()) == ([[0, 0, 1], [1, 0, 0]], [0, 1, 1, 2])


@pytest.mark.skipif(shutil.which("eflomal-align") is None, reason="eflomal is an optional dependency")
def test_eflomal_aligns_a_corpus(recipe: Recipe, collected: Collected, tmp_path: Path) -> None:
    folder = prepare(recipe, collected, tmp_path / "prepared")
    found = align_corpus(folder, recipe.alignment)
    prepared = Prepared.load(folder)
    assert prepared.links is not None
    assert found["links"] == len(prepared.links) > len(prepared)
    for i in range(len(prepared)):
        links, (source, target) = prepared.links_of(i), prepared.pair(i)
        assert links is not None
        assert all(a < len(source) and b < len(target) for a, b, _ in links.tolist())
    assert list(folder.glob(".align*")) == []


def test_without_eflomal_one_sentence_says_what_to_do(
    recipe: Recipe, collected: Collected, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = prepare(recipe, collected, tmp_path / "prepared")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    with pytest.raises(UserError, match=r'run `uv pip install "eflomal>=2,<3"`'):
        align_corpus(folder, recipe.alignment)
    assert align_corpus(folder, replace(recipe.alignment, enabled=False)) == {"links": None}


def test_steps_are_done_as_long_as_inputs_and_outputs_are_there(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("x")
    mark_done(tmp_path, "a", "1", {"count": 2})
    mark_done(tmp_path, "b", "1", {})
    assert is_done(tmp_path, "a", "1", ("out",))
    assert not is_done(tmp_path, "a", "2", ("out",))
    assert not is_done(tmp_path, "a", "1", ("out", "other"))
    assert not is_done(tmp_path, "c", "1", ())


def test_folders_that_are_not_prepared(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"there is no pairs\.npz in it"):
        Prepared.load(tmp_path)
    (tmp_path / "vocab.json").write_text('{"</s>": 0, "<pad>": 2}')
    with pytest.raises(UserError, match="without a gap"):
        read_pieces(tmp_path / "vocab.json")


def test_a_teacher_translates_what_is_new(tmp_path: Path) -> None:
    from translate.marian.checkpoint import EMBEDDED
    from translate.training.distil import main

    text, out = tmp_path / "drafts.txt", tmp_path / "teacher.tsv"
    text.write_text("The model reads the text.\n\nOpen the file.\nThe model reads the text.\n", encoding="utf-8")
    command = ["--model", str(EMBEDDED), "--out", str(out), "--english", str(text), "--beam", "1"]
    assert main(command) == 0
    rows = list(read_pairs(out))
    assert [row[:2] for row in rows] == [("drafts", "The model reads the text."), ("drafts", "Open the file.")]
    assert all(row[2] for row in rows)
    whole = out.read_bytes()
    out.write_bytes(whole[:-4])  # stopped in the middle of a line
    assert main(command) == 0
    assert out.read_bytes() == whole
    assert main(["--model", str(EMBEDDED), "--out", str(out), "--english", str(tmp_path / "none")]) == 2
