"""Bilingual files as human translators write them: comments go to the blocks most like them."""

from __future__ import annotations

from pathlib import Path

import pytest

from translate.document.bilingual import write_bilingual
from translate.document.bilingual_reader import Bilingual, Unit, read_bilingual
from translate.document.parse import parse
from translate.text_file import read_text

SHARED = Path(__file__).resolve().parents[1].parent / "shared" / "newsletters"


def commented(bilingual: Bilingual) -> list[tuple[str, str | None, str | None]]:
    assert all(bilingual.text[u.start : u.end] == u.portuguese for u in bilingual.units)
    return [(u.portuguese, u.english, u.side) for u in bilingual.units if u.english is not None]


def plain(bilingual: Bilingual) -> list[Unit]:
    return [u for u in bilingual.units if u.english is None]


GRAPHS = "A equipe do Atlas publicou um [artigo](https://example.org/graphs) sobre grafos com 12 milhões de nós."
GRAPHS_EN = "The Atlas team published a [paper](https://example.org/graphs) on graphs with 12 million nodes."
SPEECH = "O projeto Lyra transforma áudio em texto em 40 idiomas, sem servidor."
SPEECH_EN = "The Lyra project turns audio into text in 40 languages, without a server."


def test_portuguese_only() -> None:
    read = read_bilingual(f"# Notícias\n\n{GRAPHS}\n\n{SPEECH}\n")
    assert (read.layout, read.is_bilingual, read.exact) == ("target-only", False, True)
    assert [u.portuguese for u in read.units] == ["# Notícias", GRAPHS, SPEECH]


def test_only_some_blocks_have_a_comment() -> None:
    read = read_bilingual(
        f"# Notícias\n\n***Grafos***\n\n\\\\\n{GRAPHS}\n\n<!-- {GRAPHS_EN} -->\n\n"
        f"***Fala***\n\n{SPEECH}\n\n<!-- {SPEECH_EN} -->\n"
    )
    assert commented(read) == [(GRAPHS, GRAPHS_EN, "after"), (SPEECH, SPEECH_EN, "after")]
    assert read.layout == "comment-after"
    assert [u.portuguese for u in plain(read)] == ["# Notícias", "***Grafos***", "***Fala***"]


def test_comments_before_their_blocks() -> None:
    read = read_bilingual(
        f"# Notícias\n\n<!-- {GRAPHS_EN} -->\n\\\\\n{GRAPHS}\n\n***Fala***\n\n<!-- {SPEECH_EN} -->\n\n{SPEECH}\n"
    )
    assert commented(read) == [(GRAPHS, GRAPHS_EN, "before"), (SPEECH, SPEECH_EN, "before")]
    assert read.layout == "comment-before"


def test_both_sides_in_one_file_and_a_comment_right_under_its_block() -> None:
    read = read_bilingual(f"{GRAPHS}\n<!-- {GRAPHS_EN} -->\n\n# Fala\n\n<!-- {SPEECH_EN} -->\n\n{SPEECH}\n\n# Fim\n")
    assert commented(read) == [(GRAPHS, GRAPHS_EN, "after"), (SPEECH, SPEECH_EN, "before")]


def test_one_comment_for_several_blocks_and_a_translators_note() -> None:
    note = "Nota do tradutor: esta seção não existe no original."
    english = (
        "The Atlas team published a [paper](https://example.org/graphs) on graphs with 12 million nodes. The code is on"
        " [GitHub](https://github.com/example/atlas), with a notebook by Maria Quispe."
    )
    second = "O código está no [GitHub](https://github.com/example/atlas), com um notebook de Maria Quispe."
    read = read_bilingual(f"{GRAPHS}\n\n{second}\n\n<!-- {english} -->\n\n{note}\n\n{SPEECH}\n\n<!-- {SPEECH_EN} -->\n")
    assert commented(read) == [(f"{GRAPHS}\n\n{second}", english, "after"), (SPEECH, SPEECH_EN, "after")]
    assert [u.portuguese for u in plain(read)] == [note]


def test_a_group_of_comments_after_as_many_blocks() -> None:
    items = ["A Orion lançou o Vela 2.0.", "O curso do Kaggle é gratuito.", "Siga @ana no Mastodon."]
    english = ["Orion launched Vela 2.0.", "The Kaggle course is free.", "Follow @ana on Mastodon."]
    comments = "\n".join(f"<!-- {e} -->" for e in english)
    text = "# Notas\n\n" + "\n\n".join(items) + f"\n\n{comments}\n\nFim das notas.\n"
    assert commented(read_bilingual(text)) == [(p, e, "after") for p, e in zip(items, english, strict=True)]


def test_indented_and_many_line_comments_and_english_that_was_left_out() -> None:
    gone = "Subscribe to the list at https://example.com/list to get every issue by mail."
    read = read_bilingual(
        f"{GRAPHS}\n\n  <!--\n  {GRAPHS_EN}\n\n  More of it.\n  -->\n\n"
        f"# Fala\n\n<!-- {gone} -->\n\n{SPEECH}\n\n<!-- {SPEECH_EN} -->\n"
    )
    found = commented(read)
    assert [f[0] for f in found] == [GRAPHS, "", SPEECH]
    assert found[0][1] == f"{GRAPHS_EN}\n\n  More of it."
    assert found[1][1] == gone


def test_an_edited_file_keeps_its_pairs() -> None:
    """A block and its comment gone, a comment gone, a note more, a text rewritten: the rest stays paired."""
    english = [f"Item {n} of the list is about {word}." for n, word in enumerate("abcdefghijklmnopqrst")]
    document = parse("\n\n".join(english) + "\n")
    text = write_bilingual(document, {})
    text = text.replace(f"{english[3]}\n\n<!-- {english[3]} -->\n\n", "", 1)
    text = text.replace(f"<!-- {english[7]} -->\n\n", "", 1)
    note = "Nota do tradutor: a lista continua em outra página."
    text = text.replace(f"\n\n{english[12]}", f"\n\n{note}\n\n{english[12]}", 1)
    text = text.replace(english[15], "Outra coisa.", 1)
    read = read_bilingual(text)
    assert not read.exact
    expected: dict[str, str | None] = {e: e for e in english if e != english[3]}
    expected |= {english[7]: None, note: None, "Outra coisa.": expected.pop(english[15])}
    assert {u.portuguese: u.english for u in read.units} == expected


def test_comments_in_code_are_no_english() -> None:
    read = read_bilingual(f"```html\n<!-- {GRAPHS_EN} -->\n```\n\n{SPEECH}\n\n<!-- {SPEECH_EN} -->\n\nFim.\n")
    assert commented(read) == [(SPEECH, SPEECH_EN, "after")]


@pytest.mark.skipif(not SHARED.exists(), reason="the newsletters are not here")
@pytest.mark.parametrize(
    ("issue", "comments", "layout"),
    [("04", 39, "comment-after"), ("06", 38, "comment-before"), ("07", 37, "comment-after")],
)
def test_newsletters(issue: str, comments: int, layout: str) -> None:
    """Every comment of the real files finds blocks."""
    read = read_bilingual(read_text(SHARED / f"{issue}.pt-br.md").text)
    found = commented(read)
    assert len(found) == comments
    assert all(portuguese for portuguese, _, _ in found)
    assert read.layout == layout
