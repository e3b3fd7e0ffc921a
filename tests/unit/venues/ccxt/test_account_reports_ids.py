"""Trades that are paged by id, at a venue whose ids are not numbers."""

import time
from collections.abc import Mapping

import pytest

from quoter.domain.commands import RequestReport
from quoter.domain.events import ReportFailed, TradesReport
from quoter.domain.reasons import ReportKind
from quoter.venues.ccxt.account_reports import AccountReports
from quoter.venues.profiles import profile_of

PAGE = 2


class OnePage:
    """Client and sender in one: every request of trades has the same rows."""

    def __init__(self, *ids: str) -> None:
        self._rows = [{**TRADE, "id": each} for each in ids]

    async def fetch_my_trades(self, *_: object) -> list[Mapping[str, object]]:
        return list(self._rows)

    async def read(self, call: object, _reader: object, **_: object) -> object:
        assert callable(call)
        return await call()


TRADE: Mapping[str, object] = {
    "side": "buy",
    "order": "7",
    "info": {
        "price": "60000",
        "qty": "0.001",
        "isBuyer": True,
        "commission": "0",
        "commissionAsset": "USDT",
    },
}


@pytest.mark.parametrize("ids", [("1", "²"), ("a", "b")])
@pytest.mark.parametrize("last_id", ["", "5", "²"])
async def test_next_page_after_ids_that_are_no_numbers_is_a_failed_report(
    ids: tuple[str, ...], last_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("quoter.venues.ccxt.account_reports.TRADES_PAGE", PAGE)
    request = RequestReport(kind=ReportKind.TRADES, from_trade_id=last_id, since_ns=10**18)
    found = await reports(*ids).report(request)
    assert isinstance(found, ReportFailed), found
    assert "a trade's id is not a number" in found.text


async def test_last_page_with_such_ids_comes_whole() -> None:
    request = RequestReport(kind=ReportKind.TRADES, since_ns=10**18)
    found = await reports("1", "²").report(request)
    assert isinstance(found, TradesReport), found
    assert [fill.trade_id for fill in found.fills] == ["1", "²"]


def reports(*ids: str) -> AccountReports:
    """Return the reports of a Binance account with these trades."""
    venue = OnePage(*ids)
    return AccountReports(
        client=venue,  # type: ignore[arg-type]
        sender=venue,  # type: ignore[arg-type]
        symbol="BTC/USDT",
        profile=profile_of("binance"),
        now_ns=time.time_ns,
        client_id_of=lambda _: "",
    )
