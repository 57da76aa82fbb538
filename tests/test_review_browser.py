"""The review in a real, headless Chromium: reading, editing, clashes, the keyboard, hostile drafts."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.review_support import (
    BROWSER_ARGUMENTS,
    CONFLICT,
    ENGLISH,
    HUMAN,
    MACHINE,
    Sample,
    chromium,
    desk_of,
    make,
    report_of,
)
from translate.review.html import page as html_page
from translate.review.payload import page_data
from translate.review.server import listen
from translate.review.session import Session

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

NEW = "Os autores medem o throughput de cada etapa e publicam os resultados."


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    executable = chromium()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=executable, args=list(BROWSER_ARGUMENTS))
        yield running
        running.close()


@pytest.fixture
def new_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens pages, each with its own storage. A page error, or what the page's policy blocked, fails the test."""
    complaints: list[str] = []
    contexts = []

    def opened(address: str, **options: object) -> Page:
        context = browser.new_context(viewport={"width": 1280, "height": 900}, **options)  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda m: complaints.append(m.text) if m.type == "error" and "status of 4" not in m.text else None,
        )
        page.on("dialog", lambda dialog: dialog.accept())
        page.goto(address)
        page.wait_for_selector("html[data-ready]")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


@contextmanager
def serving(sample: Sample) -> Iterator[str]:
    """The address of a review of the sample, served by a thread of its own."""
    started = threading.Event()
    found: list[object] = []

    def run() -> None:
        with desk_of(sample) as desk:
            server, listener, address = listen(Session(desk))
            found.extend((server, address))
            started.set()
            server.run(sockets=[listener])
            listener.close()

    thread = threading.Thread(target=run)
    thread.start()
    assert started.wait(60)
    server, address = found
    try:
        yield str(address)
    finally:
        server.should_exit = True  # type: ignore[attr-defined]
        thread.join(30)
        assert not thread.is_alive()


@pytest.fixture
def sample(tmp_path: Path) -> Sample:
    return make(tmp_path, conflicts={4: CONFLICT})


@pytest.fixture
def address(sample: Sample) -> Iterator[str]:
    with serving(sample) as found:
        yield found


def seg(page: Page, english: str) -> Locator:
    return page.locator(".seg").filter(has=page.locator(".en", has_text=english))


def said(page: Page, text: str) -> None:
    from playwright.sync_api import expect

    expect(page.locator("#saved")).to_contain_text(text)


# Working with the mouse ------------------------------------------------------------------------


def test_edit_approve_undo_and_reload(address: str, sample: Sample, new_page: Callable[..., Page]) -> None:
    from playwright.sync_api import expect

    page = new_page(address)
    here = seg(page, ENGLISH[2])
    here.get_by_role("button", name="Edit").click()
    assert here.locator("textarea").input_value() == MACHINE[2]
    here.locator("textarea").fill(NEW)
    here.get_by_role("button", name="Save", exact=True).click()
    said(page, "Saved.")
    assert NEW in sample.text
    expect(here.locator("del")).to_have_text("passo")
    expect(here.locator("ins")).to_have_text("etapa")
    here.get_by_role("button", name="Approve").click()
    said(page, "Approved.")
    page.reload()
    expect(here.locator(".state")).to_have_text("✓ approved")
    expect(here.locator("ins")).to_have_text("etapa")
    page.get_by_role("button", name="Undo").click()
    said(page, "Undone: approve.")
    expect(here.locator(".state")).to_have_text("edited")
    page.get_by_role("button", name="Undo").click()
    said(page, "Undone: edit.")
    expect(here.locator("ins")).to_have_count(0)
    assert MACHINE[2] in sample.text


def test_a_refused_text_stays_in_the_editor(address: str, sample: Sample, new_page: Callable[..., Page]) -> None:
    from playwright.sync_api import expect

    page = new_page(address)
    here = seg(page, ENGLISH[2])
    here.get_by_role("button", name="Edit").click()
    here.locator("textarea").fill("Um.\n\nDois.")
    here.get_by_role("button", name="Save", exact=True).click()
    expect(here.get_by_role("alert")).to_contain_text("structure of the document")
    assert here.locator("textarea").input_value() == "Um.\n\nDois."
    assert MACHINE[2] in sample.text


