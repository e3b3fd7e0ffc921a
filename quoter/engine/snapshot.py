"""Builds the snapshot of an engine on demand, for the state page, metrics and terminal."""

from collections.abc import Mapping

from quoter.domain.market import Side
from quoter.domain.step import Snapshot
from quoter.domain.trading import Phase
from quoter.engine.components import Components

DEPTH_SHOWN = 20


def take_snapshot(
    engine: Components, *, ts_ns: int, seq: int, phase: Phase, counts: Mapping[str, int]
) -> Snapshot:
    """Return the snapshot: copies and read-only values that do not change later."""
    market, inventory, orders = engine.market, engine.inventory, engine.orders
    bids, asks = market.levels(DEPTH_SHOWN)
    held = inventory.net
    shown = {**counts, "book_duplicates": market.book.duplicates}
    return Snapshot(
        ts_ns=ts_ns,
        seq=seq,
        phase=phase,
        trading_state=engine.causes.state,
        causes=engine.causes.switch.causes,
        book_ready=market.book.ready,
        book_ts_ns=market.evidence.confirmed_ns if market.book.ts_ns else 0,
        bids=bids,
        asks=asks,
        mid=market.mid,
        quote=engine.quoting.latest,
        params=engine.controls.live_params.params,
        estimates=engine.estimators.estimates(ts_ns),
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
        counts=shown,
    )
