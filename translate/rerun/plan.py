"""What a draft's changes mean for its bilingual file, before anything is translated."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from itertools import accumulate
from typing import Literal

from glossary import Matcher
from translate.document.comments import comment_of, front_matter_end
from translate.document.model import Document
from translate.document.parse import parse
from translate.rerun.existing import Existing, Piece, Unit, is_spacer, offers
from translate.rerun.matter import items, segments_of_items
from translate.rerun.record import Record, Row
from translate.rerun.sequences import edited_pairs, equal_pairs, in_order, key_of
from translate.rerun.terms import Pair, Terms, paired, segments_of, terms_of
from translate.rerun.tokens import Token, body_start, identities, tokens_of

State = Literal["kept", "changed", "reverted", "removed", "redone", "terms changed"]
Retranslate = Literal["all", "machine"]

WRITTEN: tuple[State, ...] = ("changed", "redone", "terms changed")
"""What the machine writes anew."""
WRITTEN_ITEMS = ("replace", "conflict", "add", "terms changed")
"""The same of the front matter."""

_LIKE = 0.45
"""English of at least this similarity was edited; below, one text went and another came."""
_LIKE_PORTUGUESE = 0.5
_LONE_PORTUGUESE = 0.3
_OWN_FORM = 0.8
"""Share of the draft's entries that a file must quote to count as written by the machine, without a record."""


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of a unit of the file.

    ``entries`` are the draft's entries that it translates now; ``old`` the English that its text translates;
    ``human``: its text is not, byte for byte, what the machine wrote for ``old``. ``moved``: the draft has it
    elsewhere. ``terms`` is what the glossary said of its segments when ``machine`` was written (None: not known).
    "terms changed": the machine's text stands there, and the glossary now says something else of the ``outdated``
    segments.
    """

    unit: Unit
    state: State
    entries: tuple[int, ...]
    old: str
    human: bool
    machine: str | None
    moved: bool = False
    terms: tuple[str, ...] | None = None
    outdated: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class MatterChange:
    """An item of the front matter that the draft or the glossary changed; ``new``: the draft's text (None: it went)."""

    name: str
    old: str | None
    new: str | None
    state: Literal["replace", "conflict", "add", "remove", "keep", "terms changed"]


@dataclass(frozen=True, slots=True)
class Plan:
    """How the draft goes into the file. ``needed`` are the draft's entries to translate, ``segments`` all segments.

    ``blocked`` are entries without a counterpart where the file's own text may translate them already;
    ``left_out`` those whose Portuguese a human took out of the file.
    """

    document: Document
    existing: Existing
    record: Record | None
    changes: tuple[Change, ...]
    added: tuple[int, ...]
    blocked: tuple[int, ...]
    left_out: tuple[int, ...]
    matter: tuple[MatterChange, ...]
    tokens: tuple[Token, ...] = field(repr=False)
    new_chunks: frozenset[int] = field(repr=False)
    """Tokens (indices) that are verbatim and new in the draft."""
    standing: dict[int, Piece] = field(repr=False)
    """Verbatim tokens and the pieces of the file that hold them."""
    gone: frozenset[int] = field(repr=False)
    """Ids of pieces that the draft dropped."""
    segments: tuple[int, ...] = ()
    terms: Terms | None = field(default=None, repr=False)

    @property
    def needed(self) -> tuple[int, ...]:
        """Entries that must be translated."""
        found = {e for change in self.changes if change.state in WRITTEN for e in change.entries}
        return tuple(sorted(found | set(self.added)))

    @property
    def edited(self) -> int:
        """Units whose Portuguese a human wrote or edited."""
        return sum(change.human and change.unit.portuguese is not None for change in self.changes)

    @property
    def stale(self) -> int:
        """Changes of the draft that the file does not have yet."""
        still = ("kept", "redone", "terms changed")
        units = sum(change.state not in still or change.moved for change in self.changes)
        pending = [m for m in self.matter if m.state not in ("keep", "terms changed")]
        return units + len(self.added) + len(self.new_chunks) + len(self.gone) + len(pending)

    @property
    def outdated(self) -> int:
        """Blocks (and front-matter items) of the machine of whose terms the glossary now says something else."""
        blocks = sum(len(change.entries) for change in self.changes if change.state == "terms changed")
        return blocks + sum(m.state == "terms changed" for m in self.matter)


