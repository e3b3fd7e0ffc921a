"""From two distances to a grid: levels, sizes, whole ticks, and never through the book.

Where a float leaves here it is a price or a size in order sizes; `Instrument` makes money of it.
"""

from decimal import Decimal
from math import exp, inf

from quoter.domain.errors import InvalidInput
from quoter.domain.instrument import Instrument
from quoter.domain.market import Side
from quoter.domain.quotes import Quote
from quoter.pricing.costs import BPS
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

    bid and ask quote/base, None for a side that is off; best_* the book without our own orders,
    None for an empty side; lots the inventory. A bid stays at least a tick under the best ask, an
    ask a tick over the best bid. Should the two still meet (no book, or one that is locked), the
    side that unwinds stays and the other yields; without inventory both yield. A bid under the
    first tick is None. Raises InvalidInput for a price that is not above zero and finite.
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
    """Return the distance of two levels of a side, price: a lot's own displacement or more.

    A sweep through several levels then sells each lot at the price it would have had alone.
    slope price per lot; fair quote/base; tick price.
    """
    return max(slope, shape.level_step_bps * BPS * fair, tick)


def level_ticks(
    *, side: Side, first: int, price: float, step: float, levels: int, instrument: Instrument
) -> tuple[int, ...]:
    """Return the levels of a side in ticks, all different, the first one nearest to the market.

    first ticks, from `quantise`; price quote/base the first level before rounding; step price,
    from `level_step`. Levels of a bid that would lie under the first tick are left out.
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

    lots inventory, lots_max the limit, both in order sizes. The exposed side is shrunk by
    exp(-eta * |lots|/lots_max); the unwinding side is not, and grows by the factor
    1 + unwind_growth * |lots|/lots_max, of a limit at most. Together the levels are at most what
    brings inventory from here to the limit of that side, so that a sweep through them all ends
    there. What is in flight is not known here: exposure accounting takes it off.
    Raises InvalidInput for inventory or limit that are not finite. Source of the size shape:
    Fushimi, Gonzalez Rojas & Herman 2018.
    """
    if not (-inf < lots < inf):
        raise InvalidInput("lots", lots)
    if not (0.0 < lots_max < inf):
        raise InvalidInput("lots_max", lots_max)
    towards = side.sign * lots
    nu = towards / lots_max
    tilt = exp(-shape.eta * nu) if nu > 0.0 else 1.0 + shape.unwind_growth * min(-nu, 1.0)
    room = max(0.0, lots_max - towards)
    sizes = []
    for level in range(shape.levels):
        size = min((1.0 + shape.growth * level) * tilt, room)
        room -= size
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
    """Return the orders of a side as money, nearest to the market first.

    ticks and sizes by level, from `level_ticks` and `level_sizes`; order_size base. A level too
    small for the venue's filters is carried to the next one out, never inwards; what is too small
    at the last level is dropped, and an empty result means the side is below the minimum.
    """
    quotes = []
    carried = 0.0
    unit = float(order_size)
    for level_tick, lots in zip(ticks, sizes, strict=False):
        carried += lots * unit
        price, size = instrument.price(level_tick), instrument.size(carried)
        size = min(size, instrument.floor_size(instrument.size_max))
        if instrument.is_tradable(price=price, size=size):
            quotes.append(Quote(side, level_tick, price, size))
            carried = 0.0
    return tuple(quotes)


def _positive(name: str, price: float) -> float:
    if not (0.0 < price < inf):
        raise InvalidInput(name, price)
    return price
