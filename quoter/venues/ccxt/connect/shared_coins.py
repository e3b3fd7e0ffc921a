"""Open orders in other markets of this account that have a coin of our market.

Balances are compared with our books by coin. So another quoter or a person that trades our base or
quote coin on the same account pauses this quoter, and this quoter pauses the other one.
"""

from quoter.venues import answers
from quoter.venues.ccxt.guarded_exchange import GuardedExchange
from quoter.venues.ccxt.request_sender import FailedCall, RequestSender
from quoter.venues.json_values import Json, as_map, text
from quoter.venues.profiles import VenueProfile

SHOWN_MAX = 3  # markets that are named


async def shared_coins(
    client: GuardedExchange, sender: RequestSender, profile: VenueProfile, symbol: str
) -> str:
    """Return one line that names other markets with open orders and a coin of `symbol`, or "".

    Empty also where the profile has no weight for a list over all markets: not every venue has it.
    """
    weight = profile.weights.get("all_open_orders")
    if weight is None:
        return ""
    rows = await sender.read(client.fetch_open_orders, answers.rows, weight=weight)
    if isinstance(rows, FailedCall):
        return f"whether other markets of the account share a coin is not known: {rows.text}"
    ours = _coins(client, symbol)
    shared = sorted(
        name
        for name in {text(row.get("symbol")) for row in rows} - {symbol}
        if ours & _coins(client, name)
    )
    if not shared:
        return ""
    more = f" and {len(shared) - SHOWN_MAX} more" if len(shared) > SHOWN_MAX else ""
    return (
        f"orders are open in {', '.join(shared[:SHOWN_MAX])}{more}, with a coin of {symbol}: their "
        "fills change balances that must equal our books, so quoting will pause (cause "
        "`reconciliation`): trade each coin in one market of an account, or use sub-accounts"
    )


def _coins(client: GuardedExchange, symbol: str) -> frozenset[str]:
    market: Json = as_map((client.markets or {}).get(symbol))
    return frozenset({text(market.get("base")), text(market.get("quote"))} - {""})
