"""Answers that are no answers, through unmodified ccxt: pages, wrong types, absent fields."""

import time
from decimal import Decimal

import aiohttp
import pytest

from quoter.domain.commands import RequestReport
from quoter.domain.errors import MarketsUnread, VenueError, VenueRateLimited
from quoter.domain.events import (
    BalanceReport,
    CancelReject,
    OpenOrdersReport,
    OrderAck,
    OrderDone,
    OrderOpen,
    OrderUnknown,
    ReportFailed,
    RulesReport,
    TradesReport,
)
from quoter.domain.reasons import CancelRejectReason, DoneReason, ReportKind
from quoter.venues.binance.rest import REQUESTS_PER_S, BinanceRest
from quoter.venues.ccxt.gateway import CcxtGateway
from quoter.venues.ccxt.rest import CcxtRest
from quoter.venues.egress.rate_limiter import RateLimiter
from quoter.venues.factory import make_gateway
from tests.integration.sandbox_client import RunningSandbox
from tests.integration.test_venues_gateway import (
    cancel,
    config,
    connected,
    gateway,
    place,
    query,
)

__all__ = ["gateway"]  # a fixture

PAGE = "<!DOCTYPE html><html><head><title>System maintenance</title></head></html>"
PAGES = [
    {"text": PAGE, "content_type": "text/html"},
    {"text": PAGE},
    {"text": ""},
    {"text": "null"},
    {"text": "{}"},
    {"text": "[{}]"},
    {"text": '{"code":0,"msg":"ok","data":[]}'},
    {"text": '{"balances":', "content_type": "text/html"},
]
REPORTS = [
    (ReportKind.BALANCES, "account"),
    (ReportKind.OPEN_ORDERS, "open_orders"),
    (ReportKind.TRADES, "trades"),
    (ReportKind.RULES, "market"),
]


async def garble(sandbox: RunningSandbox, endpoint: str, page: dict[str, str]) -> int:
    return await sandbox.arm("garbled", endpoint=endpoint, count=1, **page)


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize(("kind", "endpoint"), REPORTS)
async def test_report_fails_on_an_answer_of_the_wrong_type(
    still_sandbox: RunningSandbox,
    gateway: CcxtGateway,
    kind: ReportKind,
    endpoint: str,
    page: dict[str, str],
) -> None:
    fault = await garble(still_sandbox, endpoint, page)
    found = await gateway.report(RequestReport(kind=kind))
    assert await still_sandbox.fired(fault) == 1
    assert isinstance(found, ReportFailed), found
    again = await gateway.report(RequestReport(kind=kind))
    assert isinstance(again, BalanceReport | OpenOrdersReport | TradesReport | RulesReport)


@pytest.mark.parametrize("page", [*PAGES, {"text": "[]"}])
async def test_create_without_an_acknowledgement_is_unknown(
    still_sandbox: RunningSandbox, gateway: CcxtGateway, page: dict[str, str]
) -> None:
    await garble(still_sandbox, "create", page)
    assert isinstance(await gateway.place(place(1)), OrderUnknown)
    assert isinstance(await gateway.query(query(1)), OrderOpen)  # it was executed


async def test_acknowledgement_of_another_order_leaves_ours_unknown(
    still_sandbox: RunningSandbox, gateway: CcxtGateway
) -> None:
    other = '{"symbol":"BTCUSDT","orderId":1,"clientOrderId":"q1zz"}'
    await garble(still_sandbox, "create", {"text": other})
    assert isinstance(await gateway.place(place(1)), OrderUnknown)


@pytest.mark.parametrize("page", [*PAGES, {"text": "[]"}])
async def test_cancel_without_an_answer_does_not_end_the_order(
    still_sandbox: RunningSandbox, gateway: CcxtGateway, page: dict[str, str]
) -> None:
    acked = await gateway.place(place(1))
    assert isinstance(acked, OrderAck)
    await garble(still_sandbox, "cancel", page)
    found = await gateway.cancel(cancel(1, acked.venue_id))
    assert isinstance(found, CancelReject)
    assert found.reason is CancelRejectReason.NO_ANSWER
    ended = await gateway.query(query(1, acked.venue_id))
    assert isinstance(ended, OrderDone)
    assert (ended.reason, ended.filled) == (DoneReason.CANCELED, Decimal(0))


@pytest.mark.parametrize("page", [*PAGES, {"text": "[]"}])
async def test_query_without_an_answer_concludes_nothing(
    still_sandbox: RunningSandbox, gateway: CcxtGateway, page: dict[str, str]
) -> None:
    acked = await gateway.place(place(1))
    assert isinstance(acked, OrderAck)
    await garble(still_sandbox, "query", page)
    assert await gateway.query(query(1, acked.venue_id)) is None


