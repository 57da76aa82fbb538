"""Re-running: the file's text stays, the draft's changes come in, nothing that a human wrote is lost."""

from __future__ import annotations

import random

import pytest

from tests.rerun_world import START, World, first_run, run_again
from translate.document.bilingual_reader import read_bilingual
from translate.rerun import Conflict, Record, Removed, Row, conflict_comment, read_conflict, read_existing
from translate.rerun.matter import items
from translate.rerun.sequences import ascending, edited_pairs, equal_pairs

LAYOUTS = ("comment-after", "comment-before", "target-only")
FIRST = "The first paragraph tells what is new. It has two sentences."
FIRST_PT = "Thé fírst párágráph télls whát ís néw. Ít hás twó sénténcés."


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_nothing_changed_changes_no_byte(layout: str, newline: str) -> None:
    draft = START.replace("\n", newline)
    text, record = first_run(draft, layout)  # type: ignore[arg-type]
    merged = run_again(draft, text, record)
    assert (merged.text, merged.translated, merged.conflicts) == (text, 0, 0)
    assert run_again(draft, text, None).text == text


def test_pieces_join_to_the_file() -> None:
    text, _ = first_run(START)
    existing = read_existing(text)
    assert existing.matter + "".join(piece.text for piece in existing.pieces) == text


@pytest.mark.parametrize("layout", LAYOUTS)
def test_changed_english_under_a_machine_text_is_the_file_of_a_first_run(layout: str) -> None:
    text, record = first_run(START, layout)  # type: ignore[arg-type]
    draft = START.replace("tells what is new", "says what is old")
    merged = run_again(draft, text, record)
    assert merged.text == first_run(draft, layout)[0]  # type: ignore[arg-type]
    assert merged.translated == 1
    assert merged.conflicts == 0


def test_added_removed_and_moved_blocks_give_the_file_of_a_first_run() -> None:
    text, record = first_run(START)
    source, last = "\n\nSource\n\n", "The last paragraph says goodbye."
    for draft in (
        START.replace(source, "\n\nSource\n\nA new block.\n\n"),
        START.replace(source, "\n\n"),
        START.replace(f"{source}{last}", f"\n\n{last}{source.rstrip()}"),
        START.replace("![](picture.png)", "![](other.png)"),
        START.replace("title: Small", "title: Smaller"),
        START.replace("tags: [a, b]", "tags: [a, b]\nlayout: post"),
        START.replace("author: someone\n", ""),
    ):
        merged = run_again(draft, text, record)
        assert merged.text == first_run(draft)[0]


def test_a_moved_block_keeps_the_human_text() -> None:
    text, record = first_run(START)
    text = text.replace("Sóúrcé", "Fonte")
    last = "The last paragraph says goodbye."
    draft = START.replace(f"\n\nSource\n\n{last}", f"\n\n{last}\n\nSource")
    merged = run_again(draft, text, record)
    assert "Fonte\n\n<!-- Source -->" in merged.text
    assert "Sóúrcé" not in merged.text
    assert merged.translated == 0
    assert merged.moved == 1


def edited(text: str) -> str:
    return text.replace(FIRST_PT, "O primeiro parágrafo conta as novidades.")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_changed_english_under_a_human_text_is_a_conflict(layout: str) -> None:
    text, record = first_run(START, layout)  # type: ignore[arg-type]
    draft = START.replace("two sentences", "three sentences")
    merged = run_again(draft, edited(text), record)
    assert merged.conflicts == 1
    assert "O primeiro parágrafo conta as novidades." in merged.text
    (piece,) = read_existing(merged.text).conflicts
    assert read_conflict(piece.text) == Conflict(
        "the text above", FIRST, FIRST.replace("two", "three"), FIRST_PT.replace("twó", "thréé")
    )
    if layout != "target-only":
        assert f"<!-- {FIRST.replace('two', 'three')} -->" in merged.text
    again = run_again(draft, merged.text, merged.record)
    assert (again.text, again.translated) == (merged.text, 0)


