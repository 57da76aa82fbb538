"""What every test gets: directories of its own, no network, no telemetry; and the shared fixtures."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[1].parent / "shared"

# A shell starts background jobs with SIGINT ignored, and children inherit that: tests send it to theirs.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Before any test module imports a library that reads them.
os.environ.update(
    DO_NOT_TRACK="1",
    HF_HUB_OFFLINE="1",
    HF_HUB_DISABLE_TELEMETRY="1",
    PREFECT_SERVER_ANALYTICS_ENABLED="false",
    PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS="180",
    PREFECT_LOGGING_LEVEL="WARNING",
    TOKENIZERS_PARALLELISM="false",
)


@pytest.fixture(scope="session", autouse=True)
def _isolated_user_directories(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test reads or writes the user's own directories; converted models are shared by the session."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(home))
        for name, folder in {
            "XDG_CACHE_HOME": ".cache",
            "XDG_CONFIG_HOME": ".config",
            "XDG_DATA_HOME": ".local/share",
            "XDG_STATE_HOME": ".local/state",
            "HF_HOME": ".cache/huggingface",
            "PREFECT_HOME": ".prefect",
            "TRANSLATE_ISSUE_CACHE": ".cache/translate-issue",
        }.items():
            patch.setenv(name, str(home / folder))
        yield


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real newsletters and evaluation sets beside the checkout, where there is one."""
    if not SHARED.is_dir():
        pytest.skip("there is no ../shared beside this checkout")
    return SHARED


@pytest.fixture(scope="session")
def prefect_api() -> Iterator[None]:
    """One real Prefect server for the whole session: starting one takes seconds."""
    from prefect.testing.utilities import prefect_test_harness

    with prefect_test_harness(server_startup_timeout=180):
        yield
