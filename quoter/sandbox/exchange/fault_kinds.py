"""Effect of each kind of fault, and the fields that it has besides those of every fault.

The table of deploy/docs/sandbox.md and `quoter sandbox fault kinds` show these texts.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from quoter.sandbox.exchange.faults import FaultKind

# Fields of every fault: what it affects, and how often it fires.
COMMON_FIELDS = (
    "endpoint",
    "symbol",
    "api_key",
    "event",
    "socket",
    "skip",
    "count",
    "probability",
    "duration_s",
)


class Description(NamedTuple):
    """The effect of a kind of fault, and the fields that it has besides COMMON_FIELDS."""

    effect: str
    fields: tuple[str, ...] = ()


DESCRIPTIONS: Mapping[FaultKind, Description] = MappingProxyType(
    {
        FaultKind.ACCEPT_DROP_RESPONSE: Description(
            "executed; the connection closes without an answer"
        ),
        FaultKind.DELAY: Description(
            "executed `delay_s` late, answered `delay_after_s` after that",
            ("delay_s", "delay_after_s"),
        ),
        FaultKind.ERROR_BEFORE: Description(
            "not executed, answered with an error", ("status", "code", "text")
        ),
        FaultKind.ERROR_AFTER_ACCEPT: Description(
            "executed, answered with an error", ("status", "code", "text")
        ),
        FaultKind.RESET_BEFORE: Description("not executed, connection reset"),
        FaultKind.GARBLED: Description(
            "executed, answered with status 200 and `text`: a page, wrong JSON, other rules of the "
            "market",
            ("text", "content_type"),
        ),
        FaultKind.PAGE_BEFORE: Description(
            "not executed, answered with a page: maintenance (503), firewall (403)",
            ("status", "text"),
        ),
        FaultKind.BODY_SLOW: Description(
            "executed; the answer arrives byte by byte, `delay_s` apart", ("delay_s",)
        ),
        FaultKind.BODY_HUGE: Description(
            "executed; the answer is padded with blanks to `size_mb`", ("size_mb",)
        ),
        FaultKind.FIELD_VALUE: Description(
            'the fields named `text` have `value` (null without it): "NaN", a list',
            ("text", "value"),
        ),
        FaultKind.FIELD_ABSENT: Description("the fields named `text` are missing", ("text",)),
        FaultKind.LIST_OLD: Description("a list is repeated as it was when the fault first fired"),
        FaultKind.LIST_HALF: Description("the newer half of a list's rows is missing"),
        FaultKind.LIST_FOREIGN: Description("the list is that of another account"),
        FaultKind.ORDER_NOT_FOUND: Description(
            "an order younger than `lag_s` is not found", ("lag_s",)
        ),
        FaultKind.TRADES_LAG: Description("trades younger than `lag_s` are not listed", ("lag_s",)),
        FaultKind.USER_EVENT_DROP: Description("an event of the user stream is not sent"),
        FaultKind.USER_EVENT_DUPLICATE: Description("an event of the user stream is sent twice"),
        FaultKind.USER_EVENT_DELAY: Description(
            "an event of the user stream is `delay_s` late; later ones arrive first", ("delay_s",)
        ),
        FaultKind.RATE_LIMIT_429: Description(
            "refused with status 429 and Retry-After", ("retry_after_s",)
        ),
        FaultKind.BAN_418: Description(
            "refused with status 418 and Retry-After", ("retry_after_s",)
        ),
        FaultKind.DEPTH_GAP: Description("a depth update is not sent"),
        FaultKind.DEPTH_CORRUPT: Description("one price of a depth update is wrong by a tick"),
        FaultKind.DEPTH_IDS_SHIFTED: Description(
            "update ids of depth updates are `shift` too high: they skip ahead, or run back",
            ("shift",),
        ),
        FaultKind.SNAPSHOT_IDS_SHIFTED: Description(
            "the update id of a depth snapshot is `shift` too high", ("shift",)
        ),
        FaultKind.ONE_SIDED_BOOK: Description(
            "the side `event` (bids, asks), or both, is empty in depth, snapshots and best prices"
        ),
        FaultKind.MARKET_FRAMES_DROP: Description(
            "market data (`event`: depth, bookTicker, trade, aggTrade) is not sent; pings are "
            "answered"
        ),
        FaultKind.MARKET_FRAMES_UNREADABLE: Description(
            "`text` is sent in place of market data", ("text",)
        ),
        FaultKind.SILENT_SOCKET: Description("sockets stay open, nothing is sent, not even pongs"),
        FaultKind.CLOSE_SOCKET: Description("sockets are closed"),
        FaultKind.REFUSE_SOCKET: Description(
            "a new socket is answered with a page", ("status", "text")
        ),
        FaultKind.CLOCK_SKEW: Description(
            "requests see a clock `skew_s` ahead of the streams'", ("skew_s",)
        ),
    }
)
