"""A picture of the engine for everybody who watches; built when somebody looks."""

from typing import TYPE_CHECKING

from quoter.domain.market import Side
from quoter.domain.step import Snapshot

if TYPE_CHECKING:
    from quoter.engine.engine import Engine

DEPTH_SHOWN = 20


def take_snapshot(engine: "Engine") -> Snapshot:
    """Copies and read-only values: nothing in it changes afterwards."""
    market, inventory, orders = engine.market, engine.inventory, engine.orders
    bids, asks = market.levels(DEPTH_SHOWN)
    held = inventory.net
    counts = dict(engine.counts)
    counts["book_duplicates"] = market.book.duplicates
    return Snapshot(
        ts_ns=engine.ts_ns,
        seq=engine.seq,
        phase=engine.phase,
        trading_state=engine.causes.state,
        causes=engine.causes.switch.causes,
        book_ready=market.book.ready,
        book_ts_ns=market.book.ts_ns,
        bids=bids,
        asks=asks,
        mid=market.mid,
        quote=engine.quoting.latest,
        params=engine.controls.knobs.params,
        estimates=engine.learning.estimates(engine.ts_ns),
        orders=tuple(order.view() for order in orders),
        position=inventory.position,
        target=inventory.target,
        inventory=held,
        inventory_max=engine.config.limits.inventory_max,
        exposure_buy=held + orders.leaves(Side.BUY),
        exposure_sell=held - orders.leaves(Side.SELL),
        balances=dict(inventory.balances),
        pnl=engine.attribution.pnl(market.mid),
        drawdown=engine.losses.drawdown,
        regime=engine.regime.view,
        fees_paid=dict(inventory.fees_paid),
        fills_buy=inventory.fills_buy,
        fills_sell=inventory.fills_sell,
        counts=counts,
    )
