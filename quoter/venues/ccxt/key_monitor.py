"""Asks the venue for the rights of our key: at the start, and every hour after."""

import asyncio

from quoter.domain.errors import KeyRefused
from quoter.domain.events import Alarm
from quoter.domain.reasons import RejectReason
from quoter.domain.trading import Cause
from quoter.venues.ccxt.calls import Caller, Failed
from quoter.venues.ccxt.error_mapping import create_outcome
from quoter.venues.ccxt.guarded_exchange import GuardedExchange
from quoter.venues.ccxt.key_permissions import SOURCES, Found, Unverified, check_rights, doubts
from quoter.venues.config import NowNs, VenueConfig
from quoter.venues.ports import Emit
from quoter.venues.profiles import profile_of


class KeyMonitor:
    """One key; `found` is what was last told of it."""

    def __init__(
        self, *, client: GuardedExchange, caller: Caller, config: VenueConfig, now_ns: NowNs
    ) -> None:
        self._client, self._caller, self._config = client, caller, config
        self._now_ns = now_ns
        self.found: Found = Unverified("nobody has asked")

    @property
    def is_verified(self) -> bool:
        """Did the venue tell, when it was last asked?"""
        return not isinstance(self.found, Unverified)

    @property
    def doubts(self) -> str:
        """What a person should know of the key; empty if nothing."""
        return doubts(self.found, self._config.environment)

    async def check(self) -> None:
        """Ask once. Raises KeyRefused if the key may too much, or is none any more."""
        self.found = await self._ask()
        check_rights(self.found, self._config.environment)

    async def run(self, emit: Emit) -> None:
        """Ask again and again; a key that got more rights, or lost them all, kills."""
        while True:
            await asyncio.sleep(self._config.key_rights_s)
            try:
                await self.check()
            except KeyRefused as error:
                ts_ns = self._now_ns()
                emit(Alarm(ts_ns=ts_ns, cause=Cause.KEY_REFUSED, active=True, text=str(error)))

    async def _ask(self) -> Found:
        source = SOURCES.get(self._config.exchange)
        if not self._config.api_key:
            return Unverified("there is no key")
        if source is None:
            return Unverified(f"{self._config.exchange} does not tell, or we do not know where")
        answer = await self._caller.read(getattr(self._client, source.method))
        if isinstance(answer, Failed):
            if self._is_refusal(answer):
                self.found = Unverified("the venue refuses the key")
                raise KeyRefused(f"the venue refuses the key: {answer.text}")
            return Unverified(answer.text)
        return source.parse(answer) or Unverified("the answer is not what was documented")

    def _is_refusal(self, failed: Failed) -> bool:
        """Did the venue refuse the key, whatever ccxt calls it?"""
        meaning = create_outcome(
            failed.error,
            was_sent=failed.was_sent,
            family=profile_of(self._config.exchange).family,
            status=failed.status,
        )
        return meaning.reason is RejectReason.AUTH
