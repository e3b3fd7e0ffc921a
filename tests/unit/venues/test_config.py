"""Refusal of invalid settings; secrets never show; no heavy import."""

import subprocess
import sys

import pytest

from quoter.venues.config import VenueConfig


@pytest.mark.parametrize("prefix", ["t1", "1q", "", "q-1"])
def test_invalid_order_prefix_is_refused(prefix: str) -> None:
    with pytest.raises(ValueError, match="prefix"):
        VenueConfig(
            exchange="binance",
            symbol="BTC/USDT",
            environment="production",
            order_prefix=prefix,
        )


def test_secrets_are_not_in_the_repr() -> None:
    config = VenueConfig(
        exchange="binance",
        symbol="BTC/USDT",
        environment="production",
        order_prefix="q1",
        api_key="CANARY",
        secret="CANARY",  # noqa: S106 - opens nothing
        password="CANARY",  # noqa: S106 - opens nothing
    )
    assert "CANARY" not in repr(config)


def test_ports_and_configuration_do_not_import_ccxt() -> None:
    code = (
        "import sys, quoter.venues.ports, quoter.venues.config;"
        "sys.exit(any(name in sys.modules for name in ('ccxt', 'aiohttp', 'websockets')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_sandbox_without_url_is_refused() -> None:
    with pytest.raises(ValueError, match="QUOTER_SANDBOX_URL: must be a URL"):
        VenueConfig(exchange="binance", symbol="BTC/USDT", environment="sandbox", order_prefix="q1")


def test_own_ids_start_with_the_prefix() -> None:
    config = VenueConfig(
        exchange="binance", symbol="BTC/USDT", environment="production", order_prefix="q1"
    )
    assert [config.is_own(name) for name in ("q1abc", "q2abc", "", "t-q1abc")] == [
        True, False, False, False,
    ]  # fmt: skip
