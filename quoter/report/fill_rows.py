"""Fills as rows: each is passed on, the newest are kept, and a sample is kept for the picture."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from quoter.domain.market import Side
from quoter.domain.step import Booked

ROWS_MAX: Final = 200  # on the page
DRAWN_MAX: Final = 1_000  # in the picture


@dataclass(frozen=True, slots=True, kw_only=True)
class FillRow:
    """One fill.

    spread: gain against the mid at the time of the fill, quote currency. inventory: after the fill,
    base.
    """

    ts_ns: int
    trade_id: str
    client_id: str
    side: Side
    price: Decimal
    size: Decimal
    fee: Decimal
    fee_asset: str
    is_maker: bool
    mid: Decimal
    spread: Decimal
    inventory: Decimal


class FillRows:
    """The fills of a run, in order."""

    def __init__(self, write: Callable[[FillRow], None]) -> None:
        """Call `write` with every row."""
        self._write = write
        self.newest: deque[FillRow] = deque(maxlen=ROWS_MAX)
        self.drawn: list[FillRow] = []
        self.each = 1  # one of this number of fills is drawn; 1: all
        self.buys = self.sells = 0

    @property
    def count(self) -> int:
        return self.buys + self.sells

    def add(self, ts_ns: int, booked: Booked, mid: Decimal) -> None:
        """Add a fill that was booked at `ts_ns`; `mid`: the mid just before it, quote/base."""
        fill = booked.fill
        row = FillRow(
            ts_ns=ts_ns,
            trade_id=fill.trade_id,
            client_id=fill.client_id,
            side=fill.side,
            price=fill.price,
            size=fill.size,
            fee=fill.fee,
            fee_asset=fill.fee_asset,
            is_maker=fill.is_maker,
            mid=mid,
            spread=fill.size * fill.side.sign * (mid - fill.price),
            inventory=booked.inventory,
        )
        self._write(row)
        self.newest.append(row)
        if self.count % self.each == 0:
            self._draw(row)
        if fill.side is Side.BUY:
            self.buys += 1
        else:
            self.sells += 1

    def _draw(self, row: FillRow) -> None:
        if len(self.drawn) == DRAWN_MAX:
            del self.drawn[1::2]
            self.each *= 2
            if self.count % self.each:
                return
        self.drawn.append(row)
