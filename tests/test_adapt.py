"""Adapting a checkpoint to a team's translators: data, verdict, command and flow."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from glossary import Matcher, Term, Termbase
from tests.marian_support import random_checkpoint
from tests.training_support import sentences
from translate.cli import main
from translate.config import Config, load_config
from translate.document.parse import parse
from translate.errors import UserError
from translate.marian.checkpoint import EMBEDDED, load_directory
from translate.memory import Unit, open_memory
from translate.pipeline import prepare
from translate.text_file import SourceText
from translate.training.adapt import AdaptRequest, adapt, read_domain
from translate.training.domain import (
    DomainPair,
    TestItem,
    approved_units,
    items_of_version,
    pairs_of_units,
    pairs_of_version,
    usable,
)
from translate.training.examples import Example, aligned, best_links, encode_examples, with_terms
from translate.training.exclude import HeldOut
from translate.training.generic import own_translations, sample
from translate.training.trial import Output, judge, read_general

# A house style that no model guesses: what was learned shows in the scores.
_HOUSE = {
    "O modelo": "Nosso modelo",
    "A professora": "A mestra",
    "caderno": "bloco",
    "lê": "consulta",
    "carta": "missiva",
}


def house(portuguese: str) -> str:
    for usual, ours in _HOUSE.items():
        portuguese = portuguese.replace(usual, ours)
    return portuguese


def issue(folder: Path, number: int, pairs: list[tuple[str, str]]) -> tuple[str, str]:
    """A draft and its human version, a bilingual file: a heading, then a paragraph for each pair."""
    draft, human = folder / f"{number:02}.en.md", folder / f"{number:02}.pt-br.md"
    draft.write_text(f"# Issue {number}\n\n" + "".join(f"{en}\n\n" for en, _ in pairs), encoding="utf-8")
    blocks = (f"{house(pt)}\n\n<!-- {en} -->\n\n" for en, pt in pairs)
    human.write_text(f"# Edição {number}\n\n<!-- # Issue {number} -->\n\n" + "".join(blocks), encoding="utf-8")
    return str(draft), str(human)


@pytest.fixture
def issues(tmp_path: Path) -> list[tuple[str, str]]:
    """Five issues; no sentence stands in two."""
    pairs = sentences()
    return [issue(tmp_path, n + 1, pairs[n::5][:18]) for n in range(5)]


@pytest.fixture
def general(tmp_path: Path) -> tuple[Path, Path]:
    english, portuguese = tmp_path / "general.en", tmp_path / "general.pt"
    english.write_text("It rained for three days.\nThe bridge is closed on Sundays.\n", encoding="utf-8")
    portuguese.write_text("Choveu por três dias.\nA ponte fecha aos domingos.\n", encoding="utf-8")
    return english, portuguese


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """A checkpoint of random weights: adapted in a second, good for nothing."""
    return random_checkpoint(tmp_path / "tiny")


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    monkeypatch.setenv("TRANSLATE_ISSUE_MEMORY", str(tmp_path / "memory.sqlite"))
    return load_config(None, {"model.threads": 1, "decoding.beam_size": 1, "degenerate.retry_reference": False})


def with_model(config: Config, directory: Path) -> Config:
    return replace(config, model=replace(config.model, name=str(directory)))


# Pairs ---------------------------------------------------------------------------------------------


def version(draft: str, human: str, config: Config) -> tuple[list[tuple[str, str]], list[TestItem]]:
    ours, theirs = prepare(SourceText(draft, Path("07.en.md")), config), SourceText(human, Path("07.pt-br.md"))
    pairs = pairs_of_version(ours, theirs, config)
    return [(p.english, p.portuguese) for p in pairs], items_of_version(ours, theirs, config)


def test_pairs_are_without_markup_and_short_blocks_are_not_cut_where_that_is_unsure(config: Config) -> None:
    pairs, items = version(
        "# A title here\n\nThe **old** printer reads [the letter](https://example.org). It keeps two maps.\n",
        "# Um título aqui\n\nA impressora **antiga** lê [a carta](https://example.org). Ela guarda dois mapas.\n",
        config,
    )
    assert pairs == [
        ("A title here", "Um título aqui"),
        (
            "The old printer reads the letter. It keeps two maps.",
            "A impressora antiga lê a carta. Ela guarda dois mapas.",
        ),
    ]
    assert [item.reference for item in items] == [
        "Um título aqui",
        "A impressora antiga lê a carta. Ela guarda dois mapas.",
    ]


def test_copied_sentences_other_lengths_and_repetitions_teach_nothing() -> None:
    good = DomainPair("The garden  gate is green.", "O portão do jardim é verde.", "a.md")
    copied = DomainPair("Send us your questions.", "Send us your questions.", "a.md")
    name = DomainPair("Maria Souza", "Maria Souza", "a.md")
    longer = DomainPair("See below.", "Veja abaixo a lista inteira das perguntas que nos enviaram.", "a.md")
    assert usable([good, copied, good, name, longer]) == [replace(good, english="The garden gate is green."), name]


def test_the_memory_gives_human_and_approved_units_newest_of_each_source() -> None:
    units = [
        Unit("Two *maps*.", "Two maps.", "Dois *mapas*.", "human", document="a.md", updated=1.0),
        Unit("Two *maps*.", "Two maps.", "Um par de *mapas*.", "human", context="x", document="b.md", updated=5.0),
        Unit("A letter.", "A letter.", "Uma carta.", "machine", document="a.md", updated=2.0),
        Unit("A gate.", "A gate.", "Um portão.", "machine", approved=True, document="a.md", updated=3.0),
    ]
    chosen = approved_units(units)
    assert [unit.document for unit in chosen] == ["a.md", "b.md"]
    assert [(p.english, p.portuguese) for p in pairs_of_units(chosen)] == [
        ("A gate.", "Um portão."),
        ("Two maps.", "Um par de mapas."),
    ]


def test_the_newest_issues_are_held_out_and_no_pair_of_them_is_trained_on(
    issues: list[tuple[str, str]], tmp_path: Path, config: Config, general: tuple[Path, Path]
) -> None:
    shared = [("The engineer paints the garden gate of the old house.", "O engenheiro pinta o portão da casa antiga.")]
    tenth = issue(tmp_path, 10, [*shared, *sentences()[7::23]])
    pairs = (tenth, *issues)  # 10 comes after 5, wherever it is given
    first = tmp_path / "01.en.md"
    first.write_text(first.read_text() + shared[0][0] + "\n", encoding="utf-8")
    human = tmp_path / "01.pt-br.md"
    human.write_text(human.read_text() + shared[0][1] + "\n", encoding="utf-8")
    domain = read_domain(AdaptRequest(tmp_path, general, pairs=pairs), config)
    assert {Path(item.document).name for item in domain.items} == {"05.en.md", "10.en.md"}
    assert {Path(name).name for name in domain.documents} == {"01.en.md", "02.en.md", "03.en.md", "04.en.md"}
    assert domain.overlapping > 0
    tested = " ".join(item.english for item in domain.items), " ".join(item.reference for item in domain.items)
    for pair in domain.pairs:
        assert f"{pair.english} " not in f"{tested[0]} "
        assert f"{pair.portuguese} " not in f"{tested[1]} "
    assert not any(pair.english == shared[0][0] for pair in domain.pairs)


def test_generic_pairs_of_the_test_text_are_left_out(tmp_path: Path) -> None:
    rows = [f"made-up\t{en}\t{pt}" for en, pt in sentences()]
    (tmp_path / "generic.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    held_out = HeldOut(["The model reads the letter.", "Dois mapas. O engenheiro guarda o portão do jardim."])
    found = sample([tmp_path / "generic.tsv"], 1000, held_out, seed=1)
    missing = set(sentences()) - set(found)
    assert {en for en, _ in missing} == {"The model reads the letter.", "The engineer keeps the garden gate."}
    assert sample([tmp_path / "generic.tsv"], 5, held_out, seed=1) == found[:5]


def test_nothing_to_test_on_and_too_little_to_train_on(
    issues: list[tuple[str, str]], tmp_path: Path, config: Config, general: tuple[Path, Path]
) -> None:
    with pytest.raises(UserError, match="nothing to test on"):
        read_domain(AdaptRequest(tmp_path, general, pairs=(issues[0],)), config)
    with pytest.raises(UserError, match="nothing to test on"):  # the memory is empty
        read_domain(AdaptRequest(tmp_path, general), config)
    few = issue(tmp_path, 8, sentences()[:6])
    with pytest.raises(UserError, match=r"only \d+ sentence pairs to train on, 20 are needed"):
        read_domain(AdaptRequest(tmp_path, general, pairs=(few,), tests=(issues[3],)), config)


def test_the_memory_is_trained_on_and_its_newest_document_tested_on(
    tmp_path: Path, config: Config, general: tuple[Path, Path]
) -> None:
    with open_memory(config) as memory:
        memory.add(
            Unit(en, en, house(pt), "human", document=f"{n % 4}.md", updated=float(9 - n % 4))
            for n, (en, pt) in enumerate(sentences())
        )
    domain = read_domain(AdaptRequest(tmp_path, general), config)
    assert set(domain.documents) == {"1.md", "2.md", "3.md"}
    assert {item.document for item in domain.items} == {"0.md"}  # the last that was changed
    assert len(domain.items) == 38


def test_parallel_files_must_have_as_many_lines(tmp_path: Path, general: tuple[Path, Path]) -> None:
    assert len(read_general(*general)) == 2
    general[0].write_text("One line.\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"general\.pt: has 2 lines, .*general\.en 1"):
        read_general(*general)


# Examples ------------------------------------------------------------------------------------------


def test_terms_that_the_human_kept_are_marked_on_both_sides() -> None:
    matcher = Matcher(Termbase((Term("notebook"), Term("gate"))))
    kept = with_terms("A notebook at the gate.", "Um notebook no portão.", matcher)
    assert kept == Example("A notebook at the gate.", "Um notebook no portão.", ((2, 10),), ((3, 11),))
    assert with_terms("A notebook.", "Um caderno.", matcher) is None
    prepared = encode_examples([kept, Example("A notebook.", "Um <t> caderno.")], load_directory(EMBEDDED))
    for side in prepared.pair(0):
        pieces = [prepared.pieces[i] for i in side]
        assert "".join(pieces[pieces.index("<t>") + 1 : pieces.index("</t>")]) == "▁notebook"
    assert prepared.vocabulary["<t>"] not in np.concatenate(prepared.pair(1)).tolist()


def test_links_are_the_highest_attention_of_each_piece() -> None:
    attention = np.array([[0.8, 0.1, 0.1], [0.5, 0.4, 0.1], [0.1, 0.2, 0.7], [0.1, 0.6, 0.3]], np.float32)
    assert best_links(attention).tolist() == [[0, 0, 1], [0, 1, 0], [1, 3, 1]]  # the third attends to </s>
    assert best_links(np.zeros((0, 3), np.float32)).shape == (0, 3)


def test_the_checkpoint_aligns_its_own_pairs() -> None:
    from translate.training.model import load_model

    checkpoint = load_directory(EMBEDDED)
    prepared = encode_examples([Example("The model reads two letters.", "O modelo lê duas cartas.")], checkpoint)
    prepared = aligned(prepared, load_model(EMBEDDED, dropout=0.0))
    source, target = ([prepared.pieces[i] for i in side] for side in prepared.pair(0))
    links = prepared.links_of(0)
    assert links is not None
    found = {(source[i], target[j]) for i, j, _ in links.tolist()}
    assert ("▁model", "▁modelo") in found
    assert ("▁two", "▁duas") in found


def test_without_files_the_model_rehearses_what_it_says() -> None:
    from translate.marian import load_engine

    engine = load_engine("ctranslate2", load_directory(EMBEDDED), threads=1)
    english = ["The model reads the text. It is fast and small.", "Yes."]
    found = own_translations(english, engine, 10, seed=1)
    assert {en for en, _ in found} == {"The model reads the text.", "It is fast and small."}
    assert all("modelo" in pt for en, pt in found if "model" in en)


# The verdict ---------------------------------------------------------------------------------------


def outputs(good: int, *, terms: int = 9, general: int = 30) -> Output:
    """``good`` of 60 items and ``general`` of 30 sentences as the reference has them, the rest something else."""
    pairs = sentences()
    texts = tuple(pt if k < good else "Nada disso estava no texto original." for k, (_, pt) in enumerate(pairs[:60]))
    others = tuple(pt if k < general else "Outra coisa." for k, (_, pt) in enumerate(pairs[100:130]))
    return Output(texts, texts, (terms, 9), (terms, 9), others)


@pytest.fixture
def items() -> list[TestItem]:
    return [TestItem(parse(en).segments, pt, "a.en.md") for en, pt in sentences()[:60]]


@pytest.mark.parametrize(
    ("after", "reasons"),
    [
        (outputs(50), []),
        (outputs(40), ["BLEU on the held-out issues", "chrF2 on the held-out issues"]),
        (outputs(30), ["BLEU on the held-out issues", "chrF2 on the held-out issues"]),
        (outputs(50, general=28), ["BLEU on the general sentences"]),
        (outputs(50, terms=8), ["8/9 terms are kept, before 9/9"]),
    ],
)
def test_only_what_is_significantly_better_and_forgets_nothing_is_kept(
    items: list[TestItem], after: Output, reasons: list[str]
) -> None:
    verdict = judge(outputs(40), after, items, [pt for _, pt in sentences()[100:130]])
    assert verdict.keep == (not reasons)
    assert len(verdict.reasons) == len(reasons)
    for said, expected in zip(verdict.reasons, reasons, strict=True):
        assert said.startswith(expected)
    told = verdict.as_dict()
    assert told["kept"] == verdict.keep
    assert json.loads(json.dumps(told)) == told
    assert any(line.startswith("terms kept") for line in verdict.lines())


# The whole -----------------------------------------------------------------------------------------


def arguments(issues: list[tuple[str, str]], general: tuple[Path, Path], out: Path) -> list[str]:
    given = [part for pair in issues for part in ("--pair", *pair)]
    return ["adapt", *given, "--general", *map(str, general), "--out", str(out), "--quiet"]


@pytest.fixture
def one_thread(tmp_path: Path) -> str:
    path = tmp_path / "config.yaml"
    path.write_text(
        "model: {threads: 1}\ndecoding: {beam_size: 1}\ndegenerate: {retry_reference: false, retry_beams: []}\n"
    )
    return str(path)


def test_a_checkpoint_that_is_not_better_is_not_kept(
    issues: list[tuple[str, str]],
    general: tuple[Path, Path],
    tiny: Path,
    tmp_path: Path,
    one_thread: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out, report = tmp_path / "models", tmp_path / "report.json"
    common = ["--model", str(tiny), "--updates", "2", "--config", one_thread]
    code = main([*arguments(issues, general, out), *common, "--report", str(report)])
    said = capsys.readouterr().out
    assert code == 1
    assert "not kept, nothing was written:" in said
    assert not out.exists()
    told = json.loads(report.read_text())
    assert told["kept"] is False
    assert told["updates"] == 2
    assert told["generic"] == "own translations"
    assert told["tested_on"] == ["05.en.md"]
    assert told["reasons"]


def test_a_better_checkpoint_is_kept_as_a_new_directory_and_can_be_selected(
    issues: list[tuple[str, str]],
    general: tuple[Path, Path],
    tmp_path: Path,
    one_thread: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "models"
    usual = [(en, pt) for en, pt in sentences() if house(pt) == pt]  # what is general in so small a world
    general[0].write_text("\n".join(en for en, _ in usual[::6]) + "\n", encoding="utf-8")
    general[1].write_text("\n".join(pt for _, pt in usual[::6]) + "\n", encoding="utf-8")
    generic = tmp_path / "generic.tsv"
    generic.write_text("".join(f"{en}\t{pt}\n" for en, pt in usual), encoding="utf-8")
    options = [
        "--generic",
        str(generic),
        "--updates",
        "30",
        "--rate",
        "0.001",
        "--share",
        "0.2",
        "--config",
        one_thread,
        "--json",
    ]
    code = main([*arguments(issues, general, out), *options])
    told = json.loads(capsys.readouterr().out)
    assert code == 0, told["reasons"]
    path = Path(told["checkpoint"])
    assert path.parent == out
    assert path.name == f"adapted-{told['date']}-{told['hash'][:8]}"
    assert [p.name for p in out.iterdir()] == [path.name]
    assert load_directory(path).hash == told["hash"]
    assert told["in_domain"]["metrics"]["BLEU"]["p_value"] < 0.05
    card = (path / "README.md").read_text()
    assert "01.en.md, 02.en.md, 03.en.md, 04.en.md" in card
    assert "Tested on 05.en.md" in card
    draft, bilingual = tmp_path / "new.en.md", tmp_path / "new.pt-br.md"
    draft.write_text("The teacher reads a green notebook.\n", encoding="utf-8")
    assert main(["run", str(draft), "--model", str(path), "--config", one_thread, "--quiet"]) == 0
    assert "mestra" in bilingual.read_text(encoding="utf-8")


def test_bad_input_is_one_sentence(
    issues: list[tuple[str, str]], general: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    general[0].unlink()
    assert main(arguments(issues, general, tmp_path / "models")) == 2
    assert "general.en: no such file" in capsys.readouterr().err


@pytest.mark.usefixtures("prefect_api")
def test_the_flow_reports_and_keeps_nothing_that_is_not_better(
    issues: list[tuple[str, str]], general: tuple[Path, Path], tiny: Path, tmp_path: Path
) -> None:
    from prefect.client.orchestration import get_client

    from flows.adapt_model import adapt_model

    report = adapt_model(
        out=str(tmp_path / "models"),
        general=[str(path) for path in general],
        pairs=[list(pair) for pair in issues],
        updates=2,
        settings={"model.name": str(tiny), "model.threads": 1, "decoding.beam_size": 1, "degenerate.retry_beams": []},
    )
    assert report["kept"] is False
    assert "checkpoint" not in report
    with get_client(sync_client=True) as client:
        found = client.read_artifacts(limit=20)
    assert any(a.key == "adaptation" and "Not kept" in str(a.data) for a in found)


def test_adapting_twice_with_one_seed_gives_the_same_numbers(
    issues: list[tuple[str, str]], general: tuple[Path, Path], tiny: Path, tmp_path: Path, config: Config
) -> None:
    request = AdaptRequest(tmp_path / "models", general, pairs=tuple(issues), updates=3)
    changed = with_model(config, tiny)
    reports = [adapt(request, changed).report for _ in range(2)]
    assert reports[0]["hash"] == reports[1]["hash"] != load_directory(tiny).hash
