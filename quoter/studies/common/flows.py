"""Flow alpha of `pricing.estimators.flow` for many paths at once, with takers of one size.

A unit test compares the two. Time advances in equal steps; in each step the signal is read before
the takers of the step are added.
"""

from math import exp, log

import numpy as np

from quoter.pricing.estimators import flow
from quoter.studies.common.estimates import Numbers

SAMPLES = round(flow.HORIZON_S / flow.SAMPLE_S)
ONE_SIZE = 1.0


def decay(seconds: float, half_life_s: float) -> float:
    """Return the factor by which a decaying sum shrinks in `seconds`."""
    return exp(-log(2.0) * seconds / half_life_s)


class Flows:
    """Signed flow, its standard deviation, and the regression of the mid's next move on it.

    is_standardised False: the signal is not divided by its standard deviation, as in the reference
    runs.
    """

    def __init__(self, paths: int, *, step_s: float, is_standardised: bool = True) -> None:
        self._decay = decay(step_s, flow.FLOW_HALF_LIFE_S)
        self._steps_per_sample = round(flow.SAMPLE_S / step_s)
        self._is_standardised = is_standardised
        self._net, self._volume_squares = np.zeros(paths), np.zeros(paths)
        self._has_traded = np.zeros(paths, dtype=bool)
        self._sampled_s = np.full(paths, -np.inf)
        self._z_squares, self._z_weight = np.zeros(paths), np.zeros(paths)
        self._past: list[tuple[Numbers, Numbers]] = []  # (signal, mid), a second apart
        self._squares, self._products = np.zeros(paths), np.zeros(paths)

    def signal(self, step: int, mid: Numbers) -> Numbers:
        """Return the signal before this step's takers, and update the regression with the mid."""
        t_s = step / self._steps_per_sample * flow.SAMPLE_S
        raw = self._net / np.sqrt(self._volume_squares + ONE_SIZE)
        z = np.where(self._has_traded, raw / self._deviation(t_s, raw), 0.0)
        excess = np.clip(np.abs(z), flow.SIGNAL_MIN, flow.SIGNAL_MAX) - flow.SIGNAL_MIN
        x: Numbers = np.copysign(excess, z)
        if step % self._steps_per_sample == 0:
            self._learn(x, mid)
        return x

    def alpha(self, x: Numbers, half: Numbers | float) -> Numbers:
        """Return the expected move for a signal, price, clipped to two half-spreads."""
        prior = flow.BETA_PRIOR_HALF_SPREADS * half
        beta = (self._products + flow.RIDGE * prior) / (self._squares + flow.RIDGE)
        most = flow.ALPHA_HALF_SPREADS_MAX * half
        return np.clip(beta * x, -most, most)

    def trade(self, bought: Numbers, sold: Numbers) -> None:
        """Add this step's takers, by number on each side, all of one size; advance one step."""
        self._net = (self._net + bought - sold) * self._decay
        squares = self._volume_squares + (bought + sold) * ONE_SIZE**2
        self._volume_squares = squares * self._decay**2
        self._has_traded |= (bought + sold) > 0.0

    def _deviation(self, t_s: float, raw: Numbers) -> Numbers:
        if not self._is_standardised:
            return np.ones_like(raw)
        gap_s = t_s - self._sampled_s
        is_due = self._has_traded & (gap_s >= flow.SAMPLE_S)
        if is_due.any():
            faded = np.exp(-log(2.0) * gap_s / flow.SD_HALF_LIFE_S)
            self._z_squares = np.where(is_due, self._z_squares * faded + raw**2, self._z_squares)
            self._z_weight = np.where(is_due, self._z_weight * faded + 1.0, self._z_weight)
            self._sampled_s = np.where(is_due, t_s, self._sampled_s)
        prior = flow.SD_PRIOR_SAMPLES
        variance = (self._z_squares + prior) / (self._z_weight + prior)
        return np.asarray(np.maximum(flow.SD_MIN, np.sqrt(variance)))

    def _learn(self, x: Numbers, mid: Numbers) -> None:
        if len(self._past) == SAMPLES:
            then_x, then_mid = self._past.pop(0)
            self._squares = self._squares + then_x**2
            self._products = self._products + then_x * (mid - then_mid)
        factor = decay(flow.SAMPLE_S, flow.BETA_HALF_LIFE_S)
        self._squares, self._products = self._squares * factor, self._products * factor
        self._past.append((x, mid))
