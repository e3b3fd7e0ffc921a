"""The sign of the skew, seen at the venue: after a burst of buys we are short and quote higher."""

from dataclasses import dataclass, replace
from decimal import Decimal

import pytest

from quoter.domain.market import Side
from quoter.domain.step import Step
from quoter.sim.messages import MarketSpec
from quoter.sim.scripts import Burst
from tests.simulation.harness import ACCOUNT, Setup, Simulation
from tests.simulation.makers import EAGER, LOTS_MAX, PAPER, maker

# Calm before, the burst's begin, requotes (which are held back) done after its end, the end.
FLAT_S, BURST_S, SETTLED_S, REVERTED_S = 4.0, 5.0, 11.0, 200.0

# Nobody trades before the burst and few after it; the mid hardly moves; the background is thin and
# far from it, so that a buyer of some lots meets us.
CALM = replace(
    PAPER,
    sigma=0.05,
    intensity=0.3,
    spread_ticks=400,
    depth_levels=2,
    depth_lots=1,
    lot=Decimal("0.01"),
    size_min=Decimal("0.01"),
)
ORDER_SIZE = Decimal(1)


@dataclass(frozen=True, slots=True)
class Seen:
    """Inventory in lots, and our best orders at the venue relative to the mid of others."""

    at_s: float
    lots: float
    bid: float
    ask: float


class Watcher:
    """Looks at the venue's book, not at what the engine believes."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self.seen: list[Seen] = []

    def __call__(self, _: Step) -> None:
        simulation = self._simulation
        market = simulation.setup.market
        mid = simulation.exchange.mid(market.symbol)
        orders = simulation.exchange.open_orders(ACCOUNT, market.symbol)
        bids = [float(order.price) - mid for order in orders if order.side is Side.BUY]
        asks = [float(order.price) - mid for order in orders if order.side is Side.SELL]
        if bids and asks:
            lots = float(simulation.engine.inventory.net / simulation.engine.config.order_size)
            self.seen.append(Seen(simulation.now_s, lots, max(bids), min(asks)))


def burst(side: Side, *, seed: int = 3, market: MarketSpec = CALM) -> tuple[Simulation, Watcher]:
    """Four retail orders, 1.5 s apart, each large enough for one of ours."""
    config = maker(market, order_size=ORDER_SIZE, requote=EAGER)
    simulation = Simulation(Setup(market=market, engine=config, seed=seed))
    watcher = Watcher(simulation)
    simulation.observers.append(watcher)
    notional = 4 * market.mid * ORDER_SIZE * Decimal("1.1")
    simulation.script(Burst(side=side, notional=notional, slices=4, every_s=1.5), BURST_S)
    simulation.run_until(REVERTED_S)
    return simulation, watcher


@pytest.mark.parametrize("side", list(Side))
def test_a_burst_moves_both_quotes_with_it_and_inventory_comes_back(side: Side) -> None:
    """Buyers leave us short, and both quotes rise; sellers leave us long, and both fall."""
    sign = side.sign
    simulation, watcher = burst(side)
    flat = [s for s in watcher.seen if FLAT_S <= s.at_s < BURST_S]
    deep = [s for s in watcher.seen if s.at_s > SETTLED_S and sign * s.lots <= -2]
    assert flat
    assert deep
    assert {s.lots for s in flat} == {0.0}
    assert min(sign * s.bid for s in deep) > max(sign * s.bid for s in flat)
    assert min(sign * s.ask for s in deep) > max(sign * s.ask for s in flat)
    after = [s for s in watcher.seen if s.at_s > deep[0].at_s]
    assert min(abs(s.lots) for s in after) < 0.5
    assert simulation.inventory.lots_max <= LOTS_MAX


def test_the_exposed_side_is_the_wide_one() -> None:
    """Short: the ask stands farther from its flat place than the bid has come nearer."""
    _, watcher = burst(Side.BUY)
    flat = [s for s in watcher.seen if FLAT_S <= s.at_s < BURST_S][-1]
    deep = min((s for s in watcher.seen if s.at_s > SETTLED_S), key=lambda s: s.lots)
    assert deep.ask - flat.ask > deep.bid - flat.bid > 0


def test_profit_splits_without_a_rest_and_the_ledger_is_the_truth() -> None:
    """Fees are taken in both assets; every digit counts."""
    market = replace(CALM, fee_maker=Decimal("0.0001"), intensity=3.0)
    simulation, _ = burst(Side.BUY, market=market)
    engine, truth = simulation.engine, simulation.truth()
    opening = engine.config.opening
    assert engine.inventory.fills_buy > 0 < engine.inventory.fills_sell
    assert engine.inventory.balances == truth
    shown = simulation.exchange.balances(ACCOUNT)
    assert {asset: free + locked for asset, (free, locked) in shown.items()} == truth
    pnl = engine.attribution.pnl(engine.market.mid)
    assert pnl.total == pnl.spread + pnl.inventory - pnl.fees
    assert pnl.fees > 0
    mark = engine.attribution.mark_of(engine.market.mid or 0.0)
    held = truth[market.base] - engine.config.target
    assert pnl.total == truth[market.quote] - opening[market.quote] + held * mark


def test_our_own_orders_are_never_taken_for_the_market() -> None:
    """We are the best prices here: a fill is known 100 ms before the depth that has it."""
    config = maker(CALM, order_size=ORDER_SIZE)
    simulation = Simulation(Setup(market=replace(CALM, intensity=3.0), engine=config, seed=1))
    errors: list[float] = []

    def look(_: Step) -> None:
        mid = simulation.engine.market.mid
        if mid is not None:
            errors.append(abs(mid - simulation.exchange.mid(CALM.symbol)))

    simulation.observers.append(look)
    simulation.run_until(60.0)
    assert simulation.engine.inventory.fills_buy > 10 < simulation.engine.inventory.fills_sell
    assert max(errors) < 0.1  # a spread of ours away from it would be 0.5