def test_a_conflict_is_resolved(address: str, sample: Sample, new_page: Callable[..., Page]) -> None:
    from playwright.sync_api import expect

    page = new_page(address)
    page.get_by_role("button", name=re.compile("Conflicts")).click()
    expect(page.locator(".seg:visible")).to_have_count(1)
    offer = page.get_by_role("region", name="Conflict")
    expect(offer).to_contain_text(CONFLICT.hypothesis)
    expect(offer.locator("ins")).to_have_text("twice")
    offer.get_by_role("button", name="Take the machine’s").click()
    said(page, "Saved.")
    assert "CONFLICT" not in sample.text
    assert CONFLICT.hypothesis in sample.text
    page.get_by_role("button", name="Undo").click()
    said(page, "Undone")
    assert HUMAN[4] in sample.text
    assert "CONFLICT" in sample.text


# Clashes ---------------------------------------------------------------------------------------


def test_an_outside_edit_is_never_clobbered(address: str, sample: Sample, new_page: Callable[..., Page]) -> None:
    from playwright.sync_api import expect

    page = new_page(address)
    here = seg(page, ENGLISH[2])
    here.get_by_role("button", name="Edit").click()
    here.locator("textarea").fill(NEW)
    sample.replace(MACHINE[2], "Escrito fora daqui.")
    here.get_by_role("button", name="Save", exact=True).click()
    dialog = page.get_by_role("dialog", name="This text changed in the file")
    expect(dialog).to_be_visible()
    expect(page.locator("#clash-theirs")).to_have_text("Escrito fora daqui.")
    expect(page.locator("#clash-yours")).to_have_text(NEW)
    assert "Escrito fora daqui." in sample.text
    dialog.get_by_role("button", name="Go on editing").click()
    assert here.locator("textarea").input_value() == NEW
    sample.replace("Escrito fora daqui.", "E de novo.")
    here.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#clash-theirs")).to_have_text("E de novo.")
    dialog.get_by_role("button", name="Write mine").click()
    said(page, "Saved.")
    assert NEW in sample.text


def test_two_tabs(address: str, sample: Sample, new_page: Callable[..., Page]) -> None:
    from playwright.sync_api import expect

    one, two = new_page(address), new_page(address)
    for page in (one, two):
        seg(page, ENGLISH[2]).get_by_role("button", name="Edit").click()
    for page, text in ((one, NEW), (two, "Os autores medem tudo.")):
        seg(page, ENGLISH[2]).locator("textarea").fill(text)
        seg(page, ENGLISH[2]).get_by_role("button", name="Save", exact=True).click()
        if page is one:
            said(page, "Saved.")
    expect(two.locator("#clash-theirs")).to_have_text(NEW)
    two.get_by_role("button", name="Keep the file’s text").click()
    expect(seg(two, ENGLISH[2]).locator("ins")).to_have_text("etapa")
    assert NEW in sample.text
    # A segment that the other tab did not touch is saved without a question, and each tab hears of the other.
    seg(two, "one cache").get_by_role("button", name="Approve").click()
    said(two, "Approved.")
    one.evaluate("window.dispatchEvent(new Event('focus'))")
    expect(seg(one, "one cache").locator(".state")).to_have_text("✓ approved")


# The keyboard ----------------------------------------------------------------------------------


