"""Find a MarianMT checkpoint (embedded, in a directory, on the hub), check its files, and know it by its content.

The layout is the Hugging Face one: ``config.json``, ``model.safetensors``, ``source.spm``,
``target.spm``, ``vocab.json`` (and ``target_vocab.json`` where source and target do not share one).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from translate.errors import UserError
from translate.marian.digests import checkpoint_hash, file_digest

EMBEDDED = Path(__file__).resolve().parent / "embedded"
WEIGHTS = "model.safetensors"
REQUIRED = ("config.json", WEIGHTS, "source.spm", "target.spm", "vocab.json")
TARGET_VOCABULARY = "target_vocab.json"
FILES = (*REQUIRED, TARGET_VOCABULARY)

_HUB_ID = re.compile(r"(?P<id>[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*)(?:@(?P<revision>\S+))?")


@dataclass(frozen=True, slots=True)
class Shape:
    """The values of ``config.json`` that decide how the weights are used."""

    d_model: int
    encoder_layers: int
    decoder_layers: int
    encoder_heads: int
    decoder_heads: int
    activation: str
    vocab_size: int
    decoder_vocab_size: int
    max_positions: int
    scale_embedding: bool
    shared_vocabulary: bool
    tied_output: bool
    eos_id: int
    pad_id: int


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A checked MarianMT checkpoint.

    ``name`` is what the user asked for (``embedded``, a directory's name, a hub id), ``revision`` the hub
    commit or None, ``hash`` the SHA-256 over the content of all the files that decide a translation.
    """

    directory: Path
    name: str
    revision: str | None
    hash: str
    shape: Shape

    def signature(self, engine: str, version: str, compute_type: str, language_token: str | None) -> dict[str, str]:
        """What a number produced with this checkpoint in an engine depends on; empty where something does not apply."""
        return {
            "model": self.name,
            "revision": self.revision or "",
            "hash": self.hash,
            "engine": engine,
            "engine_version": version,
            "compute_type": compute_type,
            "language_token": language_token or "",
        }


def resolve(
    name_or_dir: str | Path | None, *, revision: str | None = None, cache_dir: Path | None = None
) -> Checkpoint:
    """The checkpoint that a user named: None (embedded), a directory, or a hub id ``org/name[@revision]``.

    A directory wins over a hub id of the same spelling. Hub files go to ``cache_dir`` (default: the
    hub library's own cache). Raises UserError when the checkpoint is missing, broken or not MarianMT.
    """
    if name_or_dir is None:
        return load_directory(EMBEDDED, name="embedded")
    directory = Path(name_or_dir).expanduser()
    if directory.is_dir():
        if revision is not None:
            raise UserError(f"{directory} is a local model directory: a revision can only be given with a hub id.")
        return load_directory(directory)
    if directory.exists():
        raise UserError(f"{directory} is a file; give the model's directory (the one that holds config.json).")
    match = _HUB_ID.fullmatch(str(name_or_dir))
    if match is None:
        raise UserError(
            f"Model {name_or_dir} is neither an existing directory nor a hub id (org/name or org/name@revision)."
        )
    from translate.marian.hub import download  # imports the hub library: only when it is asked for

    if revision is not None and match["revision"] not in (None, revision):
        raise UserError(f"Model {name_or_dir} is asked for at two revisions: {match['revision']} and {revision}.")
    snapshot = download(match["id"], revision=revision or match["revision"], cache_dir=cache_dir)
    return load_directory(snapshot, name=match["id"], revision=snapshot.name)


def load_directory(directory: Path, *, name: str | None = None, revision: str | None = None) -> Checkpoint:
    """The checkpoint in ``directory``. Raises UserError naming the first file that is missing or broken."""
    directory = directory.resolve()
    shape = read_shape(directory)
    files = required_files(directory, shape)
    check_weights(directory / WEIGHTS)
    digests = {file: file_digest(directory / file) for file in files}
    return Checkpoint(directory, name or directory.name, revision, checkpoint_hash(digests), shape)


def required_files(directory: Path, shape: Shape) -> tuple[str, ...]:
    """The files that decide a translation; UserError for one that is not there."""
    files = REQUIRED if shape.shared_vocabulary else FILES
    for file in files:
        if (directory / file).is_file():
            continue
        if file == WEIGHTS and (directory / "pytorch_model.bin").exists():
            raise UserError(
                f"{directory} has only pytorch_model.bin, a pickle, which is never loaded: save the model as "
                f"safetensors first, in an environment you trust, with {to_safetensors(str(directory))}."
            )
        raise UserError(f"Model directory {directory} has no {file}: fetch the whole checkpoint again.")
    return files


