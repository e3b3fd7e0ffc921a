"""The IOC orders of `flatten`, through unmodified ccxt against the sandbox."""

from dataclasses import replace
from decimal import Decimal

from quoter.domain.commands import PlaceOrder, QueryOrder, TimeInForce
from quoter.domain.events import OrderAck, OrderDone
from quoter.domain.market import Side
from quoter.domain.reasons import DoneReason
from tests.integration.sandbox_client import RunningSandbox
from tests.integration.test_venues_gateway import config, connected, place


def taking(price: str) -> PlaceOrder:
    """Return a sell order; the best bid of the standing market is 59999."""
    order = place(1, side=Side.SELL, price=price, size="0.001")
    return replace(order, time_in_force=TimeInForce.IOC)


async def sent(sandbox: RunningSandbox, order: PlaceOrder) -> OrderDone:
    """Place the order and query its end."""
    async with connected(config(sandbox)) as gateway:
        assert isinstance(await gateway.place(order), OrderAck)
        news = await gateway.query(QueryOrder(client_id=order.client_id, venue_id=""))
    assert isinstance(news, OrderDone)
    return news


async def test_ioc_order_fills_at_once_and_leaves_nothing(
    still_sandbox: RunningSandbox,
) -> None:
    order = taking("59900")
    news = await sent(still_sandbox, order)
    assert (news.filled, news.reason) == (order.size, DoneReason.FILLED)
    (row,) = (await still_sandbox.admin("GET", "wire-log")).rows
    assert (row["type"], row["side"]) == ("LIMIT", "SELL")


async def test_unfilled_part_of_an_ioc_order_ends(
    still_sandbox: RunningSandbox,
) -> None:
    news = await sent(still_sandbox, taking("61000"))
    assert (news.filled, news.reason) == (Decimal(0), DoneReason.EXPIRED)
    exchange = still_sandbox.server.venue.exchange
    assert exchange.open_orders(still_sandbox.one.api_key) == []
