"""Mine terms from drafts and their human versions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from glossary import Matcher, Termbase
from glossary.audit import AuditedPair, Row, audit
from glossary.suggest import Pair, Suggestion, suggest
from translate.config import Config
from translate.document import parse
from translate.errors import UserError
from translate.terms.glossary_audit import read_versions
from translate.terms.prose import Prose, align_versions, blanked
from translate.text_file import SourceText


@dataclass(frozen=True, slots=True)
class Mined:
    """Suggestions, best first; what the humans made of the glossary's own terms; how much text was compared.

    ``repaired`` names the human versions that were mis-decoded and read with that undone.
    """

    suggestions: list[Suggestion]
    listed: tuple[Row, ...]
    pairs: int
    unmatched: int
    repaired: tuple[str, ...]


def mine(
    drafts: Sequence[SourceText],
    humans: Sequence[SourceText],
    termbase: Termbase,
    config: Config,
    *,
    min_kept: int = 1,
    min_rate: float = 0.25,
) -> Mined:
    """Terms that the humans kept (see `glossary.suggest`); ``humans`` belong to the first drafts, in order.

    Raises UserError for a human version that does not match its draft.
    """
    aligned: list[tuple[Prose, Prose]] = []
    unmatched, repaired = 0, []
    for draft, human in zip(drafts, humans, strict=False):
        document, version, mended = read_versions(draft, human, config)
        found = align_versions(document, version)
        if not found.pairs:
            raise UserError(f"{human.name}: nothing in it matches {draft.name}; give the files in the same order.")
        aligned.extend(found.pairs)
        unmatched += len(found.only_english)
        if mended:
            repaired.append(human.name)
    others = [blanked(parse(d.text, front_matter_keys=config.document.front_matter)) for d in drafts[len(humans) :]]
    pairs = [Pair(e.text, p.text, p.italics, e.opaque, p.opaque) for e, p in aligned]
    rows = audit([AuditedPair(e.text, p.text, "", e.opaque, p.opaque) for e, p in aligned], Matcher(termbase)).rows
    suggestions = suggest(pairs, termbase, drafts=others, min_kept=min_kept, min_rate=min_rate)
    return Mined(suggestions, rows, len(pairs), unmatched, tuple(repaired))
