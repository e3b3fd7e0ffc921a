"""Verification of serialised creates against the approved orders (PT-09, PT-11).

A difference is a breach: the request is not sent, the gate closes, and the engine kills.
"""

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from decimal import Decimal
from urllib.parse import parse_qsl, unquote, urlsplit

from quoter.domain.commands import OrderIntent, PlaceOrder, TimeInForce
from quoter.domain.market import Side
from quoter.venues.egress.gate import Call, EgressGate
from quoter.venues.json_values import decimal
from quoter.venues.profiles import ClientIds, VenueProfile

# Further fields that the form may contain: validity, kind of answer, signature.
BINANCE_FREE = frozenset({"newOrderRespType", "recvWindow", "timestamp", "signature"})
SIDE_WORDS = {Side.BUY: {"buy", "bid"}, Side.SELL: {"sell", "ask"}}
POST_ONLY_VALUE = re.compile(r"(?i)(post(_?only)?|poc|po|limit_maker|maker(_only)?|alo|gtx)")
POST_ONLY_NAME = re.compile(r"(?i)post_?only")
IOC_WORD = re.compile(r"(?i)(ioc(_order)?|immediate_?or_?cancel)")
LEAVES_MAX = 200  # values of one request; a request with more is no order
# Field names that ccxt 4.5.90 writes for the venues, in lower case, without - and _.
PRICE_NAMES = frozenset({"price", "px", "rate", "limitprice", "orderprice"})
SIZE_NAMES = frozenset(
    {"amount", "size", "sz", "quantity", "qty", "volume", "vol"}
    | {"basesize", "orderqty", "orderquantity", "ordersize", "orderamount", "origqty"}
)
SIDE_NAMES = frozenset({"side", "orderside"})
KIND_NAMES = frozenset({"type", "ordertype", "ordtype"})  # some venues put the side there
SELF_TRADE_WORDS = {  # ccxt's name of the mode: the venues' words for it
    "EXPIRE_MAKER": frozenset({"expiremaker", "cancelmaker", "rejectmaker"}),
    "EXPIRE_BOTH": frozenset({"expireboth", "cancelboth", "rejectboth"}),
}
MANY = "a list of orders"  # name of the leaf that marks such a list

type Leaves = list[tuple[str, str]]  # names and values
# OrderIntent: only in trial requests, which are not sent
type OrderTerms = OrderIntent | PlaceOrder


class BinanceCreate:
    """Comparison of a POST /api/v3/order with the registered order, field by field."""

    def __init__(self, venue_symbol: str, self_trade: str) -> None:
        self._venue_symbol, self._self_trade = venue_symbol, self_trade

    def __call__(self, gate: EgressGate, call: Call, url: str, body: str) -> None:
        """Raise EgressBlocked, with the first difference, unless it is the approved order."""
        _check(self, gate, call, url, body)

    def difference(self, order: OrderTerms, url: str, body: str) -> str:
        """Describe the first difference; empty if there is none."""
        if not url.endswith("/order"):
            return f"a new order must be sent to …/order, not to {url.partition('?')[0]}"
        rows = parse_qsl(body, keep_blank_values=True)
        form, expected = dict(rows), self._expected(order)
        unknown = form.keys() - expected.keys() - BINANCE_FREE
        if unknown or len(form) != len(rows):
            return f"unapproved fields {sorted(unknown)}" if unknown else "a field sent twice"
        for name, value in expected.items():
            sent = form.get(name, "")
            same = decimal(sent) == value if isinstance(value, Decimal) else sent == value
            if not same:
                return f"{name} is {sent or 'empty'}, but {value} was approved"
        return ""

    def _expected(self, order: OrderTerms) -> dict[str, str | Decimal]:
        kind = {"type": "LIMIT_MAKER"}  # it has no time in force
        if order.time_in_force is TimeInForce.IOC:
            kind = {"type": "LIMIT", "timeInForce": "IOC"}
        return {
            **kind,
            "symbol": self._venue_symbol,
            "side": order.side.value,
            "newClientOrderId": order.client_id,
            "price": order.price,
            "quantity": order.size,
            "selfTradePreventionMode": self._self_trade,
        }


class GenericCreate:
    """Comparison for other venues: the request must contain all approved values, of one order only.

    Each of these must be a value of its own in path, query or body: market, side, price, size, and
    a word for post-only (or for immediate-or-cancel, if approved). Our client id must be the value
    of the venue's id field. Words for the other side or the other kind must not occur. A field with
    a known name must have the right value and occur once. A value is searched in other fields only
    if no field has a known name. Creates are refused at venues that sign a rounded price, express
    the side by a sign or drop our id; tests name some venues that pass.
    """

    def __init__(self, venue_symbol: str, ids: ClientIds | None, self_trade: str = "") -> None:
        """`venue_symbol`: the venue's name of the market. `ids`: where it keeps our client ids.

        Without `ids` every create is refused, because its order could not be found again.
        `self_trade`: ccxt's name of the requested self-trade prevention; empty if none.
        """
        self._venue_symbol, self._ids = venue_symbol.lower(), ids
        self._self_trade = SELF_TRADE_WORDS[self_trade] if self_trade else frozenset()

    def __call__(self, gate: EgressGate, call: Call, url: str, body: str) -> None:
        """Raise EgressBlocked, with all differences, unless the request is the approved order."""
        _check(self, gate, call, url, body)

    def difference(self, order: OrderTerms, url: str, body: str) -> str:
        """Describe what the request lacks; empty if it lacks nothing."""
        leaves = list(leaves_of(url, body))
        missing = _missing(order, leaves, self._venue_symbol)
        if self._ids is None or not is_only_id(leaves, self._ids, order.client_id):
            missing.append("our client id in the venue's id field")
        if self._self_trade and all(_plain(value) not in self._self_trade for _, value in leaves):
            missing.append("self-trade prevention")
        return f"the request lacks {', '.join(missing)}" if missing else ""