@dataclass(frozen=True)
class _Base:
    """The draft that the file was made from, as far as it is known: tokens, and the unit or piece of each."""

    texts: list[str]
    items: list[tuple[int | None, str, Piece | None]]
    """(entry index into ``texts`` or None, text, the file's piece for a verbatim chunk)."""
    units: list[int | None]
    """For each entry, the index of its unit."""
    rows: dict[int, Row]
    """For each unit, what is recorded of it."""

    @cached_property
    def owned(self) -> dict[int, list[int]]:
        """The entries of each unit."""
        found: dict[int, list[int]] = {}
        for b, u in enumerate(self.units):
            if u is not None:
                found.setdefault(u, []).append(b)
        return found


def plan_rerun(
    document: Document,
    existing: Existing,
    record: Record | None,
    *,
    keys: Sequence[str] | None = None,
    retranslate: Retranslate | None = None,
    matcher: Matcher | None = None,
) -> Plan:
    """Which entries are unchanged, changed, added, removed or moved, and whose text stands in the file.

    ``record`` is what the last run left in the memory (None: everything in the file counts as human). ``keys`` are the
    translated front-matter keys. ``retranslate="machine"`` plans to redo what no human touched. With ``matcher``, the
    machine's text of segments whose terms changed in the glossary is planned to be redone.
    """
    terms = None if matcher is None else terms_of(document, matcher)
    new = [document.source[entry.start : entry.end] for entry in document.entries]
    if record is None:
        base = _unrecorded(document, existing, new)
    else:
        base = _recorded(existing, record, _made_from(record, document, keys))
    pairs = _pairs(base.texts, new, exact=record is not None)
    own_form = record is not None or _is_own_form(existing, new)
    units, added, left_out = _units(existing, base, pairs, new)
    tokens = tokens_of(document)
    moved, standing, new_chunks, gone = _order(base, tokens, pairs, recorded=record is not None)
    of_units = {
        u: _change(existing.units[u], images, base, u, new, pairs, moved if own_form else frozenset(), retranslate)
        for u, images in units.items()
    }
    changes = tuple(_with_terms(change, base.rows.get(u), document, terms) for u, change in of_units.items())
    blocked = frozenset() if own_form else _blocked(existing, changes, added, len(new))
    if not own_form:
        new_chunks = frozenset()
    held = Counter(piece.text for piece in existing.pieces if piece.kind == "other" and id(piece) not in gone)
    wanted = Counter(token.text for token in tokens if token.entry is None)
    new_chunks = frozenset(
        t
        for t in new_chunks
        if held[tokens[t].text] < wanted[tokens[t].text]
        # Without a record, what a human took out or wrote into another block cannot be told from what is new.
        and (record is not None or not (is_spacer(tokens[t].text) or tokens[t].text in existing.text))
    )
    matter = _matter(document, existing, record, terms)
    plan = Plan(
        document,
        existing,
        record,
        changes,
        tuple(sorted(set(added) - blocked)),
        tuple(sorted(blocked)),
        tuple(left_out),
        matter,
        tuple(tokens),
        new_chunks,
        standing,
        gone,
        terms=terms,
    )
    return replace(plan, segments=_segments(plan))


def _segments(plan: Plan) -> tuple[int, ...]:
    document = plan.document
    found = {s for e in plan.needed for s in document.entries[e].segments}
    inside = segments_of_items(document, document.source[: body_start(document)])
    wanted = [m.name for m in plan.matter if m.state in WRITTEN_ITEMS]
    return tuple(sorted(found | {s.index for name in wanted for s in inside.get(name, ())}))


