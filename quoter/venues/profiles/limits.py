"""Limits of a venue that counts orders separately from other requests, as data."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter:
    """A venue's count.

    Each request raises it, time lowers it, and above `most` requests are refused.
    """

    most: float
    decay_per_s: float

    @property
    def window_s(self) -> float:
        """Seconds in which a full count falls to zero."""
        return self.most / self.decay_per_s


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestLimits:
    """The count of an account's reads, and the count of creates and cancels in one market.

    `cancel_costs`: pairs (age in seconds, cost), youngest first. A cancel of an order below that
    age has that cost; the cancel of an older order costs nothing.
    """

    reads: Counter
    orders: Counter
    cancel_costs: tuple[tuple[float, float], ...]
    create_cost: float = 1.0

    def cancel_cost(self, age_s: float) -> float:
        """Return the cost of a cancel, in units of the count, for an order of this age."""
        return next((cost for below_s, cost in self.cancel_costs if age_s < below_s), 0.0)
