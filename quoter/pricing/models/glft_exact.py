"""Guéant, Lehalle & Fernandez-Tapia 2013 without their approximation: inventory has two walls.

The stationary value of holding n lots, |n| <= Q, is the ground eigenvector f of the tridiagonal
matrix with rho*n^2 on the diagonal and -1 beside it; the displacement of a quote is the logarithm
of the ratio of two neighbours. The closed form is its limit for a far wall and a small rho.
"""

from math import ceil, exp, floor, inf, log, sqrt

from quoter.domain.errors import InvalidInput
from quoter.pricing.models.avellaneda_stoikov import log1p_ratio
from quoter.pricing.validation import not_negative, positive

LOTS_MAX_MAX = 500  # walls this far are none: the closed form is exact there
RHO_MAX = 1e12
RHO_MOVE = 0.05  # solved anew once rho has moved by more than this part of itself
ITERATIONS_MAX = 200  # bisection alone needs 55
EIGENVALUE_ERROR = 1e-15  # of a number in (-2, 0): its last digits


def chain_ratio(*, gamma: float, sigma: float, kappa: float, intensity: float) -> float:
    """Return rho: what a squared lot of risk costs, against what the flow brings. No unit.

    gamma 1/price, >= 0; sigma price/sqrt(s), >= 0; kappa 1/price, > 0; intensity (A) fills/s per
    side at distance 0, net of costs, > 0. Raises InvalidInput outside these domains.
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

    rho in [0, 1e12] from `chain_ratio`; lots_max (Q) whole, 1 to 500.
    The eigenvalue is Newton's on the last pivot of the elimination from the wall inwards, held in
    a bracket. The pivots are the ratios themselves; each is 1 or more, so that an error fades on
    its way inwards, and no entry of f (they span hundreds of orders of magnitude) is ever formed.
    """
    if not (0.0 <= rho <= RHO_MAX):
        raise InvalidInput("rho", rho)
    if not (1 <= lots_max <= LOTS_MAX_MAX):
        raise InvalidInput("lots_max", lots_max)
    low, high = -2.0, -4.0 / (rho + sqrt(rho * rho + 8.0))  # the latter is the answer for Q = 1
    eigenvalue = min(high, sqrt(rho) - 2.0)  # the harmonic oscillator's
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
    """The pivot of n = 0 and its derivative; (-1, 0) where a pivot shows the guess too high.

    The pivot falls with the guess and is zero at the ground eigenvalue.
    """
    ratio, derivative = rho * lots_max * lots_max - eigenvalue, -1.0
    for n in range(lots_max - 1, -1, -1):
        if not (ratio > 0.0):
            return -1.0, 0.0
        pull = 1.0 if n else 2.0  # n = 0 has a neighbour on either side
        ratio, derivative = (
            rho * n * n - eigenvalue - pull / ratio,
            -1.0 + pull * derivative / (ratio * ratio),
        )
    return ratio, derivative


def log_ratio_at(table: tuple[float, ...], lots: float) -> float:
    """Return the table's value at a real number of lots, on straight lines between whole ones.

    Past either end the last line goes on: the quote of the side that unwinds stays monotone in an
    inventory past its limit, and the other side is off there anyway. lots must be finite.
    """
    lots_max = len(table) // 2
    left = floor(min(max(lots, -lots_max), lots_max - 2)) + lots_max
    share = lots + lots_max - left
    return table[left] + share * (table[left + 1] - table[left])


class BoundedModel:
    """The table of `log_ratios` for the market as it is, solved anew only once it has moved.

    kappa and gamma enter a quote live beside the table, so that a stale table is off by at most
    what 5 % of rho do: about 2.5 % of the skew.
    """

    def __init__(self, lots_max: float) -> None:
        """Put the walls at the next whole lot from `lots_max`, the limit in order sizes.

        lots_max > 0 and at most 500; raises InvalidInput outside that.
        """
        if not (0.0 < lots_max <= LOTS_MAX_MAX):
            raise InvalidInput("lots_max", lots_max)
        self._lots_max = ceil(lots_max)
        self._rho = inf
        self._table: tuple[float, ...] = ()
        self.solved = 0  # how many times

    def table(
        self, *, gamma: float, sigma: float, kappa: float, intensity: float
    ) -> tuple[float, ...]:
        """Return the table for PricingInputs.bounded; arguments as in `chain_ratio`.

        O(1) while the market stays; O(limit) when solved anew.
        """
        rho = chain_ratio(gamma=gamma, sigma=sigma, kappa=kappa, intensity=intensity)
        if not self._table or abs(rho - self._rho) > RHO_MOVE * self._rho:
            self._table = log_ratios(rho=rho, lots_max=self._lots_max)
            self._rho = rho
            self.solved += 1
        return self._table
