"""What a coin that we pay fees in costs: from the book of its market against our quote currency."""

from decimal import Decimal

from quoter.domain.errors import VenueError
from quoter.venues.ccxt.calls import Caller, Failed
from quoter.venues.ccxt.guarded_exchange import GuardedExchange
from quoter.venues.json_values import ZERO, as_list, decimal
from quoter.venues.profiles import VenueProfile

SPREAD_MAX = Decimal("0.05")  # of the bid: a wider book tells no price


async def coin_price(
    client: GuardedExchange, caller: Caller, dialect: VenueProfile, *, coin: str, quote: str
) -> Decimal:
    """Quote currency for one unit of `coin`, bought at the best ask. Raises VenueError.

    Where the venue has the market the other way round, quote is sold at its best bid.
    """
    symbol, is_direct = f"{coin}/{quote}", True
    if symbol not in client.markets:
        symbol, is_direct = f"{quote}/{coin}", False
    if symbol not in client.markets:
        raise VenueError(f"{client.id} has no market of {coin or 'an unnamed coin'} and {quote}")
    book = await caller.read(
        lambda: client.fetch_order_book(symbol), weight=dialect.weights.get("coin_price", 1.0)
    )
    if isinstance(book, Failed):
        raise VenueError(book.text)
    bid, ask = _best(book.get("bids")), _best(book.get("asks"))
    if not 0 < bid <= ask <= bid * (1 + SPREAD_MAX):
        raise VenueError(f"the book of {symbol} tells no price: {bid} to {ask}")
    return ask if is_direct else 1 / bid


def _best(levels: object) -> Decimal:
    """Price of the first level; zero without one."""
    first = as_list((as_list(levels) or (None,))[0])
    return decimal(first[0] if first else None) or ZERO
