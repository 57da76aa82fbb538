"""Inline markup that parts the text: Liquid's branches and HTML comments. What is beside it is no one sentence."""

from __future__ import annotations

import re
from collections.abc import Sequence

from translate.document.inline import Mark

_NAME = re.compile(r"\{%-?\s*(\w+)")
_BRANCHING = frozenset(
    """if elsif else endif unless endunless case when endcase for endfor tablerow endtablerow
    capture endcapture comment endcomment""".split()  # noqa: SIM905
)


def boundaries(marks: Sequence[Mark], content: str) -> list[bool]:
    """For each mark of ``content``, whether the text before and after it belongs to different sentences."""
    names = set(_NAME.findall(content)) if "{%" in content else set()
    return [_is_boundary(mark, content[mark.markup.outer_start : mark.markup.outer_end], names) for mark in marks]


def _is_boundary(mark: Mark, markup: str, names: set[str]) -> bool:
    if mark.kind == "tag":
        return markup.lstrip().startswith("<!--")
    if mark.kind != "liquid":
        return False
    if markup.startswith("{::"):
        return True
    own = _NAME.findall(markup)
    if len(own) > 1 and own[-1] == f"end{own[0]}" and own[0] not in _BRANCHING:
        return False  # whole, such as {% raw %}…{% endraw %}: a word of its sentence
    # A tag with an end is a block, whatever it is called; one without is a word ({% include icon.html %}).
    return any(name in _BRANCHING or name.startswith("end") or f"end{name}" in names for name in own)
