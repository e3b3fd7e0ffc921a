"""The market's rules, our clock, our key: before the first quote, the rules again later on."""

from decimal import Decimal

from ccxt.base import errors as venue

from quoter.domain.errors import EgressBlocked, KeyRefused, MarketsUnread, MarketUnfit, VenueError
from quoter.domain.events import ReportFailed, RulesReport
from quoter.domain.instrument import Instrument
from quoter.domain.reasons import ReportKind
from quoter.domain.units import NS_PER_S
from quoter.venues.ccxt.calls import Caller, Failed
from quoter.venues.ccxt.client import check_sends_once
from quoter.venues.ccxt.error_mapping import is_refused_key
from quoter.venues.ccxt.guarded_exchange import GuardedExchange
from quoter.venues.ccxt.key_monitor import KeyMonitor
from quoter.venues.ccxt.market_rules import check_quotable, check_self_trade, instrument
from quoter.venues.ccxt.types import JsonDict
from quoter.venues.clock import ClockSample, VenueClock, sampled
from quoter.venues.config import NowNs, VenueConfig
from quoter.venues.egress.request_verification import create_check
from quoter.venues.json_values import Json, as_list, as_map, decimal, text
from quoter.venues.profiles import VenueProfile

INFO_WEIGHT = 20.0
MARKETS_WEIGHT = 5.0  # requests, at the venues that take most for it


class Startup:
    """Checks one client against its venue."""

    def __init__(
        self,
        *,
        client: GuardedExchange,
        caller: Caller,
        config: VenueConfig,
        dialect: VenueProfile,
        now_ns: NowNs,
        key_monitor: KeyMonitor,
    ) -> None:
        self._key_watch = key_monitor
        self._client, self._caller, self._config = client, caller, config
        self._dialect, self._now_ns = dialect, now_ns
        self.clock = VenueClock()
        self._fee: Decimal | None = None

    async def connect(self) -> Instrument:
        """The instrument. Raises KeyRefused, MarketUnfit, MarketsUnread or another VenueError.

        Without a key only the public parts are checked.
        """
        check_sends_once(self._client)
        loaded = await self._caller.read(self._client.load_markets)
        if isinstance(loaded, Failed) and not isinstance(loaded.error, EgressBlocked):
            raise MarketsUnread(loaded.text)
        _must(loaded)
        try:
            market = self._client.market(self._config.symbol)
        except venue.BadSymbol:
            raise MarketUnfit(
                f"{self._config.exchange} has no market {self._config.symbol}"
            ) from None
        except venue.BaseError as error:
            raise VenueError(self._caller.text(error)) from None  # its chain may carry a signed URL
        check_quotable(self._client, market)
        check_self_trade(self._dialect, market)
        self._client.verify_create = create_check(self._dialect, text(market.get("id")))
        await self._check_clock()
        self._fee = await self._check_key() if self._config.api_key else None
        return self._instrument(market)

    def _instrument(self, market: Json) -> Instrument:
        return instrument(market, precision_mode=self._client.precisionMode, fee_maker=self._fee)

    async def report(self) -> RulesReport | ReportFailed:
        """The market's rules of now; ccxt rounds by them as well from here on."""
        try:
            found = await self._rules()
        except (VenueError, ValueError) as error:
            return ReportFailed(ts_ns=self._now_ns(), kind=ReportKind.RULES, text=str(error))
        return RulesReport(ts_ns=self._now_ns(), instrument=found)

    async def _rules(self) -> Instrument:
        """Those of our market alone; ccxt's own table of all the others stays as it was."""
        held = self._client.market(self._config.symbol)
        found = await (self._of_one(held) if self._dialect.tells_rules_of_one else self._of_many())
        if found is None:
            raise VenueError(f"{self._config.symbol}: the venue does not list it any more")
        # As ccxt does: what a venue does not tell is no reason to forget its usual fees.
        held.update({name: value for name, value in found.items() if value is not None})
        return self._instrument(held)

    async def _of_many(self) -> JsonDict | None:
        """The list of all markets, a few requests at most; `load_markets` asks for coins too."""
        rows = _must(await self._caller.read(self._client.fetch_markets, weight=MARKETS_WEIGHT))
        return next((row for row in rows if row.get("symbol") == self._config.symbol), None)

    async def _of_one(self, held: Json) -> JsonDict | None:
        query = {"symbol": text(held.get("id"))}
        answer = _must(
            await self._caller.read(
                lambda: self._client.public_get_exchangeinfo(query), weight=INFO_WEIGHT
            )
        )
        rows = as_list(as_map(answer).get("symbols"))
        return self._client.parse_market(rows[0]) if len(rows) == 1 else None

    async def clock_sample(self) -> ClockSample | Failed | None:
        """Ask for the venue's time once; None if it does not tell."""
        if not self._client.has.get("fetchTime"):
            return None
        asked_ns = self._now_ns()
        venue_ms = await self._caller.read(self._client.fetch_time)
        if isinstance(venue_ms, Failed):
            return venue_ms
        if not isinstance(venue_ms, int):
            return None
        return sampled(venue_ms=venue_ms, asked_ns=asked_ns, answered_ns=self._now_ns())

    async def _check_clock(self) -> None:
        """Signed requests carry our time: the venue refuses what looks late or early."""
        answer = await self.clock_sample()
        if answer is None:
            return
        self.clock.latest = sample = _must(answer)
        ours_s = -sample.offset_ns / NS_PER_S
        if not abs(ours_s) <= self._config.clock_offset_s_max:
            raise VenueError(
                f"our clock is {ours_s:+.3f} s off that of {self._config.exchange}:"
                " synchronise it (NTP) first"
            )

    async def _check_key(self) -> Decimal | None:
        """Ask for balances and rights; the maker fee if the venue tells it there."""
        answer = await self._caller.read(
            self._client.fetch_balance, weight=self._dialect.weights.get("balances", 1.0)
        )
        if isinstance(answer, Failed) and is_refused_key(answer.error):
            raise KeyRefused(f"the venue refuses the key: {answer.text}")
        rates = as_map(as_map(_must(answer).get("info")).get("commissionRates"))
        await self._key_watch.check()
        return decimal(rates.get("maker"))


def _must[T](answer: T | Failed) -> T:
    """The value, or the failure as VenueError; GateShut stays what it is."""
    if isinstance(answer, Failed):
        raise (answer.error if isinstance(answer.error, EgressBlocked) else VenueError(answer.text))
    return answer
