"""The end of a run: the stop request, the drain and the cancels after a crash."""

import asyncio
from collections.abc import Callable
from typing import cast

import pytest
from structlog.testing import capture_logs

from quoter.domain.errors import VenueError
from quoter.domain.trading import Phase
from quoter.engine.engine import Engine
from quoter.service import shutdown as module
from quoter.service.shutdown import Shutdown, StopRequest
from quoter.venues.ports import OrderGateway

WAIT_S_MAX = 10.0  # on a busy machine


class DrainingEngine:
    """The parts of an engine that the shutdown reads; `orders` are its client ids."""

    def __init__(self, *orders: str) -> None:
        self.phase = Phase.DRAINING
        self.orders = list(orders)

    @property
    def has_no_orders(self) -> bool:
        return not self.orders


class Gateway:
    """Lists `left` own orders after each cancel-all; `on_cancel` is called first."""

    def __init__(self, left: int = 0) -> None:
        self.left = left
        self.calls: list[str] = []
        self.on_cancel: Callable[[], None] = lambda: None

    def close_gate(self) -> None:
        self.calls.append("close_gate")

    async def cancel_all(self) -> int:
        self.calls.append("cancel_all")
        self.on_cancel()
        return self.left

    @property
    def cancels(self) -> int:
        return self.calls.count("cancel_all")


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "DRAIN_POLL_S", 0.001)
    monkeypatch.setattr(module, "VERIFY_PAUSE_S_MAX", 0.004)
    monkeypatch.setattr(module, "DRAIN_S_MAX", WAIT_S_MAX)
    monkeypatch.setattr(module, "EMERGENCY_S_MAX", WAIT_S_MAX)
    monkeypatch.setattr(module, "LATE_CREATE_S", 0.0)


def make(engine: DrainingEngine, gateway: Gateway) -> Shutdown:
    return Shutdown(cast(Engine, engine), cast(OrderGateway, gateway))


async def until_cancels(gateway: Gateway, count: int) -> None:
    """Wait until the gateway has received `count` cancel-alls."""
    end_s = asyncio.get_running_loop().time() + WAIT_S_MAX
    while gateway.cancels < count:
        assert asyncio.get_running_loop().time() < end_s
        await asyncio.sleep(0.001)


class TestStopRequest:
    async def test_wait_blocks_until_the_stop_is_requested(self) -> None:
        request = StopRequest()
        waiting = asyncio.create_task(request.wait())
        await asyncio.sleep(0)
        assert not waiting.done()
        request.stop()
        async with asyncio.timeout(WAIT_S_MAX):
            await waiting
        assert not request.is_restart_wanted

    async def test_a_restart_is_a_stop_that_asks_for_a_new_start(self) -> None:
        request = StopRequest()
        request.restart()
        async with asyncio.timeout(WAIT_S_MAX):
            await request.wait()
        assert request.is_restart_wanted

    async def test_a_later_stop_keeps_the_wanted_restart(self) -> None:
        request = StopRequest()
        request.restart()
        request.stop()
        assert request.is_restart_wanted


class TestDrain:
    async def test_it_closes_the_gate_first_and_verifies_that_no_order_is_left(self) -> None:
        gateway = Gateway()
        shutdown = make(DrainingEngine(), gateway)
        assert not shutdown.is_verified
        with capture_logs() as lines:
            await shutdown.drain()
        assert gateway.calls[0] == "close_gate"
        assert gateway.cancels >= 1
        assert shutdown.is_verified
        assert lines == []

    async def test_nothing_is_cancelled_before_the_engine_drains(self) -> None:
        engine, gateway = DrainingEngine(), Gateway()
        engine.phase = Phase.LIVE
        task = asyncio.create_task(make(engine, gateway).drain())
        await asyncio.sleep(0.02)
        assert gateway.calls == ["close_gate"]
        engine.phase = Phase.DRAINING
        async with asyncio.timeout(WAIT_S_MAX):
            await task
        assert gateway.cancels >= 1

    async def test_the_venue_is_asked_again_after_the_last_order_of_the_engine_ended(self) -> None:
        """A list from before that could lack an order that was still on its way."""
        engine, gateway = DrainingEngine("q1"), Gateway()
        shutdown = make(engine, gateway)
        task = asyncio.create_task(shutdown.drain())
        await until_cancels(gateway, 2)
        assert not task.done()  # the venue lists none, but the engine waits for q1
        engine.orders.clear()
        before = gateway.cancels
        async with asyncio.timeout(WAIT_S_MAX):
            await task
        assert gateway.cancels > before
        assert shutdown.is_verified

    async def test_cancels_are_repeated_while_the_venue_lists_orders(self) -> None:
        gateway = Gateway(left=2)
        shutdown = make(DrainingEngine(), gateway)
        task = asyncio.create_task(shutdown.drain())
        await until_cancels(gateway, 3)
        assert not shutdown.is_verified
        gateway.left = 0
        async with asyncio.timeout(WAIT_S_MAX):
            await task
        assert shutdown.is_verified

    async def test_an_error_of_the_venue_is_logged_and_the_cancel_is_repeated(self) -> None:
        gateway = Gateway()
        errors = [VenueError("connection reset")]

        def fail_once() -> None:
            if errors:
                raise errors.pop()

        gateway.on_cancel = fail_once
        shutdown = make(DrainingEngine(), gateway)
        with capture_logs() as lines:
            await shutdown.drain()
        assert lines == [
            {"event": "verify_failed", "log_level": "warning", "error": "connection reset"}
        ]
        assert gateway.cancels == 2
        assert shutdown.is_verified

    async def test_after_the_time_limit_it_logs_how_many_orders_are_left(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(module, "DRAIN_S_MAX", 0.05)
        shutdown = make(DrainingEngine("q1", "q2"), Gateway(left=2))
        with capture_logs() as lines:
            await shutdown.drain()
        assert lines == [{"event": "drain_timed_out", "log_level": "error", "own_orders_left": 2}]
        assert not shutdown.is_verified


class TestEmergency:
    async def test_it_closes_the_gate_and_cancels_until_none_is_listed(self) -> None:
        gateway = Gateway(left=1)

        def end_last() -> None:
            gateway.left = 0 if gateway.cancels == 3 else 1

        gateway.on_cancel = end_last
        shutdown = make(DrainingEngine("q1"), gateway)
        with capture_logs() as lines:
            await shutdown.emergency()
        assert gateway.calls == ["close_gate", *["cancel_all"] * 3]
        assert shutdown.is_verified
        assert lines == []

    async def test_it_goes_on_while_a_create_may_still_arrive(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(module, "LATE_CREATE_S", 0.5)
        gateway = Gateway()
        started_s = asyncio.get_running_loop().time()
        await make(DrainingEngine(), gateway).emergency()
        assert asyncio.get_running_loop().time() - started_s >= 0.5
        assert gateway.cancels > 1

    async def test_after_the_time_limit_it_logs_that_orders_may_be_left(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(module, "EMERGENCY_S_MAX", 0.05)
        shutdown = make(DrainingEngine(), Gateway(left=1))
        with capture_logs() as lines:
            await shutdown.emergency()
        expected = {"event": "emergency_cancel_failed", "log_level": "critical", "seconds": 0.05}
        assert lines == [expected]
        assert not shutdown.is_verified
