"""What is fuzzed: for each target how an input is made, and what must hold for it."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random

from glossary.csv_format import dump_csv, load_csv
from glossary.errors import GlossaryError
from glossary.files import load_file
from glossary.matcher import Matcher
from glossary.tbx import dump_tbx, load_tbx
from glossary.termbase import default_termbase, find_errors, parse_termbase
from glossary.terms import Term, Termbase
from glossary.verify import verify
from glossary.yaml_format import dump_yaml
from tests.fuzz import grammar
from tests.fuzz.guard import check_message
from tests.fuzz.mutations import mutate
from tests.pseudo_translation import pseudo_translate
from translate.config import Config, load_config, settings
from translate.document.bilingual import Layout, write_bilingual
from translate.document.bilingual_reader import Bilingual, read_bilingual
from translate.document.model import Document, identity
from translate.document.model import Target as Replacement
from translate.document.parse import parse
from translate.document.render import render, render_range
from translate.errors import UserError
from translate.memory.po import from_po, to_po
from translate.memory.tmx import from_tmx, to_tmx
from translate.rerun import Fresh, merge, plan_rerun, read_existing, record_of
from translate.rerun.tokens import body_start
from translate.scoring.reference import match
from translate.strict_yaml import read

SEPARATOR = "\x1e\n"
"""Between the parts of an input that has several (a draft and its bilingual file)."""

REFUSALS = (UserError, GlossaryError)
LAYOUTS: tuple[Layout, ...] = ("comment-after", "comment-before", "target-only")
_INSERTED = ["*x*", "_y_", "[z](u)", "<b>", "a|b", "#", "-", "1.", "`c", "{{", "\\", "-->", "<!--", "&amp;", "é", "**"]
_KEYS = ("title", "excerpt", "description", "caption", "image.caption", "x")


@dataclass(frozen=True, slots=True)
class Target:
    """``check`` raises whatever is wrong; a refusal (`REFUSALS`) is an answer. ``make`` gives a fresh input.

    ``share`` is the target's part of a run's inputs: what costs more time gets fewer.
    """

    name: str
    share: int
    make: Callable[[Random], str]
    check: Callable[[str], None]

    def run(self, text: str) -> bool:
        """Whether the input was taken. Raises what is wrong with the code, a bad message included."""
        try:
            self.check(text)
        except REFUSALS as error:
            check_message(error)
            return False
        return True


# Inputs ------------------------------------------------------------------------------------------


def as_text(text: str) -> str:
    """What a file gives: UTF-8, hence no half of a surrogate pair, and no NUL."""
    return text.encode("utf-8", "replace").decode().replace("\0", "?")


def as_bytes(text: str) -> bytes:
    """The file's bytes: a lone surrogate of an input stands for a byte that is not UTF-8."""
    return text.encode("utf-8", "surrogatepass")


@cache
def _folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="fuzz-"))


def _file(name: str, content: bytes) -> Path:
    path = _folder() / name
    path.write_bytes(content)
    return path


# Parser ------------------------------------------------------------------------------------------


def check_parser(text: str) -> None:
    """Identity gives the input back; another text does not break it; a translated draft can be read again."""
    source = as_text(text)
    document = parse(source, front_matter_keys=_KEYS)
    targets = {segment.index: identity(segment) for segment in document.segments}
    assert render(document, targets) == source, "identity changes the draft"
    for entry in document.entries:
        assert render_range(document, entry.start, entry.end, targets) == source[entry.start : entry.end]
    _check_segments(document)
    rendered = render(document, _translated(document, text), lang="pt-BR", edition="PT-BR")
    again = parse(rendered, front_matter_keys=_KEYS)
    assert render(again, {segment.index: identity(segment) for segment in again.segments}) == rendered


def _check_segments(document: Document) -> None:
    for segment in document.segments:
        assert 0 <= segment.start <= segment.end <= len(document.source)
        for span in segment.spans:
            assert 0 <= span.start <= span.end <= len(segment.text)
            assert segment.start <= span.outer[0] <= span.inner[0] <= span.inner[1] <= span.outer[1] <= segment.end


def _translated(document: Document, seed: str) -> dict[int, Replacement]:
    random = Random(len(seed))
    words = random.sample(_INSERTED, 3)
    return {segment.index: pseudo_translate(segment, words) for segment in document.segments}


# Front matter ------------------------------------------------------------------------------------


def make_front_matter(random: Random) -> str:
    return grammar.front_matter(random) + grammar.line(random)


