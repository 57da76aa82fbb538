"""Segments in, targets out: sentences of a whole run translated together, the glossary enforced, markup put back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from glossary import Matcher, Occurrence, Verification, verify
from translate.decoding.compose import Composed, Link, compose
from translate.decoding.copying import guarded, lost, unguarded
from translate.decoding.enforce import Rendering, copied, enforce, request
from translate.decoding.quality import Defect, Limits, defects
from translate.decoding.reluctant import is_reluctant, reluctant
from translate.decoding.source import Sentence, Source, sentences
from translate.decoding.terms import occurrences
from translate.document.model import Segment, Span, Target, TargetSpan
from translate.marian.protocol import Engine

MAX_PIECES = 400
"""Sources of more pieces are left in English: the model's positions end at 512 and its training at 120."""
Progress = Callable[[int, int], None]
"""Told how many of how many sentences are done."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How to decode.

    ``ratio``: the most target pieces a source piece; ``retry_beams``: for degenerate output; ``links``: whether word
    links are wanted for every sentence; ``copy_names``: try again, protected, what lost a name or a number.
    """

    beam_size: int = 4
    ratio: float = 3.0
    retry_beams: tuple[int, ...] = (1, 8)
    limits: Limits = field(default_factory=Limits)
    italic: bool = True
    links: bool = True
    copy_names: bool = True


@dataclass(frozen=True, slots=True)
class Hypothesized:
    """A translated source: its rendering, what is wrong with it, and how often it was tried (1: the first pass)."""

    rendering: Rendering
    defects: tuple[Defect, ...] = ()
    attempts: int = 1
    engine: str = ""


@dataclass(frozen=True, slots=True)
class Translation:
    """A segment, its target, the glossary's verdict on it and what a reviewer should look at.

    ``sentences`` pairs each translated sentence with its range in ``target.text`` and its hypothesis; ``links`` are
    the word links between the two texts. ``markdown`` is what stands in the file where that, and not the target, is
    the translation (a text of an earlier run or of a human).
    """

    segment: Segment
    target: Target
    occurrences: tuple[Occurrence, ...]
    verification: Verification
    sentences: tuple[tuple[Sentence, tuple[int, int], Hypothesized], ...]
    links: tuple[Link, ...]
    flags: tuple[str, ...]
    markdown: str | None = None

    @property
    def score(self) -> float | None:
        """Mean log-probability per piece over the segment's sentences; None if nothing was decoded."""
        total = sum(h.rendering.pieces for _, _, h in self.sentences)
        if not total:
            return None
        return sum(h.rendering.score * h.rendering.pieces for _, _, h in self.sentences) / total


@dataclass(frozen=True, slots=True)
class Plan:
    """Segments cut into sentences, and the distinct sources that the model has to translate."""

    segments: tuple[Segment, ...]
    occurrences: tuple[tuple[Occurrence, ...], ...]
    sentences: tuple[tuple[Sentence, ...], ...]
    sources: tuple[Source, ...]


def plan(segments: Sequence[Segment], matcher: Matcher, *, links: bool = True) -> Plan:
    """What there is to translate. Equal sentences are one source. ``links``: align every sentence."""
    found = tuple(tuple(occurrences(segment, matcher)) for segment in segments)
    split = tuple(tuple(sentences(segment, terms, links=links)) for segment, terms in zip(segments, found, strict=True))
    unique = dict.fromkeys(s.source for group in split for s in group if s.source is not None)
    return Plan(tuple(segments), found, split, tuple(unique))


def assemble(
    planned: Plan, hypotheses: Sequence[Hypothesized], matcher: Matcher, settings: Settings
) -> list[Translation]:
    """The translation of each segment, from one hypothesis for each of the plan's sources."""
    done = dict(zip(planned.sources, hypotheses, strict=True))
    return [
        _translation(segment, list(terms), list(group), done, matcher, settings)
        for segment, terms, group in zip(planned.segments, planned.occurrences, planned.sentences, strict=True)
    ]


