"""How quickly a review opens, and how fluid it stays: 500 and 5,000 segments in a real, headless Chromium.

Seconds to build the review, the page's size, seconds until it can be used and until all of it is drawn; the longest
and the 95th percentile of the frame times while a reviewer holds `j` and scrolls through the page (16.7 ms is 60
frames a second), a search, and a save with all that belongs to it.
Run: python -m benchmarks.review [SEGMENTS ...]  (needs playwright and a Chromium: CHROMIUM, or one on the path)
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from translate.config import load_config
from translate.document.comments import comment_of
from translate.document.parse import parse
from translate.memory.store import Memory
from translate.rerun import record_of
from translate.review.desk import Desk, ReviewRequest
from translate.review.html import page
from translate.review.payload import page_data
from translate.review.server import listen
from translate.review.session import Session

_ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_FRAMES = """(ms) => new Promise((done) => {
  const times = []; let last = performance.now(); const until = last + ms;
  const step = (now) => {
    times.push(now - last); last = now;
    window.scrollBy(0, 40);
    if (now < until) requestAnimationFrame(step); else done(times.slice(1));
  };
  requestAnimationFrame(step);
})"""
_KEYS = """(n) => new Promise((done) => {
  const times = [];
  const step = () => {
    if (times.length === n) { done(times); return; }
    const begun = performance.now();
    document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key: "j", bubbles: true, cancelable: true }));
    document.body.offsetHeight;
    times.push(performance.now() - begun);
    requestAnimationFrame(step);
  };
  step();
})"""


def make(directory: Path, segments: int) -> tuple[Path, Path]:
    """A bilingual file of that many paragraphs, every tenth edited by a human, and the memory that knows it."""
    english = [
        f"Paragraph {n} tells how a [team](https://example.org/{n}) trained a model on a small dataset, measured the "
        f"throughput of each step with `profile({n})`, and found that the cache was the slowest part of all."
        for n in range(segments)
    ]
    machine = [
        f"O parágrafo {n} conta como uma [equipe](https://example.org/{n}) treinou um modelo em um dataset pequeno, "
        f"mediu o throughput de cada passo com `profile({n})` e achou que o cache foi a parte mais lenta de todas."
        for n in range(segments)
    ]
    human = [
        text.replace("cada passo", "cada etapa").replace("achou que o cache foi", "descobriu que o cache era")
        if n % 10 == 0
        else text
        for n, text in enumerate(machine)
    ]
    draft, bilingual, memory = directory / "big.en.md", directory / "big.pt-br.md", directory / "memory.sqlite"
    draft.write_text("\n\n".join(english) + "\n")
    bilingual.write_text("\n\n".join(f"{h}\n\n{comment_of(e)}" for e, h in zip(english, human, strict=True)) + "\n")
    with Memory(memory) as store:
        record = record_of(parse(draft.read_text()), dict(enumerate(machine)), "", "comment-after")
        store.stage(bilingual, record)
        store.confirm(bilingual)
    return bilingual, memory


def measure(segments: int, browser: Any, directory: Path) -> dict[str, float]:
    """All figures of one size."""
    figures: dict[str, float] = {}
    bilingual, memory_file = make(directory, segments)
    with Memory(memory_file) as memory:
        desk = Desk(ReviewRequest(bilingual), load_config(), memory=memory)
        begun = time.perf_counter()
        review, _ = desk.review(desk.text())
        figures["build (s)"] = time.perf_counter() - begun
        begun = time.perf_counter()
        text = page(page_data(review, review.segments, "document"))
        figures["write the page (s)"] = time.perf_counter() - begun
    figures["page (MB)"] = len(text.encode()) / 1e6
    file = directory / "review.html"
    file.write_text(text)
    _read(browser, file, figures)
    _write(browser, bilingual, memory_file, figures)
    return figures


def _read(browser: Any, file: Path, figures: dict[str, float]) -> None:
    tab = browser.new_page(viewport={"width": 1280, "height": 900})
    tab.set_default_timeout(120_000)
    begun = time.perf_counter()
    tab.goto(file.as_uri())
    tab.wait_for_selector("html[data-ready]")
    figures["until it can be used (s)"] = time.perf_counter() - begun
    tab.wait_for_selector("#segments[aria-busy=false]", state="attached")
    figures["until all is drawn (s)"] = time.perf_counter() - begun
    frames = sorted(tab.evaluate(_FRAMES, 4000))
    figures["frame while scrolling, 95 % (ms)"] = frames[int(len(frames) * 0.95)]
    figures["frame while scrolling, longest (ms)"] = frames[-1]
    tab.evaluate("scrollTo(0, 0)")
    keys = sorted(tab.evaluate(_KEYS, 100))
    figures["j, 95 % (ms)"] = keys[int(len(keys) * 0.95)]
    figures["j, longest (ms)"] = keys[-1]
    search = """(text) => { const q = document.getElementById("query"); q.value = text; const t = performance.now();
      return new Promise((done) => { q.dispatchEvent(new Event("input", { bubbles: true }));
        const shown = document.getElementById("shown"), wait = 80; // the page waits for the next letter
        const look = () => (shown.textContent ? done(performance.now() - t - wait) : setTimeout(look, 1));
        look(); }); }"""
    figures["search (ms)"] = tab.evaluate(search, "parágrafo 7")
    tab.close()


def _write(browser: Any, bilingual: Path, memory_file: Path, figures: dict[str, float]) -> None:
    ready = threading.Event()
    held: list[Any] = []

    def run() -> None:
        with Memory(memory_file) as memory:
            server, listener, address = listen(Session(Desk(ReviewRequest(bilingual), load_config(), memory=memory)))
            held.extend((server, address))
            ready.set()
            server.run(sockets=[listener])
            listener.close()

    thread = threading.Thread(target=run)
    thread.start()
    ready.wait()
    server, address = held
    tab = browser.new_page()
    tab.set_default_timeout(120_000)
    try:
        tab.goto(address)
        tab.wait_for_selector("html[data-ready]")
        times = []
        for word in ("primeira", "segunda", "terceira"):
            tab.keyboard.press("j")
            tab.keyboard.press("e")
            tab.keyboard.insert_text(f" {word}")
            begun = time.perf_counter()
            tab.keyboard.press("Control+Enter")
            tab.wait_for_selector("textarea", state="detached")  # saved: the editor is closed
            times.append(time.perf_counter() - begun)
        figures["save (s)"] = sorted(times)[1]
    finally:
        tab.close()
        server.should_exit = True
        thread.join()


def main() -> int:
    try:
        from playwright.sync_api import sync_playwright
    except ModuleNotFoundError:
        print("playwright is not installed (extra: dev): nothing to measure")
        return 0
    names = ("chromium", "chromium-browser", "google-chrome")
    executable = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if executable is None:
        print("there is no Chromium on this machine; install one or name it in CHROMIUM")
        return 0
    sizes = [int(argument) for argument in sys.argv[1:]] or [500, 5000]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=list(_ARGUMENTS))
        columns = []
        for size in sizes:
            with tempfile.TemporaryDirectory() as directory:
                columns.append(measure(size, browser, Path(directory)))
        browser.close()
    print(f"{'segments':38}" + "".join(f"{size:>10}" for size in sizes))
    for name in columns[0]:
        print(f"{name:38}" + "".join(f"{column[name]:10.2f}" for column in columns))
    return 0


if __name__ == "__main__":
    sys.exit(main())
