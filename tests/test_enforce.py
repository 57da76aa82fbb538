"""Every protected range comes through once, whatever the model does. The real engine, and one with random weights."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from benchmarks.strategies.common import Unmarked
from glossary import Matcher, Term, Termbase
from tests.marian_support import random_checkpoint
from translate.decoding.enforce import enforce, request
from translate.decoding.reluctant import is_reluctant, reluctant
from translate.decoding.terms import occurrences
from translate.decoding.translator import Settings, Translation, translate_segments
from translate.document.model import Segment, Span
from translate.marian import load_engine, resolve
from translate.marian.protocol import Engine, Hypothesis, Request

TERMS = (
    Term("dataset", gender="m"),
    Term("throughput", gender="m"),
    Term("random forest", gender="f"),
    Term("learning rate", gender="f"),
    Term("transfer learning", gender="m"),
    Term("deep transfer learning", gender="m"),
    Term("attention", gender="f", exceptions=("pay attention",)),
    Term("pipeline", gender="m", match="noun-phrase"),
    Term("GPT-2"),
    Term("C++"),
    Term("e-mail", gender="m"),
)
MATCHER = Matcher(Termbase(TERMS))
FILLERS = """
    the a of and with is are we use new this each, . ( ) " : ; model results better very fast It in for not that 10
    trained Why ? - faster/ which to be or between two
