"""What a run is asked for, what it makes, and who is told about it: plain data that every step shares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from translate.decoding.translator import Translation
from translate.document.model import Document
from translate.rerun.living import Finished
from translate.rerun.plan import Retranslate
from translate.scoring.gate import PASSED, Verdict
from translate.scoring.history import Record
from translate.scoring.rescoring import TokenScores
from translate.text_file import SourceText

if TYPE_CHECKING:
    from translate.scoring.scorecard import ScoreCard
    from translate.scoring.without_glossary import Bare


class Watcher(Protocol):
    """Is told what the pipeline is doing."""

    def step(self, name: str) -> None: ...

    def progress(self, done: int, total: int) -> None: ...


class Silent:
    """A watcher that shows nothing."""

    def step(self, name: str) -> None:
        """Nothing is shown."""

    def progress(self, done: int, total: int) -> None:
        """Nothing is shown."""


@dataclass(frozen=True, slots=True)
class RunRequest:
    """What to translate and where to put it; ``-`` is standard input, or standard output for ``out``.

    ``humans``: none, or one human version for each draft, in order; None where one draft has none. ``retranslate``
    redoes on purpose what a bilingual file holds: all of it, or what no human touched; a numbered backup is kept.
    ``gated``: an issue that the gate refuses is not written; what its file held stays.
    """

    drafts: tuple[str, ...]
    out: str | None = None
    humans: tuple[str | None, ...] = ()
    report: Path | None = None
    retranslate: Retranslate | None = None
    gated: bool = False
    config: str | None = None
    """The configuration file, if any: nothing is written over it."""
    revision: str | None = None
    """The git commit that the drafts are read from; None reads them as they are on the disk."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft as read and parsed."""

    source: SourceText
    document: Document

    @property
    def name(self) -> str:
        """What messages call it."""
        return self.source.name


@dataclass(frozen=True, slots=True)
class Issue:
    """A finished draft: its translations (one for each segment), the bilingual text, its scores and its file."""

    draft: Draft
    translations: tuple[Translation, ...]
    bilingual: str
    scores: ScoreCard | None
    path: Path | None
    notes: tuple[str, ...] = ()
    finished: Finished | None = None
    """The bilingual file as it goes to the disk and the memory; None for standard output."""
    verdict: Verdict = PASSED
    """What the gate says of it."""
    record: Record | None = None
    """What the history is to keep of it, if it was scored."""
    tokens: Mapping[int, TokenScores] = field(default_factory=dict)
    """Log-probabilities of what the model translated, by segment, where a report wants them."""
    bare: Bare | None = None
    """Its scores without the glossary: where a report wants them and the model translated every segment."""


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a run did. ``seconds`` is the whole run's wall time, ``translating`` the part spent on the model."""

    issues: tuple[Issue, ...]
    signature: Mapping[str, str]
    seconds: float
    translating: float
    report: Path | None = None
    retranslate: Retranslate | None = None
    gated: bool = False
    revision: str | None = None
    """The git commit that the drafts are from; None: the files on the disk."""

    def refused(self, issue: Issue) -> bool:
        """Whether the issue is not written, because the gate is closed to it."""
        return self.gated and not issue.verdict.passed