# The base ------------------------------------------------------------------------------------------


def _made_from(record: Record, document: Document, keys: Sequence[str] | None) -> Document:
    """The recorded draft, parsed; most often it is the draft as it is."""
    if record.draft == document.source:
        return document
    return parse(record.draft) if keys is None else parse(record.draft, front_matter_keys=keys)


def _recorded(existing: Existing, record: Record, document: Document) -> _Base:
    texts = [document.source[entry.start : entry.end] for entry in document.entries]
    rows = [row for row in record.rows if row.english == tuple(texts[e] if e < len(texts) else "" for e in row.entries)]
    linked = _linked_rows(existing, rows)
    units: list[int | None] = [None] * len(texts)
    for r, u in linked.items():
        for e in rows[r].entries:
            units[e] = u
    tokens = tokens_of(document)
    old_ids, file_ids = identities(
        [(t.text if t.entry is None else t.entry, t.entry is not None) for t in tokens],
        _file_items(existing, {u: rows[r].entries[0] for r, u in linked.items()}),
    )
    others = [piece for piece in existing.pieces if piece.kind in ("other", "portuguese")]
    pieces = {i: others[j] for i, j in in_order(old_ids, file_ids)}
    return _Base(
        texts,
        [(t.entry, t.text, pieces.get(k) if t.entry is None else None) for k, t in enumerate(tokens)],
        units,
        {u: rows[r] for r, u in linked.items()},
    )


def _file_items(existing: Existing, entries: dict[int, int]) -> list[tuple[Hashable, bool]]:
    owner = {id(unit.portuguese): u for u, unit in enumerate(existing.units) if unit.portuguese is not None}
    found: list[tuple[Hashable, bool]] = []
    for piece in existing.pieces:
        if piece.kind == "other":
            found.append((piece.text, False))
        elif piece.kind == "portuguese":
            entry = entries.get(owner.get(id(piece), -1))
            found.append((("free", id(piece)) if entry is None else entry, True))
    return found


def _linked_rows(existing: Existing, rows: Sequence[Row]) -> dict[int, int]:
    """Row to unit: by the English beside it, by its Portuguese, by similar Portuguese between such pairs."""
    units = existing.units
    english = [key_of("\n\n".join(row.english)) for row in rows]
    beside = [f"\0{u}" if unit.english is None else key_of(unit.english) for u, unit in enumerate(units)]
    links = equal_pairs(english, beside)
    shown = [_lf(unit.portuguese.text) if unit.portuguese else None for unit in units]
    for texts in ([_lf(row.seen) for row in rows], [_lf(row.machine or "") for row in rows]):
        rest = [r for r in range(len(rows)) if r not in links and texts[r]]
        taken = set(links.values())
        free = [u for u in range(len(units)) if u not in taken and shown[u]]
        equal = equal_pairs([texts[r] for r in rest], [shown[u] or "" for u in free])
        links |= {rest[i]: free[j] for i, j in equal.items()}
    links |= edited_pairs(
        [_lf(row.seen) or None for row in rows], shown, links, least=_LIKE_PORTUGUESE, lone=_LONE_PORTUGUESE
    )
    return links


