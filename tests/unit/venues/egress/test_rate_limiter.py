"""Creates leave budget for cancels, and pauses that the venue asks for are kept."""

import pytest

from quoter.venues.egress.rate_limiter import RateLimiter, interval_s
from quoter.venues.egress.token_bucket import TokenBucket

S = 1_000_000_000
RULES = [
    {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 100},
    {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 50},
    {"rateLimitType": "RAW_REQUESTS", "interval": "MINUTE", "intervalNum": 5, "limit": 61000},
]


@pytest.fixture
def limiter() -> RateLimiter:
    limiter = RateLimiter(requests_per_s=1e6)
    limiter.learn({"rateLimits": RULES})
    return limiter


def admitted(limiter: RateLimiter, now_ns: int, *, most: int = 1000) -> int:
    return next(n for n in range(most) if limiter.admit_create(now_ns))


def test_creates_may_use_70_percent_of_the_order_limit(limiter: RateLimiter) -> None:
    assert admitted(limiter, S) == 35
    assert "orders per 10s" in limiter.admit_create(S)
    assert admitted(limiter, 3 * S) == 10, "two seconds later a fifth of the window has grown back"


def test_cancels_pass_when_creates_are_exhausted(limiter: RateLimiter) -> None:
    for window in range(5):  # the minute's weight lasts for 5 windows of orders
        admitted(limiter, (1 + 10 * window) * S)
    assert "reserved for cancels" in limiter.admit_create(41 * S)
    for _ in range(30):
        assert limiter.admit(41 * S, weight=1.0, is_cancel=True) == 0.0


def test_an_overdrawn_budget_names_the_seconds_to_wait(limiter: RateLimiter) -> None:
    assert limiter.admit(S, weight=90.0, is_cancel=False) == 0.0
    assert limiter.admit(S, weight=1.0, is_cancel=False) == pytest.approx(0.6)


def test_reads_leave_a_reserve_for_cancels_and_refusals_spend_nothing(
    limiter: RateLimiter,
) -> None:
    """Otherwise cancels would wait after a burst of reads."""
    assert limiter.admit(S, weight=90.0, is_cancel=False) == 0.0
    for _ in range(20):
        assert limiter.admit(S, weight=20.0, is_cancel=False) is None
    assert [limiter.admit(S, weight=1.0, is_cancel=True) for _ in range(10)] == [0.0] * 10
    assert limiter.admit(S, weight=1.0, is_cancel=True) == pytest.approx(0.6)


def test_cancel_that_would_wait_too_long_is_refused(
    limiter: RateLimiter,
) -> None:
    assert limiter.admit(S, weight=101.0, is_cancel=True) == pytest.approx(0.6)
    assert limiter.admit(S, weight=1.0, is_cancel=True) is None
    assert limiter.admit(2 * S, weight=1.0, is_cancel=True) == pytest.approx(0.2)


def test_unpaced_request_never_waits(limiter: RateLimiter) -> None:
    """PT-06: a kill bypasses local pacing; its requests still count for the others."""
    limiter.observe({"X-MBX-USED-WEIGHT-1M": "103"}, S)
    assert limiter.admit(S, weight=1.0, is_cancel=True) is None
    for is_cancel in (True, False):
        assert limiter.admit(S, weight=80.0, is_cancel=is_cancel, is_paced=False) == 0.0
    assert limiter.used_share(S) == pytest.approx(2.63)


@pytest.mark.parametrize("is_ban", [True, False])
def test_pause_applies_to_unpaced_requests_too(limiter: RateLimiter, is_ban: bool) -> None:
    """OL-11: after a 429 only cancels are sent, during a ban nothing."""
    limiter.pause(S, retry_s=60.0, text="HTTP", is_ban=is_ban)
    cancel = limiter.admit(S, weight=1.0, is_cancel=True, is_paced=False)
    assert cancel == (None if is_ban else 0.0)
    assert limiter.admit(S, weight=6.0, is_cancel=False, is_paced=False) is None


def test_venues_weight_count_is_taken_over(limiter: RateLimiter) -> None:
    limiter.observe({"x-mbx-used-weight-1m": "71", "Date": "today"}, S)
    assert "reserved" in limiter.admit_create(S)


