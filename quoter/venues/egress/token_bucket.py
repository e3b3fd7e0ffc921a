"""A token bucket: how many units a rate limit still allows."""

from quoter.domain.units import NS_PER_S


class TokenBucket:
    """Token bucket that refills by its capacity per window. `take` may overdraw it."""

    def __init__(self, *, capacity: float, window_s: float) -> None:
        self._tokens = self.capacity = 0.0
        self._ts_ns = 0
        self.resize(capacity=capacity, window_s=window_s)

    def resize(self, *, capacity: float, window_s: float) -> None:
        """Change the limit; tokens already spent stay spent. Raises ValueError if not above 0."""
        if not (capacity > 0 and window_s > 0):
            raise ValueError(f"out of domain: {capacity=} {window_s=}")
        self._tokens += capacity - self.capacity
        self.capacity = capacity
        self.window_s = window_s

    def tokens(self, now_ns: int) -> float:
        """Return the tokens available now; negative when overdrawn."""
        grown_s = max(0, now_ns - self._ts_ns) / NS_PER_S if self._ts_ns else 0.0
        self._tokens += grown_s * self.capacity / self.window_s
        self._tokens = min(self.capacity, self._tokens)
        self._ts_ns = max(self._ts_ns, now_ns)
        return self._tokens

    def has(self, cost: float, now_ns: int, *, keep: float = 0.0) -> bool:
        """Whether spending `cost` leaves at least `keep` (a share of the capacity)."""
        return self.tokens(now_ns) - cost >= keep * self.capacity

    def wait_s(self, cost: float, now_ns: int, *, keep: float = 0.0) -> float:
        """Return the seconds until spending `cost` leaves `keep` (a share of the capacity)."""
        missing = keep * self.capacity - (self.tokens(now_ns) - cost)
        return max(0.0, missing * self.window_s / self.capacity)

    def take(self, cost: float, now_ns: int) -> None:
        """Spend `cost`, overdrawing if necessary."""
        self._tokens = self.tokens(now_ns) - cost

    def used(self, count: float, now_ns: int) -> None:
        """Adopt the venue's count for this window if it is higher than ours."""
        self._tokens = min(self.tokens(now_ns), self.capacity - count)