def test_the_keyboard_alone(address: str, sample: Sample, new_page: Callable[..., Page]) -> None:
    from playwright.sync_api import expect

    page = new_page(address)
    for _ in range(3):
        page.keyboard.press("j")
    assert page.evaluate("document.activeElement.querySelector('.en').textContent").endswith(ENGLISH[2])
    page.keyboard.press("e")
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(NEW)
    page.keyboard.press("Control+Shift+Enter")
    expect(seg(page, ENGLISH[2]).locator(".state")).to_have_text("✓ approved")
    assert NEW in sample.text
    page.keyboard.press("n")  # the conflict is the next to look at
    expect(page.locator(".seg.current .offer")).to_be_visible()
    page.keyboard.press("m")
    said(page, "Saved.")
    assert "CONFLICT" not in sample.text
    page.keyboard.press("u")
    said(page, "Undone: keep the text.")
    page.keyboard.press("u")
    said(page, "Undone: edit.")
    assert MACHINE[2] in sample.text
    page.keyboard.press("/")
    page.keyboard.insert_text("THROUGHPÚT")
    expect(page.locator(".seg:visible")).to_have_count(1)
    page.keyboard.press("Escape")
    page.keyboard.press("v")
    expect(page.locator("button[data-view=side]")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("e")
    page.keyboard.insert_text("meio")
    page.keyboard.press("Escape")  # asks, is told yes
    expect(page.locator("textarea")).to_have_count(0)
    assert "meio" not in sample.text


def test_tab_reaches_every_control_in_order_and_focus_is_seen(address: str, new_page: Callable[..., Page]) -> None:
    page = new_page(address)
    names = []
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement === document.body"):
            break  # once around
        names.append(
            page.evaluate("document.activeElement.textContent || document.activeElement.getAttribute('aria-label')")
        )
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none" or page.evaluate(
            "document.activeElement.classList.contains('current')"
        )
    assert names[0] == "Skip to the segments"
    wanted = ["?", "Search both languages", "Unified", "Document", "Edit", "Approve"]
    places = [names.index(name) for name in wanted]
    assert places == sorted(places)


# The static page -------------------------------------------------------------------------------


def static(sample: Sample, directory: Path, report: Path | None = None) -> str:
    with desk_of(sample, report=report) as desk:
        review, _ = desk.review(sample.text)
    path = directory / "review.html"
    path.write_text(html_page(page_data(review, review.segments, "document")), encoding="utf-8")
    return path.as_uri()


def test_words_that_belong_together_light_up(tmp_path: Path, new_page: Callable[..., Page]) -> None:
    from playwright.sync_api import expect

    sample = make(tmp_path, human={})
    page = new_page(static(sample, tmp_path, report_of(sample, tmp_path)))
    here = seg(page, ENGLISH[2])
    here.locator(".en p").hover()
    here.locator(".en .w", has_text="authors").hover()
    expect(here.locator(".human .w.on")).to_have_text("autores")
    here.locator(".human .w", has_text="throughput").hover()
    expect(here.locator(".en .w.on")).to_have_text("throughput")
    here.click(position={"x": 5, "y": 5})
    here.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(here.locator(".human .w.on")).to_have_text("autores")
    said(page, "authors: autores")


def test_a_hostile_draft_does_nothing(tmp_path: Path, new_page: Callable[..., Page]) -> None:
    from playwright.sync_api import expect

    from tests.test_review import HOSTILE

    english = (ENGLISH[0], *HOSTILE)
    sample = make(tmp_path, english=english, machine=(MACHINE[0], *HOSTILE), human={2: HOSTILE[1] + " Fim."})
    page = new_page(static(sample, tmp_path))
    assert page.evaluate("document.querySelectorAll('main img, main script, main iframe, main a').length") == 0
    expect(page.locator(".seg")).to_have_count(6)
    assert page.locator(".zw", has_text="U+202E").count() >= 2
    assert page.locator(".zw", has_text="U+200B").count() >= 2
    assert "👩‍🔬" in page.locator("main").inner_text()
    assert page.evaluate(
        "[...document.querySelectorAll('.pane p > *')]"
        ".every((e) => e.tagName === 'BDI' && e.dir === 'auto' || e.className === 'none')"
    )
    with serving(sample) as address:
        served = new_page(address)
        here = seg(served, "vermelho")
        here.get_by_role("button", name="Edit").click()
        here.locator("textarea").fill('Fim </script><img src=x onerror="document.title=1"> \u202e --> <!-- x')
        here.get_by_role("button", name="Save", exact=True).click()
        said(served, "Saved.")
        served.reload()
        served.wait_for_selector("html[data-ready]")
        assert served.title() == "03.pt-br.md · review"
        assert served.locator("main img").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 380])
def test_every_text_has_contrast_and_fits(address: str, new_page: Callable[..., Page], scheme: str, width: int) -> None:
    page = new_page(address, color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 800})
    page.keyboard.press("n")
    page.keyboard.press("e")
    low = page.evaluate(CONTRAST)
    assert low == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate(UNNAMED) == 0


UNNAMED = """() => [...document.querySelectorAll("button,input,textarea")].filter(
  (e) => !(e.labels?.length || e.textContent.trim() || e.getAttribute("aria-label"))).length"""
