"""Two checkpoints on the same held-out texts, and the verdict: is the new one to be kept?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from glossary import Matcher, Termbase, verify
from translate.config import Config
from translate.decoding.terms import occurrences
from translate.decoding.translator import Translation
from translate.errors import UserError
from translate.marian.protocol import Engine
from translate.pipeline import settings_of
from translate.scoring.score import Comparison, compare
from translate.scoring.without_glossary import translate_groups
from translate.text_file import read_text
from translate.training.domain import TestItem
from translate.training.validation import translations

SIGNIFICANCE = 0.05
MAXIMUM_LOSS = 0.3
"""BLEU that the general set may lose."""
_METRICS = ("BLEU", "chrF2")


@dataclass(frozen=True, slots=True)
class Output:
    """What a checkpoint made of the test items, with the glossary enforced and without, and of the general sentences.

    Terms are (kept, occurrences) over the test items.
    """

    enforced: tuple[str, ...]
    bare: tuple[str, ...]
    terms: tuple[int, int]
    bare_terms: tuple[int, int]
    general: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The comparison of the adapted checkpoint with the one that it was made from (the baseline).

    ``reasons`` say why it is not kept; none: it is.
    """

    in_domain: Comparison
    without_glossary: Comparison
    general: Comparison
    terms: tuple[tuple[int, int], tuple[int, int]]
    bare_terms: tuple[tuple[int, int], tuple[int, int]]
    items: int
    sentences: int
    reasons: tuple[str, ...]

    @property
    def keep(self) -> bool:
        return not self.reasons

    def as_dict(self) -> dict[str, Any]:
        """Plain data; segment differences are left out."""

        def plain(comparison: Comparison) -> dict[str, Any]:
            found = asdict(comparison)
            del found["differences"]
            return found

        return {
            "kept": self.keep,
            "reasons": list(self.reasons),
            "test_items": self.items,
            "general_sentences": self.sentences,
            "in_domain": plain(self.in_domain),
            "in_domain_without_glossary": plain(self.without_glossary),
            "general": plain(self.general),
            "terms": {"before": list(self.terms[0]), "after": list(self.terms[1])},
            "terms_without_glossary": {"before": list(self.bare_terms[0]), "after": list(self.bare_terms[1])},
        }

    def lines(self) -> list[str]:
        """The verdict in a few lines."""
        rows = [
            (f"held-out issues ({self.items} segments)", self.in_domain),
            ("  the same without the glossary", self.without_glossary),
            (f"general ({self.sentences} sentences)", self.general),
        ]
        lines = [f"{'':42}{'before':>8}{'after':>8}{'p':>9}"]
        for label, comparison in rows:
            for name, s in comparison.metrics.items():
                lines.append(f"{label + ' ' + name:42}{s.baseline:8.2f}{s.system:8.2f}{s.p_value:9.3f}")
        for label, (before, after) in (("terms kept", self.terms), ("  without the glossary", self.bare_terms)):
            lines.append(f"{label:42}{_counts(before):>8}{_counts(after):>8}")
        return lines


def read_general(english: Path, portuguese: Path) -> list[tuple[str, str]]:
    """Sentence pairs, one in each line of two files. Raises UserError where their lines do not correspond."""
    ours, theirs = (read_text(path).text.lstrip("\ufeff").splitlines() for path in (english, portuguese))
    if len(ours) != len(theirs):
        raise UserError(f"{portuguese}: has {len(theirs)} lines, {english} {len(ours)}; give files of parallel lines.")
    pairs = [(a.strip(), b.strip()) for a, b in zip(ours, theirs, strict=True)]
    found = [(a, b) for a, b in pairs if a and b]
    if not found:
        raise UserError(f"{english}: no line has text on both sides; give files of parallel lines.")
    return found


def outputs(
    engine: Engine, items: Sequence[TestItem], general: Sequence[str], termbase: Termbase, config: Config
) -> Output:
    """Translates the items as the pipeline does (glossary, beam, degenerate output tried again), and bare."""
    matcher, settings = Matcher(termbase), settings_of(config)
    groups = [item.segments for item in items]
    enforced, known = translate_groups(groups, engine, matcher, settings, {})
    bare, _ = translate_groups(groups, engine, Matcher(Termbase(())), settings, known)
    return Output(
        tuple(_text(group) for group in enforced),
        tuple(_text(group) for group in bare),
        _terms(enforced, matcher),
        _terms(bare, matcher),
        tuple(translations(engine, general, beam_size=config.decoding.beam_size)),
    )


def judge(before: Output, after: Output, items: Sequence[TestItem], general: Sequence[str]) -> Verdict:
    """Compares two outputs by paired bootstrap (Koehn 2004); ``general``: the references of the general sentences.

    Kept is what is significantly better in BLEU and in chrF2 on the items, keeps no fewer terms there, and loses at
    most ``MAXIMUM_LOSS`` BLEU on the general sentences.
    """
    references = [item.reference for item in items]
    in_domain = compare(before.enforced, after.enforced, references)
    without = compare(before.bare, after.bare, references)
    outside = compare(before.general, after.general, general)
    reasons = [
        f"{name} on the held-out issues goes from {s.baseline:.2f} to {s.system:.2f} (p = {s.p_value:.3f}): "
        f"not significantly better"
        for name in _METRICS
        if (s := in_domain.metrics[name]).system <= s.baseline or s.p_value >= SIGNIFICANCE
    ]
    bleu = outside.metrics["BLEU"]
    if bleu.system < bleu.baseline - MAXIMUM_LOSS:
        reasons.append(
            f"BLEU on the general sentences goes from {bleu.baseline:.2f} to {bleu.system:.2f}: "
            f"more than {MAXIMUM_LOSS} lost"
        )
    if after.terms[0] < before.terms[0]:
        reasons.append(f"{_counts(after.terms)} terms are kept, before {_counts(before.terms)}")
    return Verdict(
        in_domain,
        without,
        outside,
        (before.terms, after.terms),
        (before.bare_terms, after.bare_terms),
        len(items),
        len(general),
        tuple(reasons),
    )


def _text(translated: Sequence[Translation]) -> str:
    return " ".join(" ".join(t.target.text for t in translated).split())


def _terms(groups: Sequence[Sequence[Translation]], matcher: Matcher) -> tuple[int, int]:
    """The glossary's terms, whether or not it was enforced."""
    found = [
        verify(
            occurrences(t.segment, matcher),
            t.target.text.replace("\n", " "),
            matcher,
            t.target.opaque_ranges(t.segment),
        )
        for group in groups
        for t in group
    ]
    return sum(v.kept for v in found), sum(v.total for v in found)


def _counts(counts: tuple[int, int]) -> str:
    return f"{counts[0]}/{counts[1]}"
