"""Exact stationary model of Guéant, Lehalle & Fernandez-Tapia 2013 with an inventory limit.

The stationary value of holding n lots, |n| <= Q, is the ground eigenvector f of the tridiagonal
matrix with rho*n^2 on the diagonal and -1 beside it; the displacement of a quote is the logarithm
of the ratio of two neighbours. The closed form is approached as Q grows and rho gets small.
Formulas: deploy/docs/strategy.md, "Exact bounded model".
"""

from math import ceil, exp, floor, inf, log, sqrt

from quoter.domain.errors import InvalidInput
from quoter.pricing.models.avellaneda_stoikov import log1p_ratio
from quoter.pricing.validation import not_negative, positive

LOTS_MAX_MAX = 500  # with a larger limit the closed form is accurate
RHO_MAX = 1e12
RHO_MOVE = 0.05  # the table is solved again once rho has changed by more than this fraction
ITERATIONS_MAX = 200  # bisection alone needs 55
EIGENVALUE_ERROR = 1e-15  # absolute; the eigenvalue is in (-2, 0)


def chain_ratio(*, gamma: float, sigma: float, kappa: float, intensity: float) -> float:
    """Return rho, the ratio of inventory risk to the value of the flow. No unit.

    gamma: 1/price, >= 0. sigma: price/sqrt(s), >= 0. kappa: 1/price, > 0. intensity (A): fills per
    side at distance 0, net of costs, 1/s, > 0. Raises InvalidInput outside these domains.
    rho = (kappa * gamma * sigma^2 / 2) / (A * (1+gamma/kappa)^-(1+kappa/gamma)).
    """
    not_negative("gamma", gamma)
    not_negative("sigma", sigma)
    x = gamma / positive("kappa", kappa)
    if not (x <= RHO_MAX):
        raise InvalidInput("gamma", gamma)
    flow = positive("intensity", intensity * exp(-(1.0 + x) * log1p_ratio(x)))
    rho = kappa * gamma * sigma * sigma / 2.0 / flow
    if not (rho <= RHO_MAX):
        raise InvalidInput("rho", rho)
    return rho


def log_ratios(*, rho: float, lots_max: int) -> tuple[float, ...]:
    """Return ln(f_n / f_(n+1)) for n = -lots_max .. lots_max-1, rising and odd about n = -1/2.

    rho in [0, 1e12] from `chain_ratio`; lots_max (Q) whole, 1 to 500; else raises InvalidInput.

    The eigenvalue is found by Newton's method within a bracket, on the last pivot of the
    elimination from the limit inwards. The pivots are the ratios themselves. Each is at least 1, so
    that rounding errors shrink inwards. The entries of f, which span hundreds of orders of
    magnitude, are never formed.
    """
    if not (0.0 <= rho <= RHO_MAX):
        raise InvalidInput("rho", rho)
    if not (1 <= lots_max <= LOTS_MAX_MAX):
        raise InvalidInput("lots_max", lots_max)
    low, high = -2.0, -4.0 / (rho + sqrt(rho * rho + 8.0))  # `high` is the solution for Q = 1
    eigenvalue = min(high, sqrt(rho) - 2.0)  # start from the harmonic oscillator's eigenvalue
    for _ in range(ITERATIONS_MAX):
        residual, derivative = _last_pivot(rho, lots_max, eigenvalue)
        if residual > 0.0:
            low = eigenvalue
        else:
            high = eigenvalue
        step = eigenvalue - residual / derivative if derivative else inf
        better = step if low < step < high else (low + high) / 2.0
        if abs(better - eigenvalue) <= EIGENVALUE_ERROR:
            break
        eigenvalue = better
    outward = []
    ratio = inf
    for n in range(lots_max, 0, -1):
        ratio = rho * n * n - eigenvalue - 1.0 / ratio
        outward.append(log(ratio))
    return (*(-number for number in outward), *reversed(outward))


def _last_pivot(rho: float, lots_max: int, eigenvalue: float) -> tuple[float, float]:
    """Return the pivot of n = 0 and its derivative; (-1, 0) if the eigenvalue is too high.

    The pivot falls with the eigenvalue and is zero at the ground eigenvalue.
    """
    ratio, derivative = rho * lots_max * lots_max - eigenvalue, -1.0
    for n in range(lots_max - 1, -1, -1):
        if not (ratio > 0.0):
            return -1.0, 0.0
        neighbours = 1.0 if n else 2.0  # n = 0 has a neighbour on either side
        ratio, derivative = (
            rho * n * n - eigenvalue - neighbours / ratio,
            -1.0 + neighbours * derivative / (ratio * ratio),
        )
    return ratio, derivative


def log_ratio_at(table: tuple[float, ...], lots: float) -> float:
    """Return the table's value at a real number of lots, by linear interpolation.

    Beyond either end the last segment is extended. Thus the quote of the unwinding side stays
    monotone when inventory is beyond its limit; the other side is not quoted there. lots must be
    finite.
    """
    lots_max = len(table) // 2
    left = floor(min(max(lots, -lots_max), lots_max - 2)) + lots_max
    share = lots + lots_max - left
    return table[left] + share * (table[left + 1] - table[left])


class BoundedModel:
    """Table of `log_ratios` for the present market, solved again when rho has changed by 5 %.

    kappa and gamma are applied outside the table, so that an outdated table changes the skew by at
    most about 2.5 %.
    """

    def __init__(self, lots_max: float) -> None:
        """Round `lots_max`, the inventory limit in order sizes, up to a whole number.

        lots_max > 0 and at most 500. Raises InvalidInput outside that range.
        """
        if not (0.0 < lots_max <= LOTS_MAX_MAX):
            raise InvalidInput("lots_max", lots_max)
        self._lots_max = ceil(lots_max)
        self._rho = inf
        self._table: tuple[float, ...] = ()
        self.solved = 0  # number of solutions so far

    def table(
        self, *, gamma: float, sigma: float, kappa: float, intensity: float
    ) -> tuple[float, ...]:
        """Return the table for PricingInputs.bounded; arguments as in `chain_ratio`.

        O(1) while rho stays within 5 %; O(limit) when it is solved again.
        """
        rho = chain_ratio(gamma=gamma, sigma=sigma, kappa=kappa, intensity=intensity)
        if not self._table or abs(rho - self._rho) > RHO_MOVE * self._rho:
            self._table = log_ratios(rho=rho, lots_max=self._lots_max)
            self._rho = rho
            self.solved += 1
        return self._table
