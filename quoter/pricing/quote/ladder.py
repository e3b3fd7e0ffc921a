"""Levels and sizes on the grid of ticks and lots, never crossing the book.

Floats here are prices, or sizes in order sizes; `Instrument` converts them to exact decimals.
Formulas: deploy/docs/strategy.md, "Ticks, levels and sizes".
"""

from decimal import Decimal
from math import exp, inf

from quoter.domain.errors import InvalidInput
from quoter.domain.instrument import Instrument
from quoter.domain.market import Side
from quoter.domain.quotes import Quote
from quoter.domain.units import BPS
from quoter.pricing.quote.shape import QuoteShape


def quantise(
    bid: float | None,
    ask: float | None,
    best_bid_ticks: int | None,
    best_ask_ticks: int | None,
    instrument: Instrument,
    lots: float,
) -> tuple[int | None, int | None]:
    """Return the first level of both sides in ticks, never more aggressive than `bid` and `ask`.

    bid and ask: quote/base, None for a side that is off. best_*: the book without our own orders,
    None for an empty side. lots: the inventory.

    A bid stays at least one tick below the best ask, an ask one tick above the best bid. If bid >=
    ask remains (no book, or a locked one), the exposed side moves outward; at zero inventory both
    sides do. A bid below the first tick becomes None. Raises InvalidInput for a price that is not
    above zero and finite.
    """
    bid_ticks = None if bid is None else instrument.floor_ticks(_positive("bid", bid))
    ask_ticks = None if ask is None else instrument.ceil_ticks(_positive("ask", ask))
    if bid_ticks is not None and best_ask_ticks is not None:
        bid_ticks = min(bid_ticks, best_ask_ticks - 1)
    if ask_ticks is not None and best_bid_ticks is not None:
        ask_ticks = max(ask_ticks, best_bid_ticks + 1)
    if bid_ticks is not None and ask_ticks is not None and bid_ticks >= ask_ticks:
        if lots > 0.0:
            bid_ticks = ask_ticks - 1
        elif lots < 0.0:
            ask_ticks = bid_ticks + 1
        else:
            bid_ticks, ask_ticks = ask_ticks - 1, bid_ticks + 1
    if bid_ticks is not None and bid_ticks < 1:
        bid_ticks = None
    return bid_ticks, ask_ticks


def level_step(*, slope: float, fair: float, shape: QuoteShape, tick: float) -> float:
    """Return the distance between levels of a side, price: at least one slope and one tick.

    A trade through several levels then fills each lot at its own reservation price.
    slope: price per lot. fair: quote/base. tick: price.
    """
    return max(slope, shape.level_step_bps * BPS * fair, tick)


def level_ticks(
    *, side: Side, first: int, price: float, step: float, levels: int, instrument: Instrument
) -> tuple[int, ...]:
    """Return the levels of a side in ticks, all different, the first one nearest to the market.

    first: ticks, from `quantise`. price: the first level before rounding, quote/base. step: price,
    from `level_step`. Bid levels below the first tick are left out.
    """
    ticks = [first]
    for level in range(1, levels):
        if side is Side.BUY:
            below = min(instrument.floor_ticks(price - level * step), ticks[-1] - 1)
            if below < 1:
                break
            ticks.append(below)
        else:
            ticks.append(max(instrument.ceil_ticks(price + level * step), ticks[-1] + 1))
    return tuple(ticks)


def level_sizes(
    *, side: Side, lots: float, lots_max: float, shape: QuoteShape
) -> tuple[float, ...]:
    """Return the size of each level of a side in order sizes, nearest to the market first.

    lots: inventory. lots_max: its limit. Both are in order sizes. Sizes of the exposed side shrink
    by the factor exp(-eta * |lots|/lots_max). Sizes of the unwinding side grow by the factor 1 +
    unwind_growth * min(|lots|/lots_max, 1). Together the levels never exceed the headroom to the
    limit of that side, so that a trade through all of them ends at the limit.

    Orders in flight are not considered here; the engine subtracts them. Raises InvalidInput for an
    inventory or a limit that is not finite. Source of the size shape: Fushimi, Gonzalez Rojas &
    Herman 2018.
    """
    if not (-inf < lots < inf):
        raise InvalidInput("lots", lots)
    if not (0.0 < lots_max < inf):
        raise InvalidInput("lots_max", lots_max)
    towards = side.sign * lots
    nu = towards / lots_max
    tilt = exp(-shape.eta * nu) if nu > 0.0 else 1.0 + shape.unwind_growth * min(-nu, 1.0)
    headroom = max(0.0, lots_max - towards)
    sizes = []
    for level in range(shape.levels):
        size = min((1.0 + shape.growth * level) * tilt, headroom)
        headroom -= size
        sizes.append(size)
    return tuple(sizes)


def side_quotes(
    *,
    side: Side,
    ticks: tuple[int, ...],
    sizes: tuple[float, ...],
    order_size: Decimal,
    instrument: Instrument,
) -> tuple[Quote, ...]:
    """Return the orders of a side with exact price and size, nearest to the market first.

    ticks, sizes: by level, from `level_ticks` and `level_sizes`. order_size: base. A size below the
    venue's minimum is added to the next level outward, and dropped at the last level. A size above
    the venue's maximum is cut. The result is empty if the whole side is below the minimum.
    """
    quotes = []
    carried = 0.0
    for level_tick, lots in zip(ticks, sizes, strict=False):
        carried += lots
        price, size = instrument.price(level_tick), instrument.share_of(order_size, carried)
        size = min(size, instrument.floor_size(instrument.size_max))
        if instrument.is_tradable(price=price, size=size):
            quotes.append(Quote(side, level_tick, price, size))
            carried = 0.0
    return tuple(quotes)


def _positive(name: str, price: float) -> float:
    if not (0.0 < price < inf):
        raise InvalidInput(name, price)
    return price
