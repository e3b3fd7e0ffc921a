"""Replay of recorded market data: reads collector files and feeds them to the exchange.

Line form: `<receive stamp> <json>`, the stamp in ns or us; the JSON is either a combined-stream
message (depth diff, bookTicker, trade) or a bare REST depth snapshot.
"""

import asyncio
import gzip
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from math import isinf
from pathlib import Path

import msgspec

from quoter.domain.market import Side
from quoter.domain.units import NS_PER_S
from quoter.sandbox.config import Capture
from quoter.sandbox.exchange.faults import SocketKind
from quoter.sandbox.exchange.venue import Venue
from quoter.sandbox.streams.sockets import Sockets
from quoter.sim.messages import BestNews, DepthBook, News, PrintNews

NS_STAMP_MIN = 10**17  # a stamp below is in microseconds: ns passed this in 1973
NS_PER_US = 1_000
OPENING_LINES_MAX = 100_000  # the first snapshot must come within so many lines
LINES_PER_YIELD = 50  # at full speed: lines between two waits for slow readers

type Levels = tuple[tuple[Decimal, Decimal], ...]


class Snapshot(msgspec.Struct, frozen=True):
    """A depth snapshot from REST."""

    last: int = msgspec.field(name="lastUpdateId")
    bids: Levels
    asks: Levels


class Depth(msgspec.Struct, frozen=True):
    """A depth difference message (`depthUpdate`)."""

    U: int
    u: int
    b: Levels
    a: Levels


class Best(msgspec.Struct, frozen=True):
    """A best bid and ask message (`bookTicker`)."""

    u: int
    b: Decimal
    B: Decimal
    a: Decimal
    A: Decimal


class Print(msgspec.Struct, frozen=True):
    """A public trade message (`trade`)."""

    t: int
    p: Decimal
    q: Decimal
    m: bool


class _Envelope(msgspec.Struct, frozen=True):
    stream: str
    data: msgspec.Raw


type Message = Snapshot | Depth | Best | Print
type Line = tuple[int, Message]

_KINDS: tuple[tuple[str, type[Depth | Best | Print]], ...] = (
    ("@depth", Depth),
    ("@bookTicker", Best),
    ("@trade", Print),
)


def read_lines(files: Iterable[Path]) -> Iterator[Line]:
    """Yield receive time (ns) and message in recorded order; other streams are skipped.

    Raises ValueError for a line of another form.
    """
    for path in files:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as lines:
            for line in lines:
                parsed = _parse(line)
                if parsed is not None:
                    yield parsed


def capture_symbol(files: Sequence[Path]) -> str:
    """Return the symbol of a recording, taken from its first stream message."""
    for path in files:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as lines:
            for line in lines:
                _, _, body = line.partition(b" ")
                if body.startswith(b'{"stream"'):
                    envelope = msgspec.json.decode(body, type=_Envelope)
                    return envelope.stream.partition("@")[0].upper()
    raise ValueError(f"no stream message in {', '.join(str(path) for path in files)}")


class Replay:
    """Feeds one recording to the exchange."""

    def __init__(self, venue: Venue, sockets: Sockets, capture: Capture) -> None:
        self._venue, self._sockets, self._capture = venue, sockets, capture
        self._lines = read_lines(capture.files)
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

        Raises ValueError without a snapshot.
        """
        before: list[Message] = []
        for stamp_ns, message in self._lines:
            if isinstance(message, Snapshot):
                self._apply(message)
                return stamp_ns, [
                    early for early in before if isinstance(early, Depth) and early.u > message.last
                ]
            before.append(message)
            if len(before) >= OPENING_LINES_MAX:
                break
        file = self._capture.files[0]
        raise ValueError(f"{file} has no depth snapshot in its first {OPENING_LINES_MAX} lines")

    def _apply(self, message: Message) -> None:
        self._venue.publish(self._feed(message))

    def _feed(self, message: Message) -> list[News]:
        exchange, symbol, now_ns = self._venue.exchange, self._capture.symbol, self._venue.now_ns()
        match message:
            case Snapshot():
                book = DepthBook(last=message.last, bids=message.bids, asks=message.asks)
                return exchange.load_depth(symbol, book, now_ns)
            case Depth():
                return exchange.apply_depth(
                    symbol,
                    first=message.U,
                    last=message.u,
                    bids=message.b,
                    asks=message.a,
                    now_ns=now_ns,
                )
            case Best():
                best = BestNews(
                    ts_ns=now_ns,
                    symbol=symbol,
                    update_id=message.u,
                    bid=(message.b, message.B),
                    ask=(message.a, message.A),
                )
                return exchange.apply_best(best)
            case Print():
                trade = PrintNews(
                    ts_ns=now_ns,
                    symbol=symbol,
                    trade_id=message.t,
                    price=message.p,
                    size=message.q,
                    taker=Side.SELL if message.m else Side.BUY,
                )
                return exchange.apply_print(trade)

    async def _yield_to_readers(self, count: int) -> None:
        if count % LINES_PER_YIELD == 0:
            await asyncio.sleep(0)
            for socket in self._sockets.of(SocketKind.MARKET):
                await socket.caught_up()

    async def _sleep_until(self, due_ns: float) -> None:
        wait_s = (due_ns - self._venue.now_ns()) / NS_PER_S
        if wait_s > 0:
            await asyncio.sleep(wait_s)


def _parse(line: bytes) -> Line | None:
    stamp, _, body = line.partition(b" ")
    stamp_ns = int(stamp)
    if stamp_ns < NS_STAMP_MIN:
        stamp_ns *= NS_PER_US
    if body.startswith(b'{"lastUpdateId"'):
        return stamp_ns, msgspec.json.decode(body, type=Snapshot)
    envelope = msgspec.json.decode(body, type=_Envelope)
    for mark, kind in _KINDS:
        if mark in envelope.stream:
            return stamp_ns, msgspec.json.decode(envelope.data, type=kind)
    return None
