"""Tick and lot of a market, from the numbers that its tape shows."""

from collections import Counter
from collections.abc import Collection
from decimal import Decimal

WRONG_ONE_IN = 1_000  # different numbers, of which one may be wrong: one tape has an odd lot
PRICES_MIN = 50  # different prices that show a tick other than a decimal place
TICKS = (2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1_000)  # in smallest places


def smallest_place(values: Collection[Decimal]) -> Decimal:
    """Return the smallest decimal place that more than one value in WRONG_ONE_IN uses; at most 1.

    `values`: finite, each once.
    """
    places = Counter(map(_places, values))
    using, wrong_max = 0, len(values) // WRONG_ONE_IN
    for place in sorted(places, reverse=True):
        using += places[place]
        if using > wrong_max:
            return Decimal(1).scaleb(-place)
    return Decimal(1)


def price_step(prices: Collection[Decimal]) -> Decimal:
    """Return the largest usual tick of which all prices are multiples, but one in WRONG_ONE_IN.

    With fewer than PRICES_MIN prices it is their smallest decimal place. `prices`: finite, each
    once.
    """
    place = smallest_place(prices)
    if len(prices) < PRICES_MIN:
        return place
    return max(
        step for step in (place, *(place * n for n in TICKS)) if fits(prices, step) or step == place
    )


def fits(prices: Collection[Decimal], tick: Decimal) -> bool:
    """Whether all prices are multiples of the tick, but one in WRONG_ONE_IN."""
    return sum(bool(price % tick) for price in prices) <= len(prices) // WRONG_ONE_IN


def _places(value: Decimal) -> int:
    exponent = value.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0
