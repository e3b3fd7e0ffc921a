"""Conversion of ccxt's dictionaries into events and amounts; None for what can't be parsed.

Balances and the answer to a create raise BadAnswer instead. An absent number is never taken as
zero: without it there is no event. Everything is copied here, because ccxt returns live objects of
its caches.
"""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

from quoter.domain.errors import BadAnswer
from quoter.domain.events import Fill, OrderDone, OrderOpen
from quoter.domain.market import Side
from quoter.domain.orders import VenueOrder
from quoter.domain.reasons import DoneReason
from quoter.venues.answers import fields, has_list
from quoter.venues.json_values import ZERO, Json, as_map, at_path, decimal, first_decimal, text
from quoter.venues.profiles import UNIFIED, BalanceForm, VenueProfile

_SIDES = {"buy": Side.BUY, "sell": Side.SELL}
_ENDS = {
    "closed": DoneReason.FILLED,
    "canceled": DoneReason.CANCELED,
    "expired": DoneReason.EXPIRED,
    "rejected": DoneReason.REJECTED,
}
_LIVE = frozenset({"open", "canceling"})
NO_ID = "-"  # Binance writes -1 where there is no trade; no venue has ids below zero


def acknowledged_id(answer: object, sent_id: str, profile: VenueProfile) -> str:
    """Return the venue's id of a create that it acknowledged. Raises BadAnswer.

    An answer without an id, or with the client id of another order, acknowledges nothing.
    """
    raw = fields(answer)
    venue_id, named = text(raw.get("id")), client_id(raw, profile)
    if not venue_id:
        raise BadAnswer("the answer to a create names no order")
    if named and sent_id not in named:  # some venues put their own prefix before it
        raise BadAnswer(f"the answer to the create of {sent_id} names {named}")
    return venue_id


def venue_order(raw: Json, profile: VenueProfile) -> VenueOrder | None:
    """Return an order of any status; None without side, price, size or filled size.

    Exact numbers come from the venue's own fields, where the profile names them.
    """
    side = _SIDES.get(text(raw.get("side")))
    price, size, filled = (
        exact(raw, name, profile.order_fields) for name in ("price", "amount", "filled")
    )
    if side is None or price is None or size is None or filled is None:
        return None
    name = client_id(raw, profile)
    return VenueOrder(
        client_id=name,
        venue_id=text(raw.get("id")),
        side=side,
        price=price,
        size=size,
        filled=filled,
        reported_id=name,
    )


def order_event(raw: Json, profile: VenueProfile, ts_ns: int) -> OrderOpen | OrderDone | None:
    """Return OrderOpen or OrderDone for an order dictionary of ccxt.

    None if the status is unknown, or if a number that the event needs is missing.
    """
    status, order = _status(raw, profile), venue_order(raw, profile)
    if status in _LIVE:
        return OrderOpen(ts_ns=ts_ns, order=order) if order else None
    reason = _ENDS.get(status)
    filled = exact(raw, "filled", profile.order_fields)
    if reason is None or filled is None:
        return None
    is_short = order is not None and filled < order.size
    if reason is DoneReason.FILLED and is_short and not _says_filled(raw, profile):
        reason = DoneReason.CANCELED  # ccxt calls a partly filled, cancelled order "closed" too
    return OrderDone(
        ts_ns=ts_ns,
        client_id=client_id(raw, profile),
        reason=reason,
        filled=filled,
        venue_id=text(raw.get("id")),
    )


def _says_filled(raw: Json, profile: VenueProfile) -> bool:
    """Whether the venue's own word says that the order was filled whole."""
    info = as_map(raw.get("info"))
    return any(text(info.get(name)) == word for name, word in profile.filled_words.items())


def _status(raw: Json, profile: VenueProfile) -> str:
    """Return an order's status in ccxt's terms; an unknown status is returned unchanged."""
    status = text(raw.get("status"))
    if status in _LIVE or status in _ENDS:
        return status
    info = as_map(raw.get("info"))
    words = (text(info.get(name)) for name in profile.status_fields)
    return next((profile.statuses[word] for word in words if word in profile.statuses), status)


def fill(raw: Json, profile: VenueProfile, ts_ns: int) -> Fill | None:
    """Return one of our executions; None unless id, side, price, size and fee are present."""
    trade_id, side = text(raw.get("id")), _trade_side(raw, profile)
    price, size = (exact(raw, name, profile.trade_fields) for name in ("price", "amount"))
    if (
        not trade_id
        or trade_id.startswith(NO_ID)
        or side is None
        or price is None
        or size is None
        or not size > 0
    ):
        return None
    fee, fee_asset = _fee(raw, profile)
    if fee is None or (fee and not fee_asset):  # an absent fee is not a fee of zero
        return None
    return Fill(
        ts_ns=ts_ns,
        trade_id=trade_id,
        client_id=client_id(raw, profile),
        venue_id=text(raw.get("order")),
        side=side,
        price=price,
        size=size,
        fee=fee,
        fee_asset=fee_asset,
        is_maker=raw.get("takerOrMaker") == "maker",
    )


