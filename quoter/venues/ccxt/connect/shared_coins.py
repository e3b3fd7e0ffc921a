"""Open orders in other markets of this account that have a coin of our market.

Balances are compared with our books by coin. So another quoter or a person that trades our base or
quote coin on the same account pauses this quoter, and this quoter pauses the other one.
"""

import re

from quoter.venues import answers
from quoter.venues.ccxt import payloads
from quoter.venues.ccxt.guarded_exchange import GuardedExchange
from quoter.venues.ccxt.request_sender import FailedCall, RequestSender
from quoter.venues.json_values import Json, as_map, text
from quoter.venues.profiles import VenueProfile

SHOWN_MAX = 3  # markets that are named
# Client id of a quoter's order; the group is the instance.
QUOTER_ID = re.compile(r"q([0-9a-z]{2})[0-9a-z]{8,}$")


async def shared_coins(
    client: GuardedExchange, sender: RequestSender, profile: VenueProfile, symbol: str
) -> str:
    """Return one line that names other markets with open orders and a coin of `symbol`, or "".

    One page of the account's orders over all markets is read. At a venue that lists one market only
    the line says that nothing is known.
    """
    limit = profile.open_orders.limit
    rows = await sender.read(
        lambda: client.fetch_open_orders(None, None, limit),
        answers.rows,
        weight=profile.weights.get("all_open_orders", 1.0),
    )
    if isinstance(rows, FailedCall):
        return f"whether other markets of the account share a coin is not known: {rows.text}"
    ours = _coins(client, symbol)
    orders = [
        (text(row.get("symbol")), payloads.client_id(row, profile))
        for row in rows
        if row.get("symbol") != symbol and ours & _coins(client, text(row.get("symbol")))
    ]
    if not orders:
        return ""
    shared = sorted({name for name, _ in orders})
    instances = sorted({found[1] for _, name in orders if (found := QUOTER_ID.match(name))})
    by = f" (some by quoter, QUOTER_INSTANCE {', '.join(instances)})" if instances else ""
    more = f" and {len(shared) - SHOWN_MAX} more" if len(shared) > SHOWN_MAX else ""
    return (
        f"orders are open in {', '.join(shared[:SHOWN_MAX])}{more}{by}, with a coin of {symbol}: "
        "their fills change balances that must equal our books, so quoting will pause (cause "
        "`reconciliation`): trade each coin in one market of an account, or use sub-accounts"
    )


def _coins(client: GuardedExchange, symbol: str) -> frozenset[str]:
    market: Json = as_map((client.markets or {}).get(symbol))
    return frozenset({text(market.get("base")), text(market.get("quote"))} - {""})
