"""One call through ccxt: paced, declared, bounded in time; its trouble comes back as a value."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from quoter.domain.errors import VenueError
from quoter.venues.ccxt.error_mapping import Outcome, create_outcome
from quoter.venues.ccxt.guarded_exchange import GuardedExchange
from quoter.venues.config import NowNs, VenueConfig
from quoter.venues.egress.gate import Purpose, calling
from quoter.venues.profiles import profile_of
from quoter.venues.redaction import redact

GRACE_S = 0.5  # ccxt's own timeout comes first: it knows more


@dataclass(frozen=True, slots=True)
class Failed:
    """A call that brought no value: the error, whether bytes left, and its text without secrets.

    `status` is that of the HTTP answer, 0 if there was none.
    """

    error: Exception
    was_sent: bool
    text: str
    status: int = 0


class Caller:
    """The only way to ccxt's REST methods."""

    def __init__(self, client: GuardedExchange, config: VenueConfig, now_ns: NowNs) -> None:
        self._client, self._config, self._now_ns = client, config, now_ns

    async def create[T](self, client_id: str, call: Callable[[], Awaitable[T]]) -> T | Failed:
        """Send one create; the budget was asked before."""
        return await self._run(Purpose.CREATE, client_id, call)

    async def cancel[T](
        self, client_id: str, call: Callable[[], Awaitable[T]], *, is_paced: bool = True
    ) -> T | Failed:
        """Send one cancel, from the reserve if need be; one that is not paced waits for none."""
        return await self._paced(Purpose.CANCEL, client_id, 1.0, call, is_paced=is_paced)

    async def hold[T](self, call: Callable[[], Awaitable[T]]) -> T | Failed:
        """Set the venue's dead man's switch; it may wait for no question of ours."""
        return await self._paced(Purpose.DEAD_MAN, "", 1.0, call)

    async def read[T](
        self, call: Callable[[], Awaitable[T]], *, weight: float = 1.0, is_paced: bool = True
    ) -> T | Failed:
        """Ask something that changes nothing."""
        return await self._paced(Purpose.READ, "", weight, call, is_paced=is_paced)

    def text(self, error: object) -> str:
        """An error on one line, without our keys."""
        config = self._config
        kind = f"{type(error).__name__}: " if isinstance(error, Exception) else ""
        return redact(f"{kind}{error}", (config.api_key, config.secret, config.password))

    async def _paced[T](
        self,
        purpose: Purpose,
        client_id: str,
        weight: float,
        call: Callable[[], Awaitable[T]],
        *,
        is_paced: bool = True,
    ) -> T | Failed:
        is_cancel = purpose is not Purpose.READ
        wait_s = self._client.limiter.admit(
            self._now_ns(), weight=weight, is_cancel=is_cancel, is_paced=is_paced
        )
        if wait_s is None:
            error = VenueError("not sent: rate limit")
            return Failed(error, was_sent=False, text=str(error))
        if wait_s:
            await asyncio.sleep(wait_s)
        return await self._run(purpose, client_id, call)

    async def _run[T](
        self, purpose: Purpose, client_id: str, call: Callable[[], Awaitable[T]]
    ) -> T | Failed:
        with calling(purpose, client_id) as current:
            try:
                async with asyncio.timeout(self._config.call_s_max + GRACE_S):
                    return await call()
            except Exception as error:  # noqa: BLE001 - whatever a venue does is an answer here
                text, status = self.text(error), current.status
                failed = Failed(error, current.was_sent, text, status)
        self._note_rate_limit(failed)
        return failed

    def _note_rate_limit(self, failed: Failed) -> None:
        """Some venues ask for silence without HTTP 429: remember it all the same."""
        meaning = create_outcome(
            failed.error,
            was_sent=failed.was_sent,
            family=profile_of(self._config.exchange).family,
            status=failed.status,
        )
        now_ns = self._now_ns()
        if meaning.outcome is Outcome.RATE_LIMIT and self._client.limiter.silent(now_ns) is None:
            self._client.limiter.silence(now_ns, retry_s=None, text=failed.text, is_ban=False)
