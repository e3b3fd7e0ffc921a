"""Bounds and rules of the settings: which values are refused, with which text."""

from decimal import Decimal
from pathlib import Path

import pytest

from quoter.settings import (
    Environment,
    FixedSettings,
    Settings,
    load,
)
from tests.unit.settings.cases import Given, complaint


def test_only_the_limits_are_required(given: Given) -> None:
    given()
    settings = load()
    assert settings.environment is Environment.SANDBOX
    assert settings.inventory_max == Decimal("0.05")
    assert settings.target == "auto"
    assert settings.api_key is None


AMOUNTS = [
    name for name, field in Settings.model_fields.items() if "Decimal" in str(field.annotation)
]


@pytest.mark.parametrize("name", AMOUNTS)
@pytest.mark.parametrize("value", ["1e400", "1e16"])
def test_an_amount_above_the_maximum_is_refused(given: Given, name: str, value: str) -> None:
    """Sums of larger amounts would be slow, or infinite as a float."""
    given(**{name: value})
    text = complaint()
    assert text.startswith(f"QUOTER_{name.upper()}: must be ")
    assert "1000000000000000" in text
    assert text.endswith(f"(got {value})")


def test_an_order_size_below_the_minimum_is_refused(given: Given) -> None:
    given(order_size="1e-400")
    assert complaint().startswith(
        "QUOTER_ORDER_SIZE: must be greater than or equal to 0.000000000000001"
    )


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("gamma", "-1", "QUOTER_GAMMA: must be greater than 0 (got -1)"),
        ("gamma", "2000", "QUOTER_GAMMA: must be between 0.001 and 1000 (got 2000)"),
        ("sigma", "inf", "QUOTER_SIGMA: must be a finite number (got inf)"),
        ("inventory_max", "nan", "QUOTER_INVENTORY_MAX: must be a finite number (got nan)"),
        ("model", "glft2", "QUOTER_MODEL: must be 'glft', 'glft_exact' or 'as' (got glft2)"),
        ("symbol", "btcusdt", "QUOTER_SYMBOL: must be BASE/QUOTE in capitals, such as BTC/USDT"),
        ("horizon", "-5", "QUOTER_HORIZON: must be auto, session or seconds"),
        ("horizon", "60", "QUOTER_HORIZON: must be auto when QUOTER_MODEL is glft"),
        ("model", "as", "QUOTER_HORIZON: must be session or seconds when QUOTER_MODEL is as"),
        ("alpha_max", "2.5", "QUOTER_ALPHA_MAX: must be less than or equal to 2 (got 2.5)"),
        ("fill_correction", "perhaps", "QUOTER_FILL_CORRECTION: "),
        ("session_s", "60", "QUOTER_SESSION_S: goes with QUOTER_HORIZON=session"),
        ("target", "nan", "QUOTER_TARGET: must be auto or a number of base units, at most"),
        ("order_size", "0.02", "QUOTER_ORDER_SIZE: must be at most a third of"),
        ("regime_equity_drop", "1e6", "QUOTER_REGIME_EQUITY_DROP: must be at most QUOTER_LOSS_MAX"),
        ("regime_reduce", "1.7", "QUOTER_REGIME_REDUCE: must be at least QUOTER_REGIME_WIDE"),
        ("regime", "maybe", "QUOTER_REGIME: must be 'on' or 'off'"),
        ("spread_min_bps", "600", "QUOTER_SPREAD_MIN_BPS: must be less than"),
        ("spread_min_bps", "200", "QUOTER_SPREAD_MIN_BPS: half of it must be less than QUOTER_PRI"),
        (
            "price_collar_bps",
            "4",
            "QUOTER_PRICE_COLLAR_BPS: must be greater than or equal to 5 (got 4)",
        ),
        ("position_notional_max", "999", "QUOTER_POSITION_NOTIONAL_MAX: must be at least"),
        ("instance", "ABC", "QUOTER_INSTANCE: must be 1 or 2 characters of 0-9a-z"),
        (
            "exchange",
            "Binance!",
            "QUOTER_EXCHANGE: must be the exchange's name in ccxt, in lower case",
        ),
        ("http_hosts", "*", "QUOTER_HTTP_HOSTS: must be host names"),
        ("sandbox_url", "api.binance.com", "QUOTER_SANDBOX_URL: must be a URL such as"),
        ("sandbox_url", "https://api.binance.com", "QUOTER_SANDBOX_URL: api.binance.com is a real"),
        ("api_key", "k", "QUOTER_API_KEY: goes with QUOTER_API_SECRET"),
        ("secrets_dir", "/no/such", "QUOTER_SECRETS_DIR: no such folder (got /no/such)"),
        ("dead_man", "soon", "QUOTER_DEAD_MAN: must be auto, off or whole seconds from 1"),
        ("dead_man", "1.5", "QUOTER_DEAD_MAN: must be auto, off or whole seconds from 1"),
        ("sentinel", "on", "QUOTER_SENTINEL: must be 'off', 'auto' or 'required' (got on)"),
        (
            "heartbeat_timeout_s",
            "0.5",
            "QUOTER_HEARTBEAT_TIMEOUT_S: must be greater than or equal to 1",
        ),
        (
            "heartbeat_timeout_s",
            "11",
            "QUOTER_HEARTBEAT_TIMEOUT_S: must be less than or equal to 10",
        ),
        ("sentinel_api_key", "k", "QUOTER_SENTINEL_API_KEY: goes with QUOTER_SENTINEL_API_SECRET"),
        ("gama", "1", "QUOTER_GAMA: no such setting; did you mean QUOTER_GAMMA?"),
        ("xyzzy_plugh", "1", "QUOTER_XYZZY_PLUGH: no such setting; `quoter env-example`"),
    ],
)
def test_a_bad_value_is_refused_in_one_line(given: Given, name: str, value: str, line: str) -> None:
    given(**{name: value})
    text = complaint()
    assert text.startswith(line)
    assert "\n" not in text


NUMBERS = [
    name
    for name, field in Settings.model_fields.items()
    if any(kind in str(field.annotation) for kind in ("Decimal", "float", "int"))
]


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", ["1_0", "\u0661\u0660", "\uff11\uff10"])
def test_digits_that_are_not_those_from_0_to_9_are_refused(
    given: Given, name: str, value: str
) -> None:
    """Python reads them as numbers; the person who checks the setting may read another value."""
    given(**{name: value})
    text = complaint()
    assert text.startswith(f"QUOTER_{name.upper()}: must be ")
    assert text.endswith(f"(got {value})")
    assert "\n" not in text


def test_a_level_outside_the_price_collar_is_refused(given: Given) -> None:
    given(levels="3", level_step_bps="49")
    assert load().levels == 3
    given(levels="3", level_step_bps="50")
    assert complaint().startswith("QUOTER_LEVEL_STEP_BPS: level 3 is 100 bps away, which QUOTER_PR")


def test_fixed_settings_read_neither_environment_nor_file(given: Given) -> None:
    given(gamma="7")
    Path(".env").write_text("QUOTER_LEVELS=3\n")
    settings = FixedSettings(inventory_max=1, order_size="0.1", loss_max=1, notional_max=1)
    assert (settings.gamma, settings.levels) == (1, 1)


def test_settings_do_not_change(given: Given) -> None:
    given()
    with pytest.raises(ValueError, match="frozen"):
        load().gamma = 5  # type: ignore[misc]
