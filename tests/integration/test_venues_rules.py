"""Reading the market's rules again, at any venue; ccxt rounds by the new ones."""

import asyncio
from dataclasses import replace
from decimal import Decimal

import msgspec
import pytest

from quoter.domain.commands import PlaceOrder, RequestReport
from quoter.domain.errors import VenueError
from quoter.domain.events import OrderAck, OrderDone, OrderReject, ReportFailed, RulesReport
from quoter.domain.market import Side
from quoter.domain.reasons import RejectReason, ReportKind
from quoter.venues.ccxt.gateway import CcxtGateway
from quoter.venues.egress import gate
from quoter.venues.factory import make_cancel_gateway, make_gateway
from quoter.venues.json_values import as_map, decimal
from tests.integration.sandbox_client import END_S, RunningSandbox, eventually
from tests.integration.test_venues_gateway import (
    cancel,
    config,
    connected,
    place,
    without_a_dialect,
)
from tests.integration.test_venues_ws import until

ASK = RequestReport(kind=ReportKind.RULES)
TICK = Decimal("0.25")


@pytest.mark.parametrize("is_known", [True, False])
async def test_new_rules_cost_one_request_and_change_nothing_else(
    still_sandbox: RunningSandbox, monkeypatch: pytest.MonkeyPatch, is_known: bool
) -> None:
    """Without a profile the list of all markets is requested, and nothing else."""
    exchange = "binance" if is_known else without_a_dialect(monkeypatch)
    gateway = make_gateway(config(still_sandbox, exchange=exchange))
    try:
        before = await gateway.connect()
        again = await gateway.report(ASK)
        assert isinstance(again, RulesReport)
        assert again.instrument == before
        sent = gateway._client.gate.requests_sent
        await still_sandbox.set_filters(tick=str(TICK))
        report = await gateway.report(ASK)
        assert isinstance(report, RulesReport)
        assert report.instrument.tick == TICK
        assert gateway._client.gate.requests_sent == sent + 1
        rounds_by = as_map(gateway._client.market("BTC/USDT")["precision"])
        assert decimal(rounds_by["price"]) == TICK
    finally:
        await gateway.close()


@pytest.mark.parametrize("is_known", [True, False])
async def test_delisted_market_is_reported(
    still_sandbox: RunningSandbox, monkeypatch: pytest.MonkeyPatch, is_known: bool
) -> None:
    exchange = "binance" if is_known else without_a_dialect(monkeypatch)
    gateway = make_gateway(config(still_sandbox, exchange=exchange))

    try:
        before = await gateway.connect()
        if is_known:
            refusal = {"status": 400, "code": -1121, "text": "Invalid symbol."}
            await still_sandbox.arm("error_before", endpoint="market", **refusal)
        else:  # all markets are read, and ours is not among them
            info = await still_sandbox.get("exchangeInfo")
            other = msgspec.json.encode(info.body).decode().replace("BTC", "ETH")
            await still_sandbox.arm("garbled", endpoint="market", text=other)
        report = await gateway.report(ASK)
        assert isinstance(report, RulesReport)
        assert report.refusal == "BTC/USDT is not listed any more"
        assert report.instrument == before
        await assert_withdrawn_until_read_again(gateway, still_sandbox)
    finally:
        await gateway.close()


async def assert_withdrawn_until_read_again(gateway: CcxtGateway, sandbox: RunningSandbox) -> None:
    """Check that a waiting create is denied, without a kill, and a cancel leaves as before."""
    gateway.open_gate()
    resting = place(1)
    denied = await gateway.place(place(2))
    assert isinstance(denied, OrderReject)
    assert denied.reason is RejectReason.NOT_SENT
    assert gateway._client.gate.is_open
    await sandbox.admin("DELETE", "faults")
    report = await gateway.report(ASK)
    assert isinstance(report, RulesReport)
    assert report.refusal == ""
    assert isinstance(await gateway.place(resting), OrderAck)
    assert isinstance(await gateway.cancel(cancel(1)), OrderDone)


async def exchange_info(sandbox: RunningSandbox) -> str:
    return msgspec.json.encode((await sandbox.get("exchangeInfo")).body).decode()


