"""The order book as a vertical table: asks, mid, bids, and our own orders beside them."""

from decimal import Decimal

from rich.table import Table
from rich.text import Text

from quoter.domain.market import Level, Side
from quoter.domain.number_text import plain
from quoter.domain.step import Snapshot

LEVELS_SHOWN = 5
SIDE_STYLES = {Side.BUY: "green", Side.SELL: "red"}


def order_book_table(snapshot: Snapshot) -> Table:
    """Return asks above, mid in the middle, bids below; own orders in the third column."""
    ladder = Table.grid(expand=True, padding=(0, 1))
    ladder.add_column(justify="right", no_wrap=True)
    ladder.add_column(justify="right", no_wrap=True)
    ladder.add_column(no_wrap=True)
    for row in reversed(_side_rows(snapshot, Side.SELL, snapshot.asks)):
        ladder.add_row(*row)
    ladder.add_row(
        Text("mid", style="dim"), Text(price_text(snapshot.mid, snapshot), style="bold"), Text("")
    )
    for row in _side_rows(snapshot, Side.BUY, snapshot.bids):
        ladder.add_row(*row)
    return ladder


def _side_rows(
    snapshot: Snapshot, side: Side, levels: tuple[Level, ...]
) -> list[tuple[Text, Text, Text]]:
    """Return the rows of one side, nearest to the mid first."""
    ours: dict[str, Decimal] = {}
    sizes: dict[str, float] = {}
    places: dict[str, float] = {}
    for order in snapshot.orders:
        if order.side is side:
            shown = price_text(float(order.price), snapshot)
            ours[shown] = ours.get(shown, Decimal(0)) + order.size - order.filled
            places[shown] = float(order.price)
    for level in levels[:LEVELS_SHOWN]:
        shown = price_text(level.price, snapshot)
        sizes[shown] = level.size
        places[shown] = level.price
    rows = []
    for shown in sorted(places, key=places.__getitem__, reverse=side is Side.BUY):
        mark = f"◀ our {side.lower()} {plain(ours[shown])}" if shown in ours else ""
        size = f"{sizes[shown]:.5g}" if shown in sizes else ""
        style = SIDE_STYLES[side]
        rows.append(
            (Text(size, style="dim"), Text(shown, style=style), Text(mark, style=f"bold {style}"))
        )
    return rows


def price_text(price: float | None, snapshot: Snapshot) -> str:
    """Format a price with as many decimals as our orders have; "-" for None.

    Without orders it has the decimals of the quote, and without a quote two.
    """
    if price is None:
        return "-"
    quote = snapshot.quote
    quoted = () if quote is None else (*quote.bids, *quote.asks)
    exponents = [each.price.as_tuple().exponent for each in snapshot.orders or quoted]
    decimals = max((-at for at in exponents if isinstance(at, int)), default=2)
    return f"{price:.{max(0, decimals)}f}"


def signed_text(amount: Decimal) -> str:
    """Format an amount with its sign, without trailing zeros."""
    return f"{amount.normalize():+f}"
