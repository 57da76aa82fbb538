"""A review that is edited: each save goes into the file, whole, and into the memory; nothing is overwritten unseen.

An edit names the text that it began with. If the file no longer has that text there, whoever wrote it, the edit is
refused with what the file has now; the translator decides. Edits elsewhere in the file disturb nothing.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from translate.errors import UserError
from translate.memory.units import Unit
from translate.review.build import Built, contexts_of, digest
from translate.review.desk import Desk
from translate.review.edits import EditError, Patch, patch_of, resolved, with_text
from translate.review.model import FuzzyMatch, Order, Review, ReviewSegment
from translate.review.pairs import Page, Paired
from translate.review.payload import page_data, segment_data, text_hash
from translate.review.sources import Machine
from translate.text_file import write_atomic

_UNDOS = 200
_STATES = 40
_ATTEMPTS = 3
_LOCK_SECONDS = 20.0


class Clash(Exception):
    """The file's text is not what the edit began with. ``current`` is what it is now (None: it is gone)."""

    def __init__(self, message: str, current: dict[str, Any] | None) -> None:
        super().__init__(message)
        self.current = current


@dataclass(frozen=True, slots=True)
class _Undo:
    """How to take a step back: the file's patch (None: only the memory changed) and the memory's units before."""

    label: str
    key: str
    patch: Patch | None
    after: str
    """The digest of the file after the step."""
    memory: tuple[tuple[str, str, Unit | None], ...]
    texts: tuple[str, str] | None = None
    """The segment's Markdown before and after, where nothing else changed."""


@dataclass(frozen=True, slots=True)
class _State:
    """What the pages are shown: the file's text, read; its segments as data, by key."""

    version: str
    text: str
    review: Review
    page: Page
    machine: Machine
    data: dict[str, dict[str, Any]]
    hashes: dict[str, str]


