"""Rates and recent trades from a venue's public trades; none where they can't be read."""

import pytest

from quoter.domain.market import RecentTrade, Side
from quoter.domain.units import NS_PER_S
from quoter.venues.ccxt.connect.market_history import rates, recent_trades


def trade(at_ms: object, amount: object = 2.0) -> dict[str, object]:
    return {"timestamp": at_ms, "amount": amount}


def test_rates_are_those_between_the_first_and_the_last_trade() -> None:
    rows = [trade(1_000), trade(5_000), trade(3_000)]
    per_s, volume_per_s = rates(rows)
    assert per_s == pytest.approx(0.5)
    assert volume_per_s == pytest.approx(1.5)


def test_invalid_amount_is_not_counted() -> None:
    rows = [trade(0), trade(2_000, None), trade(None), trade(4_000, "nan"), trade(4_000, 1e30)]
    per_s, volume_per_s = rates(rows)
    assert per_s == pytest.approx(0.75)
    assert volume_per_s == pytest.approx(1.0)


def test_trades_of_one_time_and_side_are_one_order() -> None:
    sides = [(0, "buy"), (0, "buy"), (0, "sell"), (2_000, "buy"), (4_000, "buy"), (4_000, "buy")]
    per_s, volume_per_s = rates([trade(at) | {"side": side} for at, side in sides])
    assert per_s == pytest.approx(3 / 4)
    assert volume_per_s == pytest.approx(3.0)


@pytest.mark.parametrize("rows", [[], [trade(5_000)], [trade(5_000), trade(5_900)], [trade(None)]])
def test_too_few_trades_give_no_rate(rows: list[dict[str, object]]) -> None:
    assert rates(rows) == (None, None)


def test_recent_trades_are_sorted_and_invalid_ones_left_out() -> None:
    rows = [
        trade(3_000) | {"side": "sell", "price": 99.5},
        trade(1_000) | {"side": "buy", "price": "100.5"},
        trade(2_000) | {"side": None, "price": 100.0},
        trade(2_000) | {"side": "buy", "price": "nan"},
        trade(None) | {"side": "buy", "price": 100.0},
        trade(2_000) | {"side": "buy"},
    ]
    assert recent_trades(rows) == (
        RecentTrade(1 * NS_PER_S, Side.BUY, 100.5),
        RecentTrade(3 * NS_PER_S, Side.SELL, 99.5),
    )
    assert recent_trades(rows[1:]) == ()
