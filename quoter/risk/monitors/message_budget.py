"""Budgets for new orders. They never delay a cancel."""

from quoter.domain.units import S_PER_NS


class MessageBudget:
    """A token bucket on the engine's time: `rate_per_s` on average, `burst` at once.

    rate_per_s: may be changed; a new rate applies from the last call of `tokens` on. lowest:
    minimum number of tokens. Raises ValueError unless the rate is above zero, the burst at least
    one and `lowest` at most zero.
    """

    def __init__(self, *, rate_per_s: float, burst: float, lowest: float = 0.0) -> None:
        if not (rate_per_s > 0 and burst >= 1 and lowest <= 0):
            raise ValueError(f"out of domain: {rate_per_s=} {burst=} {lowest=}")
        self.rate_per_s = rate_per_s
        self._burst, self._lowest = burst, lowest
        self._tokens = burst
        self._ts_ns = 0

    def tokens(self, ts_ns: int) -> float:
        """Return the tokens left at `ts_ns`."""
        if self._ts_ns:
            grown = self._tokens + (ts_ns - self._ts_ns) * S_PER_NS * self.rate_per_s
            self._tokens = min(self._burst, grown)
        self._ts_ns = ts_ns
        return self._tokens

    def has_tokens(self, ts_ns: int, *, share: float = 0.0) -> bool:
        """Whether the bucket has at least one token and at least `share` of its size."""
        return self.tokens(ts_ns) >= max(1.0, share * self._burst)

    def take(self) -> None:
        """Take one token, even if none is left; call `has_tokens` first to check."""
        self._tokens = max(self._lowest, self._tokens - 1.0)
