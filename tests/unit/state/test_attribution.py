"""The split of the profit, exact at every instant."""

from dataclasses import replace
from decimal import Decimal
from math import isnan

import pytest

from quoter.domain.market import Side
from quoter.domain.step import Pnl
from quoter.domain.units import NS_PER_S
from quoter.state.attribution import HORIZONS_S, Attribution
from quoter.state.current_instrument import CurrentInstrument
from tests.unit.state.cases import ABC, BUY, SELL, exact, fill

ZERO = Decimal(0)


def attribution(position: str = "0", cash: str = "0") -> Attribution:
    return Attribution(CurrentInstrument(ABC), position=Decimal(position), cash=Decimal(cash))


def parts(pnl: Pnl) -> tuple[Decimal, Decimal, Decimal, Decimal]:
    return pnl.total, pnl.spread, pnl.inventory, pnl.fees


def golden() -> Attribution:
    """The worked example of deploy/docs/strategy.md."""
    book = attribution(cash="1000")
    book.mark(Decimal("100.00"), 0)
    book.fill(fill("1", BUY, "2", "99.95", fee=".03998"), Decimal("100.00"), 0)
    book.mark(Decimal("99.90"), 2 * NS_PER_S)
    book.mark(Decimal("99.80"), 5 * NS_PER_S)
    book.fill(fill("2", SELL, "1", "99.90", fee=".01998"), Decimal("99.82"), 7 * NS_PER_S)
    book.mark(Decimal("99.70"), 9 * NS_PER_S)
    return book


def test_the_golden_example_is_reproduced_exactly() -> None:
    pnl = golden().pnl(None)
    assert parts(pnl) == exact("-0.35996", "0.18", "-0.48", "0.05996")
    at_5_s = [earned.horizons[5] for earned in pnl.sides.values()]
    assert sum(drift.markout for drift in at_5_s) == Decimal("-0.28")
    assert sum(drift.residual for drift in at_5_s) == Decimal("-0.20")


@pytest.mark.parametrize(
    ("side", "horizon_s", "markout", "residual"),
    [
        (BUY, 1, "-0.20", "-0.40"),  # first mark after 1 s: 99.90 at 2 s
        (BUY, 5, "-0.40", "-0.20"),
        (BUY, 30, "-0.60", "0"),  # open: everything up to now
        (SELL, 1, "0.12", "0"),
        (SELL, 5, "0.12", "0"),
        (SELL, 30, "0.12", "0"),
    ],
)
def test_the_golden_example_by_side_and_horizon(
    side: Side, horizon_s: int, markout: str, residual: str
) -> None:
    found = golden().pnl(None).sides[side].horizons[horizon_s]
    assert (found.markout, found.residual) == exact(markout, residual)


def test_the_realised_spread_is_per_worth_traded() -> None:
    sides = golden().pnl(None).sides
    assert sides[BUY].realised_spread_bps(5) == pytest.approx(-0.30 / 199.9 * 1e4)
    assert sides[SELL].realised_spread_bps(5) == pytest.approx(0.20 / 99.9 * 1e4)
    assert isnan(attribution().pnl(None).sides[BUY].realised_spread_bps(5))


@pytest.mark.parametrize("side", [BUY, SELL])
def test_a_mid_that_goes_against_a_fill_is_adverse_to_its_side_alone(side: Side) -> None:
    book = attribution()
    book.fill(fill("1", side, "2", "100"), Decimal(100), 0)
    book.mark(Decimal(100 - side.sign), NS_PER_S)
    sides = book.pnl(None).sides
    assert [sides[side].horizons[h].markout for h in HORIZONS_S] == [-2, -2, -2]
    assert [sides[side.opposite].horizons[h].markout for h in HORIZONS_S] == [0, 0, 0]


def test_profit_is_zero_before_the_first_mark() -> None:
    assert parts(attribution("3").pnl(None)) == (ZERO, ZERO, ZERO, ZERO)


def test_a_fill_before_any_mark_is_marked_at_its_own_price() -> None:
    book = attribution()
    book.fill(fill("1", BUY, "2", "99.5"), None, 0)
    assert parts(book.pnl(None)) == (ZERO, ZERO, ZERO, ZERO)
    assert book.pnl(100.0).total == 1


def test_without_a_mid_the_last_mark_counts() -> None:
    book = attribution()
    book.mark(Decimal(100), 0)
    book.fill(fill("1", SELL, "1", "100.5"), None, 0)
    assert book.pnl(None).spread == Decimal("0.5")


def test_opening_position_earns_only_moves_of_the_mid() -> None:
    book = attribution("-4")
    book.mark(Decimal(100), 0)
    assert parts(book.pnl(101.0)) == exact(-4, 0, -4, 0)


@pytest.mark.parametrize(
    ("asset", "fees", "total"),
    [("USD", "0.5", "-0.5"), ("ABC", "50", "-50"), ("BNB", "0", "0")],
)
def test_fees_in_base_are_valued_at_the_mark_and_third_coins_are_shown_elsewhere(
    asset: str, fees: str, total: str
) -> None:
    book = attribution()
    book.fill(fill("1", BUY, "2", "100", fee="0.5", fee_asset=asset), Decimal(100), 0)
    pnl = book.pnl(None)
    assert (pnl.fees, pnl.total) == (Decimal(fees), Decimal(total))


