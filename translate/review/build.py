"""From a bilingual file, and what is known about it, to a `Review`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256

from glossary import Matcher, verify
from translate.decoding.quality import Limits, defects
from translate.document.bilingual_reader import Bilingual
from translate.document.model import Document
from translate.document.parse import parse
from translate.errors import UserError
from translate.memory.units import contexts
from translate.memory.units import digest as memory_digest
from translate.rerun.record import Record
from translate.review.marks import MarkupProblem, compare
from translate.review.model import (
    Offered,
    Origin,
    Review,
    ReviewSegment,
    TermVerdict,
)
from translate.review.pairs import Page, Paired, Text, in_order, read_page, segments_of, whole
from translate.review.scores import Scorer, corpus
from translate.review.sources import Machine, Reported, machine_of, reported_by_pair
from translate.review.versions import Version
from translate.scoring.reference import match

_OF_THE_RUN = ("markup-unsure", "term-replaced", "term-inserted", "too-long")
"""Flags about the machine's text that cannot be recomputed: they hold until somebody edits it."""

_ONE_NAME = 3
"""Words of English that may well stay as they are: names, titles."""

NO_HYPOTHESIS = "What the machine wrote is not known (no record in the memory, no --report): edits cannot be shown."
NO_HUMAN = "No human has edited this file yet: there is nothing to compare the machine's text with."


@dataclass(frozen=True, slots=True)
class Known:
    """What is known about a file besides its text.

    ``approved`` tells whether a human approved a Portuguese text for an English one in its context (all three as the
    memory has them), ``fuzzy`` finds earlier translations of similar English.
    """

    record: Record | None = None
    report: Sequence[Reported] = ()
    draft: Document | None = None
    version: Version | None = None
    approved: Callable[[str, str, str], bool] = lambda english, context, portuguese: False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Built:
    """A review, the file as it was read for it, and the machine's work on it."""

    review: Review
    page: Page
    machine: Machine


