"""A private socket that lives and tells nothing of what the venue has answered elsewhere."""

import time
from dataclasses import replace

from quoter.domain.events import FeedDown, FeedUp, OrderAck, OrderOpen
from tests.integration.sandbox_client import RunningSandbox
from tests.integration.test_venues_gateway import config, connected, place, streaming
from tests.integration.test_venues_ws import until

HANG_S = 1.0  # beyond the limit of the test that uses it


async def test_a_stream_that_is_mute_about_our_orders_is_given_up_and_replaced(
    still_sandbox: RunningSandbox,
) -> None:
    usual = config(still_sandbox)
    quick = replace(usual, stream=replace(usual.stream, mute_s_max=0.3))
    async with connected(quick) as gateway, streaming(gateway) as told:
        assert isinstance(await gateway.place(place(1)), OrderAck)
        await until(lambda: any(isinstance(event, OrderOpen) for event in told))
        fault = await still_sandbox.arm("user_event_drop")
        assert isinstance(await gateway.place(place(2)), OrderAck)
        await until(lambda: any(isinstance(event, FeedDown) for event in told))
        (down,) = (event for event in told if isinstance(event, FeedDown))
        assert "nothing was told" in down.text
        await until(lambda: sum(isinstance(event, FeedUp) for event in told) == 2)
        await still_sandbox.admin("DELETE", f"faults?id={fault}")
        seen = len(told)
        await gateway.place(place(3))
        await until(lambda: any(isinstance(event, OrderOpen) for event in told[seen:]))
        assert sum(isinstance(event, FeedDown) for event in told) == 1


async def test_after_our_loop_stood_still_the_stream_counts_as_lost_and_found(
    still_sandbox: RunningSandbox,
) -> None:
    usual = config(still_sandbox)
    quick = replace(usual, keep_alive_ms=100, stream=replace(usual.stream, stall_s=0.4))
    async with connected(quick) as gateway, streaming(gateway) as told:
        await until(lambda: any(isinstance(event, FeedUp) for event in told))
        before = len(told)
        time.sleep(HANG_S)  # noqa: ASYNC251 - the loop is to hang
        await until(lambda: any(isinstance(event, FeedUp) for event in told[before:]))
    assert [type(event) for event in told[before : before + 2]] == [FeedDown, FeedUp]
