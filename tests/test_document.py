"""Drafts as segments, spans and entries, and targets put back into them."""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from glossary import Matcher, default_termbase
from translate.decoding.translator import plan
from translate.document import Document, Segment, Target, TargetSpan, identity, parse, render, render_range
from translate.document.bilingual import write_bilingual
from translate.errors import UserError

HERE = Path(__file__).resolve().parent
CASES = HERE / "fixtures" / "document" / "segments.txt"
SPEC = HERE / "fixtures" / "document" / "commonmark-0.31.2.json"
NEWSLETTERS = sorted((HERE.parent.parent / "shared" / "newsletters").glob("*.md"))


def unchanged(document: Document) -> str:
    return render(document, {segment.index: identity(segment) for segment in document.segments})


def described(segment: Segment) -> str:
    """``kind: text | span[text] …`` with escaped line breaks; a star marks opaque spans."""
    spans = [f"{s.kind}{'*' if s.opaque else ''}[{segment.text[s.start : s.end]}]" for s in segment.spans]
    return " | ".join([f"{segment.kind}: {segment.text}", *spans]).replace("\n", "\\n")


def cases() -> list[tuple[str, str, str]]:
    blocks = CASES.read_text(encoding="utf-8").split("\n=====\n")
    parts = [block.split("\n-----\n") for block in blocks]
    return [(title.strip(), source, expected.strip()) for title, source, expected in parts]


@pytest.mark.parametrize(("source", "expected"), [pytest.param(s, e, id=t) for t, s, e in cases()])
def test_segments_show_clean_text_and_spans(source: str, expected: str) -> None:
    document = parse(source)
    assert "\n".join(described(segment) for segment in document.segments) == expected
    assert unchanged(document) == source
    assert unchanged(parse(source.replace("\n", "\r\n"))) == source.replace("\n", "\r\n")


def test_spans_index_the_source() -> None:
    source = "\ufeff# One\r\n\r\n> A [*link*](/url 'title')\r\n> and `code`.\r\n"
    document = parse(source)
    heading, paragraph = document.segments
    assert source[heading.start : heading.end] == "One"
    link, emphasis, code = paragraph.spans
    assert source[link.outer[0] : link.inner[0]] == "["
    assert source[link.inner[1] : link.outer[1]] == "](/url 'title')"
    assert source[emphasis.outer[0] : emphasis.outer[1]] == "*link*"
    assert source[code.outer[0] : code.outer[1]] == "`code`"
    assert source[code.inner[0] : code.inner[1]] == "code"
    assert paragraph.text == "A link\nand code."


@pytest.mark.parametrize(
    "example", json.loads(SPEC.read_text(encoding="utf-8"))["examples"], ids=lambda e: str(e["number"])
)
def test_every_example_of_the_commonmark_spec_comes_back(example: dict[str, str]) -> None:
    markdown = example["markdown"]
    for source in (
        markdown,
        markdown.replace("\n", "\r\n"),
        "\ufeff" + markdown.removesuffix("\n"),
        "> " + markdown.replace("\n", "\n> "),
        "1. " + markdown.replace("\n", "\n   "),
    ):
        document = parse(source)
        assert document.unmapped == 0
        assert unchanged(document) == source


@pytest.mark.skipif(not NEWSLETTERS, reason="the newsletters are not here")
@pytest.mark.parametrize("path", NEWSLETTERS, ids=lambda path: path.name)
def test_real_newsletters_come_back(path: Path) -> None:
    source = path.read_bytes().decode()
    for variant in (source, source.replace("\n", "\r\n"), "\ufeff" + source.rstrip("\n")):
        document = parse(variant)
        assert document.unmapped == 0
        assert len(document.segments) > 20
        assert unchanged(document) == variant


ENTRIES = """\
Intro [EN] text.

\\\\
# Heading
{: .big}

![](only.png)

\\\\
First line.
\\\\
Second part.
\\\\

- one

- two

  more

| a | b |
|---|---|
| c | d |

<!-- nothing -->

> quote
>
> goes on
"""


def test_entries_are_adjacent_blocks_without_spacers() -> None:
    document = parse(ENTRIES)
    texts = [document.source[entry.start : entry.end] for entry in document.entries]
    assert texts == [
        "Intro [EN] text.",
        "# Heading\n{: .big}",
        "First line.\n\\\\\nSecond part.",
        "- one\n\n- two\n\n  more",
        "| a | b |\n|---|---|\n| c | d |",
        "> quote\n>\n> goes on",
    ]
    held = [index for entry in document.entries for index in entry.segments]
    assert held == list(range(len(document.segments)))


