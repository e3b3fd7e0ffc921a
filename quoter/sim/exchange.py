"""The simulated venue: several symbols, several accounts, one truth. Pure and deterministic."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from quoter.sim.messages import DepthBook, MarketSpec, NewOrder, News, SimOrder, SimTrade


class Exchange:
    """Takes requests with the time they arrive at, returns what the world hears of it.

    Every method that changes something returns the news in the order it happened. `now_ns` never
    runs backwards. The same calls with the same seed give the same news, whatever the machine.
    """

    def __init__(self, markets: Sequence[MarketSpec], *, seed: int, now_ns: int) -> None:
        raise NotImplementedError

    def add_account(self, account: str, balances: Mapping[str, Decimal]) -> None:
        """Open an account with these holdings, all free."""
        raise NotImplementedError

    def advance(self, now_ns: int) -> list[News]:
        """Let the market run until `now_ns`: mid, takers, scripted flow."""
        raise NotImplementedError

    def flush_depth(self, symbol: str, now_ns: int) -> list[News]:
        """The DepthNews since the last flush (venues publish depth every 100 ms), if any."""
        raise NotImplementedError

    def place(self, account: str, order: NewOrder, now_ns: int) -> tuple[SimOrder, list[News]]:
        """Raises Refused."""
        raise NotImplementedError

    def cancel(
        self, account: str, symbol: str, *, now_ns: int, order_id: int = 0, client_id: str = "",
        cancel_client_id: str = "",
    ) -> tuple[SimOrder, list[News]]:
        """By order id or client id. Raises Refused(NOT_FOUND), also if it is closed already."""
        raise NotImplementedError

    def cancel_all(self, account: str, symbol: str, now_ns: int) -> tuple[list[SimOrder], list[News]]:
        """Raises Refused(NOT_FOUND) if none is open."""
        raise NotImplementedError

    def order(self, account: str, symbol: str, *, order_id: int = 0, client_id: str = "") -> SimOrder:
        """The newest order with that id, open or not. Raises Refused(NOT_FOUND)."""
        raise NotImplementedError

    def open_orders(self, account: str, symbol: str = "") -> list[SimOrder]:
        raise NotImplementedError

    def trades(self, account: str, symbol: str, *, from_id: int = 0, limit: int = 500) -> list[SimTrade]:
        """Executions of the account with id >= from_id, oldest first; from_id 0: the newest ones."""
        raise NotImplementedError

    def balances(self, account: str) -> dict[str, tuple[Decimal, Decimal]]:
        """(free, locked) by asset."""
        raise NotImplementedError

    def depth(self, symbol: str, limit: int) -> DepthBook:
        raise NotImplementedError
