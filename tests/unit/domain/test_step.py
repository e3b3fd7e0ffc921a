"""Figures derived from a step's values."""

from decimal import Decimal
from math import isnan

from quoter.domain.market import Side
from quoter.domain.step import MarkoutPnl, Pnl, SidePnl


def side(notional: str, spread: str, markout: str, fees: str = "0") -> SidePnl:
    return SidePnl(
        notional=Decimal(notional),
        spread=Decimal(spread),
        fees=Decimal(fees),
        horizons={5: MarkoutPnl(markout=Decimal(markout), residual=Decimal(0))},
    )


def test_realised_spread_is_spread_plus_markout_per_notional() -> None:
    assert side("20000", "3", "-1").realised_spread_bps(5) == 1.0


def test_realised_spread_is_nan_before_the_first_fill() -> None:
    assert isnan(side("0", "0", "0").realised_spread_bps(5))


def test_sums_over_both_sides() -> None:
    zero = Decimal(0)
    pnl = Pnl(
        total=zero,
        spread=zero,
        inventory=zero,
        fees=zero,
        funding=zero,
        held=zero,
        sides={Side.BUY: side("100", "3", "-1", "0.5"), Side.SELL: side("50", "2", "-4", "0.25")},
    )
    assert pnl.notional == 150
    assert pnl.markout(5) == -5
    assert pnl.earned(5) == Decimal("-0.75")
