"""What every request has in common, whichever transport brought it."""

from collections.abc import Callable
from dataclasses import dataclass, field

from quoter.sandbox.exchange.faults import Endpoint
from quoter.sandbox.exchange.venue import Venue
from quoter.sandbox.protocol.answers import bad_request
from quoter.sandbox.protocol.parameters import Parameters
from quoter.sim.messages import MarketSpec

SIGNED_MANDATORY = ("timestamp", "signature")
SIGNED_OPTIONAL = ("recvWindow",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request that passed every check; `now_ns` is when the venue deals with it.

    `clock_ns` is what the venue says that the time is.
    """

    venue: Venue
    parameters: Parameters
    api_key: str  # the account's name as well
    now_ns: int
    clock_ns: int

    def market(self) -> MarketSpec:
        """Terms of the request's symbol. Raises ApiError(-1121) if it is not listed."""
        return listed(self.venue, self.parameters.symbol())


type Handler = Callable[[Request], object]
type Weigh = Callable[[Parameters], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One thing that can be asked for, with the names it takes and what it costs."""

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
        """Request weight."""
        return self.weight if self.weigh is None else self.weigh(parameters)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request as a transport received it; `sign` knows the raw bytes that were signed."""

    operation: Operation
    parameters: Parameters
    api_key: str
    sign: Callable[[str], str]  # secret -> the signature this payload must carry
    transport: str
    received_ns: int
    delays_after_s: list[float] = field(default_factory=list)  # faults that strike on the way back


def listed(venue: Venue, symbol: str) -> MarketSpec:
    """Terms of a symbol. Raises ApiError(-1121) if it is not listed."""
    market = venue.market(symbol)
    if market is None:
        raise bad_request(-1121, "Invalid symbol.")
    return market


def limited(parameters: Parameters, *, default: int, most: int) -> int:
    """The `limit` parameter. Raises ApiError(-1130) outside 1..most."""
    limit = parameters.integer("limit", default)
    if not 1 <= limit <= most:
        raise bad_request(-1130, "Data sent for parameter 'limit' is not valid.")
    return limit
