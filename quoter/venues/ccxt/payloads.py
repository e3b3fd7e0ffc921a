"""Conversion of ccxt's dictionaries into events. Pure; None for what can't be parsed.

ccxt hands out live objects of its caches, so everything is copied here.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from quoter.domain.events import Fill, OrderDone, OrderOpen
from quoter.domain.market import Side
from quoter.domain.orders import VenueOrder
from quoter.domain.reasons import DoneReason
from quoter.venues.json_values import ZERO, Json, as_map, decimal, first_decimal, text
from quoter.venues.profiles import UNIFIED, VenueProfile

_SIDES = {"buy": Side.BUY, "sell": Side.SELL}
_ENDS = {
    "closed": DoneReason.FILLED,
    "canceled": DoneReason.CANCELED,
    "expired": DoneReason.EXPIRED,
    "rejected": DoneReason.REJECTED,
}
_LIVE = frozenset({"open", "canceling"})


def venue_order(raw: Json, profile: VenueProfile) -> VenueOrder | None:
    """Return an order of any status; exact numbers from the venue's own fields where known."""
    side = _SIDES.get(text(raw.get("side")))
    price, size = (exact(raw, name, profile.order_fields) for name in ("price", "amount"))
    if side is None or price is None or size is None:
        return None
    return VenueOrder(
        client_id=client_id(raw, profile),
        venue_id=text(raw.get("id")),
        side=side,
        price=price,
        size=size,
        filled=exact(raw, "filled", profile.order_fields) or ZERO,
    )


def order_event(raw: Json, profile: VenueProfile, ts_ns: int) -> OrderOpen | OrderDone | None:
    """Return the event that an order dictionary stands for; None if its status is not known."""
    status = text(raw.get("status"))
    order = venue_order(raw, profile)
    if status in _LIVE:
        return OrderOpen(ts_ns=ts_ns, order=order) if order else None
    reason = _ENDS.get(status)
    filled = exact(raw, "filled", profile.order_fields)
    if reason is None or filled is None:
        return None
    if reason is DoneReason.FILLED and order is not None and filled < order.size:
        reason = DoneReason.CANCELED  # some venues call a partly filled, cancelled order "closed"
    return OrderDone(
        ts_ns=ts_ns,
        client_id=client_id(raw, profile),
        reason=reason,
        filled=filled,
        venue_id=text(raw.get("id")),
    )


def fill(raw: Json, profile: VenueProfile, ts_ns: int) -> Fill | None:
    """Return one of our executions; None unless id, side, price and size are present."""
    trade_id, side = text(raw.get("id")), _SIDES.get(text(raw.get("side")))
    price, size = (exact(raw, name, profile.trade_fields) for name in ("price", "amount"))
    if not trade_id or side is None or price is None or size is None or not size > 0:
        return None
    fee, fee_asset = _fee(raw, profile)
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


def balances(raw: Json, profile: VenueProfile) -> tuple[dict[str, Decimal], dict[str, Decimal]]:
    """Return free and locked amounts by asset, without assets that have neither."""
    listed = as_map(raw.get("info")).get("balances") if profile.family == "binance" else None
    if isinstance(listed, list):
        rows = [as_map(row) for row in listed]
        free = {text(row.get("asset")): decimal(row.get("free")) or ZERO for row in rows}
        locked = {text(row.get("asset")): decimal(row.get("locked")) or ZERO for row in rows}
    else:
        free = {name: decimal(v) or ZERO for name, v in as_map(raw.get("free")).items()}
        locked = {name: decimal(v) or ZERO for name, v in as_map(raw.get("used")).items()}
    held = [name for name in {**free, **locked} if free.get(name) or locked.get(name)]
    return (
        {name: free.get(name, ZERO) for name in held},
        {name: locked.get(name, ZERO) for name in held},
    )


def exact(raw: Json, name: str, fields: Mapping[str, Sequence[str]]) -> Decimal | None:
    """Return a number by its unified name: the venue's own string if known, else ccxt's float."""
    found = first_decimal(as_map(raw.get("info")), fields.get(name, ()))
    return decimal(raw.get(name)) if found is None else found


def client_id(raw: Json, profile: VenueProfile) -> str:
    """Return the client's id of the order as it was before the venue's prefix; empty without one.

    Read under the names of the profile only: at some venues ccxt's `clientOrderId` is another id.
    """
    if profile.ids is None:
        return text(raw.get("clientOrderId"))
    info = as_map(raw.get("info"))
    for name in profile.ids.row_fields:
        found = text(raw.get("clientOrderId") if name == UNIFIED else info.get(name))
        if found:
            return found.removeprefix(profile.ids.prefix)
    return ""


def _fee(raw: Json, profile: VenueProfile) -> tuple[Decimal, str]:
    info, unified = as_map(raw.get("info")), as_map(raw.get("fee"))
    fee = first_decimal(info, profile.trade_fields.get("fee", ()))
    names = profile.trade_fields.get("fee_asset", ())
    asset = next((text(info[name]) for name in names if info.get(name)), "")
    return (
        fee if fee is not None else decimal(unified.get("cost")) or ZERO,
        asset or text(unified.get("currency")),
    )
