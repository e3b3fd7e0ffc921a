"""The flow estimator for arrays equals the daemon's on each path."""

import numpy as np
import pytest

from quoter.domain.market import Side
from quoter.pricing.estimators.flow import FlowAlpha, signal
from quoter.studies.common.estimates import Numbers
from quoter.studies.common.flows import Flows

STEPS, PATHS, PER_S, HALF = 1_500, 4, 10, 0.05


def market() -> tuple[Numbers, Numbers, Numbers]:
    """Mids and takers of each step; the last path has no trades at first."""
    rng = np.random.default_rng(4)
    mid = 100.0 + np.cumsum(rng.normal(0.0, 0.01, (STEPS, PATHS)), axis=0)
    chance = np.where(np.arange(STEPS)[:, None] // 200 % 2 == 0, 0.02, 0.3)
    bought = (rng.random((STEPS, PATHS)) < chance).astype(np.float64)
    sold = (rng.random((STEPS, PATHS)) < 0.05).astype(np.float64)
    bought[:333, -1] = sold[:333, -1] = 0.0
    return mid, bought, sold


def test_signal_and_alpha_match_the_daemon() -> None:
    mid, bought, sold = market()
    flows, singles = Flows(PATHS, step_s=1 / PER_S), [FlowAlpha() for _ in range(PATHS)]
    largest = 0.0
    for step in range(STEPS):
        t_s = step / PER_S
        x = flows.signal(step, mid[step])
        alpha = flows.alpha(x, HALF)
        for path, single in enumerate(singles):
            if step % PER_S == 0:
                single.on_mid(t_s, float(mid[step, path]))
            expected = signal(single.flow.z(t_s))
            assert float(x[path]) == pytest.approx(expected, rel=1e-9, abs=1e-12)
            scalar = single.alpha(t_s, HALF)
            assert float(alpha[path]) == pytest.approx(scalar, rel=1e-9, abs=1e-12)
            largest = max(largest, abs(scalar))
            for side, takers in ((Side.BUY, bought), (Side.SELL, sold)):
                if takers[step, path]:
                    single.on_trade(t_s, side, 1.0)
        flows.trade(bought[step], sold[step])
    assert largest > HALF / 4, "alpha stayed near zero: the market is too quiet for the comparison"


def test_flow_that_is_not_standardised_gives_a_larger_signal() -> None:
    mid, bought, sold = market()
    scalar = []
    for is_standardised in (True, False):
        flows = Flows(PATHS, step_s=1 / PER_S, is_standardised=is_standardised)
        most = 0.0
        for step in range(STEPS):
            most = max(most, float(np.abs(flows.signal(step, mid[step])).max()))
            flows.trade(bought[step], sold[step])
        scalar.append(most)
    assert scalar[1] > scalar[0]