@dataclass(slots=True)
class Builder:
    """Builds the review of one file again and again; what did not change is not analysed twice."""

    name: str
    matcher: Matcher
    keys: Sequence[str]
    limits: Limits = field(default_factory=Limits)
    _draft: Document | None = None
    _scorer: Scorer = field(default_factory=Scorer)
    _verdicts: dict[tuple[Text, Text], tuple[TermVerdict, ...]] = field(default_factory=dict)
    _defects: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)

    def draft_of(self, known: Known) -> Document | None:
        """The draft: the one at hand, or the one that the memory recorded."""
        return known.draft if known.draft is not None else self._recorded(known)

    def _recorded(self, known: Known) -> Document | None:
        if known.record is None:
            return None
        if known.draft is not None and known.draft.source == known.record.draft:
            return known.draft
        if self._draft is None or self._draft.source != known.record.draft:
            self._draft = parse(known.record.draft, front_matter_keys=self.keys)
        return self._draft

    def build(
        self, text: str, known: Known, *, totals: bool = True, page: Page | None = None, machine: Machine | None = None
    ) -> Built:
        """The review of the file's ``text``.

        ``totals`` also scores the whole. ``page`` and ``machine`` spare the work where it is known what they are: the
        text as read, and the machine's work on a file of the same structure.
        Raises UserError where the text, or the other version, cannot be read.
        """
        draft = self.draft_of(known)
        page = read_page(text, draft, keys=self.keys) if page is None else page
        machine = machine_of(page, known.record, self._recorded(known), self.keys) if machine is None else machine
        reported = reported_by_pair(page, known.report)
        contexts = contexts_of(page, draft)
        segments = [
            self._segment(page, pair, machine, reported.get(index), index, known.approved, contexts[index])
            for index, pair in enumerate(page.pairs)
        ]
        notes = list(known.notes)
        if known.version is not None:
            segments, more = self._against(segments, page, known.version, draft)
            notes += more
        segments = self._scored(segments)
        pairs = [(s.hypothesis, s.human) for s in segments if s.hypothesis is not None and s.human]
        whole_file = corpus(pairs) if totals else None
        if all(s.hypothesis is None for s in segments):
            notes.append(NO_HYPOTHESIS)
        elif not pairs:
            notes.append(NO_HUMAN)
        if draft is not None and segments and not page.existing.page.is_bilingual:
            notes.append("The file shows no English: the draft's is shown where the two could be matched.")
        elif segments and all(s.english is None for s in segments):
            notes.append("The file shows no English: terms and markup cannot be checked.")
        review = Review(
            self.name,
            digest(text),
            tuple(segments),
            None if known.version is None else known.version.name,
            tuple(notes),
            whole_file[0] if whole_file else None,
            len(pairs),
            whole_file[1] if whole_file else "",
            _lost_images(page, draft),
        )
        return Built(review, page, machine)

    def _segment(
        self,
        page: Page,
        pair: Paired,
        machine: Machine,
        reported: Reported | None,
        index: int,
        approved: Callable[[str, str, str], bool],
        context: str,
    ) -> ReviewSegment:
        hypothesis, origin, edited = _hypothesis(page, pair, machine, reported)
        english = None if pair.english is None else pair.english.clean
        terms = self._terms(pair)
        markup = () if pair.english is None else compare(pair.english.marks, pair.portuguese.marks)
        flags = self._flags(pair, terms, markup)
        if reported is not None and not edited:
            flags += tuple(flag for flag in reported.flags if flag in _OF_THE_RUN)
        fits = reported is not None and hypothesis is not None and _flat(reported.hypothesis) == _flat(hypothesis)
        return ReviewSegment(
            key=pair.key,
            index=index,
            kind=pair.kind,
            line=pair.line,
            english=english,
            current=pair.portuguese.clean,
            markdown=pair.portuguese.markdown,
            start=pair.start,
            end=pair.end,
            hypothesis=hypothesis,
            origin=origin,
            edited=edited,
            approved=pair.english is not None
            and not pair.offers
            and approved(pair.english.markdown, context, pair.portuguese.markdown),
            terms=terms,
            markup=markup,
            confidence=reported.confidence if reported is not None and fits else None,
            flags=flags,
            links=reported.links if reported is not None and fits and reported.hypothesis == hypothesis else (),
            offers=tuple(_offered(offer.conflict) for offer in pair.offers),
        )

    def _terms(self, pair: Paired) -> tuple[TermVerdict, ...]:
        if pair.english is None:
            return ()
        key = (pair.english, pair.portuguese)
        if key not in self._verdicts:
            self._verdicts[key] = _verdicts(*key, self.matcher)
        return self._verdicts[key]

    def _flags(self, pair: Paired, terms: Sequence[TermVerdict], markup: Sequence[MarkupProblem]) -> tuple[str, ...]:
        if pair.english is None:
            return ()
        key = (pair.english.clean, pair.portuguese.clean)
        if key not in self._defects:
            self._defects[key] = tuple(f"degenerate-{defect}" for defect in defects(*key, self.limits))
        if _flat(key[0]) == _flat(key[1]) and len(key[0].split()) > _ONE_NAME and not _all_terms(key[0], terms):
            return ("untranslated",)
        names = {term.diagnosis for term in terms}
        flags = [*self._defects[key]]
        if names - {"kept", "doubled", "forbidden"}:
            flags.append("term-missing")
        flags += [f"term-{name}" for name in ("doubled", "forbidden") if name in names]
        if any(problem.what == "missing" for problem in markup):
            flags.append("markup-missing")
        if any(problem.what == "added" for problem in markup):
            flags.append("markup-added")
        return tuple(flags)

    def _scored(self, segments: Sequence[ReviewSegment]) -> list[ReviewSegment]:
        """With scores against the human's text, and with HTER: against what a human made of this very hypothesis."""
        compared = [(k, s) for k, s in enumerate(segments) if s.hypothesis is not None and s.human]
        versus = self._scorer.score([(s.hypothesis or "", s.human or "") for _, s in compared])
        edited = [(k, s) for k, s in enumerate(segments) if s.edited and s.hypothesis is not None]
        own = self._scorer.score([(s.hypothesis or "", s.current) for _, s in edited])
        scores = {k: value for (k, _), value in zip(compared, versus, strict=True)}
        hter = {k: value.ter for (k, _), value in zip(edited, own, strict=True) if value is not None}
        as_it_was = {k: 0.0 for k, s in enumerate(segments) if s.approved and s.origin not in (None, "file")}
        hter = {**as_it_was, **hter}
        return [replace(s, scores=scores.get(k), hter=hter.get(k)) for k, s in enumerate(segments)]

    def _against(
        self, segments: Sequence[ReviewSegment], page: Page, version: Version, draft: Document | None
    ) -> tuple[list[ReviewSegment], list[str]]:
        try:
            if version.kind == "git":
                return _older(segments, page, read_page(version.text, draft, keys=self.keys)), list(version.notes)
            return _human(segments, page, version, draft, self.keys)
        except UserError as error:
            raise UserError(f"{version.name}: {error}") from None


