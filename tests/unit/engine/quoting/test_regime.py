"""The market regime inside the engine: its estimates, and its effect on quotes and state."""

from dataclasses import replace
from decimal import Decimal

import pytest

from quoter.domain.market import Side
from quoter.domain.quotes import QuoteTerms, SideOff
from quoter.domain.step import Step
from quoter.domain.trading import Cause, NoQuote, Regime, TradingState
from quoter.engine.config import EngineConfig
from quoter.pricing.quote.terms import Bound
from quoter.risk.monitors.market_regime import RegimePolicy
from tests.unit.engine.cases import CONFIG, EngineHarness, config, places
from tests.unit.state.cases import BUY, SELL

HALF_SIZES = replace(CONFIG.instrument, lot=Decimal("0.1"), size_min=Decimal("0.1"))
SETTLE_S = 12.0
MID = 100.0
# The configured sigma is 0.05; a tick of 0.1 is subtracted from each move.
WIDE_STEP = 0.4
STEP = 1.0
SIGMA = 0.05
JUMP = 2.0


def harness(used: EngineConfig | None = None) -> EngineHarness:
    """Quoting for ten seconds in a market without moves, with orders that can be halved."""
    found = EngineHarness(used or config(instrument=HALF_SIZES)).quoting()
    found.rest()
    found.wait(SETTLE_S, ends=True)
    return found


def shake(found: EngineHarness, seconds: int, step: float) -> list[Step]:
    """Move the mid up and down by `step` once a second."""
    first = len(found.steps)
    for second in range(seconds):
        found.book(MID + (step if second % 2 else 0.0))
        found.rest()
        found.wait(1, ends=True)
    return found.steps[first:]


def level(found: EngineHarness) -> Regime:
    return found.engine.regime.view.level


def terms(found: EngineHarness) -> QuoteTerms:
    quoted = found.engine.quoting.latest.terms
    assert quoted is not None
    return quoted


def test_normal_regime_does_not_change_prices() -> None:
    with_it = harness()
    without = harness(config(instrument=HALF_SIZES, regime=replace(CONFIG.regime, is_on=False)))
    assert level(with_it) is Regime.NORMAL
    assert with_it.engine.quoting.latest == without.engine.quoting.latest


def test_a_wide_market_is_quoted_farther_out_with_half_the_size() -> None:
    found = harness()
    before = terms(found)
    shake(found, 12, WIDE_STEP)
    assert level(found) is Regime.WIDE
    quoted, after = found.engine.quoting.latest, terms(found)
    assert after.inputs.multiplier == pytest.approx(1.5 * before.inputs.multiplier)
    assert after.inputs.d_stale == pytest.approx(1.5 * after.inputs.sigma)
    assert {quote.size for quote in (*quoted.bids, *quoted.asks)} == {Decimal("0.5")}
    assert found.state() is TradingState.RUNNING
    assert found.engine.counts["regime_wide"] == 1


def test_a_size_that_cannot_be_halved_stays_whole() -> None:
    """The venue's minimum size is one: half of it could not be quoted."""
    found = harness(config(instrument=replace(HALF_SIZES, size_min=Decimal(1))))
    shake(found, 12, WIDE_STEP)
    assert level(found) is Regime.WIDE
    assert found.engine.quoting.latest.bids[0].size == 1


def test_reduce_only_regime_quotes_the_reducing_side_only() -> None:
    policy = RegimePolicy(unwind_sigmas=2.0)  # far enough to be the binding distance
    found = harness(config(instrument=HALF_SIZES, regime=policy))
    found.fill(found.wanted(BUY))
    steps = shake(found, 12, STEP)
    assert level(found) is Regime.REDUCE_ONLY
    assert found.causes == {Cause.MARKET_REGIME}
    assert found.state() is TradingState.REDUCE_ONLY
    after = found.engine.quoting.latest
    assert SideOff(BUY, NoQuote.REGIME) in after.off
    reached = next(i for i, s in enumerate(steps) if s.state and s.state.raised)
    assert {place.side for place in places(steps[reached:])} <= {SELL}
    volatility = found.engine.estimators.calibration.volatility
    assert volatility is not None
    sigma = volatility.fast.sigma
    assert sigma is not None
    assert terms(found).inputs.d_unwind == 2.0 * sigma
    assert terms(found).delta_ask == terms(found).inputs.d_unwind
    assert [clamp.name for clamp in terms(found).clamps if Bound.UNWIND in clamp.name] == [
        "ask_unwind"
    ]


