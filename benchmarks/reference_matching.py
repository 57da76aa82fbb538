"""How well human versions are matched to their drafts: precision and recall, issue by issue.

The bilingual newsletters say themselves which English each Portuguese block translates. Their comments
are taken away, the rest is matched blind, and the result is compared with what the comments said.
Only blocks with a comment can be judged. Run: python -m benchmarks.reference_matching [DIRECTORY]
"""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from translate.document.bilingual_reader import read_bilingual
from translate.document.model import Document
from translate.document.parse import parse
from translate.scoring.reference import Matching, Pair, match
from translate.scoring.similarity import fold
from translate.text_file import read_text

NEWSLETTERS = Path(__file__).resolve().parents[1].parent / "shared" / "newsletters"
_SAME = 0.8
"""Translators trim and mend the English that they copy."""


@dataclass(frozen=True, slots=True)
class Result:
    """Of one issue: judged pairs that are right, and segments (of both sides) found again."""

    name: str
    comments: int
    blocks: tuple[int, int]
    right: int
    judged: int
    found: int
    true: int
    matching: Matching

    @property
    def precision(self) -> float:
        return self.right / self.judged if self.judged else 1.0

    @property
    def recall(self) -> float:
        return self.found / self.true if self.true else 1.0


def evaluate(draft_path: Path, human_path: Path, *, blind: bool = True) -> Result:
    draft = parse(read_text(draft_path).text)
    human = read_bilingual(read_text(human_path).text)
    groups = []
    for unit in human.units:
        ours = _find(draft, unit.english) if unit.english is not None else set()
        if ours and unit.entries:
            theirs = {j for e in unit.entries for j in human.document.entries[e].segments}
            groups.append((ours, theirs))
    matching = match(draft, human.document if blind else human)
    judged = [p for p in matching.pairs if any(set(p.draft) & d or set(p.human) & h for d, h in groups)]
    right = [p for p in judged if any(set(p.draft) <= d and set(p.human) <= h for d, h in groups)]
    return Result(
        draft_path.name.split(".")[0],
        sum(unit.english is not None for unit in human.units),
        (len(draft.segments), len(human.document.segments)),
        len(right),
        len(judged),
        _found(right),
        sum(len(d) + len(h) for d, h in groups),
        matching,
    )


def _found(pairs: list[Pair]) -> int:
    return sum(len(pair.draft) + len(pair.human) for pair in pairs)


def _find(draft: Document, english: str) -> set[int]:
    """The draft's segments that a comment shows."""
    found = set()
    for part in parse(english).segments:
        words = _words(part.text)
        likeness = [(_overlap(words, _words(s.text)), -s.index) for s in draft.segments]
        best, index = max(likeness, default=(0.0, 0))
        if best >= _SAME:
            found.add(-index)
    return found


def _words(text: str) -> Counter[str]:
    return Counter(fold(text).split())


def _overlap(x: Counter[str], y: Counter[str]) -> float:
    """Dice's coefficient of two bags of words."""
    return 2 * (x & y).total() / max(1, x.total() + y.total())


def main() -> int:
    directory = Path(sys.argv[1]) if len(sys.argv) > 1 else NEWSLETTERS
    pairs = [(p, p.with_name(p.name.replace(".en.md", ".pt-br.md"))) for p in sorted(directory.glob("*.en.md"))]
    results = [evaluate(draft, human) for draft, human in pairs if human.exists()]
    if not results:
        print(f"no pairs of NAME.en.md and NAME.pt-br.md in {directory}: nothing to measure")
        return 0
    print("issue  comments  segments (en, pt)  pairs  unmatched (en, pt)  precision        recall")
    for r in results:
        left = (len(r.matching.unmatched_draft), len(r.matching.unmatched_human))
        measured = f"{r.precision:6.3f} ({r.right}/{r.judged})  {r.recall:6.3f} ({r.found}/{r.true})"
        print(
            f"{r.name:<6} {r.comments:>8}  {r.blocks!s:<17}  {len(r.matching.pairs):>5}  {left!s:<18}  "
            + (measured if r.true else "(no comments: cannot be judged)")
        )
    right, judged = sum(r.right for r in results), sum(r.judged for r in results)
    found, true = sum(r.found for r in results), sum(r.true for r in results)
    if true:
        print(f"all: precision {right / judged:.3f} ({right}/{judged}), recall {found / true:.3f} ({found}/{true})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
