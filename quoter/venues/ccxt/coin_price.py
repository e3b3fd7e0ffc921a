"""Price of a coin that fees are paid in, from the book of its market with our quote currency."""

from decimal import Context, Decimal

from quoter.domain.errors import VenueError
from quoter.venues import answers
from quoter.venues.ccxt.guarded_exchange import GuardedExchange
from quoter.venues.ccxt.request_sender import FailedCall, RequestSender
from quoter.venues.json_values import as_list, decimal
from quoter.venues.profiles import VenueProfile

ROUNDED = Context(prec=28)  # for an inverse price, which need not be exact
SPREAD_MAX = Decimal("0.05")  # of the bid; a wider book gives no usable price


async def coin_price(
    client: GuardedExchange, sender: RequestSender, profile: VenueProfile, *, coin: str, quote: str
) -> Decimal:
    """Return the best ask of `coin` in `quote` currency. Raises VenueError.

    Where the venue only has the inverse market, the price is the inverse of its best bid.
    """
    symbol, is_direct = f"{coin}/{quote}", True
    if symbol not in client.markets:
        symbol, is_direct = f"{quote}/{coin}", False
    if symbol not in client.markets:
        raise VenueError(f"{client.id} has no market for {coin or 'an unnamed coin'} and {quote}")
    book = await sender.read(
        lambda: client.fetch_order_book(symbol),
        answers.book,
        weight=profile.weights.get("coin_price", 1.0),
        is_public=True,
    )
    if isinstance(book, FailedCall):
        raise VenueError(book.text)
    bid, ask = _best(book.get("bids")), _best(book.get("asks"))
    if bid is None or ask is None or not 0 < bid <= ask <= bid * (1 + SPREAD_MAX):
        raise VenueError(f"the book of {symbol} gives no usable price: bid {bid}, ask {ask}")
    return ask if is_direct else ROUNDED.divide(Decimal(1), bid)


def _best(levels: object) -> Decimal | None:
    """Return the price of the first level; None without one."""
    first = as_list((as_list(levels) or (None,))[0])
    return decimal(first[0] if first else None)
