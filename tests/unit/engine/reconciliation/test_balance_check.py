"""A difference of balances that stays raises a cause; one by a late fill does not."""

from decimal import Decimal

import pytest

from quoter.domain.events import BalanceReport
from quoter.domain.reasons import ReportKind
from quoter.domain.trading import Cause, TradingState
from quoter.domain.units import NS_PER_S
from tests.unit.engine.cases import OPENING, EngineHarness
from tests.unit.state.cases import BUY, SELL


def test_changing_differences_are_fills_not_reported_yet() -> None:
    harness = EngineHarness().quoting()
    for late in range(1, 8):
        harness.balances(USD=harness.engine.inventory.balances["USD"] - late)
        harness.wait(1.0)
    assert Cause.RECONCILIATION not in harness.causes


def test_real_difference_is_found_however_much_is_traded() -> None:
    harness = EngineHarness().quoting()
    for _ in range(4):
        harness.fill(harness.wanted(BUY), "0.1")
        harness.balances(USD=harness.engine.inventory.balances["USD"] - 7)
        harness.wait(1.0)
    assert Cause.RECONCILIATION in harness.causes


@pytest.mark.parametrize("held", ["NaN", "Infinity", "sNaN"])
def test_a_balance_that_is_not_a_number_is_a_lasting_difference(held: str) -> None:
    harness = EngineHarness().quoting()
    for _ in range(5):
        harness.balances(USD=Decimal(held))
        harness.wait(1.0)
    assert Cause.RECONCILIATION in harness.causes


# a difference that lasts


def lasting(harness: EngineHarness, seconds: int, *, less: int = 7) -> None:
    """Every second a report in which some quote currency is missing."""
    for _ in range(seconds):
        harness.balances(USD=harness.engine.inventory.balances["USD"] - less)
        harness.wait(1.0, ends=True)


def test_a_difference_that_lasts_for_a_minute_kills() -> None:
    harness = EngineHarness().quoting()
    lasting(harness, 62)
    assert harness.state() is TradingState.PAUSED
    lasting(harness, 4)
    assert harness.state() is TradingState.KILLED
    text = harness.engine.causes.switch.causes[Cause.LEDGER_CONFLICT]
    assert text == "a difference for 60 s: USD: the venue has 99993, our books 100000"


def test_a_changing_difference_also_counts_as_lasting() -> None:
    """Another trader of the account continues while we are paused."""
    harness = EngineHarness().quoting()
    lasting(harness, 5)
    for more in range(65):
        lasting(harness, 1, less=8 + more)
    assert Cause.LEDGER_CONFLICT in harness.causes


def test_missing_answers_do_not_kill() -> None:
    harness = EngineHarness().quoting()
    lasting(harness, 5)
    assert Cause.RECONCILIATION in harness.causes
    asked_ns = harness.now_ns
    for _ in range(200):
        harness.report_failed(ReportKind.BALANCES)
        harness.wait(1.0, ends=True)
    held = {**OPENING, "USD": OPENING["USD"] - 7}
    late = BalanceReport(ts_ns=harness.now_ns, asked_ns=asked_ns, free=held, locked={})
    harness.give(late)  # an old report says nothing about the present
    assert harness.state() is TradingState.PAUSED
    lasting(harness, 1)
    assert harness.state() is TradingState.KILLED


def test_equal_balances_restart_the_minute() -> None:
    harness = EngineHarness().quoting()
    lasting(harness, 60)
    harness.balances()
    assert harness.state() is TradingState.RUNNING
    lasting(harness, 60)
    assert harness.state() is TradingState.PAUSED


def test_fill_missing_for_a_minute_kills() -> None:
    harness = EngineHarness().quoting()
    harness.done(harness.wanted(BUY), "1")
    harness.wait(75.0, ends=True)
    assert harness.state() is TradingState.PAUSED  # its list of trades did not arrive
    assert Cause.RECONCILIATION in harness.causes
    harness.trades()
    assert harness.state() is TradingState.KILLED
    text = harness.engine.causes.switch.causes[Cause.LEDGER_CONFLICT]
    assert text.endswith("fills that our books lack: orders q01run1")


def test_fill_in_the_list_of_trades_is_not_missing_any_more() -> None:
    harness = EngineHarness().quoting()
    order = harness.wanted(BUY)
    harness.done(order, "1")
    harness.wait(75.0, ends=True)
    harness.trades(harness.fill_of(order))
    harness.wait(0.1)
    assert harness.causes == set()


# balances beyond the limit, at the venue


def held_at_venue(harness: EngineHarness, inventory: str, *, asked_ns: int | None = None) -> None:
    """A balance report in which our inventory is this."""
    held = {**harness.engine.inventory.balances, "ABC": 100 + Decimal(inventory)}
    asked_ns = asked_ns or harness.now_ns
    harness.give(BalanceReport(ts_ns=harness.now_ns, asked_ns=asked_ns, free=held, locked={}))


@pytest.mark.parametrize("inventory", ["50", "-50", "10.001"])
def test_holdings_beyond_the_limit_in_two_reports_kill(inventory: str) -> None:
    harness = EngineHarness().quoting()
    held_at_venue(harness, inventory)
    assert harness.state() is TradingState.RUNNING
    harness.wait(1.0)
    held_at_venue(harness, inventory)
    assert harness.causes == {Cause.INVENTORY_BREACH}
    text = harness.engine.causes.switch.causes[Cause.INVENTORY_BREACH]
    assert (
        text
        == f"inventory {inventory} at the venue, 0 in our books, limit 10 (QUOTER_INVENTORY_MAX)"
    )


@pytest.mark.parametrize("inventory", ["10", "-10", "9", "NaN"])
def test_holdings_within_the_limit_are_a_difference_and_no_more(inventory: str) -> None:
    harness = EngineHarness().quoting()
    for _ in range(5):
        held_at_venue(harness, inventory)
        harness.wait(1.0, ends=True)
    assert harness.causes == {Cause.RECONCILIATION}


def test_report_within_the_limit_restarts_the_count() -> None:
    harness = EngineHarness().quoting()
    for inventory in ("50", "0", "50"):
        held_at_venue(harness, inventory)
        harness.wait(1.0)
    assert harness.state() is TradingState.RUNNING


def test_report_from_before_the_newest_fill_is_skipped() -> None:
    harness = EngineHarness().quoting()
    asked_ns = harness.now_ns
    harness.wait(0.1)
    harness.fill(harness.wanted(SELL), "0.1")
    for _ in range(3):
        held_at_venue(harness, "50", asked_ns=asked_ns)
        harness.wait(0.5)
    assert harness.state() is TradingState.RUNNING
    assert asked_ns < harness.now_ns - NS_PER_S


def test_inventory_beyond_the_limit_in_our_books_too_does_not_kill() -> None:
    """An operator re-armed with it: it may shrink, and reports may lack a fill."""
    harness = EngineHarness().quoting()
    harness.engine.inventory.balances["ABC"] += 15
    for inventory in ("15", "14.5", "15"):
        held_at_venue(harness, inventory)
        harness.wait(1.0)
    assert Cause.INVENTORY_BREACH not in harness.causes
