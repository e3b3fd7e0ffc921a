"""Assume a market from its name: enough for ccxt to list and cancel orders, never to create.

ccxt builds no request for a market that it has not read. While a venue answers with an HTML page,
or lists half of its markets, a kill must still cancel. For that only the venue's name of the market
is needed.
"""

from quoter.venues.ccxt.types import Exchange
from quoter.venues.profiles import VenueProfile

SAME_EVERYWHERE = frozenset({"XBT", "BTC", "BCC", "BCH", "BCHSV", "BSV"})  # ccxt's general renaming


def assume_market(client: Exchange, symbol: str, profile: VenueProfile) -> None:
    """Add the market `symbol` to the client if it is missing and the venue's name of it is known.

    The name is known if the profile has a pattern of market names (`market_id`), and ccxt renames
    neither coin at this venue. With a renamed coin the assumed name could be another market's: that
    market has no order of ours, and a kill would report that no order is left. `client` must be one
    that creates no order: tick and lot are not set.
    """
    base, _, quote = symbol.partition("/")
    renamed = {*client.commonCurrencies, *client.commonCurrencies.values()} - SAME_EVERYWHERE
    if symbol in (client.markets or {}) or not profile.market_id or {base, quote} & renamed:
        return
    row = {
        "id": profile.market_id.format(base=base, quote=quote),
        "symbol": symbol,
        "base": base,
        "quote": quote,
        "baseId": base,
        "quoteId": quote,
        "type": "spot",
        "spot": True,
    }
    kinds = ("margin", "swap", "future", "option", "contract")
    client.set_markets([client.safe_market_structure({**row, **dict.fromkeys(kinds, False)})])
