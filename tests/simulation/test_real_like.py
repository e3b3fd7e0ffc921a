"""What recorded markets taught, on real-like markets: no recording is needed.

Each run begins with the usual volatility and knows nothing of the takers. On the recorded markets
the regime was REDUCE_ONLY for most of the time, QUOTER_GAMMA=1 acted like 17 and more, a side was
taken out by one order that filled in pieces, and `repeated_execution` latched.
"""

from dataclasses import replace
from functools import cache

import pytest

from quoter.domain.trading import Cause, Regime, TradingState
from quoter.domain.units import NS_PER_S
from quoter.sim.real_like import RealLike
from quoter.sim.real_markets import REAL_BITCOIN, REAL_LARGE_TICK, REAL_THIN
from tests.simulation.chaos.plan import draw
from tests.simulation.chaos.run import run_plan
from tests.simulation.real_like import Watched

FINE, THIN, LARGE = "fine tick", "thin market", "large tick, orders of ten times the size"
NAMES = (FINE, THIN, LARGE)
SECONDS = {FINE: 240.0, THIN: 1_800.0, LARGE: 600.0}


@cache
def watched(name: str) -> Watched:
    """One run of each market."""
    if name == FINE:
        run = Watched(REAL_BITCOIN, seed=1)
    elif name == THIN:
        run = Watched(REAL_THIN, seed=1, tick_ns=NS_PER_S)
    else:
        run = Watched(REAL_LARGE_TICK, seed=1, order_sizes=10)
    run.run(SECONDS[name])
    return run


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_regime_is_normal_most_of_the_time(name: str) -> None:
    """The bounds are those of recorded markets."""
    outcome = watched(name).outcome
    assert outcome.regimes[Regime.NORMAL] / outcome.ticks >= 0.75
    assert outcome.regimes[Regime.REDUCE_ONLY] / outcome.ticks <= 0.02


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_no_pause_latches_and_the_books_are_true(name: str) -> None:
    run = watched(name)
    engine = run.simulation.engine
    assert not {Cause.REPEATED_EXECUTION, Cause.FLAPPING} & run.outcome.causes.keys()
    assert engine.causes.state < TradingState.KILLED
    assert engine.inventory.balances == run.simulation.truth()
    assert run.outcome.fills > 0


@pytest.mark.slow
@pytest.mark.parametrize("name", [FINE, LARGE])
def test_orders_that_fill_in_pieces_do_not_take_their_side_out(name: str) -> None:
    outcome = watched(name).outcome
    assert outcome.in_pieces > outcome.fills / 4
    assert outcome.cooling_ticks / outcome.ticks <= 0.05


@pytest.mark.slow
@pytest.mark.parametrize("name", [FINE, LARGE])
def test_gamma_of_one_acts_like_one(name: str) -> None:
    """Minutes after a first start, against what was learned until then.

    Not on the thin market: there activity changes by ten after the references were fixed.
    """
    gamma = watched(name).outcome.gamma
    assert gamma is not None
    assert 0.8 < gamma < 1.25


# In the units of the seeds' market, where an order has one to ten lots.
SEEDS_TEXTURE = RealLike(
    moves_per_s=0.5,
    move_tail=0.4,
    echo=0.1,
    at_best=0.0,
    followers=0.4,
    follow_s=0.1,
    same=0.6,
    activity_fast=0.4,
    activity_slow=0.4,
    trade_lots=4.0,
    trade_tail=1.0,
    order_lots=5.0,
    pieces_tail=0.5,
    split_share=0.3,
    thinness=0.8,
    depth_tail=0.5,
)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [2, 3, 7, 8])
def test_faults_break_no_rule_on_a_real_like_market(seed: int) -> None:
    """Swarms of faults as in `test_chaos.py`, whose own seeds keep their market."""
    plan = draw(seed, 60.0)
    market = replace(plan.market, real=SEEDS_TEXTURE, partial_share=0.0)
    verdict = run_plan(replace(plan, market=market))
    assert verdict.breach == ""
    assert verdict.fills > 0
