"""Kraken's count of creates and cancels: every order that we let through could be cancelled."""

import pytest

from quoter.venues.egress.order_counter import OrderCounter
from quoter.venues.egress.rate_limiter import RateLimiter
from quoter.venues.profiles.kraken import LIMITS

S = 1_000_000_000
STARTER = LIMITS["starter"]
NEW = 8.0  # the cost of a cancel within 5 s


@pytest.fixture
def limiter() -> RateLimiter:
    return RateLimiter(requests_per_s=1.0, limits=STARTER)


def creates(limiter: RateLimiter, now_ns: int, *, start: int = 0) -> int:
    """Return how many creates are admitted at once."""
    return next(n for n in range(1000) if limiter.admit_create(now_ns, f"q{start + n}"))


def test_burst_of_creates_leaves_what_cancelling_all_of_them_costs(limiter: RateLimiter) -> None:
    count = creates(limiter, S)
    assert count == 6  # 6 * (1 + 8) <= 60
    assert limiter.used_share(S) == pytest.approx(count / 60)
    for number in range(count):
        assert limiter.admit(S, weight=1.0, is_cancel=True, cancelled=f"q{number}") == 0.0
    assert limiter.used_share(S) == pytest.approx(count * (1 + NEW) / 60)


@pytest.mark.parametrize(
    ("age_s", "cost"),
    [(0, 8), (4.9, 8), (5, 6), (10, 5), (15, 4), (45, 2), (90, 1), (299, 1), (300, 0)],
)
def test_cost_of_a_cancel_falls_with_the_age_of_the_order(age_s: float, cost: float) -> None:
    """docs.kraken.com: guides/general/ratelimits."""
    assert STARTER.cancel_cost(age_s) == cost
    counter = OrderCounter(STARTER)
    assert not counter.admit_create("q1", S)
    now_ns = S + int(age_s * S)
    before = counter.used_share(now_ns)
    counter.cancel("q1", now_ns)
    assert counter.used_share(now_ns) - before == pytest.approx(cost / 60)


def test_cancel_of_an_unknown_order_counts_as_that_of_a_new_one() -> None:
    counter = OrderCounter(STARTER)
    counter.cancel("", 1000 * S)
    assert counter.used_share(1000 * S) == pytest.approx(NEW / 60)


def test_cancels_are_never_refused_and_block_creates_until_the_count_has_decayed(
    limiter: RateLimiter,
) -> None:
    for _ in range(10):
        assert limiter.admit(S, weight=1.0, is_cancel=True, cancelled="q0") == 0.0
    assert limiter.used_share(S) == pytest.approx(10 * NEW / 60)
    assert "reserved for cancels" in limiter.admit_create(29 * S, "q1")  # 80 - 28 + 1 + 8 > 60
    assert not limiter.admit_create(30 * S, "q1")


def test_public_requests_do_not_count_for_the_account(limiter: RateLimiter) -> None:
    for _ in range(54):  # a minute's, less a tenth
        assert limiter.admit(S, weight=1.0, is_cancel=False, is_public=True) == 0.0
    assert limiter.admit(S, weight=1.0, is_cancel=False, is_public=True) == pytest.approx(1.0)
    assert limiter.used_share(S) == 0.0
    assert limiter.admit(S, weight=13.0, is_cancel=False) == 0.0


def test_reads_have_a_count_of_their_own(limiter: RateLimiter) -> None:
    """15, less the share for the dead man's switch, which is not an order; one third a second.

    A read waits up to 10 s: otherwise a list of several pages could not be read to its end.
    """
    waits = [limiter.admit(S, weight=1.0, is_cancel=False) for _ in range(18)]
    assert waits.index(None) == 16
    assert waits[:13] == [0.0] * 13
    assert waits[15] == pytest.approx((16 - 13.5) / 0.33)
    assert creates(limiter, S) == 6


@pytest.mark.parametrize(
    ("tier", "seconds"), [("starter", 12.0), ("intermediate", 6.0), ("pro", 4.8)]
)
def test_two_sides_can_be_replaced_this_often(tier: str, seconds: float) -> None:
    """A replaced order costs its create and its cancel: the figures of deploy/docs/venues.md."""
    limits = LIMITS[tier]
    cost = 2 * (limits.create_cost + limits.cancel_cost(seconds))
    assert cost <= seconds * limits.orders.decay_per_s
    limiter = RateLimiter(requests_per_s=1.0, limits=limits)
    for number in range(200):
        now_ns = S + int(number * seconds * S)
        for side in "ab":
            if number:
                cancelled = f"{side}{number - 1}"
                assert limiter.admit(now_ns, weight=1.0, is_cancel=True, cancelled=cancelled) == 0.0
            assert not limiter.admit_create(now_ns, f"{side}{number}"), number
