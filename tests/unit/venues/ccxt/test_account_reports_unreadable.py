"""A list with one order that can't be read whole is no answer, and never "no orders"."""

import pytest

from quoter.domain.commands import RequestReport
from quoter.domain.errors import VenueError
from quoter.domain.events import OpenOrdersReport, ReportEvent, ReportFailed
from quoter.domain.reasons import ReportKind
from quoter.venues.ccxt.gateway import CcxtGateway
from tests.unit.venues.paper_account import PaperAccount, Row, gateway_of

# The venue's field from which the filled size of an open order is read.
FILLED = {
    "bybit": "cumExecQty",
    "okx": "accFillSz",
    "gate": "left",
    "kraken": "vol_exec",
    "bitget": "baseVolume",
}


@pytest.mark.parametrize("exchange", FILLED)
@pytest.mark.parametrize("value", ["absent", None, "", "NaN"])
async def test_an_open_order_without_readable_filled_size_fails_the_list(
    exchange: str, value: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = PaperAccount(exchange)
    account.own(3)
    whole = getattr(PaperAccount, f"_{exchange}_order")
    unreadable = account.orders["1001"]

    def row(self: PaperAccount, *names: str) -> Row:
        found: Row = whole(self, *names)
        if unreadable in names:
            del found[FILLED[exchange]]
            found |= {} if value == "absent" else {FILLED[exchange]: value}
        return found

    async with gateway_of(account, monkeypatch) as gateway:
        assert isinstance(await open_orders(gateway), OpenOrdersReport)
        monkeypatch.setattr(PaperAccount, f"_{exchange}_order", row)
        assert isinstance(await open_orders(gateway), ReportFailed)
        with pytest.raises(VenueError):
            await gateway.count_own_open()
        with pytest.raises(VenueError, match="own orders can't be listed"):
            await gateway.cancel_all()


async def open_orders(gateway: CcxtGateway) -> ReportEvent:
    return await gateway.report(RequestReport(kind=ReportKind.OPEN_ORDERS))
