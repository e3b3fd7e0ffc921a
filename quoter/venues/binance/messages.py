"""Decoding of Binance's public spot streams and REST answers, with bounds on all values. Pure."""

from typing import Annotated

import msgspec

from quoter.domain.events import BookSnapshot, TopOfBook, Trade
from quoter.domain.market import Level, Side
from quoter.venues.binance.depth_sync import DepthDiff

TRADING = "TRADING"
NOT_LISTED = "NOT_LISTED"  # our word, not the venue's
NUMBER_MAX = 1e15
LEVELS_MAX = 5000
Price = Annotated[float, msgspec.Meta(gt=0, le=NUMBER_MAX)]
Size = Annotated[float, msgspec.Meta(ge=0, le=NUMBER_MAX)]
Rows = Annotated[tuple[tuple[Price, Size], ...], msgspec.Meta(max_length=LEVELS_MAX)]
Id = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class CloseAnnouncement:
    """The venue's announcement that it will close this connection."""


CLOSE_ANNOUNCEMENT = CloseAnnouncement()

type Message = DepthDiff | TopOfBook | Trade | CloseAnnouncement


class BadFrame(Exception):
    """A message that does not match the venue's documented format or our bounds."""


class _Envelope(msgspec.Struct, frozen=True):
    stream: str
    data: msgspec.Raw


class _Notice(msgspec.Struct, frozen=True):
    e: str = ""


class _Depth(msgspec.Struct, frozen=True, gc=False):
    s: str
    U: Id
    u: Id
    b: Rows
    a: Rows
    E: Id = 0


class _Ticker(msgspec.Struct, frozen=True, gc=False):
    u: Id
    s: str
    b: Price
    B: Size
    a: Price
    A: Size


class _Trade(msgspec.Struct, frozen=True, gc=False):
    s: str
    t: Id
    p: Price
    q: Price
    m: bool  # the buyer was the maker


class _Time(msgspec.Struct, frozen=True):
    serverTime: Id  # noqa: N815 - the venue's name


class _Error(msgspec.Struct, frozen=True):
    code: int


class _Symbol(msgspec.Struct, frozen=True):
    symbol: str
    status: str


class _Info(msgspec.Struct, frozen=True):
    symbols: tuple[_Symbol, ...]


class _Snapshot(msgspec.Struct, frozen=True, gc=False):
    lastUpdateId: Id  # noqa: N815 - the venue's name
    bids: Rows
    asks: Rows


# The venue writes numbers as strings; the bounds reject NaN, infinities and negatives.
_envelope = msgspec.json.Decoder(_Envelope)
_notice = msgspec.json.Decoder(_Notice)
_depth = msgspec.json.Decoder(_Depth, strict=False)
_ticker = msgspec.json.Decoder(_Ticker, strict=False)
_trade = msgspec.json.Decoder(_Trade, strict=False)
_snapshot = msgspec.json.Decoder(_Snapshot, strict=False)
_time = msgspec.json.Decoder(_Time)
_info = msgspec.json.Decoder(_Info)
_error = msgspec.json.Decoder(_Error)


def streams(venue_symbol: str) -> str:
    """Return the three streams of a symbol in the form of the combined-stream URL."""
    name = venue_symbol.lower()
    return f"{name}@depth@100ms/{name}@bookTicker/{name}@trade"


def parse(frame: bytes, *, venue_symbol: str, ts_ns: int) -> Message | None:
    """Return the message in one frame of the combined stream; None for acks and notices.

    Raises BadFrame for anything malformed, out of bounds or of another symbol.
    """
    try:
        envelope = _envelope.decode(frame)
    except msgspec.ValidationError:
        return _close_announcement(frame)  # valid JSON without stream data: an ack or a notice
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadFrame(f"not JSON: {error}") from error
    try:
        kind = envelope.stream.partition("@")[2]
        if kind.startswith("depth"):
            return _to_diff(_depth.decode(envelope.data), venue_symbol, ts_ns)
        if kind == "bookTicker":
            return _to_top(_ticker.decode(envelope.data), venue_symbol, ts_ns)
        if kind == "trade":
            return _to_trade(_trade.decode(envelope.data), venue_symbol, ts_ns)
        if (notice := _close_announcement(envelope.data)) is not None:
            return notice
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadFrame(f"{envelope.stream[:40]}: {error}") from error
    raise BadFrame(f"stream {envelope.stream[:40]!r} was not subscribed")


def parse_snapshot(body: bytes, *, ts_ns: int) -> BookSnapshot:
    """Return the snapshot in an answer of GET /api/v3/depth. Raises BadFrame."""
    try:
        raw = _snapshot.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadFrame(f"depth snapshot: {error}") from error
    return BookSnapshot(ts_ns=ts_ns, last=raw.lastUpdateId, bids=raw.bids, asks=raw.asks)


def parse_time(body: bytes) -> int:
    """Return the venue's clock in ms from GET /api/v3/time. Raises BadFrame."""
    try:
        return _time.decode(body).serverTime
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadFrame(f"time: {error}") from error


def parse_status(body: bytes, *, venue_symbol: str) -> str:
    """Return the symbol's status from GET /api/v3/exchangeInfo, or NOT_LISTED.

    Raises BadFrame.
    """
    try:
        symbols = _info.decode(body).symbols
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadFrame(f"exchangeInfo: {error}") from error
    return next((found.status for found in symbols if found.symbol == venue_symbol), NOT_LISTED)


def error_code(body: bytes) -> int | None:
    """Return the code of a refusal by the venue; None if the body is not JSON with a code."""
    try:
        return _error.decode(body).code
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _close_announcement(data: bytes | msgspec.Raw) -> CloseAnnouncement | None:
    try:
        return CLOSE_ANNOUNCEMENT if _notice.decode(data).e == "serverShutdown" else None
    except msgspec.DecodeError:
        return None


def _to_diff(raw: _Depth, venue_symbol: str, ts_ns: int) -> DepthDiff:
    _check_symbol(raw.s, venue_symbol)
    if raw.u < raw.U:
        raise BadFrame(f"last update id before the first: U={raw.U} u={raw.u}")
    return DepthDiff(ts_ns, raw.U, raw.u, raw.b, raw.a, raw.E)


def _to_top(raw: _Ticker, venue_symbol: str, ts_ns: int) -> TopOfBook:
    _check_symbol(raw.s, venue_symbol)
    return TopOfBook(ts_ns=ts_ns, update_id=raw.u, bid=Level(raw.b, raw.B), ask=Level(raw.a, raw.A))


def _to_trade(raw: _Trade, venue_symbol: str, ts_ns: int) -> Trade:
    _check_symbol(raw.s, venue_symbol)
    taker = Side.SELL if raw.m else Side.BUY
    return Trade(ts_ns=ts_ns, trade_id=str(raw.t), price=raw.p, size=raw.q, taker=taker)


def _check_symbol(symbol: str, expected: str) -> None:
    if symbol != expected:
        raise BadFrame(f"message of {symbol[:20]!r} on the stream of {expected}")
