"""Whatever the draft: it comes back byte for byte, and a translation changes its text alone."""

from __future__ import annotations

from collections import Counter

from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from tests import document_strategies as drafts
from tests.pseudo_translation import pseudo_translate
from translate.document import Document, Segment, identity, parse, render, render_range
from translate.errors import UserError

_SETTINGS = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
_MARKUP = st.lists(
    st.sampled_from(
        [
            "*x*",
            "_y_",
            "[z]",
            "[z](u)",
            "<b>",
            "a|b",
            "#",
            "-",
            "1.",
            ">",
            "`c",
            "$$",
            "{{",
            "{%",
            "{: .x}",
            "\\",
            "===",
            "---",
            "**",
            "__init__",
            "&amp;",
            "R&D",
            "~~",
            "|",
            "![i]",
            "[ref]",
            "+",
            "<!--",
            "x_",
            "*",
            "[^1]",
            "“",
            "é",
        ]
    ),
    max_size=6,
)


def parsed(source: str) -> Document:
    try:
        return parse(source)
    except UserError:  # front matter that soup opened and never closed
        assume(False)
        raise


def unchanged(document: Document) -> str:
    return render(document, {segment.index: identity(segment) for segment in document.segments})


def opaque(document: Document, segment: Segment) -> Counter[tuple[str, str]]:
    """What must come back verbatim; images and links over URLs are compared by kind."""
    return Counter(
        (span.kind, document.source[span.outer[0] : span.outer[1]].strip())
        for span in segment.spans
        if span.opaque and span.kind not in ("image", "link")
    )


def kinds(segment: Segment) -> Counter[str]:
    return Counter(span.kind for span in segment.spans)


_MARKDOWN_FORMS = ("block", "heading", "cell", "alt")


def visible(text: str) -> str:
    return "".join(text.split()).replace("\u2060", "")


@_SETTINGS
@given(st.one_of(drafts.document, drafts.document, drafts.soup, st.text()))
def test_any_draft_comes_back(source: str) -> None:
    document = parsed(source)
    assert document.unmapped == 0
    assert unchanged(document) == source


@_SETTINGS
@given(drafts.document)
def test_the_parts_of_a_draft_come_back(source: str) -> None:
    document = parsed(source)
    targets = {segment.index: identity(segment) for segment in document.segments}
    for entry in document.entries:
        assert render_range(document, entry.start, entry.end, targets) == source[entry.start : entry.end]
        assert source[entry.start : entry.end].strip()
    for segment, target in zip(document.segments, targets.values(), strict=True):
        assert render(document, {segment.index: target}) == source


@_SETTINGS
@given(drafts.document)
def test_segments_are_well_formed(source: str) -> None:
    document = parsed(source)
    for index, segment in enumerate(document.segments):
        assert segment.index == index
        assert any(character.isalpha() for character in segment.text)
        assert not index or document.segments[index - 1].start <= segment.start
        ends: list[int] = []
        for span, following in zip(segment.spans, segment.spans[1:] + segment.spans[-1:], strict=True):
            assert 0 <= span.start <= span.end <= len(segment.text)
            assert segment.start <= span.outer[0] <= span.inner[0] <= span.inner[1] <= span.outer[1] <= segment.end
            assert span.start <= following.start
            while ends and ends[-1] <= span.outer[0]:
                ends.pop()
            assert not ends or span.outer[1] <= ends[-1]
            ends.append(span.outer[1])


@_SETTINGS
@example("*5*  \nmodel\n", ["+"])  # a line that begins behind a hard break, near the text's beginning
@given(st.one_of(drafts.document, drafts.line), _MARKUP)
def test_a_translation_changes_text_alone(source: str, words: list[str]) -> None:
    # Bare asterisks that pair up with markup across words are no text that a translation could keep.
    document = parsed(source.replace("x*y", "x y"))
    # Front matter knows no escapes of Markdown either: what looks like markup there is written as it is.
    targets = {
        segment.index: pseudo_translate(segment, words if layout.form in _MARKDOWN_FORMS else ["x"])
        for segment, layout in zip(document.segments, document.layouts, strict=True)
    }
    rendered = render(document, targets)
    again = parse(rendered)
    assert [segment.kind for segment in again.segments] == [segment.kind for segment in document.segments]
    assert len(again.entries) == len(document.entries)
    for before, after in zip(document.segments, again.segments, strict=True):
        assert visible(after.text) == visible(targets[before.index].text)
        kept, lost = kinds(after), kinds(before) - kinds(after)
        assert kept <= kinds(before)
        assert set(lost) <= {"emphasis", "strong", "strikethrough"}  # delimiter runs may nest beyond any spelling
        assert opaque(again, after) == opaque(document, before)


@_SETTINGS
@given(drafts.simple, _MARKUP)
def test_a_translation_keeps_every_span(source: str, words: list[str]) -> None:
    document = parsed(source.replace("x*y", "x y"))
    again = parse(render(document, {s.index: pseudo_translate(s, words) for s in document.segments}))
    assert [kinds(segment) for segment in again.segments] == [kinds(segment) for segment in document.segments]


@_SETTINGS
@given(drafts.document, _MARKUP)
def test_a_translation_is_stable(source: str, words: list[str]) -> None:
    document = parsed(source)
    rendered = render(document, {s.index: pseudo_translate(s, words) for s in document.segments})
    assert unchanged(parse(rendered)) == rendered
