"""Stylised facts of a market: figures of its moves, its trades and its book."""

from dataclasses import dataclass, fields
from math import inf, sqrt

import numpy as np
import numpy.typing as npt

from quoter.domain.units import BPS_PER_UNIT
from quoter.studies.common.estimates import Numbers
from quoter.studies.real_like.observed import Observed

GRID_S = 1.0
COARSE = 30  # seconds of the longer returns
MINUTE_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Figures of the mid's returns, of trades and of the book; without units unless named.

    - kurtosis: of a normal variable: 3
    - Fano factor: variance over mean of a count of prints or of taker orders; Poisson process: 1
    - single: share of taker orders with one print; pieces: mean prints of a taker order
    - print_base: median print in base units
    - touch: median size at the best bid over the median print
    - kappa_sigma: volatility of 1 s over the taker orders' mean distance from the mid a second
      before
    - busiest: trades of the busiest minute over those of the quietest (at least 1)
    """

    sigma_bp: float
    kurtosis_1s: float
    kurtosis_30s: float
    still_share: float
    variance_ratio: float
    autocorrelation_1s: float
    orders_per_s: float
    fano_100ms: float
    fano_1s: float
    fano_10s: float
    fano_60s: float
    orders_fano_1s: float
    single: float
    pieces: float
    print_base: float
    touch: float
    kappa_sigma: float
    spread_bp: float
    busiest: float
    activity_power: float

    def row(self) -> dict[str, float]:
        """Return the figures by name."""
        return {one.name: float(getattr(self, one.name)) for one in fields(self)}


def facts(market: Observed) -> Facts:
    """Return the facts of a market that was observed for at least two minutes."""
    mids = _on_grid(market)
    fine = np.diff(np.log(mids)) * BPS_PER_UNIT
    coarse = (np.log(mids[COARSE:]) - np.log(mids[:-COARSE])) * BPS_PER_UNIT
    sigma = sqrt(float(np.mean(coarse**2)) / COARSE)
    order = market.order
    reach = _reach(market, mids)
    minutes = _counts(market.trade_s, market.seconds, MINUTE_S)
    return Facts(
        sigma_bp=sigma,
        kurtosis_1s=_kurtosis(fine),
        kurtosis_30s=_kurtosis(coarse),
        still_share=float(np.mean(fine == 0.0)),
        variance_ratio=sigma**2 / float(np.mean(fine**2)),
        autocorrelation_1s=float(np.mean(fine[1:] * fine[:-1]) / np.mean(fine**2)),
        orders_per_s=float(order[-1] + 1) / market.seconds,
        fano_100ms=_fano(market.trade_s, market.seconds, 0.1),
        fano_1s=_fano(market.trade_s, market.seconds, 1.0),
        fano_10s=_fano(market.trade_s, market.seconds, 10.0),
        fano_60s=_fano(market.trade_s, market.seconds, 60.0),
        orders_fano_1s=_fano(market.trade_s[_first(order)], market.seconds, 1.0),
        single=float(np.mean(np.bincount(order) == 1)),
        pieces=len(order) / float(order[-1] + 1),
        print_base=float(np.median(market.size)),
        touch=_touch(market) / float(np.median(market.size)),
        kappa_sigma=sigma / float(np.mean(reach)),
        spread_bp=float(np.median((market.ask - market.bid) / market.mid)) * BPS_PER_UNIT,
        busiest=float(minutes.max() / max(1.0, minutes.min())),
        activity_power=_power(market, fine),
    )


def _on_grid(market: Observed) -> Numbers:
    """Return the mid at the beginning of every second."""
    grid = np.arange(0.0, market.seconds, GRID_S)
    return np.asarray(market.mid[np.searchsorted(market.top_s, grid, side="right") - 1])


def _touch(market: Observed) -> float:
    """Return the median over time of the size at the best bid."""
    grid = np.arange(0.0, market.seconds, GRID_S)
    at = np.searchsorted(market.top_s, grid, side="right") - 1
    return float(np.median(market.bid_size[at]))


def _reach(market: Observed, mids: Numbers) -> Numbers:
    """Distance in bp of each taker order's last print from the mid of its second, if beyond it."""
    last = np.append(np.diff(market.order) > 0, [True])
    second = np.minimum(market.trade_s[last].astype(int), len(mids) - 1)
    moved = market.sign[last] * np.log(market.price[last] / mids[second]) * BPS_PER_UNIT
    return np.asarray(moved[moved > 0.0])


def _counts(times: Numbers, seconds: float, width_s: float) -> Numbers:
    """Return the number of trades in each whole window of `width_s` seconds."""
    count = int(seconds / width_s)
    return np.histogram(times, bins=count, range=(0.0, count * width_s))[0].astype(float)


def _first(order: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Whether each print is the first of its taker order."""
    return np.append([True], np.diff(order) > 0)


def _fano(times: Numbers, seconds: float, width_s: float) -> float:
    counts = _counts(times, seconds, width_s)
    return float(counts.var() / counts.mean()) if counts.mean() else inf


def _kurtosis(returns: Numbers) -> float:
    return float(np.mean(returns**4) / np.mean(returns**2) ** 2)


def _power(market: Observed, fine: Numbers) -> float:
    """Return the exponent of volatility as a function of the number of trades.

    It is the slope of a regression of logarithms over windows of 10 s.
    """
    width = 10
    windows = len(fine) // width
    squares = fine[: windows * width].reshape(windows, width) ** 2
    counts = _counts(market.trade_s, windows * float(width), float(width))
    moved = (squares.sum(axis=1) > 0.0) & (counts > 0.0)
    x, y = np.log(counts[moved]), np.log(squares.sum(axis=1)[moved]) / 2.0
    return float(np.cov(x, y)[0, 1] / x.var())
