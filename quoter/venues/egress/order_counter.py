"""Our copy of a venue's count of creates and cancels, where a cancel's cost depends on order age.

A create is admitted only if all orders admitted so far, the new one included, could be cancelled at
once within the count. A stop must never be refused because of our own creates.
"""

from quoter.domain.units import NS_PER_S
from quoter.venues.egress.token_bucket import TokenBucket
from quoter.venues.profiles.limits import RequestLimits


class OrderCounter:
    """Counts creates and cancels of one market.

    It does not know of fills. The reserve for the cancel of a filled order stays until a cancel
    would cost nothing; then the order is forgotten. So it remembers at most as many orders as the
    venue admits.
    """

    def __init__(self, limits: RequestLimits) -> None:
        self._limits = limits
        self._left = TokenBucket(capacity=limits.orders.most, window_s=limits.orders.window_s)
        self._free_ns = int(max(age_s for age_s, _ in limits.cancel_costs) * NS_PER_S)
        self._created_ns: dict[str, int] = {}  # by client id, oldest first
        self._uncancelled: set[str] = set()

    def admit_create(self, client_id: str, now_ns: int) -> str:
        """Count one create, or return why it may not be sent now; an empty text: it may."""
        self._forget(now_ns)
        reserved = self._limits.cancel_cost(0.0) + sum(
            self._cost(name, now_ns) for name in self._uncancelled
        )
        if not self._left.tokens(now_ns) >= self._limits.create_cost + reserved:
            return "rate limit: the remaining count of orders is reserved for cancels"
        self._left.take(self._limits.create_cost, now_ns)
        self._created_ns[client_id] = now_ns
        self._uncancelled.add(client_id)
        return ""

    def cancel(self, client_id: str, now_ns: int) -> None:
        """Count a cancel; it is never refused, and may overdraw the count."""
        self._left.take(self._cost(client_id, now_ns), now_ns)
        self._uncancelled.discard(client_id)

    def used_share(self, now_ns: int) -> float:
        """Return the used share of the count; above 1: overdrawn."""
        return 1.0 - self._left.tokens(now_ns) / self._left.capacity

    def _cost(self, client_id: str, now_ns: int) -> float:
        """Return what a cancel costs now, in units of the count; an unknown order counts as new."""
        age_ns = now_ns - self._created_ns.get(client_id, now_ns)
        return self._limits.cancel_cost(age_ns / NS_PER_S)

    def _forget(self, now_ns: int) -> None:
        while self._created_ns:
            client_id, created_ns = next(iter(self._created_ns.items()))
            if now_ns - created_ns < self._free_ns:
                return
            del self._created_ns[client_id]
            self._uncancelled.discard(client_id)