def check_front_matter(text: str) -> None:
    """What YAML could load, it can load after translation, with the same keys; what is not translated is equal."""
    import yaml

    source = as_text(text)
    document = parse(source, front_matter_keys=("title", "excerpt", "description"))
    header = document.front_matter
    if header is None:
        return
    before = _loaded(yaml, source[: header.close])
    rendered = render(document, _translated(document, text))
    after = parse(rendered).front_matter
    assert after is not None, "the front matter is none any more"
    if not isinstance(before, dict):
        return
    again = _loaded(yaml, rendered[: after.close])
    assert isinstance(again, dict), f"the front matter cannot be loaded any more: {rendered!r}"
    assert list(again) == list(before)
    for key in before:
        if key not in ("title", "excerpt", "description"):
            assert repr(again[key]) == repr(before[key]), f"{key} has changed"


def _loaded(yaml: object, text: str) -> object:
    try:
        return yaml.safe_load(text.removeprefix("\ufeff"))  # type: ignore[attr-defined]
    except Exception:  # whatever PyYAML makes of hostile text: then nothing can be compared
        return None


# Bilingual files ---------------------------------------------------------------------------------


def check_bilingual(text: str) -> None:
    """A draft as input of the writer, and as a bilingual file by hand."""
    source = as_text(text)
    _check_page(read_bilingual(source), source)
    document = parse(source)
    for layout in LAYOUTS:
        written = write_bilingual(document, _translated(document, text), layout=layout)
        page = read_bilingual(written)
        _check_page(page, written)


def _check_page(page: Bilingual, text: str) -> None:
    assert page.text == text
    for unit in page.units:
        assert text[unit.start : unit.end] == unit.portuguese
    covered = sorted(e for unit in page.units for e in unit.entries)
    assert covered == list(range(len(page.document.entries))), "an entry is in no unit, or in two"


# Re-runs -----------------------------------------------------------------------------------------


def make_rerun(random: Random) -> str:
    old = grammar.draft(random)
    new = mutate(old, (), random) if random.random() < 0.7 else grammar.draft(random)
    file = grammar.bilingual(random)
    if random.random() < 0.6:
        document = parse_or_none(as_text(old))
        if document is not None:
            file = write_bilingual(document, _translated(document, old), layout=random.choice(LAYOUTS))
            file = mutate(file, (grammar.bilingual(random),), random) if random.random() < 0.8 else file
    return SEPARATOR.join((old, new, file))


def parse_or_none(text: str) -> Document | None:
    try:
        return parse(text)
    except REFUSALS:
        return None


def check_rerun(text: str) -> None:
    """Old draft, new draft, file: with and without a record, the plan merges, and a second run changes nothing."""
    old, new, file = (as_text(part) for part in (*text.split(SEPARATOR, 2), "", "")[:3])
    existing = read_existing(file)
    assert existing.matter + "".join(piece.text for piece in existing.pieces) == file, "pieces do not join to the file"
    document = parse(new)
    before = parse_or_none(old)
    record = None
    if before is not None:
        targets = _translated(before, old)
        entries = {e.index: render_range(before, e.start, e.end, targets) for e in before.entries}
        record = record_of(before, entries, render_range(before, 0, body_start(before), targets), "comment-after")
    for known in (None, record):
        plan = plan_rerun(document, existing, known)
        fresh = {s: pseudo_translate(document.segments[s], []) for s in plan.segments}
        done = {
            e: render_range(document, document.entries[e].start, document.entries[e].end, fresh) for e in plan.needed
        }
        merged = merge(plan, Fresh(done, render_range(document, 0, body_start(document), fresh)))
        read_existing(merged.text)


# Glossaries --------------------------------------------------------------------------------------

_FORMATS = (".yaml", ".csv", ".tbx")


def make_glossary(random: Random) -> str:
    suffix = random.choice(_FORMATS)
    makers = {".yaml": grammar.yaml_glossary, ".csv": grammar.csv_glossary, ".tbx": grammar.tbx_glossary}
    return SEPARATOR.join((suffix, makers[suffix](random), grammar.paragraph(random), grammar.paragraph(random)))


def check_glossary(text: str) -> None:
    """A glossary file, a text and its translation: what loads can be written and loaded again, and matches."""
    suffix, content, source, target = (*text.split(SEPARATOR, 3), "", "", "")[:4]
    data = as_bytes(content)
    if suffix not in _FORMATS:
        suffix = ".yaml"
    if suffix == ".yaml":
        find_errors(as_text(content))
    termbase = load_file(_file(f"glossary{suffix}", data))
    for again in _again(termbase):
        assert again.terms == termbase.terms, "a glossary changes on the way through a file"
    _check_matches(termbase, as_text(source), as_text(target))


