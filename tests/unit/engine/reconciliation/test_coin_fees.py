"""Fees in a third coin are costs at a price of their time; without a price quoting pauses."""

from dataclasses import replace
from decimal import Decimal

import pytest

from quoter.domain.commands import RequestReport
from quoter.domain.events import CoinPrice, ReportFailed
from quoter.domain.market import Side
from quoter.domain.reasons import ReportKind
from quoter.domain.step import Step
from quoter.domain.trading import Cause, TradingState
from quoter.domain.units import NS_PER_S
from tests.unit.engine.cases import EngineHarness, commands, config, limits
from tests.unit.state.cases import BUY, SELL

BNB = "BNB"
PRICE = Decimal(600)


def asked(steps: Step | list[Step]) -> list[str]:
    """The coins whose price was requested."""
    found = [c for c in commands(steps) if isinstance(c, RequestReport)]
    return [request.coin for request in found if request.kind is ReportKind.COIN_PRICE]


def pay(harness: EngineHarness, side: Side = BUY, fee: str = "0.01", coin: str = BNB) -> Step:
    """A small fill of a side's order whose fee is in another coin."""
    reported = harness.fill_of(harness.wanted(side), "0.001", fee=fee)
    return harness.give(replace(reported, fee_asset=coin))


def later(harness: EngineHarness, seconds: float) -> list[Step]:
    """Let time pass while the venue ends the orders that we cancel; the steps meanwhile."""
    first = len(harness.steps)
    for _ in range(round(seconds * 10)):
        harness.wait(0.1)
        for order in list(harness.engine.orders):
            if order.cancel_reason is not None:
                harness.done(order, str(order.filled))
        harness.rest()
    return harness.steps[first:]


def tell_price(
    harness: EngineHarness, price: Decimal = PRICE, *, coin: str = BNB, ago_s: float = 0.0
) -> Step:
    asked_ns = harness.now_ns - round(ago_s * NS_PER_S)
    return harness.give(CoinPrice(ts_ns=harness.now_ns, asked_ns=asked_ns, coin=coin, price=price))


def fees(harness: EngineHarness) -> Decimal:
    return harness.engine.attribution.pnl(harness.engine.market.mid).fees


def test_fees_in_a_third_coin_reach_the_loss_limit() -> None:
    """Fills cost 6 USD each, while 5 may be lost: the first one kills."""
    harness = EngineHarness(config(limits=limits(loss_max=Decimal(5)))).quoting()
    for number in range(60):
        if harness.state() is not TradingState.RUNNING:
            break
        if asked(pay(harness, (BUY, SELL)[number % 2])):
            tell_price(harness)
        harness.tick()
    assert Cause.LOSS_LIMIT in harness.causes
    assert harness.engine.inventory.fees_paid[BNB] == Decimal("0.01")
    assert harness.engine.losses.equity < -5


def test_fee_waits_for_the_price_and_then_counts_for_the_loss_limit() -> None:
    harness = EngineHarness(config(limits=limits(drawdown_max=Decimal(6)))).quoting()
    assert asked(pay(harness)) == [BNB]
    assert fees(harness) == 0
    tell_price(harness)
    assert fees(harness) == 6
    assert harness.causes == {Cause.DRAWDOWN_LIMIT}
    pnl = harness.engine.attribution.pnl(harness.engine.market.mid)
    assert pnl.total == pnl.spread + pnl.inventory - pnl.fees


def test_a_price_serves_a_minute_and_every_fee_is_debited_once() -> None:
    harness = EngineHarness().quoting()
    pay(harness)
    tell_price(harness)
    later(harness, 59.0)
    assert asked(pay(harness, SELL)) == []
    assert fees(harness) == 12
    later(harness, 2.0)
    assert asked(pay(harness)) == [BNB]
    assert fees(harness) == 12
    tell_price(harness, Decimal(500))
    tell_price(harness, Decimal(700))
    assert fees(harness) == 17
    sides = harness.engine.attribution.pnl(harness.engine.market.mid).sides
    assert sides[BUY].fees == 11
    assert sides[SELL].fees == 6


def test_no_price_is_requested_while_no_fee_waits() -> None:
    harness = EngineHarness().quoting()
    pay(harness)
    tell_price(harness)
    assert asked(later(harness, 120.0)) == []


@pytest.mark.parametrize("coin", ["USD", "ABC"])
def test_fees_in_our_own_coins_need_no_price(coin: str) -> None:
    harness = EngineHarness().quoting()
    assert asked(pay(harness, fee="0.0001", coin=coin)) == []
    assert asked(pay(harness, fee="0")) == []
    assert asked(later(harness, 20.0)) == []
    assert Cause.FEE_UNPRICED not in harness.causes


def test_fee_without_a_price_pauses_until_it_has_one() -> None:
    harness = EngineHarness().quoting()
    pay(harness)
    assert asked(later(harness, 9.5)) == [BNB] * 4  # every two seconds
    assert harness.state() is TradingState.RUNNING
    harness.report_failed(ReportKind.COIN_PRICE)
    later(harness, 0.6)
    assert harness.state() is TradingState.PAUSED
    text = harness.engine.causes.switch.causes[Cause.FEE_UNPRICED]
    assert text == "no price of the coins that fees were paid in: BNB 0.01: no answer"
    later(harness, 60.0)
    assert harness.state() is TradingState.PAUSED
    tell_price(harness)
    assert harness.causes == set()
    assert fees(harness) == 6


def test_the_failure_of_another_report_is_not_the_reason() -> None:
    harness = EngineHarness().quoting()
    pay(harness)
    for kind, text in ((ReportKind.COIN_PRICE, "no market"), (ReportKind.TRADES, "away")):
        harness.give(ReportFailed(ts_ns=harness.now_ns, kind=kind, text=text))
    later(harness, 10.1)
    assert harness.engine.causes.switch.causes[Cause.FEE_UNPRICED].endswith(": no market")


@pytest.mark.parametrize("price", ["0", "-1", "NaN", "sNaN", "Infinity", "1e30"])
def test_invalid_price_debits_nothing_and_is_counted(price: str) -> None:
    harness = EngineHarness().quoting()
    pay(harness)
    step = tell_price(harness, Decimal(price))
    assert [what for what, _ in step.anomalies] == ["bad_coin_price"]
    assert fees(harness) == 0
    later(harness, 10.1)
    assert Cause.FEE_UNPRICED in harness.causes


def test_an_old_price_or_one_of_another_coin_is_not_used() -> None:
    harness = EngineHarness().quoting()
    pay(harness)
    tell_price(harness, ago_s=61.0)
    tell_price(harness, coin="XYZ")
    assert fees(harness) == 0
    assert tell_price(harness, ago_s=-3_600.0).anomalies == ()  # from a clock that is ahead of ours
    assert fees(harness) == 6
    later(harness, 61.0)
    assert asked(pay(harness)) == [BNB]


def test_a_rebate_in_a_third_coin_is_earned_at_its_price() -> None:
    harness = EngineHarness().quoting()
    pay(harness, fee="-0.01")
    tell_price(harness)
    assert fees(harness) == -6
