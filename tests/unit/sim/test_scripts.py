"""Scripted flow: trades, times and market conditions."""

from dataclasses import replace
from decimal import Decimal
from random import Random

import pytest

from quoter.domain.units import NEVER_NS, NS_PER_S
from quoter.sim.flow import SCRIPTS_MAX
from quoter.sim.messages import PrintNews
from quoter.sim.scripts import CALM, Burst, Crash, InformedTrader, Script, combine
from tests.unit.sim.cases import BUY, SELL, SYMBOL, market, order, reports, venue


def test_burst_trades_through_the_book_and_account_asks() -> None:
    """The background at 101.0 trades first, then our ask at 101.1, and so on by price."""
    exchange = venue()
    asks = exchange.depth(SYMBOL, 3).asks
    in_front = sum(price * size for price, size in asks[:1])
    exchange.place("a", order(SELL, "101.1", "2"), 1)
    exchange.script(SYMBOL, Burst(side=BUY, notional=in_front + Decimal("101.1")), NS_PER_S)
    news = exchange.advance(2 * NS_PER_S)
    (report,) = reports(news)
    assert report.trade is not None
    assert (report.trade.price, report.trade.size) == (Decimal("101.1"), Decimal(1))
    prints = [one for one in news if isinstance(one, PrintNews)]
    assert [one.price for one in prints] == [Decimal("101.0"), Decimal("101.1")]
    assert {one.ts_ns for one in prints} == {NS_PER_S}
    assert sum(one.price * one.size for one in prints) == in_front + Decimal("101.1")


def test_burst_in_slices_spends_its_notional_evenly() -> None:
    exchange = venue()
    exchange.place("a", order(BUY, "99.5", "50"), 1)
    script = Burst(side=SELL, notional=Decimal(1990), slices=4, every_s=0.5)
    exchange.script(SYMBOL, script, NS_PER_S)
    trades = [one.trade for one in reports(exchange.advance(10 * NS_PER_S))]
    assert [trade.ts_ns for trade in trades if trade] == [
        NS_PER_S,
        NS_PER_S * 3 // 2,
        NS_PER_S * 2,
        NS_PER_S * 5 // 2,
    ]
    assert [trade.size for trade in trades if trade] == [Decimal(5)] * 4


def test_informed_trader_buys_before_the_drift() -> None:
    """More takers of one side come first, the price drifts two seconds later, then both end."""
    script = InformedTrader(side=BUY, length_s=20.0, lead_s=2.0, drift_bps=50.0, flow=5.0)
    rng = Random(1)
    run = script.start(NS_PER_S, rng)
    run.act(rng)
    early, late = run.conditions(2 * NS_PER_S), run.conditions(3 * NS_PER_S + 1)
    assert (early.buys, early.sells, early.drift) == (5.0, 1.0, 0.0)
    assert late.buys == 5.0
    assert late.drift == pytest.approx(0.005)
    assert run.next_ns == NEVER_NS
    assert run.is_over(10_000 * NS_PER_S)
    exchange = venue(market(intensity=5.0))
    exchange.script(SYMBOL, replace(script, bursts=5, every_s=5.0), NS_PER_S)
    news = exchange.advance(200 * NS_PER_S)
    assert exchange.mid(SYMBOL) > 110
    takers = [one.taker for one in news if isinstance(one, PrintNews)]
    assert takers.count(BUY) > takers.count(SELL)


def test_bursts_of_an_informed_trader_do_not_overlap() -> None:
    rng = Random(2)
    run = InformedTrader(bursts=3, every_s=10.0, length_s=5.0).start(0, rng)
    starts = []
    while run.next_ns != NEVER_NS:
        starts.append(run.next_ns)
        run.act(rng)
    assert len(starts) == 3
    assert starts == sorted(set(starts))


def test_crash_falls_and_recovers_partly() -> None:
    exchange = venue(market(sigma=0.01, intensity=1.0))
    exchange.script(SYMBOL, Crash(time_scale=4.0), 0)
    lows = []
    for second in range(1, 121):
        exchange.advance(second * NS_PER_S)
        lows.append(exchange.mid(SYMBOL))
    assert min(lows) < 88
    assert lows.index(min(lows)) < 50
    assert lows[-1] > min(lows) * 1.05
    widths = [ask - bid for bid, ask in _best_at(4.0, (0.5, 20.0, 40.0))]
    assert widths == sorted(widths)
    assert widths[0] < widths[-1]


def _best_at(time_scale: float, seconds: tuple[float, ...]) -> list[tuple[Decimal, Decimal]]:
    exchange = venue(market(sigma=0.01))
    exchange.script(SYMBOL, Crash(time_scale=time_scale), 0)
    best = []
    for second in seconds:
        exchange.advance(round(second * NS_PER_S))
        book = exchange.depth(SYMBOL, 1)
        best.append((book.bids[0][0], book.asks[0][0]))
    return best


def test_crash_ends_after_its_aftermath() -> None:
    run = Crash(time_scale=1.0).start(0, Random(1))
    early, late = run.conditions(481 * NS_PER_S), run.conditions(3000 * NS_PER_S)
    assert early.volatility > late.volatility > 1.0
    assert 0.5 < early.kappa < late.kappa < 1.0
    assert run.is_over(3480 * NS_PER_S)


def test_price_stays_above_zero() -> None:
    exchange = venue(market(sigma=60.0, intensity=2.0))
    exchange.script(SYMBOL, Crash(time_scale=50.0), 0)
    exchange.advance(60 * NS_PER_S)
    assert exchange.mid(SYMBOL) > 0
    assert all(price > 0 for price, _ in exchange.depth(SYMBOL, 100).bids)


def test_multipliers_of_scripts_multiply_and_drifts_add() -> None:
    rng = Random(1)
    crash = Crash().start(0, rng).conditions(NS_PER_S)
    both = combine([crash, crash])
    assert both.volatility == crash.volatility**2
    assert both.drift == 2 * crash.drift
    assert combine([]) == CALM


@pytest.mark.parametrize(
    ("script", "fields"),
    [
        (Burst, {"side": BUY, "notional": Decimal(0)}),
        (Burst, {"side": BUY, "notional": Decimal("NaN")}),
        (Burst, {"side": BUY, "notional": Decimal(1), "slices": 0}),
        (Burst, {"side": BUY, "notional": Decimal(1), "every_s": float("nan")}),
        (InformedTrader, {"length_s": 0.0}),
        (InformedTrader, {"drift_bps": float("nan")}),
        (InformedTrader, {"bursts": 0}),
        (Crash, {"time_scale": 0.0}),
        (Crash, {"time_scale": float("inf")}),
    ],
)
def test_script_parameters_out_of_domain_raise(
    script: type[Script], fields: dict[str, object]
) -> None:
    with pytest.raises(ValueError, match="out of domain"):
        script(**fields)


def test_number_of_running_scripts_is_limited() -> None:
    exchange = venue()
    for _ in range(SCRIPTS_MAX):
        exchange.script(SYMBOL, Crash(), 0)
    with pytest.raises(ValueError, match="scripts run already"):
        exchange.script(SYMBOL, Crash(), 0)


def test_finished_script_does_not_count() -> None:
    exchange = venue()
    for _ in range(SCRIPTS_MAX):
        exchange.script(SYMBOL, Burst(side=BUY, notional=Decimal(10)), 0)
    exchange.advance(NS_PER_S)
    exchange.script(SYMBOL, Crash(), NS_PER_S)
