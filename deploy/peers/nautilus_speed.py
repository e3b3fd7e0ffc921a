"""Processor time of NautilusTrader's backtest engine on a tape; run by `make peers`.

Reads an `.npz` of hftbacktest's events, prints one JSON line: seconds to build the engine's objects
and to run them. The strategy keeps a post-only order on each side, placed anew every 100 ms.
"""

import json
import sys
from decimal import Decimal
from itertools import groupby
from time import process_time

import numpy as np
from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
from nautilus_trader.config import LoggingConfig
from nautilus_trader.model.currencies import BTC, USDT
from nautilus_trader.model.data import BookOrder, OrderBookDelta, OrderBookDeltas, TradeTick
from nautilus_trader.model.enums import (
    AccountType,
    AggressorSide,
    BookAction,
    BookType,
    OmsType,
    OrderSide,
    RecordFlag,
)
from nautilus_trader.model.identifiers import TradeId, Venue
from nautilus_trader.model.objects import Money
from nautilus_trader.test_kit.providers import TestInstrumentProvider
from nautilus_trader.trading.strategy import Strategy

TRADE, SNAPSHOT, BUY = 2, 4, 1 << 29
PERIOD_NS = 100_000_000
INSTRUMENT = TestInstrumentProvider.btcusdt_binance()


class Maker(Strategy):
    """Places a post-only order at each best price every 100 ms."""

    def on_start(self) -> None:
        self.subscribe_order_book_deltas(INSTRUMENT.id, BookType.L2_MBP)
        self.subscribe_trade_ticks(INSTRUMENT.id)
        self._next_ns = 0

    def on_order_book_deltas(self, deltas: OrderBookDeltas) -> None:
        if deltas.ts_init < self._next_ns:
            return
        self._next_ns = deltas.ts_init + PERIOD_NS
        book = self.cache.order_book(INSTRUMENT.id)
        bid, ask = book.best_bid_price(), book.best_ask_price()
        if bid is None or ask is None:
            return
        self.cancel_all_orders(INSTRUMENT.id)
        for side, price in ((OrderSide.BUY, bid), (OrderSide.SELL, ask)):
            order = self.order_factory.limit(
                instrument_id=INSTRUMENT.id,
                order_side=side,
                quantity=INSTRUMENT.make_qty(Decimal("0.005")),
                price=price,
                post_only=True,
            )
            self.submit_order(order)


def objects(path: str) -> list[OrderBookDeltas | TradeTick]:
    """Return the events of a file as the engine's objects; one per message."""
    found: list[OrderBookDeltas | TradeTick] = []
    events = np.load(path)["data"][["ev", "local_ts", "px", "qty"]].tolist()
    for (ts_ns, kind), group in groupby(events, key=lambda event: (event[1], event[0] & 0xFF)):
        rows = list(group)
        if kind == TRADE:
            for number, (flags, _, price, size) in enumerate(rows):
                found.append(
                    TradeTick(
                        INSTRUMENT.id,
                        INSTRUMENT.make_price(price),
                        INSTRUMENT.make_qty(size),
                        AggressorSide.BUYER if flags & BUY else AggressorSide.SELLER,
                        TradeId(f"{ts_ns}-{number}"),
                        ts_ns,
                        ts_ns,
                    )
                )
            continue
        deltas = [delta(row, kind, ts_ns, is_last=row is rows[-1]) for row in rows]
        if kind == SNAPSHOT:
            deltas.insert(0, OrderBookDelta.clear(INSTRUMENT.id, 0, ts_ns, ts_ns))
        found.append(OrderBookDeltas(INSTRUMENT.id, deltas))
    return found


def delta(
    row: tuple[int, int, float, float], kind: int, ts_ns: int, *, is_last: bool
) -> OrderBookDelta:
    flags, _, price, size = row
    side = OrderSide.BUY if flags & BUY else OrderSide.SELL
    action = BookAction.UPDATE if size else BookAction.DELETE
    return OrderBookDelta(
        INSTRUMENT.id,
        BookAction.ADD if kind == SNAPSHOT else action,
        BookOrder(side, INSTRUMENT.make_price(price), INSTRUMENT.make_qty(size), 0),
        RecordFlag.F_LAST if is_last else 0,
        0,
        ts_ns,
        ts_ns,
    )


def main() -> None:
    """Build the objects, run them, print the times."""
    begun_s = process_time()
    data = objects(sys.argv[1])
    built_s = process_time() - begun_s
    config = BacktestEngineConfig(logging=LoggingConfig(bypass_logging=True))
    engine = BacktestEngine(config)
    engine.add_venue(
        venue=Venue("BINANCE"),
        oms_type=OmsType.NETTING,
        account_type=AccountType.CASH,
        starting_balances=[Money(10_000_000, USDT), Money(100, BTC)],
        book_type=BookType.L2_MBP,
    )
    engine.add_instrument(INSTRUMENT)
    engine.add_data(data)
    engine.add_strategy(Maker())
    begun_s = process_time()
    engine.run()
    orders = len(engine.cache.orders())
    result = {"build_s": built_s, "run_s": process_time() - begun_s, "orders": orders}
    print(json.dumps(result))


if __name__ == "__main__":
    main()
