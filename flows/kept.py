"""Task results that were damaged where they are kept: found by a digest, said, and made again."""

from __future__ import annotations

import hashlib
import json
import logging
from pathlib import Path
from typing import Any

_log = logging.getLogger(__name__)


def sealed(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Rows (JSON's types) with their digest."""
    return {"rows": rows, "sha256": _digest(rows)}


def opened(kept: Any) -> list[dict[str, Any]] | None:
    """The rows that were sealed; None if they are not what was sealed."""
    if not isinstance(kept, dict) or kept.get("sha256") != _digest(kept.get("rows")):
        return None
    rows: list[dict[str, Any]] = kept["rows"]
    return rows


def tell_if_damaged(path: Path) -> None:
    """Says so in the log if a file is no whole result: Prefect takes an unreadable one for absent, silently."""
    try:
        whole = opened(json.loads(json.loads(path.read_bytes())["result"])) is not None
    except FileNotFoundError:
        return
    except (OSError, ValueError, KeyError, TypeError):
        whole = False
    if not whole:
        _log.warning("The kept result %s is damaged; its sentences are translated again.", path)


def _digest(rows: object) -> str:
    return hashlib.sha256(json.dumps(rows, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