def test_an_unedited_text_is_a_humans_once_the_memory_is_gone() -> None:
    text, _ = first_run(START)
    merged = run_again(START.replace("two sentences", "three sentences"), text, None)
    assert merged.conflicts == 1
    assert FIRST_PT in merged.text


def test_a_resolved_conflict_is_not_offered_again() -> None:
    text, record = first_run(START)
    draft = START.replace("two sentences", "three sentences")
    merged = run_again(draft, edited(text), record)
    (piece,) = read_existing(merged.text).conflicts
    resolved = merged.text.replace(piece.text + "\n\n", "")
    for known in (merged.record, None):
        again = run_again(draft, resolved, known)
        assert (again.text, again.translated, again.conflicts) == (resolved, 0, 0)


def test_an_open_conflict_follows_the_draft() -> None:
    text, record = first_run(START)
    first = run_again(START.replace("two sentences", "three sentences"), edited(text), record)
    second = run_again(START.replace("two sentences", "four sentences"), first.text, first.record)
    (piece,) = read_existing(second.text).conflicts
    offered = read_conflict(piece.text)
    assert offered is not None
    assert (offered.old, offered.new) == (FIRST, FIRST.replace("two", "four"))
    back = run_again(START, second.text, second.record)
    assert back.text == edited(text)


def test_a_conflict_that_a_human_wrote_into_stays() -> None:
    text, record = first_run(START)
    first = run_again(START.replace("two sentences", "three sentences"), edited(text), record)
    noted = first.text.replace("the machine translates it so ===", "the machine translates it so ===\nminha nota")
    second = run_again(START.replace("two sentences", "four sentences"), noted, first.record)
    assert "minha nota" in second.text
    assert len(read_existing(second.text).conflicts) == 2


def test_a_removed_block_leaves_the_file_for_the_memory() -> None:
    text, record = first_run(START)
    merged = run_again(START.replace(FIRST + "\n\n", ""), edited(text), record)
    assert "novidades" not in merged.text
    assert merged.removed == (Removed(FIRST, "O primeiro parágrafo conta as novidades.", human=True),)


def test_a_humans_own_blocks_stay_between_their_neighbours() -> None:
    text, record = first_run(START)
    note = "Nota do tradutor: isto não está no original."
    text = text.replace(f"<!-- {FIRST} -->\n\n", f"<!-- {FIRST} -->\n\n{note}\n\n![](minha.png)\n\n")
    draft = START.replace("two sentences", "three sentences").replace("says goodbye", "ends here")
    merged = run_again(draft, text, record)
    assert f"{FIRST.replace('two', 'three')} -->\n\n{note}\n\n![](minha.png)\n\n\\\\\nÁnóthér" in merged.text
    assert merged.conflicts == 0
    assert merged.translated == 2


def test_a_humans_title_is_kept_and_the_new_one_offered() -> None:
    text, record = first_run(START)
    text = text.replace("title: Smáll módéls, lárgé hópés", "title: Modelos pequenos")
    merged = run_again(START.replace("large hopes", "great hopes"), text, record)
    assert "\ntitle: Modelos pequenos\n" in merged.text
    (piece,) = read_existing(merged.text).conflicts
    offered = read_conflict(piece.text)
    assert offered is not None
    assert offered.about == "`title` in the front matter"
    assert "gréát" in offered.hypothesis
    again = run_again(START.replace("large hopes", "great hopes"), merged.text, merged.record)
    assert again.text == merged.text


def test_what_another_run_has_put_there_already_is_not_put_there_again() -> None:
    text, record = first_run(START)
    draft = START.replace("\n\nSource\n\n", "\n\nSource\n\nA new block.\n\n![](new.png)\n\n")
    theirs = run_again(draft, text, record).text
    merged = run_again(draft, theirs, record)
    assert (merged.text, merged.translated) == (theirs, 0)


def test_a_human_file_without_comments_is_left_as_it_is() -> None:
    text = "# Notícias do mês\n\nO primeiro parágrafo conta o que há de novo.\n\nUma nota do tradutor.\n\nAdeus!\n"
    merged = run_again(START, text, None)
    assert merged.text == text
    assert merged.translated == 0
    assert any("no certain counterpart" in note for note in merged.notes)
    again = run_again(START, text, merged.record)
    assert again.text == text


