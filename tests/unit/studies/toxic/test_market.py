"""Bursts of takers: frequency, one-sidedness and drift."""

import numpy as np
import pytest

from quoter.studies.toxic.market import NO_TAKER, STEP_S, Environment, tape

STEPS, PATHS = 36_000, 20
BENIGN = Environment(name="benign")
TOXIC = Environment(name="toxic", bursts_per_s=1 / 120, drift=0.012)


def rates(environment: Environment) -> tuple[float, float]:
    drawn = tape(environment, np.random.default_rng(2), paths=PATHS, steps=STEPS)
    taken = (drawn.buys > NO_TAKER).mean(), (drawn.sells > NO_TAKER).mean()
    return float(taken[0]) / STEP_S, float(taken[1]) / STEP_S


def test_benign_market_has_half_a_taker_per_second_and_side() -> None:
    assert rates(BENIGN) == pytest.approx((0.5, 0.5), rel=0.02)


def test_bursts_add_takers_in_proportion_to_their_time() -> None:
    """A ninth of the time is burst: half of it five times as busy on a side, half 0.7 times."""
    share = 15.0 / (120.0 + 15.0)
    expected = 0.5 * (1.0 + share * ((5.0 + 0.7) / 2.0 - 1.0))
    assert rates(TOXIC) == pytest.approx((expected, expected), rel=0.06)


def test_only_informed_bursts_move_the_mid() -> None:
    clustered = Environment(name="clustered", bursts_per_s=1 / 120)
    calm, moved = (
        tape(one, np.random.default_rng(2), paths=PATHS, steps=STEPS).mid
        for one in (clustered, TOXIC)
    )
    per_minute = [float(np.diff(mid[::600], axis=0).std()) for mid in (calm, moved)]
    assert per_minute[0] == pytest.approx(0.01 * 60**0.5, rel=0.05)
    assert per_minute[1] > 1.2 * per_minute[0]


def test_takers_reach_five_bp_on_average() -> None:
    drawn = tape(BENIGN, np.random.default_rng(2), paths=PATHS, steps=STEPS)
    reach = drawn.buys[drawn.buys > NO_TAKER]
    assert float(reach.mean()) == pytest.approx(0.05, rel=0.03)
