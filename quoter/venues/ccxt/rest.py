"""Public REST requests of the ccxt feed: whole book, venue clock, trading status."""

from quoter.domain.instrument import Instrument
from quoter.venues import answers
from quoter.venues.binance.messages import NOT_LISTED, TRADING
from quoter.venues.ccxt.error_mapping import is_unknown_symbol
from quoter.venues.ccxt.guarded_exchange import GuardedExchange
from quoter.venues.ccxt.request_sender import FailedCall, RequestSender
from quoter.venues.config import NowNs, VenueConfig
from quoter.venues.json_values import Json, as_list, as_map, text
from quoter.venues.profiles import profile_of
from quoter.venues.streams.latency_monitor import LatencyMonitor

OPEN = "ok"
BOOK_WEIGHT = 5.0


class CcxtRest:
    """Requests for one symbol; None means no answer, or not available at this venue."""

    def __init__(
        self, client: GuardedExchange, config: VenueConfig, instrument: Instrument, now_ns: NowNs
    ) -> None:
        self._client, self._now_ns, self._instrument = client, now_ns, instrument
        self._profile = profile_of(config.exchange)
        self._is_binance = self._profile.family == "binance"
        self._sender = RequestSender(client, config, now_ns)

    async def book(self) -> Json | None:
        """Return the unified order book; None without an answer."""
        symbol = self._instrument.symbol
        answer = await self._sender.read(
            lambda: self._client.fetch_order_book(symbol), answers.book, weight=BOOK_WEIGHT
        )
        return None if isinstance(answer, FailedCall) else answer

    async def measure(self, latency: LatencyMonitor) -> None:
        """Record the venue's time in `latency`, unless it is measured elsewhere or not reported."""
        if latency.is_measured_elsewhere or not self._client.has.get("fetchTime"):
            return
        asked_ns = self._now_ns()
        answer = await self._sender.read(self._client.fetch_time, answers.venue_ms)
        if not isinstance(answer, FailedCall):
            latency.record_clock(
                venue_ms=answer,
                asked_ns=asked_ns,
                answered_ns=self._now_ns(),
                step_ms=self._profile.clock_step_ms,
            )

    async def status(self) -> str | None:
        """Return why trading is closed; empty if it is open.

        The status is that of the symbol at Binance, else of the venue. None without an answer, or
        if the venue does not report it.
        """
        if self._is_binance:
            return await self._symbol_status()
        if not self._client.has.get("fetchStatus"):
            return None
        answer = await self._sender.read(self._client.fetch_status, answers.fields)
        if isinstance(answer, FailedCall):
            return None
        status = text(answer.get("status"))
        if not status:  # a missing status is not a good one
            return None
        return "" if status == OPEN else f"the venue's status is {status}"

    async def _symbol_status(self) -> str | None:
        name = self._instrument.venue_symbol
        answer = await self._sender.read(
            lambda: self._client.public_get_exchangeinfo({"symbol": name}), answers.fields
        )
        if isinstance(answer, FailedCall):
            return f"{name} is {NOT_LISTED}" if is_unknown_symbol(answer.error) else None
        symbols = [as_map(row) for row in as_list(answer.get("symbols"))]
        status = next((text(row.get("status")) for row in symbols if row.get("symbol") == name), "")
        if not status:
            return None
        return "" if status == TRADING else f"{name} is {status}"
