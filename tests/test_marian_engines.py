"""Both engines on real and on random checkpoints: they agree, and each keeps the protocol."""

from __future__ import annotations

import subprocess
import sys
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from tests.marian_support import OPUS, random_checkpoint
from translate.errors import UserError
from translate.marian import Engine, Hypothesis, Request, load_engine, resolve

SUBJECTS = (
    "The model",
    "This framework",
    "A large batch",
    "Our new dataset",
    "The training loop",
    "Each neural network",
    "The second layer",
    "A good benchmark",
    "The paper",
    "Every library",
)
VERBS = ("improves the throughput", "needs less memory", "reads the files", "returns an array", "is easy to use")
ENDINGS = ("on a single GPU.", "when the learning rate is small.", "in version 2.1.", "without changing your code.")
SENTENCES = [" ".join(parts) for parts in product(SUBJECTS, VERBS, ENDINGS)]


@pytest.fixture(scope="module")
def exact() -> Engine:
    return load_engine("ctranslate2", resolve(None), compute_type="float32")


@pytest.fixture(scope="module")
def fast() -> Engine:
    return load_engine("ctranslate2", resolve(None))


@pytest.fixture(scope="module")
def reference() -> Engine:
    return load_engine("transformers", resolve(None), threads=1)


def requests(engine: Engine, sentences: list[str], **options: int) -> list[Request]:
    return [Request(engine.tokenizer.encode(s).pieces, **options) for s in sentences]  # type: ignore[arg-type]


def best(engine: Engine, sentences: list[str], beam_size: int) -> list[Hypothesis]:
    return [h[0] for h in engine.translate(requests(engine, sentences, max_length=60), beam_size=beam_size)]


def text(engine: Engine, hypothesis: Hypothesis) -> str:
    return engine.tokenizer.decode(hypothesis.pieces).text


def same_words(a: Hypothesis, b: Hypothesis) -> float:
    """The share of target pieces whose most attended source piece is the same."""
    return float(np.mean(a.attention.argmax(1) == b.attention.argmax(1)))


def test_engines_agree_on_200_sentences(exact: Engine, fast: Engine, reference: Engine) -> None:
    from sacrebleu import corpus_chrf

    assert len(SENTENCES) == 200
    expected = best(reference, SENTENCES, 2)
    float32, int8 = best(exact, SENTENCES, 2), best(fast, SENTENCES, 2)
    identical = [(a, b) for a, b in zip(float32, expected, strict=True) if a.pieces == b.pieces]
    assert len(identical) >= 198
    assert max(abs(a.score - b.score) for a, b in identical) < 1e-3
    assert max(float(np.abs(a.attention - b.attention).max()) for a, b in identical) < 1e-3
    assert corpus_chrf([text(fast, h) for h in int8], [[text(reference, h) for h in expected]]).score > 90
    assert np.mean([same_words(a, b) for a, b in zip(int8, float32, strict=True) if a.pieces == b.pieces]) > 0.98


def test_engines_agree_with_prefixes_and_several_hypotheses(exact: Engine, reference: Engine) -> None:
    prefixes = [exact.tokenizer.encode_target(p) for p in ("O framework", "A", "")]
    wanted = [Request(exact.tokenizer.encode(s).pieces, p, 50) for s, p in product(SENTENCES[::40], prefixes)]
    pairs = zip(*(e.translate(wanted, beam_size=4, num_hypotheses=2) for e in (exact, reference)), strict=True)
    for ours, theirs in pairs:
        assert len(ours) == len(theirs) == 2
        assert ours[0].pieces == theirs[0].pieces
        assert ours[0].score == pytest.approx(theirs[0].score, abs=1e-3)
        assert ours[0].score >= ours[1].score
        np.testing.assert_allclose(ours[0].attention, theirs[0].attention, atol=1e-3)
    sources = [r.pieces for r in wanted]
    targets = [h[0].pieces for h in exact.translate(wanted, beam_size=1)]
    for pieces, a, b in zip(targets, exact.score(sources, targets), reference.score(sources, targets), strict=True):
        assert len(a) == len(pieces) + 1
        np.testing.assert_allclose(a, b, atol=1e-3)