def test_count_that_is_no_number_is_left_out(limiter: RateLimiter) -> None:
    limiter.observe({"X-MBX-USED-WEIGHT-1M": "²", "X-MBX-ORDER-COUNT-10S": "³"}, S)
    assert limiter.admit_create(S) == ""


def test_venues_order_count_is_taken_over(limiter: RateLimiter) -> None:
    limiter.observe({"X-MBX-ORDER-COUNT-10S": "34"}, S)
    assert admitted(limiter, S) == 1


def test_an_old_header_gives_no_budget_back(limiter: RateLimiter) -> None:
    """Answers overtake each other: a lower count is an older one."""
    for name, high, low in (
        ("X-MBX-ORDER-COUNT-10S", "34", "1"),
        ("X-MBX-USED-WEIGHT-1M", "71", "2"),
    ):
        limiter.observe({name: high}, S)
        used = limiter.used_share(S)
        limiter.observe({name: low}, S)
        assert limiter.used_share(S) == used


def test_pause_stops_creates_and_reads_but_not_cancels(limiter: RateLimiter) -> None:
    limiter.pause(S, retry_s=3.0, text="HTTP 429", is_ban=False)
    assert "HTTP 429" in limiter.admit_create(4 * S - 1)
    assert limiter.admit(2 * S, weight=1.0, is_cancel=False) is None
    assert limiter.admit(2 * S, weight=1.0, is_cancel=True) == 0.0
    silent = limiter.active_pause(2 * S)
    assert silent is not None
    assert silent.until_ns == 4 * S
    assert limiter.active_pause(4 * S) is None
    assert limiter.admit_create(4 * S) == ""


def test_ban_stops_everything(limiter: RateLimiter) -> None:
    limiter.pause(S, retry_s=120.0, text="HTTP 418", is_ban=True)
    assert limiter.admit(2 * S, weight=1.0, is_cancel=True) is None


def test_shorter_pause_does_not_replace_a_longer_one(limiter: RateLimiter) -> None:
    limiter.pause(S, retry_s=60.0, text="long", is_ban=True)
    limiter.pause(S, retry_s=1.0, text="short", is_ban=False)
    assert "long" in limiter.admit_create(30 * S)


def test_pause_is_at_least_one_second(limiter: RateLimiter) -> None:
    limiter.pause(S, retry_s=0.0, text="now", is_ban=False)
    assert limiter.active_pause(2 * S - 1) is not None


def test_repeated_rules_give_no_tokens_back(limiter: RateLimiter) -> None:
    """Rules arrive with every exchangeInfo: every ten minutes and after each refused order."""
    assert admitted(limiter, S) == 35
    limiter.observe({"X-MBX-USED-WEIGHT-1M": "60"}, S)
    limiter.learn({"rateLimits": RULES})
    assert admitted(limiter, S) == 0
    assert limiter.used_share(S) == pytest.approx(0.7)
    assert limiter.admit(S, weight=31.0, is_cancel=False) == pytest.approx(0.6)


@pytest.mark.parametrize(("limit", "more"), [(60, 7), (100, 35), (40, 0)])
def test_spent_tokens_stay_spent_when_the_limit_changes(
    limiter: RateLimiter, limit: int, more: int
) -> None:
    assert admitted(limiter, S) == 35
    limiter.learn({"rateLimits": [{**RULES[1], "limit": limit}]})
    assert admitted(limiter, S) == more


def test_invalid_rules_change_nothing() -> None:
    limiter = RateLimiter(requests_per_s=1.0)
    limiter.load([None, 5, {}, {"rateLimitType": "ORDERS", "interval": "SECOND", "limit": "x"}])
    assert admitted(limiter, S) == 42, "seventy percent of a minute"


def test_clock_that_stands_still_or_runs_back_adds_no_tokens() -> None:
    bucket = TokenBucket(capacity=10, window_s=10)
    bucket.take(10, 5 * S)
    assert bucket.tokens(5 * S) == 0
    assert bucket.tokens(4 * S) == 0
    assert bucket.tokens(6 * S) == pytest.approx(1)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1M", 60), ("10S", 10), ("1D", 86_400), ("", 0), ("M", 0), ("xS", 0), ("²S", 0)],
)
def test_intervals_of_header_names(text: str, seconds: float) -> None:
    assert interval_s(text) == seconds
