"""The budget for new orders. It never delays a cancel."""

from quoter.domain.units import S_PER_NS


class MessageBudget:
    """A token bucket on the engine's time: `rate_per_s` on average, `burst` at once.

    Raises ValueError unless the rate is above zero and the burst at least one.
    """

    def __init__(self, *, rate_per_s: float, burst: float) -> None:
        if not (rate_per_s > 0 and burst >= 1):
            raise ValueError(f"out of domain: {rate_per_s=} {burst=}")
        self._rate, self._burst = rate_per_s, burst
        self._tokens = burst
        self._ts_ns = 0

    def tokens(self, ts_ns: int) -> float:
        """The tokens left now."""
        if self._ts_ns:
            grown = self._tokens + (ts_ns - self._ts_ns) * S_PER_NS * self._rate
            self._tokens = min(self._burst, grown)
        self._ts_ns = ts_ns
        return self._tokens

    def has_tokens(self, ts_ns: int, *, share: float = 0.0) -> bool:
        """Whether the bucket has at least one token and at least `share` of its size."""
        return self.tokens(ts_ns) >= max(1.0, share * self._burst)

    def take(self) -> None:
        """Take one token; the caller has checked `has_tokens` at the same time."""
        self._tokens -= 1.0
