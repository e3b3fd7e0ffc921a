"""Orders of a quote: rounded prices and sizes per side, and the reason for each empty side.

Formulas: deploy/docs/strategy.md, "Ticks, levels and sizes".
"""

from collections.abc import Collection
from decimal import Decimal
from functools import lru_cache, partial

from quoter.domain.instrument import Instrument
from quoter.domain.market import Side
from quoter.domain.quotes import Quote, QuoteTerms, SideOff, TwoSidedQuote
from quoter.domain.trading import NoQuote
from quoter.pricing.quote.ladder import level_sizes, level_step, level_ticks, quantise, side_quotes
from quoter.pricing.quote.shape import QuoteShape
from quoter.pricing.quote.terms import off_reason

SIZED_MAX = 64  # cached results; a price that bounces needs a few per side


def two_sided_quote(
    *,
    terms: QuoteTerms,
    shape: QuoteShape,
    instrument: Instrument,
    order_size: Decimal,
    best_bid_ticks: int | None,
    best_ask_ticks: int | None,
    cooling_down: Collection[Side] = (),
) -> TwoSidedQuote:
    """Return the levels of both sides on the grid, with sizes, and a reason per empty side.

    order_size: one lot of `terms`, base. best_*: the book without our own orders, ticks, None
    where a side is empty. cooling_down: sides not quoted at present (`SideCooldown`). Balances,
    states and orders in flight are not considered here; the engine checks them.
    """
    fair = terms.inputs.fair
    bid = None if terms.delta_bid is None else fair - terms.delta_bid
    ask = None if terms.delta_ask is None else fair + terms.delta_ask
    bid_ticks, ask_ticks = quantise(
        bid, ask, best_bid_ticks, best_ask_ticks, instrument, terms.inputs.lots
    )
    off: list[SideOff] = []

    def orders(side: Side, price: float | None, first: int | None) -> tuple[Quote, ...]:
        quotes: tuple[Quote, ...] = ()
        if price is not None and first is not None and side not in cooling_down:
            step = level_step(slope=terms.slope, fair=fair, shape=shape, tick=instrument.tick_float)
            ticks = level_ticks(
                side=side,
                first=first,
                price=price,
                step=step,
                levels=shape.levels,
                instrument=instrument,
            )
            inputs = terms.inputs
            quotes = _sized(
                side, ticks, inputs.lots, inputs.lots_max, inputs.size_factor,
                shape, order_size, instrument,
            )  # fmt: skip
        if not quotes:
            other = NoQuote.SIDE_COOLDOWN if side in cooling_down else NoQuote.BELOW_MINIMUM
            off.append(SideOff(side, off_reason(terms, side) or other))
        return quotes

    return TwoSidedQuote(
        bids=orders(Side.BUY, bid, bid_ticks),
        asks=orders(Side.SELL, ask, ask_ticks),
        off=tuple(off),
        terms=terms,
    )


@lru_cache(maxsize=SIZED_MAX)
def _sized(
    side: Side,
    ticks: tuple[int, ...],
    lots: float,
    lots_max: float,
    size_factor: float,
    shape: QuoteShape,
    order_size: Decimal,
    instrument: Instrument,
) -> tuple[Quote, ...]:
    """Return the orders of a side; cached, because arguments repeat until the market moves."""
    sizes = level_sizes(side=side, lots=lots, lots_max=lots_max, shape=shape)
    sized = partial(
        side_quotes, side=side, ticks=ticks, order_size=order_size, instrument=instrument
    )
    # If reduced sizes are below the venue's minimum, quote full sizes instead of none.
    return sized(sizes=tuple(size * size_factor for size in sizes)) or sized(sizes=sizes)
