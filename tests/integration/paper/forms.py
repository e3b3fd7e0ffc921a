"""What one venue adds to the paper exchange: paths, field names, envelopes, errors, frames.

A form holds tables, from a field's name to its value or to a function of an order or a trade, and
small functions that put rows into the venue's envelopes. All names come from the venue's
documentation, as ccxt's parsers quote it; `test_paper_forms.py` compares them with recordings.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar
from urllib.parse import parse_qsl

from tests.integration.paper.exchange import LOT, News, Order, PaperExchange, Refusal, Refused

type Json = dict[str, object]
type Table[T] = Mapping[str, str | int | float | bool | list[object] | Callable[[T], object] | None]
type Handler = Callable[["Request"], object]

KEY, PASSWORD = "paper-key", "paper-password"
SECRET = "cGFwZXItc2VjcmV0LXBhcGVyLXNlY3JldA=="  # noqa: S105 - opens nothing; base64, as Kraken's


class Op(StrEnum):
    """Kind of a request, for faults and for the log."""

    CREATE = "create"
    CANCEL = "cancel"
    QUERY = "query"
    OPEN_ORDERS = "open_orders"
    TRADES = "trades"
    BALANCES = "balances"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request. `host` is the venue's name of the host that it was meant for."""

    method: str
    host: str
    path: str
    query: str
    body: str
    headers: Mapping[str, str]

    @property
    def fields(self) -> dict[str, str]:
        """Query and body together; JSON values as text, of a JSON list its first row."""
        found = dict(parse_qsl(self.query))
        if self.body[:1] in ("{", "["):
            decoded = json.loads(self.body)
            row = decoded[0] if isinstance(decoded, list) else decoded
            return found | {name: str(value) for name, value in row.items()}
        return found | dict(parse_qsl(self.body))


@dataclass(frozen=True, slots=True)
class Route:
    """Answer of one method and path; public ones need no signature."""

    answer: Handler
    op: Op = Op.OTHER
    is_public: bool = False


@dataclass(slots=True, eq=False)
class Socket:
    """A client's websocket. `topics` are what it has subscribed to, in the venue's words."""

    host: str
    path: str
    send: Callable[[object], None]
    topics: set[str] = field(default_factory=set)
    is_authenticated: bool = False


def encode[T](table: Table[T], of: T) -> Json:
    """Return a row: constants as they are, functions called with `of`."""
    return {name: value(of) if callable(value) else value for name, value in table.items()}


class Form(ABC):
    """One venue's forms over a market."""

    exchange: ClassVar[str]  # ccxt's id
    market_id: ClassVar[str]
    page_orders_max: ClassVar[int]  # rows of one page at most, whatever was asked for; 0: no pages
    page_trades_max: ClassVar[int]
    post_only_ends_later: ClassVar[bool] = False
    fee_in_quote: ClassVar[bool] = False
    lot: ClassVar[Decimal] = LOT
    routes: Mapping[str, Route]  # by "METHOD /path"; a last segment `*` stands for any

    def __init__(self, market: PaperExchange) -> None:
        self.market = market
        self.page_rows_max = 0  # a fault: pages smaller than documented; 0: as documented

    @staticmethod
    def venue_id(number: int) -> str:
        """Return the venue's order id of the account's order of this number."""
        return str(1_800_000_000_000_000_000 + number)

    @abstractmethod
    def is_signed(self, request: Request) -> bool:
        """Whether key and signature of a request are right."""

    @abstractmethod
    def refusal(self, why: Refusal, request: Request) -> tuple[int, object]:
        """Return HTTP status and body of a refused request."""

    def connected(self, socket: Socket) -> list[object]:
        """Return the frames that a new connection begins with."""
        del socket
        return []

    @abstractmethod
    def receive(self, socket: Socket, frame: str) -> list[object]:
        """Return the answers to a client's frame; texts are sent as they are."""

    @abstractmethod
    def news(self, news: News, socket: Socket) -> list[object]:
        """Return the frames that tell this socket what happened."""

    @staticmethod
    def found(order: Order | None) -> Order:
        """Return an order that must exist. Raises Refused."""
        if order is None:
            raise Refused(Refusal.NOT_FOUND)
        return order

    def page[T](self, rows: Sequence[T], *, limit: int, most: int, skip: int = 0) -> Sequence[T]:
        """Return one page of a list, newest first. Raises Refused for a limit above `most`."""
        if not 0 < limit <= most:
            raise Refused(Refusal.BAD_REQUEST)
        return rows[skip : skip + min(limit, self.page_rows_max or limit)]

    def route(self, request: Request) -> Route | None:
        """Return the route of a request."""
        exact = self.routes.get(f"{request.method} {request.path}")
        folder = request.path.rpartition("/")[0]
        return exact or self.routes.get(f"{request.method} {folder}/*")
