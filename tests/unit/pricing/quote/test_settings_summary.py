from dataclasses import replace
from math import inf, sqrt

import pytest

from quoter.pricing.models.glft_exact import BoundedModel
from quoter.pricing.quote.normalisation import References, Saturation, gamma_lot
from quoter.pricing.quote.settings_summary import (
    SettingsSummary,
    settings_summary,
    summary_rows,
    warnings,
)

BTC = References(sigma=8.49, kappa=0.1458, intensity=0.305, cost=2.0)


def meant(
    *, ghat: float = 1.0, lots_max: float = 10.0, tau_s: float | None = None
) -> SettingsSummary:
    gamma = gamma_lot(ghat=ghat, lots_max=lots_max, references=BTC)
    return settings_summary(
        gamma=gamma, lots_max=lots_max, references=BTC, fair=62_000.0, tau_s=tau_s
    )


def test_gamma_one_gives_sd_of_a_quarter_limit_and_skew_of_eight_tenths_depth_at_the_limit() -> (
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


def test_equivalent_horizon_gives_the_same_summary() -> None:
    stationary = meant()
    session = meant(tau_s=stationary.tau_equivalent_s)
    assert session.slope == pytest.approx(stationary.slope, rel=1e-12)
    assert session.tau_equivalent_s == pytest.approx(stationary.tau_equivalent_s, rel=1e-12)
    assert session.inventory_sd_lots == pytest.approx(2.5, rel=0.01)


def test_inventory_sd_is_infinite_at_the_end_of_a_session() -> None:
    assert meant(tau_s=0.0).inventory_sd_lots == inf


def test_warning_if_gamma_exceeds_a_slope_bound() -> None:
    saturated = meant(ghat=10.0, lots_max=5.0)
    assert saturated.saturation is Saturation.CEILING
    assert "ceiling" in warnings(saturated)[0]
    assert "floor" in warnings(meant(ghat=0.01))[0]
    assert not warnings(meant(ghat=10.0, lots_max=5.0, tau_s=1.0))


def test_warning_if_the_limit_exceeds_cara_lots_max() -> None:
    paper = References(sigma=2.0, kappa=1.5, intensity=140.0)
    reckless = settings_summary(gamma=10.0, lots_max=10.0, references=paper, fair=100.0, tau_s=0.01)
    assert reckless.cara_lots_max < 1.0
    assert "largest inventory" in warnings(reckless)[-1]


def test_rows_contain_the_numbers() -> None:
    usual = meant()
    rows = {row.name: row for row in summary_rows(usual, order_size=0.005)}
    assert rows["quoted_half_spread"].value == pytest.approx(usual.half_spread + 2.0)
    assert rows["skew_at_limit"].bps == usual.skew_at_limit_bps
    assert rows["tau_equivalent_s"].value == usual.tau_equivalent_s


def test_no_warning_just_below_cara_lots_max() -> None:
    """At sqrt(2 A) / (gamma sigma) lots, to the lot."""
    paper = References(sigma=2.0, kappa=1.5, intensity=140.0)
    limit = sqrt(280.0) / (0.1 * 2.0)
    for lots_max, is_warned in ((limit * 0.99, False), (limit * 1.01, True)):
        found = settings_summary(gamma=0.1, lots_max=lots_max, references=paper, fair=100.0)
        assert any("largest inventory" in text for text in warnings(found)) is is_warned
        rows = {row.name: row.value for row in summary_rows(found, order_size=1.0)}
        assert rows["cara_lots_max"] == found.cara_lots_max == pytest.approx(limit)


@pytest.mark.parametrize(("hours", "is_warned"), [(23.9, False), (24.1, True)])
def test_warning_if_inventory_would_be_held_for_more_than_a_day(
    hours: float, is_warned: bool
) -> None:
    slow = replace(meant(), tau_equivalent_s=hours * 3_600.0)
    assert any("raise QUOTER_GAMMA" in text for text in warnings(slow)) is is_warned


def test_warning_if_slope_is_too_steep_for_the_closed_form_model() -> None:
    steep = References(sigma=0.5, kappa=5.0, intensity=0.8)
    closed = settings_summary(gamma=0.5, lots_max=10.0, references=steep, fair=4000.0)
    assert any("closed form" in text for text in warnings(closed))
    table = BoundedModel(10.0).table(gamma=0.5, sigma=0.5, kappa=5.0, intensity=0.8)
    exact = settings_summary(gamma=0.5, lots_max=10.0, references=steep, fair=4000.0, bounded=table)
    assert exact.slope_kappa is None
    assert not any("closed form" in text for text in warnings(exact))


def test_rows_in_quote_currency_match_their_basis_points() -> None:
    """0.005 BTC an order, 0.05 BTC at the limit, at 62 000."""
    usual = meant()
    rows = {row.name: row for row in summary_rows(usual, order_size=0.005)}
    assert rows["round_trip_quote"].value == pytest.approx(2 * usual.half_spread * 0.005)
    assert rows["minute_at_limit_quote"].value == pytest.approx(8.49 * sqrt(60) * 0.05)
    assert rows["skew_at_limit_quote"].value == pytest.approx(usual.slope * 10 * 0.005)
    for name, worth in (
        ("round_trip_quote", 0.005),
        ("skew_at_limit_quote", 0.005),
        ("minute_at_limit_quote", 0.05),
    ):
        bps = rows[name].bps
        assert bps is not None
        assert rows[name].value == pytest.approx(bps * 1e-4 * 62_000 * worth)


def test_round_trip_is_net_of_costs() -> None:
    """A fee moves the quote outward by itself; the remainder is the model's half-spread."""
    free = replace(BTC, cost=0.0)
    gamma = gamma_lot(ghat=1.0, lots_max=10.0, references=BTC)
    found = [
        settings_summary(gamma=gamma, lots_max=10.0, references=each, fair=62_000.0)
        for each in (BTC, free)
    ]
    earned = [
        {row.name: row.value for row in summary_rows(each, order_size=1.0)}["round_trip_quote"]
        for each in found
    ]
    assert earned == [pytest.approx(2 * each.half_spread) for each in found]
    assert found[0].quoted_half_spread_bps > found[0].half_spread_bps


def test_skew_at_the_limit_of_the_exact_model_is_not_linear() -> None:
    gamma = gamma_lot(ghat=10.0, lots_max=4.0, references=BTC)
    table = BoundedModel(4.0).table(
        gamma=gamma, sigma=BTC.sigma, kappa=BTC.kappa, intensity=BTC.intensity
    )
    exact = settings_summary(
        gamma=gamma, lots_max=4.0, references=BTC, fair=62_000.0, bounded=table
    )
    assert 0.0 < exact.skew_at_limit < 0.6 * exact.slope * 4.0
    closed = settings_summary(gamma=gamma, lots_max=4.0, references=BTC, fair=62_000.0)
    assert closed.skew_at_limit == pytest.approx(closed.slope * 4.0)
