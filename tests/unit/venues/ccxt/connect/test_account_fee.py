"""The account's maker fee is read at each venue in its documented form, never assumed."""

from dataclasses import dataclass, replace
from decimal import Decimal
from random import Random
from typing import cast

import pytest
from ccxt.base import errors as venue

from quoter.domain.commands import RequestReport
from quoter.domain.errors import FeeUnread, VenueUnavailable
from quoter.domain.events import MakerFeeReport, ReportFailed
from quoter.domain.reasons import ReportKind
from quoter.venues.ccxt.connect.account_fee import account_fee
from quoter.venues.ccxt.gateway import CcxtGateway
from quoter.venues.config import VenueConfig
from quoter.venues.egress.gate import current_call
from quoter.venues.profiles import PROVEN, profile_of
from tests.unit.venues.paper_account import PaperAccount, gateway_of

MAKER_FEE = RequestReport(kind=ReportKind.MAKER_FEE)
FEES: dict[str, tuple[str, object, str]] = {
    "bybit": (
        "/v5/account/fee-rate",
        {
            "retCode": 0,
            "result": {
                "list": [{"symbol": "BTCUSDT", "takerFeeRate": "0.001", "makerFeeRate": "0.0006"}]
            },
        },
        "0.0006",
    ),
    "okx": (
        "/api/v5/account/trade-fee",
        {"code": "0", "data": [{"instType": "SPOT", "maker": "-0.0008", "taker": "-0.001"}]},
        "0.0008",  # a charge is below zero there
    ),
    "kraken": (
        "/0/private/TradeVolume",
        {
            "error": [],
            "result": {
                "fees": {"XBTUSDT": {"fee": "0.2600"}},
                "fees_maker": {"XBTUSDT": {"fee": "0.1600"}},  # percent
            },
        },
        "0.0016",
    ),
    "gate": (
        "/api/v4/wallet/fee",
        {"user_id": 1, "taker_fee": "0.002", "maker_fee": "-0.0005", "gt_discount": False},
        "-0.0005",
    ),
    "bitget": (
        "/api/v2/common/trade-rate",
        {"code": "00000", "data": {"makerFeeRate": "0.001", "takerFeeRate": "0.001"}},
        "0.001",
    ),
}


@dataclass(slots=True)
class FeeAccount(PaperAccount):
    """An account that answers the request for its fee only."""

    failure: Exception | None = None
    status: int = 0  # of the HTTP answer that goes with the failure
    is_empty: bool = False

    def answer(self, method: str, url: str, body: str | None) -> object:
        path, answer, _ = FEES[self.exchange]
        assert path in url, url
        call = current_call()
        assert call is not None
        call.status = self.status
        if self.failure is not None:
            raise self.failure
        return {**cast("dict[str, object]", answer), "data": []} if self.is_empty else answer


@dataclass(slots=True)
class BalancesWithFee(PaperAccount):
    """An account that answers the request for its balances, with Binance's commission rates."""

    rate: str = ""

    def answer(self, method: str, url: str, body: str | None) -> object:
        assert "/api/v3/account" in url, url
        held = {"free": "1.00000000", "locked": "0.00000000"}
        rates = {"maker": self.rate, "taker": "0.00100000", "buyer": "0", "seller": "0"}
        coins = [{"asset": "BTC", **held}, {"asset": "USDT", **held}]
        return {"makerCommission": 10, "commissionRates": rates, "balances": coins}


async def fee_of(gateway: CcxtGateway, exchange: str) -> Decimal:
    return await account_fee(
        gateway._client, gateway._sender, profile_of(exchange), gateway._config.symbol
    )


@pytest.mark.parametrize("exchange", sorted(FEES))
async def test_fee_is_that_of_the_account_with_its_sign(
    exchange: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with gateway_of(FeeAccount(exchange), monkeypatch) as gateway:
        assert await fee_of(gateway, exchange) == Decimal(FEES[exchange][2])
        assert gateway._client.gate.is_open


async def test_answer_without_the_fee_names_none(monkeypatch: pytest.MonkeyPatch) -> None:
    async with gateway_of(FeeAccount("okx", is_empty=True), monkeypatch) as gateway:
        with pytest.raises(FeeUnread, match="okx reports None"):
            await fee_of(gateway, "okx")


async def test_refused_request_is_an_answer_and_silence_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with gateway_of(
        FeeAccount("okx", failure=venue.PermissionDenied("no"), status=403), monkeypatch
    ) as gateway:
        with pytest.raises(FeeUnread, match="PermissionDenied"):
            await fee_of(gateway, "okx")
    async with gateway_of(
        FeeAccount("okx", failure=venue.RequestTimeout("?")), monkeypatch
    ) as gateway:
        with pytest.raises(VenueUnavailable):
            await fee_of(gateway, "okx")


async def test_venue_without_a_request_for_it_names_none(monkeypatch: pytest.MonkeyPatch) -> None:
    async with gateway_of(FeeAccount("okx"), monkeypatch) as gateway:
        silent = replace(profile_of("okx"), maker_fee_call="")
        with pytest.raises(FeeUnread, match="with the balances"):
            await account_fee(gateway._client, gateway._sender, silent, "BTC/USDT")


def test_every_quoted_venue_has_a_source_of_the_fee() -> None:
    sources = {name: profile_of(name) for name in PROVEN | FEES.keys()}
    assert {name for name, row in sources.items() if not row.maker_fee_call} == {
        "binance",  # with the balances
        "binanceus",
    }


@pytest.mark.parametrize("exchange", sorted(FEES))
async def test_fee_is_read_again_while_running(
    exchange: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with gateway_of(FeeAccount(exchange), monkeypatch) as gateway:
        report = await gateway.report(MAKER_FEE)
        assert isinstance(report, MakerFeeReport)
        assert report.fee_maker == Decimal(FEES[exchange][2])


async def test_binance_reports_the_fee_with_the_balances(monkeypatch: pytest.MonkeyPatch) -> None:
    for rate, is_readable in (("0.00075000", True), ("9", False)):
        async with gateway_of(BalancesWithFee("binance", rate=rate), monkeypatch) as gateway:
            report = await gateway.report(MAKER_FEE)
            if is_readable:
                assert isinstance(report, MakerFeeReport)
                assert report.fee_maker == Decimal(rate)
            else:
                assert isinstance(report, ReportFailed)


async def test_request_of_the_fee_that_fails_is_no_fee(monkeypatch: pytest.MonkeyPatch) -> None:
    account = FeeAccount("okx", failure=venue.RequestTimeout("?"))
    async with gateway_of(account, monkeypatch) as gateway:
        report = await gateway.report(MAKER_FEE)
        assert isinstance(report, ReportFailed)
        assert report.kind is ReportKind.MAKER_FEE


async def test_fee_of_the_settings_is_reported_without_a_request() -> None:
    config = VenueConfig(
        exchange="okx",
        symbol="BTC/USDT",
        environment="production",
        order_prefix="q1",
        fee_maker=Decimal("0.0003"),
    )
    report = await CcxtGateway(config, lambda: 0, Random(1)).report(MAKER_FEE)
    assert report == MakerFeeReport(ts_ns=0, fee_maker=Decimal("0.0003"))


def test_default_fee_is_warned_of_without_a_key_only() -> None:
    config = VenueConfig(
        exchange="okx", symbol="BTC/USDT", environment="production", order_prefix="q1"
    )
    given = replace(config, fee_maker=Decimal(0))
    warned = [
        "maker_fee" in dict(CcxtGateway(each, lambda: 0, Random(1)).warnings)
        for each in (config, given)
    ]
    assert warned == [True, False]