class Session:
    """One file under review, edited from any number of pages. Use from one thread.

    Raises UserError where the file cannot be read or written, EditError for an edit that cannot be made, Clash for
    one that would overwrite what its page has not seen.
    """

    def __init__(self, desk: Desk, order: Order = "document") -> None:
        self._desk = desk
        self._order: Order = order
        self._undo: list[_Undo] = []
        self._fuzzy: dict[str, tuple[FuzzyMatch, ...]] = {}
        self._seen: OrderedDict[str, dict[str, str]] = OrderedDict()
        self._stamp: tuple[int, ...] = ()
        self._serial = 0
        self._known: dict[str, ReviewSegment] = {}
        self._shown: dict[str, tuple[dict[str, Any], str]] = {}
        text = desk.text()
        built = desk.build(text, totals=False)
        for segment in desk.with_fuzzy(built.review.segments):
            self._fuzzy[segment.key] = segment.fuzzy
        self._state = self._read(text, built=built)

    # Reading ---------------------------------------------------------------------------------------

    def page(self) -> dict[str, Any]:
        """All that a page shows, for `translate.review.html.page`."""
        self._refresh()
        state = self._state
        review = self._desk.build(state.text, page=state.page, machine=state.machine).review  # with the totals
        data = page_data(replace(review, segments=()), (), self._order)
        segments = list(state.data.values())
        return {**data, "segments": segments, "version": state.version, "undo": self._label()}

    def since(self, version: str) -> dict[str, Any]:
        """What a page of that version does not show yet."""
        self._refresh()
        return self._news(version)

    def _news(self, version: str, **more: Any) -> dict[str, Any]:
        state = self._state
        known = self._seen.get(version, {})
        changed = [data for key, data in state.data.items() if known.get(key) != state.hashes[key]]
        news: dict[str, Any] = {"version": state.version, "undo": self._label()}
        if version != state.version:
            news["segments"] = changed
            if list(known) != list(state.data):
                news["keys"] = list(state.data)
        return {**news, **more}

    def _label(self) -> str | None:
        return self._undo[-1].label if self._undo else None

    def _refresh(self) -> None:
        """Reads the file again if anybody has written it."""
        try:
            status = self._desk.path.stat()
        except OSError:
            raise UserError(f"{self._desk.path}: the file is gone; put it back and go on.") from None
        stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
        if stamp != self._stamp:
            text = self._desk.text()
            if text != self._state.text:
                self._state = self._read(text)
            self._stamp = stamp

    def _read(
        self, text: str, *, built: Built | None = None, page: Page | None = None, machine: Machine | None = None
    ) -> _State:
        """The state of a text; what is given is not worked out again."""
        if built is None:
            built = self._desk.build(text, totals=False, page=page, machine=machine)
        data: dict[str, dict[str, Any]] = {}
        hashes: dict[str, str] = {}
        known: dict[str, ReviewSegment] = {}
        for segment in self._with_fuzzy(built.review.segments):
            known[segment.key] = moved = replace(segment, start=0, end=0)
            if self._known.get(segment.key) == moved:
                data[segment.key], hashes[segment.key] = self._shown[segment.key]
            else:
                data[segment.key] = segment_data(segment)
                hashes[segment.key] = _hash(data[segment.key])
        self._known = known
        self._shown = {key: (value, hashes[key]) for key, value in data.items()}
        self._serial += 1
        version = f"{digest(text)[:16]}.{self._serial}"
        self._seen[version] = hashes
        while len(self._seen) > _STATES:
            self._seen.popitem(last=False)
        return _State(version, text, built.review, built.page, built.machine, data, hashes)

    def _with_fuzzy(self, segments: Sequence[ReviewSegment]) -> Iterator[ReviewSegment]:
        for segment in segments:
            yield replace(segment, fuzzy=self._fuzzy.get(segment.key, ()))

    # Writing ---------------------------------------------------------------------------------------

    def edit(self, key: str, base: str, text: str, *, approve: bool, version: str) -> dict[str, Any]:
        """Another Portuguese for a segment; ``approve`` also approves it, and resolves its conflicts."""

        def change(page: Page, pair: Paired) -> Page:
            changed = with_text(page, pair, text, self._draft, self._keys)
            if not (approve and any(offer.conflict for offer in pair.offers)):
                return changed
            return resolved(changed, _same_place(changed, pair), "mine", self._draft, self._keys)

        return self._write(key, base, "edit", change, approve=approve, version=version)

    def resolve(self, key: str, base: str, take: str, *, version: str) -> dict[str, Any]:
        """Resolves a segment's conflicts: its text stays (``mine``), or becomes the offered one (``machine``)."""
        if take not in ("mine", "machine"):
            raise EditError(f"{take!r} is neither 'mine' nor 'machine'.")

        def change(page: Page, pair: Paired) -> Page:
            return resolved(page, pair, take, self._draft, self._keys)

        label = "keep the text" if take == "mine" else "take the machine's text"
        return self._write(key, base, label, change, approve=take == "mine", version=version)

    def approve(self, key: str, base: str, *, approved: bool, version: str) -> dict[str, Any]:
        """Approves a segment's text as it stands in the file, or takes that back."""
        with self._locked():
            self._state = self._fresh()
            pair = self._pair(key, base)
            if pair.offers:
                raise EditError("A conflict waits here: resolve it first.")
            if pair.english is None:
                raise EditError("No English is known for this text: there is nothing to approve it for.")
            label = "approve" if approved else "take the approval back"
            before, warning = self._learn([pair], self._state.page, approved=approved)
            if warning:
                raise UserError(warning)
            self._push(_Undo(label, key, None, digest(self._state.text), before))
            self._state = self._read(self._state.text, page=self._state.page, machine=self._state.machine)
            return self._news(version, said="Approved." if approved else "No longer approved.", key=key)

    def undo(self, *, version: str) -> dict[str, Any]:
        """Takes the last step back. Raises Clash where the file has changed since at that place."""
        with self._locked():
            self._state = self._fresh()
            if not self._undo:
                raise EditError("There is nothing to undo.")
            step = self._undo.pop()
            if step.patch is not None:
                text = self._undone(step, self._state.text)
                if text is None:
                    raise Clash("The file has changed there since: undoing would overwrite that.", None)
                if not self._save(self._state.text, text):
                    self._undo.append(step)
                    raise Clash("Another program is writing this file; try again.", None)
            warning = self._restore(step.memory)
            self._state = self._read(self._desk.text())
            return self._news(version, said=warning or f"Undone: {step.label}.", key=step.key)

    def _undone(self, step: _Undo, text: str) -> str | None:
        """The text without the step; None where something else happened to the same words."""
        assert step.patch is not None
        if digest(text) == step.after:
            return step.patch.inverse.apply(text)
        # Edited elsewhere since: the segment must still be what the step made of it.
        found = next((p for p in self._state.page.pairs if p.key == step.key), None)
        if found is None or step.texts is None or found.portuguese.markdown != step.texts[1]:
            return None
        return text[: found.start] + step.texts[0] + text[found.end :]

    def _write(
        self,
        key: str,
        base: str,
        label: str,
        change: Callable[[Page, Paired], Page],
        *,
        approve: bool,
        version: str,
    ) -> dict[str, Any]:
        with self._locked():
            for _ in range(_ATTEMPTS):
                self._state = self._fresh()
                text = self._state.text
                pair = self._pair(key, base)
                page = change(self._state.page, pair)
                changed = page.text
                if changed == text and not approve:
                    return self._news(version, said="Nothing changed.", key=key)
                if self._save(text, changed):
                    break
            else:
                raise Clash("Another program keeps writing this file; try again.", None)
            pairs = [p for p in page.pairs if p.unit == pair.unit and (p.part == pair.part or pair.offers)]
            before, warning = self._learn(pairs, page, approved=approve)
            now = _same_place(page, pair)
            texts = None if pair.offers else (pair.portuguese.markdown, now.portuguese.markdown)
            self._push(_Undo(label, now.key, patch_of(text, changed), digest(changed), before, texts))
            self._state = self._read(changed, page=page, machine=self._state.machine)
            return self._news(version, said=warning or "Saved.", key=now.key)

    def _fresh(self) -> _State:
        """The state of the file as it is on disk this moment."""
        text = self._desk.text()
        return self._state if text == self._state.text else self._read(text)

    def _pair(self, key: str, base: str) -> Paired:
        page = self._state.page
        found = next((pair for pair in page.pairs if pair.key == key), None)
        if found is None:
            raise Clash("This segment is no longer in the file.", None)
        if text_hash(found.portuguese.markdown, len(found.offers)) != base:
            raise Clash("The file has another text here than when you began.", self._state.data[key])
        return found

    def _save(self, before: str, after: str) -> bool:
        """Writes the file unless it is no longer ``before``."""
        if self._desk.text() != before:
            return False
        if after != before:
            write_atomic(self._desk.path, after)
        self._stamp = ()
        return True

    def _learn(
        self, pairs: Sequence[Paired], page: Page, *, approved: bool
    ) -> tuple[tuple[tuple[str, str, Unit | None], ...], str | None]:
        """Puts the human's texts into the memory; gives what was there before, and what went wrong."""
        memory = self._desk.memory
        if memory is None:
            return (), None
        around = dict(zip((p.key for p in page.pairs), contexts_of(page, self._draft), strict=True))
        units = [
            Unit(
                source=pair.english.markdown,
                text=pair.english.clean,
                target=pair.portuguese.markdown,
                origin="human",
                approved=approved,
                context=around[pair.key],
                document=str(self._desk.path),
            )
            for pair in pairs
            if pair.english is not None and pair.portuguese.markdown.strip()
        ]
        try:
            before = tuple((u.source, u.context, memory.human(u.source, u.context)) for u in units)
            memory.add(units)
        except UserError as error:
            return (), f"Saved in the file, but not in the memory: {error}"
        return before, None

    def _restore(self, before: Sequence[tuple[str, str, Unit | None]]) -> str | None:
        memory = self._desk.memory
        try:
            for source, context, unit in before if memory is not None else ():
                assert memory is not None
                memory.restore(source, context, unit)
        except UserError as error:
            return f"Undone in the file, but not in the memory: {error}"
        return None

    def _push(self, step: _Undo) -> None:
        self._undo.append(step)
        del self._undo[:-_UNDOS]

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Keeps other reviews of the same file from writing between our reading and writing."""
        from filelock import FileLock, Timeout

        try:
            with FileLock(_lock_path(self._desk.path), timeout=_LOCK_SECONDS):
                yield
        except Timeout:
            raise UserError(f"{self._desk.path}: another review holds the file; try again.") from None

    @property
    def _draft(self) -> Any:
        return self._desk.draft

    @property
    def _keys(self) -> Sequence[str]:
        return self._desk.keys


def _same_place(page: Page, pair: Paired) -> Paired:
    """A segment after its text, and perhaps its key, changed."""
    kind = [p for p in page.pairs if p.unit == pair.unit and (not pair.in_front_matter or p.kind == pair.kind)]
    return next((p for p in kind if p.part == pair.part), kind[0] if kind else pair)


def _lock_path(path: Path) -> str:
    import getpass
    import tempfile

    name = sha256(f"{getpass.getuser()}\0{path.resolve()}".encode()).hexdigest()[:24]
    return str(Path(tempfile.gettempdir()) / f"translate-issue-{name}.lock")


def _hash(data: dict[str, Any]) -> str:
    return sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()