def test_an_entry_is_rendered_alone() -> None:
    document = parse("One *two*.\n\n> Three\n> four.\n")
    entry = document.entries[1]
    target = Target("Tres quatro.", ())
    assert render_range(document, entry.start, entry.end, {1: target}) == "> Tres quatro."


def put(source: str, text: str, *spans: tuple[int, int, int]) -> str:
    document = parse(source)
    target = Target(text, tuple(TargetSpan(start, end, index) for start, end, index in spans))
    return render(document, {0: target})


@pytest.mark.parametrize(
    ("source", "text", "spans", "expected"),
    [
        pytest.param("Plain text.", "5 * 3 e snake_case", [], "5 * 3 e snake_case", id="what is harmless stays bare"),
        pytest.param("Plain text.", "*isto* e `aquilo`", [], "\\*isto\\* e \\`aquilo\\`", id="delimiters are escaped"),
        pytest.param("Plain text.", "# um", [], "\\# um", id="no heading"),
        pytest.param("Plain text.", "- um", [], "\\- um", id="no list"),
        pytest.param("Plain text.", "2020. Um ano", [], "2020\\. Um ano", id="no numbered list"),
        pytest.param("Plain text.", "um {{ dois }}", [], "um &#123;{ dois }}", id="no Liquid"),
        pytest.param("a\\_b and c_d", "c_d com a_b", [], "c_d com a\\_b", id="the draft's own spelling"),
        pytest.param("R&amp;D here", "nosso P&D", [], "nosso P&amp;D", id="the draft's own entity"),
        pytest.param("One\n> two", "Um dois", [], "Um dois", id="quote lines are joined"),
        pytest.param("- a **b** c", "b a c", [(0, 2, 0)], "- **b** a c", id="spaces leave emphasis"),
        pytest.param("an _old_ word", "desword", [(0, 3, 0)], "*des*word", id="a star works inside words"),
        pytest.param("say *yes*!", 'o"sim"!', [(1, 6, 0)], '*o"sim"*!', id="emphasis grows to whole words"),
        pytest.param("see [the text](/u).", "veja o texto.", [(5, 12, 0)], "veja [o texto](/u).", id="link"),
        pytest.param("see `x` and [a](/u)", "e a, x", [(2, 3, 1), (5, 6, 0)], "e [a](/u), `x`", id="other order"),
        pytest.param("a `b` c", "a quebrado c", [(2, 10, 0)], "a `b` c", id="code comes back verbatim"),
        pytest.param("| a b |\n|---|", "a|b", [], "| a\\|b |\n|---|", id="pipe in a cell"),
        pytest.param("# A title #", "Em C #", [], "# Em C \\# #", id="number sign at the end of a heading"),
        pytest.param("one  \ntwo", "um\ndois", [(2, 3, 0)], "um  \ndois", id="hard break"),
    ],
)
def test_a_target_is_written_in_the_drafts_markdown(
    source: str, text: str, spans: list[tuple[int, int, int]], expected: str
) -> None:
    if source.startswith("One\n> "):
        source, expected = "> " + source, "> " + expected
    assert put(source, text, *spans) == expected


def test_reference_links_keep_their_reference() -> None:
    source = "See [the docs] and [these][].\n\n[the docs]: /a\n[these]: /b\n"
    assert unchanged(parse(source)) == source
    rendered = put(source, "Veja os textos e estes.", (5, 14, 0), (17, 22, 1))
    assert rendered.startswith("Veja [os textos][the docs] e [estes][these].\n")
    assert [span.kind for span in parse(rendered).segments[0].spans] == ["link", "link"]


def test_new_markup_is_written() -> None:
    document = parse("use backpropagation now")
    target = Target("use backpropagation agora", (TargetSpan(4, 19, None, "*"),))
    assert render(document, {0: target}) == "use *backpropagation* agora"


def test_crossing_spans_are_made_to_nest() -> None:
    rendered = put("*one* [two](/u)", "um dois tres", (0, 7, 0), (3, 12, 1))
    assert parse(rendered).segments[0].text == "um dois tres"
    assert sorted(span.kind for span in parse(rendered).segments[0].spans) == ["emphasis", "link"]


