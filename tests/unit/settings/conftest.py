"""Fixtures for the tests of settings."""

import os
from pathlib import Path

import pytest

from tests.unit.settings.cases import LIMITS, Given


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Remove QUOTER_ names from the environment and change to an empty folder."""
    for name in list(os.environ):
        if name.upper().startswith("QUOTER_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> Given:
    """Return a function that sets the limits and the named settings, without prefix."""

    def put(**values: str) -> None:
        wanted = LIMITS | {f"QUOTER_{name.upper()}": value for name, value in values.items()}
        for name, value in wanted.items():
            monkeypatch.setenv(name, value)

    return put
