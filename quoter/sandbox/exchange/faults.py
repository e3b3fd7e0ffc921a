"""Faults of the exchange: armed by tests, matched against requests and events, and counted.

A fault matches by endpoint, symbol, API key and event type (empty: all). It ignores the first
`skip` matches, then fires with `probability`, at most `count` times and until `duration_s` after it
was armed. F-numbers refer to the fault catalogue in deploy/docs/reliability.md.
"""

import random
from collections.abc import Callable, Iterator
from copy import replace
from enum import StrEnum
from typing import Annotated

import msgspec

from quoter.domain.units import NS_PER_S
from quoter.sandbox.protocol.payloads import Json
from quoter.sim.messages import DepthBook, DepthNews

ARMED_MAX = 256
BOOK_SIDES = ("bids", "asks")
SHIFT_MAX = 1_000_000_000_000

Seconds = Annotated[float, msgspec.Meta(ge=0, le=3_600)]
Skew = Annotated[float, msgspec.Meta(ge=-3_600, le=3_600)]  # seconds
Count = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]


class FaultKind(StrEnum):
    """Kinds of faults; `fault_kinds.py` says what each does."""

    ACCEPT_DROP_RESPONSE = "accept_drop_response"  # F-01
    DELAY = "delay"  # F-02
    ERROR_BEFORE = "error_before"  # F-03
    ERROR_AFTER_ACCEPT = "error_after_accept"  # F-04
    GARBLED = "garbled"
    BODY_SLOW = "body_slow"
    BODY_HUGE = "body_huge"
    FIELD_VALUE = "field_value"  # F-50
    FIELD_ABSENT = "field_absent"
    LIST_OLD = "list_old"  # F-46
    LIST_HALF = "list_half"  # F-46
    LIST_FOREIGN = "list_foreign"  # F-46
    PAGE_BEFORE = "page_before"
    RESET_BEFORE = "reset_before"  # F-05
    ORDER_NOT_FOUND = "order_not_found"  # F-07
    USER_EVENT_DROP = "user_event_drop"  # F-12
    USER_EVENT_DUPLICATE = "user_event_duplicate"  # F-12
    USER_EVENT_DELAY = "user_event_delay"  # F-12
    TRADES_LAG = "trades_lag"  # F-15
    RATE_LIMIT_429 = "rate_limit_429"  # F-17
    BAN_418 = "ban_418"  # F-17
    DEPTH_GAP = "depth_gap"  # F-19
    DEPTH_CORRUPT = "depth_corrupt"
    DEPTH_IDS_SHIFTED = "depth_ids_shifted"
    SNAPSHOT_IDS_SHIFTED = "snapshot_ids_shifted"
    ONE_SIDED_BOOK = "one_sided_book"
    MARKET_FRAMES_DROP = "market_frames_drop"
    MARKET_FRAMES_UNREADABLE = "market_frames_unreadable"
    SILENT_SOCKET = "silent_socket"  # F-13 F-21
    CLOSE_SOCKET = "close_socket"  # F-24
    REFUSE_SOCKET = "refuse_socket"  # F-48
    CLOCK_SKEW = "clock_skew"  # F-27


class Endpoint(StrEnum):
    """Kinds of requests, independent of the transport."""

    CREATE = "create"
    CANCEL = "cancel"
    CANCEL_ALL = "cancel_all"
    REPLACE = "replace"
    AMEND = "amend"
    QUERY = "query"
    OPEN_ORDERS = "open_orders"
    ALL_ORDERS = "all_orders"
    TRADES = "trades"
    ACCOUNT = "account"
    KEY_RIGHTS = "key_rights"
    DEPTH = "depth"
    MARKET = "market"  # every other public request
    SUBSCRIBE = "subscribe"  # the user stream


class SocketKind(StrEnum):
    """The two kinds of websockets."""

    MARKET = "market"
    USER = "user"  # the websocket API, which carries the user stream


# Kinds that act once, when they are armed, however often `count` says.
IMMEDIATE = frozenset({FaultKind.CLOSE_SOCKET})


