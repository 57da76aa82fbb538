"""What is never translated, and where text is parted: tables, formulas, Liquid branches, comments, front matter."""

from __future__ import annotations

import pytest

from translate.decoding.sentences import sentence_ranges
from translate.document import Document, Target, TargetSpan, identity, parse, render
from translate.document.bilingual import write_bilingual


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
def test_no_sentence_goes_across_branches_and_comments(source: str, expected: list[str]) -> None:
    assert parted(source) == expected


@pytest.mark.parametrize(
    ("text", "expected"), [("O caminho\\", "O caminho\\"), ("C:\\", "C:\\"), ("Um \\ fim", "Um \\\\ fim")]
)
def test_a_last_backslash_breaks_no_line(text: str, expected: str) -> None:
    assert render(parse("The path\\\n"), {0: Target(text, ())}) == expected + "\n"


VALUES = [
    ("Why **bold** and *it* [EN]", "Why bold and it", ["strong[bold]", "emphasis[it]", "tag*[]"]),
    ("Cats of {{ site.title }} {% if a %}x{% endif %}", "Cats of  x", ["liquid*[]", "liquid*[]", "liquid*[]"]),
    (
        "At https://a.org, or <b>the</b> `a x`",
        "At https://a.org, or the a x",
        ["url*[https://a.org]", "html[the]", "code*[a x]"],
    ),
    ("One<br>two <img src='x.png'>", "One\ntwo", ["break*[\n]", "tag*[]"]),
    ("**Title [EN]**", "Title", ["strong[Title]", "tag*[]"]),
    ("[text [EN]](http://u.v) `a [EN] b`", "text a b", ["link[text]", "tag*[]", "code*[a b]"]),
    ('it\'s <a href="u">here</a>, R&amp;D \\* snake_case', "it's here, R&amp;D \\* snake_case", ["html[here]"]),
    ("a *star, 2 < 3 and x\\", "a *star, 2 < 3 and x\\", []),
]


def quotings(value: str) -> list[str]:
    double = value.replace("\\", "\\\\").replace('"', '\\"')
    lines = value.replace(" ", "\n  ")
    return [
        value if value[0] not in "*[" else f'"{double}"',
        "'" + value.replace("'", "''") + "'",
        f'"{double}"',
        f">\n  {lines}",
        f"|-\n  {value}",
        '"' + double.replace(" ", "\n  ") + '"',
    ]


@pytest.mark.parametrize(("value", "text", "spans"), VALUES)
def test_markup_in_front_matter_is_spans(value: str, text: str, spans: list[str]) -> None:
    for quoted in quotings(value):
        source = f"---\ntitle: {quoted}\nlang: en\n---\n\nBody.\n"
        texts(source)
        segment = parse(source).segments[0]
        assert segment.text.replace("\n", " ") == text.replace("\n", " ")
        found = [f"{s.kind}{'*' * s.opaque}[{segment.text[s.start : s.end]}]" for s in segment.spans]
        assert found == spans


def test_markup_in_front_matter_moves_with_its_words() -> None:
    source = '---\ntitle: "Of <a href=\\"u\\">cats</a> and *dogs* in {{ x }} [EN]"\n---\n'
    document = parse(source)
    spans = (TargetSpan(11, 16, 0), TargetSpan(3, 7, 1), TargetSpan(20, 20, 2), TargetSpan(20, 20, 3))
    rendered = render(document, {0: Target('De cães e "gatos" em', spans)}, edition="PT")
    assert rendered == '---\ntitle: "De *cães* e \\"<a href=\\"u\\">gatos</a>\\" em {{ x }} [PT]"\n---\n'


def test_a_value_with_liquid_alone_has_no_segment() -> None:
    assert texts('---\ntitle: "{{ site.title }}"\nexcerpt: "`code` https://a.org"\n---\nBody.\n') == ["Body."]


def test_a_value_that_begins_with_emphasis_is_quoted() -> None:
    document = parse("---\ntitle: The *cats* of it\n---\n")
    rendered = render(document, {0: Target("gatos dele", (TargetSpan(0, 5, 0),))})
    assert rendered == '---\ntitle: "*gatos* dele"\n---\n'


def test_comments_take_the_line_ending_beside_them() -> None:
    source = "# One\r\n\r\nTwo.\n\nThree.\n\nFour.\n"
    after = write_bilingual(parse(source), {})
    assert after.startswith("# One\r\n\r\n<!-- # One -->\r\n\r\nTwo.\n\n<!-- Two. -->\n\nThree.")
    before = write_bilingual(parse(source), {}, layout="comment-before")
    assert before.startswith("<!-- # One -->\r\n\r\n# One\r\n\r\n<!-- Two. -->\r\n\r\nTwo.\n\n")
