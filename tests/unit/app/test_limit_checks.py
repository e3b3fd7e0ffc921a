"""Limits and order sizes that no order can satisfy are reported at the start."""

from contextlib import nullcontext
from copy import replace
from decimal import Decimal

import pytest

from quoter.app.limit_checks import (
    beyond_collar,
    blocking_limits,
    check_limits,
    check_target,
    limits_below_one_order,
    loss_within_a_minute,
    setting_warnings,
    target_out_of_reach,
    thin_book,
    too_small,
)
from quoter.app.startup import StartFailed
from quoter.domain.market import Bar, MarketHistory
from quoter.service.exit_codes import ExitCode
from tests.unit.app.test_settings_to_config import INSTRUMENT, settings
from tests.unit.engine.cases import EngineHarness, config
from tests.unit.risk.cases import LIMITS, limits
from tests.unit.telemetry.samples import TERMS

SIZE = Decimal("0.005")


def test_an_order_within_the_limits_gives_no_text() -> None:
    fits = limits(notional_max=Decimal(300), position_notional_max=Decimal(323))
    assert limits_below_one_order(fits, SIZE, 60_000.0) == []


@pytest.mark.parametrize("name", ["notional_max", "position_notional_max"])
def test_a_limit_below_one_order_is_reported_with_the_orders_value(name: str) -> None:
    (line,) = limits_below_one_order(limits(**{name: Decimal(299)}), SIZE, 60_000.0)
    assert line.startswith(f"QUOTER_{name.upper()}: ")
    assert "300.00" in line
    assert "(got 299)" in line


def test_an_infinite_price_exceeds_every_limit() -> None:
    assert limits_below_one_order(LIMITS, SIZE, float("inf")) != []


def test_a_quote_wider_than_the_collar_is_reported() -> None:
    wide = replace(TERMS, delta_bid=0.03 * TERMS.inputs.fair, delta_ask=None)
    (line,) = beyond_collar(LIMITS, wide)
    assert line.startswith("QUOTER_PRICE_COLLAR_BPS: the quote is 300 bps")
    assert beyond_collar(LIMITS, TERMS) == []
    assert beyond_collar(LIMITS, replace(TERMS, delta_bid=None, delta_ask=None)) == []


def size_errors(size: str, price: float | None = 60_000.0, *, levels: int = 1) -> list[str]:
    collar = Decimal("0.02")
    return too_small(INSTRUMENT, Decimal(size), price, levels=levels, collar=collar)


def test_an_order_above_the_venues_minimum_gives_no_text() -> None:
    assert size_errors("0.00009") == []
    assert size_errors("0.00001", price=None) == []  # valid by its size; the price is unknown
    assert size_errors("0.00003", levels=3) == []  # carried to the outermost level, it is enough


@pytest.mark.parametrize("levels", [1, 3])
def test_an_order_below_the_minimum_notional_is_reported_with_a_valid_size(
    levels: int,
) -> None:
    (line,) = size_errors("0.00001", levels=levels)
    assert line.startswith(
        "QUOTER_ORDER_SIZE: the venue accepts no order below 0.00001 BTC or 5 USD"
    )
    assert f"this is {0.6 * levels:g} USDT at 60000" in line
    assert line.endswith("(got 0.00001)")
    least = line.partition("at least ")[2].partition(" works")[0]
    assert size_errors(least, levels=levels) == []
    assert (
        size_errors(least, price=60_000.0 * 0.98, levels=levels) == []
    )  # the farthest price that a bid may have
    below = Decimal(least) - INSTRUMENT.lot
    assert size_errors(str(below), price=60_000.0 * 0.98, levels=levels) != []


@pytest.mark.parametrize("size", ["0.000001", "0.000009"])
def test_an_order_below_the_minimum_size_is_refused_without_a_price(size: str) -> None:
    (line,) = size_errors(size, price=None)
    assert line.endswith(f"at least 0.00001 works (got {size})")


