"""Checks before the first quote: venue, market rules, clock, API key, trial requests.

The market rules and the maker fee are also read later, for reports.
"""

import asyncio
from decimal import Decimal
from functools import partial

from ccxt.base import errors as venue

from quoter.domain.errors import (
    BadAnswer,
    EgressBlocked,
    KeyFault,
    KeyRefused,
    MarketsUnread,
    MarketUnlisted,
    VenueError,
    VenueUnavailable,
    VenueUnfit,
)
from quoter.domain.events import MakerFeeReport, ReportFailed, RulesReport
from quoter.domain.instrument import Instrument
from quoter.domain.reasons import ReportKind
from quoter.domain.units import NS_PER_S
from quoter.venues import answers
from quoter.venues.ccxt.client import check_sends_once
from quoter.venues.ccxt.connect.account_fee import DEFAULT_FEE_WARNING, FEE_MAX, account_fee
from quoter.venues.ccxt.connect.key_monitor import KeyMonitor
from quoter.venues.ccxt.connect.market_rules import (
    check_quotable,
    check_same_market,
    check_self_trade,
    instrument,
)
from quoter.venues.ccxt.connect.shared_coins import shared_coins
from quoter.venues.ccxt.connect.trial_requests import TrialRequests, needs_trial
from quoter.venues.ccxt.error_mapping import KEY_TEXTS, is_unknown_symbol, refused_key
from quoter.venues.ccxt.guarded_exchange import GuardedExchange
from quoter.venues.ccxt.payloads import balances
from quoter.venues.ccxt.request_sender import FailedCall, RequestSender
from quoter.venues.ccxt.types import JsonDict
from quoter.venues.clock import ClockSample, VenueClock, clock_sample_of
from quoter.venues.config import NowNs, VenueConfig
from quoter.venues.egress.request_verification import create_check
from quoter.venues.json_values import Json, as_list, as_map, at_path, decimal, text
from quoter.venues.profiles import QUOTED, VenueProfile

INFO_WEIGHT = 20.0
MARKETS_WEIGHT = 5.0  # weight of reading all markets, where it takes most requests


