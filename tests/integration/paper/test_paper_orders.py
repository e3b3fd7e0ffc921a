"""Orders, fills and lists at each paper venue: unmodified ccxt and our gateway, over sockets."""

from decimal import Decimal

import pytest

from quoter.domain.commands import RequestReport
from quoter.domain.events import (
    BalanceReport,
    CancelReject,
    Fill,
    OpenOrdersReport,
    OrderDone,
    OrderNotFound,
    OrderOpen,
    OrderReject,
    OrderUnknown,
    TradesReport,
)
from quoter.domain.instrument import Instrument
from quoter.domain.market import Side
from quoter.domain.reasons import DoneReason, ReportKind
from quoter.state.inventory import payload
from tests.integration.paper.account import (
    ASK,
    BID,
    PREFIX,
    SIZE,
    cancel_of,
    paper_account,
    query_of,
    until,
)
from tests.integration.paper.exchange import BASE, LONG_BALANCES, QUOTE, SIZE_MIN, TICK, ZERO
from tests.integration.paper.forms import Form, Op
from tests.integration.paper.venues import each_venue

ORDERS, FILLS = 120, 300


@each_venue
async def test_rules_of_the_market_are_exact(form: type[Form]) -> None:
    async with paper_account(form, streams=False) as account:
        found: Instrument = account.instrument
        assert (found.tick, found.lot, found.size_min) == (TICK, form.lot, SIZE_MIN)
        assert found.venue_symbol == form.market_id
        assert found.fee_maker == account.venue.market.fee_rate  # the account's, not ccxt's


@each_venue
async def test_start_reads_the_orders_of_all_markets(form: type[Form]) -> None:
    """No market is named in the request; the venue's answer is understood."""
    async with paper_account(form, streams=False) as account:
        assert "shared_coins" not in dict(account.gateway.warnings)


@each_venue
async def test_order_is_found_in_list_and_stream_and_gone_after_its_cancel(
    form: type[Form],
) -> None:
    async with paper_account(form) as account:
        placed = await account.placed()
        (order,) = account.venue.market.open_orders()
        assert (order.client_id, order.venue_id) == (placed.client_id, placed.venue_id)
        assert (order.price, order.size, order.is_post_only) == (BID, SIZE, True)
        report = await account.gateway.report(RequestReport(kind=ReportKind.OPEN_ORDERS))
        assert isinstance(report, OpenOrdersReport), report
        (listed,) = report.orders
        assert (listed.client_id, listed.price, listed.size) == (placed.client_id, BID, SIZE)
        await until(lambda: account.seen(OrderOpen), "no open order from the stream")
        (opened, *_) = account.seen(OrderOpen)
        assert opened.order.client_id == placed.client_id
        done = await account.gateway.cancel(cancel_of(placed.client_id, placed.venue_id))
        assert isinstance(done, OrderDone), done
        assert done.reason is DoneReason.CANCELED
        await until(lambda: account.seen(OrderDone), "no cancel from the stream")
        ended = account.seen(OrderDone)[-1]
        assert (ended.client_id, ended.reason) == (placed.client_id, DoneReason.CANCELED)
        assert await account.gateway.count_own_open() == 0


@each_venue
@pytest.mark.parametrize("side", Side)
async def test_fill_is_the_same_from_stream_and_list(form: type[Form], side: Side) -> None:
    """The sign of the fee included: the engine books whichever comes first."""
    async with paper_account(form) as account:
        placed = await account.placed(side, BID if side is Side.BUY else ASK)
        market = account.venue.market
        part = Decimal("0.001234")
        truth = market.fill(market.orders[placed.venue_id], part)
        await until(lambda: account.seen(Fill), "no fill from the stream")
        (streamed,) = account.seen(Fill)
        report = await account.gateway.report(RequestReport(kind=ReportKind.TRADES))
        assert isinstance(report, TradesReport), report
        (listed,) = report.fills
        for found in (streamed, listed):
            assert (found.client_id, found.side, found.price) == (
                placed.client_id, side, truth.price
            )  # fmt: skip
            assert (found.size, found.fee, found.fee_asset, found.is_maker) == (
                part, truth.fee, truth.fee_asset, True
            )  # fmt: skip
        assert payload(streamed) == payload(listed)


@each_venue
async def test_balances_are_exact(form: type[Form]) -> None:
    """Of amounts with 18 decimals, which no float holds."""
    async with paper_account(form, streams=False) as account:
        placed = await account.placed()
        market = account.venue.market
        for coin, amount in LONG_BALANCES.items():
            market.balances[coin].free += amount
        market.fill(market.orders[placed.venue_id], Decimal("0.001"))
        report = await account.gateway.report(RequestReport(kind=ReportKind.BALANCES))
        assert isinstance(report, BalanceReport), report
        for coin in (BASE, QUOTE):
            held = market.balances[coin]
            assert (report.free[coin], report.locked[coin]) == (held.free, held.locked)


