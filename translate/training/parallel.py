"""Data-parallel training by several processes of this machine (gloo): on a CPU two processes of one thread train
faster than one of two threads.

The first process is the one that called; it starts the others, decides, logs and saves. Each computes the gradients of
a batch of its own; all apply their mean, so that every process has the same weights at every moment.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RANK, SIZE, MEETING = "TRANSLATE_ISSUE_RANK", "TRANSLATE_ISSUE_PROCESSES", "TRANSLATE_ISSUE_MEETING"


@dataclass(frozen=True, slots=True)
class World:
    """The processes that train together; ``rank`` 0 is the one that decides."""

    rank: int = 0
    size: int = 1

    @property
    def leads(self) -> bool:
        return self.rank == 0

    def agree(self, *values: float) -> tuple[float, ...]:
        """The leader's values, in every process."""
        if self.size == 1:
            return values
        import torch

        shared = torch.tensor(values, dtype=torch.float64)
        torch.distributed.broadcast(shared, 0)
        return tuple(shared.tolist())

    def average(self, gradients: Sequence[Any]) -> None:
        """Replaces each gradient by its mean over the processes: one flat sum, since gloo pays for every call."""
        if self.size == 1:
            return
        import torch

        flat = torch.cat([g.flatten() for g in gradients])
        torch.distributed.all_reduce(flat)
        flat /= self.size
        at = 0
        for gradient in gradients:
            gradient.copy_(flat[at : at + gradient.numel()].view_as(gradient))
            at += gradient.numel()


@contextmanager
def world(size: int, command: Sequence[str]) -> Iterator[World]:
    """The world of ``size`` processes: the caller and ``size - 1`` that run ``python -m COMMAND``.

    A process that is one of those already joins the world that its environment names.
    """
    if RANK in os.environ:
        # Ctrl-C reaches every process of the terminal; the leader alone decides what it means.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        with _joined(World(int(os.environ[RANK]), int(os.environ[SIZE])), Path(os.environ[MEETING])) as joined:
            yield joined
        return
    if size == 1:
        yield World()
        return
    with tempfile.TemporaryDirectory(prefix="translate-issue-") as folder:
        meeting = Path(folder) / "meeting"
        children = [_start(rank, size, meeting, command) for rank in range(1, size)]
        try:
            with _joined(World(0, size), meeting) as joined:
                yield joined
        finally:
            for child in children:
                try:
                    child.wait(timeout=10)
                except subprocess.TimeoutExpired:  # it waits for gradients that nobody will send
                    child.kill()
                    child.wait()


def _start(rank: int, size: int, meeting: Path, command: Sequence[str]) -> subprocess.Popen[bytes]:
    root = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
    environment = {**os.environ, "PYTHONPATH": path, RANK: str(rank), SIZE: str(size), MEETING: str(meeting)}
    return subprocess.Popen([sys.executable, "-m", *command], env=environment, stdout=subprocess.DEVNULL)


@contextmanager
def _joined(joined: World, meeting: Path) -> Iterator[World]:
    import torch

    torch.distributed.init_process_group(
        "gloo", init_method=f"file://{meeting}", rank=joined.rank, world_size=joined.size
    )
    try:
        yield joined
    finally:
        torch.distributed.destroy_process_group()
