"""`quoter sentinel`: its API key, its lock on the data folder, and its usage errors."""

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


def test_the_sentinel_uses_its_own_key_or_else_the_daemons() -> None:
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
    daemon.lock()  # a daemon's lock is another one
    daemon.release()


def test_an_unusable_folder_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert run_sentinel(settings(data_dir=tmp_path / "file")) == ExitCode.USAGE


def test_an_unknown_exchange_is_a_usage_error(tmp_path: Path) -> None:
    chosen = settings(data_dir=tmp_path, exchange="nowhere", environment="testnet")
    assert run_sentinel(chosen) == ExitCode.USAGE
