"""Word links between the pieces of pairs, by eflomal (Östling and Tiedemann 2016), for guided alignment."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from translate.errors import UserError
from translate.training.corpus import Log
from translate.training.prepared import LINKS, Prepared
from translate.training.recipe import AlignmentRecipe

INSTALL = 'uv pip install "eflomal>=2,<3"'
_LARGEST = 255  # links are stored in one byte; only validation pairs, which are not trained on, can be longer

Link = tuple[int, int]


def align_corpus(folder: Path, recipe: AlignmentRecipe, log: Log = lambda _: None) -> dict[str, Any]:
    """Writes ``links.npz`` into a prepared folder, or removes it if the recipe wants none; returns the counts.

    Raises UserError if eflomal is not installed or fails.
    """
    if not recipe.enabled:
        (folder / LINKS).unlink(missing_ok=True)
        return {"links": None}
    program = eflomal()
    prepared = Prepared.load(folder, links=False)
    with tempfile.TemporaryDirectory(prefix=".align-", dir=folder) as scratch:
        files = {name: Path(scratch) / name for name in ("source", "target", "forward", "reverse")}
        _write(files["source"], prepared.source, prepared.source_offsets)
        _write(files["target"], prepared.target, prepared.target_offsets)
        _run([program, *_options(recipe), *_arguments(files)])
        links, offsets = gather(read_links(files["forward"]), read_links(files["reverse"]))
    if len(offsets) != len(prepared) + 1:
        raise UserError(f"{folder}: eflomal aligned {len(offsets) - 1} of {len(prepared)} pairs; try once more.")
    temporary = folder / f".{LINKS}"
    np.savez(temporary, al=links, off=offsets)
    temporary.replace(folder / LINKS)
    found = {"links": len(links), "in_both_directions": int(links[:, 2].sum())}
    log(f"{found['links']} links, {found['in_both_directions']} of them in both directions")
    return found


def eflomal() -> str:
    """The path of ``eflomal-align``: beside this Python, or on the path.

    Raises UserError with the command that installs it.
    """
    found = shutil.which("eflomal-align", path=str(Path(sys.executable).parent)) or shutil.which("eflomal-align")
    if found is None:
        raise UserError(
            f"Word alignment needs eflomal, which is not installed: run `{INSTALL}` (it needs a C compiler), "
            "or set alignment.enabled: false in the recipe."
        )
    return found


def symmetrise(forward: Iterable[Link], reverse: Iterable[Link]) -> list[tuple[int, int, bool]]:
    """The links of both directions, and forward ones of target pieces that have no other; True: in both."""
    ahead, back = set(forward), set(reverse)
    both = ahead & back
    covered = {j for _, j in both}
    return [(i, j, (i, j) in back) for i, j in sorted(both | {link for link in ahead if link[1] not in covered})]


def gather(
    forward: Iterable[Sequence[Link]], reverse: Iterable[Sequence[Link]]
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The symmetrised links of all pairs (links x 3), and where each pair's begin, with the end."""
    flat = bytearray()
    offsets = [0]
    for ahead, back in zip(forward, reverse, strict=True):
        for i, j, both in symmetrise(ahead, back):
            if max(i, j) <= _LARGEST:
                flat += bytes((i, j, both))
        offsets.append(len(flat) // 3)
    return np.frombuffer(bytes(flat), np.uint8).reshape(-1, 3), np.array(offsets, np.int64)


def read_links(path: Path) -> Iterator[list[Link]]:
    """The links of each line of a Pharaoh file ("0-0 1-2 …")."""
    with path.open(encoding="ascii") as lines:
        for line in lines:
            yield [(int(i), int(j)) for i, _, j in (link.partition("-") for link in line.split())]


def _write(path: Path, pieces: NDArray[np.uint16], offsets: NDArray[np.int64]) -> None:
    with path.open("w", encoding="ascii") as file:
        for start, end in zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True):
            file.write(" ".join(map(str, pieces[start:end].tolist())) + "\n")


def _options(recipe: AlignmentRecipe) -> list[str]:
    steps = [part for number, count in enumerate(recipe.iterations, 1) for part in (f"-{number}", str(count))]
    return [*steps, "--model", str(len(recipe.iterations)), "--n-samplers", str(recipe.samplers), "--overwrite"]


def _arguments(files: dict[str, Path]) -> list[str]:
    options = {"-s": "source", "-t": "target", "-f": "forward", "-r": "reverse"}
    return [part for option, name in options.items() for part in (option, str(files[name]))]


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise UserError(f"eflomal failed ({said[-1] if said else f'exit code {done.returncode}'}).")
