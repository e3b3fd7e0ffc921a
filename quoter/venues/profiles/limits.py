"""Limits of a venue that counts orders separately from all other requests, as data."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter:
    """A venue's count: each request raises it, time lowers it, and above `most` it refuses."""

    most: float
    decay_per_s: float

    @property
    def window_s(self) -> float:
        """Seconds in which a full count is back at zero."""
        return self.most / self.decay_per_s


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestLimits:
    """The count of an account's reads, and the count of creates and cancels in one market.

    `cancel_costs`: pairs of an order's age (seconds) and the cost of its cancel below that age,
    youngest first; the cancel of an older order costs nothing.
    """

    reads: Counter
    orders: Counter
    cancel_costs: tuple[tuple[float, float], ...]
    create_cost: float = 1.0

    def cancel_cost(self, age_s: float) -> float:
        """Return the units of the count that the cancel of an order of this age costs."""
        return next((cost for below_s, cost in self.cancel_costs if age_s < below_s), 0.0)
