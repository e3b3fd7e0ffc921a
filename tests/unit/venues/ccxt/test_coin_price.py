"""The price of a fee coin comes from its market, direct or inverse, if the book is usable."""

from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import cast

import pytest

from quoter.domain.errors import VenueError
from quoter.venues.ccxt.coin_price import coin_price
from quoter.venues.ccxt.guarded_exchange import GuardedExchange
from quoter.venues.ccxt.request_sender import RequestSender
from quoter.venues.ccxt.types import JsonDict
from quoter.venues.profiles import GENERIC


class Client:
    """A venue with one market and its book."""

    id = "venue"

    def __init__(self, symbol: str, bid: float, ask: float) -> None:
        self.markets: JsonDict = {symbol: {}}
        self._book: JsonDict = {"bids": [[bid, 1.0]], "asks": [[ask, 1.0]]}

    async def fetch_order_book(self, symbol: str) -> JsonDict:
        assert symbol in self.markets
        return self._book


class Sender:
    """Requests without pacing."""

    async def read(
        self,
        call: Callable[[], Awaitable[object]],
        reader: Callable[[object], object],
        *,
        weight: float,
        is_public: bool,
    ) -> object:
        assert weight == 1.0
        assert is_public
        return reader(await call())


async def price(client: Client) -> Decimal:
    exchange, sender = cast("GuardedExchange", client), cast("RequestSender", Sender())
    return await coin_price(exchange, sender, GENERIC, coin="BNB", quote="USDT")


async def test_direct_market_gives_its_best_ask() -> None:
    assert await price(Client("BNB/USDT", 600.0, 601.0)) == Decimal("601.0")


async def test_inverse_market_gives_the_inverse_of_its_best_bid() -> None:
    assert await price(Client("USDT/BNB", 0.002, 0.00201)) == 500


@pytest.mark.parametrize(("bid", "ask"), [(0.0, 1.0), (2.0, 1.0), (1.0, 1.06)])
async def test_empty_crossed_or_wide_book_gives_no_price(bid: float, ask: float) -> None:
    with pytest.raises(VenueError, match="no usable price"):
        await price(Client("BNB/USDT", bid, ask))


async def test_coin_without_market_gives_no_price() -> None:
    with pytest.raises(VenueError, match="no market for BNB and USDT"):
        await price(Client("ETH/USDT", 1.0, 1.0))
