"""The review as one HTML page that loads nothing: its script and style are in it, and only they may run.

All text is data: JSON that the script puts into text nodes. Nothing of a draft is ever read as HTML.
"""

from __future__ import annotations

import base64
import functools
import html as escapes
import json
import re
from hashlib import sha256
from importlib.resources import files
from typing import Any


def page(data: dict[str, Any], *, connect: bool = False) -> str:
    """The page for `page_data`'s data; ``connect`` lets it talk to the server that it came from."""
    style, script = _part("page.css"), _part("page.js")
    values = {
        "@CSP@": escapes.escape(policy(connect=connect), quote=True),
        "@TITLE@": escapes.escape(str(data["name"])),
        "@STYLE@": style,
        "@SCRIPT@": script,
        "@DATA@": inert(data),
    }
    # In one pass: what a value holds is not looked into.
    return re.sub("|".join(values), lambda match: values[match[0]], _part("page.html"))


@functools.cache
def policy(*, connect: bool) -> str:
    """The Content-Security-Policy: this script and this style by their digests, and nothing else."""
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src '{_digest(_part('page.js'))}'",
            f"style-src '{_digest(_part('page.css'))}'",
            "connect-src 'self'" if connect else "connect-src 'none'",
            "img-src 'none'",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def inert(data: object) -> str:
    """JSON that cannot end the ``<script>`` element that it stands in."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


@functools.cache
def _part(name: str) -> str:
    return (files("translate.review") / name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(sha256(text.encode()).digest()).decode()
