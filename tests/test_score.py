"""Scores equal sacreBLEU's own, and no list is ever cut short."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF
from sacrebleu.metrics.ter import TER

from translate.scoring.score import compare, score

REFERENCES = [
    "O modelo aprende a traduzir boletins inteiros em poucos segundos.",
    "A equipe publicou os pesos, o código e um notebook curto.",
    "Treinamos três versões e guardamos apenas a melhor delas.",
    "O *benchmark* mede o throughput em duas máquinas diferentes.",
    "Sim.",
    "Amanhã voltamos com mais notícias sobre visão computacional.",
]
HYPOTHESES = [
    "O modelo aprende a traduzir boletins completos em segundos.",
    "A equipe publicou os pesos, o código e um notebook curto.",
    "Guardamos apenas a melhor de três versões que treinamos.",
    "O benchmark mede a vazão de duas máquinas.",
    "Sim.",
    "Voltamos amanhã com mais notícias de visão por computador.",
]
POOR = [text.rsplit(" ", 3)[0] for text in HYPOTHESES]


def test_corpus_scores_are_sacrebleus() -> None:
    scores = score(HYPOTHESES, REFERENCES, metrics=("BLEU", "chrF2", "chrF++", "TER"))
    expected = {"BLEU": BLEU(), "chrF2": CHRF(), "chrF++": CHRF(word_order=2), "TER": TER()}
    for name, metric in expected.items():
        assert scores.corpus[name].value == pytest.approx(metric.corpus_score(HYPOTHESES, [REFERENCES]).score)
        assert scores.corpus[name].signature == str(metric.get_signature())
        assert scores.corpus[name].interval is None
    assert 20 < scores.corpus["BLEU"].value < 80


def test_segment_scores_are_sacrebleus() -> None:
    scores = score(HYPOTHESES, REFERENCES)
    assert len(scores.segments) == len(REFERENCES)
    for segment, hypothesis, reference in zip(scores.segments, HYPOTHESES, REFERENCES, strict=True):
        expected = BLEU(effective_order=True).sentence_score(hypothesis, [reference]).score
        assert segment["BLEU"] == pytest.approx(expected)
        assert segment["TER"] == pytest.approx(TER().sentence_score(hypothesis, [reference]).score)
    assert scores.segments[1] == pytest.approx({"BLEU": 100, "chrF2": 100, "TER": 0})
    assert scores.segments[4]["BLEU"] == pytest.approx(100), "a segment of one word has no 4-gram"


def test_intervals_are_sacrebleus_and_seeded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SACREBLEU_SEED", "7")
    scores = score(HYPOTHESES, REFERENCES, bootstrap=200, seed=99)
    monkeypatch.setenv("SACREBLEU_SEED", "99")
    for name, metric in (("BLEU", BLEU()), ("chrF2", CHRF()), ("TER", TER())):
        result = metric.corpus_score(HYPOTHESES, [REFERENCES], n_bootstrap=200)
        expected = (result._mean - result._ci, result._mean + result._ci)
        assert scores.corpus[name].interval == pytest.approx(expected, rel=1e-4)
        assert scores.corpus[name].signature == str(metric.get_signature())
    assert score(HYPOTHESES, REFERENCES, bootstrap=200, seed=99) == scores
    assert score(HYPOTHESES, REFERENCES, bootstrap=200, seed=98) != scores


@pytest.mark.parametrize(
    ("hypotheses", "references", "said"),
    [
        (["a"], ["a", "b"], "1 hypotheses cannot be scored against 2"),
        (["a", "b"], ["a"], "2 hypotheses cannot be scored against 1"),
        ([], [], "nothing to score"),
        (["a", "b"], ["a", " \n"], "segment 1 is blank"),
        ("text", "text", "lists of texts"),
    ],
)
def test_lists_are_never_cut_short(hypotheses: list[str], references: list[str], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        score(hypotheses, references)
    with pytest.raises(ValueError, match=said):
        compare(hypotheses, hypotheses, references)


def test_unknown_metric() -> None:
    with pytest.raises(ValueError, match="choose from BLEU"):
        score(["a"], ["a"], metrics=["COMET"])  # type: ignore[list-item]


def test_empty_hypothesis_scores_nothing_and_line_breaks_count_as_blanks() -> None:
    scores = score(["", "um\n dois   três"], ["um dois", "um dois três"])
    assert scores.segments[0] == pytest.approx({"BLEU": 0, "chrF2": 0, "TER": 100})
    assert scores.segments[1] == pytest.approx({"BLEU": 100, "chrF2": 100, "TER": 0})


def test_scores_are_json() -> None:
    scores = score(HYPOTHESES, REFERENCES, bootstrap=10, text="raw Markdown")
    again = json.loads(json.dumps(scores.as_dict()))
    assert again["text"] == "raw Markdown"
    assert again["corpus"]["BLEU"]["interval"] == list(scores.corpus["BLEU"].interval or ())
    assert len(again["segments"]) == len(REFERENCES)


def test_compare_finds_the_better_system() -> None:
    comparison = compare(POOR * 5, HYPOTHESES * 5, REFERENCES * 5, samples=200)
    assert comparison.metrics["chrF2"].system > comparison.metrics["chrF2"].baseline
    assert comparison.metrics["chrF2"].p_value < 0.05
    assert (comparison.wins, comparison.losses, comparison.ties) == (25, 0, 5)
    worst = comparison.most_different(2)
    assert len(worst) == 2
    assert abs(comparison.differences[worst[0]]) == max(map(abs, comparison.differences))
    json.dumps(comparison.as_dict())


@pytest.mark.parametrize("test", ["bootstrap", "randomization"])
def test_compare_a_system_with_itself(test: str) -> None:
    comparison = compare(HYPOTHESES, HYPOTHESES, REFERENCES, test=test, samples=50)  # type: ignore[arg-type]
    assert comparison.metrics["BLEU"].p_value == 1.0
    assert comparison.ties == len(REFERENCES)


def test_import_is_light() -> None:
    code = "import sys, translate.scoring.score; print('sacrebleu' in sys.modules or 'numpy' in sys.modules)"
    root = Path(__file__).resolve().parents[1]
    out = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert out.stdout == "False\n"


def test_a_corpus_of_two_sentences_has_its_intervals() -> None:
    hypotheses = ["A taxa do modelo dobrou.", "Os dados estão limpos."]
    references = ["O throughput do modelo dobrou.", "Os dados são limpos."]
    found = score(hypotheses, references, bootstrap=200)
    for metric in found.corpus.values():
        assert metric.interval is not None
        assert metric.interval[0] <= metric.value + 1e-6