@each_venue
async def test_order_whose_answer_is_lost_is_unknown_then_found_and_cancelled(
    form: type[Form],
) -> None:
    async with paper_account(form) as account:
        account.venue.faults.lost_answers[Op.CREATE] = 1
        order = account.order()
        assert isinstance(await account.gateway.place(order), OrderUnknown)
        found = await account.gateway.query(query_of(order.client_id))
        assert isinstance(found, OrderOpen), found
        assert found.order.client_id == order.client_id
        done = await account.gateway.cancel(cancel_of(order.client_id))
        assert isinstance(done, OrderDone), done
        assert done.reason is DoneReason.CANCELED
        assert not account.venue.market.open_orders()
        assert account.venue.market.creates == 1


@each_venue
async def test_order_that_never_arrived_is_unknown_then_not_found(form: type[Form]) -> None:
    async with paper_account(form) as account:
        account.venue.faults.lost_requests[Op.CREATE] = 1
        order = account.order()
        assert isinstance(await account.gateway.place(order), OrderUnknown)
        assert isinstance(await account.gateway.query(query_of(order.client_id)), OrderNotFound)


@each_venue
@pytest.mark.parametrize("is_named", [True, False], ids=["venue_id", "our_id"])
async def test_end_of_an_order_whose_cancel_is_lost_is_found(
    form: type[Form], is_named: bool
) -> None:
    async with paper_account(form) as account:
        placed = await account.placed()
        account.venue.faults.lost_answers[Op.CANCEL] = 1
        lost = await account.gateway.cancel(cancel_of(placed.client_id, placed.venue_id))
        assert isinstance(lost, CancelReject), lost
        found = await account.gateway.query(
            query_of(placed.client_id, placed.venue_id if is_named else "")
        )
        assert isinstance(found, OrderDone), found
        assert (found.reason, found.filled) == (DoneReason.CANCELED, ZERO)


@each_venue
async def test_post_only_order_that_would_trade_ends_without_a_trade(form: type[Form]) -> None:
    """Rejected at once, or accepted and then ended: never unknown."""
    async with paper_account(form) as account:
        order = account.order(price=Decimal("60002.1"))
        answer = await account.gateway.place(order)
        assert not isinstance(answer, OrderUnknown), answer
        if not isinstance(answer, OrderReject):
            await until(lambda: account.seen(OrderDone), "its end was not reported")
            (done,) = account.seen(OrderDone)
            assert (done.client_id, done.filled) == (order.client_id, ZERO)
            assert done.reason in (DoneReason.REJECTED, DoneReason.CANCELED)
        assert not account.venue.market.trades
        assert not account.venue.market.open_orders()


@each_venue
async def test_all_open_orders_and_all_fills_are_read(form: type[Form]) -> None:
    """Over pages of the venue's real size, newest first."""
    async with paper_account(form, streams=False) as account:
        market = account.venue.market
        for number in range(ORDERS + FILLS):
            market.place(
                client_id=f"{PREFIX}mzzzzzzz{number:04d}",
                side=Side.BUY,
                price=BID - number * TICK,
                size=SIZE_MIN,
                is_post_only=True,
            )
        for order in market.open_orders()[:FILLS]:
            market.fill(order)
        orders = await account.gateway.report(RequestReport(kind=ReportKind.OPEN_ORDERS))
        assert isinstance(orders, OpenOrdersReport), orders
        expected = {order.client_id for order in market.open_orders()}
        assert {order.client_id for order in orders.orders} == expected
        assert len(orders.orders) == ORDERS
        since_ns = (market.trades[0].at_ms - 1) * 1_000_000
        fills = await account.gateway.report(
            RequestReport(kind=ReportKind.TRADES, since_ns=since_ns)
        )
        assert isinstance(fills, TradesReport), fills
        assert len(fills.fills) == FILLS
        assert sum(fill.fee for fill in fills.fills) == sum(t.fee for t in market.trades)
        assert await account.gateway.cancel_all() == 0
        assert not market.open_orders()


@each_venue
async def test_order_that_no_cancel_ends_is_counted_as_left(form: type[Form]) -> None:
    """Also by a process that only cancels and knows no order of its own."""
    async with paper_account(form, streams=False) as account:
        placed = [await account.placed() for _ in range(2)]
        account.venue.market.stuck.add(placed[0].client_id)
        assert await account.gateway.cancel_all() == 1
        assert await account.gateway.count_own_open() == 1
