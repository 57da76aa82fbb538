"""What in a valid glossary is suspicious: shadowed spellings, terms that never match, contradictions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from glossary.matcher import Matcher
from glossary.terms import Term, Termbase
from glossary.words import keys_of, plural_of

Kind = Literal["shadowed", "split", "unused", "contradiction", "never-matches"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to look at in a glossary; ``message`` is one sentence that says what to do."""

    kind: Kind
    term: Term
    message: str


def lint(termbase: Termbase, drafts: Sequence[str] = ()) -> list[Finding]:
    """Findings in the order of the entries. With ``drafts`` (plain texts), also terms that none of them has.

    Duplicates and conflicts within an entry never get here: `load_termbase` refuses them.
    """
    matcher = Matcher(termbase)
    findings = [
        *_shadowed(termbase),
        *_split(termbase),
        *_contradictions(termbase),
        *_half_kept(termbase, matcher),
        *_never_matching(termbase, matcher),
    ]
    if drafts:
        used = Counter(id(found.term) for draft in drafts for found in matcher.find(draft))
        findings.extend(
            Finding("unused", term, f"{term.text!r} stands in none of the drafts; remove it or keep it.")
            for term in termbase
            if not used[id(term)]
        )
    position = {id(term): index for index, term in enumerate(termbase)}
    return sorted(findings, key=lambda finding: position[id(finding.term)])


def _shadowed(termbase: Termbase) -> Iterator[Finding]:
    """Spellings that are the plural of another entry: the listed one wins, so the two may differ unnoticed."""
    owner = {keys_of(spelling): term for term in termbase for spelling in term.spellings}
    for term in termbase:
        for spelling in term.spellings if term.plural else ():
            other = owner.get(keys_of(plural_of(spelling)))
            if other is not None and other is not term:
                yield Finding("shadowed", other, f"{other.text!r} is the plural of {term.text!r}; remove one of them.")


def _split(termbase: Termbase) -> Iterator[Finding]:
    """Two entries whose spellings differ in blanks and hyphens alone (`dataset`, `data set`): one word, two rules."""
    owner: dict[str, Term] = {}
    for term in termbase:
        for spelling in term.spellings:
            other = owner.setdefault("".join(keys_of(spelling)).replace(" ", ""), term)
            if other is not term and term.match != "exact-case" and other.match != "exact-case":
                message = f"{spelling!r} is {other.text!r} written otherwise; make it a variant of that entry."
                yield Finding("split", term, message)


def _half_kept(termbase: Termbase, matcher: Matcher) -> Iterator[Finding]:
    """Renderings that hold an English word which another entry has translated."""
    for term in termbase:
        for rendering in term.renderings:
            for found in matcher.find(rendering):
                if found.term.translation is not None and found.term is not term:
                    message = f"{rendering!r} holds {found.text!r}, which is to become {found.term.translation!r}."
                    yield Finding("contradiction", term, message)


def _contradictions(termbase: Termbase) -> Iterator[Finding]:
    """Renderings that one entry wants and another forbids, and exceptions that are entries."""
    wanted = {keys_of(phrase): term for term in termbase for phrase in term.renderings or term.spellings}
    for term in termbase:
        for phrase in term.forbidden:
            other = wanted.get(keys_of(phrase))
            if other is not None:
                yield Finding("contradiction", term, f"{term.text!r} forbids {phrase!r}, which {other.text!r} wants.")
        for phrase in term.exceptions:
            other = wanted.get(keys_of(phrase))
            if other is not None and other is not term:
                message = f"the exception {phrase!r} is an entry itself, which wins anyway; remove the exception."
                yield Finding("contradiction", term, message)


def _never_matching(termbase: Termbase, matcher: Matcher) -> Iterator[Finding]:
    """Spellings that are not found even when they stand alone, because the text rules out such words."""
    for term in termbase:
        for spelling in term.spellings:
            if not any(found.text == spelling for found in matcher.candidates(spelling)):
                message = f"{spelling!r} looks like code, a path or an address, where nothing matches; remove it."
                yield Finding("never-matches", term, message)
