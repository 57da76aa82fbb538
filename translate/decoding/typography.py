"""Typographic quotes and dashes: taken off for the model, which was trained on plain ones, and put back afterwards.

Every replacement is one character for one, so that offsets and alignments stay valid.
"""

from __future__ import annotations

from collections.abc import Sequence

PLAIN = {"“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "‘": "'", "’": "'", "—": "-", "–": "-", "\u2011": "-"}
_DOUBLE = "“”„«»"
_STOPS = frozenset(".!?:;")


def restore(source: str, target: str, keep: Sequence[tuple[int, int]] = ()) -> str:
    """``target`` with the typography of ``source``, character for character; ranges in ``keep`` are left alone.

    Double quotes take the draft's pair in its order where there are as many, else by what stands beside them. Dashes
    with blanks around them and apostrophes follow the draft's.
    """
    marks = [c for c in source if c in _DOUBLE or c == '"']
    typographic = [c for c in marks if c in _DOUBLE]
    out = list(target)
    free = [i for i in range(len(out)) if not any(a <= i < b for a, b in keep)]
    quotes = [i for i in free if out[i] == '"']
    if typographic:
        opening, closing = ("«", "»") if "«" in typographic else ("“", "”")
        for n, i in enumerate(quotes):
            if len(quotes) == len(marks):
                out[i] = marks[n]
            else:
                out[i] = opening if i == 0 or target[i - 1].isspace() or target[i - 1] in "([" else closing
    if "’" in source:
        for i in free:
            if out[i] == "'" and i and target[i - 1].isalnum():
                out[i] = "’"
    dashes = [c for c in source if c in "—–"]
    if dashes and " - " not in source:
        spaced = [i for i in free if out[i] == "-" and 0 < i < len(out) - 1 and target[i - 1] == target[i + 1] == " "]
        for n, i in enumerate(spaced):
            out[i] = dashes[min(n, len(dashes) - 1)]
    return "".join(out)


def same_ending(source: str, target: str, keep: Sequence[tuple[int, int]] = ()) -> str:
    """``target`` with the closing punctuation of ``source``: a lost stop is put back, an invented one taken off."""
    stop = source[-1:] if source[-1:] in _STOPS else ""
    lost = target[-1:] not in _STOPS and target[-1:] not in "…,"
    if stop and target and lost and not (source[-2:-1].isspace() or source[-2:-1] in _STOPS):
        return target + stop
    if not stop and source[-1:].isalnum() and target.endswith(".") and not target.endswith(".."):
        last = len(target) - 1
        if "." not in target[:last].rpartition(" ")[2] and not any(a <= last < b for a, b in keep):
            return target[:last]
    return target