def _unrecorded(document: Document, existing: Existing, new: Sequence[str]) -> _Base:
    """The file itself says what it was made from: its comments, and where it has none, likeness to the draft."""
    known = {key_of(text) for text in new}
    matched = _matched(document, existing) if any(unit.english is None for unit in existing.units) else {}
    # A comment may quote several blocks of which the reader gave it one: the others have found theirs.
    claimed = Counter(key_of(new[e]) for entries in matched.values() for e in entries)
    texts: list[str] = []
    units: list[int | None] = []
    items_: list[tuple[int | None, str, Piece | None]] = []
    first = {id(unit.pieces[0]): u for u, unit in enumerate(existing.units)}
    for piece in existing.pieces:
        u = first.get(id(piece))
        if u is not None:
            quoted = _english(existing.units[u], known)
            if len(quoted) > 1:
                quoted = [text for text in quoted if not claimed[key_of(text)]] or quoted
            for text in quoted or [new[e] for e in matched.get(u, ())]:
                items_.append((len(texts), text, None))
                texts.append(text)
                units.append(u)
        elif piece.kind == "other":
            items_.append((None, piece.text, piece))
    return _Base(texts, items_, units, {})


def _english(unit: Unit, known: set[str]) -> list[str]:
    if unit.english is None:
        return []
    if key_of(unit.english) in known:
        return [unit.english]
    try:
        entries = parse(unit.english).entries
    except ValueError:
        entries = ()
    return [unit.english[e.start : e.end] for e in entries] if len(entries) > 1 else [unit.english]


def _matched(document: Document, existing: Existing) -> dict[int, tuple[int, ...]]:
    """For units without English, the draft's entries that they clearly translate."""
    from translate.scoring.reference import match

    entry_of = {s: entry.index for entry in document.entries for s in entry.segments}
    page = existing.page.document
    unit_of = {s: u for u, unit in enumerate(existing.units) for e in unit.entries for s in page.entries[e].segments}
    found: dict[int, set[int]] = {}
    owners: dict[int, set[int]] = {}
    for pair in match(document, existing.page).pairs:
        for d in pair.draft:
            for h in pair.human:
                if d in entry_of and h in unit_of:
                    found.setdefault(unit_of[h], set()).add(entry_of[d])
                    owners.setdefault(entry_of[d], set()).add(unit_of[h])
    return {
        u: tuple(sorted(entries))
        for u, entries in found.items()
        if existing.units[u].english is None and all(len(owners[e]) == 1 for e in entries)
    }


def _is_own_form(existing: Existing, new: Sequence[str]) -> bool:
    """Whether the comments are as the machine writes them, for nearly all of the draft."""
    quoted = [unit for unit in existing.units if unit.comment is not None and unit.english is not None]
    if any(unit.comment is not None and unit.comment.text != comment_of(unit.english or "") for unit in quoted):
        return False
    known = Counter(key_of(text) for text in new)
    same = sum((known & Counter(key_of(unit.english or "") for unit in quoted)).values())
    return same >= _OWN_FORM * max(1, min(len(new), len(quoted))) and len(quoted) >= _OWN_FORM * len(existing.units)


# The draft against the base ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Base entry to new entry; ``same`` are the base entries whose English did not change."""

    of: dict[int, int]
    same: frozenset[int]


def _pairs(old: Sequence[str], new: Sequence[str], *, exact: bool) -> _Pairs:
    of = equal_pairs([key_of(text) for text in old], [key_of(text) for text in new])
    if not exact:
        # Humans quote the draft freely: without its markup, with other quotes.
        rest = [i for i in range(len(old)) if i not in of]
        taken = set(of.values())
        free = [j for j in range(len(new)) if j not in taken]
        loose = equal_pairs([_loose(old[i]) for i in rest], [_loose(new[j]) for j in free])
        of |= {rest[i]: free[j] for i, j in loose.items()}
    same = frozenset(of)
    of |= edited_pairs(old, new, of, least=_LIKE, lone=0.0)
    return _Pairs(of, same)


def _loose(text: str) -> str:
    words = " ".join(segment.text for segment in parse(text).segments)
    return " ".join(re.findall(r"\w+", words.casefold())) or key_of(text)


