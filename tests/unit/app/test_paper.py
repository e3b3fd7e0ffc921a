"""The account and the terms of a paper run, and what a process beside it finds."""

from decimal import Decimal
from pathlib import Path
from typing import cast

import pytest

from quoter.app.paper import known_account, paper_account, paper_end, venue_terms
from quoter.app.sentinel import cancel_gateway
from quoter.app.settings_to_config import market_of, trial_mode, venue_config
from quoter.domain.commands import RequestReport
from quoter.domain.events import BalanceReport, ReportFailed
from quoter.domain.reasons import ReportKind
from quoter.engine.config import TrialMode
from quoter.ledger.schema import NAME
from quoter.paper.ledger_account import LedgerAccount
from quoter.service.exit_codes import ExitCode
from quoter.settings import FixedSettings, Settings
from quoter.sim.truth import Truth
from quoter.venues.ccxt.gateway import CcxtGateway
from tests.instruments import BTC_USDT
from tests.unit.ledger.cases import NOW_NS, OPENING, booked, opened
from tests.unit.telemetry.samples import snapshot

START_NS = 1_700_000_000_000_000_000
LIMITS = {
    "environment": "paper",
    "inventory_max": Decimal("0.05"),
    "order_size": Decimal("0.005"),
    "loss_max": Decimal(500),
    "notional_max": Decimal(1_000),
}


def settings(**changed: object) -> Settings:
    return FixedSettings.model_validate(LIMITS | changed)


class Public:
    """A venue of which only the listed taker fee is asked."""

    def __init__(self, taker: Decimal | None) -> None:
        self.listed_taker_fee = taker


def public(taker: Decimal | None) -> CcxtGateway:
    return cast("CcxtGateway", Public(taker))


def test_first_run_opens_an_account_of_twice_the_inventory_limit(tmp_path: Path) -> None:
    account = known_account(settings(data_dir=tmp_path), BTC_USDT, start_ns=START_NS)
    assert account.balances == {"BTC": Decimal("0.1"), "USDT": Decimal(20_000)}
    assert account.trade_id_first == START_NS // 1_000
    assert not account.is_continued
    chosen = settings(data_dir=tmp_path, paper_base=Decimal(3), paper_quote=Decimal(7))
    account = known_account(chosen, BTC_USDT, start_ns=START_NS)
    assert account.balances == {"BTC": Decimal(3), "USDT": Decimal(7)}


async def test_later_run_continues_with_the_ledgers_account(tmp_path: Path) -> None:
    chosen = settings(data_dir=tmp_path, paper_base=Decimal(3))
    async with opened(tmp_path, market=market_of(chosen)) as ledger:
        newest = START_NS // 1_000 + 5  # the clock was set back since
        await ledger.record_fills([booked(newest, fee_asset="BTC")])
        account = paper_account(chosen, ledger.reader, BTC_USDT, start_ns=START_NS)
        assert account.is_continued
        assert account.trade_id_first == newest + 1
        assert account.balances == {
            "BTC": OPENING["BTC"] + Decimal("0.001") - Decimal("0.000001"),
            "USDT": OPENING["USDT"] - Decimal("60.00001"),
        }
        assert account == known_account(chosen, BTC_USDT, start_ns=START_NS)
        report = await LedgerAccount(tmp_path, market_of(chosen)).report(
            RequestReport(kind=ReportKind.BALANCES)
        )
    assert isinstance(report, BalanceReport)
    assert report.free == account.balances


async def test_account_of_another_market_is_not_continued(tmp_path: Path) -> None:
    async with opened(tmp_path) as ledger:
        await ledger.record_fills([booked(1)])
        account = paper_account(settings(), ledger.reader, BTC_USDT, start_ns=NOW_NS)
    assert not account.is_continued


async def test_process_beside_the_daemon_finds_no_order_and_no_ledger_is_no_account(
    tmp_path: Path,
) -> None:
    gateway = cancel_gateway(settings(), tmp_path)
    await gateway.connect()
    assert await gateway.count_own_open() == await gateway.cancel_all() == 0
    report = await gateway.report(RequestReport(kind=ReportKind.BALANCES))
    assert isinstance(report, BalanceReport)
    assert report.free == {}
    (tmp_path / NAME).write_text("no ledger")
    report = await gateway.report(RequestReport(kind=ReportKind.BALANCES))
    assert isinstance(report, ReportFailed)
    await gateway.close()


def test_fees_are_said_with_where_they_are_from() -> None:
    terms = venue_terms(settings(), BTC_USDT, public(Decimal("0.002")))
    assert terms["fee_taker_bps"] == "20"
    assert "ccxt lists" in terms["fee_maker_from"]
    assert "ccxt lists" in terms["fee_taker_from"]
    terms = venue_terms(settings(fee_maker_bps=1), BTC_USDT, public(None))
    assert terms["fee_maker_from"] == "QUOTER_FEE_MAKER_BPS"
    assert "no taker fee" in terms["fee_taker_from"]
    assert terms["fee_taker_bps"] == terms["fee_maker_bps"]


def test_run_on_paper_has_no_key_no_trial_and_the_live_market() -> None:
    chosen = settings(api_key="theirs", api_secret="secret")  # noqa: S106 - a made-up secret
    config = venue_config(chosen)
    assert (config.api_key, config.secret, config.environment) == ("", "", "production")
    assert config.is_public_only
    assert trial_mode(chosen) is TrialMode.OFF
    assert venue_config(settings(paper_market="sandbox")).environment == "sandbox"


@pytest.mark.parametrize(
    ("code", "expected"), [(ExitCode.CLEAN, ExitCode.UNSETTLED), (ExitCode.KILLED, ExitCode.KILLED)]
)
def test_books_that_differ_are_no_clean_end(code: ExitCode, expected: ExitCode) -> None:
    last = snapshot()
    assert paper_end(code, Truth(dict(last.balances), ()), last) is code
    assert paper_end(code, Truth({"BTC": Decimal(9)}, ()), last) is expected
