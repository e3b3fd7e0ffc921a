"""Lists are read to their proven end at every venue, or the report fails."""

from collections.abc import Callable
from itertools import pairwise

import pytest

from quoter.domain.commands import RequestReport
from quoter.domain.errors import VenueError
from quoter.domain.events import OpenOrdersReport, ReportFailed, TradesReport
from quoter.domain.reasons import ReportKind
from quoter.venues.ccxt.paged_list import (
    DAY_MS,
    PAGES_MAX,
    READINGS_MAX,
    START_OVERLAP_MS,
    Params,
    read_list,
    time_windows,
)
from quoter.venues.ccxt.types import JsonDict
from quoter.venues.profiles import PageBy, Paging
from tests.unit.venues.paper_account import START_MS, PaperAccount, gateway_of

PAGING = ("bybit", "okx", "gate", "kraken", "bitget")
SINCE = RequestReport(kind=ReportKind.TRADES, since_ns=START_MS * 1_000_000)
OPEN = RequestReport(kind=ReportKind.OPEN_ORDERS)
OLDER = Paging(by=PageBy.OLDER_THAN, param="c", field="key", full_page=2)


@pytest.mark.parametrize("exchange", ["bybit", "okx", "gate", "kraken"])
async def test_120_open_orders_come_whole(exchange: str, monkeypatch: pytest.MonkeyPatch) -> None:
    account = PaperAccount(exchange)
    account.own(120)
    async with gateway_of(account, monkeypatch) as gateway:
        report = await gateway.report(OPEN)
    assert isinstance(report, OpenOrdersReport), report
    assert {order.venue_id: order.client_id for order in report.orders} == account.orders


