"""Editing in the review: every save is whole, nothing is clobbered, and nobody else gets in."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.review_support import CONFLICT, ENGLISH, HUMAN, MACHINE, Sample, desk_of, make
from translate.document.bilingual_reader import read_bilingual
from translate.errors import UserError
from translate.memory.store import Memory
from translate.rerun import Conflict, conflict_comment
from translate.review.edits import EditError, patch_of
from translate.review.server import Secrets, application
from translate.review.session import Clash, Session

FIRST = "A small dataset is enough for this model if you clean it with clean() first."
NEW = "Os autores medem o throughput de cada etapa e publicam os resultados."


@pytest.fixture
def sample(tmp_path: Path) -> Sample:
    return make(tmp_path, conflicts={4: CONFLICT})


@pytest.fixture
def session(sample: Sample) -> Iterator[Session]:
    with desk_of(sample) as desk:
        yield Session(desk)


def segment(session: Session, english: str) -> dict[str, Any]:
    found: dict[str, Any] = next(s for s in session.page()["segments"] if s["english"] == english)
    return found


def save(session: Session, english: str, text: str, *, approve: bool = False) -> dict[str, Any]:
    shown = segment(session, english)
    return session.edit(shown["key"], shown["hash"], text, approve=approve, version=session.page()["version"])


# Saving ----------------------------------------------------------------------------------------


def test_a_save_changes_its_segment_in_the_file_and_nothing_else(sample: Sample, session: Session) -> None:
    before = sample.text
    answer = save(session, ENGLISH[2], NEW)
    assert sample.text == before.replace(MACHINE[2], NEW)
    changed = {s["english"]: s for s in answer["segments"]}
    assert changed[ENGLISH[2]]["edited"]
    assert changed[ENGLISH[2]]["hypothesis"] == MACHINE[2]


def test_line_endings_stay_as_they_are(tmp_path: Path) -> None:
    sample = make(tmp_path, newline="\r\n")
    before = sample.text
    with desk_of(sample) as desk:
        save(Session(desk), FIRST, "Um dataset\npequeno basta com `clean()` e [ele](https://example.org/model).")
    assert "Um dataset\r\npequeno basta" in sample.text
    assert sample.text.count("\n") == sample.text.count("\r\n") == before.count("\n") + 1


def test_a_save_goes_into_the_memory_as_a_humans(sample: Sample, session: Session) -> None:
    save(session, ENGLISH[2], NEW, approve=True)
    with Memory(sample.memory) as memory:
        units = [u for u in memory.units() if u.origin == "human"]
    assert [(u.source, u.target, u.approved) for u in units] == [(ENGLISH[2], NEW, True)]
    assert segment(session, ENGLISH[2])["approved"]


def test_approval_lasts_and_can_be_taken_back(sample: Sample, session: Session) -> None:
    shown = segment(session, ENGLISH[2])
    session.approve(shown["key"], shown["hash"], approved=True, version="")
    with desk_of(sample) as desk:
        assert segment(Session(desk), ENGLISH[2])["approved"]
    session.approve(shown["key"], shown["hash"], approved=False, version="")
    assert not segment(session, ENGLISH[2])["approved"]


@pytest.mark.parametrize("recorded", [True, False])
def test_approval_needs_no_draft_beside_the_file(tmp_path: Path, recorded: bool) -> None:
    sample = make(tmp_path, recorded=recorded)
    sample.draft.unlink()
    with desk_of(sample) as desk:
        save(Session(desk), ENGLISH[2], NEW, approve=True)
    with desk_of(sample) as desk:
        assert segment(Session(desk), ENGLISH[2])["approved"]


def test_an_approved_text_that_is_edited_outside_is_approved_no_longer(sample: Sample, session: Session) -> None:
    save(session, ENGLISH[2], NEW, approve=True)
    sample.replace(NEW, "Outra coisa.")
    assert not segment(session, ENGLISH[2])["approved"]


def test_a_list_item_is_edited_alone(sample: Sample, session: Session) -> None:
    save(session, "one cache for all of them", "um único cache para todos")
    assert "* um worker para cada arquivo\n* um único cache para todos\n" in sample.text


@pytest.mark.parametrize(
    ("typed", "line"),
    [
        ("Uma edição: \"curta\" e 'boa'", 'title: "Uma edição: \\"curta\\" e \'boa\'"'),
        ("Uma # edição", 'title: "Uma # edição"'),
    ],
)
def test_front_matter_is_escaped_as_its_quotes_ask_for(sample: Sample, session: Session, typed: str, line: str) -> None:
    save(session, "A short issue", typed)
    assert line in sample.text.splitlines()
    assert segment(session, "A short issue")["current"] == typed


@pytest.mark.parametrize(
    "typed",
    ["", "Dois\n\nparágrafos.", "<!-- Um comentário. -->", "Texto\n\n<!-- The English. -->", "a\x00b", "# Título"],
)
def test_what_would_break_the_file_is_refused(sample: Sample, session: Session, typed: str) -> None:
    before = sample.text
    if typed == "# Título":  # another kind of block, but one block: the translator's choice
        save(session, ENGLISH[2], typed)
        assert sample.text == before.replace(MACHINE[2], typed)
        return
    with pytest.raises(EditError):
        save(session, ENGLISH[2], typed)
    assert sample.text == before


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
@settings(max_examples=25, deadline=None)
def test_whatever_is_typed_the_rest_of_the_file_stays(tmp_path_factory: pytest.TempPathFactory, typed: str) -> None:
    sample = make(tmp_path_factory.mktemp("typed"))
    before = sample.text
    with desk_of(sample) as desk:
        session = Session(desk)
        try:
            save(session, ENGLISH[2], typed)
        except EditError:
            assert sample.text == before
            return
    start = before.index(MACHINE[2])
    assert sample.text.startswith(before[:start])
    assert sample.text.endswith(before[start + len(MACHINE[2]) :])
    units = read_bilingual(sample.text).units
    assert [u.english for u in units if u.english is not None] == [u.english for u in read_bilingual(before).units]


# Conflicts -------------------------------------------------------------------------------------


def test_keeping_the_text_resolves_a_conflict(sample: Sample, session: Session) -> None:
    shown = segment(session, ENGLISH[4])
    session.resolve(shown["key"], shown["hash"], "mine", version="")
    assert "CONFLICT" not in sample.text
    assert HUMAN[4] in sample.text
    assert "\n\n\n" not in sample.text
    assert segment(session, ENGLISH[4])["approved"]


def test_taking_the_machines_text_resolves_a_conflict(sample: Sample, session: Session) -> None:
    shown = segment(session, ENGLISH[4])
    session.resolve(shown["key"], shown["hash"], "machine", version="")
    assert "CONFLICT" not in sample.text
    assert HUMAN[4] not in sample.text
    assert segment(session, ENGLISH[4])["current"] == CONFLICT.hypothesis


def test_saving_and_approving_resolves_a_conflict(sample: Sample, session: Session) -> None:
    save(session, ENGLISH[4], "Treinamos duas vezes, sem overfitting.", approve=True)
    assert "CONFLICT" not in sample.text
    assert segment(session, ENGLISH[4])["approved"]


def test_a_conflict_waits_while_its_text_is_only_saved(sample: Sample, session: Session) -> None:
    save(session, ENGLISH[4], "Treinamos duas vezes, sem overfitting.")
    shown = segment(session, ENGLISH[4])
    assert len(shown["offers"]) == 1
    with pytest.raises(EditError, match="resolve it first"):
        session.approve(shown["key"], shown["hash"], approved=True, version="")


@pytest.mark.parametrize("take", ["mine", "machine"])
def test_a_conflict_in_the_front_matter_is_resolved(tmp_path: Path, take: str) -> None:
    sample = make(tmp_path)
    before = sample.text
    about = "`title` in the front matter"
    offer = Conflict(about, 'title: "A brief issue"', 'title: "A short issue"', 'title: "Edição breve"')
    sample.replace("---\n\n", f"---\n\n{conflict_comment(offer)}\n\n")
    with desk_of(sample) as desk:
        session = Session(desk)
        shown = segment(session, "A short issue")
        assert [o["hypothesis"] for o in shown["offers"]] == [offer.hypothesis]
        session.resolve(shown["key"], shown["hash"], take, version="")
    title = "Uma edição curta" if take == "mine" else "Edição breve"
    assert sample.text == before.replace("Uma edição curta", title)


# Undo ------------------------------------------------------------------------------------------


def test_undo_takes_every_step_back(sample: Sample, session: Session) -> None:
    texts, shown = [sample.text], segment(session, ENGLISH[4])
    save(session, ENGLISH[2], NEW, approve=True)
    texts.append(sample.text)
    session.resolve(shown["key"], shown["hash"], "machine", version="")
    texts.append(sample.text)
    save(session, "What we read", "Leituras")
    assert len({*texts, sample.text}) == 4
    for text in reversed(texts):
        session.undo(version="")
        assert sample.text == text
    assert session.page()["undo"] is None
    assert not segment(session, ENGLISH[2])["approved"]
    with Memory(sample.memory) as memory:
        assert [u for u in memory.units() if u.origin == "human"] == []
    with pytest.raises(EditError, match="nothing to undo"):
        session.undo(version="")


def test_undo_gives_an_approval_back_that_was_overwritten(session: Session) -> None:
    save(session, ENGLISH[2], NEW, approve=True)
    save(session, ENGLISH[2], "Outra.")
    session.undo(version="")
    shown = segment(session, ENGLISH[2])
    assert (shown["current"], shown["approved"]) == (NEW, True)


def test_undo_works_when_the_file_was_edited_elsewhere(sample: Sample, session: Session) -> None:
    save(session, ENGLISH[2], NEW)
    sample.replace("# O que nós lemos", "# O que andamos lendo")
    session.undo(version="")
    assert MACHINE[2] in sample.text
    assert "# O que andamos lendo" in sample.text


def test_undo_never_overwrites_an_outside_edit(sample: Sample, session: Session) -> None:
    save(session, ENGLISH[2], NEW)
    sample.replace(NEW, "Escrito fora daqui.")
    with pytest.raises(Clash):
        session.undo(version="")
    assert "Escrito fora daqui." in sample.text


steps = st.lists(
    st.tuples(st.sampled_from(["edit", "approve", "mine", "machine", "undo"]), st.integers(0, 6), st.integers(0, 3)),
    max_size=8,
)


@given(steps)
@settings(max_examples=20, deadline=None)
def test_any_sequence_of_steps_can_be_undone(
    tmp_path_factory: pytest.TempPathFactory, chosen: list[tuple[str, int, int]]
) -> None:
    sample = make(tmp_path_factory.mktemp("steps"), conflicts={4: CONFLICT})
    before = sample.text
    with desk_of(sample) as desk:
        session = Session(desk)
        for name, index, number in chosen:
            shown = session.page()["segments"][index]
            key, base = shown["key"], shown["hash"]
            try:
                if name == "edit":
                    session.edit(key, base, f"Texto {number}.", approve=number == 0, version="")
                elif name == "approve":
                    session.approve(key, base, approved=number % 2 == 0, version="")
                elif name == "undo":
                    session.undo(version="")
                else:
                    session.resolve(key, base, name, version="")
            except EditError:
                continue
        while session.page()["undo"]:
            session.undo(version="")
    assert sample.text == before
    with Memory(sample.memory) as memory:
        assert [unit for unit in memory.units() if unit.origin == "human"] == []


@given(st.text(max_size=30), st.text(max_size=30))
def test_patches_turn_texts_into_each_other(before: str, after: str) -> None:
    patch = patch_of(before, after)
    assert patch.apply(before) == after
    assert patch.inverse.apply(after) == before


# Clashes ---------------------------------------------------------------------------------------


def test_a_stale_edit_is_refused_with_what_the_file_has_now(sample: Sample, session: Session) -> None:
    shown = segment(session, ENGLISH[2])
    sample.replace(MACHINE[2], "Escrito fora daqui.")
    before = sample.text
    with pytest.raises(Clash) as clash:
        session.edit(shown["key"], shown["hash"], NEW, approve=False, version="")
    assert sample.text == before
    assert clash.value.current is not None
    assert clash.value.current["markdown"] == "Escrito fora daqui."
    session.edit(shown["key"], clash.value.current["hash"], NEW, approve=False, version="")  # the translator's choice
    assert NEW in sample.text


def test_a_segment_that_is_gone_is_refused(sample: Sample, session: Session) -> None:
    shown = segment(session, ENGLISH[2])
    sample.replace(f"{MACHINE[2]}\n\n<!-- {ENGLISH[2]} -->\n\n", "")
    with pytest.raises(Clash) as clash:
        session.edit(shown["key"], shown["hash"], NEW, approve=False, version="")
    assert clash.value.current is None


def test_edits_of_different_segments_from_two_pages_both_stand(sample: Sample) -> None:
    with desk_of(sample) as one, desk_of(sample) as two:
        first, second = Session(one), Session(two)
        ours, theirs = segment(first, ENGLISH[2]), segment(second, FIRST)
        text = "Um dataset pequeno basta para [este modelo](https://example.org/model) com `clean()`."
        first.edit(ours["key"], ours["hash"], NEW, approve=False, version="")
        second.edit(theirs["key"], theirs["hash"], text, approve=False, version="")
    assert NEW in sample.text
    assert text in sample.text


def test_equal_english_is_told_apart(tmp_path: Path) -> None:
    english = (ENGLISH[2], ENGLISH[4], ENGLISH[2])
    machine = ("Primeiro.", MACHINE[4], "Segundo.")
    sample = make(tmp_path, english=english, machine=machine, human={})
    with desk_of(sample) as desk:
        session = Session(desk)
        first, _, last = session.page()["segments"][1:]
        session.edit(last["key"], last["hash"], "Terceiro.", approve=False, version="")
        assert "Primeiro." in sample.text
        assert "Segundo." not in sample.text
        # One of the two goes: what is left of it is not mistaken for the other.
        sample.replace(f"Primeiro.\n\n<!-- {ENGLISH[2]} -->\n\n", "")
        with pytest.raises(Clash):
            session.edit(first["key"], first["hash"], "Quarto.", approve=False, version="")


def test_an_outside_edit_reaches_the_page(sample: Sample, session: Session) -> None:
    version = session.page()["version"]
    assert "segments" not in session.since(version)
    sample.replace(MACHINE[2], "Escrito fora daqui.")
    news = session.since(version)
    assert [s["current"] for s in news["segments"]] == ["Escrito fora daqui."]
    assert "keys" not in news


def test_a_file_that_cannot_be_written_is_reported(sample: Sample, session: Session) -> None:
    if os.geteuid() == 0:
        shown = segment(session, ENGLISH[2])
        sample.bilingual.unlink()
        with pytest.raises(UserError, match="no such file"):
            session.edit(shown["key"], shown["hash"], NEW, approve=False, version="")
        return
    sample.bilingual.chmod(0o444)
    with pytest.raises(UserError, match="permission denied"):
        save(session, ENGLISH[2], NEW)


# The gate --------------------------------------------------------------------------------------

KNOWN = Secrets("token-of-the-address", "token-of-writes", 4711)
OWN = {"host": "127.0.0.1:4711"}
WRITE = {**OWN, "origin": "http://127.0.0.1:4711", "content-type": "application/json", "x-csrf-token": KNOWN.csrf}


def ask(session: Session, method: str, path: str, headers: dict[str, Any], body: Any = None) -> tuple[int, Any, Any]:
    """(status, headers, JSON or text) of a request to the real application."""
    import httpx

    async def run() -> httpx.Response:
        transport = httpx.ASGITransport(application(session, KNOWN))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:4711") as client:
            return await client.request(method, path, headers=headers, json=body)

    answer = asyncio.run(run())
    is_json = answer.headers["content-type"].startswith("application/json")
    return answer.status_code, answer.headers, answer.json() if is_json else answer.text


def edit_body(session: Session) -> dict[str, Any]:
    shown = segment(session, ENGLISH[2])
    return {
        "key": shown["key"],
        "base": shown["hash"],
        "text": NEW,
        "approve": False,
        "since": session.page()["version"],
    }


def test_the_page_and_a_write_are_served(sample: Sample, session: Session) -> None:
    status, headers, text = ask(session, "GET", KNOWN.base, OWN)
    assert status == 200
    assert KNOWN.csrf in text
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["cache-control"] == "no-store"
    assert not any(name.startswith("access-control") for name in headers)
    status, _, answer = ask(session, "POST", f"{KNOWN.base}edit", WRITE, edit_body(session))
    assert (status, answer["said"]) == (200, "Saved.")
    assert NEW in sample.text


@pytest.mark.parametrize(
    ("headers", "wanted"),
    [
        ({**WRITE, "origin": "https://evil.example"}, 403),
        ({**WRITE, "origin": "null"}, 403),
        ({**WRITE, "origin": "http://localhost:4711"}, 403),
        ({k: v for k, v in WRITE.items() if k != "origin"}, 403),
        ({**WRITE, "host": "evil.example:4711"}, 403),
        ({**WRITE, "host": "127.0.0.1:4712"}, 403),
        ({**WRITE, "x-csrf-token": "guess"}, 403),
        ({**WRITE, "x-csrf-token": "tökén".encode()}, 403),
        ({k: v for k, v in WRITE.items() if k != "x-csrf-token"}, 403),
        ({**WRITE, "content-type": "text/plain"}, 415),
        ({**WRITE, "sec-fetch-site": "cross-site"}, 403),
        ({**WRITE, "sec-fetch-site": "same-site"}, 403),
    ],
)
def test_other_pages_cannot_write(sample: Sample, session: Session, headers: dict[str, Any], wanted: int) -> None:
    before = sample.text
    status, answered, _ = ask(session, "POST", f"{KNOWN.base}edit", headers, edit_body(session))
    assert status == wanted
    assert sample.text == before
    assert not any(name.startswith("access-control") for name in answered)


@pytest.mark.parametrize(
    ("method", "path", "headers", "wanted"),
    [
        ("GET", "/", OWN, 404),
        ("GET", "/token-of-the-addresx/", OWN, 404),
        ("GET", f"{KNOWN.base}state", {"host": "rebound.example"}, 403),
        ("GET", KNOWN.base, {**OWN, "sec-fetch-site": "cross-site"}, 403),
        ("OPTIONS", f"{KNOWN.base}edit", {**OWN, "origin": "http://127.0.0.1:4711"}, 405),
        ("PUT", f"{KNOWN.base}edit", WRITE, 405),
        ("POST", f"{KNOWN.base}nothing", WRITE, 400),
    ],
)
def test_nothing_else_is_answered(
    session: Session, method: str, path: str, headers: dict[str, str], wanted: int
) -> None:
    assert ask(session, method, path, headers)[0] == wanted


def test_broken_and_huge_requests_are_refused(session: Session) -> None:
    assert ask(session, "POST", f"{KNOWN.base}edit", WRITE, ["no", "object"])[0] == 400
    assert ask(session, "POST", f"{KNOWN.base}edit", WRITE, {**edit_body(session), "text": 7})[0] == 400
    assert ask(session, "POST", f"{KNOWN.base}edit", WRITE, {**edit_body(session), "text": "x" * 1_100_000})[0] == 400


def test_a_clash_is_409_and_an_impossible_edit_422(sample: Sample, session: Session) -> None:
    body = edit_body(session)
    assert ask(session, "POST", f"{KNOWN.base}edit", WRITE, {**body, "text": "a\n\nb"})[0] == 422
    sample.replace(MACHINE[2], "Escrito fora daqui.")
    status, _, answer = ask(session, "POST", f"{KNOWN.base}edit", WRITE, body)
    assert (status, answer["current"]["markdown"]) == (409, "Escrito fora daqui.")
