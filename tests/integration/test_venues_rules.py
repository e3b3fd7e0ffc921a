"""Reading the market's rules again, at any venue; ccxt rounds by the new ones."""

from decimal import Decimal

import msgspec
import pytest

from quoter.domain.commands import PlaceOrder, RequestReport
from quoter.domain.events import OrderReject, ReportFailed, RulesReport
from quoter.domain.market import Side
from quoter.domain.reasons import RejectReason, ReportKind
from quoter.venues.egress import gate
from quoter.venues.factory import make_gateway
from quoter.venues.json_values import as_map, decimal
from tests.integration.sandbox_client import RunningSandbox
from tests.integration.test_venues_gateway import config, without_a_dialect

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
        changed = {"symbol": "BTCUSDT", "tick": str(TICK)}
        assert (await still_sandbox.admin("POST", "filters", changed)).status == 200
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
        await gateway.connect()
        if is_known:
            refusal = {"status": 400, "code": -1121, "text": "Invalid symbol."}
            await still_sandbox.arm("error_before", endpoint="market", **refusal)
        else:  # all markets are read, and ours is not among them
            info = await still_sandbox.get("exchangeInfo")
            other = msgspec.json.encode(info.body).decode().replace("BTC", "ETH")
            await still_sandbox.arm("garbled", endpoint="market", text=other)
        report = await gateway.report(ASK)
        assert isinstance(report, ReportFailed)
        assert "is not listed any more" in report.text
    finally:
        await gateway.close()


@pytest.mark.parametrize("is_known", [True, False])
@pytest.mark.parametrize(
    ("filters", "price", "size"),
    [({"tick": "0.25"}, "58000.1", "0.001"), ({"lot": "0.001"}, "58000", "0.00123")],
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
        changed = {"symbol": "BTCUSDT", **filters}
        assert (await still_sandbox.admin("POST", "filters", changed)).status == 200
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
