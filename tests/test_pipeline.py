"""The main job on the shipped draft and on real newsletters, through the real model."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Generator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from glossary import Termbase
from translate.config import Config, load_config
from translate.decoding.translator import Translation
from translate.document import parse
from translate.document.bilingual_reader import read_bilingual
from translate.errors import UserError
from translate.marian.protocol import Engine
from translate.pipeline import STEPS, render_bilingual, run, translate_drafts
from translate.results import Draft, RunRequest, RunResult, Watcher
from translate.summary import summary

ROOT = Path(__file__).resolve().parents[1]
SAMPLE = ROOT / "drafts" / "01-sample.en.md"
HUMAN = ROOT / "drafts" / "01-sample.pt-br.human.md"
STUBBORN = "terms: [dataset, paper, language model, training, attention, framework, learning rate]\n"

_URL = re.compile(r"https?://[^\s)>\]\"]+")
_IMAGE = re.compile(r"!\[[^\]]*\]\(([^)\s]+)")
_CODE = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)")


def fast_config(**overrides: object) -> Config:
    values: dict[str, object] = {"score.bootstrap": 0, "score.metrics": ["BLEU", "chrF2"]}
    return load_config(None, values | {key.replace("__", "."): value for key, value in overrides.items()})


def target_only(bilingual: str) -> str:
    return re.sub(r"<!--.*?-->", "", bilingual, flags=re.DOTALL)


def assert_nothing_harmed(result: RunResult) -> None:
    for issue in result.issues:
        draft = target_only(issue.draft.source.text)
        page = target_only(issue.bilingual)
        for pattern in (_URL, _IMAGE, _CODE):
            assert Counter(pattern.findall(page)) == Counter(pattern.findall(draft)), issue.draft.name
        assert [len(t.segment.spans) for t in issue.translations] == [
            sum(1 for s in t.target.spans if s.source is not None) for t in issue.translations
        ]


def assert_terms_kept(result: RunResult) -> None:
    for issue in result.issues:
        for t in issue.translations:
            assert not t.verification.missing, (issue.draft.name, t.segment.text, t.target.text)


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    folder = tmp_path_factory.mktemp("sample")
    request = RunRequest((str(SAMPLE),), str(folder / "01.md"), (str(HUMAN),), folder / "report.json")
    return run(request, load_config())


def test_the_shipped_draft_keeps_every_term_and_all_markup(sample: RunResult) -> None:
    assert_nothing_harmed(sample)
    assert_terms_kept(sample)
    assert sum(t.verification.total for t in sample.issues[0].translations) >= 25


def test_the_title_says_that_it_is_portuguese(sample: RunResult) -> None:
    page = sample.issues[0].bilingual
    assert re.search(r'^title: ".*\[PT-BR\].*"$', page, re.MULTILINE)
    assert "[EN]" not in page.split("---")[1]


def test_the_bilingual_file_reads_back_as_the_drafts_entries(sample: RunResult) -> None:
    issue = sample.issues[0]
    assert issue.path is not None
    assert issue.path.read_bytes() == issue.bilingual.encode()
    document = issue.draft.document
    english = [document.source[e.start : e.end] for e in document.entries]
    assert [unit.english for unit in read_bilingual(issue.bilingual).units if unit.english is not None] == english


def test_the_report_holds_every_segment(sample: RunResult) -> None:
    assert sample.report is not None
    report = json.loads(sample.report.read_text(encoding="utf-8"))
    rows = report["issues"][0]["segments"]
    assert [row["source"] for row in rows] == [t.segment.text for t in sample.issues[0].translations]
    assert {"hash", "engine", "beam", "glossary", "version"} <= set(report["signature"])
    scored = [row for row in rows if row["reference"] is not None]
    assert len(scored) >= 0.9 * len(rows)
    assert all(0 <= row["scores"]["markdown_stripped"]["BLEU"] <= 100.0001 for row in scored)
    paired = [(row, pair) for row in scored for pair in row.get("reference_sentences", ())]
    assert len(paired) >= 0.6 * len(scored)
    for row, (a, b, x, y, certainty) in paired:
        assert row["source"][a:b].strip() == row["source"][a:b] != ""
        assert row["reference"][x:y].strip() == row["reference"][x:y] != ""
        assert 0.8 <= certainty <= 1
    for row in rows:
        for a, b, x, y, weight in row["alignment"]:
            assert 0 <= a < b <= len(row["source"])
            assert 0 <= x <= y <= len(row["hypothesis"])
            assert 0 <= weight <= 1.001


def test_the_report_shows_the_scores_without_the_glossary(sample: RunResult) -> None:
    assert sample.report is not None
    issue = json.loads(sample.report.read_text(encoding="utf-8"))["issues"][0]
    bare, terms = issue["without_glossary"]["markdown_stripped"], issue["without_glossary"]["terms"]
    with_it = issue["scores"]["markdown_stripped"]
    assert bare["chrF2"]["signature"] == with_it["chrF2"]["signature"]
    assert bare["chrF2"]["value"] != with_it["chrF2"]["value"]
    assert terms["occurrences"] == issue["scores"]["terms"]["machine"]["occurrences"]
    assert 0 < terms["kept"] < terms["occurrences"], "the model alone translates some of them"
    (line,) = [line for line in summary(sample).splitlines() if "without the glossary: BLEU " in line]
    assert f"chrF2 {bare['chrF2']['value']:.1f}" in line


def test_kept_text_has_no_scores_without_the_glossary(sample: RunResult, tmp_path: Path) -> None:
    path = sample.issues[0].path
    assert path is not None
    output = tmp_path / "01.md"
    output.write_bytes(path.read_bytes())
    again = run(RunRequest((str(SAMPLE),), str(output), (str(HUMAN),), tmp_path / "report.json"), load_config())
    assert again.issues[0].scores is not None
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert report["issues"][0]["without_glossary"] is None
    assert "without the glossary" not in summary(again)


def test_the_summary_says_what_counts(sample: RunResult) -> None:
    text = summary(sample)
    for expected in ("segments", "terms kept", "BLEU", "chrF2", "TER", "words per second", "signature", "human"):
        assert expected in text


@pytest.fixture(scope="module")
def newsletters(shared: Path) -> list[str]:
    return sorted(str(path) for path in (shared / "newsletters").glob("*.en.md"))


@pytest.mark.parametrize("stubborn", [False, True], ids=["shipped glossary", "words the model would translate"])
def test_real_newsletters(newsletters: list[str], tmp_path: Path, stubborn: bool) -> None:
    overrides: dict[str, object] = {}
    if stubborn:
        (tmp_path / "terms.yaml").write_text(STUBBORN, encoding="utf-8")
        overrides["glossary__file"] = tmp_path / "terms.yaml"
    result = run(RunRequest(tuple(newsletters), str(tmp_path / "out")), fast_config(**overrides))
    assert_nothing_harmed(result)
    assert_terms_kept(result)
    for issue in result.issues:
        document = parse(target_only(issue.bilingual))
        assert [s.kind for s in document.segments] == [t.segment.kind for t in issue.translations]


def test_a_draft_is_put_together_as_soon_as_its_translations_are_there(tmp_path: Path) -> None:
    drafts = [tmp_path / f"{name}.en.md" for name in ("one", "two")]
    for draft in drafts:
        draft.write_text(f"The model of {draft.name} is small.\n", encoding="utf-8")
    order: list[str] = []
    closed: list[bool] = []

    def one_by_one(
        wanted: Sequence[Draft], engine: Engine, termbase: Termbase, config: Config, watcher: Watcher
    ) -> Generator[list[Translation], None, None]:
        try:
            for draft in wanted:
                order.append(f"translated {Path(draft.name).stem}")
                yield from translate_drafts([draft], engine, termbase, config, watcher)
        finally:
            closed.append(True)

    def render(draft: Draft, translations: Sequence[Translation], config: Config) -> str:
        order.append(f"rendered {Path(draft.name).stem}")
        if len(order) == 6:
            raise UserError("this draft cannot be put together")
        return render_bilingual(draft, translations, config)

    steps = replace(STEPS, translate=one_by_one, render=render)
    request = RunRequest(tuple(map(str, drafts)), str(tmp_path / "out") + "/")
    assert len(run(request, fast_config(), steps=steps).issues) == 2
    assert order == ["translated one.en", "rendered one.en", "translated two.en", "rendered two.en"]

    with pytest.raises(UserError, match="put together"):
        run(replace(request, out=str(tmp_path / "other") + "/"), fast_config(), steps=steps)
    assert order[4:] == ["translated one.en", "rendered one.en"]
    assert closed == [True, True], "what is still to be translated is taken back"
    assert not list((tmp_path / "other").glob("*"))


def test_a_run_is_repeatable(sample: RunResult, tmp_path: Path) -> None:
    again = run(RunRequest((str(SAMPLE),), str(tmp_path / "01.md")), fast_config())
    assert again.issues[0].bilingual == sample.issues[0].bilingual
