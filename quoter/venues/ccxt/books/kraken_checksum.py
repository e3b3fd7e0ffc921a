"""Verification of Kraken's order book against the checksum in each message (FD-02).

The verification in ccxt 4.5.90 is off by default. It builds the text from floats, and is wrong for
books of fewer than ten levels. What ccxt verifies at other venues is listed in
`deploy/docs/venues.md`.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast
from zlib import crc32

from ccxt.base.errors import ChecksumError

from quoter.venues.ccxt.types import WsClient
from quoter.venues.json_values import as_list, as_map, text

if TYPE_CHECKING:
    from quoter.venues.ccxt.types import Exchange as _Base
else:
    _Base = object

LEVELS = 10

type Row = Sequence[float]


def checksum(
    asks: Sequence[Row], bids: Sequence[Row], *, price_decimals: int, size_decimals: int
) -> int:
    """Return the CRC32 of the ten best asks, then bids, best first; rows are (price, size, ...).

    Source: https://docs.kraken.com/api/docs/guides/spot-ws-book-v2
    """
    payload = "".join(
        _digits(row[0], price_decimals) + _digits(row[1], size_decimals)
        for side in (asks, bids)
        for row in side[:LEVELS]
    )
    return crc32(payload.encode())


def _digits(number: float, decimals: int) -> str:
    return f"{number:.{decimals}f}".replace(".", "").lstrip("0")


class KrakenBookChecksum(_Base):
    """Mixin, listed before ccxt's class: a book with a wrong checksum is never passed on."""

    unverifiable = 0  # messages without a checksum, or of a market with unknown decimals

    def handle_order_book(self, client: WsClient, message: object, *rest: object) -> None:
        """Let ccxt apply the message and verify the book before resolving its watches."""
        waking: list[tuple[object, str]] = []
        inner = client.resolve
        client.resolve = lambda book, name: waking.append((book, name))
        try:
            super().handle_order_book(client, message, *rest)
        finally:
            client.resolve = inner
        if (found := self._difference(message)) is None:
            for book, name in waking:
                client.resolve(book, name)
        else:
            client.on_error(ChecksumError(f"{self.id}: {found}"))

    def _difference(self, message: object) -> str | None:
        """Return what is wrong with the book after `message`, and discard a wrong book.

        None if nothing is wrong, or if it can't be verified, which is counted.
        """
        rows = as_list(as_map(message).get("data"))
        news = as_map(rows[0]) if rows else {}
        symbol = text(news.get("symbol"))
        theirs, book = news.get("checksum"), self.orderbooks.get(symbol)
        info = as_map(self.market(symbol).get("info")) if symbol in self.markets else {}
        decimals = [text(info.get(name)) for name in ("pair_decimals", "lot_decimals")]
        is_known = isinstance(book, dict) and all(each.isdecimal() for each in decimals)
        if not isinstance(theirs, int) or not theirs or not is_known:
            self.unverifiable += 1
            return None
        asks, bids = (cast("list[Row]", as_map(book)[side]) for side in ("asks", "bids"))
        ours = checksum(asks, bids, price_decimals=int(decimals[0]), size_decimals=int(decimals[1]))
        if ours == theirs:
            return None
        asks.clear()  # a watch that was resolved earlier must not read the wrong book either
        bids.clear()
        del self.orderbooks[symbol]
        return f"checksum of {symbol} is {ours}, the venue's is {theirs}"
