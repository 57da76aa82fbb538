"""A translated draft scored against its human version, on the segments that both have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from glossary import Matcher, Verification, verify
from translate.config import Config
from translate.decoding.translator import Translation
from translate.document import parse, render_range
from translate.document.bilingual_reader import Bilingual, read_bilingual
from translate.document.model import Document, Segment, Target
from translate.errors import UserError
from translate.scoring.reference import Matching, Pair, match
from translate.scoring.score import MetricName, Scores, score
from translate.scoring.sentence_pairs import SentencePair, joined, sentence_pairs
from translate.terms.prose import line_of
from translate.text_file import SourceText

LEAST_MATCHED = 0.3
"""A human version that matches a smaller share of the draft's segments is taken for another file."""


@dataclass(frozen=True, slots=True)
class ScoreCard:
    """Scores of one draft against one human version.

    ``references[k]`` is the human text of ``matching.pairs[k]``. ``clean`` scores text with its Markdown stripped,
    ``markdown`` the text as written. ``machine`` and ``human`` are the glossary's verdicts on the matched segments.
    ``sentences[k]`` pairs the sentences of the one draft segment of pair k with ranges of ``references[k]``; None where
    the pair has several draft segments.
    """

    human_name: str
    matching: Matching
    references: tuple[str, ...]
    clean: Scores
    markdown: Scores
    machine: tuple[int, int]
    human: tuple[int, int]
    draft_lines: tuple[int, ...]
    human_lines: tuple[int, ...]
    sentences: tuple[tuple[SentencePair, ...] | None, ...]

    def lines(self) -> Iterator[str]:
        """The card in a few lines of text."""
        matched = sum(len(pair.draft) for pair in self.matching.pairs)
        total = matched + len(self.matching.unmatched_draft)
        yield f"scored on {matched} of {total} segments, matched with {self.human_name}"
        for scores, label in ((self.clean, "Markdown stripped"), (self.markdown, "with Markdown")):
            values = "  ".join(_value(name, metric) for name, metric in scores.corpus.items())
            yield f"{label + ':':19}{values}"
        for name, metric in self.clean.corpus.items():
            yield f"{'signature of ' + name + ':':20}{metric.signature}"
        yield f"terms kept on them: machine {_share(self.machine)}, human {_share(self.human)}"
        if self.matching.unmatched_draft:
            yield f"not in the human version, by line of the draft: {_some(self.draft_lines)}"
        if self.matching.unmatched_human:
            yield f"only in the human version, by its line: {_some(self.human_lines)}"

    def as_dict(self) -> dict[str, Any]:
        """The card as plain data, segment scores left out (see ``by_segment``)."""
        return {
            "human": self.human_name,
            "markdown_stripped": self.clean.as_dict()["corpus"],
            "with_markdown": self.markdown.as_dict()["corpus"],
            "terms": {
                "machine": {"kept": self.machine[0], "occurrences": self.machine[1]},
                "human": {"kept": self.human[0], "occurrences": self.human[1]},
            },
            "pairs": [
                {"draft": list(p.draft), "human": list(p.human), "confidence": round(p.confidence, 4)}
                for p in self.matching.pairs
            ],
            "unmatched": {"draft_lines": list(self.draft_lines), "human_lines": list(self.human_lines)},
        }

    def by_segment(self) -> dict[int, dict[str, Any]]:
        """For each matched draft segment its reference and the scores of its pair.

        Segments that were matched together share one reference and one score; ``matched_with`` lists them.
        ``reference_sentences``: [draft start, draft end, reference start, reference end, confidence] in characters of
        the segment's text and of ``reference``; left out where several segments were matched together.
        """
        rows: dict[int, dict[str, Any]] = {}
        for k, pair in enumerate(self.matching.pairs):
            row: dict[str, Any] = {
                "reference": self.references[k],
                "matched_with": list(pair.draft),
                "scores": {
                    "markdown_stripped": {name: round(v, 2) for name, v in self.clean.segments[k].items()},
                    "with_markdown": {name: round(v, 2) for name, v in self.markdown.segments[k].items()},
                },
            }
            sentences = self.sentences[k]
            if sentences is not None:
                row["reference_sentences"] = [[*s.draft, *s.reference, round(s.confidence, 4)] for s in sentences]
            rows |= dict.fromkeys(pair.draft, row)
        return rows


