"""Replay of recorded market data in the exchange."""

import asyncio
from collections.abc import Iterator
from itertools import chain
from math import isinf

from quoter.domain.units import NS_PER_S
from quoter.sandbox.config import Capture
from quoter.sandbox.exchange.faults import SocketKind
from quoter.sandbox.exchange.venue import Venue
from quoter.sandbox.streams.sockets import Sockets
from quoter.sim.messages import DepthBook
from quoter.tapes.binance_raw import read_lines, spot_only
from quoter.tapes.messages import Depth, Line, Message, Snapshot, TapeError
from quoter.tapes.playing import feed

OPENING_LINES_MAX = 100_000  # lines in which a first snapshot is looked for
LINES_PER_YIELD = 50  # at full speed: lines between two waits for slow readers


class Replay:
    """Feeds one recording to the exchange."""

    def __init__(self, venue: Venue, sockets: Sockets, capture: Capture) -> None:
        self._venue, self._sockets, self._capture = venue, sockets, capture
        self._lines: Iterator[Line] = spot_only(read_lines(capture.files, capture.symbol))
        self._begun = asyncio.Event()
        self.is_finished = False
        self._first_ns, self._waiting = self._open()

    def begin(self) -> None:
        """Start the capture if it waits for its first reader."""
        self._begun.set()

    async def run(self) -> None:
        """Feed line after line at the capture's speed; return at its end."""
        if self._capture.waits_for_reader:
            await self._begun.wait()
        started_ns = self._venue.now_ns()
        for message in self._waiting:
            self._apply(message)
        for count, (stamp_ns, message) in enumerate(self._lines):
            if isinf(self._capture.speed):
                await self._yield_to_readers(count)
            else:
                due_ns = started_ns + (stamp_ns - self._first_ns) / self._capture.speed
                await self._sleep_until(due_ns)
            self._apply(message)
        self.is_finished = True
        self._venue.counts["captures_finished"] += 1

    def _open(self) -> tuple[int, list[Message]]:
        """Load the first snapshot; return its time and the earlier messages that are newer than it.

        Without a snapshot, or if it comes late, the book is built from the diffs: it begins empty.
        Raises TapeError, also for a recording without a line.
        """
        before: list[tuple[int, Message]] = []
        for stamp_ns, message in self._lines:
            if isinstance(message, Snapshot):
                self._apply(message)
                return stamp_ns, [
                    early
                    for _, early in before
                    if isinstance(early, Depth) and early.last > message.last
                ]
            before.append((stamp_ns, message))
            if len(before) >= OPENING_LINES_MAX:
                break
        first = next((each for each in before if isinstance(each[1], Depth)), None)
        if first is None or not isinstance(first[1], Depth):
            raise TapeError(f"{self._capture.files[0]} has neither a depth snapshot nor a diff")
        self._apply(DepthBook(last=first[1].first - 1, bids=(), asks=()))
        self._lines = chain(before[before.index(first) :], self._lines)
        return first[0], []

    def _apply(self, message: Message | DepthBook) -> None:
        exchange, symbol, now_ns = self._venue.exchange, self._capture.symbol, self._venue.now_ns()
        if isinstance(message, DepthBook):
            news = exchange.load_depth(symbol, message, now_ns)
        else:
            try:
                news = feed(exchange, symbol, message, now_ns)
            except (ValueError, ArithmeticError) as error:
                raise TapeError(f"a message can't be replayed: {error}") from None
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
