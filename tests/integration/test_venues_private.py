"""The private stream: silence, hangs, announced and planned handovers."""

import time
from dataclasses import replace

import pytest

from quoter.domain.events import Event, FeedDown, FeedUp, OrderAck, OrderDone, OrderOpen
from quoter.sandbox.exchange.faults import SocketKind
from tests.integration.ccxt_caches import row_caches
from tests.integration.sandbox_client import RunningSandbox
from tests.integration.test_venues_gateway import cancel, config, connected, place, streaming
from tests.integration.test_venues_ws import until

HANG_S = 1.0  # longer than the stall limit of the test that uses it


async def test_stream_without_events_of_our_orders_is_replaced(
    still_sandbox: RunningSandbox,
) -> None:
    usual = config(still_sandbox)
    quick = replace(usual, stream=replace(usual.stream, silent_s_max=0.3))
    async with connected(quick) as gateway, streaming(gateway) as events:
        assert isinstance(await gateway.place(place(1)), OrderAck)
        await until(lambda: any(isinstance(event, OrderOpen) for event in events))
        fault = await still_sandbox.arm("user_event_drop")
        assert isinstance(await gateway.place(place(2)), OrderAck)
        await until(lambda: any(isinstance(event, FeedDown) for event in events))
        (down,) = (event for event in events if isinstance(event, FeedDown))
        assert "no private event followed" in down.text
        await until(lambda: sum(isinstance(event, FeedUp) for event in events) == 2)
        await still_sandbox.admin("DELETE", f"faults?id={fault}")
        seen = len(events)
        await gateway.place(place(3))
        await until(lambda: any(isinstance(event, OrderOpen) for event in events[seen:]))
        assert sum(isinstance(event, FeedDown) for event in events) == 1


async def test_hang_of_our_loop_emits_feed_down_and_up(
    still_sandbox: RunningSandbox,
) -> None:
    usual = config(still_sandbox)
    quick = replace(usual, keep_alive_ms=100, stream=replace(usual.stream, stall_s=0.4))
    async with connected(quick) as gateway, streaming(gateway) as events:
        await until(lambda: any(isinstance(event, FeedUp) for event in events))
        before = len(events)
        time.sleep(HANG_S)  # noqa: ASYNC251 - the loop is to hang
        await until(lambda: any(isinstance(event, FeedUp) for event in events[before:]))
    assert [type(event) for event in events[before : before + 2]] == [FeedDown, FeedUp]


async def roll(sandbox: RunningSandbox) -> None:
    """Make the venue announce that it will close the private connection."""
    body = {"in_s": 30.0, "socket": "user"}
    answer = await sandbox.admin("POST", "streams/shutdown", body)
    assert answer.row["notified"] == 1


def user_sockets(sandbox: RunningSandbox) -> int:
    return len(list(sandbox.server.sockets.of(SocketKind.USER)))


@pytest.mark.slow
async def test_announced_end_is_preceded_by_a_handover_without_loss(
    still_sandbox: RunningSandbox,
) -> None:
    opened = still_sandbox.server.venue.counts
    async with connected(config(still_sandbox)) as gateway, streaming(gateway) as events:
        for number in range(1, 4):
            before = opened["user_sockets_opened"]
            await roll(still_sandbox)
            await until(lambda n=before: opened["user_sockets_opened"] > n)  # type: ignore[misc]
            assert isinstance(await gateway.place(place(number)), OrderAck)
            name = place(number).client_id
            await until(lambda n=name: has_order_open(events, n))  # type: ignore[misc]
            await until(lambda: user_sockets(still_sandbox) == 1)
            assert gateway.handovers == number
        assert isinstance(await gateway.place(place(9)), OrderAck)
        await until(lambda: has_order_open(events, place(9).client_id))
    assert not [event for event in events if isinstance(event, FeedDown)]
    assert sum(isinstance(event, FeedUp) for event in events) == 1


async def test_old_connection_is_replaced(still_sandbox: RunningSandbox) -> None:
    usual = config(still_sandbox)
    aging = replace(usual, stream=replace(usual.stream, handover_s=0.3))
    async with connected(aging) as gateway, streaming(gateway) as events:
        await until(lambda: gateway.handovers >= 2)
    assert not [event for event in events if isinstance(event, FeedDown)]
    assert user_sockets(still_sandbox) == 0


async def test_refused_handover_is_retried_while_the_old_connection_works(
    still_sandbox: RunningSandbox,
) -> None:
    async with connected(config(still_sandbox)) as gateway, streaming(gateway) as events:
        fault = await still_sandbox.arm("error_before", endpoint="subscribe", count=2, status=503)
        await still_sandbox.admin("POST", "streams/shutdown", {"in_s": 30.0, "socket": "user"})
        await until(lambda: gateway.handovers == 1)
        assert await still_sandbox.fired(fault) == 2
        assert isinstance(await gateway.place(place(1)), OrderAck)
        await until(lambda: has_order_open(events, place(1).client_id))
    assert not [event for event in events if isinstance(event, FeedDown)]


async def test_end_before_the_handover_is_reported_as_a_loss(
    still_sandbox: RunningSandbox,
) -> None:
    """Events between the two connections may be missing: FeedDown triggers list requests."""
    async with connected(config(still_sandbox)) as gateway, streaming(gateway) as events:
        await still_sandbox.arm("error_before", endpoint="subscribe", count=3, status=503)
        await still_sandbox.admin("POST", "streams/shutdown", {"in_s": 0.1, "socket": "user"})
        await until(lambda: sum(isinstance(e, FeedUp) for e in events) == 2)
    kinds = [type(event) for event in events if isinstance(event, FeedUp | FeedDown)]
    assert kinds[:2] == [FeedUp, FeedDown]


async def test_rows_of_ended_orders_are_not_kept(still_sandbox: RunningSandbox) -> None:
    """Ccxt's cache must not grow with every order."""
    async with connected(config(still_sandbox)) as gateway, streaming(gateway) as events:
        for number in range(1, 21):
            assert isinstance(await gateway.place(place(number)), OrderAck)
            assert isinstance(await gateway.cancel(cancel(number)), OrderDone)
        await until(lambda: sum(isinstance(event, OrderDone) for event in events) == 20)
        caches = row_caches()
        assert caches
        await until(lambda: not any(map(len, caches)))


def has_order_open(events: list[Event], client_id: str) -> bool:
    return any(isinstance(e, OrderOpen) and e.order.client_id == client_id for e in events)
