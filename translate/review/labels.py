"""The words that every form of the review uses."""

from __future__ import annotations

from collections.abc import Iterator

from translate.review.model import Counted, Review, ReviewSegment, TermVerdict
from translate.summary import MEANINGS

FLAGS = {
    **MEANINGS,
    "markup-missing": "markup of the English is missing",
    "markup-added": "markup that the English does not have",
    "untranslated": "the Portuguese is the English",
}
DIAGNOSES = {
    "kept": "kept",
    "dropped": "dropped",
    "recased": "other capitals",
    "inflected": "another number",
    "split": "split",
    "digits": "other digits",
    "glued": "stuck to a word",
    "untranslated": "left in English",
    "doubled": "once too often",
    "forbidden": "forbidden rendering",
}
KINDS = {"front-matter": "front matter", "item": "list item", "cell": "table cell", "alt": "image text"}
COUNTED: tuple[tuple[Counted, str], ...] = (
    ("conflicts", "in conflict"),
    ("flags", "flagged"),
    ("terms", "terms to check"),
    ("markup", "markup to check"),
    ("edited", "edited"),
    ("approved", "approved"),
)
ORIGINS = {"memory": "machine", "report": "machine", "git": "before", "file": "machine"}


def kind_of(segment: ReviewSegment) -> str:
    return KINDS.get(segment.kind, segment.kind)


def term_label(term: TermVerdict) -> str:
    """A verdict in a few words: ``dataset: dropped``."""
    return f"{term.surface}: {DIAGNOSES[term.diagnosis]}"


def problems_of(segment: ReviewSegment) -> Iterator[str]:
    """What needs a look, one short phrase each."""
    for offer in segment.offers:
        yield "conflict: the English changed" if offer.intact else "conflict: a comment edited by hand"
    for flag in segment.flags:
        if not flag.startswith(("term-missing", "term-doubled", "term-forbidden", "markup-missing", "markup-added")):
            yield FLAGS.get(flag, flag)
    yield from (term_label(term) for term in segment.lost_terms)
    yield from map(str, segment.markup)


def figures_of(segment: ReviewSegment) -> Iterator[str]:
    """Scores and confidence: ``HTER 12``, ``BLEU 41``. HTER is TER where the human's text is the post-edit itself."""
    if segment.hter is not None:
        yield f"HTER {segment.hter:.0f}"
    if segment.scores is not None:
        if segment.hter != segment.scores.ter:
            yield f"TER {segment.scores.ter:.0f}"
        yield f"BLEU {segment.scores.bleu:.0f}"
        yield f"chrF2 {segment.scores.chrf2:.0f}"
    if segment.confidence is not None:
        yield f"confidence {segment.confidence:.0%}"


def headline(review: Review) -> str:
    """How many segments there are, and of what sort, in one line."""
    counts = [f"{n} {label}" for name, label in COUNTED if (n := review.count(name))]
    total = len(review.segments)
    return ", ".join([f"{total} segment{'' if total == 1 else 's'}", *counts])


def totals_of(review: Review) -> str | None:
    """Corpus scores in one line."""
    if review.totals is None:
        return None
    t = review.totals
    where = f"over {review.scored} segment{'' if review.scored == 1 else 's'} that a human wrote or edited"
    return f"BLEU {t.bleu:.1f}, chrF2 {t.chrf2:.1f}, TER {t.ter:.1f} {where}"