def test_reduce_only_regime_without_inventory_quotes_nothing() -> None:
    found = harness()
    shake(found, 12, STEP)
    off = found.engine.quoting.latest.off
    assert off == tuple(SideOff(side, NoQuote.REGIME) for side in Side)
    assert not [order for order in found.engine.orders if order.is_wanted]


def test_a_calm_market_is_quoted_on_both_sides_again() -> None:
    """Volatility has to decay first, then a minute passes for each level."""
    found = harness()
    shake(found, 12, STEP)
    found.wait(400, ends=True)
    assert level(found) is Regime.NORMAL
    assert found.causes == set()
    assert found.engine.quoting.latest.bids
    names = ("regime_reduce_only", "regime_wide", "regime_normal")
    assert all(found.engine.counts[name] for name in names)


def test_the_usual_volatility_outlives_a_crash_of_half_a_minute() -> None:
    """The slow estimate of quotes has doubled by then; this one may not grow by half."""
    found = harness()
    before = found.engine.regime.view.sigma_usual
    shake(found, 30, 5 * SIGMA)
    found.wait(31, ends=True)
    after = found.engine.regime.view.sigma_usual
    volatility = found.engine.estimators.calibration.volatility
    assert before is not None
    assert after is not None
    assert volatility is not None
    slow = volatility.slow.sigma
    assert slow is not None
    assert before < after < 2.0 * before
    assert slow > 1.15 * after


def test_usual_volatility_is_renewed_twice_a_minute() -> None:
    """Renewed every second, it would follow a crash while that is being detected."""
    found, seen = harness(), set[float | None]()
    for _ in range(60):
        shake(found, 1, 5 * SIGMA)
        seen.add(found.engine.regime.view.sigma_usual)
    assert len(seen) == 3


def test_usual_volatility_counts_rare_jumps_in_full() -> None:
    """A cut relative to the estimate shrinks with it: on a thin market it fell to a hundredth."""
    usual = JUMP * (2 / 120) ** 0.5  # a jump and a return every two minutes
    pricing = replace(CONFIG.pricing, sigma_prior=usual)
    found = harness(config(instrument=HALF_SIZES, pricing=pricing))
    for minute in range(16):
        found.book(MID + (JUMP if minute % 2 == 0 else 0.0))
        found.wait(60, ends=True)
    assert found.engine.regime.view.sigma_usual == pytest.approx(usual, rel=0.12)


def test_a_gap_in_the_feed_is_no_volatility() -> None:
    found = harness()
    found.feed_down()
    found.wait(30, alive=False)
    found.feed_up()
    found.book(MID + 3.0)
    found.wait(2, ends=True)
    now = found.engine.regime.view.sigma_now
    assert now is not None
    assert now < 0.05


def test_without_a_configured_volatility_the_market_is_observed_for_a_minute() -> None:
    """An estimate from the first seconds would make the first ordinary move a signal."""
    untold = replace(CONFIG.pricing, sigma_prior=None)
    found = EngineHarness(config(instrument=HALF_SIZES, pricing=untold)).start()
    found.wait(6, ends=True)
    shake(found, 50, STEP)
    assert found.engine.regime.view.sigma_usual is None
    assert level(found) is Regime.NORMAL
    shake(found, 20, STEP)
    usual = found.engine.regime.view.sigma_usual
    assert usual == pytest.approx(STEP, rel=0.2)
    assert level(found) is Regime.NORMAL


def test_regime_stays_normal_if_switched_off() -> None:
    used = config(instrument=HALF_SIZES, regime=replace(CONFIG.regime, is_on=False))
    found = harness(used)
    shake(found, 12, STEP)
    assert level(found) is Regime.NORMAL
    assert found.causes == set()


def test_a_fall_of_equity_leads_to_reduce_only_even_without_price_moves() -> None:
    found = harness(config(instrument=HALF_SIZES, regime=replace(CONFIG.regime, equity_drop=0.2)))
    found.fill(found.wanted(BUY))
    found.book(MID - 0.9)  # bought at 99.5: worth 99.1 now
    found.tick()
    assert found.causes == {Cause.MARKET_REGIME}
    assert "equity fell" in found.engine.regime.view.text
