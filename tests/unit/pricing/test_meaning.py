from math import inf, sqrt

import pytest

from quoter.pricing.glft_exact import BoundedModel
from quoter.pricing.meaning import Meaning, meaning, meaning_rows, warnings
from quoter.pricing.normalisation import References, Saturation, gamma_lot

BTC = References(sigma=8.49, kappa=0.1458, intensity=0.305, cost=2.0)


def meant(*, ghat: float = 1.0, lots_max: float = 10.0, tau_s: float | None = None) -> Meaning:
    gamma = gamma_lot(ghat=ghat, lots_max=lots_max, references=BTC)
    return meaning(gamma=gamma, lots_max=lots_max, references=BTC, fair=62_000.0, tau_s=tau_s)


def test_gamma_of_one_means_a_quarter_of_the_limit_and_eight_tenths_of_a_depth_at_the_limit() -> (
    None
):
    usual = meant()
    assert usual.ghat == pytest.approx(1.0)
    assert usual.inventory_sd_lots == pytest.approx(2.5)
    depth_bps = 1 / BTC.kappa / 62_000 * 10_000
    assert usual.skew_at_limit_bps == pytest.approx(0.8 * depth_bps, rel=0.01)
    assert usual.half_spread_bps == pytest.approx(1.04 * depth_bps, rel=0.01)
    assert usual.quoted_half_spread_bps == pytest.approx(
        usual.half_spread_bps + 2.0 / 6.2, rel=1e-12
    )
    assert not warnings(usual)


def test_a_horizon_equal_to_the_equivalent_one_means_the_same() -> None:
    stationary = meant()
    session = meant(tau_s=stationary.tau_equivalent_s)
    assert session.slope == pytest.approx(stationary.slope, rel=1e-12)
    assert session.tau_equivalent_s == pytest.approx(stationary.tau_equivalent_s, rel=1e-12)
    assert session.inventory_sd_lots == pytest.approx(2.5, rel=0.01)


def test_without_time_left_nothing_holds_inventory() -> None:
    assert meant(tau_s=0.0).inventory_sd_lots == inf


def test_a_gamma_on_a_bound_is_warned_about() -> None:
    saturated = meant(ghat=10.0, lots_max=5.0)
    assert saturated.saturation is Saturation.CEILING
    assert "ceiling" in warnings(saturated)[0]
    assert "floor" in warnings(meant(ghat=0.01))[0]
    assert not warnings(meant(ghat=10.0, lots_max=5.0, tau_s=1.0))


def test_an_inventory_that_the_risk_aversion_can_not_bear_is_warned_about() -> None:
    paper = References(sigma=2.0, kappa=1.5, intensity=140.0)
    reckless = meaning(gamma=10.0, lots_max=10.0, references=paper, fair=100.0, tau_s=0.01)
    assert reckless.cara_lots_max < 1.0
    assert "at ease" in warnings(reckless)[-1]


def test_rows_carry_the_numbers() -> None:
    usual = meant()
    rows = {row.name: row for row in meaning_rows(usual)}
    assert rows["quoted_half_spread"].value == pytest.approx(usual.half_spread + 2.0)
    assert rows["skew_at_limit"].bps == usual.skew_at_limit_bps
    assert rows["tau_equivalent_s"].value == usual.tau_equivalent_s


def test_a_limit_just_inside_what_risk_aversion_bears_is_not_warned_about() -> None:
    """At sqrt(2 A) / (gamma sigma) lots, to the lot."""
    paper = References(sigma=2.0, kappa=1.5, intensity=140.0)
    limit = sqrt(280.0) / (0.1 * 2.0)
    for lots_max, is_warned in ((limit * 0.99, False), (limit * 1.01, True)):
        found = meaning(gamma=0.1, lots_max=lots_max, references=paper, fair=100.0)
        assert any("at ease" in text for text in warnings(found)) is is_warned
        rows = {row.name: row.value for row in meaning_rows(found)}
        assert rows["cara_lots_max"] == found.cara_lots_max == pytest.approx(limit)


def test_a_skew_too_steep_for_the_closed_form_is_warned_about_unless_the_model_is_exact() -> None:
    steep = References(sigma=0.5, kappa=5.0, intensity=0.8)
    closed = meaning(gamma=0.5, lots_max=10.0, references=steep, fair=4000.0)
    assert any("closed form" in text for text in warnings(closed))
    table = BoundedModel(10.0).table(gamma=0.5, sigma=0.5, kappa=5.0, intensity=0.8)
    exact = meaning(gamma=0.5, lots_max=10.0, references=steep, fair=4000.0, bounded=table)
    assert exact.slope_kappa is None
    assert not any("closed form" in text for text in warnings(exact))
