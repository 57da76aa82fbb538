"""Small MarianMT checkpoints with random weights, in the real public layout; a hub on localhost."""

from __future__ import annotations

import hashlib
import json
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np

from translate.marian.checkpoint import EMBEDDED

SHARED = Path(__file__).resolve().parents[1].parent / "shared"
OPUS = SHARED / "opus-tokenizer"


def random_checkpoint(
    directory: Path, *, tokenizer: Path = EMBEDDED, d_model: int = 16, tied: str = "model.shared.weight",
    separate: bool = False, seed: int = 7,
) -> Path:  # fmt: skip
    """A 1 + 1 layer checkpoint with the tokenizer of ``tokenizer``; the tied embedding is stored as ``tied``."""
    from safetensors.numpy import save_file

    directory.mkdir(parents=True)
    for name in ("source.spm", "target.spm", "vocab.json"):
        shutil.copy(tokenizer / name, directory / name)
    vocabulary = json.loads((directory / "vocab.json").read_text())
    size, ffn = len(vocabulary), 2 * d_model
    if separate:
        shutil.copy(tokenizer / "vocab.json", directory / "target_vocab.json")
    config = {
        "model_type": "marian", "architectures": ["MarianMTModel"], "d_model": d_model, "encoder_layers": 1,
        "decoder_layers": 1, "encoder_attention_heads": 2, "decoder_attention_heads": 2, "encoder_ffn_dim": ffn,
        "decoder_ffn_dim": ffn, "activation_function": "relu", "vocab_size": size, "decoder_vocab_size": size,
        "max_position_embeddings": 64, "scale_embedding": True, "static_position_embeddings": True,
        "share_encoder_decoder_embeddings": not separate, "tie_word_embeddings": True,
        "eos_token_id": vocabulary["</s>"], "pad_token_id": size - 1, "decoder_start_token_id": size - 1,
        "forced_eos_token_id": vocabulary["</s>"],
    }  # fmt: skip
    (directory / "config.json").write_text(json.dumps(config))
    random = np.random.default_rng(seed)
    weights: dict[str, np.ndarray] = {}

    def matrix(name: str, *shape: int) -> None:
        weights[name] = random.normal(0, 0.4, shape).astype(np.float32)

    for part in ("encoder", "decoder"):
        prefix = f"model.{part}.layers.0"
        for attention in ("self_attn", "encoder_attn")[: 1 + (part == "decoder")]:
            for projection in ("q_proj", "k_proj", "v_proj", "out_proj"):
                matrix(f"{prefix}.{attention}.{projection}.weight", d_model, d_model)
                matrix(f"{prefix}.{attention}.{projection}.bias", d_model)
            matrix(f"{prefix}.{attention}_layer_norm.weight", d_model)
            matrix(f"{prefix}.{attention}_layer_norm.bias", d_model)
        for name, shape in (("fc1", (ffn, d_model)), ("fc2", (d_model, ffn))):
            matrix(f"{prefix}.{name}.weight", *shape)
            matrix(f"{prefix}.{name}.bias", shape[0])
        matrix(f"{prefix}.final_layer_norm.weight", d_model)
        matrix(f"{prefix}.final_layer_norm.bias", d_model)
    for name in ("model.encoder.embed_tokens.weight", "model.decoder.embed_tokens.weight") if separate else (tied,):
        matrix(name, size, d_model)
        weights[name][-1] = 0
    matrix("final_logits_bias", 1, size)
    save_file(weights, directory / "model.safetensors", metadata={"format": "pt"})
    return directory


class Hub:
    """What a hub serves: repositories as directories, and how each of them misbehaves.

    ``faults[model]`` is one of ``gated``, ``cut`` (the weights stop half way), ``corrupt`` (as long as
    announced, other bytes) and ``down`` (HTTP 503).
    """

    def __init__(self) -> None:
        self.models: dict[str, Path] = {}
        self.faults: dict[str, str] = {}
        self.proposals: dict[str, tuple[int, Path]] = {}
        self.requests: list[str] = []
        self.url = ""

    def directory(self, model: str, revision: str) -> Path | None:
        """The files of a revision: ``main`` or its commit, or the pull request and its commit."""
        number, proposed = self.proposals.get(model, (0, None))
        if proposed is not None and revision in (f"refs/pr/{number}", commit(f"{model}/pr")):
            return proposed
        return self.models[model] if revision in ("main", commit(model)) else None


