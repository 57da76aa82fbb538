"""Build a CTranslate2 model from a MarianMT checkpoint's safetensors with numpy alone.

`ctranslate2.specs` imports torch where it is installed, which costs seconds and hundreds of MB: so the
conversion runs in a child process (``python -m translate.marian.convert DIR OUT COMPUTE_TYPE``) in which
torch cannot be imported.
"""

from __future__ import annotations

import errno
import math
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from translate.errors import UserError
from translate.marian.checkpoint import Checkpoint, load_directory, vocabularies

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float32]
    Weights = Callable[[str], Array]

COMPUTE_TYPES = ("int8", "float32")

_USER_ERROR, _DISK_FULL = 2, 28


def convert(checkpoint: Checkpoint, output: Path, compute_type: str) -> None:
    """Write a CTranslate2 model of ``checkpoint`` into the existing directory ``output``.

    ``compute_type`` is ``int8`` or ``float32``. Raises UserError for weights that do not fit the
    configuration, OSError when the disk is full.
    """
    command = [sys.executable, "-m", __name__, str(checkpoint.directory), str(output), compute_type]
    package_root = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join(filter(None, (package_root, os.environ.get("PYTHONPATH"))))
    child = subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False)
    if child.returncode == 0:
        return
    message = (child.stderr.strip().splitlines() or [f"exit status {child.returncode}"])[-1]
    if child.returncode == _USER_ERROR:
        raise UserError(message)
    if child.returncode == _DISK_FULL:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(output))
    if child.returncode == -signal.SIGKILL:
        message = "the process was killed, most likely for lack of memory"
    raise UserError(f"The model in {checkpoint.directory} cannot be converted for CTranslate2: {message}.")