def contexts_of(page: Page, draft: Document | None) -> list[str]:
    """The memory's context of each pair: a digest of the English around it, from the draft where that is known."""
    texts = [pair.english.clean if pair.english is not None else "" for pair in page.pairs]
    around = ["", *texts, ""]
    found = [memory_digest(before, after) for before, after in zip(around, around[2:], strict=False)]
    if draft is not None:
        waiting = in_order([(s.index, s.text) for s in draft.segments])
        known = contexts(draft)
        for index, text in enumerate(texts):
            queue = waiting.get(" ".join(text.split()))
            if queue:
                found[index] = known[queue.pop(0)]
    return found


def digest(text: str) -> str:
    """What identifies a file's content."""
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _hypothesis(
    page: Page, pair: Paired, machine: Machine, reported: Reported | None
) -> tuple[str | None, Origin | None, bool]:
    """(text, where it comes from, whether the file says something else)."""
    if pair.in_front_matter:
        text = machine.matter.get((pair.kind, pair.part))
        if text is not None:
            return text, "memory", _flat(text) != _flat(pair.portuguese.clean)
    elif pair.unit in machine.units:
        markdown = machine.units[pair.unit]
        parts = segments_of(markdown, page.definitions)
        if pair.parts == len(parts):
            own = parts[pair.part]
            same = _flat(own.markdown) == _flat(pair.portuguese.markdown)
            return own.clean, "memory", not same
        if pair.parts == 1:
            return whole(markdown, parts).clean, "memory", _flat(markdown) != _flat(pair.portuguese.markdown)
    if reported is not None:
        return reported.hypothesis, "report", _flat(reported.hypothesis) != _flat(pair.portuguese.clean)
    return None, None, False


def _all_terms(english: str, terms: Sequence[TermVerdict]) -> bool:
    """Whether half of the text and more are glossary terms, which stay in English."""
    return 2 * sum(len(term.surface) for term in terms) > len(english)


def _verdicts(english: Text, portuguese: Text, matcher: Matcher) -> tuple[TermVerdict, ...]:
    found = matcher.find(re.sub(r"\s", " ", english.clean), list(english.opaque))
    if not found:
        return ()
    done = verify(found, re.sub(r"\s", " ", portuguese.clean), matcher, list(portuguese.opaque))
    return (
        *(
            TermVerdict(
                v.occurrence.term.text,
                v.occurrence.text,
                v.diagnosis,
                (v.occurrence.start, v.occurrence.end),
                (v.start, v.end) if v.start >= 0 else None,
            )
            for v in done.verdicts
        ),
        *(TermVerdict(o.term.text, o.text, "doubled", None, (o.start, o.end)) for o in done.surplus),
        *(TermVerdict(o.term.text, o.text, "forbidden", None, (o.start, o.end)) for o in done.forbidden),
    )