def to_safetensors(model: str) -> str:
    """The command that rewrites a pickled checkpoint as safetensors."""
    return (
        'python -c "from transformers import MarianMTModel as M, MarianTokenizer as T; '
        f"M.from_pretrained({model!r}).save_pretrained('converted'); T.from_pretrained({model!r})."
        "save_pretrained('converted')\" (then --model converted)"
    )


def check_weights(path: Path) -> None:
    """UserError unless ``path`` is a whole safetensors file (header and length agree)."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy"):
            pass
    except (SafetensorError, OSError) as error:
        raise UserError(f"{path} is not a whole safetensors file ({error}): fetch the checkpoint again.") from None


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object in ``path``; UserError when it is missing, unreadable or something else."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"Model directory {path.parent} has no {path.name}: it is not a MarianMT checkpoint.") from None
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}).") from None
    except (ValueError, RecursionError):
        raise UserError(f"{path} is not valid JSON: fetch the checkpoint again.") from None
    if not isinstance(value, dict):
        raise UserError(f"{path} does not hold a JSON object: fetch the checkpoint again.")
    return value


def read_shape(directory: Path) -> Shape:
    """The shape in ``config.json``; UserError for another kind of model or for values that we cannot run."""
    path = directory / "config.json"
    config = read_json(path)
    if config.get("model_type") != "marian":
        kind = config.get("model_type", "none given")
        raise UserError(f"{path} describes a model of type {kind}; only MarianMT checkpoints (type marian) are run.")
    for key, expected in (
        ("static_position_embeddings", True),
        ("normalize_before", False),
        ("normalize_embedding", False),
    ):
        if config.get(key, expected) != expected:
            raise UserError(f"{path} sets {key} to {config[key]}; only MarianMT's usual {expected} is supported.")
    try:
        return _shape(config)
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(f"{path} lacks a usable value for {error}: fetch the checkpoint again.") from None


def _shape(config: Mapping[str, Any]) -> Shape:
    def number(key: str, default: int | None = None) -> int:
        value = config.get(key, default)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise ValueError(key)
        return value

    vocab_size = number("vocab_size")
    shape = Shape(
        d_model=number("d_model"),
        encoder_layers=number("encoder_layers"),
        decoder_layers=number("decoder_layers"),
        encoder_heads=number("encoder_attention_heads"),
        decoder_heads=number("decoder_attention_heads"),
        activation=str(config.get("activation_function", "swish")),
        vocab_size=vocab_size,
        decoder_vocab_size=number("decoder_vocab_size", vocab_size),
        max_positions=number("max_position_embeddings", 512),
        scale_embedding=bool(config.get("scale_embedding", False)),
        shared_vocabulary=bool(config.get("share_encoder_decoder_embeddings", True)),
        tied_output=bool(config.get("tie_word_embeddings", True)),
        eos_id=number("eos_token_id", 0),
        pad_id=number("pad_token_id"),
    )
    for key in ("d_model", "encoder_layers", "decoder_layers", "encoder_heads", "decoder_heads", "vocab_size"):
        if getattr(shape, key) == 0:
            raise ValueError(key)
    if shape.d_model % shape.encoder_heads or shape.d_model % shape.decoder_heads:
        raise ValueError("encoder_attention_heads")
    return shape


def read_vocabulary(path: Path, size: int) -> tuple[str, ...]:
    """The pieces of ``vocab.json`` in the order of their ids; UserError unless the ids are 0 … size - 1."""
    ids = read_json(path)
    if not all(isinstance(i, int) for i in ids.values()) or sorted(ids.values()) != list(range(len(ids))):
        raise UserError(f"{path} does not number its pieces 0, 1, 2, …: fetch the checkpoint again.")
    if len(ids) != size:
        raise UserError(f"{path} has {len(ids)} pieces but config.json says {size}: the files are of two checkpoints.")
    return tuple(sorted(ids, key=ids.__getitem__))


def vocabularies(checkpoint: Checkpoint) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Source and target pieces in the order of their ids, ``<pad>`` last.

    Raises UserError for a vocabulary without ``</s>`` and ``<unk>``, or with ``<pad>`` elsewhere
    (both engines count on Marian's convention, CTranslate2#836).
    """
    shape = checkpoint.shape
    source = read_vocabulary(checkpoint.directory / "vocab.json", shape.vocab_size)
    target = source
    if not shape.shared_vocabulary:
        target = read_vocabulary(checkpoint.directory / TARGET_VOCABULARY, shape.decoder_vocab_size)
    for file, pieces in (("vocab.json", source), (TARGET_VOCABULARY, target)):
        if pieces[-1] != "<pad>" or "</s>" not in pieces or "<unk>" not in pieces:
            raise UserError(
                f"{checkpoint.directory / file} must hold </s>, <unk> and, as its last piece, <pad>, as MarianMT "
                "checkpoints do: use another checkpoint."
            )
    return source, target
