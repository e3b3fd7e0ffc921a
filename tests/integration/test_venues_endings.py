"""Cancelling all own orders, whatever our own rate limiter says."""

import time
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from quoter.domain.commands import RequestReport
from quoter.domain.errors import VenueError
from quoter.domain.events import CancelReject, OrderDone, ReportFailed
from quoter.domain.reasons import ReportKind
from quoter.domain.trading import CancelReason
from quoter.venues.ccxt.gateway import CcxtGateway
from tests.integration.sandbox_client import RunningSandbox
from tests.integration.test_venues_gateway import cancel, config, connected, place


@pytest.fixture
async def gateway(still_sandbox: RunningSandbox) -> AsyncIterator[CcxtGateway]:
    async with connected(config(still_sandbox)) as gateway:
        yield gateway


async def test_cancel_all_cancels_own_orders_and_keeps_foreign_ones(
    still_sandbox: RunningSandbox, gateway: CcxtGateway
) -> None:
    for number in range(12):
        await gateway.place(place(number))
    await still_sandbox.rest_order("SELL", "65000", "0.01", newClientOrderId="foreign1")
    gateway.close_gate()
    await still_sandbox.arm("error_before", endpoint="cancel", count=3, status=503)
    assert await gateway.cancel_all() == 0
    rows = (await still_sandbox.signed("GET", "openOrders", symbol="BTCUSDT")).rows
    assert [row["clientOrderId"] for row in rows] == ["foreign1"]


def overdraw(gateway: CcxtGateway) -> None:
    """The venue counts more than its limit, as if others used this address too."""
    gateway._client.limiter.observe({"X-MBX-USED-WEIGHT-1M": "6150"}, time.time_ns())


async def test_kills_cancels_do_not_wait_for_the_rate_limiter(
    still_sandbox: RunningSandbox, gateway: CcxtGateway
) -> None:
    """PT-06: neither its cancels, nor cancel-all, nor the list of what is left, wait."""
    for number in range(4):
        await gateway.place(place(number))
    overdraw(gateway)
    quiet = await gateway.cancel(cancel(0))
    assert isinstance(quiet, CancelReject)
    assert quiet.text == "not sent: our own rate limit is used up"
    assert isinstance(
        await gateway.report(RequestReport(kind=ReportKind.OPEN_ORDERS)), ReportFailed
    )
    killed = await gateway.cancel(replace(cancel(1), reason=CancelReason.KILL))
    assert isinstance(killed, OrderDone)
    assert await gateway.cancel_all() == 0
    assert (await still_sandbox.signed("GET", "openOrders", symbol="BTCUSDT")).rows == []


async def test_cancel_all_returns_how_many_are_left(
    still_sandbox: RunningSandbox, gateway: CcxtGateway
) -> None:
    await gateway.place(place(1))
    await still_sandbox.arm("error_before", endpoint="cancel", status=503)
    assert await gateway.cancel_all() == 1


async def test_cancel_all_raises_when_the_venue_does_not_answer(
    still_sandbox: RunningSandbox, gateway: CcxtGateway
) -> None:
    await still_sandbox.arm("error_before", endpoint="open_orders", status=503)
    with pytest.raises(VenueError):
        await gateway.cancel_all()
