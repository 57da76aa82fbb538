"""The glossary's terms in a segment."""

from __future__ import annotations

import re

from glossary import Matcher, Occurrence
from translate.document.model import Segment


def occurrences(segment: Segment, matcher: Matcher) -> list[Occurrence]:
    """The glossary's terms in a segment's text, code and URLs left out."""
    return matcher.find(_prose(segment), segment.opaque_ranges)


def fingerprint(segment: Segment, matcher: Matcher) -> str:
    """What the glossary says about a segment: a short hash, ``""`` where it holds no term."""
    return matcher.fingerprint(_prose(segment), segment.opaque_ranges)


def _prose(segment: Segment) -> str:
    return re.sub(r"\s", " ", segment.text)