def test_several_blocks_under_one_comment_written_by_hand() -> None:
    draft = "# Title here\n\nOne short paragraph about models.\n\nAnother longer paragraph about the data we use.\n"
    text = (
        "# Título aqui\n\nUm parágrafo curto sobre modelos.\n\n"
        "Outro parágrafo, mais longo, sobre os dados que usamos.\n\n<!-- # Title here\n\n"
        "One short paragraph about models.\n\nAnother longer paragraph about the data we use. -->\n"
    )
    assert run_again(draft, text, None).text == text
    merged = run_again(draft.replace("One short", "One very short"), text, None)
    for line in text.splitlines():
        assert line.removeprefix("<!-- ").removesuffix(" -->") in merged.text
    assert len(read_existing(merged.text).conflicts) == 1


def test_retranslate_machine_redoes_what_no_human_touched() -> None:
    text, record = first_run(START)
    stale = Record(
        record.draft,
        tuple(
            Row(r.entries, r.english, "velho" if r.english == ("Source",) else r.machine, r.seen) for r in record.rows
        ),
        record.matter,
        record.layout,
    )
    old = edited(text).replace("Sóúrcé", "velho")
    merged = run_again(START, old, stale, retranslate="machine")
    assert merged.text == edited(text)


def test_the_reader_of_bilingual_files_sees_english_beside_a_conflict() -> None:
    text, record = first_run(START)
    merged = run_again(START.replace("two sentences", "three sentences"), edited(text), record)
    existing = read_existing(merged.text)
    unit = next(unit for unit in existing.units if unit.conflicts)
    assert unit.english == FIRST.replace("two", "three")
    assert unit.portuguese is not None
    assert unit.portuguese.text == "O primeiro parágrafo conta as novidades."
    assert read_bilingual(merged.text).units


@pytest.mark.parametrize("hostile", ["--> x", "{{ liquid }} {% raw %}", "<!-- y", "=== 00000000 ===", "a\n\n\nb", ""])
def test_a_conflict_reads_back_as_it_was_written(hostile: str) -> None:
    conflict = Conflict("the text above", f"old {hostile}", hostile, f"{hostile} new")
    for newline in ("\n", "\r\n"):
        comment = conflict_comment(conflict, newline)
        assert read_conflict(comment) == conflict
        assert comment.count("-->") == 1
        assert "{{" not in comment
    assert read_conflict(conflict_comment(conflict).replace("old", "odd", 1)) is None


def test_front_matter_items_join_to_it() -> None:
    matter = "---\n# comment\ntitle: a\n  b\ntags:\n  - x\ntitle: again\n---\n"
    found = items(matter)
    assert "".join(text for _, text in found) == matter
    assert [name for name, _ in found] == ["", "title", "tags", "title#2", "---"]


def test_sequences() -> None:
    assert equal_pairs(["a", "b", "a"], ["b", "a", "a"]) in ({0: 1, 1: 0, 2: 2}, {1: 0, 2: 1, 0: 2})
    assert edited_pairs(["same", "the old text"], ["new", "the bold text"], {}, least=0.5, lone=0.0) == {1: 1}
    assert ascending([5, 1, 2, 9, 3]) == {1, 2, 3}


SHORT = (
    "---\ntitle: A title\n---\n\n# Head line\n\nThe first text is new.\n\n"
    "\\\\\nAnother text links to [a page](b.md).\n\n* one thing\n"
)


def test_500_sequences_of_edits_by_author_and_human_lose_nothing() -> None:
    """Random edits in random order. No human word is lost, and running twice is running once."""
    for seed in range(500):
        rng = random.Random(seed)
        world = World(rng, SHORT)
        world.text, world.record = first_run(SHORT, rng.choice(LAYOUTS))  # type: ignore[arg-type]
        for _ in range(2):
            for _ in range(rng.randint(1, 4)):
                rng.choice([world.author, world.human])()
            world.run()
            assert not world.lost(), f"sequence {seed}"
        once = world.text
        assert world.run().translated == 0, f"sequence {seed}"
        assert world.text == once, f"sequence {seed}"
