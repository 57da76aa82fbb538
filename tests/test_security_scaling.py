"""Inputs made to take for ever: the work grows with their length, not with its square.

Work is counted, not timed: calls of functions for what Python does, and a process that must end for what C does (a
regular expression that tries every start of a long run calls nothing). That process has minutes for what takes a
second; a quadratic step at these sizes would take hours.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from glossary.csv_format import load_csv
from glossary.errors import GlossaryError
from glossary.matcher import Matcher
from glossary.tbx import load_tbx
from glossary.termbase import parse_termbase
from translate.config import Config
from translate.document import identity, parse, render
from translate.document.bilingual import write_bilingual
from translate.document.bilingual_reader import read_bilingual
from translate.errors import UserError
from translate.rerun import plan_rerun, read_existing
from translate.rerun.sequences import edited_pairs, in_order
from translate.scoring.reference import match
from translate.strict_yaml import read

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 900
"""Seconds after which the process of the large inputs is taken for hung."""

Family = Callable[[int], str]

DRAFTS: dict[str, Family] = {
    "quotes": lambda n: ">" * n + " a\n",
    "quoted lines": lambda n: "> a\n" * n,
    "quotes in quotes": lambda n: "".join("> " * (i % 120) + "a\n" for i in range(n)),
    "lists on one line": lambda n: "- " * n + "a",
    "items": lambda n: "- a\n" * n,
    "loose items": lambda n: "- a\n\n" * n,
    "items in items": lambda n: "".join(" " * (2 * (i % 90)) + "- a\n" for i in range(n)),
    "brackets": lambda n: "[" * n + "a" + "]" * n,
    "images": lambda n: "![" * n + "a]",
    "links": lambda n: "[a](b) " * n,
    "unclosed links": lambda n: "[a](" * n,
    "emphasis": lambda n: "*a " * n,
    "strong in strong": lambda n: "**a " * n + "b**" * n,
    "mixed delimiters": lambda n: "*a_ " * n,
    "backticks": lambda n: "".join("`" * (i % 300) + " " for i in range(n)),
    "code": lambda n: "`a" * n,
    "comments that open": lambda n: "<!--" * n,
    "paragraphs with one": lambda n: "a <!--\n\n" * n,
    "comments": lambda n: "<!-- a -->\n\n" * n,
    "outputs": lambda n: "{{" * n,
    "outputs on lines": lambda n: "{{\n\n" * n + "}}",
    "raw blocks": lambda n: "{% raw %}" * n,
    "captures": lambda n: "{% capture a %}\n" * n + "{% endcapture %}",
    "extensions": lambda n: "{::comment}" * n,
    "dollars": lambda n: "$a " * n,
    "formulas": lambda n: "$$a\n" * n,
    "formulas in brackets": lambda n: "\\(a " * n + "\\)",
    "columns": lambda n: "|a" * n + "|\n" + "|-" * n + "|\n" + "|b" * n + "|\n",
    "tables": lambda n: "a|b\n-|-\n\n" * n,
    "definitions": lambda n: "a\n: b\n\n" * n,
    "references": lambda n: "".join(f"[a{i}]: b\n" for i in range(n)),
    "references used": lambda n: "[a]\n\n" * n + "[a]: b",
    "references that open": lambda n: "[a\n" * n,
    "a word": lambda n: "a" * n,
    "words": lambda n: "word " * n,
    "entities": lambda n: "&amp;amp;" * n,
    "ampersands": lambda n: "&" * n,
    "tags": lambda n: "<b>" * n,
    "tags that do not pair": lambda n: "<b>a</i>" * n,
    "attributes": lambda n: "<a b='" * n,
    "blocks of HTML": lambda n: "<div>\n\n" * n,
    "addresses": lambda n: "http://" * n,
    "brackets in addresses": lambda n: "http://a" + "(" * n + ")" * n,
    "mail": lambda n: "a@" * n,
    "lazy lines": lambda n: "> a\n" + "b\n" * n,
    "spaces": lambda n: "a" + " " * n + "\nb",
    "blank lines": lambda n: " \n" * n + "a",
    "line breaks": lambda n: "a  \n" * n,
    "headings": lambda n: "a\n===\n" * n,
    "captions": lambda n: "![](a)\n*b*\n\n" * n,
    "paragraphs": lambda n: "a\r\n\r\n" * n,
    "title after title": lambda n: "---\n" + 'title: "a\n' * n + "---\n",
    "quotes in titles": lambda n: "---\n" + 'title: "a\\"\n' * n + "---\n",
    "spaces in a title": lambda n: '---\ntitle: "a' + " " * n + 'b"\n---\n',
    "flow sequences": lambda n: "---\ntitle: " + "[" * n + "\n---\n",
    "keys in keys": lambda n: "---\n" + "".join(" " * (i % 40) + "a:\n" for i in range(n)) + "---\n",
    "aliases": lambda n: "---\n" + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n" for i in range(n)) + "---\n",
    "front matter that never closes": lambda n: "---\n\n" + "a\n" * n,
}

FILES: dict[str, Family] = {
    "comments": lambda n: "<!-- a -->\n\n" * n,
    "pairs": lambda n: "".join(f"O bloco {i}.\n\n<!-- The block {i}. -->\n\n" for i in range(n)),
    "all comments first": lambda n: "<!-- a b -->\n\n" * n + "a c\n\n" * n,
    "comments in blocks": lambda n: "".join(f"Bloco {i}\n<!-- Block {i} -->\n" for i in range(n)),
    "every third comment lost": lambda n: "".join(
        f"Bloco {i}\n\n" + ("" if i % 3 == 0 else f"<!-- Block {i} -->\n\n") for i in range(n)
    ),
    "quotes of comments": lambda n: "<!-- a -->\n\n<!-- &lt;!-- a --&gt; -->\n\n" * n,
    "comments that open": lambda n: "<!-- a\n\n" * n,
    "comments that close": lambda n: "<!-- a" + "-->" * n,
    "escapes": lambda n: "<!-- --&" + "amp;" * n + "gt; -->\n\na",
    "long front matter": lambda n: "---\n" + "x: y\n" * n + "---\n" + "a\n\n<!-- b -->\n\n" * n,
    "no front matter": lambda n: "---\n\n" + "a\n\n<!-- b -->\n\n" * n,
    "fences": lambda n: "```\n<!-- a -->\n```\n\n" * n + "<!-- a -->\n\n",
    "conflicts": lambda n: "a\n\n<!-- CONFLICT 00000000: x -->\n\n" * n,
    "one block": lambda n: "a\n\n" + "<!-- b -->\n\n" * n,
    "one comment": lambda n: "a\n\n" * n + "<!-- b -->\n\n",
}


def take_draft(text: str) -> None:
    document = parse(text)
    assert render(document, {segment.index: identity(segment) for segment in document.segments}) == text


def take_pages(text: str) -> None:
    document = parse(text)
    targets = {segment.index: identity(segment) for segment in document.segments}
    for layout in ("comment-after", "comment-before"):
        read_bilingual(write_bilingual(document, targets, layout=layout))


def take_file(text: str) -> None:
    read_existing(text)


def take_match(text: str) -> None:
    match(parse(text), parse(text))


def steps(call: Callable[[], object]) -> int:
    """How many functions are called, Python's and C's."""
    count = 0

    def called(_frame: FrameType, event: str, _argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(called)
    try:
        call()
    finally:
        sys.setprofile(None)
    return count


def assert_linear(take: Callable[[str], object], family: Family, size: int) -> None:
    """Twice the input is at most 2.7 times the work: linear with some logarithm, and far from quadratic (4)."""
    one, two = (steps(lambda n=n: take(family(n))) for n in (size, 2 * size))  # type: ignore[misc]
    assert two <= 2.7 * one + 3000, (one, two)


@pytest.mark.parametrize("name", DRAFTS)
def test_a_draft_takes_linear_work(name: str) -> None:
    assert_linear(take_draft, DRAFTS[name], 150)


@pytest.mark.parametrize("name", FILES)
def test_a_bilingual_file_takes_linear_work(name: str) -> None:
    take_file(FILES[name](2))
    assert_linear(take_file, FILES[name], 100)


@pytest.mark.parametrize("name", ["paragraphs", "items", "loose items", "comments", "references used", "captions"])
def test_the_pages_of_a_draft_take_linear_work(name: str) -> None:
    assert_linear(take_pages, DRAFTS[name], 100)


def test_a_rerun_over_many_blocks_takes_linear_work() -> None:
    def take(text: str) -> None:
        draft, _, file = text.partition("\x1e")
        plan_rerun(parse(draft), read_existing(file), None)

    def family(n: int) -> str:
        file = "".join(f"Bloco {i}\n\n<!-- Block {i} -->\n\n" for i in range(n) if i % 3)
        return "".join(f"Block {i}\n\n" for i in range(n)) + "\x1e" + file

    assert_linear(take, family, 100)


def test_matching_many_blocks_takes_linear_work_beyond_the_band() -> None:
    assert_linear(take_match, lambda n: "".join(f"Block {i}\n\n" for i in range(n)), 150)


@pytest.mark.parametrize("repeated", [True, False])
def test_long_sequences_are_compared_in_bounded_work(repeated: bool) -> None:
    n = 40_000
    old = ["a" if repeated else str(i) for i in range(n)]
    new = [*old[: n // 3], "x", "b", *old[n // 3 : n // 2], "y", *old[n // 2 + 5 :], "z"]
    old[7] = "other"
    pairs = in_order(old, new)
    assert all(old[i] == new[j] for i, j in pairs)
    assert all(i < k and j < m for (i, j), (k, m) in pairwise(pairs))
    assert len(pairs) >= (n // 3 if repeated else n - 10)


def test_a_gap_of_thousands_of_texts_is_compared_in_a_band() -> None:
    old: list[str | None] = [f"the text of number {i} is about {i * 7919 % 1000}" for i in range(2500)]
    new: list[str | None] = [f"{text} now" for text in old]
    pairs = edited_pairs(old, new, {}, least=0.5, lone=0.5)
    assert sum(i == j for i, j in pairs.items()) > 2400


@pytest.mark.parametrize("text", ["a\n\n" * 200_001, "|a" * 400_001, "a\r" * 400_001])
def test_more_blocks_than_memory_holds_are_refused(text: str) -> None:
    with pytest.raises(UserError, match="lines and table cells; more than 400,000 are not taken"):
        parse(text)


# ---- YAML, CSV, TBX ----


def laughs(levels: int) -> str:
    lines = [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9) if i else 'ha'}]" for i in range(levels)]
    return "\n".join(lines) + "\n"


def bomb(levels: int) -> bytes:
    entities = "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 10 if i else "ha"}">' for i in range(levels))
    return f'<!DOCTYPE tbx [{entities}]><tbx><text><body><conceptEntry><langSec xml:lang="en"><termSec><term>&e{levels - 1};</term></termSec></langSec></conceptEntry></body></text></tbx>'.encode()  # noqa: E501


@pytest.mark.parametrize(
    "text", [laughs(30), "terms: " + "[" * 100_000, "terms: " + "{a: " * 100_000, "- " * 100_000, "? " * 50_000],
    ids=["aliases", "sequences", "mappings", "blocks", "keys"],
)  # fmt: skip
def test_yaml_bombs_are_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(GlossaryError):
        parse_termbase(text)
    path = tmp_path / "config.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(UserError):
        list(read(path, Config))
    document = parse(f"---\n{text}\n---\n\nText.\n")
    assert document.segments[-1].text == "Text."


def test_a_configuration_of_megabytes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("# " + "x" * 300_000, "utf-8")
    with pytest.raises(UserError, match="over 256 kB"):
        list(read(path, Config))


@pytest.mark.parametrize("content", [bomb(12), b"<a>" * 100_000, b'<!DOCTYPE t SYSTEM "http://x.invalid/a"><tbx/>'])
def test_xml_bombs_are_refused(content: bytes) -> None:
    with pytest.raises(GlossaryError):
        load_tbx(content, "terms.tbx")


def test_an_external_entity_is_not_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("SECRET", "utf-8")
    content = f'<!DOCTYPE tbx [<!ENTITY s SYSTEM "{secret.as_uri()}">]><tbx><text><body><conceptEntry><langSec xml:lang="en"><termSec><term>a &s;</term></termSec></langSec></conceptEntry></body></text></tbx>'  # noqa: E501
    with pytest.raises(GlossaryError, match="entities") as found:
        load_tbx(content.encode(), "terms.tbx")
    assert "SECRET" not in str(found.value)


def test_a_csv_field_without_end_is_refused() -> None:
    for content in (b'term\n"' + b"a" * 5_000_000, b"term\n" + b"a " * 500_000, b'term\n"' + b'""' * 1_000_000 + b'"'):
        with pytest.raises(GlossaryError):
            load_csv(content, "terms.csv")


def test_matching_terms_takes_linear_work() -> None:
    matcher = Matcher(parse_termbase("terms: [a, a a, a a a a, b-a, " + " ".join(["a"] * 16) + "]\n"))
    for part in ("a ", "a-", "b a ", "x@", "http://", "a.b", "--a", "a'"):
        assert_linear(matcher.find, lambda n, part=part: part * n, 400)  # type: ignore[misc]


# ---- what C does ----

LARGE: dict[str, tuple[Callable[[str], object], str]] = {
    "spaces in a title": (take_draft, DRAFTS["spaces in a title"](300_000)),
    "short rows": (take_draft, "|a" * 2_000 + "|\n" + "|-" * 2_000 + "|\n" + "b\n" * 2_000),
    "quotes in titles": (take_draft, DRAFTS["quotes in titles"](6_000)),
    "captures": (take_draft, DRAFTS["captures"](10_000)),
    "outputs": (take_draft, DRAFTS["outputs"](50_000)),
    "a word": (take_draft, DRAFTS["a word"](1_000_000)),
    "spaces": (take_draft, DRAFTS["spaces"](1_000_000)),
    "ampersands": (take_draft, DRAFTS["ampersands"](1_000_000)),
    "comments that open": (take_file, "<!--" * 250_000),
    "comments that close": (take_file, FILES["comments that close"](250_000)),
    "escapes": (take_file, FILES["escapes"](200_000)),
    "blank lines": (take_file, (" " * 50 + "\n") * 5_000),
    "images in a human version": (take_match, "a ![\n\n<img \n\n" * 100 + "![" * 50_000),
}


def test_large_inputs_of_one_kind_end() -> None:
    command = [sys.executable, "-m", "tests.test_security_scaling"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.split("\n")[:-1] == list(LARGE)


if __name__ == "__main__":
    for large_name, (take_large, large) in LARGE.items():
        take_large(large)
        print(large_name, flush=True)