def _trade_side(raw: Json, profile: VenueProfile) -> Side | None:
    """Return the side of one of our trades; None if the venue did not name it.

    If it is missing, ccxt derives it from `m` as for a public trade, and so makes each maker fill a
    sell.
    """
    info = as_map(raw.get("info"))
    is_named = any(info.get(name) not in (None, "") for name in profile.side_fields)
    return _SIDES.get(text(raw.get("side"))) if is_named or not profile.side_fields else None


def balances(
    raw: Json, profile: VenueProfile, coin_of: Callable[[str], str] = str
) -> tuple[dict[str, Decimal], dict[str, Decimal]]:
    """Return free and locked amounts by coin; a coin that is not listed is in neither.

    Raises BadAnswer, also for an answer without a list of coins, and for an empty list of a venue
    that lists every coin. `coin_of` returns the unified name of a venue's coin name.
    """
    listed = _listed(raw, profile.balances, coin_of) if profile.balances else _unified(raw)
    return (
        {name: free for name, (free, _) in listed.items()},
        {name: locked for name, (_, locked) in listed.items()},
    )


def _unified(raw: Json) -> dict[str, tuple[Decimal, Decimal]]:
    """Return free and locked amounts by coin, from the floats of ccxt. Raises BadAnswer."""
    free, used = as_map(raw.get("free")), as_map(raw.get("used"))
    if not free and not used and not has_list():
        raise BadAnswer("the venue's answer lists no coin")
    return {
        name: (_amount(name, free.get(name)), _amount(name, used.get(name)))
        for name in {**free, **used}
    }


def _listed(
    raw: Json, form: BalanceForm, coin_of: Callable[[str], str]
) -> dict[str, tuple[Decimal, Decimal]]:
    """Return free and locked amounts by coin, exact. Raises BadAnswer."""
    rows = at_path(raw.get("info"), form.rows)
    if form.coin:
        if not isinstance(rows, list):
            raise BadAnswer("the venue's answer has no list of coins")
        named = [(text(at_path(row, form.coin)), as_map(row)) for row in rows]
    else:
        if not isinstance(rows, Mapping):
            raise BadAnswer("the venue's answer has no coins")
        named = [(text(name), as_map(row)) for name, row in rows.items()]
    if form.lists_every_coin and not named:
        raise BadAnswer("the venue's answer lists no coin")
    found: dict[str, tuple[Decimal, Decimal]] = {}
    for name, row in named:
        coin = coin_of(name)
        if coin in found:
            raise BadAnswer(f"the venue's answer lists {coin} twice")
        locked = sum((_amount(name, at_path(row, path)) for path in form.locked), ZERO)
        whole = _amount(name, at_path(row, form.free or form.total))
        found[coin] = (whole if form.free else whole - locked, locked)
    return found


def _amount(coin: str, value: object) -> Decimal:
    amount = decimal(value)
    if amount is None or not coin:
        shown = "no value" if value is None else f"{str(value)[:40]}"
        raise BadAnswer(f"the balance of {coin or 'an unnamed coin'} is not a number: {shown}")
    return amount


def exact(raw: Json, name: str, fields: Mapping[str, Sequence[str]]) -> Decimal | None:
    """Return a number by its unified name; None if it is absent.

    It is the venue's own string, or ccxt's float if `fields` names no path. If `fields` has a
    `left`, `filled` is `amount` minus `left`.
    """
    if name == "filled" and "left" in fields:
        amount, left = (exact(raw, each, fields) for each in ("amount", "left"))
        return None if amount is None or left is None else amount - left
    if paths := fields.get(name, ()):
        return first_decimal(as_map(raw.get("info")), paths)
    return decimal(raw.get(name))


def client_id(raw: Json, profile: VenueProfile) -> str:
    """Return the order's client id without the venue's prefix; empty if there is none.

    Only the profile's field names are read: at some venues ccxt's `clientOrderId` is another id.
    """
    if profile.ids is None:
        return text(raw.get("clientOrderId"))
    info = as_map(raw.get("info"))
    for name in profile.ids.row_fields:
        found = text(raw.get("clientOrderId") if name == UNIFIED else info.get(name))
        if found:
            return found.removeprefix(profile.ids.prefix)
    return ""


def _fee(raw: Json, profile: VenueProfile) -> tuple[Decimal | None, str]:
    """Return the fee (a rebate below zero) and its coin.

    The fee is None if it is missing, is in two coins, or may not be the whole fee.
    """
    info, unified = as_map(raw.get("info")), as_map(raw.get("fee"))
    if not profile.fees:
        return decimal(unified.get("cost")), text(unified.get("currency"))
    form = next((each for each in profile.fees if each.is_in(info)), None)
    if form is None or not form.is_whole(info):
        return None, ""
    others = [
        (amount, coin)
        for path, coin in form.instead.items()
        if (amount := decimal(at_path(info, path)))
    ]
    fee = decimal(at_path(form.row(info), form.amount))
    if others:  # the fee was taken in another coin; a fill can have only one fee
        return others[0] if len(others) == 1 and not fee else (None, "")
    if fee is not None and form.is_charge_negative:
        fee = -fee
    # ccxt guesses a coin that the venue did not name
    return fee, form.coin(info) if form.asset else text(unified.get("currency"))
