"""Store of orders: all open ones, and closed ones up to a bound."""

from collections import deque

from quoter.sim.messages import Refused, SimOrder, SimReject
from quoter.sim.resting import Resting

ORDERS_CLOSED_MAX = 20_000  # older closed orders are removed; 18 MB


class OrderStore:
    """Orders by order id and by client id."""

    def __init__(self) -> None:
        self._by_id: dict[int, SimOrder] = {}
        self._by_client_id: dict[tuple[str, str, str], int] = {}
        self._open: dict[int, Resting] = {}
        self._closed: deque[int] = deque()
        self._last_id = 0

    def next_id(self) -> int:
        self._last_id += 1
        return self._last_id

    def add(self, order: SimOrder) -> None:
        """Add a new order under its ids."""
        self._by_id[order.order_id] = order
        self._by_client_id[order.account, order.symbol, order.client_id] = order.order_id

    def rest(self, resting: Resting) -> None:
        self._open[resting.order.order_id] = resting

    def close(self, order: SimOrder) -> None:
        """Move an order to the closed ones; beyond ORDERS_CLOSED_MAX the oldest is removed."""
        self._open.pop(order.order_id, None)
        self._closed.append(order.order_id)
        if len(self._closed) > ORDERS_CLOSED_MAX:
            self._forget(self._closed.popleft())

    def find(self, account: str, symbol: str, *, order_id: int, client_id: str) -> SimOrder:
        """Return an order by id if given, else the newest with that client id.

        Raises Refused(NOT_FOUND).
        """
        number = order_id or self._by_client_id.get((account, symbol, client_id), 0)
        order = self._by_id.get(number)
        if order is None or order.account != account or order.symbol != symbol:
            raise Refused(SimReject.NOT_FOUND)
        if order_id and client_id and order.client_id != client_id:
            raise Refused(SimReject.NOT_FOUND)
        return order

    def rename(self, order: SimOrder, client_id: str) -> None:
        """Change the client id of an order."""
        former = (order.account, order.symbol, order.client_id)
        if self._by_client_id.get(former) == order.order_id:
            del self._by_client_id[former]
        order.client_id = client_id
        self._by_client_id[order.account, order.symbol, client_id] = order.order_id

    def is_taken(self, account: str, symbol: str, client_id: str) -> bool:
        """Whether an open order has that client id."""
        return self._by_client_id.get((account, symbol, client_id), 0) in self._open

    def resting(self, order: SimOrder) -> Resting:
        """Return an open order. Raises Refused(NOT_FOUND) if it is closed."""
        resting = self._open.get(order.order_id)
        if resting is None:
            raise Refused(SimReject.NOT_FOUND)
        return resting

    def open_of(self, account: str, symbol: str = "") -> list[Resting]:
        """Return an account's open orders, oldest first; of all symbols if none is given."""
        return [
            resting
            for resting in self._open.values()
            if resting.order.account == account and symbol in ("", resting.order.symbol)
        ]

    def _forget(self, order_id: int) -> None:
        order = self._by_id.pop(order_id)
        name = (order.account, order.symbol, order.client_id)
        if self._by_client_id.get(name) == order_id:
            del self._by_client_id[name]