type CreateCheck = BinanceCreate | GenericCreate


def _check(check: CreateCheck, gate: EgressGate, call: Call, url: str, body: str) -> None:
    order = gate.intent(call.client_id)
    if order is None:
        raise gate.breach(f"no intent is registered for {call.client_id!r}")
    if text := check.difference(order, url, body):
        raise gate.breach(f"{call.client_id}: {text}")


def create_check(profile: VenueProfile, venue_symbol: str) -> CreateCheck:
    """Return the comparison of creates with approved orders for one market."""
    if profile.family == "binance":
        return BinanceCreate(venue_symbol, profile.self_trade)
    return GenericCreate(venue_symbol, profile.ids, profile.self_trade)


def _missing(order: OrderTerms, leaves: Leaves, venue_symbol: str) -> list[str]:
    """Return the names of the parts of an order that a request lacks or contradicts."""
    words = {value.lower() for _, value in leaves}
    ours, other = SIDE_WORDS[order.side], SIDE_WORDS[order.side.opposite]
    is_post_only = order.time_in_force is TimeInForce.POST_ONLY
    has_post_only = any(_is_post_only(name, value) for name, value in leaves)
    has_ioc = any(_is_ioc(name, value) for name, value in leaves)
    has_price, has_size = _has_numbers(order, leaves)
    checks = (
        ("market", venue_symbol in words),
        ("side", bool(words & ours) and all(v.lower() in ours for v in _of(leaves, SIDE_NAMES))),
        ("only this side", not words & other),
        ("a kind of order", all(_is_kind(value, ours) for value in _of(leaves, KIND_NAMES))),
        ("price", has_price),
        ("size", has_size),
        ("post-only" if is_post_only else "IOC", has_post_only if is_post_only else has_ioc),
        ("only this kind", not (has_ioc if is_post_only else has_post_only)),
        ("a single order", (MANY, "") not in leaves and len(leaves) < LEAVES_MAX),
    )
    return [name for name, is_there in checks if not is_there]


def is_only_id(leaves: Leaves, ids: ClientIds, client_id: str) -> bool:
    """Whether our client id is in the venue's id field, and in no other field."""
    found = [(name, value) for name, value in leaves if client_id in value]
    return found == [(ids.create_field, ids.written(client_id))]


def _of(leaves: Leaves, names: frozenset[str]) -> list[str]:
    """Return the values of the fields that have one of these names."""
    return [value for name, value in leaves if _plain(name) in names]


def _plain(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "")


def _has_numbers(order: OrderTerms, leaves: Leaves) -> tuple[bool, bool]:
    """Whether price and size are right: in fields with a known name, else in any other field."""
    named = PRICE_NAMES | SIZE_NAMES
    rest = [decimal(value) for name, value in leaves if _plain(name) not in named]
    found = []
    for names, approved in ((PRICE_NAMES, order.price), (SIZE_NAMES, order.size)):
        if values := _of(leaves, names):
            found.append([decimal(value) for value in values] == [approved])
        elif is_there := approved in rest:
            rest.remove(approved)  # one value can't be both
            found.append(is_there)
        else:
            found.append(False)
    return found[0], found[1]


def _is_kind(value: str, ours: set[str]) -> bool:
    """Whether an order type is limit, or a word that is checked elsewhere; not market or stop."""
    is_ours = value.lower() in ours | {"limit"}
    return is_ours or bool(POST_ONLY_VALUE.fullmatch(value) or IOC_WORD.fullmatch(value))


def _is_post_only(name: str, value: str) -> bool:
    if POST_ONLY_NAME.fullmatch(name):
        return value.lower() in ("true", "1")
    flags = value.split(",")  # Kraken's value may hold several
    return any(POST_ONLY_VALUE.fullmatch(flag) for flag in flags)


def _is_ioc(name: str, value: str) -> bool:
    if IOC_WORD.fullmatch(name):
        return value.lower() in ("true", "1")
    return IOC_WORD.fullmatch(value) is not None


def leaves_of(url: str, body: str) -> Iterator[tuple[str, str]]:
    """Yield (name, value) for every value of a request: path segments, query, form or JSON."""
    parts = urlsplit(url)
    yield from (("", unquote(segment)) for segment in parts.path.split("/"))
    yield from parse_qsl(parts.query)
    try:
        parsed = json.loads(body) if body else {}
    except ValueError:
        for name, value in parse_qsl(body):
            yield from _json_leaves(name, value)
    else:
        yield from _json_leaves("", parsed, is_top=True)


def _json_leaves(name: str, value: object, *, is_top: bool = False) -> Iterator[tuple[str, str]]:
    """Yield the values of JSON, also of JSON inside a string, which some venues use for lists."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        with suppress(ValueError):
            value = json.loads(value)
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _json_leaves(str(key), inner)
    elif isinstance(value, list):
        if len(value) > 1 and (is_top or any(isinstance(v, dict | list) for v in value)):
            yield MANY, ""
        for inner in value:
            yield from _json_leaves(name, inner)
    elif isinstance(value, bool):
        yield name, str(value).lower()
    elif value is not None:
        yield name, str(value)