def score_card(
    draft: Document, translations: Sequence[Translation], human: SourceText, matcher: Matcher, config: Config
) -> ScoreCard:
    """Matches the human version to the draft and scores the translations on the matched segments.

    Raises UserError if nothing in the human version matches the draft.
    """
    try:
        version = read_human(human.text, config)
    except UserError as error:
        raise UserError(f"{human.name}: {error}") from None
    document = version.document if isinstance(version, Bilingual) else version
    matching = match(draft, version)
    if not matching.pairs:
        raise UserError(f"{human.name}: nothing in it matches the draft; is it the human version of this draft?")
    _check_plausible(draft, document, matching, human.name)
    targets = {t.segment.index: t.target for t in translations}
    metrics: Sequence[MetricName] = config.score.metrics
    clean_hypotheses = hypotheses_of(matching, translations)
    raw_hypotheses, references, raw_references = [], [], []
    for pair in matching.pairs:
        references.append(_flat(" ".join(document.segments[j].text for j in pair.human)))
        raw_hypotheses.append(_flat(" ".join(_markdown(draft, translations[i], targets) for i in pair.draft)))
        raw_references.append(_flat(" ".join(_slice(document, document.segments[j]) for j in pair.human)))
    bootstrap = config.score.bootstrap
    return ScoreCard(
        human.name,
        matching,
        tuple(references),
        score(clean_hypotheses, references, text="clean text", metrics=metrics, bootstrap=bootstrap),
        score(raw_hypotheses, raw_references, text="raw Markdown", metrics=metrics),
        _terms(translations[i].verification for pair in matching.pairs for i in pair.draft),
        _terms(_human_terms(pair, translations, document, matcher) for pair in matching.pairs),
        tuple(_line(draft, draft.segments[i]) for i in matching.unmatched_draft),
        tuple(line_of(version, j) for j in matching.unmatched_human),
        tuple(_sentence_pairs(draft, document, pair) for pair in matching.pairs),
    )


def _sentence_pairs(draft: Document, human: Document, pair: Pair) -> tuple[SentencePair, ...] | None:
    """As ranges of the draft segment's text and of the flat reference; None for several draft segments."""
    if len(pair.draft) > 1:
        return None
    segments = [human.segments[j] for j in pair.human]
    text = joined(segments)
    found = sentence_pairs([draft.segments[pair.draft[0]]], segments)
    return tuple(replace(p, reference=_flat_range(text, *p.reference)) for p in found)


def _flat_range(text: str, start: int, end: int) -> tuple[int, int]:
    """Where `text[start:end]`, which starts and ends with no white space, is in ``_flat(text)``."""
    before = _flat(text[:start] + "|")
    return len(before) - 1, len(before) - 1 + len(_flat(text[start:end]))


def _markdown(draft: Document, translation: Translation, targets: Mapping[int, Target]) -> str:
    """The translation as it stands in the bilingual file."""
    if translation.markdown is not None:
        return translation.markdown
    return render_range(draft, translation.segment.start, translation.segment.end, targets)


def hypotheses_of(matching: Matching, translations: Sequence[Translation]) -> list[str]:
    """The clean text of the translations, for each pair of the matching."""
    targets = {t.segment.index: t.target.text for t in translations}
    return [_flat(" ".join(targets[i] for i in pair.draft)) for pair in matching.pairs]


def _check_plausible(draft: Document, human: Document, matching: Matching, name: str) -> None:
    """UserError where the file is no human version of this draft: a number computed from it would say nothing."""
    matched = sum(len(pair.draft) for pair in matching.pairs)
    total = len(draft.segments)
    if total >= 6 and matched < LEAST_MATCHED * total:
        raise UserError(
            f"{name}: only {matched} of {total} segments match the draft; is it the human version of this draft?"
        )
    same = [
        [draft.segments[i].text for i in pair.draft] == [human.segments[j].text for j in pair.human]
        for pair in matching.pairs
        if any(" " in draft.segments[i].text for i in pair.draft)
    ]
    if len(same) > 1 and sum(same) > len(same) / 2:
        raise UserError(f"{name}: it is in English, as the draft is; give the Portuguese version.")


def read_human(text: str, config: Config) -> Document | Bilingual:
    """A human version: a bilingual file if it has English comments, else Portuguese only."""
    bilingual = read_bilingual(text)
    if any(unit.english is not None for unit in bilingual.units):
        return bilingual
    return parse(text, front_matter_keys=config.document.front_matter)


def _human_terms(pair: Pair, translations: Sequence[Translation], human: Document, matcher: Matcher) -> Verification:
    """The glossary's verdict on what the human made of a pair's terms."""
    text, skip = "", []
    for j in pair.human:
        segment = human.segments[j]
        text += " " if text else ""
        skip += [(len(text) + start, len(text) + end) for start, end in segment.opaque_ranges]
        text += segment.text
    return verify([o for i in pair.draft for o in translations[i].occurrences], text.replace("\n", " "), matcher, skip)


def _terms(verifications: Iterator[Verification]) -> tuple[int, int]:
    kept = total = 0
    for verification in verifications:
        kept += verification.kept
        total += verification.total
    return kept, total


def _flat(text: str) -> str:
    return " ".join(text.split())


def _slice(document: Document, segment: Segment) -> str:
    return document.source[segment.start : segment.end]


def _line(document: Document, segment: Segment) -> int:
    return document.source.count("\n", 0, segment.start) + 1


def _share(counts: tuple[int, int]) -> str:
    kept, total = counts
    return f"{kept} / {total}" + (f" ({kept / total:.0%})" if total else "")


def _some(lines: Sequence[int], shown: int = 12) -> str:
    return ", ".join(map(str, lines[:shown])) + (", …" if len(lines) > shown else "")


def _value(name: str, metric: Any) -> str:
    interval = "" if metric.interval is None else f" [{metric.interval[0]:.1f}, {metric.interval[1]:.1f}]"
    return f"{name} {metric.value:.1f}{interval}"