@pytest.mark.parametrize("page", PAGES)
async def test_own_orders_are_not_counted_as_none_on_a_page(
    still_sandbox: RunningSandbox, gateway: CcxtGateway, page: dict[str, str]
) -> None:
    assert isinstance(await gateway.place(place(1)), OrderAck)
    await still_sandbox.arm("garbled", endpoint="open_orders", **page)
    with pytest.raises(VenueError):
        await gateway.cancel_all()
    with pytest.raises(VenueError):
        await gateway.count_own_open()


@pytest.mark.parametrize("page", [*PAGES, {"text": '{"symbols":[]}'}])
async def test_start_is_refused_while_the_markets_are_a_page(
    still_sandbox: RunningSandbox, page: dict[str, str]
) -> None:
    gateway = make_gateway(config(still_sandbox))
    await still_sandbox.arm("garbled", endpoint="market", **page)
    with pytest.raises(MarketsUnread):
        await gateway.connect()
    await gateway.close()


@pytest.mark.parametrize("page", [*PAGES, {"text": '{"balances":[]}'}])
async def test_start_is_refused_while_the_account_is_a_page(
    still_sandbox: RunningSandbox, page: dict[str, str]
) -> None:
    gateway = make_gateway(config(still_sandbox))
    await still_sandbox.arm("garbled", endpoint="account", **page)
    with pytest.raises(VenueError):
        await gateway.connect()
    await gateway.close()


@pytest.mark.parametrize("fault", ["field_value", "field_absent"])
@pytest.mark.parametrize(
    ("kind", "endpoint", "name"),
    [
        (ReportKind.BALANCES, "account", "free"),
        (ReportKind.BALANCES, "account", "locked"),
        (ReportKind.BALANCES, "account", "asset"),
        (ReportKind.BALANCES, "account", "balances"),
        (ReportKind.OPEN_ORDERS, "open_orders", "executedQty"),
        (ReportKind.OPEN_ORDERS, "open_orders", "orderId"),
        (ReportKind.TRADES, "trades", "commission"),
        (ReportKind.TRADES, "trades", "commissionAsset"),
        (ReportKind.TRADES, "trades", "qty"),
        (ReportKind.RULES, "market", "filters"),
        (ReportKind.RULES, "market", "tickSize"),
        (ReportKind.RULES, "market", "stepSize"),
        (ReportKind.RULES, "market", "minQty"),
        (ReportKind.RULES, "market", "minNotional"),
    ],
)
async def test_report_fails_without_one_of_its_fields(
    still_sandbox: RunningSandbox,
    gateway: CcxtGateway,
    fault: str,
    kind: ReportKind,
    endpoint: str,
    name: str,
) -> None:
    await assert_no_report(still_sandbox, gateway, kind, fault, endpoint=endpoint, text=name)


@pytest.mark.parametrize("value", ["NaN", "Infinity", "", "1,5", [], {}, True], ids=repr)
@pytest.mark.parametrize(
    ("kind", "endpoint", "name"),
    [
        (ReportKind.BALANCES, "account", "free"),
        (ReportKind.BALANCES, "account", "locked"),
        (ReportKind.OPEN_ORDERS, "open_orders", "executedQty"),
        (ReportKind.TRADES, "trades", "commission"),
        (ReportKind.TRADES, "trades", "price"),
        (ReportKind.TRADES, "trades", "qty"),
        (ReportKind.RULES, "market", "tickSize"),
        (ReportKind.RULES, "market", "stepSize"),
    ],
)
async def test_report_fails_where_an_amount_is_no_number(
    still_sandbox: RunningSandbox,
    gateway: CcxtGateway,
    value: object,
    kind: ReportKind,
    endpoint: str,
    name: str,
) -> None:
    wrong = {"endpoint": endpoint, "text": name, "value": value}
    await assert_no_report(still_sandbox, gateway, kind, "field_value", **wrong)


async def assert_no_report(
    sandbox: RunningSandbox, gateway: CcxtGateway, kind: ReportKind, fault: str, **how: object
) -> None:
    """Assert that the report fails under the fault, once, and not without it."""
    taken = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.001"}
    assert (await sandbox.signed("POST", "order", taken)).status == 200
    assert isinstance(await gateway.place(place(9)), OrderAck)
    await sandbox.arm(fault, count=1, **how)
    assert isinstance(await gateway.report(RequestReport(kind=kind)), ReportFailed)
    good = await gateway.report(RequestReport(kind=kind))
    assert isinstance(good, BalanceReport | OpenOrdersReport | TradesReport | RulesReport)


