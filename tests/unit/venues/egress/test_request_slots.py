"""Signed requests get slots: cancels first, and none is held up by one that hangs."""

import asyncio

import pytest

from quoter.venues.egress import request_slots as module
from quoter.venues.egress.gate import Purpose
from quoter.venues.egress.request_slots import RequestSlots


class Requests:
    """Requests that record when they begin, and end when they may."""

    def __init__(self) -> None:
        self.slots = RequestSlots()
        self.begun: list[str] = []
        self.may_end = asyncio.Event()

    def start(self, name: str, purpose: Purpose) -> asyncio.Task[None]:
        async def work() -> None:
            self.begun.append(name)
            await self.may_end.wait()

        return asyncio.create_task(self.slots.run(purpose, work))


async def test_cancels_come_first_and_others_in_their_order() -> None:
    requests = Requests()
    tasks = [
        requests.start(name, purpose)
        for name, purpose in (
            ("present", Purpose.READ),
            ("read", Purpose.READ),
            ("create", Purpose.CREATE),
            ("cancel 1", Purpose.CANCEL),
            ("cancel 2", Purpose.CANCEL),
        )
    ]
    await asyncio.sleep(0)
    assert requests.begun == ["present"]
    requests.may_end.set()
    await asyncio.gather(*tasks)
    assert requests.begun == ["present", "cancel 1", "cancel 2", "create", "read"]


async def test_request_that_hangs_delays_nobody_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SLOT_S_MAX", 0.0)
    requests = Requests()
    tasks = [requests.start(name, Purpose.CANCEL) for name in ("a", "b", "c")]
    for _ in range(20):  # rounds of the loop
        await asyncio.sleep(0)
    assert requests.begun == ["a", "b", "c"]
    requests.may_end.set()
    await asyncio.gather(*tasks)


async def test_request_that_is_given_up_while_it_waits_or_runs_ends_its_turn() -> None:
    requests = Requests()
    first, second, third = (requests.start(name, Purpose.READ) for name in ("a", "b", "c"))
    await asyncio.sleep(0)
    second.cancel()
    first.cancel()
    await asyncio.wait((first, second))
    requests.may_end.set()
    await third
    assert requests.begun == ["a", "c"]


async def test_request_that_is_given_up_just_as_its_turn_comes_passes_it_on() -> None:
    requests = Requests()
    first, second, third = (requests.start(name, Purpose.READ) for name in ("a", "b", "c"))
    await asyncio.sleep(0)
    first.add_done_callback(lambda _: second.cancel())
    requests.may_end.set()
    await asyncio.wait((first, second, third))
    assert requests.begun[-1] == "c"
