"""The prepared folder: what preparing a corpus leaves and training reads.

==================  ====================================================================================
``pairs.npz``       ``s``, ``t``: the pieces of all sources and targets, flat (uint16), without end marks;
                    ``so``, ``to``: where each begins, and the end (int64, pairs + 1);
                    ``up``: how often a pair is seen in an epoch (uint8); ``valid``: validation pairs (int64)
``links.npz``       ``al``: word links (uint8, links x 3: source piece, target piece, in both directions);
                    ``off``: where each pair's links begin, and the end (int64, pairs + 1). May be absent
``spm.model``       the SentencePiece model, ``vocab.json`` its pieces and ``<pad>``, the last
``valid.tsv``       the text of the validation pairs: source, English, Portuguese, in ``valid``'s order
``corpus.tsv``      the text of all pairs: weight, source, English, Portuguese
``prepared.json``   for each step what it was made from (a digest) and what it found
==================  ====================================================================================
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from translate.errors import UserError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PAIRS, LINKS, SENTENCEPIECE, VOCABULARY = "pairs.npz", "links.npz", "spm.model", "vocab.json"
VALIDATION, CORPUS, RECORD = "valid.tsv", "corpus.tsv", "prepared.json"
PROTECT_BEGIN, PROTECT_END = "<t>", "</t>"
END, UNKNOWN, PAD = "</s>", "<unk>", "<pad>"


@dataclass(frozen=True, slots=True)
class Prepared:
    """A corpus ready for training; the arrays are as in the module's table."""

    folder: Path
    source: NDArray[np.uint16]
    source_offsets: NDArray[np.int64]
    target: NDArray[np.uint16]
    target_offsets: NDArray[np.int64]
    repeats: NDArray[np.uint8]
    valid: NDArray[np.int64]
    links: NDArray[np.uint8] | None
    link_offsets: NDArray[np.int64] | None
    pieces: tuple[str, ...]

    @classmethod
    def load(cls, folder: Path, *, links: bool = True) -> Prepared:
        """Reads a prepared folder into memory, about 6 bytes for each piece of the corpus; without ``links``, 2.

        Raises UserError if the folder has not been prepared, or not to the end.
        """
        import numpy as np

        for name in (PAIRS, SENTENCEPIECE, VOCABULARY):
            if not (folder / name).is_file():
                raise UserError(f"{folder}: there is no {name} in it; prepare the corpus first.")
        with np.load(folder / PAIRS) as arrays:
            s, so, t, to, up, valid = (arrays[name] for name in ("s", "so", "t", "to", "up", "valid"))
        al = off = None
        if links and (folder / LINKS).is_file():
            with np.load(folder / LINKS) as arrays:
                al, off = arrays["al"], arrays["off"]
            if len(off) != len(so):
                raise UserError(f"{folder / LINKS}: the links are of another corpus; align it again.")
        return cls(folder, s, so, t, to, up, valid, al, off, read_pieces(folder / VOCABULARY))

    def __len__(self) -> int:
        return len(self.source_offsets) - 1

    @property
    def vocabulary(self) -> dict[str, int]:
        """The id of each piece."""
        return {piece: i for i, piece in enumerate(self.pieces)}

    @property
    def pad(self) -> int:
        """The id of ``<pad>``: the last, and what the decoder begins with."""
        return len(self.pieces) - 1

    @property
    def end(self) -> int:
        """The id of ``</s>``."""
        return self.pieces.index(END)

    def pair(self, i: int) -> tuple[NDArray[np.uint16], NDArray[np.uint16]]:
        """The pieces of pair ``i``: source and target."""
        so, to = self.source_offsets, self.target_offsets
        return self.source[so[i] : so[i + 1]], self.target[to[i] : to[i + 1]]

    def links_of(self, i: int) -> NDArray[np.uint8] | None:
        """The word links of pair ``i`` (links x 3); None where the corpus is not aligned."""
        if self.links is None or self.link_offsets is None:
            return None
        return self.links[self.link_offsets[i] : self.link_offsets[i + 1]]

    @property
    def training(self) -> NDArray[np.int64]:
        """The pairs of one epoch, each as often as its weight says; validation pairs are not among them."""
        import numpy as np

        mask = np.ones(len(self), bool)
        mask[self.valid] = False
        indices = np.flatnonzero(mask)
        return np.repeat(indices, self.repeats[indices]).astype(np.int64)

    def validation_text(self) -> list[tuple[str, str, str]]:
        """Source, English, Portuguese of the validation pairs."""
        return [(s, en, pt) for s, en, pt in read_rows(self.folder / VALIDATION, 3)]


def read_pieces(path: Path) -> tuple[str, ...]:
    """The pieces of a ``vocab.json`` in the order of their ids.

    Raises UserError unless the ids are 0, 1, 2 … and ``<pad>`` is the last (which CTranslate2 needs).
    """
    ids: dict[str, int] = json.loads(path.read_text(encoding="utf-8"))
    pieces = sorted(ids, key=ids.__getitem__)
    if [ids[p] for p in pieces] != list(range(len(pieces))) or pieces[-1] != PAD:
        raise UserError(f"{path}: the ids must run from 0 without a gap, with {PAD} last.")
    return tuple(pieces)


# The record: which steps are done, and from what ---------------------------------------------------


def read_record(folder: Path, name: str = RECORD) -> dict[str, Any]:
    """What ``prepared.json`` (or another record) says; empty where there is none."""
    try:
        record: dict[str, Any] = json.loads((folder / name).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError:
        raise UserError(f"{folder / name}: this is not JSON; delete it, and all steps are done again.") from None
    return record


def is_done(folder: Path, step: str, digest: str, outputs: tuple[str, ...], record: str = RECORD) -> bool:
    """Whether ``step`` was done from the same inputs and what it wrote is still there."""
    done = read_record(folder, record).get(step, {})
    return done.get("digest") == digest and all((folder / name).is_file() for name in outputs)


def mark_done(folder: Path, step: str, digest: str, found: dict[str, Any], record: str = RECORD) -> None:
    """Records that ``step`` was done from inputs with this digest, and what it found."""
    from translate.text_file import write_atomic

    steps = {**read_record(folder, record), step: {"digest": digest, **found}}
    write_atomic(folder / record, json.dumps(steps, ensure_ascii=False, indent=1) + "\n")


def read_rows(path: Path, columns: int) -> list[list[str]]:
    """The rows of a TSV file of the folder. Raises UserError if a row has other columns."""
    with path.open(encoding="utf-8", newline="\n") as lines:
        rows = [line.rstrip("\n").split("\t") for line in lines]
    if any(len(row) != columns for row in rows):
        raise UserError(f"{path}: every line must have {columns} columns; prepare the corpus again.")
    return rows
