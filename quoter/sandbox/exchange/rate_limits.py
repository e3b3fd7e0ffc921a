"""Rate limits: request weight per minute, orders per 10 s and per day, and bans."""

from collections import defaultdict
from dataclasses import dataclass

from quoter.domain.units import NS_PER_MS, NS_PER_S
from quoter.sandbox.config import Limits
from quoter.sandbox.protocol.answers import ApiError
from quoter.sandbox.protocol.payloads import Json

MINUTE_NS = 60 * NS_PER_S
TEN_SECONDS_NS = 10 * NS_PER_S
DAY_NS = 86_400 * NS_PER_S


@dataclass(slots=True)
class Window:
    """Counter that restarts at zero at each full interval of the clock, as at Binance."""

    interval_ns: int
    started: int = -1
    used: int = 0

    def at(self, now_ns: int) -> int:
        """Return the count at `now_ns`; a new interval starts at zero."""
        current = now_ns // self.interval_ns
        if current != self.started:
            self.started, self.used = current, 0
        return self.used

    def left_s(self, now_ns: int) -> int:
        """Return whole seconds until the next interval, at least 1."""
        return max(1, -(-(self.interval_ns - now_ns % self.interval_ns) // NS_PER_S))


class Budgets:
    """Request weight of the client's address and order counts of each key."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._weight = Window(MINUTE_NS)
        self._orders_10_s: dict[str, Window] = defaultdict(lambda: Window(TEN_SECONDS_NS))
        self._orders_day: dict[str, Window] = defaultdict(lambda: Window(DAY_NS))
        self._refusals = Window(MINUTE_NS)
        self._banned_until_ns = 0

    def spend(self, weight: int, now_ns: int) -> None:
        """Count request weight.

        Raises ApiError(429) with Retry-After above the limit, and ApiError(418) after
        `refusals_before_ban` such refusals in a minute.
        """
        if now_ns < self._banned_until_ns:
            raise banned(self._banned_until_ns, now_ns)
        limit = self._limits.weight_per_minute
        if self._weight.at(now_ns) + weight <= limit:
            self._weight.used += weight
            return
        self._refusals.at(now_ns)
        self._refusals.used += 1
        if self._refusals.used > self._limits.refusals_before_ban:
            self._banned_until_ns = now_ns + self._limits.ban_s * NS_PER_S
            raise banned(self._banned_until_ns, now_ns)
        raise too_much_weight(limit, self._weight.left_s(now_ns))

    def check_orders(self, api_key: str, now_ns: int) -> None:
        """Raise ApiError(429, -1015) if the key has reached an order limit."""
        rules = (
            (self._orders_10_s[api_key], self._limits.orders_per_10_s, "10 SECOND"),
            (self._orders_day[api_key], self._limits.orders_per_day, "1 DAY"),
        )
        for window, limit, interval in rules:
            if window.at(now_ns) >= limit:
                text = f"Too many new orders; current limit is {limit} orders per {interval}."
                raise ApiError(429, -1015, text, retry_after_s=window.left_s(now_ns))

    def count_order(self, api_key: str, now_ns: int) -> None:
        """Count one new order of a key."""
        for windows in (self._orders_10_s, self._orders_day):
            windows[api_key].at(now_ns)
            windows[api_key].used += 1

    def headers(self, api_key: str, now_ns: int) -> dict[str, str]:
        """Return the rate limit headers of a REST answer."""
        headers = {"X-MBX-USED-WEIGHT-1M": str(self._weight.at(now_ns))}
        headers["X-MBX-USED-WEIGHT"] = headers["X-MBX-USED-WEIGHT-1M"]
        if api_key:
            headers["X-MBX-ORDER-COUNT-10S"] = str(self._orders_10_s[api_key].at(now_ns))
            headers["X-MBX-ORDER-COUNT-1D"] = str(self._orders_day[api_key].at(now_ns))
        return headers

    def rows(self, api_key: str, now_ns: int) -> list[Json]:
        """Return `rateLimits` of the websocket API: the rules with their counts."""
        weight = rules(self._limits)[0] | {"count": self._weight.at(now_ns)}
        return [weight, *self.order_rows(api_key, now_ns)] if api_key else [weight]

    def order_rows(self, api_key: str, now_ns: int) -> list[Json]:
        """Return the two order limits of a key with their counts."""
        windows = (self._orders_10_s[api_key], self._orders_day[api_key])
        return [
            rule | {"count": window.at(now_ns)}
            for rule, window in zip(rules(self._limits)[1:], windows, strict=True)
        ]


def rules(limits: Limits) -> list[Json]:
    """Return `rateLimits` of exchangeInfo: request weight, then the two order limits."""
    return [
        _rule("REQUEST_WEIGHT", "MINUTE", 1, limits.weight_per_minute),
        _rule("ORDERS", "SECOND", 10, limits.orders_per_10_s),
        _rule("ORDERS", "DAY", 1, limits.orders_per_day),
    ]


def too_much_weight(limit: int, retry_after_s: int) -> ApiError:
    """Return the HTTP 429 error: the weight limit of the minute is exceeded."""
    text = (
        f"Too much request weight used; current limit is {limit} request weight per 1 MINUTE. "
        "Please use WebSocket Streams for live updates to avoid polling the API."
    )
    return ApiError(429, -1003, text, retry_after_s=retry_after_s)


def banned(until_ns: int, now_ns: int) -> ApiError:
    """Return the HTTP 418 error: the address is banned because it ignored 429 answers."""
    text = (
        f"Way too much request weight used; IP banned until {until_ns // NS_PER_MS}. "
        "Please use WebSocket Streams for live updates to avoid bans."
    )
    return ApiError(418, -1003, text, retry_after_s=max(1, (until_ns - now_ns) // NS_PER_S))


def _rule(kind: str, interval: str, number: int, limit: int) -> Json:
    return {
        "rateLimitType": kind,
        "interval": interval,
        "intervalNum": number,
        "limit": limit,
    }