class StartupChecks:
    """Checks of one client against its venue."""

    def __init__(
        self,
        *,
        client: GuardedExchange,
        sender: RequestSender,
        config: VenueConfig,
        profile: VenueProfile,
        now_ns: NowNs,
        key_monitor: KeyMonitor,
    ) -> None:
        self._key_watch = key_monitor
        self._client, self._sender, self._config = client, sender, config
        self._profile, self._now_ns = profile, now_ns
        self.clock = VenueClock()
        self._fee = config.fee_maker
        # one report at a time: otherwise the older answer may come last
        self._reading = asyncio.Lock()
        self._rules: Instrument | None = None  # as the gate knows them; None: can't be quoted
        self.shared_coins = ""  # a warning; valid after `connect`

    async def connect(self) -> Instrument:
        """Return the instrument; without a key only public data is checked.

        Raises KeyRefused, VenueUnfit, MarketUnlisted, MarketUnfit, MarketsUnread or another
        VenueError.
        """
        self._check_proven()
        check_sends_once(self._client)
        # anew: a process that cancels may have assumed the market until now
        load = partial(self._client.load_markets, reload=True)
        loaded = await self._sender.read(load, answers.fields, is_public=True)
        if isinstance(loaded, FailedCall) and not isinstance(loaded.error, EgressBlocked):
            raise MarketsUnread(loaded.text, is_answered=loaded.status != 0)
        _value_of(loaded)
        try:
            market = self._client.market(self._config.symbol)
        except venue.BadSymbol:
            raise MarketUnlisted(self._no_market()) from None
        except venue.BaseError as error:
            # without the cause, which may contain a signed URL
            raise VenueError(self._sender.describe_error(error)) from None
        check_quotable(self._client, market)
        check_self_trade(self._profile, market)
        self._client.verify_create = create_check(self._profile, text(market.get("id")))
        await self._check_clock()
        if self._config.api_key:
            await self._check_key()
            if self._config.places_orders:
                self.shared_coins = await shared_coins(
                    self._client, self._sender, self._profile, self._config.symbol
                )
        self._rules = found = self._instrument(market)
        if needs_trial(self._config):
            await TrialRequests(
                client=self._client, config=self._config, profile=self._profile, instrument=found
            ).check()
        return found

    def _no_market(self) -> str:
        symbol = self._config.symbol
        if ":" in symbol:  # only spot markets were read
            return f"quoter trades spot markets only, and {symbol} is a derivative"
        return f"{self._config.exchange} has no market {symbol}"

    def _check_proven(self) -> None:
        """Raise VenueUnfit unless it is proven that our orders at this venue can be found again.

        A process that only cancels, or only reads the market, needs no proof.
        """
        profile, config = self._profile, self._config
        refusal, sends_none = profile.refusal_in(config), config.is_cancel_only
        sends_none = sends_none or config.is_public_only
        if refusal and not (sends_none and profile.ids is not None):
            raise VenueUnfit(f"{self._config.exchange} can't be quoted: {refusal}; {QUOTED}")

    def _instrument(self, market: Json) -> Instrument:
        return instrument(
            market,
            precision_mode=self._client.precisionMode,
            fee_maker=self._fee,
            has_filters=self._profile.has_filters,
        )

    @property
    def listed_taker_fee(self) -> Decimal | None:
        """Taker fee that ccxt lists for this market, a fraction; None if it lists none."""
        return decimal(self._client.market(self._config.symbol).get("taker"))

    async def maker_fee_report(self) -> MakerFeeReport | ReportFailed:
        """Return the account's present maker fee, or ReportFailed.

        A fee that the settings give is returned without a request.
        """
        try:
            fee = self._config.fee_maker
            self._fee = fee = await self._requested_fee() if fee is None else fee
            return MakerFeeReport(ts_ns=self._now_ns(), fee_maker=fee)
        except VenueError as error:
            return ReportFailed(ts_ns=self._now_ns(), kind=ReportKind.MAKER_FEE, text=str(error))

    async def _requested_fee(self) -> Decimal:
        if self._profile.maker_fee_call:
            return await self._account_fee()
        fee = _value_of(await self._balances_fee())
        return await self._account_fee() if fee is None else fee

    async def _account_fee(self) -> Decimal:
        symbol = self._config.symbol
        return await account_fee(self._client, self._sender, self._profile, symbol)

    async def report(self) -> RulesReport | ReportFailed:
        """Request the market rules; return them or ReportFailed.

        ccxt rounds by the new rules from then on.
        """
        held = self._client.market(self._config.symbol)
        is_single = self._profile.has_single_symbol_rules
        try:
            async with self._reading:
                found = await (self._read_one(held) if is_single else self._read_all())
                return self._take(found, held)
        except (VenueError, ValueError) as error:
            return ReportFailed(ts_ns=self._now_ns(), kind=ReportKind.RULES, text=str(error))

    def _take(self, found: Json | None, held: JsonDict) -> RulesReport:
        """Apply newly read rules, and return the report.

        Creates that they forbid are withdrawn before ccxt gets them. For a market that can't be
        quoted ccxt keeps the old rules, so that cancels go on. Raises VenueError for unreadable
        rules, which change nothing.
        """
        # As in ccxt: values that the answer lacks (fees) keep their former value.
        changed = {name: value for name, value in as_map(found).items() if value is not None}
        if refusal := self._refusal(found, held, {**held, **changed}):
            self._change_rules(None)
            return RulesReport(
                ts_ns=self._now_ns(), instrument=self._instrument(held), refusal=refusal
            )
        rules = self._instrument({**held, **changed})
        self._change_rules(rules)
        held.update(changed)
        return RulesReport(ts_ns=self._now_ns(), instrument=rules)

    def _refusal(self, found: Json | None, held: Json, market: Json) -> str:
        """Return why the market, as the venue lists it now, can't be quoted; empty if it can."""
        if found is None:
            return f"{self._config.symbol} is not listed any more"
        try:
            check_same_market(held, market)
            check_quotable(self._client, market)
            check_self_trade(self._profile, market)
        except VenueError as error:
            return str(error)
        return ""

    def _change_rules(self, rules: Instrument | None) -> None:
        if rules != self._rules:
            self._rules = rules
            self._client.gate.change_rules(rules)

    async def _read_all(self) -> Json | None:
        """Read all markets, in a few requests; return the row of ours, None if it is not listed.

        `load_markets` would request coins as well. Raises VenueError.
        """
        rows = _value_of(
            await self._sender.read(
                self._client.fetch_markets, answers.rows, weight=MARKETS_WEIGHT, is_public=True
            )
        )
        if not rows:
            raise BadAnswer("the venue's answer lists no market")
        return next((row for row in rows if row.get("symbol") == self._config.symbol), None)

    async def _read_one(self, held: Json) -> Json | None:
        query = {"symbol": text(held.get("id"))}
        answer = await self._sender.read(
            lambda: self._client.public_get_exchangeinfo(query),
            answers.fields,
            weight=INFO_WEIGHT,
        )
        if isinstance(answer, FailedCall) and is_unknown_symbol(answer.error):
            return None
        answer = _value_of(answer)
        rows = [as_map(row) for row in as_list(answer.get("symbols"))]
        if len(rows) != 1 or rows[0].get("symbol") != query["symbol"]:
            raise BadAnswer(f"the rules of {query['symbol']} are not in the venue's answer")
        return self._client.parse_market(rows[0])

    async def clock_sample(self) -> ClockSample | FailedCall | None:
        """Request the venue's time once; return FailedCall without an answer.

        None at a venue that does not report its time.
        """
        if not self._client.has.get("fetchTime"):
            return None
        asked_ns = self._now_ns()
        venue_ms = await self._sender.read(
            self._client.fetch_time, answers.venue_ms, is_public=True
        )
        if isinstance(venue_ms, FailedCall):
            return venue_ms
        return clock_sample_of(
            venue_ms=venue_ms,
            asked_ns=asked_ns,
            answered_ns=self._now_ns(),
            step_ms=self._profile.clock_step_ms,
        )

    async def _check_clock(self) -> None:
        """Raise VenueError if our clock is off: venues refuse signed requests with a wrong time."""
        answer = await self.clock_sample()
        if answer is None:
            return
        self.clock.latest = sample = _value_of(answer)
        ours_s = -sample.offset_ns / NS_PER_S
        if not abs(ours_s) <= self._config.clock_offset_s_max:
            raise VenueError(
                f"our clock differs from that of {self._config.exchange} by {ours_s:+.3f} s:"
                " synchronise it (NTP) first"
            )

    async def _check_key(self) -> None:
        """Check key and permissions with a balance request, and find the account's maker fee."""
        await self._check_account_kind()
        fee = self._signed(await self._balances_fee())
        await self._key_watch.check()
        if self._fee is None and not self._config.is_cancel_only:
            self._fee = await self._account_fee() if fee is None else fee

    async def _check_account_kind(self) -> None:
        """Raise KeyRefused if quoter can't trade on this kind of account."""
        kind = self._profile.account_kind
        if kind is None or self._config.is_cancel_only:
            return
        ask = getattr(self._client, kind.call)
        found = text(at_path(self._signed(await self._sender.read(ask, answers.fields)), kind.path))
        if found != kind.good:
            why = f"{KEY_TEXTS[KeyFault.ACCOUNT]} ({kind.path} is {found or 'absent'})"
            raise KeyRefused(f"{self._config.exchange}: {why}", KeyFault.ACCOUNT)

    def _signed[T](self, answer: T | FailedCall) -> T:
        """Return the answer to a signed request. Raises KeyRefused or VenueError."""
        if isinstance(answer, FailedCall):
            refused = refused_key(answer.error, answer.text, self._profile.key_errors)
            if refused is not None:
                raise refused
        return _value_of(answer)

    async def _balances_fee(self) -> Decimal | FailedCall | None:
        """Request the balances, and return the maker fee; None if they do not contain it.

        Returns FailedCall without an answer.
        """
        return await self._sender.read(
            self._client.fetch_balance,
            self._maker_fee,
            weight=self._profile.weights.get("balances", 1.0),
        )

    @property
    def fee_warning(self) -> str:
        """Warning that the maker fee is ccxt's for a new account; else empty.

        Empty also for a process that only cancels: it needs no fee.
        """
        return "" if self._fee is not None or self._config.is_cancel_only else DEFAULT_FEE_WARNING

    def _maker_fee(self, answer: object) -> Decimal | None:
        """Return the account's maker fee, a fraction; None if it is not reported with the balances.

        Raises BadAnswer if the balances are missing, or the fee is missing or beyond FEE_MAX.
        """
        account = answers.fields(answer)
        balances(account, self._profile)
        info = as_map(account.get("info"))
        if "commissionRates" not in info:
            return None
        rate = decimal(as_map(info["commissionRates"]).get("maker"))
        if rate is None or not abs(rate) <= FEE_MAX:
            raise BadAnswer(f"the account's maker fee is missing, or not within +/-{FEE_MAX}")
        return rate


def _value_of[T](answer: T | FailedCall) -> T:
    """Return the value of an answer. Raises EgressBlocked or VenueUnavailable for a failure."""
    if isinstance(answer, FailedCall):
        if isinstance(answer.error, EgressBlocked):
            raise answer.error
        raise VenueUnavailable(answer.text)
    return answer
