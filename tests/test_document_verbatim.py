"""What is never translated, and where text is parted: tables, formulas, Liquid branches, comments, front matter."""

from __future__ import annotations

import pytest

from translate.decoding.sentences import sentence_ranges
from translate.document import Document, Target, identity, parse, render


def unchanged(document: Document) -> str:
    return render(document, {segment.index: identity(segment) for segment in document.segments})


def texts(source: str) -> list[str]:
    """The segments' texts, without what is opaque; the draft must come back from them."""
    document = parse(source)
    assert unchanged(document) == source
    crlf = source.replace("\n", "\r\n")
    assert unchanged(parse(crlf)) == crlf
    found = []
    for segment in document.segments:
        opaque = {i for span in segment.spans if span.opaque for i in range(span.start, span.end)}
        found.append("".join(c for i, c in enumerate(segment.text) if i not in opaque))
    return found


def parted(source: str) -> list[str]:
    assert unchanged(parse(source)) == source
    return [s.text[a:b] for s in parse(source).segments for a, b in sentence_ranges(s)]


@pytest.mark.parametrize(
    "table",
    [
        "| Name | `a|b` |\n|---|---|\n| first | second |",
        "One | two | three\n:---|---:\nred | green",
        "> | A | B | C |\n> |---|---|\n> | red | green |",
        "- | A | B | C |\n  |:-:|---|\n  | red | green |",
    ],
)
def test_a_table_that_only_kramdown_reads_stays(table: str) -> None:
    assert texts(f"Before.\n\n{table}\n\nAfter | this.\n") == ["Before.", "After | this."]


@pytest.mark.parametrize(
    "formula",
    [
        "\\begin{equation}\na = b\n\\end{equation}",
        "\\begin{align*}\nloss &= a \\\\\n- b\n\n+ c\n\\end{align*}",
        "\\[ loss = x^2 \\]",
        "\\\\[\n  \\text{loss}\n  - x\n\\\\]",
        "> \\begin{equation}\n> - loss\n> \\end{equation}",
    ],
)
def test_a_formula_on_its_own_lines_stays(formula: str) -> None:
    assert texts(f"Before.\n\n{formula}\n\nAfter.\n") == ["Before.", "After."]


def test_a_formula_under_a_line_of_text_stays() -> None:
    assert texts("The loss is\n\\begin{align}\nloss\n- b\n\\end{align}\nwhere b is big.\n") == [
        "The loss is",
        "where b is big.",
    ]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("Let \\( x_i \\) be \\\\(a\\\\), or \\[y = 2\\] here.", "Let  be , or  here."),
        ("See \\begin{a}loss = y\\end{a} here.", "See  here."),
        ("This is \\[not a link\\] and \\(no formula\\).", "This is [not a link] and (no formula)."),
        ("This \\begin{a} is never closed, nor is \\[x.", "This \\begin{a} is never closed, nor is [x."),
    ],
)
def test_a_formula_in_a_line_is_opaque(source: str, expected: str) -> None:
    assert texts(source) == [expected]


def test_many_openings_are_quick_to_read() -> None:
    source = "\\begin{a} \\[ \\( " * 1000
    assert unchanged(parse(source)) == source


def test_escaped_brackets_in_a_target_open_no_formula() -> None:
    document = parse("A \\[note\\] here.\n")
    rendered = render(document, {0: Target("Um [a=b] aqui.", ())})
    assert [segment.text for segment in parse(rendered).segments] == ["Um [a=b] aqui."]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("This is the excerpt.<!--more-->The rest.", ["This is the excerpt.", "The rest."]),
        ("{% if a %}One text.{% else %}Other text.{% endif %}", ["One text.", "Other text."]),
        ("The {% if a %}cat{% endif %}", ["The", "cat"]),
        ("Go on {% tip %}slowly{% endtip %} now.", ["Go on", "slowly", "now."]),
        ("Take {% include cat.html %}three {{ site.cats }}cats.", ["Take three cats."]),
        ("Take {% raw %}{% if %}{% endraw %}three cats.", ["Take three cats."]),
    ],
)
def test_no_sentence_goes_across_branches_and_comments(source: str, expected: str) -> None:
    assert parted(source) == expected


@pytest.mark.parametrize(
    ("text", "expected"), [("O caminho\\", "O caminho\\"), ("C:\\", "C:\\"), ("Um \\ fim", "Um \\\\ fim")]
)
def test_a_last_backslash_breaks_no_line(text: str, expected: str) -> None:
    assert render(parse("The path\\\n"), {0: Target(text, ())}) == expected + "\n"
