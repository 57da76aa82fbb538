"""SentencePiece with character offsets, in the vocabulary of a MarianMT checkpoint.

OPUS checkpoints have one SentencePiece model for each language and one ``vocab.json`` for both; what a
SentencePiece model produces and the vocabulary lacks is ``<unk>`` to the model.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from translate.errors import UserError
from translate.marian.checkpoint import Checkpoint, vocabularies
from translate.marian.protocol import Decoded, Encoded, Pieces
from translate.marian.punctuation import CHARACTERS, Normalized, normalize

if TYPE_CHECKING:
    from sentencepiece import SentencePieceProcessor

OPEN, CLOSE = "<t>", "</t>"
UNKNOWN = "<unk>"
SPACE = "▁"
LANGUAGE_TOKENS = (">>pob<<", ">>pt_br<<", ">>pt_BR<<", ">>por<<")

_SILENT = frozenset((OPEN, CLOSE, UNKNOWN, "</s>", "<s>", "<pad>"))
_LANGUAGE = re.compile(r">>\w+<<")
_BYTE = re.compile(r"<0x([0-9A-Fa-f]{2})>")
_SURROGATE = re.compile("[\ud800-\udfff]")

Range = tuple[int, int]


class MarianTokenizer:
    """The `Tokenizer` of a checkpoint. Raises UserError when its SentencePiece models cannot be read.

    ``language_token`` is the piece that asks a multilingual checkpoint for Brazilian Portuguese (None
    where the vocabulary has none); engines put it before the source pieces.
    """

    def __init__(self, checkpoint: Checkpoint) -> None:
        source, target = vocabularies(checkpoint)
        self._source_vocabulary = frozenset(source)
        self._target_vocabulary = frozenset(target)
        self._source = _load(checkpoint.directory / "source.spm")
        self._target = _load(checkpoint.directory / "target.spm")
        self.protects = {OPEN, CLOSE} <= self._source_vocabulary & self._target_vocabulary
        self.language_token = next((t for t in LANGUAGE_TOKENS if t in self._source_vocabulary), None)
        self._rewritten_source = self._lacking(self._source, self._source_vocabulary)
        self._rewritten_target = self._lacking(self._target, self._target_vocabulary)

    def encode(self, text: str, protected: Sequence[Range] = ()) -> Encoded:
        """Source pieces of ``text``; ``<t> … </t>`` go around the pieces of each protected range."""
        normalized = normalize(_SURROGATE.sub("\ufffd", text), self._rewritten_source)
        pieces, offsets = _encode(self._source, normalized.text)
        ranges = _resolve_offsets(text, pieces, _original(normalized, offsets))
        known = [p if p in self._source_vocabulary else UNKNOWN for p in pieces]
        if self.protects and protected:
            known, ranges = _insert_marks(known, ranges, protected)
        return Encoded(tuple(known), tuple(ranges))

    def encode_target(self, text: str) -> Pieces:
        """Target pieces of ``text``, for prefixes and scoring."""
        normalized = normalize(_SURROGATE.sub("\ufffd", text), self._rewritten_target)
        pieces, _ = _encode(self._target, normalized.text)
        return tuple(p if p in self._target_vocabulary else UNKNOWN for p in pieces)

    def decode(self, pieces: Sequence[str]) -> Decoded:
        """The text of target pieces; symbols such as ``<t>`` become nothing, broken bytes U+FFFD."""
        return decode(pieces)

    @staticmethod
    def _lacking(processor: SentencePieceProcessor, vocabulary: frozenset[str]) -> frozenset[str]:
        """The typographic characters that this checkpoint cannot spell."""
        return frozenset(
            c for c in CHARACTERS if not all(p in vocabulary for p in processor.encode(f"a{c} {c}a", return_type=str))
        )


def decode(pieces: Sequence[str]) -> Decoded:
    """SentencePiece pieces to text, with the range of characters that each piece became.

    ``▁`` is a space (one at most, none at the beginning); consecutive ``<0xNN>`` are the UTF-8 bytes of
    characters and share their ranges.
    """
    text = ""
    offsets: list[Range] = []
    bytes_run: list[int] = []
    for index, piece in enumerate(pieces):
        byte = _BYTE.fullmatch(piece)
        if byte:
            bytes_run.append(int(byte[1], 16))
            if index + 1 < len(pieces) and _BYTE.fullmatch(pieces[index + 1]):
                continue
            characters, ranges = _decode_bytes(bytes(bytes_run))
            offsets += [(len(text) + a, len(text) + b) for a, b in ranges]
            text += characters
            bytes_run.clear()
            continue
        shown = "" if piece in _SILENT or _LANGUAGE.fullmatch(piece) else piece.replace(SPACE, " ")
        word = shown.lstrip(" ")
        if word != shown and text and not text.endswith(" "):
            text += " "
        offsets.append((len(text), len(text) + len(word)))
        text += word
    trimmed = len(text.rstrip(" "))
    return Decoded(text[:trimmed], tuple((min(a, trimmed), min(b, trimmed)) for a, b in offsets))


def _decode_bytes(data: bytes) -> tuple[str, list[Range]]:
    """UTF-8 with U+FFFD for what is not, and for each byte the range of the character it belongs to."""
    text, ranges, start = "", list[Range](), 0
    while start < len(data):
        for length in (1, 2, 3, 4):
            try:
                character = data[start : start + length].decode()
                break
            except UnicodeDecodeError:
                character = "\ufffd"
        else:
            length = 1
        length = min(length, len(data) - start)
        ranges += [(len(text), len(text) + 1)] * length
        text += character
        start += length
    return text, ranges


def _load(path: Path) -> SentencePieceProcessor:
    from sentencepiece import SentencePieceProcessor

    try:
        return SentencePieceProcessor(model_proto=path.read_bytes())
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}).") from None
    except (RuntimeError, ValueError):
        raise UserError(f"{path} is not a SentencePiece model: fetch the checkpoint again.") from None


def _encode(processor: SentencePieceProcessor, text: str) -> tuple[list[str], list[Range]]:
    """Pieces and the ranges that SentencePiece reports; marks written in the text are spelled out as text."""
    mapping = processor.encode(text, return_type="offset_mapping")
    pieces, offsets = list[str](), list[Range]()
    for piece, (start, end) in zip(mapping["pieces"], mapping["offsets"], strict=True):
        if piece not in (OPEN, CLOSE):
            pieces.append(piece)
            offsets.append((start, end))
            continue
        for position, character in enumerate(piece, start=end - len(piece)):
            byte = f"<0x{ord(character):02X}>"
            known = processor.piece_to_id(character) != processor.unk_id()
            pieces.append(character if known or processor.piece_to_id(byte) == processor.unk_id() else byte)
            offsets.append((position, position + 1))
    return pieces, offsets


def _original(normalized: Normalized, offsets: Sequence[Range]) -> list[Range]:
    """Offsets into the text before punctuation was rewritten."""
    ranges = normalized.ranges
    if ranges is None:
        return list(offsets)
    length = ranges[-1][1]
    return [(ranges[a][0] if a < len(ranges) else length, ranges[b - 1][1] if b else 0) for a, b in offsets]


def _resolve_offsets(text: str, pieces: Sequence[str], offsets: Sequence[Range]) -> list[Range]:
    """Ranges without blanks; pieces that SentencePiece reports as empty share their character's range.

    SentencePiece gives the range of a character that became several pieces (bytes, ``…`` as three
    dots) to the last of them.
    """
    ranges = [_trim(text, *r) for r in offsets]
    for i in range(len(ranges) - 2, -1, -1):
        start, end = ranges[i]
        following = ranges[i + 1]
        if start == end == following[0] and pieces[i].strip(SPACE):
            ranges[i] = following
    return ranges


def _trim(text: str, start: int, end: int) -> Range:
    while start < end and _is_blank(text[start]):
        start += 1
    while end > start and _is_blank(text[end - 1]):
        end -= 1
    return start, end


def _is_blank(character: str) -> bool:
    return character.isspace() or character in "\u200b\u200e\u200f\ufeff▁"


def _insert_marks(
    pieces: Sequence[str], ranges: Sequence[Range], protected: Sequence[Range]
) -> tuple[list[str], list[Range]]:
    """``<t>`` and ``</t>`` between the pieces, around all that overlap a protected range.

    A lone ``▁`` before the first piece goes inside (the mark stands where the word begins); ranges
    that share a piece share one pair of marks.
    """
    spans: list[list[int]] = []
    for start, end in sorted(protected):
        inside = [i for i, (a, b) in enumerate(ranges) if a < end and b > start and a < b]
        if not inside:
            continue
        first, last = inside[0], inside[-1]
        if first and pieces[first - 1] == SPACE:
            first -= 1
        if spans and first <= spans[-1][1]:
            spans[-1][1] = max(last, spans[-1][1])
        else:
            spans.append([first, last])
    out, out_ranges = list[str](), list[Range]()
    edges = [(0, 0), *((first, last + 1) for first, last in spans), (len(pieces), len(pieces))]
    for (_, previous_end), (first, stop) in pairwise(edges):
        out += pieces[previous_end:first]
        out_ranges += ranges[previous_end:first]
        if first < stop:
            begin, finish = ranges[first][0], ranges[stop - 1][1]
            out += [OPEN, *pieces[first:stop], CLOSE]
            out_ranges += [(begin, begin), *ranges[first:stop], (finish, finish)]
    return out, out_ranges
