"""The public questions of a feed through ccxt: a whole book, the clock, the status."""

from quoter.domain.instrument import Instrument
from quoter.venues.binance.messages import TRADING
from quoter.venues.ccxt.calls import Caller, Failed
from quoter.venues.ccxt.guarded_exchange import GuardedExchange
from quoter.venues.ccxt.types import JsonDict
from quoter.venues.config import NowNs, VenueConfig
from quoter.venues.json_values import as_list, as_map, text
from quoter.venues.profiles import profile_of
from quoter.venues.streams.latency_monitor import LatencyMonitor

OPEN = ("", "ok")
BOOK_WEIGHT = 5.0


class CcxtRest:
    """One symbol; every answer may be None: no answer, or a venue that does not tell."""

    def __init__(
        self, client: GuardedExchange, config: VenueConfig, instrument: Instrument, now_ns: NowNs
    ) -> None:
        self._client, self._now_ns, self._instrument = client, now_ns, instrument
        self._is_binance = profile_of(config.exchange).family == "binance"
        self._caller = Caller(client, config, now_ns)

    async def book(self) -> JsonDict | None:
        """The unified order book."""
        symbol = self._instrument.symbol
        answer = await self._caller.read(
            lambda: self._client.fetch_order_book(symbol), weight=BOOK_WEIGHT
        )
        return None if isinstance(answer, Failed) else answer

    async def measure(self, lag: LatencyMonitor) -> None:
        """Tell `lag` the venue's clock, where there is one."""
        if lag.is_measured_elsewhere or not self._client.has.get("fetchTime"):
            return
        asked_ns = self._now_ns()
        answer = await self._caller.read(self._client.fetch_time)
        if not isinstance(answer, Failed) and isinstance(answer, int):
            lag.measured(venue_ms=answer, asked_ns=asked_ns, answered_ns=self._now_ns())

    async def status(self) -> str | None:
        """Why the venue is closed, empty if it is open."""
        if self._is_binance:
            return await self._symbol_status()
        if not self._client.has.get("fetchStatus"):
            return None
        answer = await self._caller.read(self._client.fetch_status)
        if isinstance(answer, Failed):
            return None
        status = text(answer.get("status"))
        return "" if status in OPEN else f"the venue is in {status}"

    async def _symbol_status(self) -> str | None:
        name = self._instrument.venue_symbol
        answer = await self._caller.read(
            lambda: self._client.public_get_exchangeinfo({"symbol": name})
        )
        if isinstance(answer, Failed):
            return None
        status = next(
            (text(as_map(row).get("status")) for row in as_list(as_map(answer).get("symbols"))),
            "GONE",
        )
        return "" if status == TRADING else f"{name} is {status}"