def test_alternative_text_is_translated_inside_its_paragraph() -> None:
    document = parse("Look: ![a cat](cat.png) and more.\n")
    assert [segment.kind for segment in document.segments] == ["paragraph", "alt"]
    targets = {0: Target("Veja:  e mais.", (TargetSpan(6, 6, 0),)), 1: Target("um gato]", ())}
    assert render(document, targets) == "Veja: ![um gato\\]](cat.png) e mais.\n"
    assert render(document, {1: Target("um gato", ())}) == "Look: ![um gato](cat.png) and more.\n"


FRONT = """\
---
layout: post
title: "Letter #1 [EN]: it's \\"here\\""
title: Twice
excerpt: plain words # comment
tags: [title, "excerpt"]
image:
  thumb: x.png
  caption: 'It''s a photo'
description: >
  folded
  text

  second
---

Body.
"""


def test_front_matter_values_are_segments() -> None:
    document = parse(FRONT)
    assert [(segment.kind, segment.text) for segment in document.segments] == [
        ("title", 'Letter #1: it\'s "here"'),
        ("title", "Twice"),
        ("excerpt", "plain words"),
        ("front-matter", "It's a photo"),
        ("excerpt", "folded\ntext"),
        ("excerpt", "second"),
        ("paragraph", "Body."),
    ]
    assert unchanged(document) == FRONT
    assert document.entries[0].segments == (6,)


def test_front_matter_is_escaped_for_its_quotes() -> None:
    document = parse(FRONT)
    texts = [
        'Carta #1: "aqui" \\',
        "Duas: vezes",
        "palavras #1 simples",
        "A foto d'ele",
        "texto dobrado",
        "segundo",
        "Corpo.",
    ]
    spans = (TargetSpan(8, 8, 0),)
    targets = {i: Target(text, () if i else spans) for i, text in enumerate(texts)}
    rendered = render(document, targets, edition="PT-BR", lang="pt-BR")
    assert rendered.startswith(
        '---\nlayout: post\ntitle: "Carta #1 [PT-BR]: \\"aqui\\" \\\\"\ntitle: "Duas: vezes"\n'
        'excerpt: "palavras #1 simples" # comment\n'
    )
    assert "  caption: 'A foto d''ele'\n" in rendered
    assert "description: >\n  texto dobrado\n\n  segundo\nlang: pt-BR\n---\n\nCorpo.\n" in rendered
    again = parse(rendered)
    assert [segment.text for segment in again.segments] == texts


def test_the_language_key_is_replaced() -> None:
    assert render(parse("---\nlang: en # x\n---\nA.\n"), {}, lang="pt-BR") == "---\nlang: pt-BR # x\n---\nA.\n"
    assert render(parse("A.\n"), {}, lang="pt-BR") == "A.\n"


def test_keys_are_configurable() -> None:
    document = parse("---\ntitle: A title\nhero:\n  text: Some words\n---\n", front_matter_keys=["hero.text"])
    assert [segment.text for segment in document.segments] == ["Some words"]


def test_front_matter_without_an_end_is_an_error() -> None:
    with pytest.raises(UserError, match="opened on line 1 has no closing ---"):
        parse("---\ntitle: A\n\nBody\n")


def test_a_thematic_break_at_the_top_is_no_front_matter() -> None:
    assert [segment.text for segment in parse("---\n\nBody\n").segments] == ["Body"]


def test_nothing_is_a_document() -> None:
    for source in ("", "\ufeff", "\n", "\\\\\n"):
        document = parse(source)
        assert not document.segments
        assert not document.entries
        assert render(document, {}) == source


def test_several_threads_may_read_and_render_at_once() -> None:
    """Reviews are written beside the next wave: nothing of the parser or the matcher may be shared and changed."""
    matcher = Matcher(default_termbase())
    texts = [path.read_text(encoding="utf-8") for path in sorted((HERE.parent / "drafts").glob("*.md"))]
    texts += [f"# Issue {n}\n\n- *one* [two]({n}.html) `x`\n- throughput {{{{ site.{n} }}}}\n" for n in range(6)]

    def work(text: str) -> tuple[str, str, str]:
        document = parse(text)
        targets = {s.index: Target(s.text.upper(), ()) for s in document.segments if not s.spans}
        return repr(document), repr(plan(document.segments, matcher)), write_bilingual(document, targets)

    alone = [work(text) for text in texts]
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as threads:
            assert list(threads.map(work, texts * 4)) == alone * 4
    finally:
        sys.setswitchinterval(before)
