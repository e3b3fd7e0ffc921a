"""`quoter sentinel` wired: a key of its own, one on a folder, mistakes told in a line."""

from decimal import Decimal
from pathlib import Path

import pytest

from quoter.app.sentinel import CALL_S_MAX, cancel_gateway_config, run_sentinel
from quoter.service.data_folder import SENTINEL_LOCK, DataFolder
from quoter.service.exit_codes import ExitCode
from quoter.settings import FixedSettings, Settings

LIMITS = {
    "inventory_max": Decimal(3),
    "order_size": Decimal(1),
    "loss_max": Decimal(1),
    "notional_max": Decimal(1_000_000),
}


def settings(**changed: object) -> Settings:
    return FixedSettings.model_validate(LIMITS | changed)


def test_it_uses_its_own_key_and_else_the_daemons() -> None:
    ours = {"api_key": "daemon", "api_secret": "d"}
    assert cancel_gateway_config(settings(**ours)).api_key == "daemon"
    own = ours | {"sentinel_api_key": "own", "sentinel_api_secret": "o"}
    config = cancel_gateway_config(settings(**own))
    assert (config.api_key, config.secret) == ("own", "o")
    assert config.call_s_max == CALL_S_MAX


def test_one_folder_has_one_sentinel(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    first = DataFolder(tmp_path, lock=SENTINEL_LOCK)
    first.lock()
    assert run_sentinel(settings(data_dir=tmp_path, secrets_dir=tmp_path)) == ExitCode.LOCK_HELD
    first.release()
    daemon = DataFolder(tmp_path)
    daemon.lock()  # which keeps no sentinel out
    daemon.release()


def test_a_folder_that_can_not_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert run_sentinel(settings(data_dir=tmp_path / "file")) == ExitCode.USAGE


def test_an_exchange_that_nobody_knows_is_named(tmp_path: Path) -> None:
    chosen = settings(data_dir=tmp_path, exchange="nowhere", environment="testnet")
    assert run_sentinel(chosen) == ExitCode.USAGE