async def test_refused_rules_do_not_reach_ccxts_rounding(
    still_sandbox: RunningSandbox, gateway: CcxtGateway
) -> None:
    await still_sandbox.arm("field_absent", endpoint="market", text="tickSize", count=1)
    before = dict(gateway._client.market("BTC/USDT"))
    assert isinstance(await gateway.report(RequestReport(kind=ReportKind.RULES)), ReportFailed)
    assert gateway._client.market("BTC/USDT") == before


async def test_account_that_does_not_list_our_coins_is_no_answer(
    still_sandbox: RunningSandbox, gateway: CcxtGateway
) -> None:
    text = '{"balances":[{"asset":"BTC","free":"1","locked":"0"}]}'
    await garble(still_sandbox, "account", {"text": text})
    found = await gateway.report(RequestReport(kind=ReportKind.BALANCES))
    assert isinstance(found, ReportFailed)
    assert "USDT" in found.text


async def test_unreadable_maker_fee_refuses_the_start(still_sandbox: RunningSandbox) -> None:
    await still_sandbox.arm("field_value", endpoint="account", text="maker")
    gateway = make_gateway(config(still_sandbox))
    with pytest.raises(VenueError, match="maker fee"):
        await gateway.connect()
    await gateway.close()


async def test_generic_client_takes_no_page_for_an_empty_account(
    still_sandbox: RunningSandbox,
) -> None:
    async with connected(config(still_sandbox, exchange="binanceus")) as gateway:
        for kind, endpoint in REPORTS[:3]:
            await garble(still_sandbox, endpoint, PAGES[0])
            assert isinstance(await gateway.report(RequestReport(kind=kind)), ReportFailed)


async def test_page_of_a_firewall_pauses_requests_but_not_cancels(
    still_sandbox: RunningSandbox, gateway: CcxtGateway
) -> None:
    acked = await gateway.place(place(1))
    assert isinstance(acked, OrderAck)
    fault = await still_sandbox.arm("page_before", endpoint="trades", status=403, text=PAGE)
    trades = RequestReport(kind=ReportKind.TRADES)
    assert isinstance(await gateway.report(trades), ReportFailed)
    pause = gateway.rate_limit_pause()
    assert pause is not None
    assert "HTTP 403: a firewall" in pause.text
    assert isinstance(await gateway.report(trades), ReportFailed)
    assert await still_sandbox.fired(fault) == 1
    assert isinstance(await gateway.cancel(cancel(1, acked.venue_id)), OrderDone)


async def test_refusal_by_the_venue_itself_is_no_firewall(
    still_sandbox: RunningSandbox, gateway: CcxtGateway
) -> None:
    await still_sandbox.arm(
        "error_before", endpoint="trades", status=403, code=-2015, text="Invalid API-key", count=1
    )
    trades = RequestReport(kind=ReportKind.TRADES)
    assert isinstance(await gateway.report(trades), ReportFailed)
    pause = gateway.rate_limit_pause()
    assert pause is None or "firewall" not in pause.text


async def test_symbol_that_is_gone_is_a_closed_market_for_both_feeds(
    still_sandbox: RunningSandbox, gateway: CcxtGateway
) -> None:
    chosen = config(still_sandbox)
    refusal = {"status": 400, "code": -1121, "text": "Invalid symbol."}
    await still_sandbox.arm("error_before", endpoint="market", **refusal)
    async with aiohttp.ClientSession() as session:
        native = BinanceRest(
            session,
            chosen,
            venue_symbol="BTCUSDT",
            now_ns=time.time_ns,
            limiter=gateway.limiter,
        )
        assert await native.status() == "NOT_LISTED"
    instrument = gateway._startup._instrument(gateway._client.market("BTC/USDT"))
    rest = CcxtRest(gateway._client, chosen, instrument, time.time_ns)
    assert await rest.status() == "BTCUSDT is NOT_LISTED"


async def test_native_requests_wait_after_a_page_of_a_firewall(
    still_sandbox: RunningSandbox,
) -> None:
    fault = await still_sandbox.arm("page_before", endpoint="depth", status=403, text=PAGE)
    async with aiohttp.ClientSession() as session:
        native = BinanceRest(
            session,
            config(still_sandbox),
            venue_symbol="BTCUSDT",
            now_ns=time.time_ns,
            limiter=RateLimiter(requests_per_s=REQUESTS_PER_S),
        )
        for _ in range(3):
            with pytest.raises(VenueRateLimited) as refused:
                await native.depth()
            assert 0 < refused.value.retry_s <= 5.0
    assert await still_sandbox.fired(fault) == 1
