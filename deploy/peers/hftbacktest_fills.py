"""Compare which orders of a fixed script are filled on a tape: quoter's fill models, hftbacktest's.

Run by `make peers TAPE="FILES"`, in an environment of its own. Both get the same depth and trades
(best prices left out), the same orders at the same times and 10 ms of latency each way. Every
period a post-only buy and sell are placed OFFSET ticks behind the best prices, and cancelled later.
Exits with 1 if the number of filled orders differs by more than a tenth from `pessimistic`.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

import hftbacktest as hft
import numpy as np
from hftbacktest_engine import LATENCY_NS, engine_of
from tape_events import Tape, events, load

from quoter.domain.market import Side
from quoter.domain.units import NS_PER_S
from quoter.sim.exchange import Exchange
from quoter.sim.fill_models import FillModel
from quoter.sim.messages import MarketSpec, NewOrder, OrderKind, Refused
from quoter.tapes.playing import feed

WORTH = Decimal(300)  # of an order, quote currency
END = 1  # hftbacktest's answer when the data are over
DIFFERENCE_MAX = 0.1  # of the number of filled orders, between `pessimistic` and hftbacktest


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One buy and one sell of the script; prices in ticks."""

    number: int
    placed_ns: int
    cancelled_ns: int
    bid: int
    ask: int


def order_size(market: MarketSpec) -> Decimal:
    """Return a size of about `WORTH`, in whole lots."""
    return max(market.lot, WORTH / market.mid // market.lot * market.lot)


def play_hftbacktest(
    tape: Tape, data: np.ndarray, *, period_ns: int, offset: int
) -> tuple[list[Pair], set[str]]:
    """Return the script that followed from the book, and the orders that were filled in part."""
    tick, size = float(tape.market.tick), float(order_size(tape.market))
    engine = engine_of(data, tick=tick, lot=float(tape.market.lot))
    engine.elapse(1)
    script: list[Pair] = []
    filled: set[str] = set()
    number = 0
    while True:
        number += 1
        placed_ns = tape.start_ns + number * period_ns
        cancelled_ns = placed_ns + period_ns * 9 // 10
        if engine.elapse(placed_ns - engine.current_timestamp) == END:
            break
        depth = engine.depth(0)
        bid, ask = depth.best_bid_tick - offset, depth.best_ask_tick + offset
        buy, sell = 2 * number, 2 * number + 1
        engine.submit_buy_order(0, buy, bid * tick, size, hft.GTX, hft.LIMIT, False)
        engine.submit_sell_order(0, sell, ask * tick, size, hft.GTX, hft.LIMIT, False)
        if engine.elapse(cancelled_ns - engine.current_timestamp) == END:
            break
        script.append(
            Pair(number=number, placed_ns=placed_ns, cancelled_ns=cancelled_ns, bid=bid, ask=ask)
        )
        for name, order_id in ((f"b{number}", buy), (f"s{number}", sell)):
            order = engine.orders(0).get(order_id)
            if order is not None and order.leaves_qty < size - 1e-12:
                filled.add(name)
            engine.cancel(0, order_id, False)
    engine.close()
    return script, filled


def play_quoter(tape: Tape, script: list[Pair], model: FillModel) -> set[str]:
    """Return the orders of the script that were filled, at least in part."""
    market, size = replace(tape.market, fill_model=model), order_size(tape.market)
    exchange = Exchange((market,), seed=0, now_ns=tape.start_ns)
    rich = size * 10**6
    exchange.add_account("maker", {market.base: rich, market.quote: rich * market.mid})
    exchange.load_depth(market.symbol, tape.book, tape.start_ns)
    requests = sorted(_requests(market, script, size), key=lambda request: request[0])
    position = 0
    for ts_ns, row in tape.rows:
        while position < len(requests) and requests[position][0] <= ts_ns:
            _send(exchange, market.symbol, *requests[position])
            position += 1
        feed(exchange, market.symbol, row, ts_ns)
    trades = exchange.trades("maker", market.symbol, from_id=1, limit=10**7)
    return {trade.client_id for trade in trades}


type Request = tuple[int, str, NewOrder | None]  # time of arrival, client id, None: a cancel


def _requests(market: MarketSpec, script: list[Pair], size: Decimal) -> Iterator[Request]:
    for pair in script:
        for side, mark, ticks in ((Side.BUY, "b", pair.bid), (Side.SELL, "s", pair.ask)):
            name = f"{mark}{pair.number}"
            order = NewOrder(
                symbol=market.symbol,
                client_id=name,
                side=side,
                kind=OrderKind.LIMIT_MAKER,
                price=market.tick * ticks,
                size=size,
            )
            yield pair.placed_ns + LATENCY_NS, name, order
            yield pair.cancelled_ns + LATENCY_NS, name, None


def _send(exchange: Exchange, symbol: str, now_ns: int, name: str, order: NewOrder | None) -> None:
    try:
        if order is None:
            exchange.cancel("maker", symbol, now_ns=now_ns, client_id=name)
        else:
            exchange.place("maker", order, now_ns)
    except Refused:
        pass  # would take, or is filled already


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tape", nargs="+", type=Path)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--period", type=float, default=2.0, help="seconds between two pairs")
    parser.add_argument("--offset", type=int, default=0, help="ticks behind the best price")
    options = parser.parse_args()
    tape = load(options.tape, options.seconds)
    script, theirs = play_hftbacktest(
        tape,
        events(tape),
        period_ns=round(options.period * NS_PER_S),
        offset=options.offset,
    )
    placed = {f"{mark}{pair.number}" for pair in script for mark in "bs"}
    theirs &= placed
    print(f"{tape.market.symbol}: {len(placed)} orders of {order_size(tape.market)}")
    print(f"{'hftbacktest, risk-averse queue':32} {len(theirs):6} filled")
    is_near = True
    for model in FillModel:
        ours = play_quoter(tape, script, model)
        print(f"{model:32} {len(ours):6} filled, {len(ours ^ theirs):4} differ")
        if model is FillModel.PESSIMISTIC:
            is_near = abs(len(ours) - len(theirs)) <= DIFFERENCE_MAX * max(len(theirs), 1)
    return 0 if is_near else 1


if __name__ == "__main__":
    raise SystemExit(main())
