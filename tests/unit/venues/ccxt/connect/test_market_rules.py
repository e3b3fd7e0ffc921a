"""Tick and lot are exact, or there is no instrument."""

from dataclasses import replace
from decimal import Decimal

import pytest

from quoter.domain.errors import VenueError
from quoter.venues.ccxt.connect.market_rules import (
    DECIMAL_PLACES,
    SIGNIFICANT_DIGITS,
    TICK_SIZE,
    check_self_trade,
    instrument,
)
from quoter.venues.ccxt.types import JsonDict
from quoter.venues.profiles import BINANCE, GENERIC

MARKET: JsonDict = {
    "symbol": "BTC/USDT",
    "id": "BTCUSDT",
    "base": "BTC",
    "quote": "USDT",
    "maker": 0.001,
    "precision": {"price": 0.01, "amount": 1e-05},
    "limits": {"amount": {"min": 0.0001, "max": None}, "cost": {"min": 5.0}},
    "info": {},
}
FILTERS = [
    {"filterType": "PRICE_FILTER", "tickSize": "0.01000000"},
    {"filterType": "LOT_SIZE", "stepSize": "0.00001000", "minQty": "0.00001", "maxQty": "9000"},
    {"filterType": "NOTIONAL", "minNotional": "10.00000000"},
]


def test_venue_filters_take_precedence_over_ccxts_precision() -> None:
    market = MARKET | {"info": {"filters": FILTERS}}
    found = instrument(market, precision_mode=TICK_SIZE, fee_maker=Decimal(0), has_filters=True)
    assert (found.tick, found.lot) == (Decimal("0.01"), Decimal("0.00001"))
    assert (found.size_min, found.size_max) == (Decimal("0.00001"), Decimal(9000))
    assert (found.notional_min, found.fee_maker) == (Decimal(10), Decimal(0))


def test_without_filters_ccxts_precision_is_used() -> None:
    found = instrument(MARKET, precision_mode=TICK_SIZE, fee_maker=None, has_filters=False)
    assert (found.tick, found.lot) == (Decimal("0.01"), Decimal("0.00001"))
    assert (found.size_min, found.notional_min) == (Decimal("0.0001"), Decimal(5))
    assert found.fee_maker == Decimal("0.001")
    assert found.size_max > 10**6


@pytest.mark.parametrize(
    "filters",
    [
        [],
        FILTERS[:2],
        FILTERS[1:],
        [FILTERS[0], FILTERS[2]],
        [*FILTERS[:2], {"filterType": "NOTIONAL"}],
        [*FILTERS[:2], {"filterType": "NOTIONAL", "minNotional": None}],
        [{"filterType": "PRICE_FILTER", "tickSize": "NaN"}, *FILTERS[1:]],
        None,
    ],
)
def test_binance_market_without_one_of_its_filters_is_refused(filters: object) -> None:
    market = MARKET | {"info": {"filters": filters}}
    with pytest.raises(VenueError, match="filter"):
        instrument(market, precision_mode=TICK_SIZE, fee_maker=Decimal(0), has_filters=True)


def test_market_of_binance_without_any_filters_is_refused() -> None:
    with pytest.raises(VenueError, match="filter PRICE_FILTER has no tickSize"):
        instrument(MARKET, precision_mode=TICK_SIZE, fee_maker=Decimal(0), has_filters=True)


def test_field_named_filters_at_another_venue_is_not_read() -> None:
    market = MARKET | {"info": {"filters": [{"filterType": "PRICE_FILTER", "tickSize": "5"}]}}
    found = instrument(market, precision_mode=TICK_SIZE, fee_maker=Decimal(0), has_filters=False)
    assert found.tick == Decimal("0.01")


def test_filter_of_zero_means_no_rule() -> None:
    filters = [*FILTERS[:2], {"filterType": "NOTIONAL", "minNotional": "0.0"}]
    market = MARKET | {"info": {"filters": filters}, "limits": {}}
    found = instrument(market, precision_mode=TICK_SIZE, fee_maker=Decimal(0), has_filters=True)
    assert found.notional_min == 0


def test_unknown_maker_fee_is_refused() -> None:
    with pytest.raises(VenueError, match="maker fee"):
        instrument(
            MARKET | {"maker": None}, precision_mode=TICK_SIZE, fee_maker=None, has_filters=False
        )


def test_decimal_places_become_steps() -> None:
    market = MARKET | {"precision": {"price": 2, "amount": 5}}
    found = instrument(market, precision_mode=DECIMAL_PLACES, fee_maker=None, has_filters=False)
    assert (found.tick, found.lot) == (Decimal("0.01"), Decimal("0.00001"))


@pytest.mark.parametrize("precision", [{}, {"price": None, "amount": 1}, {"price": 0, "amount": 1}])
def test_an_unknown_grid_is_refused(precision: JsonDict) -> None:
    with pytest.raises(VenueError, match="tick or lot"):
        instrument(
            MARKET | {"precision": precision},
            precision_mode=TICK_SIZE,
            fee_maker=None,
            has_filters=False,
        )


def test_significant_digits_are_refused() -> None:
    with pytest.raises(VenueError, match="tick or lot"):
        instrument(MARKET, precision_mode=SIGNIFICANT_DIGITS, fee_maker=None, has_filters=False)


def test_market_without_our_self_trade_prevention_is_refused() -> None:
    good = MARKET | {"info": {"allowedSelfTradePreventionModes": ["NONE", "EXPIRE_MAKER"]}}
    check_self_trade(BINANCE, good)
    for modes in (["NONE", "EXPIRE_TAKER"], [], None):
        with pytest.raises(VenueError, match="not allow self-trade prevention EXPIRE_MAKER"):
            check_self_trade(BINANCE, MARKET | {"info": {"allowedSelfTradePreventionModes": modes}})


def test_venue_without_a_list_of_modes_is_accepted() -> None:
    check_self_trade(GENERIC, MARKET)
    check_self_trade(replace(GENERIC, self_trade="EXPIRE_MAKER"), MARKET)
