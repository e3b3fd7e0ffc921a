"""Replay of recorded market data in the exchange."""

import asyncio
from math import isinf

from quoter.domain.units import NS_PER_S
from quoter.sandbox.config import Capture
from quoter.sandbox.exchange.faults import SocketKind
from quoter.sandbox.exchange.venue import Venue
from quoter.sandbox.streams.sockets import Sockets
from quoter.tapes.binance_raw import read_lines, spot_only
from quoter.tapes.messages import Message, Snapshot, TapeError
from quoter.tapes.opening import open_tape
from quoter.tapes.playing import feed

LINES_PER_YIELD = 50  # lines between two waits for slow readers, at full speed


class Replay:
    """Feeds one recording to the exchange."""

    def __init__(self, venue: Venue, sockets: Sockets, capture: Capture) -> None:
        self._venue, self._sockets, self._capture = venue, sockets, capture
        self._begun = asyncio.Event()
        self._opening = open_tape(spot_only(read_lines(capture.files, capture.symbol)))
        book = self._opening.book
        self._apply(Snapshot(last=book.last, bids=book.bids, asks=book.asks))

    def begin(self) -> None:
        """Start the capture if it waits for its first reader."""
        self._begun.set()

    async def run(self) -> None:
        """Feed line after line at the capture's speed; return at its end."""
        if self._capture.waits_for_reader:
            await self._begun.wait()
        started_ns = self._venue.now_ns()
        for count, (stamp_ns, message) in enumerate(self._opening.lines):
            if isinf(self._capture.speed):
                await self._yield_to_readers(count)
            else:
                due_ns = started_ns + (stamp_ns - self._opening.ts_ns) / self._capture.speed
                await self._sleep_until(due_ns)
            self._apply(message)
        self._venue.counts["captures_finished"] += 1

    def _apply(self, message: Message) -> None:
        try:
            news = feed(self._venue.exchange, self._capture.symbol, message, self._venue.now_ns())
        except (ValueError, ArithmeticError) as error:
            symbol = self._capture.symbol
            raise TapeError(f"{symbol}: a message can't be replayed: {error}") from None
        self._venue.publish(news)

    async def _yield_to_readers(self, count: int) -> None:
        if count % LINES_PER_YIELD == 0:
            await asyncio.sleep(0)
            for socket in self._sockets.of(SocketKind.MARKET):
                await socket.caught_up()

    async def _sleep_until(self, due_ns: float) -> None:
        wait_s = (due_ns - self._venue.now_ns()) / NS_PER_S
        if wait_s > 0:
            await asyncio.sleep(wait_s)
