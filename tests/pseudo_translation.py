"""A translation that no model makes: other letters, other lengths, and text full of markup characters."""

from __future__ import annotations

import codecs

from translate.document import Segment, Target, TargetSpan


def pseudo_translate(segment: Segment, words: list[str]) -> Target:
    """The segment in ROT13 on one line, ``words`` inserted one after the other where its words begin.

    Opaque spans keep their text; every span stays around the text that it was around.
    """
    opaque = [(span.start, span.end) for span in segment.spans if span.opaque and span.end > span.start]
    inside = {offset for start, end in opaque for offset in range(start, end)}
    supply = iter(words)
    parts: list[str] = []
    offsets: list[int] = []
    length = 0
    for index, character in enumerate(segment.text):
        offsets.append(length)
        if index in inside:
            text = character
        else:
            text = " " if character == "\n" else codecs.encode(character, "rot13")
            begins = index == 0 or segment.text[index - 1] in " \n"
            if begins and character.isalpha() and (word := next(supply, "")):
                text = f"{word} {text}"
        parts.append(text)
        length += len(text)
    offsets.append(length)
    spans = tuple(TargetSpan(offsets[s.start], offsets[s.end], i) for i, s in enumerate(segment.spans))
    return Target("".join(parts), spans)
