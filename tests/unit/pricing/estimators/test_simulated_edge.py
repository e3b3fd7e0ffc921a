"""The shadow meter: is there money in quoting this symbol at all?"""

import random
from math import nan

import pytest

from quoter.domain.errors import InvalidInput
from quoter.domain.market import Side
from quoter.pricing.estimators.simulated_edge import DISTANCES, SAMPLES_MIN, SimulatedEdge

MID = 1000.0
BPS = MID * 1e-4


def meter(*, fee_bps: float = 0.0) -> SimulatedEdge:
    return SimulatedEdge(half_bps=2.0, fee_bps=fee_bps)


def market(shadow: SimulatedEdge, *, impact_bps: float, seconds: int = 3000) -> None:
    """A taker every two seconds reaches Exp(2 bp); the mid then jumps `impact_bps` his way."""
    rng, mid = random.Random(1), MID
    for t_s in range(seconds):
        shadow.on_mid(t_s + 0.1, mid)
        if t_s % 2 == 0:
            taker = rng.choice((Side.BUY, Side.SELL))
            reach = rng.expovariate(0.5) * BPS
            shadow.on_trade(t_s + 0.5, taker, mid + taker.sign * reach)
            mid += taker.sign * impact_bps * BPS


def test_the_distances_lie_around_our_half_spread() -> None:
    distances = meter().distances_bps
    assert len(distances) == DISTANCES
    assert (distances[0], distances[-1]) == (pytest.approx(0.5), pytest.approx(8.0))


def test_without_impact_a_shadow_fill_earns_its_distance() -> None:
    shadow = meter()
    market(shadow, impact_bps=0.0)
    for edge in shadow.edges():
        assert edge.edge_bps == pytest.approx(edge.distance_bps, rel=1e-6)
    assert not shadow.has_no_edge


@pytest.mark.parametrize("taker", list(Side))
def test_the_gain_is_distance_less_the_move_after_the_fill(taker: Side) -> None:
    """Takers' own direction is what costs us, on either side."""
    shadow = meter()
    shadow.on_mid(0.0, MID)
    shadow.on_trade(0.5, taker, MID + taker.sign * 3.0 * BPS)
    shadow.on_mid(4.0, MID + taker.sign * 1.5 * BPS)
    shadow.on_mid(5.9, MID + taker.sign * 2.5 * BPS)
    shadow.on_mid(7.0, MID - taker.sign * 90.0 * BPS)  # the mid at second 6 counts, not this
    edges = shadow.edges()
    assert [edge.distance_bps for edge in edges] == [d for d in shadow.distances_bps if d <= 3.0]
    for edge in edges:
        assert edge.edge_bps == pytest.approx(edge.distance_bps - 2.5, abs=1e-6)
    assert shadow.edges(30.0) == ()


def test_takers_who_know_better_leave_no_edge_at_any_distance() -> None:
    shadow = meter()
    market(shadow, impact_bps=9.0)
    assert shadow.has_no_edge


def test_a_fee_can_eat_the_edge() -> None:
    free, dear = meter(), meter(fee_bps=10.0)
    for shadow in (free, dear):
        market(shadow, impact_bps=0.5)
    assert not free.has_no_edge
    assert dear.has_no_edge


def test_few_samples_are_no_verdict() -> None:
    shadow = meter()
    market(shadow, impact_bps=9.0, seconds=40)
    assert max(edge.samples for edge in shadow.edges()) < SAMPLES_MIN
    assert not shadow.has_no_edge


def test_old_fills_fade() -> None:
    shadow = SimulatedEdge(half_bps=2.0, fee_bps=0.0, half_life_s=60.0)
    market(shadow, impact_bps=0.0, seconds=20_000)
    assert shadow.edges()[0].samples < 200


def test_a_gap_drops_what_is_open_and_keeps_what_was_learned() -> None:
    shadow = meter()
    market(shadow, impact_bps=0.0, seconds=100)
    before = shadow.edges()
    shadow.restart()
    shadow.on_trade(150.0, Side.BUY, 2 * MID)
    shadow.on_mid(200.0, 2 * MID)
    shadow.on_mid(300.0, 2 * MID)
    assert shadow.edges() == before


def test_what_waits_has_a_bound_even_without_mids() -> None:
    shadow = meter()
    shadow.on_mid(0.0, MID)
    for i in range(1000):
        shadow.on_trade(i * 1.0, Side.BUY, MID + BPS)
    assert sum(map(len, shadow._pending.values())) < 50


@pytest.mark.parametrize("name", ["half_bps", "fee_bps"])
def test_f14_numbers_that_are_none_are_refused(name: str) -> None:
    with pytest.raises(InvalidInput, match=name):
        SimulatedEdge(**({"half_bps": 1.0, "fee_bps": 0.0} | {name: nan}))
    shadow = meter()
    for t_s, price in ((nan, MID), (0.0, nan), (0.0, 0.0)):
        with pytest.raises(InvalidInput):
            shadow.on_mid(t_s, price)
        with pytest.raises(InvalidInput):
            shadow.on_trade(t_s, Side.BUY, price)