def commit(name: str) -> str:
    """A commit id for a name."""
    return hashlib.sha1(name.encode(), usedforsecurity=False).hexdigest()


def git_blob(content: bytes) -> str:
    """Git's object id of a file."""
    return hashlib.sha1(b"blob %d\0%b" % (len(content), content), usedforsecurity=False).hexdigest()


def lfs_oid(content: bytes) -> str:
    """The checksum by which large files are stored."""
    return hashlib.sha256(content).hexdigest()


class _Handler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        """Nothing on the terminal."""

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def _answer(self) -> None:
        path = urlsplit(self.path).path.replace("%2F", "/")
        self.hub.requests.append(f"{self.command} {path}")
        parts = path.strip("/").split("/")
        api = parts[:2] == ["api", "models"]
        model = "/".join(parts[2:4] if api else parts[:2])
        fault = self.hub.faults.get(model)
        if fault == "down":
            return self._send(503, b"{}")
        if model not in self.hub.models:
            return self._send(404, b"{}", {"X-Error-Code": "RepoNotFound", "X-Error-Message": "Repository not found"})
        if fault == "gated":
            return self._send(403, b"{}", {"X-Error-Code": "GatedRepo", "X-Error-Message": "Access is restricted"})
        if api and parts[4:] == ["discussions"]:
            return self._discussions(model)
        revision = "/".join(parts[5:] if api else parts[3:-1])
        directory = self.hub.directory(model, revision)
        if directory is None:
            return self._send(404, b"{}", {"X-Error-Code": "RevisionNotFound", "X-Error-Message": "Invalid rev id"})
        sha = commit(model) if directory == self.hub.models[model] else commit(f"{model}/pr")
        if api:
            return self._listing(parts[4], model, sha, directory)
        return self._file(directory / parts[-1], sha, fault)

    def _discussions(self, model: str) -> None:
        number, _ = self.hub.proposals.get(model, (0, None))
        rows = [{
            "num": number, "title": "Adding safetensors", "status": "open", "author": {"name": "SFconvertbot"},
            "isPullRequest": True, "createdAt": "2023-03-01T10:00:00.000Z", "repo": {"name": model, "type": "model"},
        }] if number else []  # fmt: skip
        self._send(200, json.dumps({"discussions": rows, "count": len(rows), "start": 0}).encode())

    def _listing(self, kind: str, model: str, sha: str, directory: Path) -> None:
        files = sorted(directory.iterdir())
        if kind == "tree":
            rows = []
            for file in files:
                content = file.read_bytes()
                row = {"type": "file", "path": file.name, "size": len(content), "oid": git_blob(content)}
                if file.suffix in (".safetensors", ".bin"):
                    row["lfs"] = {"oid": lfs_oid(content), "size": len(content), "pointerSize": 134}
                rows.append(row)
            return self._send(200, json.dumps(rows).encode())
        body = {"_id": "0", "id": model, "sha": sha, "siblings": [{"rfilename": f.name} for f in files], "tags": []}
        return self._send(200, json.dumps(body).encode())

    def _file(self, path: Path, sha: str, fault: str | None) -> None:
        if not path.exists():
            return self._send(404, b"{}", {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": sha})
        content = path.read_bytes()
        large = path.suffix in (".safetensors", ".bin")
        etag = lfs_oid(content) if large else git_blob(content)
        headers = {
            "ETag": f'"{etag}"', "X-Linked-Etag": f'"{etag}"', "X-Linked-Size": str(len(content)), "X-Repo-Commit": sha,
        }  # fmt: skip
        if large and fault == "corrupt":
            content = content[:-4] + b"\0\1\2\3"
        return self._send(200, content, headers, cut=large and fault == "cut")

    def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None, *, cut: bool = False) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "HEAD":
            return
        self.wfile.write(body[: len(body) // 2] if cut else body)
        if cut:
            self.close_connection = True


@contextmanager
def serve_hub(hub: Hub) -> Iterator[str]:
    """Serve ``hub`` on a free port of localhost; gives its address."""
    handler = type("Handler", (_Handler,), {"hub": hub})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    hub.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield hub.url
    finally:
        server.shutdown()
        server.server_close()
