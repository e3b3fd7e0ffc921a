"""A difference that stays is an incident; one that is only on its way is not."""

from decimal import Decimal

import pytest

from quoter.domain.events import BalanceReport
from quoter.domain.reasons import ReportKind
from quoter.domain.trading import Cause, TradingState
from quoter.domain.units import NS_PER_S
from tests.unit.engine.cases import OPENING, Desk
from tests.unit.state.cases import BUY, SELL


def test_differences_that_change_from_report_to_report_are_fills_on_their_way() -> None:
    desk = Desk().quoting()
    for late in range(1, 8):
        desk.balances(USD=desk.engine.inventory.balances["USD"] - late)
        desk.wait(1.0)
    assert Cause.RECONCILIATION not in desk.causes


def test_what_is_missing_shows_however_much_is_traded_meanwhile() -> None:
    desk = Desk().quoting()
    for _ in range(4):
        desk.fill(desk.wanted(BUY), "0.1")
        desk.balances(USD=desk.engine.inventory.balances["USD"] - 7)
        desk.wait(1.0)
    assert Cause.RECONCILIATION in desk.causes


@pytest.mark.parametrize("held", ["NaN", "Infinity", "sNaN"])
def test_a_balance_that_is_no_number_is_a_difference_that_stays(held: str) -> None:
    desk = Desk().quoting()
    for _ in range(5):
        desk.balances(USD=Decimal(held))
        desk.wait(1.0)
    assert Cause.RECONCILIATION in desk.causes


# a difference that lasts (P3)


def lasting(desk: Desk, seconds: int, *, less: int = 7) -> None:
    """Every second a report in which some quote currency is missing."""
    for _ in range(seconds):
        desk.balances(USD=desk.engine.inventory.balances["USD"] - less)
        desk.wait(1.0, ends=True)


def test_a_difference_that_lasts_for_a_minute_kills() -> None:
    desk = Desk().quoting()
    lasting(desk, 62)
    assert desk.state() is TradingState.PAUSED
    lasting(desk, 4)
    assert desk.state() is TradingState.KILLED
    text = desk.engine.causes.switch.causes[Cause.LEDGER_CONFLICT]
    assert text == "for 60 s: USD: venue 99993, books 100000"


def test_a_difference_that_changes_all_the_time_lasts_as_well() -> None:
    """Somebody else goes on trading while we stand still."""
    desk = Desk().quoting()
    lasting(desk, 5)
    for more in range(65):
        lasting(desk, 1, less=8 + more)
    assert Cause.LEDGER_CONFLICT in desk.causes


def test_a_venue_that_does_not_answer_kills_nobody() -> None:
    desk = Desk().quoting()
    lasting(desk, 5)
    assert Cause.RECONCILIATION in desk.causes
    asked_ns = desk.now_ns
    for _ in range(200):
        desk.report_failed(ReportKind.BALANCES)
        desk.wait(1.0, ends=True)
    held = {**OPENING, "USD": OPENING["USD"] - 7}
    late = BalanceReport(ts_ns=desk.now_ns, asked_ns=asked_ns, free=held, locked={})
    desk.tell(late)  # what was so back then says nothing of now
    assert desk.state() is TradingState.PAUSED
    lasting(desk, 1)
    assert desk.state() is TradingState.KILLED


def test_balances_that_agree_again_start_the_minute_anew() -> None:
    desk = Desk().quoting()
    lasting(desk, 60)
    desk.balances()
    assert desk.state() is TradingState.RUNNING
    lasting(desk, 60)
    assert desk.state() is TradingState.PAUSED


def test_a_fill_that_the_venue_owes_us_for_a_minute_kills() -> None:
    desk = Desk().quoting()
    desk.done(desk.wanted(BUY), "1")
    desk.wait(75.0, ends=True)
    assert desk.state() is TradingState.PAUSED  # its list of trades did not come
    assert Cause.RECONCILIATION in desk.causes
    desk.trades()
    assert desk.state() is TradingState.KILLED
    text = desk.engine.causes.switch.causes[Cause.LEDGER_CONFLICT]
    assert text.endswith(": fills owed for q01run1")


def test_a_fill_that_comes_with_the_list_is_not_owed_any_more() -> None:
    desk = Desk().quoting()
    order = desk.wanted(BUY)
    desk.done(order, "1")
    desk.wait(75.0, ends=True)
    desk.trades(desk.fill_of(order))
    desk.wait(0.1)
    assert desk.causes == set()


# holdings beyond the limit, at the venue (K1)


def held_at_venue(desk: Desk, inventory: str, *, asked_ns: int | None = None) -> None:
    """A report of balances by which our inventory is this."""
    held = {**desk.engine.inventory.balances, "ABC": 100 + Decimal(inventory)}
    asked_ns = asked_ns or desk.now_ns
    desk.tell(BalanceReport(ts_ns=desk.now_ns, asked_ns=asked_ns, free=held, locked={}))


@pytest.mark.parametrize("inventory", ["50", "-50", "10.001"])
def test_holdings_beyond_the_limit_in_two_reports_kill(inventory: str) -> None:
    desk = Desk().quoting()
    held_at_venue(desk, inventory)
    assert desk.state() is TradingState.RUNNING
    desk.wait(1.0)
    held_at_venue(desk, inventory)
    assert desk.causes == {Cause.INVENTORY_BREACH}
    text = desk.engine.causes.switch.causes[Cause.INVENTORY_BREACH]
    assert text == f"inventory {inventory} at the venue, 0 in our books, limit 10"


@pytest.mark.parametrize("inventory", ["10", "-10", "9", "NaN"])
def test_holdings_within_the_limit_are_a_difference_and_no_more(inventory: str) -> None:
    desk = Desk().quoting()
    for _ in range(5):
        held_at_venue(desk, inventory)
        desk.wait(1.0, ends=True)
    assert desk.causes == {Cause.RECONCILIATION}


def test_one_report_between_two_that_is_within_the_limit_breaks_the_row() -> None:
    desk = Desk().quoting()
    for inventory in ("50", "0", "50"):
        held_at_venue(desk, inventory)
        desk.wait(1.0)
    assert desk.state() is TradingState.RUNNING


def test_a_report_from_before_the_newest_fill_says_nothing() -> None:
    desk = Desk().quoting()
    asked_ns = desk.now_ns
    desk.wait(0.1)
    desk.fill(desk.wanted(SELL), "0.1")
    for _ in range(3):
        held_at_venue(desk, "50", asked_ns=asked_ns)
        desk.wait(0.5)
    assert desk.state() is TradingState.RUNNING
    assert asked_ns < desk.now_ns - NS_PER_S


def test_an_inventory_beyond_the_limit_that_is_in_our_books_as_well_is_known() -> None:
    """Somebody re-armed with it: it may shrink, and reports may be a fill behind."""
    desk = Desk().quoting()
    desk.engine.inventory.balances["ABC"] += 15
    for inventory in ("15", "14.5", "15"):
        held_at_venue(desk, inventory)
        desk.wait(1.0)
    assert Cause.INVENTORY_BREACH not in desk.causes
