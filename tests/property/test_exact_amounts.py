"""Amounts with 18 decimals keep every digit: checked against fractions, which never round."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import ccxt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quoter.domain.events import BalanceReport, Fill
from quoter.domain.market import Side
from quoter.engine.reconciliation.balance_check import BalanceCheck
from quoter.ledger.rows import FillKind, KnownFill, amounts_of, amounts_text, fill_row, known_fill
from quoter.state.attribution import Attribution
from quoter.state.current_instrument import CurrentInstrument
from quoter.state.inventory import Inventory
from quoter.state.open_orders import OpenOrders
from tests.unit.state.cases import ABC, BUY, START_NS, fill, place

STEP = Decimal("1E-18")
WEI = replace(ABC, tick=Decimal("1E-12"), lot=STEP, size_min=STEP, size_max=Decimal("1E+15"))
LONG = Decimal("1234567890.123456789012345678")  # 28 digits; its sums and products have more
TOTAL = Decimal("123456789012.123456789012345678")  # 30 digits


def money(most: int = 10**42) -> st.SearchStrategy[Decimal]:
    """Amounts with 18 decimals, up to 10**24."""
    return st.integers(1, most).map(lambda number: Decimal(number) * STEP)


fills = st.builds(
    Fill,
    ts_ns=st.just(START_NS),
    trade_id=st.integers(1, 10**6).map(str),
    client_id=st.just("q1"),
    venue_id=st.just(""),
    side=st.sampled_from(Side),
    price=st.integers(1, 10**24).map(lambda number: Decimal(number) * Decimal("1E-12")),
    size=money(),
    fee=money(10**30),
    fee_asset=st.sampled_from(["ABC", "USD", "BNB"]),
    is_maker=st.just(True),
)
reported = st.lists(fills, max_size=8, unique_by=lambda each: each.trade_id)


def in_another_thread[T](act: Callable[[], T]) -> T:
    """Run in a thread that starts now: each thread has a decimal context of its own."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(act).result()


@settings(max_examples=60, deadline=None, derandomize=True)
@given(trades=reported, base=money(), cash=money())
def test_balances_and_profit_are_exact(trades: list[Fill], base: Decimal, cash: Decimal) -> None:
    inventory = Inventory(WEI, {"ABC": base, "USD": cash}, target=LONG)
    profit = Attribution(CurrentInstrument(WEI), position=base, cash=cash)
    true = {"ABC": Fraction(base), "USD": Fraction(cash), "BNB": Fraction(0)}
    mark = Decimal("0.000004321123")
    profit.mark(mark, START_NS)
    opened = true["ABC"] * Fraction(mark) + true["USD"]
    for trade in trades:
        stored = known_fill(fill_row(KnownFill(trade, FillKind.BOOKED))).fill
        assert inventory.book(stored)
        profit.fill(stored, mark, START_NS)
        true["ABC"] += trade.side.sign * Fraction(trade.size)
        true["USD"] -= trade.side.sign * Fraction(trade.size) * Fraction(trade.price)
        true[trade.fee_asset] -= Fraction(trade.fee)
    kept = amounts_of(amounts_text(inventory.balances))
    assert {asset: Fraction(amount) for asset, amount in kept.items()} == {
        asset: amount for asset, amount in true.items() if asset in kept
    }
    assert Fraction(inventory.net) == true["ABC"] - Fraction(LONG)
    earned = profit.pnl(None)
    assert Fraction(earned.total) == true["ABC"] * Fraction(mark) + true["USD"] - opened
    assert earned.total == earned.spread + earned.inventory - earned.fees - earned.funding


def test_a_thread_that_starts_later_is_exact_too() -> None:
    inventory = Inventory(WEI, {"ABC": TOTAL})
    in_another_thread(lambda: inventory.book(fill("1", BUY, "98765.000000000000000001", "0.1")))
    assert inventory.position == Decimal("123456887777.123456789012345679")


@pytest.mark.parametrize("off", [Decimal(0), STEP, -STEP])
def test_balances_are_compared_to_the_last_digit(off: Decimal) -> None:
    inventory = Inventory(WEI, {"ABC": TOTAL, "USD": LONG})
    parts = {"ABC": Decimal("0.000000000000000001")}
    rest = {"ABC": Decimal("123456789012.123456789012345677") + off, "USD": LONG}
    report = BalanceReport(ts_ns=START_NS, asked_ns=START_NS, free=rest, locked=parts)
    assert BalanceCheck(inventory).compare(report, START_NS) is (off == 0)


def test_open_sizes_of_many_orders_add_up() -> None:
    orders = OpenOrders()
    for number in range(3):
        orders.reserve(place(f"q{number}", BUY, str(TOTAL + number * STEP)), ticks=1)
    assert orders.leaves(BUY) == Decimal("370370367036.370370367037037037")
    orders.fill(orders.of_side(BUY)[0], Decimal("0.000000000000000001"))
    assert orders.leaves(BUY) == Decimal("370370367036.370370367037037036")
    assert orders.counter_mismatch() is None


@settings(max_examples=200, deadline=None, derandomize=True)
@given(size=money())
def test_a_size_on_the_grid_of_lots_is_kept(size: Decimal) -> None:
    assert WEI.floor_size(size) == size
    coarse = replace(WEI, lot=Decimal(1000)).floor_size(size)
    assert coarse == 1000 * int(size // 1000)


def test_size_below_a_lot_by_less_than_a_rounding_is_not_rounded_up() -> None:
    almost = Decimal("0." + "9" * 30)
    assert replace(WEI, lot=Decimal(1)).floor_size(almost) == 0


def test_ccxt_writes_a_long_size_unchanged() -> None:
    size = "123456789012.123456789012345678"
    for act in (_written, lambda size: in_another_thread(lambda: _written(size))):
        assert act(size) == size


def _written(size: str) -> str:
    return str(
        ccxt.decimal_to_precision(size, ccxt.TRUNCATE, 1e-18, ccxt.TICK_SIZE, ccxt.NO_PADDING)
    )