"""
SURFACES = (
    "dataset", "datasets", "Throughput", "random forest", "Random Forests", "learning-rate", "transfer learning",
    "deep transfer learning", "attention", "ATTENTION", "pipeline", "GPT-2", "C++", "e-mail", "pay attention",
)  # fmt: skip
RENDERED = ("machine learning", "Neural networks", "feature", "features", "loss", "dataset")
CODES = ("np.dot(a, b)", "https://example.org/dataset?x=1", "dataset", "lr=1e-4", "pip install attention", "$O(n^2)$")


@pytest.fixture(scope="module")
def engine() -> Engine:
    return load_engine("ctranslate2", resolve(None))


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """Random weights: every hypothesis is nonsense."""
    directory = random_checkpoint(tmp_path_factory.mktemp("hostile") / "model")
    return load_engine("ctranslate2", resolve(str(directory)))


def segment(*parts: str, index: int = 0) -> Segment:
    """A paragraph; parts in backquotes are code spans."""
    text, spans = "", list[Span]()
    for part in parts:
        shown = part.strip("`")
        if part.startswith("`"):
            place = (len(text), len(text) + len(shown))
            spans.append(Span(*place, "code", True, place, place))
        text += shown
    return Segment(index, "paragraph", text, tuple(spans), 0, 0)


def translated(engine: Engine | Unmarked, segments: Sequence[Segment], matcher: Matcher = MATCHER) -> list[Translation]:
    return translate_segments(segments, engine, matcher, Settings(retry_beams=(), italic=False))


def check(translations: Sequence[Translation]) -> None:
    """Every term kept, none doubled, code spans verbatim and where the target says."""
    for translation in translations:
        text, spans = translation.target.text, translation.segment.spans
        shown = (translation.segment.text, text)
        assert not translation.verification.missing, shown
        places = {s.source: text[s.start : s.end] for s in translation.target.spans}
        assert places == {i: translation.segment.text[s.start : s.end] for i, s in enumerate(spans)}, shown


sentence = st.lists(
    st.sampled_from([*FILLERS.split(), *SURFACES * 2, *(f"`{code}`" for code in CODES)]),
    min_size=1,
    max_size=24,
)
batches = st.lists(sentence, min_size=10, max_size=10)


def segments_of(batch: Sequence[Sequence[str]]) -> list[Segment]:
    return [
        segment(*(part for word in words for part in (word, " ")), index=index) for index, words in enumerate(batch)
    ]


few = settings(
    max_examples=4, deadline=None, suppress_health_check=list(HealthCheck), phases=(Phase.explicit, Phase.generate)
)


@few
@given(batches)
def test_any_text_keeps_its_terms_and_code(engine: Engine, batch: list[list[str]]) -> None:
    check(translated(engine, segments_of(batch)))


@few
@given(batches)
def test_a_checkpoint_without_protected_spans_keeps_them_too(engine: Engine, batch: list[list[str]]) -> None:
    check(translated(Unmarked(engine), segments_of(batch)))


@few
@given(batches)
def test_a_model_that_talks_nonsense_keeps_them_too(hostile: Engine, batch: list[list[str]]) -> None:
    check(translated(hostile, segments_of(batch)))
    check(translated(Unmarked(hostile), segments_of(batch)))


@pytest.mark.parametrize("marked", [True, False])
def test_hard_sentences(engine: Engine, *, marked: bool) -> None:
    names = ["dataset", "throughput", "random forest", "learning rate", "transfer learning", "attention", "pipeline"]
    lines = [
        "The " + ", the ".join(names * 3) + " are explained.",  # 21 terms
        " ".join(names),
        "dataset dataset dataset dataset.",
        "Deep transfer learning, transfer learning and transfer learning.",
        '("attention")/[dataset]; {throughput}: \u2018pipeline\u2019.',
        "The dataset-based random-forest has a high-throughput pipeline.",
        "DATASET or Dataset or dataset or datasets or dataset's?",
        "dataset\u00a0throughput \U0001f680 pipeline",
        "We use the dataset " + "and then we train it again with more care " * 12 + "for the pipeline.",
    ]
    segments = [segment(line, index=k) for k, line in enumerate(lines)]
    done = translated(engine if marked else Unmarked(engine), segments)
    check(done)
    assert sum(t.verification.total for t in done) >= 21 + 7 + 4 + 3 + 4 + 4 + 5 + 3 + 2


def test_sentences_without_violations_are_decoded_once(engine: Engine) -> None:
    (source,) = {s.source for t in translated(engine, [segment("We use a new dataset.")]) for s, _, _ in t.sentences}
    assert source is not None
    encoded, first = request(source, engine.tokenizer, 3.0)
    rounds: list[int] = []
    hypotheses = engine.translate([first], beam_size=4)[0]
    (rendering,) = enforce([source], [encoded], hypotheses, engine, beam_size=4, ratio=3.0, on_round=rounds.append)
    assert rounds == []
    assert rendering.rungs == ("kept",)


def test_enforcing_twice_changes_nothing(engine: Engine) -> None:
    lines = ["The attention of this model needs a dataset.", "Each random forest has a learning rate and a pipeline."]
    segments = [segment(line, index=k) for k, line in enumerate(lines)]
    assert [t.target for t in translated(engine, segments)] == [t.target for t in translated(engine, segments)]
    for sources in [[s.source for s, _, _ in t.sentences if s.source] for t in translated(engine, segments)]:
        prepared = [request(source, engine.tokenizer, 3.0) for source in sources]
        raw = [h[0] for h in engine.translate([r for _, r in prepared], beam_size=4)]
        codes = [e for e, _ in prepared]
        once = enforce(sources, codes, raw, engine, beam_size=4, ratio=3.0)
        finished = [engine.tokenizer.encode_target(r.text) for r in once]
        requests = [Request(e.pieces, done, len(done) + 1) for e, done in zip(codes, finished, strict=True)]
        raw = [h[0] for h in engine.translate(requests, beam_size=1)]
        again = [_first(h, len(done)) for h, done in zip(raw, finished, strict=True)]
        twice = enforce(sources, codes, again, engine, beam_size=4, ratio=3.0)
        assert [r.text for r in twice] == [r.text for r in once]


def _first(hypothesis: Hypothesis, count: int) -> Hypothesis:
    return Hypothesis(hypothesis.pieces[:count], hypothesis.score, hypothesis.attention[:count])


def test_reluctant_terms_are_those_that_plain_translation_loses(engine: Engine) -> None:
    segments = [segment("The attention of the dataset."), segment("No term here.", index=1)]
    sources = [s.source for t in translated(engine, segments) for s, _, _ in t.sentences if s.source]
    found = reluctant(sources, engine, 4)
    assert found <= {"attention", "dataset"}
    assert "attention" in found  # "atenção" is what any checkpoint would write
    assert [is_reluctant(source, found) for source in sources] == [True, False]
    assert reluctant(sources, Unmarked(engine), 4) == frozenset()
    assert reluctant(sources[1:], engine, 4) == frozenset()


def test_words_agree_with_the_kept_term(engine: Engine) -> None:
    (done,) = translated(engine, [segment("You do not need a random forest.")])
    assert "uma random forest" in done.target.text


def test_terms_that_are_also_ordinary_words(engine: Engine) -> None:
    segments = [segment("They pipeline the jobs."), segment("Please pay attention to the attention.", index=1)]
    found = [[o.start for o in occurrences(s, MATCHER)] for s in segments]
    assert found == [[], [28]]
    check(translated(engine, segments))


PREFERRED = Matcher(
    Termbase(
        (
            Term("machine learning", translation="aprendizado de máquina", gender="m"),
            Term("neural network", translation="rede neural", forms=("redes neurais",), gender="f"),
            Term("feature", translation="atributo", forms=("atributos",), forbidden=("recurso",), gender="m"),
            Term("loss", translation="perda", forms=("perdas",), gender="f"),
            Term("dataset", gender="m"),
        )
    )
)


@pytest.mark.parametrize("marked", [True, False])
def test_preferred_translations_stand_where_the_draft_has_the_term(engine: Engine, *, marked: bool) -> None:
    lines = [
        "Machine learning is a part of our daily work.",
        "The neural networks of this paper share a feature.",
        "Each feature of the dataset has a loss.",
        "We compare machine learning, a neural network and two features of the loss.",
        "A neural network without features.",
    ]
    segments = [segment(line, index=k) for k, line in enumerate(lines)]
    done = translated(engine if marked else Unmarked(engine), segments, PREFERRED)
    for translation in done:
        assert translation.verification.ok, (translation.target.text, translation.verification)
    assert "aprendizado de máquina" in done[0].target.text.lower()
    assert all(t.target.text[0].isupper() for t in done)
    assert "redes neurais" in done[1].target.text.lower()


rendered = st.lists(st.sampled_from([*FILLERS.split(), *RENDERED * 5]), min_size=1, max_size=16)


@few
@given(st.lists(rendered, min_size=10, max_size=10))
def test_preferred_translations_of_any_text(engine: Engine, hostile: Engine, batch: list[list[str]]) -> None:
    for model in (engine, Unmarked(engine), hostile):
        for translation in translated(model, segments_of(batch), PREFERRED):
            assert not translation.verification.missing, (translation.segment.text, translation.target.text)


def test_benchmark_sentences_are_many_and_hold_one_to_four_terms(engine: Engine) -> None:
    from benchmarks import synthetic
    from glossary import load_termbase

    matcher = Matcher(load_termbase(Path(synthetic.GLOSSARY)))
    segments = [example.segment for example in synthetic.examples()]
    assert len(segments) >= 300
    assert all(1 <= len(occurrences(s, matcher)) <= 4 for s in segments)
    done = translated(engine, segments[::6], matcher)
    check(done)
    assert not any(t.verification.surplus for t in done)
