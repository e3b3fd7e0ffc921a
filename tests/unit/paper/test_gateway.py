"""Orders of a paper run: acknowledged, filled and settled by the simulated venue, or not sent."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from quoter.domain.commands import CancelOrder, QueryOrder, RequestReport
from quoter.domain.errors import VenueUnavailable
from quoter.domain.events import (
    BalanceReport,
    CancelReject,
    Fill,
    MakerFeeReport,
    OpenOrdersReport,
    OrderAck,
    OrderDone,
    OrderNotFound,
    OrderOpen,
    OrderReject,
    RulesReport,
    TradesReport,
)
from quoter.domain.market import Side
from quoter.domain.reasons import DoneReason, RejectReason, ReportKind
from quoter.domain.trading import CancelReason
from quoter.domain.units import NS_PER_S
from quoter.paper.gateway import RULES_CHANGED
from tests.unit.paper.cases import OPENING, TRADE_ID_FIRST, PaperMarket

MAX_NS = 10 * NS_PER_S


@pytest.fixture
async def paper() -> PaperMarket:
    market = PaperMarket()
    await market.open()
    return market


def cancel(name: str) -> CancelOrder:
    return CancelOrder(client_id=name, venue_id="", reason=CancelReason.REQUOTE)


async def test_trade_beyond_an_order_fills_it_and_the_account_is_exact(paper: PaperMarket) -> None:
    assert isinstance(await paper.gateway.place(paper.order()), OrderAck)
    paper.trade(59_990.0, 0.2)
    (fill,) = await paper.of(Fill)
    assert (fill.price, fill.size, fill.is_maker) == (Decimal(60_000), Decimal("0.2"), True)
    assert fill.trade_id == str(TRADE_ID_FIRST)
    held = OPENING["BTC"] + Decimal("0.2"), OPENING["USDT"] - 12_000
    assert paper.venue.truth().totals == {"BTC": held[0], "USDT": held[1]}
    report = await paper.gateway.report(RequestReport(kind=ReportKind.BALANCES))
    assert isinstance(report, BalanceReport)
    assert report.locked["USDT"] == Decimal("0.3") * 60_000
    trades = await paper.gateway.report(RequestReport(kind=ReportKind.TRADES))
    assert isinstance(trades, TradesReport)
    assert [each.trade_id for each in trades.fills] == [fill.trade_id]


async def test_trade_at_the_price_first_uses_up_the_size_ahead(paper: PaperMarket) -> None:
    await paper.gateway.place(paper.order())
    paper.trade(60_000.0, 2.0)
    assert await paper.of(Fill) == []
    paper.trade(60_000.0, 0.1)
    assert [fill.size for fill in await paper.of(Fill)] == [Decimal("0.1")]


async def test_post_only_order_that_would_trade_is_rejected(paper: PaperMarket) -> None:
    answer = await paper.gateway.place(paper.order(price="60010"))
    assert isinstance(answer, OrderReject)
    assert answer.reason is RejectReason.POST_ONLY


async def test_order_beyond_the_venues_filters_is_rejected(paper: PaperMarket) -> None:
    answer = await paper.gateway.place(paper.order(size="0.00001"))
    assert isinstance(answer, OrderReject)
    assert answer.reason is RejectReason.FILTER


async def test_cancel_and_query_say_how_an_order_ended(paper: PaperMarket) -> None:
    await paper.gateway.place(paper.order())
    query = QueryOrder(client_id="q001", venue_id="")
    assert isinstance(await paper.gateway.query(query), OrderOpen)
    done = await paper.gateway.cancel(cancel("q001"))
    assert isinstance(done, OrderDone)
    assert done.reason is DoneReason.CANCELED
    assert isinstance(await paper.gateway.query(query), OrderDone)
    assert isinstance(await paper.gateway.cancel(cancel("q001")), CancelReject)
    unknown = QueryOrder(client_id="q009", venue_id="")
    assert isinstance(await paper.gateway.query(unknown), OrderNotFound)


async def test_cancel_all_leaves_nothing_open(paper: PaperMarket) -> None:
    await paper.gateway.place(paper.order("q001"))
    await paper.gateway.place(paper.order("q002", price="60010", side=Side.SELL))
    assert len(paper.venue.truth().open_client_ids) == 2
    assert await paper.gateway.cancel_all() == 0
    listed = await paper.gateway.report(RequestReport(kind=ReportKind.OPEN_ORDERS))
    assert isinstance(listed, OpenOrdersReport)
    assert listed.orders == ()


def close_gate(paper: PaperMarket) -> None:
    paper.gateway.close_gate()


def latch(paper: PaperMarket) -> None:
    paper.block = "the kill switch is latched on disk"


def reduce_only(paper: PaperMarket) -> None:
    paper.gateway.set_reduce_only(is_on=True)


def hang(paper: PaperMarket) -> None:
    paper.gateway.engine_heartbeat(paper.now_ns - MAX_NS)


@pytest.mark.parametrize("prevent", [close_gate, latch, reduce_only, hang])
async def test_gate_blocks_creates_as_it_does_live(
    paper: PaperMarket, prevent: Callable[[PaperMarket], None]
) -> None:
    prevent(paper)
    answer = await paper.gateway.place(paper.order())
    assert isinstance(answer, OrderReject)
    assert answer.reason is RejectReason.NOT_SENT
    assert paper.venue.truth().open_client_ids == ()
    assert paper.gateway.wire_ns("q001") is None


async def test_order_that_was_decided_long_ago_is_not_sent(paper: PaperMarket) -> None:
    order = paper.order()
    paper.now_ns += NS_PER_S
    answer = await paper.gateway.place(order)
    assert isinstance(answer, OrderReject)
    assert "too old" in answer.text


async def test_time_of_sending_is_kept_for_the_metrics(paper: PaperMarket) -> None:
    await paper.gateway.place(paper.order())
    assert paper.gateway.wire_ns("q001") == paper.now_ns


async def test_fee_is_that_of_the_start_and_changed_rules_end_the_quotes(
    paper: PaperMarket,
) -> None:
    fee = await paper.gateway.report(RequestReport(kind=ReportKind.MAKER_FEE))
    assert isinstance(fee, MakerFeeReport)
    assert fee.fee_maker == paper.public.rules.fee_maker
    rules = await paper.gateway.report(RequestReport(kind=ReportKind.RULES))
    assert isinstance(rules, RulesReport)
    assert rules.refusal == ""
    paper.public.rules = replace(paper.public.rules, tick=Decimal("0.1"))
    rules = await paper.gateway.report(RequestReport(kind=ReportKind.RULES))
    assert isinstance(rules, RulesReport)
    assert rules.refusal == RULES_CHANGED


async def test_closed_venue_answers_nothing_and_nobody_waits(paper: PaperMarket) -> None:
    await paper.gateway.close()
    asked: list[Awaitable[object]] = [
        paper.gateway.place(paper.order()),
        paper.gateway.cancel_all(),
    ]
    for each in asked:
        with pytest.raises(VenueUnavailable):
            await each


async def test_before_the_rules_are_read_there_is_no_venue() -> None:
    paper = PaperMarket()
    with pytest.raises(VenueUnavailable):
        await paper.gateway.cancel_all()