def _units(
    existing: Existing, base: _Base, pairs: _Pairs, new: Sequence[str]
) -> tuple[dict[int, tuple[int, ...]], list[int], list[int]]:
    """Unit to the new entries that it translates; new entries without one; entries that a human left out."""
    images: dict[int, list[int]] = {}
    taken: set[int] = set()
    left_out: list[int] = []
    for b, u in enumerate(base.units):
        j = pairs.of.get(b)
        if u is not None:
            images.setdefault(u, [])
            if j is not None:
                images[u].append(j)
        elif j is not None and b not in pairs.same:
            left_out.append(j)
        if j is not None:
            taken.add(j)
    waiting: dict[str, list[int]] = {}
    for j in range(len(new)):
        if j not in taken:
            waiting.setdefault(key_of(new[j]), []).append(j)
    # Another run, with another memory, may have put it there already.
    for u, unit in enumerate(existing.units):
        found = waiting.get(key_of(unit.english)) if unit.english is not None and not images.get(u) else None
        if found:
            images[u] = [found.pop(0)]
            taken.add(images[u][0])
    added = [j for j in range(len(new)) if j not in taken]
    return {u: tuple(sorted(images[u])) for u in sorted(images)}, added, left_out


def _change(
    unit: Unit,
    images: tuple[int, ...],
    base: _Base,
    u: int,
    new: Sequence[str],
    pairs: _Pairs,
    moved: frozenset[int],
    retranslate: Retranslate | None,
) -> Change:
    own = base.owned.get(u, [])
    row = base.rows.get(u)
    beside = None if unit.english is None else key_of(unit.english)
    now = key_of("\n\n".join(new[j] for j in images))
    offered = [conflict for _, conflict in offers(unit) if conflict is not None]
    recorded = None if row is None else "\n\n".join(row.english)
    old = offered[0].old if offered else recorded if recorded is not None else unit.english or ""
    untouched = (
        row is not None
        and row.machine is not None
        and unit.portuguese is not None
        and _lf(unit.portuguese.text) == _lf(row.machine)
        and beside in (None, key_of(recorded or ""))
        and not unit.conflicts
    )
    machine = row.machine if row is not None else None
    state: State
    if not images:
        state = "removed"
    elif beside == now or (all(b in pairs.of and b in pairs.same for b in own) and own):
        state = "redone" if retranslate == "machine" and untouched else "kept"
    elif offered and key_of(offered[0].old) == now:
        state = "reverted"
    else:
        state = "changed"
    is_moved = state != "removed" and any(j in moved for j in images)
    if beside is not None and row is not None and beside != key_of(recorded or "") and beside == now:
        machine = None  # another machine's work, as far as this memory knows
    return Change(unit, state, images, old, not untouched, machine, is_moved)


def _with_terms(change: Change, row: Row | None, document: Document, terms: Terms | None) -> Change:
    """The change with what is known of its terms; the machine's own text is outdated if the glossary changed them."""
    before = row.terms if row is not None and change.machine is not None else None
    if terms is None or change.state != "kept" or change.human or change.unit.portuguese is None:
        return replace(change, terms=before)
    segments, shown = segments_of(document, change.entries), change.unit.portuguese.text
    outdated = terms.outdated(segments, before, lambda: paired(document, change.entries, shown))
    if outdated:
        return replace(change, state="terms changed", terms=before, outdated=outdated)
    return replace(change, terms=terms.under(segments))


def _order(
    base: _Base, tokens: Sequence[Token], pairs: _Pairs, *, recorded: bool
) -> tuple[frozenset[int], dict[int, Piece], frozenset[int], frozenset[int]]:
    """(moved entries, token to piece, new verbatim tokens, ids of pieces that the draft dropped)."""
    old_ids, new_ids = identities(
        [(text if b is None else pairs.of.get(b, -1 - b), b is not None) for b, text, _ in base.items],
        [(t.text if t.entry is None else t.entry, t.entry is not None) for t in tokens],
    )
    same = in_order(old_ids, new_ids)
    stay = {j for _, j in same}
    left = {i for i, _ in same}
    matched = set(pairs.of.values())
    astray = [token.entry for k, token in enumerate(tokens) if k not in stay]
    moved = frozenset(e for e in astray if e is not None and e in matched)
    standing = {j: piece for i, j in same if (piece := base.items[i][2]) is not None}
    fresh = frozenset(k for k, t in enumerate(tokens) if t.entry is None and k not in stay)
    gone = {
        id(piece) for i, (b, _, piece) in enumerate(base.items) if b is None and piece is not None and i not in left
    }
    return moved, standing, fresh, frozenset(gone) if recorded else frozenset()


