"""Figures derived from a step's values."""

from decimal import Decimal
from math import isnan

from quoter.domain.step import MarkoutPnl, SidePnl


def side(notional: str, spread: str, markout: str) -> SidePnl:
    return SidePnl(
        notional=Decimal(notional),
        spread=Decimal(spread),
        fees=Decimal(0),
        horizons={5: MarkoutPnl(markout=Decimal(markout), residual=Decimal(0))},
    )


def test_realised_spread_is_spread_plus_markout_per_notional() -> None:
    assert side("20000", "3", "-1").realised_spread_bps(5) == 1.0


def test_realised_spread_is_nan_before_the_first_fill() -> None:
    assert isnan(side("0", "0", "0").realised_spread_bps(5))
