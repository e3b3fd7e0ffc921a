"""Fees in a third coin come off the profit at a price of their time, or we do not trade."""

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
from tests.unit.engine.cases import Desk, commands, config, limits
from tests.unit.state.cases import BUY, SELL

BNB = "BNB"
PRICE = Decimal(600)


def asked(steps: Step | list[Step]) -> list[str]:
    """Of which coins the price was asked for."""
    found = [c for c in commands(steps) if isinstance(c, RequestReport)]
    return [request.coin for request in found if request.kind is ReportKind.COIN_PRICE]


def pay(desk: Desk, side: Side = BUY, fee: str = "0.01", coin: str = BNB) -> Step:
    """A small fill of a side's order whose fee is in another coin."""
    told = desk.fill_of(desk.wanted(side), "0.001", fee=fee)
    return desk.tell(replace(told, fee_asset=coin))


def later(desk: Desk, seconds: float) -> list[Step]:
    """Time passes, and the venue does what is asked of orders; the steps of it."""
    first = len(desk.steps)
    for _ in range(round(seconds * 10)):
        desk.wait(0.1)
        for order in list(desk.engine.orders):
            if order.cancel_reason is not None:
                desk.done(order, str(order.filled))
        desk.rest()
    return desk.steps[first:]


def tell_price(desk: Desk, price: Decimal = PRICE, *, coin: str = BNB, ago_s: float = 0.0) -> Step:
    asked_ns = desk.now_ns - round(ago_s * NS_PER_S)
    return desk.tell(CoinPrice(ts_ns=desk.now_ns, asked_ns=asked_ns, coin=coin, price=price))


def fees(desk: Desk) -> Decimal:
    return desk.engine.attribution.pnl(desk.engine.market.mid).fees


def test_fees_in_a_third_coin_reach_the_loss_limit() -> None:
    """Sixty fills that cost 6 USD each, while 5 may be lost: it is over after the first."""
    desk = Desk(config(limits=limits(loss_max=Decimal(5)))).quoting()
    for number in range(60):
        if desk.state() is not TradingState.RUNNING:
            break
        if asked(pay(desk, (BUY, SELL)[number % 2])):
            tell_price(desk)
        desk.tick()
    assert Cause.LOSS_LIMIT in desk.causes
    assert desk.engine.inventory.fees_paid[BNB] == Decimal("0.01")
    assert desk.engine.losses.equity < -5


def test_a_fee_waits_for_the_price_and_is_judged_when_it_comes() -> None:
    desk = Desk(config(limits=limits(drawdown_max=Decimal(6)))).quoting()
    assert asked(pay(desk)) == [BNB]
    assert fees(desk) == 0
    tell_price(desk)
    assert fees(desk) == 6
    assert desk.causes == {Cause.DRAWDOWN_LIMIT}
    pnl = desk.engine.attribution.pnl(desk.engine.market.mid)
    assert pnl.total == pnl.spread + pnl.inventory - pnl.fees


def test_a_price_serves_a_minute_and_every_fee_is_debited_once() -> None:
    desk = Desk().quoting()
    pay(desk)
    tell_price(desk)
    later(desk, 59.0)
    assert asked(pay(desk, SELL)) == []
    assert fees(desk) == 12
    later(desk, 2.0)
    assert asked(pay(desk)) == [BNB]
    assert fees(desk) == 12
    tell_price(desk, Decimal(500))
    tell_price(desk, Decimal(700))
    assert fees(desk) == 17
    sides = desk.engine.attribution.pnl(desk.engine.market.mid).sides
    assert sides[BUY].fees == 11
    assert sides[SELL].fees == 6


def test_nobody_is_asked_while_no_fee_waits() -> None:
    desk = Desk().quoting()
    pay(desk)
    tell_price(desk)
    assert asked(later(desk, 120.0)) == []


@pytest.mark.parametrize("coin", ["USD", "ABC"])
def test_fees_in_our_own_coins_need_no_price(coin: str) -> None:
    desk = Desk().quoting()
    assert asked(pay(desk, fee="0.0001", coin=coin)) == []
    assert asked(pay(desk, fee="0")) == []
    assert asked(later(desk, 20.0)) == []
    assert Cause.FEE_UNPRICED not in desk.causes


def test_a_fee_that_nobody_can_price_pauses_until_somebody_can() -> None:
    desk = Desk().quoting()
    pay(desk)
    assert asked(later(desk, 9.5)) == [BNB] * 4  # every two seconds
    assert desk.state() is TradingState.RUNNING
    desk.report_failed(ReportKind.COIN_PRICE)
    later(desk, 0.6)
    assert desk.state() is TradingState.PAUSED
    text = desk.engine.causes.switch.causes[Cause.FEE_UNPRICED]
    assert text == "fees without a price: BNB 0.01; no answer"
    later(desk, 60.0)
    assert desk.state() is TradingState.PAUSED
    tell_price(desk)
    assert desk.causes == set()
    assert fees(desk) == 6


def test_the_failure_of_another_report_is_not_the_reason() -> None:
    desk = Desk().quoting()
    pay(desk)
    for kind, text in ((ReportKind.COIN_PRICE, "no market"), (ReportKind.TRADES, "away")):
        desk.tell(ReportFailed(ts_ns=desk.now_ns, kind=kind, text=text))
    later(desk, 10.1)
    assert desk.engine.causes.switch.causes[Cause.FEE_UNPRICED].endswith("; no market")


@pytest.mark.parametrize("price", ["0", "-1", "NaN", "sNaN", "Infinity", "1e30"])
def test_what_is_no_price_debits_nothing_and_is_told(price: str) -> None:
    desk = Desk().quoting()
    pay(desk)
    step = tell_price(desk, Decimal(price))
    assert [what for what, _ in step.anomalies] == ["bad_coin_price"]
    assert fees(desk) == 0
    later(desk, 10.1)
    assert Cause.FEE_UNPRICED in desk.causes


def test_a_price_of_long_ago_or_of_another_coin_prices_nothing() -> None:
    desk = Desk().quoting()
    pay(desk)
    tell_price(desk, ago_s=61.0)
    tell_price(desk, coin="XYZ")
    assert fees(desk) == 0
    assert tell_price(desk, ago_s=-3_600.0).anomalies == ()  # of a clock that is ahead of ours
    assert fees(desk) == 6
    later(desk, 61.0)
    assert asked(pay(desk)) == [BNB]


def test_a_rebate_in_a_third_coin_is_earned_at_its_price() -> None:
    desk = Desk().quoting()
    pay(desk, fee="-0.01")
    tell_price(desk)
    assert fees(desk) == -6
