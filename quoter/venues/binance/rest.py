"""Public REST requests of the native Binance feed: depth, clock, trading status."""

import time

import aiohttp

from quoter.domain.errors import VenueRateLimited
from quoter.domain.events import BookSnapshot
from quoter.domain.market import Level
from quoter.venues.binance.messages import (
    NOT_LISTED,
    BadFrame,
    error_code,
    parse_best_prices,
    parse_snapshot,
    parse_status,
    parse_time,
)
from quoter.venues.config import NowNs, VenueConfig
from quoter.venues.growing_pause import GrowingPause
from quoter.venues.profiles import feed_urls
from quoter.venues.streams.reconnecting import retry_after_s

BODY_BYTES_MAX = 2_000_000
FORBIDDEN = 403
UNKNOWN_SYMBOL = -1121
UNKNOWN_SYMBOL_RETRY_S = 30.0

# Everything that a request may raise besides VenueRateLimited.
NO_ANSWER = (BadFrame, aiohttp.ClientError, TimeoutError)


class SymbolUnknown(VenueRateLimited):
    """The venue has no such symbol, or not any more: another request is of no use for long."""


class BinanceRest:
    """Requests for one symbol; `session` limits the time of each."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        config: VenueConfig,
        *,
        venue_symbol: str,
        now_ns: NowNs,
    ) -> None:
        self._session, self._now_ns, self._symbol = session, now_ns, venue_symbol
        self._url = feed_urls(config).rest
        self._firewall = GrowingPause()
        self._depth = f"depth?symbol={venue_symbol}&limit={config.depth_levels}"

    async def depth(self) -> BookSnapshot:
        """Return the book, dated at its arrival.

        Like all methods here it raises VenueRateLimited or one of NO_ANSWER.
        """
        body = await self._get(self._depth)
        return parse_snapshot(body, ts_ns=self._now_ns())

    async def best_prices(self) -> tuple[Level, Level]:
        """Return the best bid and ask."""
        body = await self._get(f"ticker/bookTicker?symbol={self._symbol}")
        return parse_best_prices(body, venue_symbol=self._symbol)

    async def time_ms(self) -> int:
        """Return the venue's clock in ms."""
        return parse_time(await self._get("time"))

    async def status(self) -> str:
        """Return TRADING, BREAK, HALT and so on, or NOT_LISTED."""
        try:
            body = await self._get(f"exchangeInfo?symbol={self._symbol}")
        except SymbolUnknown:
            return NOT_LISTED
        return parse_status(body, venue_symbol=self._symbol)

    async def _get(self, path: str) -> bytes:
        if (left_s := self._firewall.left_s(time.monotonic())) > 0:
            raise VenueRateLimited(f"{path}: not sent, a firewall refuses us", retry_s=left_s)
        async with self._session.get(f"{self._url}/{path}", allow_redirects=False) as response:
            body = await self._body(path, response)
        if response.status == 200:
            return body
        code = error_code(body)
        if code == UNKNOWN_SYMBOL:
            raise SymbolUnknown(
                f"the venue has no symbol {self._symbol}", retry_s=UNKNOWN_SYMBOL_RETRY_S
            )
        retry_s = retry_after_s(response.headers.get("Retry-After"))
        if response.status == FORBIDDEN and code is None:
            retry_s = max(retry_s, self._firewall.extend(time.monotonic()))
        raise VenueRateLimited(f"{path}: HTTP {response.status}", retry_s=retry_s)

    async def _body(self, path: str, response: aiohttp.ClientResponse) -> bytes:
        body = bytearray()
        async for chunk in response.content.iter_any():
            body += chunk
            if len(body) > BODY_BYTES_MAX:
                raise BadFrame(f"{path}: more than {BODY_BYTES_MAX} bytes")
        return bytes(body)
