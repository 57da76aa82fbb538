"""MarianMT: checkpoints, tokenizer and two engines behind one protocol."""

from translate.marian.checkpoint import Checkpoint, resolve
from translate.marian.load import EngineName, load_engine
from translate.marian.protocol import Decoded, Encoded, Engine, Hypothesis, Pieces, Request, Tokenizer

__all__ = [
    "Checkpoint",
    "Decoded",
    "Encoded",
    "Engine",
    "EngineName",
    "Hypothesis",
    "Pieces",
    "Request",
    "Tokenizer",
    "load_engine",
    "resolve",
]
