"""Random latency."""

from statistics import median, quantiles

import pytest

from quoter.backtest.latency import RandomLatency
from quoter.backtest.seam import Channel, Latency
from quoter.domain.commands import ReconnectFeed

LATENCY = Latency()
MESSAGE = ReconnectFeed(text="")


def waits(spread: float, seed: int, *, gap_ns: int = 10**12) -> list[int]:
    """Waits of 4,000 messages that are far apart, ns."""
    seam = RandomLatency(LATENCY, spread=spread, seed=seed)
    median_ns = LATENCY.of(Channel.REQUEST)
    found = []
    for number in range(4_000):
        sent_ns = number * gap_ns
        (at_ns,) = seam.times(Channel.REQUEST, MESSAGE, sent_ns + median_ns)
        found.append(at_ns - sent_ns)
    return found


def test_median_and_99_percent_quantile_are_as_configured() -> None:
    found = waits(3.0, seed=1)
    assert median(found) == pytest.approx(LATENCY.request_ns, rel=0.05)
    assert quantiles(found, n=100)[98] == pytest.approx(3 * LATENCY.request_ns, rel=0.15)


def test_the_same_seed_gives_the_same_waits() -> None:
    assert waits(3.0, seed=1) == waits(3.0, seed=1) != waits(3.0, seed=2)


def test_spread_of_one_is_constant() -> None:
    assert set(waits(1.0, seed=1)) == {LATENCY.request_ns}


def test_messages_of_a_channel_keep_their_order() -> None:
    seam = RandomLatency(LATENCY, spread=10.0, seed=3)
    arrivals = [seam.times(Channel.MARKET, MESSAGE, due_ns)[0] for due_ns in range(0, 10**8, 10**5)]
    assert arrivals == sorted(arrivals)


def test_spread_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match=r"at least 1, not 0\.5"):
        RandomLatency(LATENCY, spread=0.5, seed=1)
