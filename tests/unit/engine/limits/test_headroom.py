"""Headroom for more orders within limits, balances and live orders."""

from decimal import Decimal

from quoter.domain.market import Side
from quoter.domain.quotes import Quote
from quoter.domain.trading import TradingState
from quoter.engine.limits.headroom import Headroom
from tests.unit.engine.cases import EngineHarness, config, limits
from tests.unit.state.cases import BUY, SELL

RUNNING, REDUCE_ONLY = TradingState.RUNNING, TradingState.REDUCE_ONLY


def headroom(harness: EngineHarness) -> Headroom:
    engine = harness.engine
    return Headroom(
        config=engine.config,
        instrument=engine.instrument,
        market=engine.market,
        orders=engine.orders,
        inventory=engine.inventory,
    )


def quote(side: Side, size: str, ticks: int = 1000) -> Quote:
    return Quote(side=side, ticks=ticks, price=Decimal(ticks) / 10, size=Decimal(size))


def test_size_is_limited_by_inventory_max_less_inventory_and_leaves() -> None:
    harness = EngineHarness(config(limits=limits(inventory_max=Decimal(3)))).quoting()
    harness.fill(harness.wanted(BUY))
    leaves = harness.engine.orders.leaves(BUY)
    assert headroom(harness).size(quote(BUY, "9"), RUNNING) == 3 - 1 - leaves
    assert headroom(harness).size(quote(BUY, "0.5"), RUNNING) == Decimal("0.5")


def test_reduce_only_leaves_the_inventory_not_reduced_yet() -> None:
    harness = EngineHarness().quoting()
    harness.fill(harness.wanted(BUY))
    leaves = harness.engine.orders.leaves(SELL)
    assert headroom(harness).size(quote(SELL, "9"), REDUCE_ONLY) == max(Decimal(0), 1 - leaves)
    assert headroom(harness).reduces(SELL)
    assert not headroom(harness).reduces(BUY)


def test_buys_reserve_their_notional() -> None:
    harness = EngineHarness().quoting()
    order = harness.wanted(BUY)
    assert headroom(harness).notional_of_buys() == order.leaves * order.price


def test_fitting_counts_resting_orders_as_gone_and_shrinks_the_last_level() -> None:
    harness = EngineHarness(config(limits=limits(inventory_max=Decimal(3)))).quoting()
    wanted = (quote(BUY, "2", 990), quote(BUY, "2", 980))
    resting = harness.orders(BUY)
    fitting = headroom(harness).fitting(wanted, resting, BUY, RUNNING)
    assert [level.size for level in fitting] == [2, 1]
