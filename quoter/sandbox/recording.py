"""Reading of recorded market data: the files of a collector, line by line.

Line form: `<receive stamp> <json>`, the stamp in ns or us; the JSON is either a combined-stream
message (depth diff, bookTicker, trade) or a bare REST depth snapshot. Binance spot only.
"""

import gzip
import zlib
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path

import msgspec

from quoter.domain.market import Side
from quoter.sim.exchange import Exchange
from quoter.sim.messages import BestNews, DepthBook, News, PrintNews

NS_STAMP_MIN = 10**17  # a stamp below is in microseconds: ns passed this in 1973
NS_PER_US = 1_000

type Levels = tuple[tuple[Decimal, Decimal], ...]


class CaptureError(ValueError):
    """A recording that can't be replayed, in one line."""


class Snapshot(msgspec.Struct, frozen=True):
    """A depth snapshot from REST; only futures have `T`."""

    last: int = msgspec.field(name="lastUpdateId")
    bids: Levels
    asks: Levels
    T: int | None = None


class Depth(msgspec.Struct, frozen=True):
    """A depth difference message (`depthUpdate`); only futures have `pu`."""

    U: int
    u: int
    b: Levels
    a: Levels
    pu: int | None = None


class Best(msgspec.Struct, frozen=True):
    """A best bid and ask message (`bookTicker`); only futures have `T`."""

    u: int
    b: Decimal
    B: Decimal
    a: Decimal
    A: Decimal
    T: int | None = None


class Print(msgspec.Struct, frozen=True):
    """A public trade message (`trade`); only futures have `X`."""

    t: int
    p: Decimal
    q: Decimal
    m: bool
    X: str | None = None


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
_UNREADABLE = (ValueError, OSError, EOFError, zlib.error, msgspec.MsgspecError)


def read_lines(files: Iterable[Path], symbol: str = "") -> Iterator[Line]:
    """Yield receive time (ns) and message in recorded order.

    Other streams, and other symbols if `symbol` is given, are skipped. Raises CaptureError.
    """
    for path in files:
        number = 0
        try:
            with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as lines:
                for line in lines:
                    number += 1
                    parsed = _parse(line, symbol)
                    if parsed is not None:
                        yield parsed
        except CaptureError:
            raise
        except _UNREADABLE as error:
            raise CaptureError(f"{path}: line {max(1, number)} can't be read: {error}") from None


def capture_symbol(files: Sequence[Path]) -> str:
    """Return the symbol of a recording, of its first stream message. Raises CaptureError."""
    for path in files:
        try:
            with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as lines:
                for line in lines:
                    _, _, body = line.partition(b" ")
                    if body.startswith(b'{"stream"'):
                        envelope = msgspec.json.decode(body, type=_Envelope)
                        return envelope.stream.partition("@")[0].upper()
        except _UNREADABLE as error:
            raise CaptureError(f"{path} can't be read: {error}") from None
    names = ", ".join(str(path) for path in files)
    raise CaptureError(f"{names}: no line has the form of Binance's combined streams")


def feed(exchange: Exchange, symbol: str, message: Message, now_ns: int) -> list[News]:
    """Apply one recorded message to a recorded market of the exchange."""
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


def _parse(line: bytes, symbol: str) -> Line | None:
    stamp, _, body = line.partition(b" ")
    stamp_ns = int(stamp)
    if stamp_ns < NS_STAMP_MIN:
        stamp_ns *= NS_PER_US
    if body.startswith(b'{"lastUpdateId"'):
        return stamp_ns, _spot(msgspec.json.decode(body, type=Snapshot))
    envelope = msgspec.json.decode(body, type=_Envelope)
    if symbol and envelope.stream.partition("@")[0] != symbol.lower():
        return None
    for mark, kind in _KINDS:
        if mark in envelope.stream:
            return stamp_ns, _spot(msgspec.json.decode(envelope.data, type=kind))
    return None


def _spot(message: Message) -> Message:
    match message:
        case Snapshot(T=None) | Depth(pu=None) | Best(T=None) | Print(X=None):
            return message
        case _:
            raise CaptureError("this is a recording of futures; the sandbox replays spot only")
