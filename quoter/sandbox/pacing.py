"""Task that advances the simulated market in real time."""

import asyncio

from quoter.domain.units import NS_PER_S
from quoter.sandbox.exchange.venue import Venue
from quoter.sandbox.streams.market_streams import MarketStreams

STEP_S = 0.02
DEPTH_EVERY_NS = NS_PER_S // 10
SLOW_DEPTH_EVERY_NS = NS_PER_S


async def pace(venue: Venue, streams: MarketStreams) -> None:
    """Advance the market every STEP_S and publish depth every 100 ms and every second.

    Runs until cancelled.
    """
    depth_due_ns = slow_due_ns = venue.now_ns()
    while True:
        now_ns = venue.catch_up()
        if now_ns >= depth_due_ns:
            depth_due_ns = now_ns - now_ns % DEPTH_EVERY_NS + DEPTH_EVERY_NS
            for symbol in venue.simulated:
                venue.publish(venue.exchange.flush_depth(symbol, now_ns))
        if now_ns >= slow_due_ns:
            slow_due_ns = now_ns - now_ns % SLOW_DEPTH_EVERY_NS + SLOW_DEPTH_EVERY_NS
            streams.flush_slow(now_ns)
        await asyncio.sleep(STEP_S)
