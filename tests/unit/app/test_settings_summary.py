"""The settings summary is logged once, with the first quote."""

import io
import json
from copy import replace
from decimal import Decimal
from typing import cast

import pytest
import structlog
from structlog.testing import capture_logs
from structlog.typing import EventDict

from quoter.app.settings_summary import SettingsSummaryLog, summarise
from quoter.domain.errors import InvalidInput
from quoter.domain.events import LiveParamsChanged
from quoter.domain.quotes import QuoteTerms
from quoter.engine.config import PricingConfig
from quoter.engine.engine import Engine
from quoter.pricing.models.glft_exact import BoundedModel
from quoter.pricing.quote.normalisation import References, gamma_lot
from quoter.pricing.quote.settings_summary import settings_summary, summary_rows
from quoter.telemetry.logs import configure_logs
from tests.unit.app.test_settings_to_config import INSTRUMENT
from tests.unit.engine.cases import ACTIVITY, EngineHarness
from tests.unit.risk.cases import LIMITS
from tests.unit.telemetry.samples import NOW_NS, PARAMS, QUOTE, TERMS, step

REFERENCES = References(sigma=6.0, kappa=0.2, intensity=0.5, cost=0.5)
GAMMA = gamma_lot(ghat=1.0, lots_max=10.0, references=REFERENCES)


class Calibration:
    def __init__(self, references: References | None, gamma: float) -> None:
        self.references, self.gamma_lot = references, gamma
        self.has_fixed_references = True


class Config:
    lots_max, order_size = 10.0, Decimal("0.005")
    limits = replace(LIMITS, inventory_max=Decimal("0.05"), loss_max=Decimal(50))
    instrument, pricing = INSTRUMENT, PricingConfig()
    activity = ACTIVITY
    is_spot, target = True, Decimal(0)


class FrozenEngine:
    """The parts of an engine that the summary is computed from."""

    def __init__(self, references: References | None = REFERENCES, gamma: float = GAMMA) -> None:
        self.calibration, self.config = Calibration(references, gamma), Config()
        harness = EngineHarness()
        harness.book()
        self.market, self.inventory = harness.engine.market, harness.engine.inventory


def engine(references: References | None = REFERENCES, gamma: float = GAMMA) -> Engine:
    return cast(Engine, FrozenEngine(references, gamma))


def lines(log: SettingsSummaryLog, *quotes: object) -> list[EventDict]:
    structlog.reset_defaults()
    with capture_logs() as written:
        for quote in quotes:
            log.observe(step(quote=quote))
    return [dict(line) for line in written]


def test_every_row_is_logged_once_with_the_first_quote_that_has_terms() -> None:
    log = SettingsSummaryLog(engine())
    assert lines(log, None, replace(QUOTE, terms=None)) == []
    found = lines(log, QUOTE, QUOTE)
    wanted = settings_summary(gamma=GAMMA, lots_max=10.0, references=REFERENCES, fair=60_000.0)
    rows = summary_rows(wanted, order_size=0.005)
    assert [line["name"] for line in found] == [row.name for row in rows]
    for line, row in zip(found, rows, strict=True):
        assert (line["event"], line["log_level"]) == ("settings_summary", "info")
        assert line["value"] == pytest.approx(row.value, rel=1e-7)
        assert line["sentence"] == row.sentence
        if row.bps is None:
            assert line["bps"] is None
        else:
            assert line["bps"] == pytest.approx(row.bps, rel=1e-7)


def test_nothing_is_logged_before_the_references_exist() -> None:
    uncalibrated = FrozenEngine(None)
    log = SettingsSummaryLog(cast(Engine, uncalibrated))
    assert lines(log, QUOTE) == []
    uncalibrated.calibration.references = REFERENCES
    assert lines(log, QUOTE)


def test_a_gamma_that_saturates_the_slope_is_a_warning() -> None:
    saturated = engine(gamma=gamma_lot(ghat=1_000.0, lots_max=10.0, references=REFERENCES))
    found = [
        line
        for line in lines(SettingsSummaryLog(saturated), QUOTE)
        if line["log_level"] == "warning"
    ]
    assert {line["event"] for line in found} == {"settings_warning"}
    assert "ceiling" in found[0]["reason"]
    assert not [
        one for one in lines(SettingsSummaryLog(engine()), QUOTE) if one["log_level"] == "warning"
    ]


def rows_of(terms: QuoteTerms) -> dict[str, float]:
    found = summarise(engine(), terms)
    assert found is not None
    return {row.name: row.value for row in found[0]}


def test_the_summary_uses_the_horizon_and_the_exact_model_of_the_quote() -> None:
    table = BoundedModel(10.0).table(gamma=GAMMA, sigma=6.0, kappa=0.2, intensity=0.5)
    plain, rolling, exact = (
        rows_of(replace(TERMS, inputs=replace(TERMS.inputs, tau_s=tau_s, bounded=bounded)))
        for tau_s, bounded in ((None, None), (30.0, None), (None, table))
    )
    assert rolling["skew_at_limit"] == pytest.approx(10 * GAMMA * 6.0**2 * 30.0)
    assert rolling["tau_equivalent_s"] == pytest.approx(30.0)
    assert exact["skew_at_limit"] != pytest.approx(plain["skew_at_limit"], rel=1e-3)


def test_a_summary_that_can_not_be_computed_is_a_warning() -> None:
    low_sigma = replace(REFERENCES, sigma=0.01)
    tiny_gamma = engine(low_sigma, gamma=5e-324)
    with pytest.raises(InvalidInput):
        summarise(tiny_gamma, TERMS)
    (line,) = lines(SettingsSummaryLog(tiny_gamma), QUOTE, QUOTE)
    assert (line["event"], line["log_level"]) == ("settings_summary_unavailable", "warning")


@pytest.mark.parametrize("log_format", ["json", "pretty"])
def test_a_line_can_be_read_in_either_format(log_format: str) -> None:
    stream = io.StringIO()
    configure_logs(log_format="json" if log_format == "json" else "pretty", stream=stream)
    try:
        SettingsSummaryLog(engine()).observe(step(quote=QUOTE))
    finally:
        structlog.reset_defaults()
    (line,) = (line for line in stream.getvalue().splitlines() if "round_trip_quote" in line)
    if log_format == "json":
        assert json.loads(line)["value"] > 0
    assert "earned by one order on each side" in line


def test_summary_is_logged_again_when_the_references_are_fixed() -> None:
    provisional = FrozenEngine()
    provisional.calibration.has_fixed_references = False
    log = SettingsSummaryLog(cast(Engine, provisional))
    first = lines(log, QUOTE, QUOTE)
    provisional.calibration.has_fixed_references = True
    assert lines(log, QUOTE, QUOTE) == first != []


def test_changed_live_parameters_log_the_summary_again() -> None:
    log = SettingsSummaryLog(engine())
    first_count = len(lines(log, QUOTE))
    change = LiveParamsChanged(ts_ns=NOW_NS, params=PARAMS, actor="test", reason="why")
    with capture_logs() as written:
        log.observe(step(event=change, quote=QUOTE))
    assert len(written) == first_count > 0


def test_a_limit_that_no_order_can_pass_is_a_warning_with_the_first_quote() -> None:
    """If the venue reported no price before the start, the first quote gives it."""
    limited = engine()
    limited.config.limits = replace(LIMITS, notional_max=Decimal(299))  # type: ignore[misc]
    found = [
        line
        for line in lines(SettingsSummaryLog(limited), QUOTE)
        if line["event"] == "settings_warning"
    ]
    assert any("QUOTER_NOTIONAL_MAX" in str(line["reason"]) for line in found)