def _blocked(existing: Existing, changes: Iterable[Change], added: Sequence[int], entries: int) -> frozenset[int]:
    """Added entries between whose neighbours the file has text that translates nothing known."""
    index = {id(unit): u for u, unit in enumerate(existing.units)}
    place = {e: index[id(c.unit)] for c in changes for e in c.entries}
    known = {id(c.unit) for c in changes}
    loose = [u for u, unit in enumerate(existing.units) if unit.portuguese and id(unit) not in known]
    entries_placed = sorted(place)
    highest = [-1, *accumulate((place[e] for e in entries_placed), max)]
    lowest = [*[*accumulate((place[e] for e in reversed(entries_placed)), min)][::-1], len(existing.units)]
    found: set[int] = set()
    for j in added:
        before = highest[bisect_left(entries_placed, j)]
        after = lowest[bisect_right(entries_placed, j)]
        if not place or after <= before or bisect_right(loose, before) < bisect_left(loose, after):
            found.add(j)
    return frozenset(found)


# Front matter --------------------------------------------------------------------------------------


def _matter(
    document: Document, existing: Existing, record: Record | None, terms: Terms | None
) -> tuple[MatterChange, ...]:
    if record is None:
        return ()
    old = dict(items(record.draft[: front_matter_end(record.draft)]))
    new = dict(items(document.source[: body_start(document)]))
    shown = dict(items(existing.matter))
    if not existing.matter.strip("\ufeff") or len(new) < 2:
        return ()
    found = [_matter_change(name, old.get(name), new.get(name), shown, record.matter) for name in {**old, **new}]
    changes = [change for change in found if change is not None]
    if terms is not None:
        changed = {change.name for change in changes}
        untouched = {name for name in new if name not in changed and _untouched(name, shown, record.matter)}
        changes += [
            MatterChange(name, old.get(name), new[name], "terms changed")
            for name in _outdated_items(document, existing, record, terms)
            if name in untouched
        ]
    return tuple(changes)


def _outdated_items(document: Document, existing: Existing, record: Record, terms: Terms) -> list[str]:
    """Front-matter items of whose segments the glossary says something else than when they were written."""
    ours = segments_of_items(document, document.source[: body_start(document)])
    theirs = segments_of_items(existing.page.document, existing.matter)

    def pairs(name: str) -> list[Pair]:
        here, there = ours[name], theirs.get(name, [])
        return list(zip(here, there, strict=True)) if len(here) == len(there) else []

    return [
        name
        for name, segments in ours.items()
        if terms.outdated(segments, record.matter_terms.get(name), partial(pairs, name))
    ]


def _untouched(name: str, shown: dict[str, str], machine: dict[str, str]) -> bool:
    return name in shown and name in machine and _lf(shown[name]) == _lf(machine[name])


def _matter_change(
    name: str, old: str | None, new: str | None, shown: dict[str, str], machine: dict[str, str]
) -> MatterChange | None:
    if old == new or _lf(old or "") == _lf(new or ""):
        return None
    untouched = _untouched(name, shown, machine)
    if new is None:
        return MatterChange(name, old, new, "remove" if untouched else "keep")
    if name not in shown:
        return MatterChange(name, old, new, "add" if old is None else "keep")
    return MatterChange(name, old, new, "replace" if untouched else "conflict")


def _lf(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")
