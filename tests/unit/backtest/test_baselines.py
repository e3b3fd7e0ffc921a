"""Pricing rules to compare with, against their formulas."""

from copy import replace
from math import log

import pytest

from quoter.backtest.baselines import (
    PLAIN_SETTINGS,
    Strategy,
    hummingbot,
    rule_of,
    settings_of,
    symmetric,
)
from quoter.pricing.quote.shape import QuoteShape
from quoter.pricing.quote.terms import quote_terms
from quoter.settings import known_names
from tests.unit.pricing.cases import paper

SHAPE = QuoteShape(beta=0.0, eta=0.0)


def test_symmetric_ignores_inventory_and_costs() -> None:
    inputs = replace(paper(lots=3.0), cost_bid=0.4, cost_ask=0.4, alpha=0.1, multiplier=2.0)
    terms = symmetric(inputs, SHAPE)
    assert terms.delta_bid == terms.delta_ask == pytest.approx(1.0 / inputs.kappa)
    assert terms.skew == 0.0


def test_hummingbot_is_its_formula() -> None:
    inputs, gamma = paper(lots=4.0), 2.0
    terms = hummingbot(inputs, SHAPE, gamma=gamma)
    q = 4.0 / (2.0 * inputs.lots_max)
    reservation = inputs.fair - q * gamma * inputs.sigma
    spread = gamma * inputs.sigma + 2.0 / gamma * log(1.0 + gamma / inputs.kappa)
    assert terms.reservation_price == pytest.approx(reservation)
    assert terms.delta_bid is not None
    assert terms.delta_ask is not None
    assert inputs.fair - terms.delta_bid == pytest.approx(reservation - spread / 2.0)
    assert inputs.fair + terms.delta_ask == pytest.approx(reservation + spread / 2.0)


@pytest.mark.parametrize("strategy", [s for s in Strategy if s is not Strategy.QUOTER])
def test_limits_hold_for_every_baseline(strategy: Strategy) -> None:
    rule, inputs = rule_of(strategy), paper()
    full = rule(replace(inputs, lots=inputs.lots_max), SHAPE)
    assert full.delta_bid is None
    assert full.delta_ask is not None
    assert full.delta_ask >= 0.0
    reducing = rule(replace(inputs, lots=-2.0, reduces_only=True), SHAPE)
    assert reducing.delta_ask is None
    assert reducing.delta_bid is not None


def test_daemon_and_glft_use_the_rule_of_the_daemon() -> None:
    assert rule_of(Strategy.QUOTER) is quote_terms
    assert rule_of(Strategy.GLFT) is quote_terms
    assert not settings_of(Strategy.QUOTER)
    assert settings_of(Strategy.GLFT) == PLAIN_SETTINGS
    assert set(PLAIN_SETTINGS) <= set(known_names())
