"""A repeated request gets its first answer; a refused one may be tried again."""

import asyncio

import pytest

from quoter.service.control_api import idempotency as module
from quoter.service.control_api.idempotency import IdempotencyCache, OtherBody, Result


class Work:
    """Counts how often it was done."""

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


async def test_the_second_time_brings_the_first_answer() -> None:
    once, work = IdempotencyCache[int](), Work()
    assert [await once.do("k", b"b", work) for _ in range(3)] == [1, 1, 1]
    assert await once.do("other", b"b", work) == 2


async def test_two_at_the_same_time_are_one() -> None:
    once, work = IdempotencyCache[int](), Work()
    work.may_end.clear()
    both = [asyncio.create_task(once.do("k", b"b", work)) for _ in range(2)]
    await asyncio.sleep(0)
    work.may_end.set()
    assert await asyncio.gather(*both) == [1, 1]


async def test_another_body_is_refused_even_while_the_first_is_under_way() -> None:
    once, work = IdempotencyCache[int](), Work()
    work.may_end.clear()
    first = asyncio.create_task(once.do("k", b"b", work))
    await asyncio.sleep(0)
    with pytest.raises(OtherBody):
        await once.do("k", b"c", work)
    work.may_end.set()
    assert await first == 1


async def test_what_changed_nothing_is_not_kept() -> None:
    once, work = IdempotencyCache[int](), Work(is_done=False)
    assert [await once.do("k", b"b", work) for _ in range(2)] == [1, 2]


async def test_who_waited_for_one_that_failed_tries_himself() -> None:
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


async def test_only_so_many_answers_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT_MAX", 2)
    once, work = IdempotencyCache[int](), Work()
    for key in ("a", "b", "c"):
        await once.do(key, b"", work)
    assert await once.do("c", b"", work) == 3
    assert await once.do("a", b"", work) == 4
