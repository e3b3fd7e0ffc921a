"""Simulated edge: gains of imagined fills, and whether any distance is profitable."""

import random
from math import nan

import pytest

from quoter.domain.errors import InvalidInput
from quoter.domain.market import Side
from quoter.pricing.estimators.simulated_edge import DISTANCES, SAMPLES_MIN, SimulatedEdge

MID = 1000.0
BPS = MID * 1e-4


def new_meter() -> SimulatedEdge:
    return SimulatedEdge(half_bps=2.0)


def market(meter: SimulatedEdge, *, impact_bps: float, seconds: int = 3000) -> None:
    """A taker every 2 s with reach Exp(2 bp); then the mid jumps `impact_bps` in its direction."""
    rng, mid = random.Random(1), MID
    for t_s in range(seconds):
        meter.on_mid(t_s + 0.1, mid)
        if t_s % 2 == 0:
            taker = rng.choice((Side.BUY, Side.SELL))
            reach = rng.expovariate(0.5) * BPS
            meter.on_trade(t_s + 0.5, taker, mid + taker.sign * reach)
            mid += taker.sign * impact_bps * BPS


def test_distances_are_around_our_half_spread() -> None:
    distances = new_meter().distances_bps
    assert len(distances) == DISTANCES
    assert (distances[0], distances[-1]) == (pytest.approx(0.5), pytest.approx(8.0))


def test_without_impact_a_simulated_fill_earns_its_distance() -> None:
    meter = new_meter()
    market(meter, impact_bps=0.0)
    for edge in meter.edges():
        assert edge.edge_bps == pytest.approx(edge.distance_bps, rel=1e-6)
    assert not meter.has_no_edge(fee_bps=0.0)


@pytest.mark.parametrize("taker", list(Side))
def test_gain_is_distance_minus_the_move_after_the_fill(taker: Side) -> None:
    """A move in the taker's direction is a loss, on either side."""
    meter = new_meter()
    meter.on_mid(0.0, MID)
    meter.on_trade(0.5, taker, MID + taker.sign * 3.0 * BPS)
    meter.on_mid(4.0, MID + taker.sign * 1.5 * BPS)
    meter.on_mid(5.9, MID + taker.sign * 2.5 * BPS)
    meter.on_mid(7.0, MID - taker.sign * 90.0 * BPS)  # the mid at second 6 counts, not this
    edges = meter.edges()
    assert [edge.distance_bps for edge in edges] == [d for d in meter.distances_bps if d <= 3.0]
    for edge in edges:
        assert edge.edge_bps == pytest.approx(edge.distance_bps - 2.5, abs=1e-6)
    assert meter.edges(30.0) == ()


def test_informed_takers_leave_no_edge_at_any_distance() -> None:
    meter = new_meter()
    market(meter, impact_bps=9.0)
    assert meter.has_no_edge(fee_bps=0.0)


def test_fee_larger_than_the_edge_means_no_edge() -> None:
    meter = new_meter()
    market(meter, impact_bps=0.5)
    assert not meter.has_no_edge(fee_bps=0.0)
    assert meter.has_no_edge(fee_bps=10.0)


def test_with_few_samples_there_is_no_verdict() -> None:
    meter = new_meter()
    market(meter, impact_bps=9.0, seconds=40)
    assert max(edge.samples for edge in meter.edges()) < SAMPLES_MIN
    assert not meter.has_no_edge(fee_bps=0.0)


def test_old_fills_decay() -> None:
    meter = SimulatedEdge(half_bps=2.0, half_life_s=60.0)
    market(meter, impact_bps=0.0, seconds=20_000)
    assert meter.edges()[0].samples < 200


def test_gap_drops_open_windows_and_keeps_the_means() -> None:
    meter = new_meter()
    market(meter, impact_bps=0.0, seconds=100)
    before = meter.edges()
    meter.restart()
    meter.on_trade(150.0, Side.BUY, 2 * MID)
    meter.on_mid(200.0, 2 * MID)
    meter.on_mid(300.0, 2 * MID)
    assert meter.edges() == before


def test_pending_windows_are_bounded_without_mids() -> None:
    meter = new_meter()
    meter.on_mid(0.0, MID)
    for i in range(1000):
        meter.on_trade(i * 1.0, Side.BUY, MID + BPS)
    assert sum(map(len, meter._pending.values())) < 50


def test_f14_invalid_numbers_raise() -> None:
    with pytest.raises(InvalidInput, match="half_bps"):
        SimulatedEdge(half_bps=nan)
    meter = new_meter()
    for t_s, price in ((nan, MID), (0.0, nan), (0.0, 0.0)):
        with pytest.raises(InvalidInput):
            meter.on_mid(t_s, price)
        with pytest.raises(InvalidInput):
            meter.on_trade(t_s, Side.BUY, price)
