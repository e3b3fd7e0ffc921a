"""REST requests through ccxt: paced, declared to the egress gate, bounded in time.

Every request takes a reader of its answer (see `answers`), so that no answer is used unchecked.
Errors, also those of the reader, are returned as values.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import NamedTuple

from ccxt.base.errors import InvalidNonce

from quoter.domain.errors import VenueError
from quoter.venues.ccxt.error_mapping import Outcome, create_outcome
from quoter.venues.ccxt.guarded_exchange import GuardedExchange
from quoter.venues.config import NowNs, VenueConfig
from quoter.venues.egress.gate import Purpose, UnusableAnswer, declare_call
from quoter.venues.profiles import profile_of
from quoter.venues.redaction import redact

NONCE_TRIES_MAX = 3  # tries of a cancel or read that another request has overtaken
GRACE_S = 0.5  # ccxt's own timeout comes first, because its error is more specific


@dataclass(frozen=True, slots=True)
class FailedCall:
    """A call without a value: the error, its text without secrets, and whether bytes were sent.

    `status`: of the HTTP answer; 0 without one.
    """

    error: Exception
    was_sent: bool
    text: str
    status: int = 0


type Ask = Callable[[], Awaitable[object]]  # a call of ccxt: its answer has no type yet
type Reader[T] = Callable[[object], T]  # raises BadAnswer


class _Request[T](NamedTuple):
    purpose: Purpose
    client_id: str
    call: Ask
    reader: Reader[T]
    is_public: bool = False


class RequestSender:
    """Sends all requests of gateway and feed except the trial requests.

    Its methods return what the reader returns, or FailedCall.
    """

    def __init__(self, client: GuardedExchange, config: VenueConfig, now_ns: NowNs) -> None:
        self._client, self._config, self._now_ns = client, config, now_ns

    async def create[T](self, client_id: str, call: Ask, reader: Reader[T]) -> T | FailedCall:
        """Send one create. The caller has already taken it from the rate limit."""
        return await self._run(_Request(Purpose.CREATE, client_id, call, reader))

    async def cancel[T](
        self, client_id: str, call: Ask, reader: Reader[T], *, is_paced: bool = True
    ) -> T | FailedCall:
        """Send one cancel, if necessary from the reserved part of the rate limit.

        `is_paced` False: it never waits for the limit.
        """
        request = _Request(Purpose.CANCEL, client_id, call, reader)
        return await self._paced(request, 1.0, is_paced=is_paced)

    async def set_dead_man[T](self, call: Ask, reader: Reader[T]) -> T | FailedCall:
        """Set the venue's dead man's switch; it uses the rate limit's part for cancels."""
        return await self._paced(_Request(Purpose.DEAD_MAN, "", call, reader), 1.0)

    async def read[T](
        self,
        call: Ask,
        reader: Reader[T],
        *,
        weight: float = 1.0,
        is_paced: bool = True,
        is_public: bool = False,
    ) -> T | FailedCall:
        """Send a request that changes nothing at the venue.

        `weight`: units of the rate limit that it costs. `is_paced` False: it never waits for the
        limit. `is_public`: it is not signed.
        """
        request = _Request(Purpose.READ, "", call, reader, is_public)
        return await self._paced(request, weight, is_paced=is_paced)

    def describe_error(self, error: object) -> str:
        """Return an error's class and text on one line, without our keys."""
        config = self._config
        kind = f"{type(error).__name__}: " if isinstance(error, Exception) else ""
        cause = getattr(error, "__cause__", None)  # ccxt's own text names only the request
        why = f": {cause}" if isinstance(cause, UnusableAnswer) else ""
        return redact(f"{kind}{error}{why}", (config.api_key, config.secret, config.password))

    async def _paced[T](
        self, request: _Request[T], weight: float, *, is_paced: bool = True
    ) -> T | FailedCall:
        is_cancel = request.purpose is not Purpose.READ
        wait_s = self._client.limiter.admit(
            self._now_ns(),
            weight=weight,
            is_cancel=is_cancel,
            is_paced=is_paced,
            cancelled=request.client_id if request.purpose is Purpose.CANCEL else None,
            is_public=request.is_public,
        )
        if wait_s is None:
            error = VenueError("not sent: our own rate limit is used up")
            return FailedCall(error, was_sent=False, text=str(error))
        if wait_s:
            await asyncio.sleep(wait_s)
        for _ in range(NONCE_TRIES_MAX - 1):
            answer = await self._run(request)
            if not self._is_overtaken(answer):
                return answer
        return await self._run(request)

    def _is_overtaken(self, answer: object) -> bool:
        """Whether the venue refused a request because a later nonce had arrived before it."""
        is_refused = isinstance(answer, FailedCall) and isinstance(answer.error, InvalidNonce)
        return self._client.slots is not None and is_refused

    async def _run[T](self, request: _Request[T]) -> T | FailedCall:
        with declare_call(request.purpose, request.client_id) as current:
            try:
                async with asyncio.timeout(self._config.call_s_max + GRACE_S):
                    return request.reader(await request.call())
            except Exception as error:  # noqa: BLE001 - every error of a venue becomes a value
                text, status = self.describe_error(error), current.status
                failed = FailedCall(error, current.was_sent, text, status)
        self._note_rate_limit(failed)
        return failed

    def _note_rate_limit(self, failed: FailedCall) -> None:
        """Pause requests after a rate-limit error that came without HTTP status 429."""
        meaning = create_outcome(
            failed.error,
            was_sent=failed.was_sent,
            family=profile_of(self._config.exchange).family,
            status=failed.status,
        )
        limiter, now_ns = self._client.limiter, self._now_ns()
        if meaning.outcome is Outcome.RATE_LIMIT and limiter.active_pause(now_ns) is None:
            limiter.pause(now_ns, retry_s=None, text=failed.text, is_ban=False)
