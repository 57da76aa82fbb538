"""Author, human and the glossary's keeper edit in turn: the machine's text follows the glossary, the human's stays."""

from __future__ import annotations

import random

from glossary import Matcher, Term, Termbase
from tests.rerun_world import START, World, targets_of, translated
from translate.decoding.terms import occurrences
from translate.document.bilingual import write_bilingual
from translate.document.model import Document, Segment, Target
from translate.document.parse import parse
from translate.document.render import render_range
from translate.rerun import Fresh, Merged, Plan, merge, plan_rerun, read_existing, record_of
from translate.rerun.matter import items
from translate.rerun.terms import terms_of
from translate.rerun.tokens import body_start

WORDS = ["model", "layer", "tokens", "data", "metric", "paragraph", "thing", "heading", "page", "models", "hopes"]


def under(segment: Segment, matcher: Matcher) -> Target:
    """The stand-in for the model, with the terms left in English."""
    target = translated(segment)
    letters = list(target.text)
    for found in occurrences(segment, matcher):
        letters[found.start : found.end] = segment.text[found.start : found.end]
    return Target("".join(letters), target.spans)


def rendered(document: Document, matcher: Matcher) -> tuple[dict[int, str], str]:
    """Every entry and the front matter, translated under a glossary."""
    targets = {s.index: under(s, matcher) for s in document.segments}
    entries = {e.index: render_range(document, e.start, e.end, targets) for e in document.entries}
    return entries, render_range(document, 0, body_start(document), targets)


class Keeper(World):
    """A world whose glossary changes, too."""

    matcher = Matcher(Termbase(()))

    def begin(self) -> None:
        document = parse(self.draft)
        entries, matter = rendered(document, self.matcher)
        targets = {s.index: under(s, self.matcher) for s in document.segments}
        self.text = write_bilingual(document, targets, layout="comment-after")
        self.record = record_of(document, entries, matter, "comment-after", terms_of(document, self.matcher))

    def keep(self) -> None:
        """Another glossary."""
        words = self.random.sample(WORDS, self.random.randint(0, 4))
        self.matcher = Matcher(Termbase(tuple(Term(w, gender=self.random.choice(["m", "f", None])) for w in words)))

    def plan(self) -> Plan:
        known = [t for row in self.record.rows for t in (row.machine, row.seen) if t] if self.record else []
        return plan_rerun(parse(self.draft), read_existing(self.text, known), self.record, matcher=self.matcher)

    def run(self) -> Merged:
        plan = self.plan()
        entries, matter = rendered(plan.document, self.matcher)
        merged = merge(plan, Fresh({e: entries[e] for e in plan.needed}, matter))
        self.text, self.record = merged.text, merged.record
        self.memory += merged.removed
        return merged

    def machine_is_behind(self) -> list[str]:
        """The machine's texts in the file that are not what it would write now."""
        plan = self.plan()
        entries, matter = rendered(plan.document, self.matcher)
        behind = [
            change.unit.portuguese.text
            for change in plan.changes
            if not change.human and change.unit.portuguese is not None
            if change.unit.portuguese.text != "\n\n".join(entries[e] for e in change.entries)
        ]
        shown, fresh = dict(items(plan.existing.matter)), dict(items(matter))
        written = self.record.matter if self.record else {}
        return behind + [t for name, t in written.items() if shown.get(name) == t and fresh.get(name) != t]


def test_the_stand_in_keeps_terms() -> None:
    (segment,) = parse("The model has layers.\n").segments
    assert under(segment, Matcher(Termbase((Term("layer"),)))).text == "Thé módél hás layers."
    assert targets_of(parse("The model.\n"))[0].text == "Thé módél."


def test_sequences_lose_nothing_and_leave_no_machine_text_behind_the_glossary() -> None:
    redone = 0
    for seed in range(20):
        world = Keeper(random.Random(seed), START)
        world.begin()
        for _ in range(4):
            for _ in range(world.random.randint(1, 3)):
                world.random.choice([world.author, world.human, world.keep])()
            redone += world.run().redone
            assert not world.lost(), f"sequence {seed}"
            assert not world.machine_is_behind(), f"sequence {seed}"
            plan = world.plan()
            assert (plan.outdated, plan.segments) == (0, ()), f"sequence {seed}"
            text = world.text
            assert (world.run().redone, world.text) == (0, text), f"sequence {seed}"
    assert redone > 50
