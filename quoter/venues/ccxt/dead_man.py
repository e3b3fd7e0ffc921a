"""The venue's dead man's switch: it cancels all orders unless it is renewed in time.

It cancels *every* order of the account, including those of other programs: use a dedicated account.
"""

from typing import NamedTuple

from quoter.domain.errors import BadAnswer, VenueError
from quoter.venues import answers
from quoter.venues.ccxt.guarded_exchange import GuardedExchange
from quoter.venues.ccxt.request_sender import FailedCall, RequestSender
from quoter.venues.config import VenueConfig
from quoter.venues.json_values import as_map


class SwitchRange(NamedTuple):
    """Default and allowed time-outs of one venue, in whole seconds.

    `path` is the end of the only URL that such a call may use.
    """

    path: str
    default_s: int
    min_s: int
    max_s: int


SWITCHES = {  # by ccxt id; from the venues' documentation, read in 2026
    "htx": SwitchRange("/v2/algo-orders/cancel-all-after", 20, 5, 86_400),
    "kraken": SwitchRange("/private/CancelAllOrdersAfter", 60, 10, 86_399),
    "krakenfutures": SwitchRange("/cancelallordersafter", 60, 10, 86_399),
    "okx": SwitchRange("/trade/cancel-all-after", 20, 10, 120),
}
# Other venues whose switch ccxt supports, and why quoter does not use it. The sentinel covers them.
NOT_USED = {
    "bingx": "may report FAILED inside an answer that ccxt treats as a success",
    "bitvavo": "covers only orders that were placed with a group number of its own",
    "bybit": "institutional accounts only, and tied to a subscribed private socket",
    "extended": "its answer is empty: it does not confirm that it was set",
    "hyperliquid": "needs a million dollars of turnover, and ccxt can't switch it off",
    "lighter": "its shortest time-out is five minutes",
    "polymarket": "no spot order book to quote",
    "whitebit": "per market, by a parameter that ccxt does not unify",
    "woo": "its range is not documented well enough",
}


def switch_range(exchange: str) -> SwitchRange | None:
    """Return the switch of the venue with this ccxt id; None if it has none that we use."""
    return SWITCHES.get(exchange)


def timeout_s(exchange: str, wanted: str | int) -> int:
    """Return the time-out for setting `wanted`: "auto", "off" or seconds; 0 means no switch.

    Raises ValueError for seconds out of the venue's range, or where there is no switch.
    """
    switch = switch_range(exchange)
    if wanted == "off" or (wanted == "auto" and switch is None):
        return 0
    if switch is None:
        raise ValueError(f"{exchange} has no dead man's switch that quoter uses: set auto or off")
    if wanted == "auto":
        return switch.default_s
    if not switch.min_s <= int(wanted) <= switch.max_s:
        raise ValueError(
            f"{exchange} allows {switch.min_s} to {switch.max_s} seconds (got {wanted})"
        )
    return int(wanted)


async def set_dead_man(
    client: GuardedExchange, sender: RequestSender, config: VenueConfig, seconds: float
) -> None:
    """Set the switch to `seconds`; 0 switches it off. Raises VenueError unless confirmed."""
    if switch_range(config.exchange) is None:
        raise VenueError(f"{config.exchange} has no dead man's switch that quoter uses")
    answer = await sender.set_dead_man(
        lambda: client.cancel_all_orders_after(int(seconds * 1000)), _trigger_time
    )
    if isinstance(answer, FailedCall):
        raise VenueError(answer.text)


def _trigger_time(answer: object) -> object:
    """Return the time at which the switch will fire, as the venue confirmed it. Raises BadAnswer.

    Only its presence is used. Its format differs by venue, and Kraken's is empty while the switch
    is off.
    """
    parts = answers.fields(answer)
    for part in (parts.get("result"), parts.get("data"), parts.get("status")):
        row = as_map(part[0] if isinstance(part, list) and part else part)
        if "triggerTime" in row:
            return row["triggerTime"]
    raise BadAnswer("the venue did not confirm the dead man's switch")
