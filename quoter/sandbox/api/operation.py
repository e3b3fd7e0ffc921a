"""Types of requests and operations, independent of the transport."""

from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

from quoter.sandbox.exchange.faults import Endpoint
from quoter.sandbox.exchange.venue import Venue
from quoter.sandbox.protocol.answers import bad_request, missing
from quoter.sandbox.protocol.parameters import Parameters
from quoter.sim.messages import MarketSpec

ROWS_DEFAULT = 500
ROWS_MAX = 1_000
SIGNED_MANDATORY = ("timestamp", "signature")
SIGNED_OPTIONAL = ("recvWindow",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request that passed every check.

    `now_ns` is the time of processing; `clock_ns` is the time that the exchange reports, which
    differs under a CLOCK_SKEW fault.
    """

    venue: Venue
    parameters: Parameters
    api_key: str  # also names the account
    now_ns: int
    clock_ns: int

    def market(self) -> MarketSpec:
        """Return the symbol's specification. Raises ApiError(-1121) if it is not listed."""
        return listed(self.venue, self.parameters.symbol())


type Handler = Callable[[Request], object]  # raises ApiError for what Binance refuses
type Weigh = Callable[[Parameters], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One kind of request: its handler, parameters, weight and checks."""

    name: str
    endpoint: Endpoint
    handler: Handler
    weight: int = 1
    weigh: Weigh | None = None  # where the weight depends on the parameters
    signed: bool = False
    mandatory: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    new_orders: bool = False  # counts against the order limits
    logged: bool = False  # goes into the wire log

    def cost(self, parameters: Parameters) -> int:
        """Return the weight of a request with these parameters."""
        return self.weight if self.weigh is None else self.weigh(parameters)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request as received by a transport.

    payload: the text that the signature covers. A request on a socket that is logged on needs no
    signature, because its key is that of the session.
    """

    operation: Operation
    parameters: Parameters
    api_key: str
    payload: str
    transport: str
    received_ns: int
    is_logged_on: bool = False
    delays_after_s: list[float] = field(default_factory=list)  # delays of the answer, set by faults


def listed(venue: Venue, symbol: str) -> MarketSpec:
    """Return a symbol's specification. Raises ApiError(-1121) if it is not listed."""
    market = venue.market(symbol)
    if market is None:
        raise bad_request(-1121, "Invalid symbol.")
    return market


def symbols(parameters: Parameters) -> list[str]:
    """Return the requested symbols, from `symbol` or the list `symbols`; an empty result means all.

    Raises ApiError for an unreadable list or one with duplicates.
    """
    if "symbol" in parameters:
        return [parameters.symbol()]
    if "symbols" not in parameters:
        return []
    try:
        chosen = msgspec.json.decode(parameters.text("symbols"), type=list[str])
    except msgspec.DecodeError:
        raise missing("symbols") from None
    if len(set(chosen)) != len(chosen):
        raise bad_request(-1151, "Symbol is present multiple times in the list.")
    return chosen


def limited(parameters: Parameters) -> int:
    """Return the `limit` parameter, or ROWS_DEFAULT. Raises ApiError(-1130) outside 1..ROWS_MAX."""
    limit = parameters.integer("limit", ROWS_DEFAULT)
    if not 1 <= limit <= ROWS_MAX:
        raise bad_request(-1130, "Data sent for parameter 'limit' is not valid.")
    return limit
