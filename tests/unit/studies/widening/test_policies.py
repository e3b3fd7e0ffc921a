"""Policies of widening: exact figures, and equality with the daemon's quotes."""

import numpy as np
import pytest

from quoter.studies.common.chain import passage_s, stationary
from quoter.studies.common.quotes import ladder_of
from quoter.studies.widening.policies import (
    BOTH,
    EXPOSED,
    GAMMA,
    POLICIES,
    SIGMA,
    SKEW_ONLY,
    Policy,
    paper_maker,
)

OURS = [policy for policy in POLICIES if policy.skew == 1.0 and not policy.is_exact_bounded]


@pytest.mark.parametrize("policy", OURS, ids=lambda policy: str(policy.name))
def test_policies_with_full_skew_match_the_daemon(policy: Policy) -> None:
    """No floor and no bound of the slope is reached here."""
    maker = paper_maker(policy.beta, policy.share)
    ladder, (bid, ask) = ladder_of(maker, fair=100.0, sigma=SIGMA), policy.distances()
    np.testing.assert_allclose(bid[:-1], ladder.bid[:-1], rtol=1e-12)
    np.testing.assert_allclose(ask[1:], ladder.ask[1:], rtol=1e-12)


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: str(policy.name))
def test_exact_figures_match_the_reference(policy: Policy) -> None:
    found, reference = stationary(policy.chain(), sigma=SIGMA, gamma=GAMMA), policy.reference
    assert found.mean_rate == pytest.approx(reference.mean, abs=6e-4)
    assert found.certainty_rate == pytest.approx(reference.certainty, abs=6e-4)
    assert found.sd_lots == pytest.approx(reference.sd_lots, abs=6e-4)


def test_only_exposed_widening_shortens_the_return() -> None:
    back = {
        policy.name: passage_s(policy.chain(), start=8.0, within=1.0)
        for policy in (SKEW_ONLY, EXPOSED, BOTH)
    }
    assert back[EXPOSED.name] < back[SKEW_ONLY.name] < back[BOTH.name]