def _again(termbase: Termbase) -> list[Termbase]:
    name = Path("again")
    casing = termbase.casing
    found = [parse_termbase(dump_yaml(termbase), name)]
    if not any(_NOT_PLAIN.search(text) for term in termbase.terms for text in (*_phrases(term), term.note)):
        found.append(load_csv(dump_csv(termbase).encode(), name, casing=casing))
        found.append(load_tbx(dump_tbx(termbase), name, casing=casing))
    return found


_NOT_PLAIN = re.compile(r"[^\n\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Control characters, which only YAML carries."""


def _phrases(term: Term) -> tuple[str, ...]:
    return (*term.spellings, *term.exceptions, *term.renderings, *term.forbidden)


def _check_matches(termbase: Termbase, source: str, target: str) -> None:
    matcher = Matcher(termbase)
    found = matcher.find(source)
    position = 0
    for occurrence in found:
        assert position <= occurrence.start < occurrence.end <= len(source)
        position = occurrence.end
    assert verify(found, source, matcher).total == len(found)
    verify(found, target, matcher)


@cache
def _shipped() -> Termbase:
    return default_termbase()


def make_matches(random: Random) -> str:
    terms = [term.text for term in _shipped().terms]
    parts = [random.choice((grammar.words(random, 2), random.choice(terms), grammar.line(random))) for _ in range(12)]
    random.shuffle(parts)
    return random.choice((" ", " ", "-", "\n")).join(parts) + SEPARATOR + " ".join(random.sample(parts, 8))


def check_matches(text: str) -> None:
    """The shipped glossary over any text."""
    source, _, target = as_text(text).partition(SEPARATOR)
    _check_matches(_shipped(), source, target)


# Configuration, references, memory ---------------------------------------------------------------


@cache
def _defaults() -> dict[str, object]:
    return settings(load_config())


def make_config(random: Random) -> str:
    return grammar.configuration(random, _defaults())


def check_config(text: str) -> None:
    list(read(_file("config.yaml", as_bytes(text)), Config))


def make_reference(random: Random) -> str:
    one = grammar.draft(random)
    return (
        one
        + SEPARATOR
        + random.choice((grammar.draft(random), grammar.bilingual(random), one, mutate(one, (), random)))
    )


def check_reference(text: str) -> None:
    """Each segment is matched once at most, and every index exists."""
    ours, _, theirs = as_text(text).partition(SEPARATOR)
    draft, human = parse(ours), read_bilingual(theirs)
    for other in (human, human.document):
        found = match(draft, other)
        lefts = sorted([*found.unmatched_draft, *(i for pair in found.pairs for i in pair.draft)])
        rights = sorted([*found.unmatched_human, *(j for pair in found.pairs for j in pair.human)])
        assert lefts == list(range(len(draft.segments)))
        assert rights == list(range(len(human.document.segments)))


def make_memory(random: Random) -> str:
    return ("tmx" + SEPARATOR + grammar.tmx(random)) if random.random() < 0.5 else "po" + SEPARATOR + grammar.po(random)


def check_memory(text: str) -> None:
    """What is imported can be exported and imported again."""
    form, _, content = text.partition(SEPARATOR)
    if form == "tmx":
        units = from_tmx(_file("memory.tmx", as_bytes(content)))
        again = from_tmx(_file("again.tmx", to_tmx(units)))
        assert [(u.source, u.target, u.origin) for u in again] == [(u.source, u.target, u.origin) for u in units]
    else:
        units = from_po(_file("memory.po", as_bytes(content)))
        again = from_po(_file("again.po", to_po(units).encode("utf-8", "surrogatepass")))
        assert {u.source for u in again} == {u.source for u in units}


def make_document(random: Random) -> str:
    return grammar.draft(random) if random.random() < 0.8 else grammar.soup(random)


def make_bilingual(random: Random) -> str:
    return grammar.bilingual(random) if random.random() < 0.6 else make_document(random)


TARGETS = {
    target.name: target
    for target in (
        Target("parser", 8, make_document, check_parser),
        Target("front-matter", 12, make_front_matter, check_front_matter),
        Target("bilingual", 3, make_bilingual, check_bilingual),
        Target("rerun", 2, make_rerun, check_rerun),
        Target("glossary", 36, make_glossary, check_glossary),
        Target("matches", 4, make_matches, check_matches),
        Target("config", 20, make_config, check_config),
        Target("reference", 3, make_reference, check_reference),
        Target("memory", 14, make_memory, check_memory),
    )
}