def translate_segments(
    segments: Sequence[Segment],
    engine: Engine,
    matcher: Matcher,
    settings: Settings,
    *,
    reference_engine: Callable[[], Engine] | None = None,
    on_progress: Progress | None = None,
) -> list[Translation]:
    """Translates every segment, in order.

    ``reference_engine`` gives the engine that is tried last on degenerate output (None: none is).
    """
    planned = plan(segments, matcher, links=settings.links)
    hypotheses = translate_sources(planned.sources, engine, settings, reference_engine, on_progress)
    return assemble(planned, hypotheses, matcher, settings)


def translate_sources(
    sources: Sequence[Source],
    engine: Engine,
    settings: Settings,
    reference_engine: Callable[[], Engine] | None = None,
    on_progress: Progress | None = None,
) -> list[Hypothesized]:
    """A hypothesis for each source with its protected ranges in place, degenerate ones tried again."""
    hard = reluctant(sources, engine, settings.beam_size)
    results = _pass(sources, engine, settings, settings.beam_size, hard, on_progress)
    if settings.copy_names:
        results = _copying(sources, results, engine, settings, hard)
    for beam in settings.retry_beams:
        results = _retry(sources, results, settings, lambda: engine, beam, hard)
    if reference_engine is not None and engine.name != "transformers":
        results = _retry(sources, results, settings, reference_engine, settings.beam_size, hard)
    return results


def _copying(
    sources: Sequence[Source],
    results: list[Hypothesized],
    engine: Engine,
    settings: Settings,
    hard: frozenset[str],
) -> list[Hypothesized]:
    """Translates again, with them protected, what lost names or numbers; kept where fewer are lost and none broke."""
    missing = {
        k: ranges
        for k, (source, result) in enumerate(zip(sources, results, strict=True))
        if "too-long" not in result.defects and (ranges := lost(source, result.rendering.text, engine.tokenizer))
    }
    guards = {k: guarded(sources[k], ranges) for k, ranges in missing.items()}
    again = _pass(list(guards.values()), engine, settings, settings.beam_size, hard, None)
    results = list(results)
    for (k, guard), new in zip(guards.items(), again, strict=True):
        still = lost(sources[k], new.rendering.text, engine.tokenizer)
        if len(still) < len(missing[k]) and set(new.defects) <= set(results[k].defects):
            rendering = unguarded(sources[k], guard, new.rendering)
            results[k] = Hypothesized(rendering, new.defects, results[k].attempts, new.engine)
    return results


def _retry(
    sources: Sequence[Source],
    results: list[Hypothesized],
    settings: Settings,
    engine: Callable[[], Engine],
    beam: int,
    hard: frozenset[str],
) -> list[Hypothesized]:
    bad = [k for k, result in enumerate(results) if result.defects and "too-long" not in result.defects]
    if not bad:
        return results
    again = _pass([sources[k] for k in bad], engine(), settings, beam, hard, None)
    results = list(results)
    for k, new in zip(bad, again, strict=True):
        old = results[k]
        chosen = new if len(new.defects) < len(old.defects) else old
        results[k] = Hypothesized(chosen.rendering, chosen.defects, old.attempts + 1, chosen.engine)
    return results


def _pass(
    sources: Sequence[Source],
    engine: Engine,
    settings: Settings,
    beam: int,
    hard: frozenset[str],
    on_progress: Progress | None,
) -> list[Hypothesized]:
    prepared = [
        request(source, engine.tokenizer, settings.ratio, marked=is_reluctant(source, hard)) for source in sources
    ]
    fits = [k for k, (encoded, _) in enumerate(prepared) if len(encoded.pieces) <= MAX_PIECES]
    report = None if on_progress is None else (lambda n: on_progress(n, len(sources)))
    raw = engine.translate([prepared[k][1] for k in fits], beam_size=beam, on_progress=report)
    renderings = enforce(
        [sources[k] for k in fits],
        [prepared[k][0] for k in fits],
        [hypotheses[0] for hypotheses in raw],
        engine,
        beam_size=beam,
        ratio=settings.ratio,
    )
    done = dict(zip(fits, renderings, strict=True))
    return [
        Hypothesized(done[k], defects(source.text, done[k].text, settings.limits), 1, engine.name)
        if k in done
        else Hypothesized(copied(source), ("too-long",), 1, engine.name)
        for k, source in enumerate(sources)
    ]


