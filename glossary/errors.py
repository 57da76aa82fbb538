"""What can be wrong with a glossary file, in one sentence with its place."""

from __future__ import annotations

from pathlib import Path

from glossary.sentence import sentence as shown


class GlossaryError(ValueError):
    """A glossary cannot be used; the message is ``PATH:LINE: sentence`` and says what to do.

    ``line`` is 1-based, or None where the trouble is with the file as a whole (``PATH: sentence``).
    """

    def __init__(self, path: Path | str, line: int | None, sentence: str) -> None:
        self.path = Path(path)
        self.line = line
        place = f"{path}:{line}" if line is not None else f"{path}"
        super().__init__(shown(f"{place}: {sentence}"))