def test_the_mark_lies_on_the_half_tick_grid() -> None:
    book = attribution()
    assert book.mark_of(100.05) == Decimal("100.05")
    assert book.mark_of(100.0512) == Decimal("100.05")
    assert book.mark_of(0.1 + 0.2) == Decimal("0.30")


def test_the_mark_of_an_equal_mid_follows_a_new_tick() -> None:
    rules = CurrentInstrument(ABC)
    book = Attribution(rules, position=ZERO, cash=ZERO)
    assert book.mark_of(100.06) == Decimal("100.05")
    rules.now = replace(ABC, tick=Decimal("0.01"))
    assert book.mark_of(100.06) == Decimal("100.06")


def test_reading_the_profit_does_not_change_it() -> None:
    """An open page or a scraped metric must not decide how the profit is split."""
    watched, alone = attribution("1"), attribution("1")
    for book in (watched, alone):
        book.mark(Decimal(100), 0)
    for mid in (90.0, 110.0, 95.0):
        watched.pnl(mid)
    for book in (watched, alone):
        book.fill(fill("1", SELL, "1", "101"), None, 0)
    assert watched.pnl(100.0) == alone.pnl(100.0)


def test_last_mid_is_the_mark_while_there_is_none() -> None:
    book = attribution("1")
    book.see(100.0, 0)
    assert book.see(90.0, 1) == book.see(None, 2) == -10


def test_a_fee_in_a_third_coin_counts_where_its_price_is_known() -> None:
    book = attribution()
    book.fill(fill("1", BUY, "2", "100", fee="0.5", fee_asset="BNB"), Decimal(100), 0)
    book.coin_fee(BUY, Decimal("0.5"), Decimal(600))
    pnl = book.pnl(None)
    assert (pnl.fees, pnl.sides[BUY].fees, pnl.total) == exact(300, 300, -300)


@pytest.mark.parametrize("price", ["0", "-1", "NaN", "Infinity"])
def test_invalid_price_is_refused_before_anything_is_booked(price: str) -> None:
    book = attribution()
    with pytest.raises(ValueError, match="above zero"):
        book.coin_fee(BUY, Decimal(1), Decimal(price))
    assert book.pnl(200.0).total == book.pnl(200.0).fees == 0


@pytest.mark.parametrize("fee", ["NaN", "Infinity", "-Infinity"])
def test_a_fee_in_a_third_coin_that_is_no_amount_is_refused(fee: str) -> None:
    with pytest.raises(ValueError, match="must be finite"):
        attribution().coin_fee(BUY, Decimal(fee), Decimal(600))


def test_a_rebate_in_a_third_coin_is_earned() -> None:
    book = attribution()
    book.fill(fill("1", BUY, "2", "100", fee="-0.5", fee_asset="BNB"), Decimal(100), 0)
    book.coin_fee(BUY, Decimal("-0.5"), Decimal(600))
    assert (book.pnl(None).fees, book.pnl(None).total) == exact(-300, 300)


def test_units_kept_back_as_a_fee_do_not_drift_but_the_markout_is_of_the_whole_fill() -> None:
    book = attribution()
    book.fill(fill("1", BUY, "2", "100", fee="0.5", fee_asset="ABC"), Decimal(100), 0)
    drift = book.pnl(110.0).sides[BUY].horizons[1]
    assert (drift.markout, drift.residual) == exact(20, -5)


def test_deposit_is_no_profit_and_its_drift_counts_as_held() -> None:
    book = attribution("1")
    book.mark(Decimal(100), 0)
    book.transfer(base=Decimal(3), quote=Decimal(-50))
    assert book.pnl(None).total == 0
    pnl = book.pnl(101.0)
    assert (pnl.total, pnl.held, pnl.inventory) == exact(4, 4, 4)


def test_funding_is_a_cost_of_its_own_and_may_be_received() -> None:
    book = attribution("1")
    book.mark(Decimal(100), 0)
    book.funding(paid=Decimal("0.3"))
    assert (book.pnl(None).funding, book.pnl(None).total) == exact("0.3", "-0.3")
    book.funding(paid=Decimal("-0.5"))
    assert (book.pnl(None).funding, book.pnl(None).total) == exact("-0.2", "0.2")


def test_events_before_the_first_mark_are_attributed_correctly() -> None:
    book = attribution("1", "1000")
    book.funding(paid=Decimal(2))
    book.transfer(base=Decimal(1), quote=Decimal(7))
    assert (book.pnl(None).total, book.pnl(100.0).total, book.see(None, 0)) == exact(-2, -2, -2)
    book.mark(Decimal(100), 0)
    assert (book.pnl(None).total, book.pnl(101.0).total, book.pnl(101.0).held) == exact(-2, 0, 2)


@pytest.mark.parametrize("amount", ["NaN", "-Infinity"])
def test_invalid_amount_is_refused(amount: str) -> None:
    book = attribution()
    with pytest.raises(ValueError, match="must be finite"):
        book.transfer(base=Decimal(amount))
    with pytest.raises(ValueError, match="must be finite"):
        book.transfer(quote=Decimal(amount))
    with pytest.raises(ValueError, match="must be finite"):
        book.funding(paid=Decimal(amount))
    assert book.see(100.0, 0) == 0
