"""The table of dead man's switches compared with ccxt's."""

import ccxt.pro
import pytest

from quoter.venues.ccxt.dead_man import NOT_USED, SWITCHES, switch_range, timeout_s

# Regional ids of bybit and okx: nobody has tried whether their switch works too.
REGIONAL = {"bybiteu", "bybitid", "myokx", "okxus"}


def capable() -> set[str]:
    """Return every id whose class has the unified call."""
    return {
        name
        for name in ccxt.pro.exchanges
        if getattr(ccxt.pro, name)().has.get("cancelAllOrdersAfter") is True
    }


def test_every_switch_in_ccxt_is_used_or_has_a_reason() -> None:
    """A switch that a later ccxt adds makes this test fail."""
    assert set(SWITCHES) <= capable()
    assert not set(SWITCHES) & set(NOT_USED)
    assert capable() - set(SWITCHES) - set(NOT_USED) == REGIONAL


@pytest.mark.parametrize("exchange", sorted(SWITCHES))
def test_default_timeout_is_within_the_range(exchange: str) -> None:
    switch = SWITCHES[exchange]
    assert 0 < switch.min_s <= switch.default_s <= switch.max_s
    assert switch.path.startswith("/")


@pytest.mark.parametrize(
    ("exchange", "wanted", "expected"),
    [
        ("kraken", "auto", 60),
        ("kraken", "off", 0),
        ("kraken", 30, 30),
        ("okx", "auto", 20),
        ("okx", 120, 120),
        ("binance", "auto", 0),
        ("binance", "off", 0),
    ],
)
def test_timeout_for_each_setting_value(exchange: str, wanted: str | int, expected: int) -> None:
    assert timeout_s(exchange, wanted) == expected


@pytest.mark.parametrize(
    ("exchange", "wanted", "text"),
    [("binance", 30, "has no"), ("bybit", 30, "has no"), ("okx", 9, "10 to"), ("okx", 121, "120")],
)
def test_timeout_out_of_range_is_refused(exchange: str, wanted: int, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        timeout_s(exchange, wanted)


def test_binance_spot_has_no_dead_mans_switch() -> None:
    assert switch_range("binance") is None
