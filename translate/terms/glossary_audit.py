"""Audit a translation, human or machine, against the glossary, and say where each term was lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from glossary import Matcher, Occurrence, Termbase, Verdict
from glossary.audit import Audit, AuditedPair, audit
from translate.config import Config
from translate.document import parse
from translate.document.bilingual_reader import Bilingual, read_bilingual
from translate.document.model import Document
from translate.errors import UserError
from translate.terms.prose import AlignedProse, Prose, align_bilingual, align_versions
from translate.text_file import SourceText, repair_mojibake


@dataclass(frozen=True, slots=True)
class Unchecked:
    """A text of the draft that has no counterpart although it has terms."""

    prose: Prose
    terms: tuple[Occurrence, ...]


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What became of the glossary's terms in a translation. ``aligned.pairs`` runs parallel to ``audit.verifications``.

    ``draft`` and ``translation`` are the files' names, the same one for a bilingual file; ``repaired``: the
    translation was mis-decoded and read with that undone.
    """

    draft: str
    translation: str
    termbase: Termbase
    aligned: AlignedProse
    audit: Audit
    unchecked: tuple[Unchecked, ...]
    repaired: bool

    @property
    def total(self) -> int:
        return sum(v.total for v in self.audit.verifications)

    @property
    def kept(self) -> int:
        return sum(v.kept for v in self.audit.verifications)

    @property
    def extra(self) -> int:
        return sum(len(v.surplus) for v in self.audit.verifications)

    @property
    def forbidden(self) -> int:
        return sum(len(v.forbidden) for v in self.audit.verifications)

    def lost(self) -> Iterator[tuple[Prose, Prose, Verdict]]:
        """Each lost occurrence with the pair of texts in which it was lost."""
        for (english, portuguese), verification in zip(self.aligned.pairs, self.audit.verifications, strict=True):
            for verdict in verification.missing:
                yield english, portuguese, verdict

    def too_much(self) -> Iterator[tuple[Prose, Prose, Occurrence, bool]]:
        """Each occurrence beyond the draft's, and each forbidden rendering (the last value is then True)."""
        for (english, portuguese), verification in zip(self.aligned.pairs, self.audit.verifications, strict=True):
            for occurrence in verification.surplus:
                yield english, portuguese, occurrence, False
            for occurrence in verification.forbidden:
                yield english, portuguese, occurrence, True

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON; lines are 1-based."""
        return {
            "draft": self.draft,
            "translation": self.translation,
            "repaired": self.repaired,
            "glossary": {"file": str(self.termbase.path), "hash": self.termbase.hash, "casing": self.termbase.casing},
            "accuracy": round(self.audit.accuracy, 6),
            "occurrences": self.total,
            "kept": self.kept,
            "extra": self.extra,
            "forbidden": self.forbidden,
            "terms": [asdict(row) for row in self.audit.rows],
            "lost": [
                {
                    "term": verdict.occurrence.term.text,
                    "text": verdict.occurrence.text,
                    "diagnosis": verdict.diagnosis,
                    "found": found_text(portuguese, verdict),
                    "draft_line": english.line,
                    "translation_line": portuguese.line,
                }
                for english, portuguese, verdict in self.lost()
            ],
            "too_much": [
                {
                    "term": occurrence.term.text,
                    "text": occurrence.text,
                    "why": "forbidden" if is_forbidden else "extra",
                    "draft_line": english.line,
                    "translation_line": portuguese.line,
                }
                for english, portuguese, occurrence, is_forbidden in self.too_much()
            ],
            "unchecked": [
                {"draft_line": text.prose.line, "terms": [found.text for found in text.terms]}
                for text in self.unchecked
            ],
        }


def found_text(portuguese: Prose, verdict: Verdict) -> str | None:
    """What stands where a lost occurrence should, if the diagnosis knows."""
    return portuguese.text[verdict.start : verdict.end] if verdict.start >= 0 else None


def audit_bilingual(file: SourceText, termbase: Termbase) -> AuditReport:
    """Each block against the English in its comment. Raises UserError where there is none."""
    text, repaired = repair_mojibake(file.text)
    bilingual = _read(text, file.name)
    if not bilingual.is_bilingual:
        raise UserError(f"{file.name}: has no English in comments; give its draft too: DRAFT TRANSLATION.")
    aligned = align_bilingual(bilingual)
    if not aligned.pairs:
        raise UserError(f"{file.name}: no comment belongs to a block of text; give its draft too: DRAFT TRANSLATION.")
    return _report(file.name, file.name, aligned, termbase, repaired)


def audit_versions(draft: SourceText, translation: SourceText, termbase: Termbase, config: Config) -> AuditReport:
    """A draft against a translation of it, matched block by block. Raises UserError where nothing matches."""
    document, version, repaired = read_versions(draft, translation, config)
    aligned = align_versions(document, version)
    if not aligned.pairs:
        raise UserError(f"{translation.name}: nothing in it matches {draft.name}; is it a translation of that draft?")
    return _report(draft.name, translation.name, aligned, termbase, repaired)


def read_versions(draft: SourceText, human: SourceText, config: Config) -> tuple[Document, Document | Bilingual, bool]:
    """A draft, its version by a human (or a machine), and whether the latter was mis-decoded and repaired."""
    keys = config.document.front_matter
    try:
        document = parse(draft.text, front_matter_keys=keys)
    except UserError as error:
        raise UserError(f"{draft.name}: {error}") from None
    text, repaired = repair_mojibake(human.text)
    version = _read(text, human.name)
    return document, version if version.is_bilingual else parse(text, front_matter_keys=keys), repaired


def _read(text: str, name: str) -> Bilingual:
    try:
        return read_bilingual(text)
    except UserError as error:
        raise UserError(f"{name}: {error}") from None


def _report(draft: str, translation: str, aligned: AlignedProse, termbase: Termbase, repaired: bool) -> AuditReport:
    matcher = Matcher(termbase)
    pairs = [
        AuditedPair(
            english.text, portuguese.text, f"{english.line}:{portuguese.line}", english.opaque, portuguese.opaque
        )
        for english, portuguese in aligned.pairs
    ]
    alone = ((text, tuple(matcher.find(text.text, text.opaque))) for text in aligned.only_english)
    unchecked = tuple(Unchecked(text, found) for text, found in alone if found)
    return AuditReport(draft, translation, termbase, aligned, audit(pairs, matcher), unchecked, repaired)
