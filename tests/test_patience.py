"""How long a run waits for others."""

from __future__ import annotations

import pytest

from translate.errors import UserError
from translate.patience import ENVIRONMENT, in_words, patience


def test_the_environment_outranks_what_is_usual(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ENVIRONMENT, raising=False)
    assert patience(60.0) == 60.0
    monkeypatch.setenv(ENVIRONMENT, "0.5")
    assert patience(60.0) == 0.5


@pytest.mark.parametrize("given", ["soon", "-1", "nan", "inf"])
def test_no_number_is_refused(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ENVIRONMENT, given)
    with pytest.raises(UserError, match=f'{ENVIRONMENT} must be a number of seconds, not "{given}"'):
        patience(60.0)


def test_in_words() -> None:
    assert [in_words(s) for s in (0.2, 90.0, 600.0)] == ["0.2 seconds", "90 seconds", "10 minutes"]
