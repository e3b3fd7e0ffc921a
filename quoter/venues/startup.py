"""Before the first quote: the market's rules, our clock, our key."""

from decimal import Decimal

from ccxt.base import errors as venue

from quoter.domain.errors import GateShut, KeyRefused, VenueError
from quoter.domain.instrument import Instrument
from quoter.venues.calls import Caller, Failed
from quoter.venues.ccxt_client import check_sends_once
from quoter.venues.config import NowNs, VenueConfig
from quoter.venues.dialects import Dialect
from quoter.venues.guards import GuardedExchange
from quoter.venues.market_rules import check_quotable, check_self_trade, instrument
from quoter.venues.outcomes import is_refused_key
from quoter.venues.parse import as_map, decimal, text
from quoter.venues.verify import create_check


class Startup:
    """Checks one client against its venue, once."""

    def __init__(
        self,
        *,
        client: GuardedExchange,
        caller: Caller,
        config: VenueConfig,
        dialect: Dialect,
        now_ns: NowNs,
    ) -> None:
        self._client, self._caller, self._config = client, caller, config
        self._dialect, self._now_ns = dialect, now_ns
        self.clock_offset_s = 0.0  # venue minus ours

    async def connect(self) -> Instrument:
        """The instrument. Raises KeyRefused, or VenueError with what is wrong.

        Without a key only the public parts are checked.
        """
        check_sends_once(self._client)
        _must(await self._caller.read(self._client.load_markets))
        try:
            market = self._client.market(self._config.symbol)
        except venue.BaseError as error:
            raise VenueError(self._caller.text(error)) from None  # its chain may carry a signed URL
        check_quotable(self._client, market)
        check_self_trade(self._dialect, market)
        self._client.verify_create = create_check(self._dialect, text(market.get("id")))
        await self._check_clock()
        fee = await self._check_key() if self._config.api_key else None
        return instrument(market, precision_mode=self._client.precisionMode, fee_maker=fee)

    async def _check_clock(self) -> None:
        """Signed requests carry our time: the venue refuses what looks late or early."""
        if not self._client.has.get("fetchTime"):
            return
        before_ns = self._now_ns()
        venue_ms = _must(await self._caller.read(self._client.fetch_time))
        middle_s = (before_ns + self._now_ns()) / 2e9
        self.clock_offset_s = venue_ms / 1000 - middle_s
        if not abs(self.clock_offset_s) <= self._config.clock_offset_s_max:
            raise VenueError(
                f"our clock is {-self.clock_offset_s:+.3f} s off that of {self._config.exchange}:"
                " synchronise it (NTP) first"
            )

    async def _check_key(self) -> Decimal | None:
        """Ask for balances; the maker fee if the venue tells it there."""
        answer = await self._caller.read(
            self._client.fetch_balance, weight=self._dialect.weights.get("balances", 1.0)
        )
        if isinstance(answer, Failed) and is_refused_key(answer.error):
            raise KeyRefused(answer.text)
        rates = as_map(as_map(_must(answer).get("info")).get("commissionRates"))
        return decimal(rates.get("maker"))


def _must[T](answer: T | Failed) -> T:
    """The value, or the failure as VenueError; GateShut stays what it is."""
    if isinstance(answer, Failed):
        raise (answer.error if isinstance(answer.error, GateShut) else VenueError(answer.text))
    return answer
