"""The venue's dead man's switch, with ccxt's Kraken class over real sockets."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal

import pytest

from quoter.domain.commands import PlaceOrder
from quoter.domain.errors import VenueError
from quoter.domain.events import Alarm, Event, OrderAck, OrderReject
from quoter.domain.market import Side
from quoter.domain.reasons import RejectReason
from quoter.domain.trading import Cause
from quoter.service.clock import Clock
from quoter.service.external_stops.dead_man import DeadManRefresher
from quoter.venues.answers import anything
from quoter.venues.ccxt.gateway import CcxtGateway
from tests.integration.kraken_venue import KrakenVenue, kraken, kraken_gateway
from tests.integration.sandbox_client import END_S

TIMEOUT_S = 4
POLL_S = 0.02


@dataclass(slots=True)
class Rig:
    """A switch that is refreshed as the daemon does it."""

    venue: KrakenVenue
    gateway: CcxtGateway
    dead_man: DeadManRefresher
    alarms: list[tuple[bool, str]] = field(default_factory=list)
    _task: asyncio.Task[None] | None = None
    _sent: int = 0

    def receive(self, event: Event) -> None:
        assert isinstance(event, Alarm)
        assert event.cause is Cause.DEAD_MAN
        self.alarms.append((event.active, event.text))

    def live(self) -> None:
        self._task = asyncio.create_task(self.dead_man.run())

    async def freeze(self) -> None:
        """Block the process, as SIGSTOP does."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    async def place(self) -> OrderAck | OrderReject:
        self._sent += 1
        answer = await self.gateway.place(
            PlaceOrder(
                client_id=f"q00{self._sent}",
                side=Side.BUY,
                price=Decimal("59000.1"),
                size=Decimal("0.001"),
                decided_ns=time.time_ns(),
            )
        )
        assert isinstance(answer, OrderAck | OrderReject), answer
        return answer

    async def until_alarm(self, active: bool, text: str = "") -> None:
        await eventually(lambda: (active, True) in [(a, text in t) for a, t in self.alarms[-1:]])


async def eventually(condition: Callable[[], object]) -> None:
    end_s = time.monotonic() + END_S
    while not condition():
        assert time.monotonic() < end_s, "too late"
        await asyncio.sleep(POLL_S)


@asynccontextmanager
async def rigged() -> AsyncIterator[Rig]:
    """Run the block before the switch is armed."""
    rigs: list[Rig] = []

    def block_reason() -> str:
        return rigs[0].dead_man.block_reason()

    async with kraken() as venue, kraken_gateway(venue, block_reason) as gateway:
        rig = Rig(
            venue, gateway, DeadManRefresher(switch=gateway, timeout_s=TIMEOUT_S, clock=Clock())
        )
        rigs.append(rig)
        rig.dead_man.begin(rig.receive)
        try:
            yield rig
        finally:
            await rig.freeze()


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    async with rigged() as rig:
        rig.live()
        yield rig


async def test_no_create_before_the_switch_is_armed() -> None:
    """Otherwise the venue could not cancel it after a crash."""
    async with rigged() as rig:
        assert rig.alarms == [(True, "the dead man's switch is not armed")]
        answer = await rig.place()
        assert isinstance(answer, OrderReject)
        assert answer.reason is RejectReason.NOT_SENT
        assert rig.venue.orders == {}
        rig.live()
        await rig.until_alarm(False)
        assert isinstance(await rig.place(), OrderAck)
    assert rig.venue.timeouts[0] == TIMEOUT_S


async def test_refreshed_switch_never_fires(rig: Rig) -> None:
    await rig.until_alarm(False)
    await rig.place()
    await eventually(lambda: len(rig.venue.timeouts) >= 6)  # longer than one timeout
    assert len(rig.venue.orders) == 1
    assert rig.venue.fired == 0
    assert rig.alarms[-1][0] is False


async def test_frozen_process_loses_its_orders_and_creates_none_when_it_wakes(rig: Rig) -> None:
    await rig.until_alarm(False)
    await rig.place()
    await rig.freeze()
    await eventually(lambda: rig.venue.fired)
    assert rig.venue.orders == {}
    await eventually(rig.dead_man.block_reason)
    assert isinstance(await rig.place(), OrderReject)  # decided before it receives the alarm
    assert rig.venue.orders == {}
    rig.live()
    late = "the dead man's switch may have fired: it was not refreshed in time"
    await eventually(lambda: (True, late) in rig.alarms)
    await rig.until_alarm(False)
    assert isinstance(await rig.place(), OrderAck)  # armed again


async def test_two_failed_refreshes_pause_and_one_that_succeeds_resumes(rig: Rig) -> None:
    await rig.until_alarm(False)
    rig.venue.refusing = 2
    await rig.until_alarm(True, "did not refresh")
    assert rig.venue.fired == 0  # we pause before it fires
    await rig.until_alarm(False)


async def test_one_failed_refresh_does_not_pause(rig: Rig) -> None:
    await rig.until_alarm(False)
    rig.venue.refusing = 1
    count = len(rig.venue.timeouts)
    await eventually(lambda: len(rig.venue.timeouts) >= count + 2)
    assert [active for active, _ in rig.alarms] == [True, False]


async def test_disarmed_switch_leaves_foreign_orders(rig: Rig) -> None:
    await rig.until_alarm(False)
    rig.venue.orders["foreign"] = {"type": "buy", "price": "1", "volume": "1"}
    await rig.dead_man.disarm()
    assert rig.venue.timeouts[-1] == 0
    end_s = time.monotonic() + 1.2 * TIMEOUT_S
    while time.monotonic() < end_s:
        assert rig.venue.timeouts[-1] == 0  # no late refresh
        await asyncio.sleep(POLL_S)
    assert rig.venue.fired == 0
    assert rig.dead_man.block_reason()


async def test_the_call_of_the_switch_allows_no_other_path(rig: Rig) -> None:
    """The gate lets only this path pass as a POST that creates nothing."""
    client, sender = rig.gateway._client, rig.gateway._sender
    answer = await sender.set_dead_man(lambda: client.cancel_order("x", "BTC/USD", {}), anything)
    assert "is not the dead man's switch" in getattr(answer, "text", "")


async def test_venue_without_a_switch_is_reported(rig: Rig) -> None:
    rig.gateway._config = replace(rig.gateway._config, exchange="binance")
    with pytest.raises(VenueError, match="no dead man's switch"):
        await rig.gateway.set_dead_man(10)
