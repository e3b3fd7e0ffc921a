"""Processor time of hftbacktest's engine on a tape; run by `make peers`.

Reads an `.npz` of its own events, prints one JSON line. The strategy is compiled before; it keeps a
post-only order on each side, placed anew every 100 ms.
"""

import json
import sys
from time import process_time

import hftbacktest as hft
import numpy as np
from hftbacktest_engine import engine_of
from numba import njit

PERIOD_NS = 100_000_000


@njit
def make(engine: hft.HashMapMarketDepthBacktest, size: float, until_ns: int) -> int:
    """Trade until the data or the time are over; return the number of orders."""
    number = 0
    while engine.elapse(PERIOD_NS) == 0 and engine.current_timestamp < until_ns:
        depth = engine.depth(0)
        for order_id in (number - 1, number):
            if order_id > 0 and order_id in engine.orders(0):
                engine.cancel(0, order_id, False)
        engine.clear_inactive_orders(0)
        number += 1
        engine.submit_buy_order(0, number, depth.best_bid, size, hft.GTX, hft.LIMIT, False)
        number += 1
        engine.submit_sell_order(0, number, depth.best_ask, size, hft.GTX, hft.LIMIT, False)
    return number


def run(data: np.ndarray, until_ns: int) -> tuple[int, float]:
    """Return the number of orders, and the seconds of processor time."""
    engine = engine_of(data, tick=0.01, lot=0.00001)
    begun_s = process_time()
    orders = make(engine, 0.005, until_ns)
    return orders, process_time() - begun_s


def main() -> None:
    """Run once for the compiler, once for the time."""
    data = np.load(sys.argv[1])["data"]
    run(data, int(data["local_ts"][0]) + PERIOD_NS)
    orders, seconds = run(data, 2**62)
    print(json.dumps({"run_s": seconds, "orders": orders}))


if __name__ == "__main__":
    main()
