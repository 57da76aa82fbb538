"""Human versions are matched to their drafts; what is doubtful stays unmatched."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.reference_matching import evaluate
from translate.document.bilingual_reader import read_bilingual
from translate.document.model import Document
from translate.document.parse import parse
from translate.scoring.block_alignment import Block, align
from translate.scoring.reference import Matching, match
from translate.scoring.similarity import dot, features, fold, length_penalty, products, urls, weighted

SHARED = Path(__file__).resolve().parents[1].parent / "shared" / "newsletters"

ENGLISH = [
    "# Research 📙",
    "***Atlas***",
    "The Atlas team published a [paper](https://example.org/graphs) on graphs with 12 million nodes.",
    "![](https://example.org/atlas.png)",
    "*Source: the Atlas blog*",
    "***Speech for everyone***",
    "The Lyra project turns audio into text in 40 languages. Its models run without a server, and the weights of the"
    " small one are on [GitHub](https://github.com/example/lyra).",
    "# Education 🎓",
    "- Maria Quispe teaches a [course](https://example.edu/cs101) on neural networks.",
    "- The Kaggle team wrote a tutorial on embeddings.",
]
PORTUGUESE = [
    "# Pesquisa 📙",
    "***Atlas***",
    "A equipe do Atlas publicou um [artigo](https://example.org/graphs) sobre grafos com 12 milhões de nós.",
    "![](https://example.org/atlas.png)",
    "*Fonte: blog do Atlas*",
    "***Fala para todos***",
    "O projeto Lyra transforma áudio em texto em 40 idiomas. Seus modelos rodam sem servidor, e os pesos do menor estão"
    " no [GitHub](https://github.com/example/lyra).",
    "# Educação 🎓",
    "- Maria Quispe dá um [curso](https://example.edu/cs101) sobre redes neurais.",
    "- A equipe do Kaggle escreveu um tutorial sobre embeddings.",
]


def page(blocks: list[str], newline: str = "\n") -> str:
    text = "\n\n".join(blocks).replace("\n\n- The", "\n- The").replace("\n\n- A equipe", "\n- A equipe")
    return "---\ntitle: Issue 3 [EN]\n---\n\n".replace("\n", newline) + text.replace("\n", newline) + newline


def match_pages(english: list[str], portuguese: list[str]) -> tuple[Document, Document, Matching]:
    draft, human = parse(page(english)), parse(page(portuguese, "\r\n"))
    return draft, human, match(draft, human)


def texts(draft: Document, human: Document, matching: Matching) -> dict[str, str]:
    def beginnings(document: Document, indices: tuple[int, ...]) -> str:
        return " + ".join(document.segments[i].text[:12] for i in indices)

    return {beginnings(draft, pair.draft): beginnings(human, pair.human) for pair in matching.pairs}


def test_one_to_one() -> None:
    draft, human, matching = match_pages(ENGLISH, PORTUGUESE)
    assert [(p.draft, p.human) for p in matching.pairs] == [((i,), (i,)) for i in range(len(draft.segments))]
    assert matching.unmatched_draft == matching.unmatched_human == ()
    assert all(0.5 <= p.confidence <= 1 for p in matching.pairs)
    assert len(human.segments) == len(draft.segments) == 10


def test_split_and_merged_paragraphs() -> None:
    split = [*PORTUGUESE]
    split[6] = split[6].replace("idiomas. Seus", "idiomas.\n\nSeus")
    draft, human, matching = match_pages(ENGLISH, split)
    assert texts(draft, human, matching)["The Lyra pro"] == "O projeto Ly + Seus modelos"
    back = [*ENGLISH]
    back[6] = back[6].replace("languages. Its", "languages.\n\nIts")
    draft, human, matching = match_pages(back, PORTUGUESE)
    assert texts(draft, human, matching)["The Lyra pro + Its models r"] == "O projeto Ly"


def test_a_heading_joined_to_its_text() -> None:
    joined = [*PORTUGUESE[:5], f"{PORTUGUESE[5]}\n{PORTUGUESE[6]}", *PORTUGUESE[7:]]
    draft, human, matching = match_pages(ENGLISH, joined)
    assert texts(draft, human, matching)["Speech for e + The Lyra pro"] == "Fala para to"


def test_hard_wrapped_lines() -> None:
    wrapped = [*PORTUGUESE]
    wrapped[6] = "\n".join(wrapped[6].replace(", e", ",\ne").split(". "))
    draft, human, matching = match_pages(ENGLISH, wrapped)
    assert len(matching.pairs) == len(draft.segments) == len(human.segments)


def test_what_has_no_counterpart_is_reported() -> None:
    note = "Nota do tradutor: veja também a edição em espanhol, feita por voluntários de Lima."
    draft, human, matching = match_pages(ENGLISH, [*PORTUGUESE[:2], *PORTUGUESE[3:7], note, *PORTUGUESE[7:]])
    assert [draft.segments[i].text[:14] for i in matching.unmatched_draft] == ["The Atlas team"]
    assert [human.segments[j].text[:16] for j in matching.unmatched_human] == ["Nota do tradutor"]


def test_sections_that_changed_places() -> None:
    draft, human, matching = match_pages(ENGLISH, [*PORTUGUESE[7:], *PORTUGUESE[:7]])
    found = texts(draft, human, matching)
    assert found["The Lyra pro"] == "O projeto Ly"
    assert found["Maria Quispe"] == "Maria Quispe"
    assert found["The Kaggle t"] == "A equipe do "


def test_unrelated_texts_do_not_match() -> None:
    other = ["A receita leva farinha, ovos e leite.", "Asse por uma hora e sirva com café bem quente."]
    _, _, matching = match_pages(ENGLISH, other)
    assert [p.draft for p in matching.pairs] == [(0,)], "only the title"
    assert len(matching.unmatched_human) == 2


def test_english_comments_decide() -> None:
    """Two blocks that differ in nothing a stranger could see: only the comment tells which is which."""
    draft = parse("It rained.\n\nWe slept.\n\nThey left.\n")
    blind = match(draft, parse("Choveu muito.\n\nPartiram cedo.\n"))
    human = read_bilingual("Choveu muito.\n\n<!-- It rained. -->\n\nPartiram cedo.\n\n<!-- They left. -->\n")
    matching = match(draft, human)
    assert [(p.draft, p.human) for p in matching.pairs] == [((0,), (0,)), ((2,), (1,))]
    assert matching.unmatched_draft == (1,)
    assert [(p.draft, p.human) for p in blind.pairs] != [((0,), (0,)), ((2,), (1,))]


def test_empty_sides() -> None:
    matching = match(parse("Text.\n"), parse("![](a.png)\n"))
    assert (matching.pairs, matching.unmatched_draft, matching.unmatched_human) == ((), (0,), ())


def test_large_documents_stay_in_the_band() -> None:
    left = [Block(f"Item {i} of the list by user{i}", "", "text") for i in range(400)]
    right = [Block(f"Item {i} da lista por user{i}", "", "text") for i in range(400)]
    del right[50:60]
    beads = align(left, right)
    assert {b.left: b.right for b in beads}[(399,)] == (389,)
    assert len(beads) == 390


def test_similarity() -> None:
    assert fold("Ação ÚTIL") == "acao util"
    assert urls("[a](http://www.e.org/x/) and <https://e.org/y>. [r](/local)") == ["e.org/x", "e.org/y", "/local"]
    right = [features("Arquitetura neural 3,5"), features("Bolo de milho")]
    xs, ys = weighted([features("Neural architecture 3.5")], right)
    assert dot(xs[0], ys[0]) > 5 * dot(xs[0], ys[1])
    table = products(xs, ys)
    assert table[0].tolist() == pytest.approx([dot(xs[0], ys[0]), dot(xs[0], ys[1])], rel=1e-5)
    assert length_penalty(100, 110) < 0.1 < length_penalty(100, 160) < length_penalty(100, 300)


@pytest.mark.skipif(not SHARED.exists(), reason="the newsletters are not here")
def test_precision_and_recall_on_real_newsletters() -> None:
    results = [evaluate(SHARED / f"{n}.en.md", SHARED / f"{n}.pt-br.md") for n in ("04", "06", "07")]
    assert sum(r.right for r in results) >= 0.98 * sum(r.judged for r in results)
    assert sum(r.found for r in results) >= 0.95 * sum(r.true for r in results)
    assert sum(r.true for r in results) > 200
