"""Public REST requests of the native Binance feed: depth, clock, trading status."""

import aiohttp

from quoter.domain.errors import VenueRateLimited
from quoter.domain.events import BookSnapshot
from quoter.domain.units import NS_PER_S
from quoter.venues.binance.messages import (
    NOT_LISTED,
    BadFrame,
    error_code,
    parse_snapshot,
    parse_status,
    parse_time,
)
from quoter.venues.config import NowNs, VenueConfig
from quoter.venues.egress.gate import bounded_body
from quoter.venues.egress.rate_limiter import RateLimiter
from quoter.venues.profiles import feed_urls

BODY_BYTES_MAX = 2_000_000
UNKNOWN_SYMBOL = -1121
UNKNOWN_SYMBOL_RETRY_S = 30.0
REQUESTS_PER_S = 100.0  # Binance's limit, until its exchangeInfo names another
# Weight of each request; source: "REST API" of binance-spot-api-docs.
DEPTH_WEIGHTS = ((100, 5.0), (500, 25.0), (1000, 50.0), (5000, 250.0))  # (levels up to, weight)
TIME_WEIGHT, STATUS_WEIGHT = 1.0, 20.0
BEST_LEVELS = 5  # levels of a side; up to 100 have the same weight

# Everything that a request may raise besides VenueRateLimited.
NO_ANSWER = (BadFrame, aiohttp.ClientError, TimeoutError)


class SymbolUnknown(VenueRateLimited):
    """The venue does not list the symbol; another request soon is useless."""


class BinanceRest:
    """Requests for one symbol; `session` limits the time of each, `limiter` their weight.

    The venue limits requests by address. So the limiter is shared with the gateway, and reserves a
    part for cancels.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        config: VenueConfig,
        *,
        venue_symbol: str,
        now_ns: NowNs,
        limiter: RateLimiter,
    ) -> None:
        self._session, self._now_ns, self._symbol = session, now_ns, venue_symbol
        self._limiter = limiter
        self._url = feed_urls(config).rest
        self._depth = f"depth?symbol={venue_symbol}&limit={config.depth_levels}"
        self._depth_weight = depth_weight(config.depth_levels)

    async def depth(self) -> BookSnapshot:
        """Return the book; its time is that of the arrival.

        Like all methods here it raises VenueRateLimited or one of NO_ANSWER.
        """
        body = await self._get(self._depth, self._depth_weight)
        return parse_snapshot(body, ts_ns=self._now_ns())

    async def best_levels(self) -> BookSnapshot:
        """Return the best levels, with the id of the newest update that they contain.

        `ticker/bookTicker` has less weight (2) but no update id. Without the id, a silent stream
        would look like a quiet market while the best prices do not move.
        """
        path = f"depth?symbol={self._symbol}&limit={BEST_LEVELS}"
        return parse_snapshot(
            await self._get(path, depth_weight(BEST_LEVELS)), ts_ns=self._now_ns()
        )

    async def time_ms(self) -> int:
        """Return the venue's clock in ms."""
        return parse_time(await self._get("time", TIME_WEIGHT))

    async def status(self) -> str:
        """Return the trading status, e.g. TRADING, BREAK or HALT; NOT_LISTED if unknown."""
        try:
            body = await self._get(f"exchangeInfo?symbol={self._symbol}", STATUS_WEIGHT)
        except SymbolUnknown:
            return NOT_LISTED
        return parse_status(body, venue_symbol=self._symbol)

    async def _get(self, path: str, weight: float) -> bytes:
        if (wait_s := self._limiter.read_wait_s(self._now_ns(), weight)) > 0:
            raise VenueRateLimited(f"{path}: not sent: our own rate limit", retry_s=wait_s)
        async with self._session.get(f"{self._url}/{path}", allow_redirects=False) as response:
            body = await bounded_body(response, BODY_BYTES_MAX)
        code = None if response.status == 200 else error_code(body)
        is_json, now_ns = response.status == 200 or code is not None, self._now_ns()
        self._limiter.answered(now_ns, response.status, response.headers, is_json=is_json)
        if response.status == 200:
            return body
        if code == UNKNOWN_SYMBOL:
            raise SymbolUnknown(
                f"the venue has no symbol {self._symbol}", retry_s=UNKNOWN_SYMBOL_RETRY_S
            )
        pause = self._limiter.active_pause(now_ns)
        retry_s = 0.0 if pause is None else (pause.until_ns - now_ns) / NS_PER_S
        raise VenueRateLimited(f"{path}: HTTP {response.status}", retry_s=retry_s)


def depth_weight(levels: int) -> float:
    """Return the weight of a depth snapshot with this number of levels."""
    return next((weight for most, weight in DEPTH_WEIGHTS if levels <= most), DEPTH_WEIGHTS[-1][1])
