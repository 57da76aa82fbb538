"""A small world for the tests of re-running: a draft, its bilingual file, and a stand-in for the translation step.

Only the translation is a stand-in (vowels get accents): parsing, planning, merging and recording are the real ones.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from translate.document.bilingual import Layout, write_bilingual
from translate.document.model import Document, Segment, Target, identity
from translate.document.parse import parse
from translate.document.render import render_range
from translate.rerun import Fresh, Merged, Record, Removed, merge, plan_rerun, read_existing, record_of
from translate.rerun.plan import Retranslate
from translate.rerun.tokens import body_start

_ACCENTS = str.maketrans("aeiouAEIOU", "áéíóúÁÉÍÓÚ")


def translated(segment: Segment) -> Target:
    """The stand-in: as long as the source, opaque spans untouched."""
    letters = list(segment.text.translate(_ACCENTS))
    for span in segment.spans:
        if span.opaque:
            letters[span.start : span.end] = segment.text[span.start : span.end]
    return Target("".join(letters), identity(segment).spans)


def targets_of(document: Document) -> dict[int, Target]:
    return {segment.index: translated(segment) for segment in document.segments}


def first_run(draft: str, layout: Layout = "comment-after") -> tuple[str, Record]:
    """The bilingual file that a first run writes, and the record that it leaves."""
    document = parse(draft)
    targets = targets_of(document)
    entries = {e.index: render_range(document, e.start, e.end, targets) for e in document.entries}
    matter = render_range(document, 0, body_start(document), targets)
    return write_bilingual(document, targets, layout=layout), record_of(document, entries, matter, layout)


def run_again(draft: str, text: str, record: Record | None, *, retranslate: Retranslate | None = None) -> Merged:
    """A re-run on what the file holds now."""
    document = parse(draft)
    known = [t for row in record.rows for t in (row.machine, row.seen) if t] if record else []
    existing = read_existing(text, known)
    plan = plan_rerun(document, existing, record, retranslate=retranslate)
    targets = {s: translated(document.segments[s]) for s in plan.segments}
    entries = {
        e: render_range(document, document.entries[e].start, document.entries[e].end, targets) for e in plan.needed
    }
    return merge(plan, Fresh(entries, render_range(document, 0, body_start(document), targets)))


@dataclass
class World:
    """An author and a human translator who edit in turn. ``marks`` are the words that the human has written."""

    random: random.Random
    draft: str = ""
    text: str = ""
    record: Record | None = None
    marks: set[str] = field(default_factory=set)
    memory: list[Removed] = field(default_factory=list)
    _count: int = 0

    def word(self, prefix: str) -> str:
        self._count += 1
        return f"{prefix}{self._count}q"

    def run(self) -> Merged:
        merged = run_again(self.draft, self.text, self.record)
        self.text, self.record = merged.text, merged.record
        self.memory += merged.removed
        return merged

    # The author -----------------------------------------------------------------------------------

    def author(self) -> None:
        blocks = _split(self.draft)
        k = self.random.randrange(len(blocks))
        kind = self.random.choice(["edit", "edit", "add", "add", "remove", "move", "swap", "title", "image", "copy"])
        if kind == "edit":
            blocks[k] = _insert_word(blocks[k], self.word("news"), self.random)
        elif kind == "add":
            blocks.insert(k + 1, self.block())
        elif kind == "remove" and len(blocks) > 3:
            del blocks[k]
        elif kind == "move":
            blocks.insert(self.random.randrange(len(blocks)), blocks.pop(k))
        elif kind == "swap":
            j = self.random.randrange(len(blocks))
            blocks[k], blocks[j] = blocks[j], blocks[k]
        elif kind == "copy":
            blocks.insert(self.random.randrange(len(blocks)), blocks[k])
        elif kind == "image":
            blocks.insert(k + 1, f"![]({self.word('picture')}.png)")
        elif kind == "title" and self.draft.startswith("---\n"):
            self.draft = self.draft.replace("title: ", f"title: {self.word('fresh')} ", 1)
            return
        matter = self.draft[: self.draft.index("\n---\n") + 5] if self.draft.startswith("---\n") else ""
        self.draft = matter + ("\n" if matter else "") + "\n\n".join(blocks) + "\n"

    def block(self) -> str:
        words = " ".join(self.random.choices(_WORDS, k=self.random.randint(3, 14)))
        name = self.word("block")
        return self.random.choice(
            [
                f"The {name} says that {words}.",
                f"## Heading {name}",
                f"* one {name} {words}\n* two {words}",
                f"\\\\\nA spaced {name} of {words}",
                f"> quoted {name} {words}",
                f"```\ncode {name}\n```",
                f"| a {name} | b |\n|---|---|\n| {words} | d |",
                f"See [the {name}](https://example.org/{name}) and `{name}()`, {words}.",
                "Source",
            ]
        )

    # The human -------------------------------------------------------------------------------------

    def human(self) -> None:
        kind = self.random.choice([*["word"] * 3, *["note"] * 2, "line", "split", "resolve", "title", "forget"])
        if kind == "word":
            mark = self.word("humano")
            new = _insert_word(self.text, mark, self.random)
            self.marks |= {mark} if mark in new else set()
            self.text = new
        elif kind in ("note", "line"):
            mark = self.word("nota")
            gap = "\n\n" if kind == "note" else "\n"
            at = self.random.choice(_joints(self.text))
            self.text = f"{self.text[:at]}\n\nNota {mark} do tradutor.{gap}{self.text[at:].lstrip(chr(10))}"
            self.marks.add(mark)
        elif kind == "split" and ". " in self.text:
            self.text = self.text.replace(". ", ".\n\n", 1)
        elif kind == "resolve":
            existing = read_existing(self.text)
            if existing.conflicts:
                piece = self.random.choice(existing.conflicts)
                self.text = self.text.replace(piece.text, "", 1)
                self.marks = {mark for mark in self.marks if mark in self.text or self.remembered(mark)}
        elif kind == "title":
            mark = self.word("titulo")
            if "\ntitle: " in self.text:
                self.text = self.text.replace("\ntitle: ", f"\ntitle: {mark} ", 1)
                self.marks.add(mark)
        elif kind == "forget":
            self.record = None

    def remembered(self, mark: str) -> bool:
        return any(mark in removed.portuguese or mark in removed.english for removed in self.memory)

    def lost(self) -> set[str]:
        return {mark for mark in self.marks if mark not in self.text and not self.remembered(mark)}


_WORDS = ["model", "layer", "tokens", "learn", "slowly", "because", "data", "are", "noisy", "every", "metric", "hides"]


def _split(draft: str) -> list[str]:
    body = draft[draft.index("\n---\n") + 5 :] if draft.startswith("---\n") else draft
    return [block for block in body.strip("\n").split("\n\n") if block.strip()]


def _insert_word(text: str, word: str, rng: random.Random) -> str:
    spaces = [i for i, c in enumerate(text) if c == " " and text[i - 1 : i].isalnum() and text[i + 1 : i + 2].isalnum()]
    if not spaces:
        return text
    at = rng.choice(spaces)
    return f"{text[:at]} {word}{text[at:]}"


def _joints(text: str) -> list[int]:
    start = text.index("\n---\n") + 5 if text.startswith("---\n") else 0
    found = [i for i in range(start, len(text) - 1) if text[i : i + 2] == "\n\n"]
    outside = [i for i in found if text.rfind("<!--", 0, i) <= text.rfind("-->", 0, i)]
    return outside or [len(text.rstrip())]


START = """---
title: Small models, large hopes
author: someone
tags: [a, b]
---

# News of the month

The first paragraph tells what is new. It has two sentences.

\\\\
Another paragraph stands under a spacer and links to [a page](https://example.org/a).

![](picture.png)

*A caption under the picture*

* one thing
* another thing

Source

The last paragraph says goodbye.
"""
