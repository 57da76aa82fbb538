"""A worker that Dask starts must not map its memory anew at each step of the search."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc reads MALLOC_TRIM_THRESHOLD_")

_FAULTS = """
import resource, sys
import numpy as np
from flows.allocator import keep_freed_memory
if "mended" in sys.argv:
    keep_freed_memory()
for _ in range(20):
    np.ones(250_000)  # the heap grows to what is asked for
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(200):
    np.ones(250_000)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def _faults(*arguments: str, **environment: str) -> int:
    """Page faults of a process that takes and frees 2 MB, two hundred times."""
    base = {key: value for key, value in os.environ.items() if not key.startswith("MALLOC_")}
    done = subprocess.run(
        [sys.executable, "-c", _FAULTS, *arguments],
        env=base | environment, cwd=Path(__file__).resolve().parents[1], capture_output=True, text=True, check=True,
    )  # fmt: skip
    return int(done.stdout)


def test_dasks_setting_maps_memory_anew_and_ours_keeps_it() -> None:
    as_dask_starts_it = _faults(MALLOC_TRIM_THRESHOLD_="65536")
    mended = _faults("mended", MALLOC_TRIM_THRESHOLD_="65536")
    assert as_dask_starts_it > 200  # else this test shows nothing, and the module can go
    assert mended < as_dask_starts_it / 20


def test_nothing_is_set_where_glibc_adapts_itself() -> None:
    assert _faults("mended") < 200