class Fault(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """One fault to arm; the admin API's JSON body has these names."""

    kind: FaultKind
    count: Count | None = None
    probability: Annotated[float, msgspec.Meta(gt=0, le=1)] = 1.0
    skip: Annotated[int, msgspec.Meta(ge=0)] = 0
    duration_s: Seconds | None = None
    endpoint: Endpoint | None = None
    symbol: str = ""
    api_key: str = ""
    # executionReport, outboundAccountPosition, or an execution type such as TRADE; for market data
    # depth, bookTicker, trade or aggTrade
    event: str = ""
    socket: SocketKind | None = None
    delay_s: Seconds = 0.0
    delay_after_s: Seconds = 0.0
    lag_s: Seconds = 5.0
    skew_s: Skew = 0.0
    shift: Annotated[int, msgspec.Meta(ge=-SHIFT_MAX, le=SHIFT_MAX)] = 0  # update ids
    retry_after_s: Annotated[int, msgspec.Meta(ge=0, le=3_600)] = 1
    status: Annotated[int, msgspec.Meta(ge=400, le=599)] = 503
    code: int = -1007
    text: str = ""
    value: object = None  # any JSON
    content_type: str = "application/json"
    size_mb: Annotated[int, msgspec.Meta(ge=1, le=1_024)] = 300


class Armed:
    """An armed fault with its counters."""

    def __init__(self, fault_id: int, fault: Fault, armed_ns: int) -> None:
        self.fault_id, self.fault, self.armed_ns = fault_id, fault, armed_ns
        self.matched = self.fired = 0
        self.is_cleared = False
        # lists as first answered, by request, symbol and API key
        self.old: dict[tuple[str, str, str], object] = {}

    def is_active(self, now_ns: int) -> bool:
        """Whether the fault has neither expired nor been cleared.

        For this time sockets that it silenced stay silent, even if it is exhausted and fires no
        more.
        One of the kinds that act when they are armed is over at once.
        """
        if self.fault.kind in IMMEDIATE:
            return False
        duration_s = self.fault.duration_s
        is_over = duration_s is not None and now_ns - self.armed_ns > duration_s * NS_PER_S
        return not self.is_cleared and not is_over

    def is_exhausted(self) -> bool:
        """Whether the fault has fired `count` times; False without a `count`."""
        return self.fault.count is not None and self.fired >= self.fault.count

    def row(self, now_ns: int) -> Json:
        """Return the fault's row in the admin API's list."""
        specification: Json = msgspec.to_builtins(self.fault)
        return specification | {
            "id": self.fault_id,
            "matched": self.matched,
            "fired": self.fired,
            "active": self.is_active(now_ns) and not self.is_exhausted(),
        }


class Faults:
    """All armed faults, with a seeded random generator for those that fire with a probability."""

    def __init__(self, *, seed: int, clock: Callable[[], int]) -> None:
        self._random = random.Random(seed)
        self._clock = clock
        self._armed: dict[int, Armed] = {}
        self._next_id = 1

    def arm(self, fault: Fault) -> Armed:
        """Arm a fault. Raises ValueError if ARMED_MAX faults are armed already."""
        if len(self._armed) >= ARMED_MAX:
            raise ValueError(f"more than {ARMED_MAX} faults: clear some first")
        armed = Armed(self._next_id, fault, self._clock())
        self._armed[armed.fault_id] = armed
        self._next_id += 1
        return armed

    def clear(self, fault_id: int | None = None) -> int:
        """Remove one fault, or all; return how many were removed."""
        ids = list(self._armed) if fault_id is None else [fault_id]
        gone = [self._armed.pop(each) for each in ids if each in self._armed]
        for armed in gone:
            armed.is_cleared = True
        return len(gone)

    def rows(self) -> list[Json]:
        """Return every fault with its counters."""
        return [armed.row(self._clock()) for armed in self._armed.values()]

    def take(
        self,
        kind: FaultKind,
        *,
        endpoint: Endpoint | None = None,
        symbol: str = "",
        api_key: str = "",
        events: tuple[str, ...] = (),
        socket: SocketKind | None = None,
    ) -> Armed | None:
        """Return the first matching fault that fires now, and count it; `None` if none does."""
        for armed in self._active(kind):
            fault = armed.fault
            is_match = (
                (fault.endpoint is None or fault.endpoint is endpoint)
                and fault.symbol in ("", symbol)
                and fault.api_key in ("", api_key)
                and (not fault.event or fault.event in events)
                and (fault.socket is None or fault.socket is socket)
            )
            if not is_match:
                continue
            armed.matched += 1
            if armed.matched > fault.skip and self._random.random() < fault.probability:
                armed.fired += 1
                return armed
        return None

    def _active(self, kind: FaultKind) -> Iterator[Armed]:
        now_ns = self._clock()
        for armed in self._armed.values():
            if armed.fault.kind is kind and armed.is_active(now_ns) and not armed.is_exhausted():
                yield armed


def emptied(fault: Fault) -> tuple[str, ...]:
    """Return the sides that a ONE_SIDED_BOOK fault empties: the side that it names, or both."""
    return (fault.event,) if fault.event else BOOK_SIDES


def without[Sides: (DepthNews, DepthBook)](book: Sides, fault: Fault) -> Sides:
    """Return a book or a diff without the sides that a ONE_SIDED_BOOK fault empties."""
    sides = emptied(fault)
    return replace(
        book,
        bids=() if "bids" in sides else book.bids,
        asks=() if "asks" in sides else book.asks,
    )


def with_field(answer: object, fault: Fault) -> object:
    """Return a JSON answer in which each field `fault.text` has the fault's value or is missing."""
    if isinstance(answer, list):
        return [with_field(each, fault) for each in answer]
    if not isinstance(answer, dict):
        return answer
    is_kept = fault.kind is FaultKind.FIELD_VALUE
    return {
        key: fault.value if key == fault.text else with_field(value, fault)
        for key, value in answer.items()
        if is_kept or key != fault.text
    }
