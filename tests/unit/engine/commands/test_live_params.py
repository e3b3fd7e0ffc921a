"""A change of live parameters is applied as a whole or not at all, from the next quote on."""

from dataclasses import replace

import pytest

from quoter.domain.events import LiveParamsChanged
from quoter.domain.market import Side
from quoter.domain.outcomes import RefusalReason, Refused
from quoter.domain.params import LiveParams
from quoter.domain.step import Step
from quoter.engine.config import GammaUnit
from tests.unit.engine.cases import CONFIG, PRICING, EngineHarness, config, places


def params(harness: EngineHarness) -> LiveParams:
    return harness.engine.controls.live_params.params


def change(harness: EngineHarness, **changed: float) -> Step:
    wanted = replace(params(harness), **changed)
    return harness.give(
        LiveParamsChanged(ts_ns=harness.now_ns, params=wanted, actor="test", reason="why")
    )


def slope(harness: EngineHarness) -> float:
    terms = harness.engine.quoting.latest.terms
    assert terms is not None
    return terms.slope


def test_gamma_changes_the_quote_at_once_and_leaves_the_references_frozen() -> None:
    harness = EngineHarness().quoting()
    before, references = slope(harness), harness.engine.calibration.references
    step = change(harness, gamma=2)
    assert step.quote is not None
    assert slope(harness) > before
    assert harness.engine.calibration.references is references
    change(harness, gamma=1)
    assert slope(harness) == before


def test_a_change_before_the_first_quote_is_used_for_the_references() -> None:
    early, usual = EngineHarness(), EngineHarness(config(pricing=replace(PRICING, gamma=2.0)))
    change(early, gamma=2)
    early.start()
    usual.start()
    assert early.engine.calibration.gamma_lot == usual.engine.calibration.gamma_lot


@pytest.mark.parametrize(
    "changed",
    [
        {"widening_beta": 0.2},
        {"widening_power": 3.0},
        {"size_eta": 0.2},
        {"spread_min_bps": 200.0},
        {"adverse_bps": 5.0},
    ],
)
def test_every_changed_parameter_has_the_effect_of_a_start_with_it(
    changed: dict[str, float],
) -> None:
    """With the references from before, which were computed with the costs of the start."""
    names = {"widening_beta": "beta", "widening_power": "p", "size_eta": "eta"}
    harness = EngineHarness().quoting()
    change(harness, **changed)
    shape = {names.get(name, name): v for name, v in changed.items() if name != "adverse_bps"}
    shaped = replace(PRICING.shape, **shape)  # type: ignore[arg-type]  # by name, all floats
    pricing = replace(PRICING, shape=shaped)
    pricing = replace(pricing, adverse_bps=changed.get("adverse_bps", 0.0))
    other = EngineHarness(config(pricing=pricing)).quoting()
    harness.book(100.0)
    other.book(100.0)
    ours, theirs = harness.engine.quoting.latest, other.engine.quoting.latest
    if "adverse_bps" in changed:
        assert ours.terms is not None
        assert ours.terms.inputs.cost_bid == pytest.approx(0.05)
    else:
        assert (ours.bids, ours.asks) == (theirs.bids, theirs.asks)


def test_the_requote_hold_is_changed() -> None:
    harness = EngineHarness().quoting()
    change(harness, requote_hold_s=20.0, requote_tolerance=0.2)
    policy = harness.engine.placing.policy
    assert (policy.hold_ns, policy.tolerance) == (20_000_000_000, 0.2)
    assert policy.ttl_ns == CONFIG.requote.ttl_ns
    change(harness, spread_min_bps=300.0)
    change(harness, spread_min_bps=0.0)
    assert places(harness.wait(5)) == []  # closer is not worth it yet


def test_a_value_that_gives_no_gamma_changes_nothing() -> None:
    pricing = replace(PRICING, gamma=0.1, gamma_unit=GammaUnit.NORM)
    harness = EngineHarness(config(pricing=pricing)).quoting()
    before, quote = params(harness), harness.engine.quoting.latest
    step = change(harness, gamma=float("inf"), widening_beta=3.0)
    assert isinstance(step.outcome, Refused)
    assert step.outcome.reason is RefusalReason.NO_QUOTE
    assert [what for what, _ in step.anomalies] == ["params_refused"]
    step = change(harness, gamma=1.0, widening_beta=99.0)
    assert isinstance(step.outcome, Refused)
    assert step.outcome.reason is RefusalReason.NO_QUOTE
    assert [what for what, _ in step.anomalies] == ["params_refused"]
    assert params(harness) == before
    harness.book(100.0)
    assert (harness.engine.quoting.latest.bids, harness.engine.quoting.latest.asks) == (
        quote.bids,
        quote.asks,
    )


def test_a_side_in_cooldown_stays_in_it_when_the_duration_changes() -> None:
    """Changing a protection must not end it for the side that it protects at present."""
    harness = EngineHarness().quoting()
    for _ in range(4):
        harness.rest()
        (order,) = harness.orders(Side.BUY)
        harness.fill(order)
        harness.wait(0.2)
    assert Side.BUY in harness.engine.estimators.toxic_flow.cooling_down
    change(harness, side_cooldown_s=8.0)
    harness.wait(0.2)
    assert Side.BUY in harness.engine.estimators.toxic_flow.cooling_down
    change(harness, side_cooldown_s=0.0)
    assert harness.engine.estimators.toxic_flow.cooling_down == ()
