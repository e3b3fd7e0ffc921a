"""The sign of the skew at the exchange: after a burst of buys we are short and quote higher."""

from dataclasses import dataclass, replace
from decimal import Decimal

import pytest

from quoter.backtest.tape_run import ACCOUNT
from quoter.domain.market import Side
from quoter.domain.step import Step
from quoter.sim.messages import MarketSpec
from quoter.sim.scripts import Burst
from tests.simulation.harness import Setup, Simulation
from tests.simulation.makers import LOTS_MAX, PAPER, REQUOTE_AT_ONCE, maker

# Seconds: start of the flat period, start of the burst, end of its delayed requotes, end.
FLAT_S, BURST_S, SETTLED_S, REVERTED_S = 4.0, 5.0, 11.0, 200.0

# Hardly any trades apart from the burst; the mid hardly moves; other orders are small and far from
# it, so that the burst fills ours.
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
    """Inventory in lots, and our best orders relative to the mid of the other orders."""

    at_s: float
    lots: float
    bid: float
    ask: float


class Watcher:
    """Reads our orders from the exchange, not from the engine."""

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
    """Run four market orders, 1.5 s apart, each large enough to fill one of ours."""
    config = maker(market, order_size=ORDER_SIZE, requote=REQUOTE_AT_ONCE)
    simulation = Simulation(Setup(market=market, engine=config, seed=seed))
    watcher = Watcher(simulation)
    simulation.observers.append(watcher)
    notional = 4 * market.mid * ORDER_SIZE * Decimal("1.1")
    simulation.script(Burst(side=side, notional=notional, slices=4, every_s=1.5), BURST_S)
    simulation.run_until(REVERTED_S)
    return simulation, watcher


@pytest.mark.parametrize("side", list(Side))
def test_burst_moves_both_quotes_in_its_direction_and_inventory_reverts(side: Side) -> None:
    """After buys we are short and both quotes rise; after sells we are long and both fall."""
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


def test_side_that_adds_inventory_moves_away_more() -> None:
    """Short: the ask has moved farther from its flat price than the bid has moved nearer."""
    _, watcher = burst(Side.BUY)
    flat = [s for s in watcher.seen if FLAT_S <= s.at_s < BURST_S][-1]
    deep = min((s for s in watcher.seen if s.at_s > SETTLED_S), key=lambda s: s.lots)
    assert deep.ask - flat.ask > deep.bid - flat.bid > 0


def test_profit_parts_add_up_and_the_ledger_equals_the_exchange() -> None:
    """Fees are paid in both assets; the comparison is exact."""
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


def test_own_orders_do_not_move_the_mid() -> None:
    """Our orders are the best prices here; a fill arrives 100 ms before the depth without it."""
    config = maker(CALM, order_size=ORDER_SIZE)
    simulation = Simulation(Setup(market=replace(CALM, intensity=3.0), engine=config, seed=1))
    errors: list[float] = []

    def observe(_: Step) -> None:
        mid = simulation.engine.market.mid
        if mid is not None:
            errors.append(abs(mid - simulation.exchange.mid(CALM.symbol)))

    simulation.observers.append(observe)
    simulation.run_until(60.0)
    assert simulation.engine.inventory.fills_buy > 10 < simulation.engine.inventory.fills_sell
    assert max(errors) < 0.1  # an error of our own spread would be 0.5