def _translation(
    segment: Segment,
    terms: list[Occurrence],
    group: list[Sentence],
    done: dict[Source, Hypothesized],
    matcher: Matcher,
    settings: Settings,
) -> Translation:
    hypotheses = [done[s.source] if s.source is not None else None for s in group]
    renderings = [None if h is None else (copied_if_hopeless(s, h)) for s, h in zip(group, hypotheses, strict=True)]
    composed = compose(segment, group, renderings)
    verification = verify(terms, composed.target.text, matcher, composed.target.opaque_ranges(segment))
    target = _italicised(composed, segment, verification) if settings.italic else composed.target
    by_sentence = {id(s): h for s, h in zip(group, hypotheses, strict=True) if h is not None}
    pieces = tuple((s, place, by_sentence[id(s)]) for s, place in composed.pieces)
    flags = _flags(composed, verification, pieces)
    return Translation(segment, target, tuple(terms), verification, pieces, composed.links, flags)


def copied_if_hopeless(sentence: Sentence, hypothesis: Hypothesized) -> Rendering:
    """The hypothesis, or the English itself where the model gave nothing, another script or broken bytes."""
    assert sentence.source is not None
    hopeless = {"empty", "script", "garbled"} & set(hypothesis.defects)
    return copied(sentence.source) if hopeless else hypothesis.rendering


def _flags(
    composed: Composed, verification: Verification, pieces: Sequence[tuple[Sentence, tuple[int, int], Hypothesized]]
) -> tuple[str, ...]:
    flags: list[str] = []
    if verification.missing:
        flags.append("term-missing")
    if verification.surplus:
        flags.append("term-doubled")
    if verification.forbidden:
        flags.append("term-forbidden")
    rungs = {rung for _, _, h in pieces for rung in h.rendering.rungs}
    flags += [f"term-{rung}" for rung in ("replaced", "inserted") if rung in rungs]
    flags += sorted({f"degenerate-{d}" for _, _, h in pieces for d in h.defects})
    if composed.unsure:
        flags.append("markup-unsure")
    return tuple(flags)


def _italicised(composed: Composed, segment: Segment, verification: Verification) -> Target:
    """Sets kept terms of style italic in italics where the text around them is upright."""
    if segment.kind in ("title", "excerpt", "front-matter", "heading", "alt"):
        return composed.target
    slanted = [p for p in composed.target.spans if p.source is not None and _upright_forbidden(segment.spans[p.source])]
    spans = list(composed.target.spans)
    text = composed.target.text
    for verdict in verification.verdicts:
        start, end = verdict.start, verdict.end
        if not verdict.kept or verdict.occurrence.term.style != "italic":
            continue
        if any(p.start < end and start < p.end for p in slanted):
            continue
        if _joined(text, start, end) or any(_crosses((p.start, p.end), (start, end)) for p in spans):
            continue
        spans.append(TargetSpan(start, end, None, "*"))
    return Target(text, tuple(spans))


def _upright_forbidden(span: Span) -> bool:
    return span.kind in ("emphasis", "strong") or span.opaque


def _joined(text: str, start: int, end: int) -> bool:
    """Whether the term touches a letter or digit, where an asterisk would not open or close emphasis."""
    return text[start - 1 : start].isalnum() or text[end : end + 1].isalnum()


def _crosses(a: tuple[int, int], b: tuple[int, int]) -> bool:
    return a[0] < b[0] < a[1] < b[1] or b[0] < a[0] < b[1] < a[1]