@pytest.mark.parametrize("compute_type", ["float32", "int8"])
def test_golden_sentence(exact: Engine, fast: Engine, compute_type: str) -> None:
    """The embedded checkpoint gives Portuguese and a word alignment, not the noise of wrongly tied weights."""
    engine = exact if compute_type == "float32" else fast
    source = engine.tokenizer.encode("The model improves with larger batches.")
    ((found,),) = engine.translate([Request(source.pieces)], beam_size=4)
    assert "modelo" in text(engine, found)
    row = found.pieces.index("▁modelo")
    assert source.pieces[int(found.attention[row].argmax())] == "▁model"
    assert found.attention.shape == (len(found.pieces), len(source.pieces))


def test_beam_search_attention_is_the_sentences_own(exact: Engine) -> None:
    """In a batch, CTranslate2's own first row belongs to another sentence: ours must not."""
    found = best(exact, SENTENCES[:24], 4)
    forced = [Request(exact.tokenizer.encode(s).pieces, h.pieces) for s, h in zip(SENTENCES, found, strict=False)]
    for hypothesis, (again,) in zip(found, exact.translate(forced, beam_size=1), strict=True):
        np.testing.assert_allclose(hypothesis.attention, again.attention[: len(hypothesis.pieces)], atol=1e-4)


def test_order_progress_and_bounds(fast: Engine) -> None:
    wanted = requests(fast, SENTENCES[:60], max_length=5)
    wanted[3] = Request((), ("▁A",))
    wanted[4] = Request(wanted[4].pieces, fast.tokenizer.encode_target("Uma frase bem mais longa que isso"), 5)
    wanted[5] = Request(wanted[5].pieces, align=False)
    progress: list[int] = []
    found = fast.translate(wanted, beam_size=2, on_progress=progress.append)
    assert progress == sorted(progress)
    assert progress[-1] == 59  # the empty one needs no work
    for request, (hypothesis,) in zip(wanted, found, strict=True):
        assert len(hypothesis.pieces) <= max(request.max_length, len(request.prefix) + 1)
        assert hypothesis.pieces[: len(request.prefix)] == request.prefix
        assert hypothesis.attention.shape == (len(hypothesis.pieces) * request.align, len(request.pieces))
    one_by_one = [fast.translate([r], beam_size=2)[0][0].pieces for r in wanted[6:12]]
    assert np.mean([a == b[0].pieces for a, b in zip(one_by_one, found[6:12], strict=True)]) > 0.8  # int8: near ties


def test_symbols_come_only_when_they_are_asked_for(fast: Engine) -> None:
    plain = fast.tokenizer.encode(SENTENCES[0])
    marked = fast.tokenizer.encode(SENTENCES[0], [(SENTENCES[0].index("throughput"), SENTENCES[0].index(" on"))])
    hypotheses = fast.translate([Request(plain.pieces), Request(marked.pieces)], beam_size=2, num_hypotheses=2)
    assert not any(p in ("<t>", "</t>", "<unk>") for h in hypotheses[0] for p in h.pieces)
    assert "<t>" in hypotheses[1][0].pieces
    assert "throughput" in text(fast, hypotheses[1][0])


def test_longer_than_the_model_can_read(tmp_path: Path) -> None:
    engine = load_engine("ctranslate2", resolve(random_checkpoint(tmp_path / "model")))
    pieces = engine.tokenizer.encode("word " * 200).pieces
    ((found,),) = engine.translate([Request(pieces, max_length=500)], beam_size=2)
    assert len(found.pieces) < 64
    assert found.attention.shape == (len(found.pieces), len(pieces))
    assert np.isneginf(engine.score([pieces], [pieces])[0][-1])


