"""A repeated request gets the first reply; a refused request may be retried."""

import asyncio

import pytest

from quoter.service.control_api import idempotency as module
from quoter.service.control_api.idempotency import IdempotencyCache, OtherBody, Result


class Work:
    """Work that counts how often it is done."""

    def __init__(self, *, is_done: bool = True) -> None:
        self.times = 0
        self.is_done = is_done
        self.may_end = asyncio.Event()
        self.may_end.set()

    async def __call__(self) -> Result[int]:
        self.times += 1
        times = self.times
        await self.may_end.wait()
        return Result(times, is_done=self.is_done)


async def test_a_repeated_request_gets_the_first_reply() -> None:
    once, work = IdempotencyCache[int](), Work()
    assert [await once.do("k", b"b", work) for _ in range(3)] == [1, 1, 1]
    assert await once.do("other", b"b", work) == 2


async def test_two_concurrent_requests_are_done_once() -> None:
    once, work = IdempotencyCache[int](), Work()
    work.may_end.clear()
    both = [asyncio.create_task(once.do("k", b"b", work)) for _ in range(2)]
    await asyncio.sleep(0)
    work.may_end.set()
    assert await asyncio.gather(*both) == [1, 1]


async def test_another_body_is_refused_even_while_the_first_is_running() -> None:
    once, work = IdempotencyCache[int](), Work()
    work.may_end.clear()
    first = asyncio.create_task(once.do("k", b"b", work))
    await asyncio.sleep(0)
    with pytest.raises(OtherBody):
        await once.do("k", b"c", work)
    work.may_end.set()
    assert await first == 1


async def test_a_request_that_changed_nothing_is_not_cached() -> None:
    once, work = IdempotencyCache[int](), Work(is_done=False)
    assert [await once.do("k", b"b", work) for _ in range(2)] == [1, 2]


async def test_a_waiting_request_is_carried_out_if_the_first_one_fails() -> None:
    once, work = IdempotencyCache[int](), Work()

    async def fail() -> Result[int]:
        await asyncio.sleep(0)
        raise RuntimeError

    first = asyncio.create_task(once.do("k", b"b", fail))
    await asyncio.sleep(0)
    second = asyncio.create_task(once.do("k", b"b", work))
    with pytest.raises(RuntimeError):
        await first
    assert await second == 1


async def test_the_number_of_cached_replies_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT_MAX", 2)
    once, work = IdempotencyCache[int](), Work()
    for key in ("a", "b", "c"):
        await once.do(key, b"", work)
    assert await once.do("c", b"", work) == 3
    assert await once.do("a", b"", work) == 4
