"""Segments through the real model: what comes back whatever the text is."""

from __future__ import annotations

import pytest

from glossary import Matcher, default_termbase
from translate.decoding.translator import Settings, Translation, translate_segments
from translate.document import parse, render
from translate.marian import load_engine, resolve
from translate.marian.protocol import Engine


@pytest.fixture(scope="module")
def engine() -> Engine:
    return load_engine("ctranslate2", resolve(None))


def translated(markdown: str, engine: Engine) -> tuple[list[Translation], str]:
    document = parse(markdown)
    done = translate_segments(document.segments, engine, Matcher(default_termbase()), Settings())
    return done, render(document, {t.segment.index: t.target for t in done})


def test_links_and_code_come_out_once_each(engine: Engine) -> None:
    source = (
        "Read [the documentation](https://example.org/docs), call `fit(x, y)` and **never** forget to run "
        "[`pip install tool`](https://example.org/install) before you [start](https://example.org/start).\n"
    )
    done, text = translated(source, engine)
    assert not done[0].verification.missing
    for piece in (
        "](https://example.org/docs)",
        "`fit(x, y)`",
        "[`pip install tool`](https://example.org/install)",
        "](https://example.org/start)",
    ):
        assert text.count(piece) == 1
    assert "[](" not in text
    assert text.count("**") == 2


def test_emoji_are_kept_in_order(engine: Engine) -> None:
    _, text = translated("The model 🚀 is fast and the team 🎉 is happy 🤗.\n\n# Results 📈\n", engine)
    assert [c for c in text if c in "🚀🎉🤗📈"] == ["🚀", "🎉", "🤗", "📈"]
    assert text.rstrip().endswith("📈")


@pytest.mark.parametrize(
    "text", ["BERT\n", "2 + 2 = 4\n", "`np.dot`\n", "翻訳は難しい。\n", "https://example.org/a\n", "🤗\n"]
)
def test_what_holds_no_english_is_copied(text: str, engine: Engine) -> None:
    done, out = translated(text, engine)
    if text.strip() != "BERT":
        assert out == text
        assert not any(t.sentences for t in done)


def test_what_is_too_long_for_the_model_is_left_in_english_and_flagged(engine: Engine) -> None:
    text = "Grüße " + "ĦŁŦ" * 400
    done, out = translated(text + "\n", engine)
    assert out.replace("\n", "").replace(" ", "") != ""
    assert all(t.flags for t in done if "degenerate-too-long" in t.flags)
    assert sum(out.count(c) for c in "ĦŁŦ") > 0


def test_a_term_in_a_link_and_in_emphasis(engine: Engine) -> None:
    done, text = translated(
        "We measured the [throughput](https://example.org/t) of *backpropagation* on a new dataset.\n", engine
    )
    assert not done[0].verification.missing
    assert "[*throughput*](https://example.org/t)" in text or "[throughput](https://example.org/t)" in text
    assert "*backpropagation*" in text
    assert "**backpropagation**" not in text


def test_equal_sentences_are_translated_once_and_alike(engine: Engine) -> None:
    done, _ = translated("The model is small.\n\nThe model is small.\n", engine)
    assert done[0].target.text == done[1].target.text
    assert done[0].sentences[0][2] is done[1].sentences[0][2]


def test_a_sentence_of_terms_only_is_copied(engine: Engine) -> None:
    done, text = translated("Throughput\n", engine)
    assert text.replace("*", "") == "Throughput\n"
    assert done[0].verification.ok


def test_symbols_that_no_model_knows_are_kept(engine: Engine) -> None:
    _, text = translated("The model © 2024 → the data, and so on… It costs 3 × 4 words.\n", engine)
    assert [c for c in text if c in "©→…×"] == ["©", "→", "…", "×"]
    assert "\ufffd" not in text


def test_markup_without_width_keeps_the_blank_before_it(engine: Engine) -> None:
    _, text = translated(
        "The name {{ site.title }} is in the page, and the picture ![](a.png) is too.[^1]\n\n[^1]: Yes.\n", engine
    )
    assert " {{ site.title }} " in text
    assert " ![](a.png)" in text
    assert " [^1]" not in text.split("\n")[0]


def test_markup_inside_words_stays_there(engine: Engine) -> None:
    _, text = translated("Water is H<sub>2</sub>O, and 10<sup>6</sup> samples of CO<sub>2</sub> are enough.\n", engine)
    for piece in ("H<sub>2</sub>O", "10<sup>6</sup>", "CO<sub>2</sub>"):
        assert text.count(piece) == 1


def test_a_link_on_an_emoji_keeps_it(engine: Engine) -> None:
    _, text = translated(
        "Look at the [🙂](https://example.org/emoji) link and the other [page](https://example.org/p).\n", engine
    )
    assert text.count("[🙂](https://example.org/emoji)") == 1


def test_attributes_stay_with_their_image(engine: Engine) -> None:
    _, text = translated('See ![img](a.png){: width="50%"} and the text.\n', engine)
    assert '](a.png){: width="50%"}' in text


def test_brackets_in_a_link_stay_in_it(engine: Engine) -> None:
    _, text = translated("The [book [second edition]](https://example.org/b) is out.\n", engine)
    assert "](https://example.org/b)" in text
    assert text.index("[", text.index("[") + 1) < text.index("](https")
    assert ")]" not in text


def test_foreign_words_come_through_and_no_character_breaks(engine: Engine) -> None:
    _, text = translated(
        "The word שלום means peace, and soft\u00adhyphens or zero\u200bwidth marks are no problem.\n", engine
    )
    assert text.count("שלום") == 1
    assert "\ufffd" not in text


def test_the_stop_after_maths_is_kept(engine: Engine) -> None:
    _, text = translated("The complexity of the model is $O(n \\log n)$.\n", engine)
    assert text.rstrip().endswith("$.")


def test_an_emoji_in_a_link_stays_in_it(engine: Engine) -> None:
    _, text = translated(
        "Use the [page 🙂](https://example.org/a) or the [🚀 tool](https://example.org/b) today.\n", engine
    )
    first, second = text.split("](https://example.org/a)")
    assert "🙂" in first.rpartition("[")[2]
    assert "🚀" in second.partition("](https://example.org/b)")[0].rpartition("[")[2]
