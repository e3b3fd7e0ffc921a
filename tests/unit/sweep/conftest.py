"""A tape for the tests of the sweep, and an environment without settings."""

from pathlib import Path

import pytest

from tests.unit.backtest.synthetic_tape import write_tape
from tests.unit.cli.in_process import enter_empty_folder


@pytest.fixture(autouse=True)
def _working_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    enter_empty_folder(monkeypatch, tmp_path)
    monkeypatch.setenv("QUOTER_FEE_MAKER_BPS", "0")


@pytest.fixture(scope="session")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tape(tmp_path_factory.mktemp("tape") / "btc.txt", seconds=12.0)
