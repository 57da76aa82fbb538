"""Checkpoints from a Hugging Face hub: only the needed files, pinned to a commit, checked against its checksums.

``HF_ENDPOINT``, ``HF_HOME``, ``HF_TOKEN`` and ``HF_HUB_OFFLINE`` mean what they mean to `huggingface_hub`.
Weights are only ever read as safetensors. Where a repository's main revision has a pickle alone, the
conversion that the hub's own robot proposed (an open pull request) is used, pinned to its commit.
"""

from __future__ import annotations

import errno
import hashlib
import logging
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from translate.errors import UserError
from translate.marian.checkpoint import FILES, REQUIRED, WEIGHTS, to_safetensors
from translate.marian.digests import file_digest

CONVERSION_ROBOT = "SFconvertbot"

_FULL = (errno.ENOSPC, errno.EDQUOT)
_log = logging.getLogger(__name__)


def download(model: str, *, revision: str | None = None, cache_dir: Path | None = None) -> Path:
    """The local snapshot of ``model`` (``org/name``), named by its commit.

    A snapshot already in the cache is used when the hub cannot be reached. Raises UserError, one
    sentence each, for what can go wrong: offline, unknown model or revision, no access, damaged
    or cut transfer, no space, a repository that is not a MarianMT checkpoint.
    """
    snapshot = _fetch(model, revision, cache_dir)
    if not (snapshot / WEIGHTS).exists() and (snapshot / "config.json").exists():
        proposed = _proposed_safetensors(model) if revision is None else None
        if proposed is None:
            raise UserError(
                f"Model {model} at {snapshot.name[:12]} has no {WEIGHTS}, and pickled weights are never loaded: "
                f"convert it first, in an environment you trust, with {to_safetensors(model)}."
            )
        _log.warning("%s has no %s; using the one proposed in %s.", model, WEIGHTS, proposed)
        snapshot = _fetch(model, proposed, cache_dir)
    missing = next((file for file in REQUIRED if not (snapshot / file).exists()), None)
    if missing is not None:
        raise UserError(f"Model {model} at {snapshot.name[:12]} has no {missing}: it is not a MarianMT checkpoint.")
    return snapshot


def _fetch(model: str, revision: str | None, cache_dir: Path | None) -> Path:
    """A snapshot whose files have the hub's checksums; a damaged file is fetched once more."""
    for attempt in (1, 2):
        snapshot = _snapshot(model, revision, cache_dir)
        damaged = [path for path in _files(snapshot) if not _has_checksum(path)]
        if not damaged:
            return snapshot
        for path in damaged:
            path.resolve().unlink(missing_ok=True)
            path.unlink(missing_ok=True)
        _log.warning("%s of %s does not have the hub's checksum (attempt %d).", damaged[0].name, model, attempt)
    raise UserError(
        f"{damaged[0].name} of model {model} was received twice with a wrong checksum: try again later or from "
        "another network."
    )


def _files(snapshot: Path) -> Iterator[Path]:
    return (snapshot / file for file in FILES if (snapshot / file).exists())


def _has_checksum(path: Path) -> bool:
    """Whether a cached file's content is what its blob's name says: SHA-256 (LFS) or git's SHA-1.

    True where the cache holds copies instead of links (no blob name to compare with).
    """
    name = path.resolve().name
    if re.fullmatch("[0-9a-f]{64}", name):
        return file_digest(path) == name
    if re.fullmatch("[0-9a-f]{40}", name):
        content = path.read_bytes()
        return hashlib.sha1(b"blob %d\0%b" % (len(content), content), usedforsecurity=False).hexdigest() == name
    return True


