"""Markout costs and side cooldowns for arrays equal the daemon's; gains of protection."""

from math import log, sqrt

import numpy as np
import pytest

from quoter.domain.market import Side
from quoter.pricing.estimators.markout import COST_HORIZON_S, Markouts
from quoter.pricing.estimators.side_cooldown import SideCooldown
from quoter.studies.toxic.market import NO_TAKER, Environment, Tape, tape
from quoter.studies.toxic.quoter import ASK, BID, CooldownArrays, MarkoutCosts, Protection, Quoters

STEP_S = 0.125  # binary: a sum of steps has no rounding that could tip a comparison
SIDES = ((Side.BUY, BID), (Side.SELL, ASK))
HALF = 0.05


def test_markout_costs_match_the_daemon() -> None:
    rng, steps, shape = np.random.default_rng(6), 1_200, (2, 3)
    late = round(COST_HORIZON_S / STEP_S)
    mid = 100.0 + np.cumsum(rng.normal(0.0, 0.02, (steps, shape[1])), axis=0)
    fills = (rng.random((steps, 2, *shape)) < 0.03).astype(np.float64)
    arrays = {side: MarkoutCosts(shape, sign) for side, sign in SIDES}
    singles = {(i, j): Markouts() for i in range(shape[0]) for j in range(shape[1])}
    largest = 0.0
    for step in range(steps):
        t_s = step * STEP_S
        for place, (side, costs) in enumerate(arrays.items()):
            if step >= late:
                costs.mature(t_s, fills[step - late, place], mid[step - late], mid[step])
            ours = costs.cost(t_s, mid[step])
            for (i, j), single in singles.items():
                fair = float(mid[step, j])
                if place == 0:
                    single.on_mark(t_s, fair)
                expected = single.cost(t_s, side, fair=fair, half=1e9)
                assert float(ours[i, j]) == pytest.approx(expected, rel=1e-9, abs=1e-12)
                largest = max(largest, expected)
        for (i, j), single in singles.items():
            for place, (side, _) in enumerate(SIDES):
                if fills[step, place, i, j]:
                    single.on_fill(t_s, side, float(mid[step, j]))
    assert largest > 0.01


def test_side_cooldowns_match_the_daemon() -> None:
    rng, steps, shape = np.random.default_rng(7), 4_000, (1, 4)
    ones = np.ones((1, 1))
    arrays = {
        side: CooldownArrays(shape, sign, burst=ones, trades=0.0 * ones) for side, sign in SIDES
    }
    singles = [SideCooldown() for _ in range(shape[1])]
    cooling = 0
    x = np.zeros(shape[1])
    for step in range(steps):
        t_s = step * STEP_S
        x = 0.99 * x + rng.normal(0.0, 0.2, shape[1])
        busy = 0.5 if step // 100 % 5 == 0 else 0.02
        fills = (rng.random((2, *shape)) < busy).astype(np.float64)
        rate = rng.exponential(0.5, shape)
        for place, (side, cooldown) in enumerate(arrays.items()):
            ours = cooldown.is_cooling_down(t_s, x)
            for path, single in enumerate(singles):
                single.update(t_s, float(x[path]))
                theirs = side in single.sides
                assert bool(ours[0, path]) is theirs
                cooling += theirs
            other = arrays[side.opposite].surely_at_least(t_s)
            cooldown.on_fill(t_s, fills[place], rate, other)
            for path, single in enumerate(singles):
                if fills[place, 0, path]:
                    single.on_fill(t_s, side, str(step), float(rate[0, path]))
    assert 0 < cooling < 2 * steps * shape[1]


def test_switches_select_the_makers_with_a_cooldown() -> None:
    on_off = np.array([[1.0], [0.0]])
    cooldown = CooldownArrays((2, 1), BID, burst=on_off, trades=1.0 - on_off)
    for step in range(4):
        cooldown.on_fill(step * STEP_S, np.ones((2, 1)), np.zeros((2, 1)), np.zeros((2, 1)))
    assert cooldown.is_cooling_down(1.0, np.zeros(1)).tolist() == [[True], [False]]
    cooldown.on_trade(1.0, np.full((2, 1), 1.0), np.array(HALF))
    assert cooldown.is_cooling_down(1.0, np.zeros(1)).tolist() == [[True], [True]]


def test_profit_is_distance_plus_moves_of_the_mid() -> None:
    """One taker sells to the bid, the mid rises by one, one taker buys from the ask."""
    mid = np.array([[100.0], [101.0], [101.0]])
    sells, buys = np.array([[1.0], [NO_TAKER]]), np.array([[NO_TAKER], [1.0]])
    quoters = Quoters((Protection(name="bare"),), 1)
    quoters.run(Tape(mid, buys, sells))
    slope = sqrt(2.0 * 0.01**2 / 20.0 * 1.1**11)
    half = log(1.1) / 2.0 + slope / 2.0
    assert quoters.lots.tolist() == [[0.0]]
    assert quoters.fills.tolist() == [[2.0]]
    assert float(quoters.profit[0, 0]) == pytest.approx(half + 1.0 + half - slope, abs=1e-9)


@pytest.mark.slow
def test_protection_gains_in_informed_flow_and_costs_little_otherwise() -> None:
    protected = Protection(
        name="protected",
        has_widening=True,
        has_alpha=True,
        has_markout=True,
        has_fill_cooldown=True,
    )
    gains = {}
    for drift in (0.0, 0.02):
        environment = Environment(name="bursts", bursts_per_s=1 / 60, drift=drift)
        drawn = tape(environment, np.random.default_rng(8), paths=30, steps=6_000)
        quoters = Quoters((Protection(name="bare"), protected), 30)
        quoters.run(drawn)
        gain = quoters.profit[1] - quoters.profit[0]
        gains[drift] = gain.mean(), gain.std() / np.sqrt(30), quoters.profit[0].mean()
    assert gains[0.02][0] > 5 * gains[0.02][1]
    assert gains[0.0][0] > -0.05 * gains[0.0][2]
