"""Ledger and metrics show the same hashes of code and settings, without any secret."""

from decimal import Decimal

from prometheus_client import generate_latest
from pydantic import SecretStr

from quoter.app.manifest import config_hash, manifest, metrics_of
from quoter.settings import FixedSettings, Settings

NOW_NS = 1_700_000_000_000_000_000


def settings(**changed: object) -> Settings:
    limits = {"inventory_max": Decimal(3), "order_size": Decimal(1), "loss_max": Decimal(1)}
    return FixedSettings.model_validate(limits | {"notional_max": Decimal(1_000_000)} | changed)


def test_the_metrics_show_the_hashes_that_the_ledger_keeps() -> None:
    chosen = settings()
    kept = manifest(chosen, start_ns=NOW_NS, api_key="")
    text = generate_latest(metrics_of(chosen).registry).decode()
    labels = f'code="{kept.code_hash}",config="{kept.config_hash}"'
    assert f'quoter_run_info{{{labels},symbol="BTC/USDT",venue="binance"}} 1.0' in text


def test_the_hash_depends_on_settings_but_not_on_the_value_of_a_secret() -> None:
    """A hash of a secret could be compared with those of guesses."""
    keys = {"api_key": SecretStr("a"), "api_secret": SecretStr("b")}
    assert config_hash(settings()) == config_hash(settings())
    assert config_hash(settings(gamma=2.0)) != config_hash(settings())
    assert config_hash(settings(**keys)) != config_hash(settings())
    others = {"api_key": SecretStr("c"), "api_secret": SecretStr("d")}
    assert config_hash(settings(**keys)) == config_hash(settings(**others))
