"""The C library's memory allocator in a process that translates.

Dask starts its workers with ``MALLOC_TRIM_THRESHOLD_`` set, so that freed memory goes back to the system at once. To
glibc any such setting means that its thresholds are the caller's affair (mallopt(3), M_MMAP_THRESHOLD): every block of
more than 128 kB is then mapped anew and its pages are zeroed anew. A model asks for such blocks at each step of the
search and frees them again; translating takes more than twice the time.
"""

from __future__ import annotations

import ctypes
import os
import sys

_TRIM, _MMAP = -1, -3
"""M_TRIM_THRESHOLD and M_MMAP_THRESHOLD of <malloc.h>."""
_LARGEST_KEPT = 32 << 20
"""Bytes. As far as glibc's own thresholds grow (DEFAULT_MMAP_THRESHOLD_MAX with 64 bits); twice that for trimming."""


def keep_freed_memory() -> None:
    """Sets glibc's thresholds to where they would be without ``MALLOC_TRIM_THRESHOLD_``; else does nothing.

    The process then keeps at most 64 MB that are free at the top of its heap.
    """
    if sys.platform != "linux" or "MALLOC_TRIM_THRESHOLD_" not in os.environ:
        return
    library = ctypes.CDLL(None)
    if hasattr(library, "gnu_get_libc_version"):
        library.mallopt(_MMAP, _LARGEST_KEPT)
        library.mallopt(_TRIM, 2 * _LARGEST_KEPT)
