"""Reading the market's rules again, at any venue; ccxt rounds by the new ones."""

from decimal import Decimal

import pytest

from quoter.domain.commands import RequestReport
from quoter.domain.events import ReportFailed, RulesReport
from quoter.domain.reasons import ReportKind
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

    async def nothing(*_: object) -> object:
        return {"symbols": []} if is_known else []

    try:
        await gateway.connect()
        name = "public_get_exchangeinfo" if is_known else "fetch_markets"
        monkeypatch.setattr(gateway._client, name, nothing)
        report = await gateway.report(ASK)
        assert isinstance(report, ReportFailed)
        assert "is not listed any more" in report.text
    finally:
        await gateway.close()
