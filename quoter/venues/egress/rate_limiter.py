"""Our own rate limits: creates may use 70 % of a limit, reads 90 %, cancels all of it.

A create that can't be sent now is refused, never queued: its price would be old by then.
Cancels and reads wait, and may overdraw the limit within a bound. A kill's requests never wait for
our limits; they stop only in a pause that the venue asked for.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from quoter.domain.events import RateLimited
from quoter.domain.units import NS_PER_S
from quoter.venues.egress.order_counter import OrderCounter
from quoter.venues.egress.token_bucket import TokenBucket
from quoter.venues.growing_pause import GrowingPause
from quoter.venues.json_values import Json, as_list, as_map, decimal, is_whole_number
from quoter.venues.profiles.limits import RequestLimits
from quoter.venues.retry_after import retry_after_s

RESERVED_SHARE = 0.3  # share of every limit that creates can't use
CANCELS_SHARE = 0.1  # share of the weight that reads can't use either
PACING_S_MAX = 1.0  # longest wait for an overdrawn budget; beyond it a request is refused
PACING_COUNTED_S_MAX = 10.0  # the same, where reads and cancels have separate counts
PAUSE_S_MIN = 1.0
PAUSE_S_DEFAULT = 5.0  # used if the venue gave no time
PAUSE_S_MAX = 3 * 86_400.0  # the longest ban that Binance documents
RATE_LIMIT_CODES = (418, 429)
BAN_CODE = 418
FORBIDDEN = 403  # Binance: the limit of its firewall, or with a JSON body a refusal by the venue
INTERVAL_S = {"SECOND": 1, "MINUTE": 60, "HOUR": 3600, "DAY": 86_400}


@dataclass(slots=True)
class _Pause:
    until_ns: int = 0
    text: str = ""
    is_ban: bool = False  # stops cancels too


class RateLimiter:
    """Admission of requests by two kinds of limit: weight (all requests) and orders (creates).

    `limits`: of a venue that counts orders separately; creates and cancels then have no weight.
    None elsewhere.
    """

    def __init__(self, *, requests_per_s: float, limits: RequestLimits | None = None) -> None:
        self._weight = TokenBucket(capacity=60 * requests_per_s, window_s=60.0)
        self._public = self._weight
        self._counter: OrderCounter | None = None
        self._pacing_s_max = PACING_S_MAX
        if limits is not None:
            reads = limits.reads
            self._weight = TokenBucket(capacity=reads.most, window_s=reads.window_s)
            self._counter = OrderCounter(limits)
            self._pacing_s_max = PACING_COUNTED_S_MAX
        self._orders: dict[str, TokenBucket] = {}
        self._pause = _Pause()
        self._firewall = GrowingPause()

    def admit_create(self, now_ns: int, client_id: str = "") -> str:
        """Take one create from the limits, or return why it may not be sent now; empty: it may."""
        if text := self.pause_reason(now_ns, is_cancel=False):
            return text
        if self._counter is not None:
            return self._counter.admit_create(client_id, now_ns)
        if not self._weight.has(1.0, now_ns, keep=RESERVED_SHARE):
            return "rate limit: the remaining budget is reserved for cancels"
        for name, bucket in self._orders.items():
            if not bucket.has(1.0, now_ns, keep=RESERVED_SHARE):
                return f"rate limit: orders per {name}"
        self._weight.take(1.0, now_ns)
        for bucket in self._orders.values():
            bucket.take(1.0, now_ns)
        return ""

    def admit(
        self,
        now_ns: int,
        *,
        weight: float,
        is_cancel: bool,
        is_paced: bool = True,
        cancelled: str | None = None,
        is_public: bool = False,
    ) -> float | None:
        """Take `weight` for a cancel or a read from the limit; return the seconds to wait first.

        Returns None, and takes nothing, if the wait would be too long or a pause is in force.
        `is_paced` False: it never waits. `cancelled`: our id of the order that the request cancels;
        None if it cancels none. `is_public`: the request is for public data, which a venue with a
        separate count of orders does not charge to the account.
        """
        if self.pause_reason(now_ns, is_cancel=is_cancel):
            return None
        if self._counter is not None and cancelled is not None:
            self._counter.cancel(cancelled, now_ns)
            return 0.0
        budget = self._public if is_public else self._weight
        if not is_paced:
            budget.take(weight, now_ns)
            return 0.0
        keep = 0.0 if is_cancel else CANCELS_SHARE
        wait_s = budget.wait_s(weight, now_ns, keep=keep)
        if not wait_s <= self._pacing_s_max:
            return None
        budget.take(weight, now_ns)
        return wait_s

    def read_wait_s(self, now_ns: int, weight: float) -> float:
        """Take `weight` for a read and return 0, or return the seconds until that is possible.

        In the second case nothing is taken, and the caller decides when to try again.
        """
        if self.pause_reason(now_ns, is_cancel=False):
            return (self._pause.until_ns - now_ns) / NS_PER_S
        wait_s = self._weight.wait_s(weight, now_ns, keep=CANCELS_SHARE)
        if not wait_s:
            self._weight.take(weight, now_ns)
        return wait_s

    def pause_reason(self, now_ns: int, *, is_cancel: bool) -> str:
        """Return why no request may be sent now, or "". A cancel is stopped only by a ban."""
        if now_ns >= self._pause.until_ns or (is_cancel and not self._pause.is_ban):
            return ""
        return f"the venue asked for a pause: {self._pause.text}"

    def pause(self, now_ns: int, *, retry_s: float | None, text: str, is_ban: bool) -> None:
        """Pause requests as the venue asked; a longer pause in force stays.

        `retry_s` None: the venue named no time, so PAUSE_S_DEFAULT is used.
        """
        wanted_s = PAUSE_S_DEFAULT if retry_s is None else retry_s
        until_ns = now_ns + int(min(PAUSE_S_MAX, max(PAUSE_S_MIN, wanted_s)) * NS_PER_S)
        if until_ns >= self._pause.until_ns:
            self._pause = _Pause(until_ns, text, is_ban)

    def firewall_refused(self, now_ns: int, status: int) -> None:
        """Pause requests after an HTTP error page that comes from a firewall, not from the venue.

        Each further page doubles the pause. Cancels are not paused.
        """
        self.pause(
            now_ns,
            retry_s=self._firewall.extend(now_ns / NS_PER_S),
            text=f"HTTP {status}: a firewall before the venue refuses our requests",
            is_ban=False,
        )

    def answered(
        self, now_ns: int, status: int, headers: Mapping[str, str], *, is_json: bool
    ) -> None:
        """Apply an HTTP answer: the used budget, and the pause that the venue asks for."""
        self.observe(headers, now_ns)
        if status in RATE_LIMIT_CODES:
            header = next((v for k, v in headers.items() if k.lower() == "retry-after"), "")
            self.pause(
                now_ns,
                retry_s=retry_after_s(header) if header else None,
                text=f"HTTP {status}",
                is_ban=status == BAN_CODE,
            )
        elif status == FORBIDDEN and not is_json:
            self.firewall_refused(now_ns, status)

    def used_share(self, now_ns: int) -> float:
        """Return the used share of the limit that is used most; above 1: overdrawn."""
        buckets = (self._weight, *self._orders.values())
        shares = [1.0 - bucket.tokens(now_ns) / bucket.capacity for bucket in buckets]
        if self._counter is not None:
            shares.append(self._counter.used_share(now_ns))
        return max(shares)

    def active_pause(self, now_ns: int) -> RateLimited | None:
        """Return the pause in force; None if there is none."""
        if now_ns >= self._pause.until_ns:
            return None
        return RateLimited(ts_ns=now_ns, until_ns=self._pause.until_ns, text=self._pause.text)

    def load(self, rules: Sequence[object]) -> None:
        """Apply `rateLimits` of Binance's exchangeInfo; other rows are ignored.

        They arrive repeatedly. An unchanged limit keeps its count.
        """
        for rule in map(as_map, rules):
            unit_s = INTERVAL_S.get(str(rule.get("interval")))
            count, limit_value = decimal(rule.get("intervalNum")), decimal(rule.get("limit"))
            if unit_s is None or count is None or limit_value is None:
                continue  # the former limit stays
            window_s, limit = unit_s * float(count), float(limit_value)
            if not (window_s > 0 and limit > 0):
                continue
            if rule.get("rateLimitType") == "REQUEST_WEIGHT":
                self._weight.resize(capacity=limit, window_s=window_s)
            elif rule.get("rateLimitType") == "ORDERS":
                fresh = TokenBucket(capacity=limit, window_s=window_s)
                bucket = self._orders.setdefault(f"{window_s:g}s", fresh)
                bucket.resize(capacity=limit, window_s=window_s)

    def observe(self, headers: Mapping[str, str], now_ns: int) -> None:
        """Apply Binance's usage headers (`X-MBX-USED-WEIGHT-1M`, `X-MBX-ORDER-COUNT-10S`)."""
        for name, value in headers.items():
            kind, _, interval = name.upper().rpartition("-")
            if not kind.startswith("X-MBX-") or not is_whole_number(value):
                continue
            window_s = interval_s(interval)
            if kind == "X-MBX-USED-WEIGHT" and window_s == self._weight.window_s:
                self._weight.used(float(value), now_ns)
            elif kind == "X-MBX-ORDER-COUNT" and f"{window_s:g}s" in self._orders:
                self._orders[f"{window_s:g}s"].used(float(value), now_ns)

    def learn(self, response: Json) -> None:
        """Apply the rate limits in an answer, if it has any (exchangeInfo)."""
        if "rateLimits" in response:
            self.load(as_list(response["rateLimits"]))


def interval_s(text: str) -> float:
    """Return the seconds of "1M" (minutes), "10S", "1D"; 0 for anything else."""
    number, unit = text[:-1], text[-1:]
    seconds = {"S": 1, "M": 60, "H": 3600, "D": 86_400}.get(unit, 0)
    return float(number) * seconds if is_whole_number(number) else 0.0
