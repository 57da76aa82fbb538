"""A conflict: the English changed under a human's Portuguese. It is offered in a comment beside that text.

The comment is complete in itself: it needs no memory to be understood, and a digest in it tells whether
anybody has edited it. Deleting it says that the conflict is resolved.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256

from translate.document.comments import escape, unescape

MARK = "CONFLICT"
_HEAD = re.compile(rf"<!-- {MARK}\b")
_FIELDS = re.compile(
    rf"<!-- {MARK} (?P<id>[0-9a-f]{{8}}): the English of (?P<about>[^\n]*?) has changed since a human worked on it\.\n"
    r"Bring the Portuguese up to date, then delete this comment\.\n\n"
    r"=== (?P=id): the Portuguese translates this English ===\n(?P<old>[\s\S]*?)\n"
    r"=== (?P=id): the English is now ===\n(?P<new>[\s\S]*?)\n"
    r"=== (?P=id): the machine translates it so ===\n(?P<hypothesis>[\s\S]*?)\n"
    r"=== (?P=id) ===\n-->"
)


@dataclass(frozen=True, slots=True)
class Conflict:
    """What a conflict comment says.

    ``about`` names the text: "the text above", or a key of the front matter. ``old`` is the English that the
    human's text translates, ``new`` the draft's English, ``hypothesis`` the machine's translation of it.
    """

    about: str
    old: str
    new: str
    hypothesis: str


def conflict_comment(conflict: Conflict, newline: str = "\n") -> str:
    """The HTML comment that offers the new hypothesis; it renders as nothing."""
    old, new, hypothesis = (escape(_lines(text)) for text in (conflict.old, conflict.new, conflict.hypothesis))
    digest = sha256("\0".join((conflict.about, old, new, hypothesis)).encode()).hexdigest()[:8]
    text = (
        f"<!-- {MARK} {digest}: the English of {conflict.about} has changed since a human worked on it.\n"
        "Bring the Portuguese up to date, then delete this comment.\n\n"
        f"=== {digest}: the Portuguese translates this English ===\n{old}\n"
        f"=== {digest}: the English is now ===\n{new}\n"
        f"=== {digest}: the machine translates it so ===\n{hypothesis}\n"
        f"=== {digest} ===\n-->"
    )
    return text.replace("\n", newline)


def is_conflict(comment: str) -> bool:
    """Whether a comment (delimiters included) is a conflict, edited by hand or not."""
    return _HEAD.match(comment) is not None


def read_conflict(comment: str) -> Conflict | None:
    """The conflict that a comment offers, exactly as `conflict_comment` wrote it; None if it was edited by hand."""
    text = _lines(comment)
    found = _FIELDS.fullmatch(text)
    if not found:
        return None
    conflict = Conflict(found["about"], *(unescape(found[name]) for name in ("old", "new", "hypothesis")))
    return conflict if conflict_comment(conflict) == text else None


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")
