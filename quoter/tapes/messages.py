"""Rows of recorded market data, independent of the format of the file.

The field names in quotes are those of Binance's messages, which are decoded directly into these
types. The readers of other formats construct them.
"""

from decimal import Decimal

import msgspec

type Levels = tuple[tuple[Decimal, Decimal], ...]


class TapeError(ValueError):
    """A tape that can't be played; the text has one line."""


class Snapshot(msgspec.Struct, frozen=True):
    """The whole depth as of update `last`; `transaction_ms` exists on futures only."""

    last: int = msgspec.field(name="lastUpdateId")
    bids: Levels
    asks: Levels
    transaction_ms: int | None = msgspec.field(name="T", default=None)


class Depth(msgspec.Struct, frozen=True):
    """Changed levels with their new sizes, updates `first` to `last`.

    `prev` exists on futures only.
    """

    first: int = msgspec.field(name="U")
    last: int = msgspec.field(name="u")
    bids: Levels = msgspec.field(name="b")
    asks: Levels = msgspec.field(name="a")
    prev: int | None = msgspec.field(name="pu", default=None)


class Best(msgspec.Struct, frozen=True):
    """Best bid and ask with their sizes; `transaction_ms` exists on futures only."""

    update_id: int = msgspec.field(name="u")
    bid: Decimal = msgspec.field(name="b")
    bid_size: Decimal = msgspec.field(name="B")
    ask: Decimal = msgspec.field(name="a")
    ask_size: Decimal = msgspec.field(name="A")
    transaction_ms: int | None = msgspec.field(name="T", default=None)


class Print(msgspec.Struct, frozen=True):
    """A public trade; `kind` (`MARKET`, `INSURANCE_FUND`, ...) exists on futures only."""

    trade_id: int = msgspec.field(name="t")
    price: Decimal = msgspec.field(name="p")
    size: Decimal = msgspec.field(name="q")
    is_buyer_maker: bool = msgspec.field(name="m")
    kind: str | None = msgspec.field(name="X", default=None)


type Message = Snapshot | Depth | Best | Print
type Line = tuple[int, Message]  # time of receipt in ns, and the row
