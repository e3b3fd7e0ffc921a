"""The maker fee while running: requested regularly and after a fill with another one, then used."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest

from quoter.domain.commands import RequestReport
from quoter.domain.events import MakerFeeReport, RulesReport
from quoter.domain.reasons import ReportKind
from quoter.domain.step import Step
from quoter.domain.units import NS_PER_S
from quoter.engine.config import ReconcilePolicy
from tests.unit.engine.cases import CONFIG, EngineHarness, commands, config
from tests.unit.state.cases import BUY, SELL

BPS = Decimal("0.0001")
TEN_BPS = replace(CONFIG.instrument, fee_maker=10 * BPS)


def asked(steps: Step | Sequence[Step]) -> int:
    found = [c for c in commands(steps) if isinstance(c, RequestReport)]
    return sum(request.kind is ReportKind.MAKER_FEE for request in found)


def reported(harness: EngineHarness, fee: Decimal) -> Step:
    return harness.give(MakerFeeReport(ts_ns=harness.now_ns, fee_maker=fee))


def paying(harness: EngineHarness, fee: str, *, asset: str = "USD", is_maker: bool = True) -> Step:
    """A fill of one base unit that paid `fee`."""
    found = harness.fill_of(harness.wanted(BUY), "0.5", fee=fee)
    return harness.give(replace(found, fee_asset=asset, is_maker=is_maker))


def cost(harness: EngineHarness) -> float:
    found = harness.engine.quoting.latest.terms
    assert found is not None
    return found.inputs.cost_bid


def names(steps: Sequence[Step]) -> list[str]:
    return [name for step in steps for name, _ in step.anomalies]


def test_fee_is_requested_periodically_and_never_without_a_period() -> None:
    policy = ReconcilePolicy(fee_ns=10 * NS_PER_S)
    assert asked(EngineHarness(replace(CONFIG, reconcile=policy)).quoting().wait(35.0)) == 3
    assert asked(EngineHarness().quoting().wait(35.0)) == 0


def test_quotes_count_with_a_changed_fee_from_the_next_one_on() -> None:
    harness = EngineHarness(config(instrument=TEN_BPS)).quoting()
    assert cost(harness) == pytest.approx(0.1)
    before = harness.wanted(SELL).price
    step = reported(harness, 60 * BPS)
    assert ("maker_fee_changed", "10 bps -> 60 bps") in step.anomalies
    assert cost(harness) == pytest.approx(0.6)
    harness.wait(2.0, ends=True)
    assert harness.wanted(SELL).price > before


def test_same_fee_is_no_change() -> None:
    harness = EngineHarness(config(instrument=TEN_BPS)).quoting()
    assert not reported(harness, 10 * BPS).anomalies


def test_failed_request_leaves_the_fee_and_is_repeated_after_a_minute() -> None:
    harness = EngineHarness(config(instrument=TEN_BPS)).quoting()
    harness.report_failed(ReportKind.MAKER_FEE)
    assert asked(harness.wait(59.0)) == 0
    assert asked(harness.wait(2.0)) == 1
    assert harness.engine.instrument.now.fee_maker == 10 * BPS


def test_report_of_the_rules_does_not_change_the_fee() -> None:
    """It may have been requested before the report of the fee, and arrive after it."""
    harness = EngineHarness(config(instrument=TEN_BPS)).quoting()
    reported(harness, 20 * BPS)
    step = harness.give(RulesReport(ts_ns=harness.now_ns, instrument=TEN_BPS))
    assert not step.anomalies
    assert harness.engine.instrument.now.fee_maker == 20 * BPS


@pytest.mark.parametrize(("fee", "asset"), [("0.1", "USD"), ("-0.01", "USD"), ("0.001", "ABC")])
def test_fill_with_another_fee_is_reported_and_requests_the_fee_once_an_hour(
    fee: str, asset: str
) -> None:
    harness = EngineHarness(config(instrument=TEN_BPS)).quoting()
    ((name, text),) = paying(harness, fee, asset=asset).anomalies
    assert name == "maker_fee_differs"
    assert "quotes are computed with 10 bps" in text
    assert asked(harness.wait(1.0)) == 1
    assert not paying(harness, fee, asset=asset).anomalies
    assert asked(harness.wait(70.0)) == 0


@pytest.mark.parametrize(
    ("fee", "asset", "is_maker"),
    [
        ("0.0495", "USD", True),  # ten basis points of 49.5
        ("0.05", "USD", True),  # the same, rounded by the venue
        ("0.0005", "ABC", True),
        ("0.00001", "BNB", True),  # a third coin has a discount
        ("0.5", "USD", False),  # a taker's fee
    ],
)
def test_fill_with_the_fee_counted_with_or_one_that_says_nothing_is_no_news(
    fee: str, asset: str, is_maker: bool
) -> None:
    harness = EngineHarness(config(instrument=TEN_BPS)).quoting()
    step = paying(harness, fee, asset=asset, is_maker=is_maker)
    assert "maker_fee_differs" not in names([step])
    assert asked(harness.wait(1.0)) == 0


def test_fee_that_changes_again_after_a_report_is_news_again() -> None:
    harness = EngineHarness(config(instrument=TEN_BPS)).quoting()
    paying(harness, "0.1")
    reported(harness, 20 * BPS)
    step = paying(harness, "0.2")
    assert names([step]) == ["maker_fee_differs"]
