"""Confidence without a reference: regression, correlations, features of real translations, the shipped weights."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glossary import Matcher, Termbase
from translate.config import load_config
from translate.decoding.alignment import Alignment
from translate.decoding.translator import Settings, Translation, translate_segments
from translate.document import parse
from translate.pipeline import load, run
from translate.results import RunRequest
from translate.scoring.calibration import cross_validated, fit, pearson, spearman
from translate.scoring.confidence import (
    ATTENTION,
    DEAR,
    TOKENS,
    Calibration,
    confidence,
    features,
    read,
    shipped,
    shipped_path,
)
from translate.scoring.rescoring import token_scores

DICE = np.random.default_rng(3)
TABLE = DICE.normal(size=(60, 3))
ROWS = [{"a": float(a), "b": float(b), "still": 2.0, "noise": float(n)} for a, b, n in TABLE]
TRUTH = [3 * row["a"] - 2 * row["b"] + 50 for row in ROWS]


def test_a_linear_truth_is_found_and_what_never_varied_has_no_weight() -> None:
    model = fit(ROWS, TRUTH, ridge=1e-6)
    assert model.predict({"a": 1, "b": 1, "still": 2, "noise": 9}) == pytest.approx(51, abs=1e-3)
    assert model.features["still"][2] == 0
    assert model.predict({"a": 0, "b": 0, "still": 99, "noise": 0}) == pytest.approx(50, abs=1e-3)
    assert abs(fit(ROWS, TRUTH, ridge=1e9).predict(ROWS[0]) - np.mean(TRUTH)) < 1e-3, "the penalty shrinks"
    with pytest.raises(ValueError, match="cannot be fitted"):
        fit(ROWS, TRUTH[1:])


def test_cross_validation_never_sees_the_group_that_it_estimates() -> None:
    groups = [str(k % 3) for k in range(60)]
    # One group's truth is wrong: its own estimates must not have learned from it.
    truth = [999.0 if g == "1" else t for g, t in zip(groups, TRUTH, strict=True)]
    estimates = cross_validated(ROWS, truth, groups, ridge=1e-6)
    wrong = [k for k, g in enumerate(groups) if g == "1"]
    assert [estimates[k] for k in wrong] == pytest.approx([TRUTH[k] for k in wrong], abs=1e-3)
    with pytest.raises(ValueError, match="two groups"):
        cross_validated(ROWS, TRUTH, ["1"] * 60)


def test_correlations() -> None:
    x = [1.0, 2.0, 3.0, 4.0]
    assert pearson(x, [2, 4, 6, 8]) == pytest.approx(1)
    assert spearman(x, [1, 10, 100, 1000]) == pytest.approx(1)
    assert spearman(x, [4, 3, 2, 1]) == pytest.approx(-1)
    assert pearson(x, [5, 5, 5, 5]) == 0
    assert spearman([1, 1, 2], [1, 2, 3]) == pytest.approx(np.corrcoef([1.5, 1.5, 3], [1, 2, 3])[0, 1])


@given(st.lists(st.integers(-5, 5), min_size=2, max_size=20))
def test_ranks_ignore_every_increasing_change(values: list[int]) -> None:
    floats = [float(v) for v in values]
    assert spearman(floats, [v**3 for v in floats]) == pytest.approx(spearman(floats, floats))


@pytest.fixture(scope="module")
def translations() -> list[Translation]:
    document = parse("The results are good. We thank them.\n\nA bridge fell into the river.\n\n`x = 1`\n")
    config = load_config(None, {"degenerate.retry_reference": False})
    engine = load(config)
    return translate_segments(document.segments, engine, Matcher(Termbase(())), Settings(beam_size=1))


def test_every_piece_has_a_log_probability(translations: list[Translation]) -> None:
    engine = load(load_config())
    tokens = token_scores(translations, engine)
    assert set(tokens) == {0, 1}
    for index in (0, 1):
        hypotheses = [h for _, _, h in translations[index].sentences]
        assert len(tokens[index]) == sum(h.rendering.pieces + 1 for h in hypotheses), "and each sentence an end"
        assert all(value <= 1e-4 for value in tokens[index])
    # Greedy decoding of the same text: its mean is the model's own score.
    (only,) = [h.rendering for _, _, h in translations[1].sentences]
    assert np.mean(tokens[1]) == pytest.approx(only.score, abs=0.05)
    values = features(translations[1:2], tokens[1])
    assert values is not None
    assert values["least piece"] <= values["low pieces"] <= values["log-probability"] + 0.05
    assert set(TOKENS) < values.keys()
    assert token_scores([], engine) == {}


def with_score(translation: Translation, score: float) -> Translation:
    sentences = tuple(
        (s, at, replace(h, rendering=replace(h.rendering, score=score))) for s, at, h in translation.sentences
    )
    return replace(translation, sentences=sentences)


def test_features_of_real_translations(translations: list[Translation]) -> None:
    first, second = features(translations[:1]), features(translations[1:2])
    both = features(translations[:2])
    assert first is not None
    assert second is not None
    assert both is not None
    assert first.keys() == second.keys() == both.keys() >= set(ATTENTION)
    assert first["worst sentence"] < first["log-probability"] < 0, "of two sentences"
    assert second["worst sentence"] == pytest.approx(second["log-probability"]), "of one"
    assert both["worst sentence"] == min(first["worst sentence"], second["worst sentence"])
    for name in ("log-probability", "coverage", "attention entropy"):
        low, high = sorted((first[name], second[name]))
        assert low <= both[name] <= high
    assert 0 < first["attention entropy"] < 1
    assert 0 < first["coverage"] <= 1


def test_confidence_is_a_share_and_falls_with_the_probability(translations: list[Translation]) -> None:
    levels = [confidence(with_score(translations[0], score)) for score in (-0.1, -0.6, -1.2, -90.0)]
    known = [level for level in levels if level is not None]
    assert len(known) == 4
    assert known == sorted(known, reverse=True)
    assert known[0] > known[2]
    assert all(0 <= level <= 1 for level in known)
    assert confidence(replace(translations[0], sentences=())) is None


def test_without_an_alignment_the_other_weights_serve(translations: list[Translation]) -> None:
    sentences = tuple(
        (s, at, replace(h, rendering=replace(h.rendering, alignment=Alignment((), (), np.zeros((0, 0), np.float32)))))
        for s, at, h in translations[0].sentences
    )
    bare = replace(translations[0], sentences=sentences)
    values = features([bare])
    assert values is not None
    assert not set(ATTENTION) & values.keys()
    known = shipped()
    assert confidence(bare, (), known) == pytest.approx(known.cheap.predict(values) / 100)


def test_the_shipped_weights_say_where_they_come_from_and_read_back() -> None:
    known = shipped()
    assert {"segments", "issues", "run", "ridge", "truth", "cross-validated by issue"} <= known.provenance.keys()
    results = known.provenance["cross-validated by issue"]
    assert all(0 < result["spearman"] < 1 for result in results.values())
    helps = results["all features"]["error"] < results["cheap features"]["error"]
    assert set(known.complete.features) - set(known.cheap.features) == (set(DEAR) if helps else set())
    text = shipped_path().read_text(encoding="utf-8")
    assert json.dumps(known.as_dict(), ensure_ascii=False, indent=1) + "\n" == text
    assert isinstance(read(shipped_path()), Calibration)


def test_the_report_has_it(tmp_path: Path) -> None:
    draft = tmp_path / "01.en.md"
    draft.write_text("The results are good.\n\n```\ncode\n```\n", encoding="utf-8")
    config = load_config(None, {"decoding.beam_size": 1, "memory.file": tmp_path / "m.sqlite"})
    result = run(RunRequest((str(draft),), report=tmp_path / "r.json"), config)
    report = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))
    (row,) = report["issues"][0]["segments"]
    (translation,) = result.issues[0].translations
    tokens = result.issues[0].tokens[translation.segment.index]
    assert row["confidence"] == pytest.approx(confidence(translation, tokens), abs=1e-4)
    assert report["confidence"]["estimates"] == "chrF2 / 100"
    assert report["confidence"]["fitted_on_this_model"] in (True, False)
