"""Public REST requests of the ccxt feed: whole book, venue clock, trading status."""

from quoter.domain.instrument import Instrument
from quoter.venues.binance.messages import TRADING
from quoter.venues.ccxt.guarded_exchange import GuardedExchange
from quoter.venues.ccxt.request_sender import FailedCall, RequestSender
from quoter.venues.ccxt.types import JsonDict
from quoter.venues.config import NowNs, VenueConfig
from quoter.venues.json_values import as_list, as_map, text
from quoter.venues.profiles import profile_of
from quoter.venues.streams.latency_monitor import LatencyMonitor

OPEN = ("", "ok")
BOOK_WEIGHT = 5.0


class CcxtRest:
    """Requests for one symbol; None means no answer, or not available at this venue."""

    def __init__(
        self, client: GuardedExchange, config: VenueConfig, instrument: Instrument, now_ns: NowNs
    ) -> None:
        self._client, self._now_ns, self._instrument = client, now_ns, instrument
        self._is_binance = profile_of(config.exchange).family == "binance"
        self._sender = RequestSender(client, config, now_ns)

    async def book(self) -> JsonDict | None:
        """Return the unified order book."""
        symbol = self._instrument.symbol
        answer = await self._sender.read(
            lambda: self._client.fetch_order_book(symbol), weight=BOOK_WEIGHT
        )
        return None if isinstance(answer, FailedCall) else answer

    async def measure(self, latency: LatencyMonitor) -> None:
        """Record the venue's time in `latency`, where the venue reports it."""
        if latency.is_measured_elsewhere or not self._client.has.get("fetchTime"):
            return
        asked_ns = self._now_ns()
        answer = await self._sender.read(self._client.fetch_time)
        if not isinstance(answer, FailedCall) and isinstance(answer, int):
            latency.record_clock(venue_ms=answer, asked_ns=asked_ns, answered_ns=self._now_ns())

    async def status(self) -> str | None:
        """Return why the venue is closed; empty if it is open."""
        if self._is_binance:
            return await self._symbol_status()
        if not self._client.has.get("fetchStatus"):
            return None
        answer = await self._sender.read(self._client.fetch_status)
        if isinstance(answer, FailedCall):
            return None
        status = text(answer.get("status"))
        return "" if status in OPEN else f"the venue's status is {status}"

    async def _symbol_status(self) -> str | None:
        name = self._instrument.venue_symbol
        answer = await self._sender.read(
            lambda: self._client.public_get_exchangeinfo({"symbol": name})
        )
        if isinstance(answer, FailedCall):
            return None
        status = next(
            (text(as_map(row).get("status")) for row in as_list(as_map(answer).get("symbols"))),
            "NOT_LISTED",
        )
        return "" if status == TRADING else f"{name} is {status}"
