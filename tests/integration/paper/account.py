"""A gateway of quoter, with unmodified ccxt, in front of a paper venue, and its events."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from decimal import Decimal

from quoter.domain.commands import CancelOrder, PlaceOrder, QueryOrder
from quoter.domain.events import OrderAck
from quoter.domain.instrument import Instrument
from quoter.domain.market import Side
from quoter.domain.trading import CancelReason
from quoter.venues.ccxt.gateway import CcxtGateway
from quoter.venues.config import VenueConfig
from quoter.venues.factory import make_gateway
from tests.integration.paper.forms import KEY, PASSWORD, SECRET, Form
from tests.integration.paper.redirect import redirected
from tests.integration.paper.server import PaperVenue, paper_venue
from tests.integration.sandbox_client import END_S

PREFIX, SYMBOL = "q00", "BTC/USDT"
POLL_S = 0.01
BID, ASK = Decimal("59990.1"), Decimal("60010.1")
SIZE = Decimal("0.005")


def venue_config(exchange: str) -> VenueConfig:
    """Return the configuration of a real venue; `redirected` leads it to the paper venue."""
    return VenueConfig(
        exchange=exchange,
        symbol=SYMBOL,
        environment="production",
        order_prefix=PREFIX,
        api_key=KEY,
        secret=SECRET,
        password=PASSWORD,
    )


async def until(condition: Callable[[], object], what: str) -> None:
    """Wait for a condition. Fails with `what` after END_S."""
    end_s = time.monotonic() + END_S
    while not condition():
        assert time.monotonic() < end_s, what
        await asyncio.sleep(POLL_S)


@dataclass(slots=True)
class PaperAccount:
    """A connected gateway with an open gate, and what its private stream has emitted."""

    venue: PaperVenue
    gateway: CcxtGateway
    instrument: Instrument
    events: list[object] = field(default_factory=list)
    _sent: int = 0

    def order(self, side: Side = Side.BUY, price: Decimal = BID) -> PlaceOrder:
        """Return a new order of ours, decided now."""
        self._sent += 1
        return PlaceOrder(
            client_id=f"{PREFIX}mabcdefg{self._sent:04d}",
            side=side,
            price=price,
            size=SIZE,
            decided_ns=time.time_ns(),
        )

    async def placed(self, side: Side = Side.BUY, price: Decimal = BID) -> OrderAck:
        """Place an order that the venue acknowledges."""
        answer = await self.gateway.place(self.order(side, price))
        assert isinstance(answer, OrderAck), answer
        return answer

    def seen[T](self, kind: type[T]) -> list[T]:
        """Return the stream's events of a kind, oldest first."""
        return [event for event in self.events if isinstance(event, kind)]


def cancel_of(client_id: str, venue_id: str = "") -> CancelOrder:
    return CancelOrder(client_id=client_id, venue_id=venue_id, reason=CancelReason.REQUOTE)


def query_of(client_id: str, venue_id: str = "") -> QueryOrder:
    return QueryOrder(client_id=client_id, venue_id=venue_id)


@asynccontextmanager
async def paper_account(form: type[Form], *, streams: bool = True) -> AsyncIterator[PaperAccount]:
    """Run a venue of this form and a connected gateway; with `streams`, its private stream too."""
    async with paper_venue(form) as venue:
        with redirected(form.exchange, venue.url):
            gateway = make_gateway(venue_config(form.exchange))
            instrument = await gateway.connect()
            gateway.open_gate()
            account = PaperAccount(venue, gateway, instrument)
            running = asyncio.create_task(gateway.run(account.events.append))
            try:
                if streams:
                    await until(lambda: account.events, "the private stream is not up")
                yield account
            finally:
                running.cancel()
                with suppress(asyncio.CancelledError):
                    await running
                await gateway.close()
    assert not venue.unknown, venue.unknown
