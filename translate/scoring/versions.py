"""Files of any system as lists of texts that can be compared: matched by structure, or line by line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from glossary import Matcher, Occurrence, Verification, verify
from translate.config import Config
from translate.decoding.terms import occurrences
from translate.document import parse
from translate.document.bilingual_reader import Bilingual, read_bilingual
from translate.document.model import Document, Segment, Span
from translate.errors import UserError
from translate.scoring.joining import filled, join
from translate.scoring.reference import Matching, Pair, match
from translate.terms.prose import line_of
from translate.text_file import SourceText, repair_mojibake


@dataclass(frozen=True, slots=True)
class Text:
    """One side of a segment: clean text, the same as written (Markdown), and its verdict by the glossary."""

    clean: str
    markdown: str
    terms: Verification | None = None


@dataclass(frozen=True, slots=True)
class Aligned:
    """A human version beside one or two systems, text by text.

    ``lines[k]`` is where ``references[k]`` stands in the human version. ``systems[s][k]`` is empty where system ``s``
    has nothing for it. ``only_draft`` and ``only_human`` count segments that were left out of the comparison because
    the other side has no sure counterpart; ``only_system[s]`` likewise.
    """

    lines: tuple[int, ...]
    references: tuple[Text, ...]
    systems: tuple[tuple[Text, ...], ...]
    only_draft: int
    only_human: int
    only_system: tuple[int, ...]


def align_files(
    systems: Sequence[SourceText], human: SourceText, draft: SourceText | None, matcher: Matcher, config: Config
) -> Aligned:
    """Every version is matched to the draft, or to the human version if the draft is not known.

    References without a sure counterpart in the draft are left out and counted; a system answers for every other.
    Raises UserError for files without text and for versions of something else.
    """
    pages = [_read(source, config) for source in (*systems, human)]
    documents = [_page(page) for page in pages]
    reference = documents[-1]
    if draft is None:
        pivot = reference
        matched = [match(pivot, document) for document in documents[:-1]]
        known = Matching(tuple(Pair((s.index,), (s.index,), 1.0) for s in pivot.segments if s.text.strip()), (), ())
    else:
        pivot = _page(_read(draft, config))
        *matched, known = (match(pivot, page) for page in pages)
        if not known.pairs:
            raise UserError(f"{human.name}: nothing in it matches {draft.name}; is it the human version of this draft?")
    for source, matching in zip(systems, matched, strict=True):
        if not matching.pairs:
            other = human if draft is None else draft
            raise UserError(f"{source.name}: nothing in it matches {other.name}; is it a translation of the same text?")
    rows = [group for group in join([*map(filled, matched), known.pairs]) if group.versions[-1]]
    found = [[o for i in g.pivot for o in occurrences(pivot.segments[i], matcher)] for g in rows]
    terms = [None if draft is None else terms for terms in found]

    def texts(document: Document, version: int) -> tuple[Text, ...]:
        return tuple(_text(document, g.versions[version], t, matcher) for g, t in zip(rows, terms, strict=True))

    used = [sum(len(group.versions[s]) for group in rows) for s in range(len(systems))]
    return Aligned(
        tuple(line_of(pages[-1], g.versions[-1][0]) for g in rows),
        texts(reference, -1),
        tuple(texts(document, s) for s, document in enumerate(documents[:-1])),
        len(pivot.segments) - sum(len(group.pivot) for group in rows),
        len(known.unmatched_human),
        tuple(len(document.segments) - n for document, n in zip(documents[:-1], used, strict=True)),
    )


def align_lines(
    systems: Sequence[SourceText], human: SourceText, draft: SourceText | None, matcher: Matcher
) -> Aligned:
    """Line k of every file belongs together. Raises UserError for unequal counts and for empty references."""
    files = [*systems, human, *([] if draft is None else [draft])]
    texts = [source.text.lstrip("\ufeff").splitlines() for source in files]
    for source, lines in zip(files, texts, strict=True):
        if len(lines) != len(texts[len(systems)]):
            raise UserError(
                f"{source.name}: {len(lines)} lines, but {human.name} has {len(texts[len(systems)])}; "
                "line by line each file must have as many."
            )
    references = texts[len(systems)]
    for number, line in enumerate(references, start=1):
        if not line.strip():
            raise UserError(f"{human.name}:{number}: the reference is empty; a line cannot be scored without one.")
    english = texts[-1] if draft is not None else None

    def text(line: str, k: int) -> Text:
        found = None if english is None else matcher.find(english[k])
        return Text(_flat(line), _flat(line), None if found is None else verify(found, line, matcher, []))

    return Aligned(
        tuple(range(1, len(references) + 1)),
        tuple(text(line, k) for k, line in enumerate(references)),
        tuple(tuple(text(line, k) for k, line in enumerate(lines)) for lines in texts[: len(systems)]),
        0,
        0,
        (0,) * len(systems),
    )


def _page(page: Document | Bilingual) -> Document:
    return page.document if isinstance(page, Bilingual) else page


def _read(source: SourceText, config: Config) -> Document | Bilingual:
    text, _ = repair_mojibake(source.text)
    try:
        bilingual = read_bilingual(text)
        page = bilingual if bilingual.is_bilingual else parse(text, front_matter_keys=config.document.front_matter)
    except UserError as error:
        raise UserError(f"{source.name}: {error}") from None
    if not any(segment.text.strip() for segment in _page(page).segments):
        raise UserError(f"{source.name}: there is no text in it; give a Markdown file with a translation.")
    return page


def _text(document: Document, indices: Sequence[int], terms: list[Occurrence] | None, matcher: Matcher) -> Text:
    segments = [document.segments[i] for i in indices]
    clean, opaque = "", list[tuple[int, int]]()
    for segment in segments:
        clean += " " if clean else ""
        opaque += [(len(clean) + s.start, len(clean) + s.end) for s in _opaque(segment)]
        clean += segment.text.replace("\n", " ")
    markdown = " ".join(document.source[s.start : s.end] for s in segments)
    verdict = None if terms is None else verify(terms, clean, matcher, opaque)
    return Text(_flat(clean), _flat(markdown), verdict)


def _opaque(segment: Segment) -> list[Span]:
    return [span for span in segment.spans if span.opaque and span.start < span.end]


def _flat(text: str) -> str:
    return " ".join(text.split())