def test_a_start_is_refused_if_the_last_price_shows_that_no_order_can_pass() -> None:
    chosen, tiny = settings(notional_max=Decimal(299)), settings(order_size="0.00001")
    unknown = MarketHistory((), 60.0, None)
    for each in (chosen, tiny):
        check_limits(each, INSTRUMENT, unknown)
    past = MarketHistory((Bar(60_000.0, 60_100.0, 59_900.0, 60_000.0),), 60.0, None)
    with pytest.raises(StartFailed, match=r"QUOTER_NOTIONAL_MAX: .* no order can pass") as refused:
        check_limits(chosen, INSTRUMENT, past)
    assert refused.value.code is ExitCode.USAGE
    with pytest.raises(StartFailed, match=r"QUOTER_ORDER_SIZE: .* at least 0\.00009 works"):
        check_limits(tiny, INSTRUMENT, past)
    check_limits(settings(), INSTRUMENT, past)
    with pytest.raises(StartFailed, match="QUOTER_ORDER_SIZE"):
        check_limits(settings(order_size="0.000001"), INSTRUMENT, unknown)


def test_a_start_is_refused_if_one_tick_exceeds_a_limit_in_basis_points() -> None:
    """A tick of 147 bps: `check` said that it was ready, and quoting paused at each tick."""
    coarse = replace(INSTRUMENT, tick=Decimal(1000))
    bar = Bar(60_000.0, 60_100.0, 59_900.0, 60_000.0)
    past = MarketHistory((bar,), 60.0, None)
    with pytest.raises(StartFailed, match=r"QUOTER_PRICE_JUMP_BPS: one tick .* at least 170"):
        check_limits(settings(), coarse, past)
    check_limits(settings(price_jump_bps=170, price_collar_bps=170), coarse, past)


def test_a_book_thinner_than_one_order_blocks() -> None:
    enough, little = Decimal("0.005"), Decimal("0.004")
    assert thin_book(LIMITS, SIZE, enough, enough) == []
    for depths in ((little, enough), (enough, little)):
        (line,) = thin_book(LIMITS, SIZE, *depths)
        assert line.startswith("QUOTER_ORDER_SIZE: the best 5 levels hold ")
        assert "0.004" in line
        assert "(got 0.005)" in line
    own = limits(book_depth_min=Decimal(1))
    (line,) = thin_book(own, SIZE, enough, enough)
    assert line.startswith("QUOTER_BOOK_DEPTH_MIN: ")


def test_the_engines_own_book_is_compared_with_the_order_size() -> None:
    harness = EngineHarness(config(order_size=Decimal(1)))
    harness.book(size=0.1)
    (line,) = blocking_limits(harness.engine, 100.0)
    assert line.startswith("QUOTER_ORDER_SIZE: the best 5 levels hold 0.5 to buy and 0.5 to sell")


def test_a_target_above_all_that_the_balances_can_buy_is_a_warning() -> None:
    wanted = config(target=Decimal(3))
    assert target_out_of_reach(wanted, position=Decimal(2), cash=Decimal(100), price=100.0) == []
    (line,) = target_out_of_reach(wanted, position=Decimal(2), cash=Decimal(99), price=100.0)
    assert line.startswith("QUOTER_TARGET: ")
    assert "2.99 " in line
    assert "(got 3)" in line


def test_a_loss_limit_below_the_usual_move_of_a_minute_is_a_warning() -> None:
    usual = limits(inventory_max=Decimal("0.05"), loss_max=Decimal(3))
    assert loss_within_a_minute(usual, sigma=7.0) == []  # 2.71
    (line,) = loss_within_a_minute(usual, sigma=8.0)
    assert line.startswith("QUOTER_LOSS_MAX: ")
    assert "3.10" in line


def test_the_warnings_use_the_quote_and_the_balances_of_the_engine() -> None:
    harness = EngineHarness(config(target=Decimal(5_000)))
    harness.book()
    wild = replace(TERMS, inputs=replace(TERMS.inputs, fair=100.0, sigma=1e6))
    names = [line.split(":")[0] for line in setting_warnings(harness.engine, wild)]
    assert names == ["QUOTER_PRICE_COLLAR_BPS", "QUOTER_TARGET", "QUOTER_LOSS_MAX"]


@pytest.mark.parametrize(("held", "is_refused"), [("7", False), ("7.1", True), ("2.9", True)])
def test_holdings_farther_from_the_target_than_the_limit_are_refused(
    held: str, is_refused: bool
) -> None:
    chosen = config(
        target=Decimal(5),
        limits=replace(config().limits, inventory_max=Decimal(2)),
        opening={"ABC": Decimal(held), "USD": Decimal(100)},
    )
    with pytest.raises(StartFailed) if is_refused else nullcontext() as refused:
        check_target(chosen)
    if refused is not None:
        assert refused.value.code is ExitCode.USAGE
        assert str(refused.value).startswith("QUOTER_TARGET: the holdings are ")
