"""Signed requests at a venue that refuses a nonce below the last one that arrived (Kraken).

Parallel connections deliver requests in any order: creates, cancels and kills must not race.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from urllib.parse import parse_qs

import pytest
from aiohttp import web

from quoter.domain.commands import CancelOrder, PlaceOrder
from quoter.domain.events import OrderAck, OrderReject
from quoter.domain.market import Side
from quoter.domain.trading import CancelReason
from quoter.venues.ccxt.gateway import CcxtGateway
from tests.integration.kraken_venue import KrakenVenue, kraken, kraken_gateway

NETWORK_S = 0.004  # each connection delivers within this time


@dataclass
class Network:
    """Delays between us and the venue, and the venue's check of nonces on arrival."""

    random: Random = field(default_factory=lambda: Random(3))
    newest: int = 0
    refused: int = 0
    overtaken: int = 0  # so many further cancels come too late
    held: asyncio.Event | None = None  # creates wait for this on their way

    async def deliver(self, request: web.Request) -> web.Response | None:
        """Return the refusal of a nonce that is too low; None if the request may be handled."""
        raw = await request.text()
        if "/private/" not in request.path:
            return None
        if self.held is not None and request.path.endswith("/AddOrder"):
            await self.held.wait()
        await asyncio.sleep(self.random.uniform(0, NETWORK_S))
        nonce = int(parse_qs(raw)["nonce"][0])
        is_overtaken = self.overtaken > 0 and request.path.endswith("/CancelOrder")
        self.overtaken -= is_overtaken
        if nonce <= self.newest or is_overtaken:
            self.refused += 1
            return web.json_response({"error": ["EAPI:Invalid nonce"]})
        self.newest = nonce
        return None


@pytest.fixture
async def network(monkeypatch: pytest.MonkeyPatch) -> Network:
    network, handle = Network(), KrakenVenue.handle

    async def delivered(self: KrakenVenue, request: web.Request) -> web.StreamResponse:
        return await network.deliver(request) or await handle(self, request)

    monkeypatch.setattr(KrakenVenue, "handle", delivered)
    return network


@pytest.fixture
async def gateway(network: Network) -> AsyncIterator[CcxtGateway]:
    assert network.refused == 0
    async with kraken() as venue, kraken_gateway(venue) as it:
        yield it


def order(gateway: CcxtGateway, number: int) -> PlaceOrder:
    return PlaceOrder(
        client_id=f"q00abcdef{number:03d}",
        side=Side.BUY,
        price=Decimal("50000.0"),
        size=Decimal("0.01"),
        decided_ns=gateway._now_ns(),
    )


def cancel_of(ack: object) -> CancelOrder:
    assert isinstance(ack, OrderAck), ack
    return CancelOrder(client_id=ack.client_id, venue_id=ack.venue_id, reason=CancelReason.KILL)


async def test_creates_cancels_and_kills_arrive_in_the_order_of_their_nonces(
    network: Network, gateway: CcxtGateway
) -> None:
    acks = [
        ack
        for number in range(0, 12, 2)
        for ack in await asyncio.gather(
            *(gateway.place(order(gateway, n)) for n in (number, number + 1))
        )
    ]
    await asyncio.gather(
        *(gateway.cancel(cancel_of(ack)) for ack in acks[:8]), gateway.count_own_open()
    )
    assert await gateway.cancel_all() == 0
    assert network.refused == 0


async def test_cancel_waits_for_no_slow_create_which_is_refused_if_it_arrives_later(
    network: Network, gateway: CcxtGateway
) -> None:
    resting = await gateway.place(order(gateway, 1))
    network.held = asyncio.Event()
    placing = asyncio.create_task(gateway.place(order(gateway, 2)))
    await asyncio.sleep(0)
    await gateway.cancel(cancel_of(resting))
    assert not placing.done()
    assert await gateway.count_own_open() == 0
    network.held.set()
    late = await placing
    assert isinstance(late, OrderReject), late
    assert "Invalid nonce" in late.text
    assert await gateway.count_own_open() == 0


async def test_cancel_that_was_overtaken_is_repeated(
    network: Network, gateway: CcxtGateway
) -> None:
    """Another process with the same key, such as the sentinel, was faster."""
    resting = await gateway.place(order(gateway, 1))
    network.overtaken = 2
    await gateway.cancel(cancel_of(resting))
    assert network.refused == 2
    assert await gateway.count_own_open() == 0
