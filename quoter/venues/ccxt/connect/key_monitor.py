"""Check of the API key's permissions at the start and every hour."""

import asyncio

from quoter.domain.errors import KeyRefused
from quoter.domain.events import Alarm
from quoter.domain.reasons import RejectReason
from quoter.domain.trading import Cause
from quoter.venues.ccxt.connect.key_permissions import (
    SOURCES,
    PermissionResult,
    Unverified,
    check_permissions,
    permission_warning,
)
from quoter.venues.ccxt.error_mapping import create_outcome, refused_key
from quoter.venues.ccxt.guarded_exchange import GuardedExchange
from quoter.venues.ccxt.request_sender import FailedCall, RequestSender
from quoter.venues.config import NowNs, VenueConfig
from quoter.venues.ports import Emit
from quoter.venues.profiles import profile_of


class KeyMonitor:
    """Checks one key at intervals; `result` is that of the newest check."""

    def __init__(
        self, *, client: GuardedExchange, sender: RequestSender, config: VenueConfig, now_ns: NowNs
    ) -> None:
        self._client, self._sender, self._config = client, sender, config
        self._now_ns = now_ns
        self.result: PermissionResult = Unverified("not checked yet")

    @property
    def is_verified(self) -> bool:
        """Whether the newest check returned the key's permissions."""
        return not isinstance(self.result, Unverified)

    @property
    def warning(self) -> str:
        """A warning about the key for the operator; empty if there is none."""
        return permission_warning(self.result, self._config.environment)

    async def check(self) -> None:
        """Check once. Raises KeyRefused if the key has excessive permissions or is invalid."""
        self.result = await self._request()
        check_permissions(self.result, self._config.environment)

    async def run(self, emit: Emit) -> None:
        """Check at an interval; emit KEY_REFUSED, which kills, if `check` raises."""
        while True:
            await asyncio.sleep(self._config.key_rights_s)
            try:
                await self.check()
            except KeyRefused as error:
                ts_ns = self._now_ns()
                emit(Alarm(ts_ns=ts_ns, cause=Cause.KEY_REFUSED, active=True, text=str(error)))

    async def _request(self) -> PermissionResult:
        source = SOURCES.get(self._config.exchange)
        if not self._config.api_key:
            return Unverified("no key is configured")
        if source is None:
            return Unverified(f"quoter can't read key permissions at {self._config.exchange}")
        answer = await self._sender.read(getattr(self._client, source.method), source.parse)
        if isinstance(answer, FailedCall):
            if self._is_refusal(answer):
                self.result = Unverified("the venue refuses the key")
                codes = profile_of(self._config.exchange).key_errors
                raise refused_key(answer.error, answer.text, codes) or KeyRefused(
                    f"the venue refuses the key: {answer.text}"
                )
            return Unverified(answer.text)
        return answer or Unverified("the venue's answer has an unknown format")

    def _is_refusal(self, failed: FailedCall) -> bool:
        """Whether the error means that the venue refused the key."""
        meaning = create_outcome(
            failed.error,
            was_sent=failed.was_sent,
            family=profile_of(self._config.exchange).family,
            status=failed.status,
        )
        return meaning.reason is RejectReason.AUTH