def _offered(conflict: object) -> Offered:
    from translate.rerun.conflict import Conflict

    if isinstance(conflict, Conflict):
        return Offered(conflict.old, conflict.new, conflict.hypothesis, intact=True)
    return Offered("", "", "", intact=False)


def _older(segments: Sequence[ReviewSegment], page: Page, before: Page) -> list[ReviewSegment]:
    """An older revision's text as the hypothesis, matched by the English."""

    def basis(pair: Paired) -> str:
        return pair.english.clean if pair.english is not None else f"{pair.kind} {pair.part}"

    waiting = in_order([(k, basis(pair)) for k, pair in enumerate(before.pairs)])
    found = []
    for segment, pair in zip(segments, page.pairs, strict=True):
        queue = waiting.get(" ".join(basis(pair).split()))
        if queue:
            old = before.pairs[queue.pop(0)].portuguese
            same = _flat(old.markdown) == _flat(pair.portuguese.markdown)
            # What the report says of the alignment is about its own hypothesis.
            links = segment.links if segment.hypothesis == old.clean else ()
            found.append(replace(segment, hypothesis=old.clean, origin="git", edited=not same, links=links))
        else:
            found.append(replace(segment, hypothesis=None, origin=None, edited=False, links=()))
    return found


def _human(
    segments: Sequence[ReviewSegment], page: Page, version: Version, draft: Document | None, keys: Sequence[str]
) -> tuple[list[ReviewSegment], list[str]]:
    """A human version's text as the reference, matched by `translate.scoring.reference`."""
    from translate.document.bilingual_reader import read_bilingual

    bilingual = read_bilingual(version.text)
    human: Document | Bilingual = bilingual if bilingual.is_bilingual else parse(version.text, front_matter_keys=keys)
    document = bilingual.document if bilingual.is_bilingual else human
    assert isinstance(document, Document)
    source = draft if draft is not None else _english_only(page, keys)
    matching = match(source, human)
    waiting = in_order([(k, pair.english.clean) for k, pair in enumerate(page.pairs) if pair.english is not None])
    place: dict[int, int] = {}
    for number, segment in enumerate(source.segments):
        queue = waiting.get(" ".join(segment.text.split()))
        if queue:
            place[number] = queue.pop(0)
    found = [s if s.hypothesis is not None else replace(s, hypothesis=s.current, origin="file") for s in segments]
    missing = 0
    for pair in matching.pairs:
        ours = [place[i] for i in pair.draft if i in place]
        if not ours:
            missing += 1
            continue
        text = "\n".join(document.segments[j].text for j in pair.human)
        found[ours[0]] = replace(found[ours[0]], reference=text, together=len(ours) - 1)
    notes = list(version.notes)
    left = sum(s.reference is None for s in found)
    if left:
        notes.append(f"{left} of {len(found)} segments have no counterpart in {version.name}.")
    if matching.unmatched_human or missing:
        notes.append(f"{len(matching.unmatched_human) + missing} segments of {version.name} are not in this file.")
    return found, notes


def _english_only(page: Page, keys: Sequence[str]) -> Document:
    """The draft as the comments show it."""
    shown = [unit.english for unit in page.existing.units if unit.english is not None]
    return parse("\n\n".join([*shown, page.definitions]), front_matter_keys=keys)


_IMAGE = re.compile(r"!\[[^\]]*\]\(\s*<?([^\s)>]+)|<img\b[^>]*\bsrc=[\"']([^\"']+)")


def _lost_images(page: Page, draft: Document | None) -> tuple[str, ...]:
    """Images of the draft that the page shows nowhere."""
    if draft is None:
        return ()
    here = {a or b for a, b in _IMAGE.findall(page.existing.page.document.source)}
    wanted: Mapping[str, None] = dict.fromkeys(a or b for a, b in _IMAGE.findall(draft.source))
    return tuple(f"image missing: {image}" for image in wanted if image not in here)


def _flat(text: str) -> str:
    return " ".join(text.split())