def _snapshot(model: str, revision: str | None, cache_dir: Path | None) -> Path:
    import httpx
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError
    from huggingface_hub.utils.tqdm import disable_progress_bars

    if not sys.stderr.isatty():
        disable_progress_bars()
    try:
        return Path(
            snapshot_download(model, revision=revision, cache_dir=cache_dir, allow_patterns=list(FILES), max_workers=4)
        )
    except HFValidationError:
        raise UserError(f"{model} is not a valid hub id: give org/name or org/name@revision.") from None
    except (HfHubHTTPError, httpx.HTTPError, OSError, RuntimeError) as error:
        # RuntimeError is what the accelerated transfer (hf_xet) raises for its network and disk failures.
        raise UserError(_sentence(error, model, revision)) from error


def _sentence(error: BaseException, model: str, revision: str | None) -> str:
    """What happened, to which model, and what to do."""
    import httpx
    from huggingface_hub import constants
    from huggingface_hub.errors import (
        GatedRepoError,
        HfHubHTTPError,
        OfflineModeIsEnabled,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    hub = constants.ENDPOINT
    causes = list(_chain(error))
    if any(isinstance(c, OSError) and c.errno in _FULL for c in causes) or "No space left" in str(error):
        return (
            f"No space left in {constants.HF_HUB_CACHE} while fetching model {model}: free some, or set HF_HOME to "
            "another disk."
        )
    if any(isinstance(c, OfflineModeIsEnabled) for c in causes) or constants.HF_HUB_OFFLINE:
        return (
            f"Model {model} is not in the local cache and HF_HUB_OFFLINE forbids fetching it: unset HF_HUB_OFFLINE, or "
            "use --model with a local directory."
        )
    for cause in causes:
        if isinstance(cause, GatedRepoError):
            return (
                f"Model {model} is gated: accept its conditions at {hub}/{model} and set HF_TOKEN to an access token."
            )
        if isinstance(cause, RevisionNotFoundError):
            return f"Model {model} has no revision {revision or 'main'} at {hub}: check the name after the @."
        if isinstance(cause, RepositoryNotFoundError):
            return f"There is no model {model} at {hub}, or it is private: check its name, or set HF_TOKEN."
        if isinstance(cause, HfHubHTTPError) and cause.response is not None:
            return _by_status(cause.response.status_code, model, hub)
    if "Consistency check failed" in str(error) or any(isinstance(c, httpx.RemoteProtocolError) for c in causes):
        return f"Fetching model {model} from {hub} was cut short: run the command again."
    if any(isinstance(c, httpx.HTTPError) for c in causes):
        return (
            f"{hub} cannot be reached for model {model} ({_reason(causes)}): check the network, or use --model with a "
            "local directory."
        )
    if isinstance(error, PermissionError):
        return f"{error.filename or constants.HF_HUB_CACHE} cannot be written ({error.strerror}): set HF_HOME."
    return f"Model {model} cannot be fetched from {hub} ({_reason(causes)}): run the command again."


def _by_status(status: int, model: str, hub: str) -> str:
    if status in (401, 403):
        return f"{hub} refuses access to model {model} (HTTP {status}): set HF_TOKEN to a token that may read it."
    if status == 404:
        return f"Model {model} lacks a file that {hub} listed (HTTP 404): run the command again."
    if status == 429:
        return f"{hub} limits how often it may be asked (HTTP 429): try model {model} again in some minutes."
    return f"{hub} failed on model {model} (HTTP {status}): try again later, or use --model with a local directory."


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _reason(causes: list[BaseException]) -> str:
    lines = str(causes[-1]).strip().splitlines()
    return (lines[0] if lines else type(causes[-1]).__name__).rstrip(".")


def _proposed_safetensors(model: str) -> str | None:
    """The git reference of the hub robot's open pull request that adds safetensors; None without one."""
    import httpx
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

    try:
        discussions = HfApi().get_repo_discussions(
            model, author=CONVERSION_ROBOT, discussion_type="pull_request", discussion_status="open"
        )
        return next((d.git_reference for d in discussions if d.author == CONVERSION_ROBOT), None)
    except (HfHubHTTPError, httpx.HTTPError, OfflineModeIsEnabled) as error:
        _log.info("The pull requests of %s cannot be listed: %s", model, error)
        return None
