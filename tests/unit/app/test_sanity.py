"""Limits against a price: what could never pass is told before it is tried for ever."""

from dataclasses import replace
from decimal import Decimal

import pytest

from quoter.app.sanity import beyond_collar, hopeless, refuse_hopeless
from quoter.app.start import StartFailed
from quoter.domain.market import Bar, MarketPast
from quoter.service.exit_codes import ExitCode
from tests.unit.app.test_wiring import settings
from tests.unit.risk.cases import LIMITS, limits
from tests.unit.telemetry.samples import TERMS

SIZE = Decimal("0.005")


def test_an_order_that_just_fits_is_no_trouble() -> None:
    fits = limits(notional_max=Decimal(300), position_notional_max=Decimal(323))
    assert hopeless(fits, SIZE, 60_000.0) == []


@pytest.mark.parametrize("name", ["notional_max", "position_notional_max"])
def test_a_limit_below_one_order_is_named_with_what_the_order_is_worth(name: str) -> None:
    (line,) = hopeless(limits(**{name: Decimal(299)}), SIZE, 60_000.0)
    assert line.startswith(f"QUOTER_{name.upper()}: ")
    assert "300.00" in line
    assert "(got 299)" in line


def test_a_price_that_is_no_number_fits_nothing() -> None:
    """Infinity is above every limit."""
    assert hopeless(LIMITS, SIZE, float("inf")) != []


def test_a_quote_wider_than_the_collar_is_told() -> None:
    wide = replace(TERMS, delta_bid=0.03 * TERMS.inputs.fair, delta_ask=None)
    (line,) = beyond_collar(LIMITS, wide)
    assert line.startswith("QUOTER_COLLAR_BPS: the quote stands 300 bps")
    assert beyond_collar(LIMITS, TERMS) == []
    assert beyond_collar(LIMITS, replace(TERMS, delta_bid=None, delta_ask=None)) == []


def test_a_start_is_refused_where_the_venue_tells_the_last_price() -> None:
    chosen = settings(notional_max=Decimal(299))
    refuse_hopeless(chosen, MarketPast((), 60.0, None))
    bar = Bar(60_000.0, 60_100.0, 59_900.0, 60_000.0)
    with pytest.raises(StartFailed, match=r"QUOTER_NOTIONAL_MAX: .* none could pass") as refused:
        refuse_hopeless(chosen, MarketPast((bar,), 60.0, None))
    assert refused.value.code is ExitCode.USAGE
    refuse_hopeless(settings(), MarketPast((bar,), 60.0, None))