CONTRAST = """() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgb = (color, under) => {
    canvas.fillStyle = `rgb(${under})`; canvas.fillRect(0, 0, 1, 1);
    canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const linear = (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  const light = (c) => c.reduce((sum, v, k) => sum + linear(v / 255) * [0.2126, 0.7152, 0.0722][k], 0);
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode, element = node.parentElement;
    if (!node.data.trim() || !element.getClientRects().length) continue;
    if (element.closest("script,style,noscript,dialog:not([open]),[hidden],.sr,:disabled")) continue;
    const chain = [];
    for (let e = element; e; e = e.parentElement) chain.unshift(e);
    let under = [255, 255, 255];
    for (const e of chain) under = rgb(getComputedStyle(e).backgroundColor, under);
    const over = rgb(getComputedStyle(element).color, under);
    const [a, b] = [light(over), light(under)].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) found.push(`${node.data.trim().slice(0, 30)}: ${ratio.toFixed(2)}`);
  }
  return found;
}"""


# Keeping others out ----------------------------------------------------------------------------


def test_another_page_cannot_read_or_write(
    address: str, sample: Sample, browser: Browser, new_page: Callable[..., Page]
) -> None:
    """A page of another origin that knows the whole address gets nothing: what could be undone stays."""
    own = new_page(address)
    seg(own, ENGLISH[2]).get_by_role("button", name="Edit").click()
    seg(own, ENGLISH[2]).locator("textarea").fill(NEW)
    seg(own, ENGLISH[2]).get_by_role("button", name="Save", exact=True).click()
    said(own, "Saved.")

    class Evil(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<title>evil</title>")

        def log_message(self, format: str, *arguments: object) -> None:
            """Silent."""

    server = HTTPServer(("127.0.0.1", 0), Evil)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    before = sample.text
    try:
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{server.server_port}/")
        attack = """async (base) => {
          const results = [];
          for (const mode of ["cors", "no-cors"]) for (const type of ["application/json", "text/plain"]) {
            try {
              const headers = { "Content-Type": type };
              const r = await fetch(base + "undo", { method: "POST", mode, headers, body: '{"since":""}' });
              results.push(r.type === "opaque" ? "opaque" : r.status);
            } catch (e) { results.push("refused"); }
          }
          try { results.push((await (await fetch(base)).text()).length); } catch (e) { results.push("refused"); }
          return results;
        }"""
        assert page.evaluate(attack, address) == ["refused"] * 5
        page.set_content(f'<iframe src="{address}"></iframe>')
        page.wait_for_timeout(300)
        assert page.frames[-1].locator(".seg").count() == 0
        page.close()
    finally:
        server.shutdown()
        server.server_close()
    assert sample.text == before
    assert NEW in before


def test_ctrl_c_ends_it_cleanly(sample: Sample, new_page: Callable[..., Page]) -> None:
    environment = {**os.environ, "TRANSLATE_ISSUE_MEMORY": str(sample.memory), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "translate", "review", str(sample.bilingual), "--serve"]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(3)]
        address = lines[2].strip()
        page = new_page(address)  # holds a connection open
        seg(page, ENGLISH[2]).get_by_role("button", name="Approve").click()
        said(page, "Approved.")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0
    assert out.endswith("The review has ended; every save is in the file.\n")
    assert err == ""


def test_large_documents_stay_usable(tmp_path: Path, new_page: Callable[..., Page]) -> None:
    """Every segment can be reached, found and shown, whatever part of the page was drawn so far."""
    from playwright.sync_api import expect

    english = tuple(f"Paragraph number {n} tells of a dataset and of a cache." for n in range(800))
    machine = tuple(f"O parágrafo número {n} fala de um dataset e de um cache." for n in range(800))
    sample = make(tmp_path, english=english, machine=machine, human={790: "Outro texto."}, recorded=False)
    page = new_page(static(sample, tmp_path))
    expect(page.locator("#headline")).to_contain_text("801 segments")
    page.locator("#query").fill("numero 799 fala")
    expect(page.locator(".seg:visible")).to_have_count(1)
    expect(page.locator(".seg:visible")).to_contain_text(machine[799])
    page.keyboard.press("Escape")
    expect(page.locator(".seg.current")).to_contain_text(machine[799])