async def test_market_with_another_name_is_refused_and_its_creates_do_not_kill(
    still_sandbox: RunningSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ccxt would write the new name into a create that was approved for the former one."""
    gateway = make_gateway(config(still_sandbox, exchange=without_a_dialect(monkeypatch)))
    try:
        await gateway.connect()
        gateway.open_gate()
        renamed = (await exchange_info(still_sandbox)).replace('"BTCUSDT"', '"XBTUSDT"')
        await still_sandbox.arm("garbled", endpoint="market", text=renamed)
        report = await gateway.report(ASK)
        assert isinstance(report, RulesReport)
        assert "changed its id from BTCUSDT to XBTUSDT" in report.refusal
        await assert_withdrawn_until_read_again(gateway, still_sandbox)
    finally:
        await gateway.close()


@pytest.mark.parametrize("is_known", [True, False])
async def test_closed_market_is_reported_and_its_orders_can_be_cancelled(
    still_sandbox: RunningSandbox, monkeypatch: pytest.MonkeyPatch, is_known: bool
) -> None:
    exchange = "binance" if is_known else without_a_dialect(monkeypatch)
    async with connected(config(still_sandbox, exchange=exchange)) as gateway:
        assert isinstance(await gateway.place(place(1)), OrderAck)
        await still_sandbox.admin("POST", "halt", {"symbol": "BTCUSDT", "halted": True})
        report = await gateway.report(ASK)
        assert isinstance(report, RulesReport)
        assert report.refusal == "BTC/USDT is not trading"
        denied = await gateway.place(place(2))
        assert isinstance(denied, OrderReject)
        assert denied.reason is RejectReason.NOT_SENT
        assert await gateway.cancel_all() == 0
        await still_sandbox.admin("POST", "halt", {"symbol": "BTCUSDT", "halted": False})
        assert await gateway.report(ASK) != report
        assert isinstance(await gateway.place(place(3)), OrderAck)


@pytest.mark.parametrize("is_known", [True, False])
async def test_older_answer_that_comes_later_changes_nothing(
    still_sandbox: RunningSandbox, monkeypatch: pytest.MonkeyPatch, is_known: bool
) -> None:
    """Two reports at once: the first one was read before the venue changed its rules."""
    exchange = "binance" if is_known else without_a_dialect(monkeypatch)
    async with connected(config(still_sandbox, exchange=exchange)) as gateway:
        await still_sandbox.arm("delay", endpoint="market", count=1, delay_after_s=0.5)
        first = asyncio.create_task(gateway.report(ASK))
        faults = still_sandbox.server.venue.faults
        await until(lambda: faults.rows()[0]["fired"] == 1)
        await still_sandbox.set_filters(tick=str(TICK))
        second = await gateway.report(ASK)
        assert isinstance(second, RulesReport)
        assert second.instrument.tick == TICK
        await first
        rounds_by = as_map(gateway._client.market("BTC/USDT")["precision"])
        assert decimal(rounds_by["price"]) == TICK


@pytest.mark.parametrize("is_known", [True, False])
async def test_kills_cancels_do_not_wait_for_rules_that_are_being_read(
    still_sandbox: RunningSandbox, monkeypatch: pytest.MonkeyPatch, is_known: bool
) -> None:
    exchange = "binance" if is_known else without_a_dialect(monkeypatch)
    chosen = replace(config(still_sandbox, exchange=exchange), call_s_max=END_S)
    async with connected(chosen) as gateway:
        assert isinstance(await gateway.place(place(1)), OrderAck)
        late = await still_sandbox.arm("delay", endpoint="market", delay_s=END_S)
        reading = [asyncio.create_task(gateway.report(ASK)) for _ in range(2)]

        async def is_being_read() -> bool:
            return await still_sandbox.fired(late) > 0

        await eventually(is_being_read)
        gateway.close_gate()
        assert await gateway.cancel_all() == 0
        assert not any(task.done() for task in reading)
        for task in reading:
            task.cancel()
        await asyncio.wait(reading)


@pytest.mark.parametrize("is_known", [True, False])
async def test_rules_change_while_creates_are_under_way(
    still_sandbox: RunningSandbox, monkeypatch: pytest.MonkeyPatch, is_known: bool
) -> None:
    """The change meets each create at another moment: before, during and after its building."""
    exchange = "binance" if is_known else without_a_dialect(monkeypatch)
    async with connected(config(still_sandbox, exchange=exchange)) as gateway:
        answers = []
        for number in range(24):
            tick = TICK if number % 2 else Decimal("0.01")
            await still_sandbox.set_filters(tick=str(tick))
            reading = asyncio.create_task(gateway.report(ASK))
            for step in range(3):
                await asyncio.sleep(number * 0.0005)
                order = place(4 * number + step, price="58000.13")
                answers.append(await gateway.place(order))
            assert isinstance(await reading, RulesReport)
            answers.append(await gateway.place(place(4 * number + 3, price="58000.13")))
        reasons = {a.reason for a in answers if isinstance(a, OrderReject)}
        assert reasons <= {RejectReason.NOT_SENT, RejectReason.FILTER}
        assert RejectReason.NOT_SENT in reasons
        assert any(isinstance(answer, OrderAck) for answer in answers)
        assert gateway._client.gate.is_open
        assert gateway._client.gate.breach_text == ""


@pytest.mark.parametrize("answer", ["<html>maintenance</html>", '{"symbols": []}', "{}", "[]"])
@pytest.mark.parametrize("is_known", [True, False])
async def test_answer_without_rules_leaves_ccxt_as_it_was(
    still_sandbox: RunningSandbox, monkeypatch: pytest.MonkeyPatch, is_known: bool, answer: str
) -> None:
    exchange = "binance" if is_known else without_a_dialect(monkeypatch)
    async with connected(config(still_sandbox, exchange=exchange)) as gateway:
        held = dict(gateway._client.market("BTC/USDT"))
        await still_sandbox.arm("garbled", endpoint="market", text=answer)
        report = await gateway.report(ASK)
        assert isinstance(report, ReportFailed)
        assert gateway._client.market("BTC/USDT") == held
        await still_sandbox.admin("DELETE", "faults")
        assert isinstance(await gateway.report(ASK), RulesReport)
        assert isinstance(await gateway.place(place(1)), OrderAck)


@pytest.mark.parametrize("text", ["<html></html>", '{"code":-1121,"msg":"Invalid symbol."}'])
async def test_process_that_only_cancels_needs_no_list_of_markets(
    still_sandbox: RunningSandbox, text: str
) -> None:
    """No request for the markets is answered with them, by the connect and by the cancel."""
    async with connected(config(still_sandbox)) as daemon:
        assert isinstance(await daemon.place(place(1)), OrderAck)
    await still_sandbox.arm("garbled", endpoint="market", text=text)
    gateway = make_cancel_gateway(config(still_sandbox))
    try:
        with pytest.raises(VenueError):
            await gateway.connect()
        assert await gateway.cancel_all() == 0
    finally:
        await gateway.close()
    assert (await still_sandbox.signed("GET", "openOrders", symbol="BTCUSDT")).rows == []


@pytest.mark.parametrize("is_known", [True, False])
@pytest.mark.parametrize(
    ("filters", "price", "size"),
    [
        ({"tick": "0.25"}, "58000.1", "0.001"),
        ({"lot": "0.001"}, "58000", "0.00123"),
        ({"size_min": "0.01"}, "58000", "0.001"),
        ({"size_max": "0.01"}, "58000", "0.011"),
        ({"notional_min": "100"}, "58000", "0.001"),
    ],
)
async def test_order_of_the_former_rules_is_denied_and_does_not_kill(
    still_sandbox: RunningSandbox,
    monkeypatch: pytest.MonkeyPatch,
    is_known: bool,
    filters: dict[str, str],
    price: str,
    size: str,
) -> None:
    """The rules change while a create waits: ccxt would round the approved price or size."""
    exchange = "binance" if is_known else without_a_dialect(monkeypatch)
    gateway = make_gateway(config(still_sandbox, exchange=exchange))
    try:
        await gateway.connect()
        gateway.open_gate()
        await still_sandbox.set_filters(**filters)
        assert isinstance(await gateway.report(ASK), RulesReport)
        order = PlaceOrder(
            client_id="q1aa00000001",
            side=Side.BUY,
            price=Decimal(price),
            size=Decimal(size),
            decided_ns=gateway._now_ns(),
        )
        answer = await gateway.place(order)
        assert isinstance(answer, OrderReject)
        assert answer.reason is RejectReason.NOT_SENT
        assert "former rules" in answer.text
        assert gateway._client.gate.is_open
        assert gateway._client.gate.breach_text == ""
    finally:
        await gateway.close()


async def test_rules_that_cannot_be_read_change_nothing(
    still_sandbox: RunningSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else ccxt would round by rules that the engine does not know."""
    gateway = make_gateway(config(still_sandbox, exchange=without_a_dialect(monkeypatch)))
    try:
        await gateway.connect()
        held = gateway._client.market("BTC/USDT")
        before = dict(held)
        found = {**held, "precision": {"price": 0.25, "amount": None}, "info": {}}

        async def half() -> list[object]:
            return [found]

        monkeypatch.setattr(gateway._client, "fetch_markets", half)
        assert isinstance(await gateway.report(ASK), ReportFailed)
        assert gateway._client.market("BTC/USDT") == before
    finally:
        await gateway.close()


async def test_gigantic_list_of_orders_is_no_answer(
    still_sandbox: RunningSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """300 MB of open orders took 1 GB of memory and stopped the event loop."""
    gateway = make_gateway(config(still_sandbox))
    try:
        await gateway.connect()
        monkeypatch.setattr(gate, "ANSWER_BYTES_MAX", 1)
        report = await gateway.report(RequestReport(kind=ReportKind.OPEN_ORDERS))
        assert isinstance(report, ReportFailed)
    finally:
        await gateway.close()
