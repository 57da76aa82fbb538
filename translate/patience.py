"""How long a run waits for what another process holds: the memory, a bilingual file, a directory of drafts."""

from __future__ import annotations

import os

from translate.errors import UserError

ENVIRONMENT = "TRANSLATE_ISSUE_WAIT_SECONDS"


def patience(usual: float) -> float:
    """``$TRANSLATE_ISSUE_WAIT_SECONDS`` if it is set, else ``usual`` seconds. Raises UserError for no number >= 0."""
    given = os.environ.get(ENVIRONMENT)
    if not given:
        return usual
    try:
        seconds = float(given)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise UserError(f'{ENVIRONMENT} must be a number of seconds, not "{given}".')
    return seconds


def in_words(seconds: float) -> str:
    """``90`` is ``90 seconds``, ``3600`` ``60 minutes``."""
    return f"{seconds / 60:.0f} minutes" if seconds >= 120 else f"{seconds:g} seconds"
