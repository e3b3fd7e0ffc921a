"""Tick and lot of a market, inferred from the numbers on its tape."""

from collections import Counter
from collections.abc import Collection
from decimal import Decimal

WRONG_ONE_IN = 1_000  # one of this many different numbers may be wrong: one tape has an odd lot
PRICES_MIN = 50  # number of different prices needed to infer a tick that is not a decimal place
# usual ticks, in units of the smallest decimal place
TICKS = (2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1_000)


def smallest_place(values: Collection[Decimal]) -> Decimal:
    """Return the smallest decimal place that more than one value in WRONG_ONE_IN uses; at most 1.

    values: finite and all different.
    """
    places = Counter(map(_places, values))
    using, wrong_max = 0, len(values) // WRONG_ONE_IN
    for place in sorted(places, reverse=True):
        using += places[place]
        if using > wrong_max:
            return Decimal(1).scaleb(-place)
    return Decimal(1)


def price_step(prices: Collection[Decimal]) -> Decimal:
    """Return the largest usual tick of which all prices are multiples.

    One price in WRONG_ONE_IN may be off. With fewer than PRICES_MIN prices, the result is their
    smallest decimal place. prices: finite and all different.
    """
    place = smallest_place(prices)
    if len(prices) < PRICES_MIN:
        return place
    return max(
        step for step in (place, *(place * n for n in TICKS)) if fits(prices, step) or step == place
    )


def fits(prices: Collection[Decimal], tick: Decimal) -> bool:
    """Whether all prices are multiples of the tick, except at most one in WRONG_ONE_IN."""
    return sum(bool(price % tick) for price in prices) <= len(prices) // WRONG_ONE_IN


def _places(value: Decimal) -> int:
    exponent = value.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0
