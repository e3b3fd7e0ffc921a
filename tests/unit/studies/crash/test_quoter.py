"""A small crash: limits, drops and equity of the makers."""

from math import log, sqrt

import numpy as np
import pytest

from quoter.studies.common.market import LOTS_MAX
from quoter.studies.crash.market import CALM, NO_TAKER, PHASES, Tape, phase, tape
from quoter.studies.crash.quoter import POLICIES, Policy, Quoters

PATHS, STEPS, ONSET_S = 12, 4_000, 60.0


@pytest.fixture(scope="module")
def crashed() -> Quoters:
    drawn = tape(np.random.default_rng(11), paths=PATHS, steps=STEPS, onset_s=ONSET_S)
    quoters = Quoters(PATHS, ONSET_S)
    course = quoters.run(drawn, 400)
    assert course.shape == (10, len(POLICIES), PATHS)
    return quoters


def of(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]], policy: Policy) -> float:
    return float(values[POLICIES.index(policy)].mean())


@pytest.mark.slow
def test_makers_with_a_limit_stay_within_it(crashed: Quoters) -> None:
    for policy in POLICIES:
        most = float(crashed.lots_most[POLICIES.index(policy)].max())
        assert most > 50 if policy is Policy.SYMMETRIC else most <= LOTS_MAX


def test_each_protection_reduces_the_drop(crashed: Quoters) -> None:
    drops = [of(crashed.equity_min - crashed.equity_before, policy) for policy in POLICIES]
    assert drops == sorted(drops)
    assert drops[0] < 10 * drops[1] < 0


def test_equity_matches_trades_and_price() -> None:
    """Without takers, the price falls through every bid once and stays there."""
    price = np.full((10, 1), 100.0)
    price[3:] = 99.0
    no_taker = np.full((10, 1), NO_TAKER)
    quoters = Quoters(1, 1e9)
    quoters.run(Tape(price=price, buys=no_taker, sells=no_taker), 10)
    half = log(1.1) / 2.0 + sqrt(2.0 * 0.01**2 / 20.0 * 1.1**11) / 2.0
    bid = 100.0 - half
    assert of(quoters.lots, Policy.GLFT) == 1.0
    assert of(quoters.equity, Policy.GLFT) == pytest.approx(99.0 - bid, abs=1e-9)


def test_phases_follow_in_order() -> None:
    assert phase(-1.0) == CALM
    assert [phase(after_s) for after_s in (0.0, 30.0, 120.0, 180.0)] == [p for _, p in PHASES]
    assert phase(480.0).volatility == 3.0
    assert phase(1e6).volatility == pytest.approx(1.0)


def test_market_is_calm_before_the_onset() -> None:
    drawn = tape(np.random.default_rng(11), paths=50, steps=400, onset_s=1e9)
    assert float(np.abs(drawn.price - 100.0).max()) < 1.0
    busy = float((drawn.buys > NO_TAKER).mean()) / 0.05
    assert busy == pytest.approx(0.5, rel=0.1)