def _position_encodings(positions: int, depth: int) -> Array:
    """Sinusoids (positions, depth): sines in the first half, cosines in the second, as Marian has them."""
    import numpy as np

    rates = np.power(10000.0, -2.0 * np.arange((depth + 1) // 2) / depth)
    angles = np.arange(positions)[:, None] * rates[None, :]
    return np.concatenate([np.sin(angles), np.cos(angles)[:, : depth // 2]], axis=1).astype(np.float32)


def _build_spec(checkpoint: Checkpoint, weights: Weights) -> Any:
    """The CTranslate2 specification of a MarianMT model (post-norm Transformer, decoder starting from zeros)."""
    from ctranslate2.specs import transformer_spec

    shape = checkpoint.shape
    source, target = vocabularies(checkpoint)
    spec = transformer_spec.TransformerSpec.from_config(
        (shape.encoder_layers, shape.decoder_layers),
        shape.encoder_heads,
        pre_norm=False,
        activation=_activation(checkpoint),
        layernorm_embedding=False,
    )
    source_embedding, target_embedding, output = _embeddings(checkpoint, weights)
    positions = _position_encodings(shape.max_positions, shape.d_model)
    scale = math.sqrt(shape.d_model) if shape.scale_embedding else 1.0
    parts = (
        ("encoder", spec.encoder, spec.encoder.embeddings[0], source_embedding),
        ("decoder", spec.decoder, spec.decoder.embeddings, target_embedding),
    )
    for name, part, embedding_spec, embedding in parts:
        part.scale_embeddings = scale
        part.position_encodings.encodings = positions
        embedding_spec.weight = embedding
        for index, layer in enumerate(part.layer):
            _set_layer(layer, f"model.{name}.layers.{index}", weights, cross_attention=name == "decoder")
    spec.decoder.start_from_zero_embedding = True
    spec.decoder.projection.weight = output
    bias = weights("final_logits_bias").reshape(-1)[:-1]
    if bias.any():
        spec.decoder.projection.bias = bias
    spec.register_source_vocabulary(list(source[:-1]))
    spec.register_target_vocabulary(list(target[:-1]))
    spec.config.eos_token = spec.config.bos_token = spec.config.decoder_start_token = "</s>"
    spec.config.unk_token = "<unk>"
    return spec


def _activation(checkpoint: Checkpoint) -> Any:
    from ctranslate2.specs import common_spec

    known = {
        "relu": common_spec.Activation.RELU,
        "swish": common_spec.Activation.SWISH,
        "silu": common_spec.Activation.SWISH,
        "gelu": common_spec.Activation.GELU,
    }
    name = checkpoint.shape.activation
    if name not in known or checkpoint.shape.encoder_heads != checkpoint.shape.decoder_heads:
        raise UserError(
            f"{checkpoint.directory / 'config.json'} asks for activation {name}, {checkpoint.shape.encoder_heads} "
            f"encoder and {checkpoint.shape.decoder_heads} decoder heads, which CTranslate2 cannot run: "
            "use --engine transformers."
        )
    return known[name]


def _embeddings(checkpoint: Checkpoint, weights: Weights) -> tuple[Array, Array, Array]:
    """Source, target and output embeddings without their last row, which is ``<pad>``.

    Checkpoints keep tied matrices once (``model.shared.weight``) or under each of their names.
    """
    shape = checkpoint.shape
    if shape.shared_vocabulary:
        shared = _first(weights, "model.shared.weight", "model.encoder.embed_tokens.weight", "lm_head.weight")[:-1]
        source = target = shared
    else:
        source = weights("model.encoder.embed_tokens.weight")[:-1]
        target = weights("model.decoder.embed_tokens.weight")[:-1]
    output = target if shape.tied_output else weights("lm_head.weight")[:-1]
    expected = (shape.vocab_size - 1, shape.vocab_size - 1 if shape.shared_vocabulary else shape.decoder_vocab_size - 1)
    for matrix, rows in ((source, expected[0]), (target, expected[1]), (output, expected[1])):
        if matrix.shape != (rows, shape.d_model):
            raise UserError(
                f"{checkpoint.directory / 'model.safetensors'} has embeddings of shape {matrix.shape[0] + 1} x "
                f"{matrix.shape[1]}, but config.json says {rows + 1} x {shape.d_model}: they are of two checkpoints."
            )
    return source, target, output


def _first(weights: Weights, *names: str) -> Array:
    for name in names[:-1]:
        try:
            return weights(name)
        except KeyError:
            continue
    return weights(names[-1])


def _set_layer(layer: Any, prefix: str, weights: Weights, *, cross_attention: bool) -> None:
    def linear(spec: Any, name: str) -> None:
        spec.weight = weights(f"{prefix}.{name}.weight")
        spec.bias = weights(f"{prefix}.{name}.bias")

    def norm(spec: Any, name: str) -> None:
        spec.gamma = weights(f"{prefix}.{name}.weight")
        spec.beta = weights(f"{prefix}.{name}.bias")

    def attention(spec: Any, name: str, fused: tuple[tuple[str, ...], ...]) -> None:
        from ctranslate2.converters.utils import fuse_linear
        from ctranslate2.specs import common_spec

        for index, projections in enumerate(fused):
            layers = []
            for projection in projections:
                layers.append(common_spec.LinearSpec())
                linear(layers[-1], f"{name}.{projection}")
            fuse_linear(spec.linear[index], layers)
        linear(spec.linear[-1], f"{name}.out_proj")

    attention(layer.self_attention, "self_attn", (("q_proj", "k_proj", "v_proj"),))
    norm(layer.self_attention.layer_norm, "self_attn_layer_norm")
    if cross_attention:
        attention(layer.attention, "encoder_attn", (("q_proj",), ("k_proj", "v_proj")))
        norm(layer.attention.layer_norm, "encoder_attn_layer_norm")
    linear(layer.ffn.linear_0, "fc1")
    linear(layer.ffn.linear_1, "fc2")
    norm(layer.ffn.layer_norm, "final_layer_norm")


def _weights(checkpoint: Checkpoint) -> Weights:
    """Tensors by name as float32, read one at a time; KeyError for one that the file lacks."""
    import numpy as np
    from safetensors import SafetensorError, safe_open

    file: Any = safe_open(checkpoint.directory / "model.safetensors", framework="numpy")
    names = frozenset(file.keys())

    def read(name: str) -> Array:
        if name not in names:
            raise KeyError(name)
        try:
            tensor = np.asarray(file.get_tensor(name), dtype=np.float32)
        except (SafetensorError, TypeError) as error:
            raise UserError(f"{checkpoint.directory / 'model.safetensors'}: {name} cannot be read ({error}).") from None
        if not np.isfinite(tensor).all():
            raise UserError(f"{checkpoint.directory / 'model.safetensors'}: {name} holds values that are not numbers.")
        return tensor

    return read


def main(arguments: list[str]) -> int:
    """The child process: convert, or print one sentence and return what went wrong."""
    directory, output, compute_type = arguments
    checkpoint = load_directory(Path(directory))
    try:
        spec = _build_spec(checkpoint, _weights(checkpoint))
        spec.validate()
        spec.optimize(quantization=None if compute_type == "float32" else compute_type)
        spec.save(output)
    except KeyError as error:
        print(f"{directory}/model.safetensors has no weights {error}: fetch the checkpoint again.", file=sys.stderr)
        return _USER_ERROR
    except UserError as error:
        print(error, file=sys.stderr)
        return _USER_ERROR
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        return _DISK_FULL
    return 0


if __name__ == "__main__":
    sys.modules["torch"] = None  # type: ignore[assignment]  # importing it now raises ImportError: specs go without
    sys.exit(main(sys.argv[1:]))
