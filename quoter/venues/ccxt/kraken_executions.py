"""Completion of Kraken's execution rows, which contain only what changed.

A cancel has an order's id and status, but neither symbol nor side nor our id. ccxt 4.5.90 drops
such a row when a symbol is watched. It also decides by a message's first row whether all rows are
fills or orders.
"""

from typing import TYPE_CHECKING

from quoter.venues.ccxt.types import WsClient
from quoter.venues.json_values import Json, as_list, as_map, text

if TYPE_CHECKING:
    from quoter.venues.ccxt.types import Exchange as _Base
else:
    _Base = object

ORDERS_MAX = 20_000  # remembered until they end; the oldest is forgotten first
ENDS = frozenset({"filled", "canceled", "expired"})  # the last row of an order
# Fields of an order that keep their value until a row changes them.
LASTING = (
    "symbol",
    "side",
    "order_type",
    "order_qty",
    "limit_price",
    "time_in_force",
    "cl_ord_id",
    "order_userref",
    "cum_qty",
)


class KrakenExecutions(_Base):
    """Mixin that completes rows and separates fills from orders. List it before ccxt's class."""

    _orders_seen: dict[str, Json] | None = None

    def handle_message(self, client: WsClient, message: object) -> None:
        """Let ccxt handle fills and order rows separately; drop the old fills of a snapshot."""
        fields = as_map(message)
        if fields.get("channel") != "executions":
            super().handle_message(client, message)
            return
        rows = [self._completed(as_map(row)) for row in as_list(fields.get("data"))]
        fills = [row for row in rows if row.get("exec_type") == "trade"]
        orders = [row for row in rows if row.get("exec_type") != "trade"]
        if fills and fields.get("type") != "snapshot":
            super().handle_message(client, {**fields, "data": fills})
        if orders:
            super().handle_message(client, {**fields, "data": orders})

    def _completed(self, row: Json) -> Json:
        """Return the row, with missing fields taken from earlier rows of its order."""
        if self._orders_seen is None:
            self._orders_seen = {}
        name = text(row.get("order_id"))
        completed = {**self._orders_seen.pop(name, {}), **row}
        if completed.get("exec_type") == "pending_new":  # before any fill; it has no filled size
            completed.setdefault("cum_qty", 0)
        if name and completed.get("exec_type") not in ENDS:
            self._orders_seen[name] = {
                each: completed[each] for each in LASTING if completed.get(each) is not None
            }
            if len(self._orders_seen) > ORDERS_MAX:
                del self._orders_seen[next(iter(self._orders_seen))]
        return completed