@pytest.mark.parametrize("exchange", PAGING)
@pytest.mark.parametrize(
    "request_", [SINCE, RequestReport(kind=ReportKind.TRADES, from_trade_id="none of these")]
)
async def test_300_trades_come_whole_and_oldest_first(
    exchange: str, request_: RequestReport, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = PaperAccount(exchange, trades=375 if exchange == "kraken" else 300)
    async with gateway_of(account, monkeypatch) as gateway:
        report = await gateway.report(request_)
    assert isinstance(report, TradesReport), report
    assert len({fill.trade_id for fill in report.fills}) == len(report.fills) == 300
    ids = [fill.trade_id for fill in report.fills]
    assert ids == sorted(ids)


@pytest.mark.parametrize("exchange", ["bybit", "okx", "gate", "kraken"])
@pytest.mark.parametrize("count", [0, 1, 19, 20, 50, 99, 100, 101])
async def test_every_length_of_a_list_comes_whole(
    exchange: str, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = PaperAccount(exchange)
    account.own(count)
    async with gateway_of(account, monkeypatch) as gateway:
        report = await gateway.report(OPEN)
    assert isinstance(report, OpenOrdersReport), report
    assert len(report.orders) == count


@pytest.mark.parametrize("exchange", ["bybit", "okx", "gate"])
async def test_venue_that_repeats_its_first_page_is_a_failed_report(
    exchange: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = PaperAccount(exchange, trades=2500, repeats_pages=True)
    account.own(120)
    async with gateway_of(account, monkeypatch) as gateway:
        for request in (OPEN, SINCE):
            report = await gateway.report(request)
            assert isinstance(report, ReportFailed), report
            assert "repeats rows" in report.text


@pytest.mark.parametrize("exchange", ["bybit"])
async def test_smaller_pages_than_asked_for_come_whole(
    exchange: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The default page of the venue, as if it did not read our limit."""
    account = PaperAccount(exchange, trades=300, page_rows_max=50)
    async with gateway_of(account, monkeypatch) as gateway:
        report = await gateway.report(SINCE)
    assert isinstance(report, TradesReport)
    assert len(report.fills) == 300


async def test_full_page_of_a_venue_without_proven_paging_is_a_failed_report(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    account = PaperAccount("mexc")
    account.own(19)
    async with gateway_of(account, monkeypatch) as gateway:
        assert isinstance(await gateway.report(OPEN), OpenOrdersReport)
        account.own(20)
        report = await gateway.report(OPEN)
        assert isinstance(report, ReportFailed)
        assert "may be incomplete" in report.text
        with pytest.raises(VenueError, match="may be incomplete"):
            await gateway.cancel_all()


def rows(*ids: int, **info: object) -> list[JsonDict]:
    return [{"id": str(each), "info": {"key": str(each), **info}} for each in ids]


def pages(*found: list[JsonDict]) -> Callable[[Params], object]:
    left = list(found)

    async def fetch(_params: Params) -> list[JsonDict]:
        return left.pop(0)

    return fetch


async def test_shifting_list_must_be_read_twice_alike() -> None:
    paging = Paging(by=PageBy.NUMBER, param="page", full_page=2, is_shifting=True)
    fetch = pages(rows(1, 2), rows(4), rows(1, 2), rows(3, 4), [], rows(1, 2), rows(3, 4), [])
    found = await read_list(fetch, paging)  # type: ignore[arg-type]
    assert [row["id"] for row in found] == ["1", "2", "3", "4"]
    changing = [page for n in range(READINGS_MAX) for page in (rows(1, 2), rows(10 + n))]
    with pytest.raises(VenueError, match="changed during each"):
        await read_list(pages(*changing), paging)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("paging", "page", "text"),
    [
        (
            Paging(by=PageBy.CURSOR, param="c", field="cursor", full_page=2),
            rows(1, 2),
            "a row has no number|no row has the field|has no",
        ),
        (Paging(by=PageBy.OLDER_THAN, param="c", field="no", full_page=2), rows(1, 2), "no number"),
        (OLDER, [{"id": each, "info": {"key": each}} for each in "²³"], "no number"),
        (Paging(full_page=2), rows(1, 2), "may be incomplete"),
        (Paging(full_page=2), [{"info": {}}], "no id"),
    ],
)
async def test_page_without_a_proof_of_the_end_fails(
    paging: Paging, page: list[JsonDict], text: str
) -> None:
    with pytest.raises(VenueError, match=text):
        await read_list(pages(page, page), paging)  # type: ignore[arg-type]


async def test_empty_cursor_is_the_end_of_a_full_page() -> None:
    paging = Paging(by=PageBy.CURSOR, param="c", field="cursor", full_page=2)
    assert len(await read_list(pages(rows(1, 2, cursor="")), paging)) == 2  # type: ignore[arg-type]


async def test_ids_with_leading_zeros_and_as_integers_are_paged_by_value() -> None:
    asked: list[Params] = []
    left = [["010", 9], ["008", 7], []]

    async def fetch(params: Params) -> list[JsonDict]:
        asked.append(params)
        return [{"id": each, "info": {"key": each}} for each in left.pop(0)]

    assert len(await read_list(fetch, OLDER)) == 4
    assert asked == [{}, {"c": "9"}, {"c": "7"}]


async def test_endless_list_fails() -> None:
    paging = Paging(by=PageBy.OFFSET, param="ofs", full_page=1)

    async def fetch(params: Params) -> list[JsonDict]:
        return rows(int(params.get("ofs", 0)))

    with pytest.raises(VenueError, match=f"more than {PAGES_MAX} pages"):
        await read_list(fetch, paging)


def test_time_windows_overlap_and_reach_now() -> None:
    paging = Paging(start_param="from", end_param="to", window_days=7)
    now_ms = 100 * DAY_MS
    found = list(time_windows(paging, 80 * DAY_MS, now_ms))
    assert [set(each) for each in found] == [{"from", "to"}, {"from", "to"}, {"from"}]
    assert found[0]["from"] == 80 * DAY_MS - START_OVERLAP_MS
    for before, after in pairwise(found):
        assert int(after["from"]) < int(before["to"]) <= int(before["from"]) + 7 * DAY_MS
    assert int(found[-1]["from"]) + 7 * DAY_MS >= now_ms
    assert list(time_windows(paging, None, now_ms)) == [{}]
    assert list(time_windows(Paging(), 5, now_ms)) == [{}]
