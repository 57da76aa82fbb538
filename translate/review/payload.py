"""Segments as plain data: what the page is given, and what the server sends after a change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from hashlib import sha256
from typing import Any

from translate.review.labels import DIAGNOSES, figures_of, kind_of, problems_of, totals_of
from translate.review.model import Order, Review, ReviewSegment, TermVerdict
from translate.review.words import Edit, diff

LABELS = {"memory": "Machine", "report": "Machine", "git": "Before", "file": "Machine"}


def page_data(review: Review, segments: Sequence[ReviewSegment], order: Order) -> dict[str, Any]:
    """All that the page shows. Offsets count characters (code points)."""
    return {
        "name": review.name,
        "version": review.version,
        "against": review.against,
        "notes": [*review.notes, *review.problems],
        "totals": totals_of(review),
        "labels": LABELS,
        "order": order,
        "undo": None,
        "serve": None,
        "segments": [segment_data(segment) for segment in segments],
    }


def segment_data(segment: ReviewSegment) -> dict[str, Any]:
    """One segment. ``hash`` identifies its text as the file spells it: an edit names the one that it began with."""
    return {
        "key": segment.key,
        "index": segment.index,
        "kind": segment.kind,
        "label": kind_of(segment),
        "line": segment.line,
        "english": segment.english,
        "current": segment.current,
        "markdown": shown(segment.markdown),
        "hash": text_hash(segment.markdown, len(segment.offers)),
        "hypothesis": segment.hypothesis,
        "origin": segment.origin,
        "reference": segment.reference,
        "human": segment.human,
        "together": segment.together,
        "edits": [_edit(edit) for edit in segment.edits],
        "edited": segment.edited,
        "approved": segment.approved,
        "problem": segment.problem,
        "problems": list(problems_of(segment)),
        "figures": list(figures_of(segment)),
        "flags": list(segment.flags),
        "lost": bool(segment.lost_terms),
        "markup": bool(segment.markup),
        "doubtful": segment.doubtful,
        "rank": list(segment.rank),
        "links": [list(link[:4]) for link in segment.links],
        "terms": [_term(term) for term in segment.terms],
        "fuzzy": [asdict(match) for match in segment.fuzzy],
        "offers": [
            {**asdict(offer), "edits": [_edit(edit) for edit in diff(offer.old_english, offer.new_english)]}
            for offer in segment.offers
        ],
    }


def shown(markdown: str) -> str:
    """Line endings as an editor has them."""
    return markdown.replace("\r\n", "\n").replace("\r", "\n")


def text_hash(markdown: str, offers: int) -> str:
    """Changes with the text, and with the conflicts that wait beside it."""
    return sha256(f"{offers}\0{markdown}".encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _term(term: TermVerdict) -> dict[str, Any]:
    return {
        "term": term.surface,
        "verdict": term.diagnosis,
        "label": DIAGNOSES[term.diagnosis],
        "source": term.source,
        "target": term.target,
    }


def _edit(edit: Edit) -> list[Any]:
    return [edit.kind, edit.a0, edit.a1, edit.b0, edit.b1, edit.move]
