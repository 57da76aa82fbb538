"""Drafts made to take for ever: they are parsed and rendered all the same, and in linear time.

No test here looks at a clock; a quadratic step would run into the suite's own patience.
"""

from __future__ import annotations

import pytest

from translate.document import identity, parse, render

SIZE = 20_000
HOSTILE = {
    "quotes": ">" * 10_000 + " a\n",
    "quotes on many lines": ("> " * 200 + "a\n") * 20,
    "lists in lists": "".join(" " * (2 * depth) + "- a\n" for depth in range(200)),
    "a list on one line": "- " * 5000 + "a",
    "opening brackets": "[" * 6000 + "a",
    "nested brackets": "[" * 3000 + "a" + "]" * 3000,
    "opening images": "![" * 3000 + "a]",
    "nested images": "![" * 500 + "a" + "](u)" * 500,
    "unclosed links": "[a](" * 3000,
    "links": "[a](b)" * 1000,
    "stars": "*" * 6000 + "a",
    "emphasis in emphasis": "**a " * 1500 + "b**" * 1500,
    "mixed delimiters": "*a_ " * 2000,
    "backticks": "".join("`" * length + " " for length in range(1, 200)),
    "code": "`a" * 4000,
    "tags": "<b>" * 3000 + "a",
    "tags that do not pair": "<b>a</i>" * 1500,
    "comments": "<!--" * 5000,
    "Liquid": "{{" * 9000,
    "Liquid blocks": "{% raw %}" * 2000,
    "maths": "$$a " * 2000,
    "maths blocks": "$$a\n" * 2000,
    "extensions": "{::comment}" * 2000,
    "tables": "a|b\n-|-\n" * 500,
    "definitions": ": a\n" * 1500,
    "references": "[a]\n" * 1500 + "\n[a]: b",
    "footnotes": "[^1]: " * 3000,
    "addresses": "http://" * 3000 + "a@" * 3000,
    "lazy lines": "> a\n" + "b\n" * 3000,
    "spaces": "a" + " " * SIZE + "\nb",
    "null characters": "a\0" * SIZE,
    "front matter": "---\n" + 'title: "a\n' * 2000 + "---\n",
    "one front matter value": '---\ntitle: "' + "a\\" * SIZE + '"\n---\n',
    "private use": "a\uf8f0\uf8f1" * 5000 + "{{ x }}",
}


@pytest.mark.parametrize("source", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_drafts_come_back(source: str) -> None:
    document = parse(source)
    assert render(document, {segment.index: identity(segment) for segment in document.segments}) == source


@pytest.mark.parametrize("part", ["word ", "[", "*", "`", "é"])
def test_a_line_of_a_megabyte_comes_back(part: str) -> None:
    source = part * (1_000_000 // len(part)) + "a"
    document = parse(source)
    assert render(document, {segment.index: identity(segment) for segment in document.segments}) == source


def test_a_block_of_markup_is_left_alone() -> None:
    document = parse("*a " * 30_000 + "\n\nText.\n")
    assert [segment.text for segment in document.segments] == ["Text."]
    assert document.unmapped == 1
