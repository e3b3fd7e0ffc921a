"""Carry out a repeated request only once, by caching replies under the idempotency key."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from hashlib import sha256

KEY = re.compile(r"[A-Za-z0-9._:-]{1,64}")
KEPT_MAX = 256  # replies; the oldest is dropped first


@dataclass(frozen=True, slots=True)
class Result[Answer]:
    """A reply. `is_done`: the request was carried out, so a repetition gets the same reply."""

    answer: Answer
    is_done: bool


class OtherBody(Exception):
    """The key was used for another request."""


class IdempotencyCache[Answer]:
    """Cache of the replies to requests that were carried out.

    A refused request is not cached: it may be retried with its key.
    """

    def __init__(self) -> None:
        self._kept: dict[str, tuple[bytes, asyncio.Future[Answer]]] = {}

    async def do(
        self, key: str, body: bytes, work: Callable[[], Awaitable[Result[Answer]]]
    ) -> Answer:
        """Return the reply of `work`, or the cached one of this key and body. Raises OtherBody."""
        body = sha256(body).digest()  # only the hash is kept
        while (kept := self._kept.get(key)) is not None:
            if kept[0] != body:
                raise OtherBody
            await asyncio.wait((kept[1],))
            if not kept[1].cancelled():
                return kept[1].result()
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._kept[key] = body, future
        while len(self._kept) > KEPT_MAX:
            del self._kept[next(iter(self._kept))]
        result = None
        try:
            result = await work()
            return result.answer
        finally:
            if result is not None and result.is_done:
                future.set_result(result.answer)
            else:
                future.cancel()
                if self._kept.get(key) == (body, future):
                    del self._kept[key]
