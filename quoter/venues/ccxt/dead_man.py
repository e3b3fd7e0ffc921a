"""The venue's dead man's switch: it cancels everything unless it hears of us in time.

It cancels *every* order of the account, other people's too, and so is for an account of its own.
"""

from typing import NamedTuple

from quoter.domain.errors import VenueError
from quoter.venues.ccxt.calls import Caller, Failed
from quoter.venues.ccxt.guarded_exchange import GuardedExchange
from quoter.venues.config import VenueConfig


class Switch(NamedTuple):
    """What one venue takes, in whole seconds; `path` ends the only URL that such a call may use."""

    path: str
    usual_s: int
    least_s: int
    most_s: int


SWITCHES = {  # by ccxt id; documents of the venues, read in 2026
    "htx": Switch("/v2/algo-orders/cancel-all-after", 20, 5, 86_400),
    "kraken": Switch("/private/CancelAllOrdersAfter", 60, 10, 86_399),
    "krakenfutures": Switch("/cancelallordersafter", 60, 10, 86_399),
    "okx": Switch("/trade/cancel-all-after", 20, 10, 120),
}
# The others for which ccxt claims one, and why we do not rely on it: the sentinel is there.
NOT_USED = {
    "bingx": "may say FAILED inside an answer that ccxt takes for a success",
    "bitvavo": "covers only orders that were placed with a group number of its own",
    "bybit": "for institutions only, and bound to a private socket that subscribes to it",
    "extended": "its answer is empty: nothing says that it was set",
    "hyperliquid": "needs a million dollars of turnover, and ccxt can't switch it off",
    "lighter": "five minutes at least",
    "polymarket": "no order book of ours there",
    "whitebit": "one market at a time, by a parameter of its own",
    "woo": "its range is not documented well enough",
}


def switch_of(exchange: str) -> Switch | None:
    """The switch of a ccxt id, if it has one that we use."""
    return SWITCHES.get(exchange)


def timeout_s(exchange: str, wanted: str | int) -> int:
    """What `wanted` means there: "auto" its usual seconds, "off" 0, else seconds within its range.

    0: no switch. Raises ValueError.
    """
    switch = switch_of(exchange)
    if wanted == "off" or (wanted == "auto" and switch is None):
        return 0
    if switch is None:
        raise ValueError(f"{exchange} has no dead man's switch that we use: set auto or off")
    if wanted == "auto":
        return switch.usual_s
    if not switch.least_s <= int(wanted) <= switch.most_s:
        raise ValueError(
            f"{exchange} takes {switch.least_s} to {switch.most_s} seconds (got {wanted})"
        )
    return int(wanted)


async def set_dead_man(
    client: GuardedExchange, caller: Caller, config: VenueConfig, seconds: float
) -> None:
    """Ask the venue for it, 0: switch it off. Raises VenueError unless it said yes."""
    if switch_of(config.exchange) is None:
        raise VenueError(f"{config.exchange} has no dead man's switch that we use")
    answer = await caller.hold(lambda: client.cancel_all_orders_after(int(seconds * 1000)))
    if isinstance(answer, Failed):
        raise VenueError(answer.text)