@pytest.mark.parametrize("kind", ["opus", "encoder", "output", "separate"])
def test_other_layouts_agree(tmp_path: Path, kind: str) -> None:
    """Random weights, where a bias, an embedding or the language token forgotten would show at once."""
    if kind == "opus":
        if not OPUS.is_dir():
            pytest.skip("there is no ../shared/opus-tokenizer beside this checkout")
        directory = random_checkpoint(tmp_path / "model", tokenizer=OPUS)
    else:
        tied = {"encoder": "model.encoder.embed_tokens.weight", "output": "lm_head.weight"}.get(kind, "")
        directory = random_checkpoint(tmp_path / "model", tied=tied, separate=kind == "separate")
    checkpoint = resolve(directory)
    ours = load_engine("ctranslate2", checkpoint, compute_type="float32")
    try:
        theirs = load_engine("transformers", checkpoint, threads=1)
    except UserError:
        assert kind in ("encoder", "output")  # transformers itself wants the tied matrix under its first name
        return
    assert ours.signature["language_token"] == (">>pob<<" if kind == "opus" else "")
    source = ours.tokenizer.encode("One — two “three” 😀 four.").pieces
    target = ours.tokenizer.encode_target("Um dois três.")
    np.testing.assert_allclose(ours.score([source], [target])[0], theirs.score([source], [target])[0], atol=2e-3)
    wanted = [Request(source, target, len(target) + 1)]
    (a,), (b,) = ours.translate(wanted, beam_size=1)[0], theirs.translate(wanted, beam_size=1)[0]
    assert a.pieces == b.pieces
    np.testing.assert_allclose(a.attention, b.attention, atol=1e-3)


def test_weights_that_do_not_fit(tmp_path: Path) -> None:
    from safetensors.numpy import load_file, save_file

    directory = random_checkpoint(tmp_path / "model")
    weights = load_file(directory / "model.safetensors")
    for change, sentence in (
        ({"model.decoder.layers.0.fc1.weight": None}, "has no weights 'model.decoder.layers.0.fc1.weight'"),
        ({"model.shared.weight": weights["model.shared.weight"][:100]}, "has embeddings of shape 100 x 16"),
        ({"final_logits_bias": np.full((1, 8001), np.nan, np.float32)}, "final_logits_bias holds values that are not"),
    ):
        changed = {k: v for k, v in {**weights, **change}.items() if v is not None}
        save_file(changed, directory / "model.safetensors")
        with pytest.raises(UserError, match=sentence):
            load_engine("ctranslate2", resolve(directory))


def test_refusals(fast: Engine) -> None:
    with pytest.raises(ValueError, match="3 hypotheses cannot come from a beam of 2"):
        fast.translate([], beam_size=2, num_hypotheses=3)
    with pytest.raises(UserError, match="Unknown engine marian: choose one of ctranslate2, transformers"):
        load_engine("marian", resolve(None))  # type: ignore[arg-type]
    with pytest.raises(UserError, match="Unknown compute type int4"):
        load_engine("ctranslate2", resolve(None), compute_type="int4")


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads Linux's /proc")
def test_torch_is_never_imported_and_memory_stays_small() -> None:
    script = (
        "import sys; from translate.marian import *; e = load_engine('ctranslate2', resolve(None));"
        "e.translate([Request(e.tokenizer.encode('A short sentence.').pieces)] * 200, beam_size=4);"
        "assert 'torch' not in sys.modules and 'transformers' not in sys.modules;"
        # Not ru_maxrss: a child inherits the peak of the process that started it.
        "print(next(l.split()[1] for l in open('/proc/self/status') if l.startswith('VmHWM')))"
    )
    root = Path(__file__).resolve().parents[1]
    done = subprocess.run([sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=True)
    assert int(done.stdout) < 400 * 1024
