"""What is to be done: for every draft of a directory, how its bilingual file stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from translate.config import Config
from translate.document.parse import parse
from translate.draft_source import read_draft
from translate.errors import UserError
from translate.glossary_file import matcher_of
from translate.memory import Memory
from translate.outputs import target_name
from translate.rerun import plan_rerun, read_existing
from translate.text_file import read_text
from translate.walk import files_below

State = Literal["new", "up to date", "stale", "error"]

_DRAFT_ENDINGS = (".en.md", ".en.markdown", ".en-us.md", ".en-gb.md")
_SKIPPED = ("node_modules", "_site", "vendor")


@dataclass(frozen=True, slots=True)
class DraftStatus:
    """One draft. ``stale`` counts blocks that the draft changed, ``edited`` those with a human's Portuguese.

    ``terms_changed`` counts the machine's blocks of whose terms the glossary now says something else: a draft with
    such blocks is stale.
    ``uncertain`` counts blocks of the draft without a certain counterpart in a file written by hand. ``recorded``: the
    memory knows what the machine wrote (if not, everything counts as a human's). ``scored``: a run scored the draft,
    and the file is still as it was then. ``message`` says what is wrong where ``state`` is "error".
    """

    draft: str
    bilingual: str
    state: State
    stale: int = 0
    terms_changed: int = 0
    edited: int = 0
    conflicts: int = 0
    uncertain: int = 0
    recorded: bool = False
    scored: bool = False
    message: str = ""

    @property
    def needs_work(self) -> bool:
        """Whether anything is to be done."""
        return self.state != "up to date" or self.conflicts > 0

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {**asdict(self), "needs_work": self.needs_work}


def find_drafts(directory: Path) -> list[Path]:
    """Drafts (``NAME.en.md``) in a directory and below it, sorted; hidden directories and links to directories not.

    Raises UserError where the directory cannot be read.
    """
    if directory.is_file():
        return [directory]
    if not directory.is_dir():
        raise UserError(f"{directory}: no such directory; name the directory that holds the drafts.")
    return [path for path in files_below(directory, _SKIPPED) if path.name.lower().endswith(_DRAFT_ENDINGS)]


def status_of(
    draft: Path, config: Config, memory: Memory, *, bilingual: Path | None = None, revision: str | None = None
) -> DraftStatus:
    """How a draft (as it is on the disk, or in a git ``revision``) stands. What cannot be read is a status.

    Raises GlossaryError for the configured glossary; it is read once, however many drafts there are.
    """
    matcher = matcher_of(config)
    path = bilingual or draft.with_name(target_name(draft.name))
    shown = str(draft), str(path)
    if not path.is_file() or path.stat().st_size == 0:
        return DraftStatus(*shown, "new")
    limit = config.limits.max_file_bytes
    try:
        source = read_draft(str(draft), revision, max_bytes=limit).text
        document = parse(source, front_matter_keys=config.document.front_matter)
        text = read_text(path, max_bytes=2 * limit).text
        record = memory.record(path, text)
        known = [t for row in record.rows for t in (row.machine, row.seen) if t] if record else []
        existing = read_existing(text, known)
        plan = plan_rerun(document, existing, record, keys=config.document.front_matter, matcher=matcher)
    except UserError as error:
        return DraftStatus(*shown, "error", message=str(error))
    return DraftStatus(
        *shown,
        "stale" if plan.stale or plan.outdated else "up to date",
        stale=plan.stale,
        terms_changed=plan.outdated,
        edited=plan.edited,
        conflicts=len(existing.conflicts),
        uncertain=len(plan.blocked),
        recorded=record is not None,
        scored=memory.is_scored(path, text),
    )


def statuses(directories: Sequence[Path], config: Config, memory: Memory) -> list[DraftStatus]:
    """The status of every draft."""
    return [status_of(draft, config, memory) for directory in directories for draft in find_drafts(directory)]
