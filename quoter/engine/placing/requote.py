"""Plans the fewest actions that turn the resting orders into the wanted quote.

Pure: the caller turns actions into intents and cancels. An order that is too aggressive by the
tolerance or more is replaced at once. If it is too aggressive by less, it is replaced only while
the message budget has tokens to spare. Any other difference must exceed its tolerance, and waits
for the hold time.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from quoter.domain.quotes import Quote
from quoter.domain.trading import CancelReason
from quoter.domain.units import NEVER_NS
from quoter.engine.config import RequotePolicy
from quoter.state.open_orders import IN_FLIGHT, OpenOrder

SIZE_TOLERANCE = 5  # a size within 1/5 of the wanted size is kept


@dataclass(frozen=True, slots=True)
class Replace:
    """Put `quote` in place of `order`; `is_urgent`: cancel `order` even if `quote` is refused."""

    order: OpenOrder
    quote: Quote
    is_urgent: bool


@dataclass(frozen=True, slots=True)
class Create:
    """Place `quote`, to which no order of ours corresponds."""

    quote: Quote


@dataclass(frozen=True, slots=True)
class Remove:
    """Cancel `order`; nothing is wanted in its place."""

    order: OpenOrder
    reason: CancelReason


type Action = Replace | Create | Remove


def plan(
    wanted: Sequence[Quote],
    resting: Sequence[OpenOrder],
    *,
    policy: RequotePolicy,
    tolerance_ticks: int,
    ts_ns: int,
    has_spare_budget: bool,
    leftover: CancelReason,
) -> list[Action]:
    """Return the actions for one side. `resting`: its orders whose end was not requested.

    Quotes and orders are paired from the best price outward. Orders without a quote are removed for
    the reason `leftover`.
    """
    sign = wanted[0].side.sign if wanted else 1
    orders = resting
    if len(orders) > 1:
        orders = sorted(resting, key=lambda order: -sign * order.ticks)
    actions: list[Action] = []
    for quote, order in zip(wanted, orders, strict=False):
        change = _judge(quote, order, sign, policy, tolerance_ticks, ts_ns, has_spare_budget)
        if change is not None:
            actions.append(change)
    actions += [Create(quote) for quote in wanted[len(orders) :]]
    actions += [Remove(order, leftover) for order in orders[len(wanted) :]]
    return actions


def settled_until_ns(
    wanted: Sequence[Quote],
    resting: Sequence[OpenOrder],
    *,
    policy: RequotePolicy,
    tolerance_ticks: int,
) -> int:
    """Return the time before which `plan` returns no action, with or without spare budget.

    0 if that depends on more than the age of orders. Arguments as in `plan`.
    """
    if len(wanted) != len(resting):
        return 0
    until_ns = NEVER_NS
    sign = wanted[0].side.sign if wanted else 1
    orders = sorted(resting, key=lambda order: -sign * order.ticks)
    for quote, order in zip(wanted, orders, strict=True):
        behind = sign * (quote.ticks - order.ticks)
        is_missized = abs(order.leaves - quote.size) * SIZE_TOLERANCE > quote.size
        if is_missized or not 0 <= behind < tolerance_ticks:
            return 0
        until_ns = min(until_ns, order.created_ns + policy.ttl_ns)
    return until_ns


def _judge(
    quote: Quote,
    order: OpenOrder,
    sign: int,
    policy: RequotePolicy,
    tolerance_ticks: int,
    ts_ns: int,
    has_spare_budget: bool,
) -> Replace | None:
    too_aggressive = sign * (order.ticks - quote.ticks)
    if too_aggressive >= tolerance_ticks:
        return Replace(order, quote, is_urgent=True)
    if order.state in IN_FLIGHT:
        return None
    if too_aggressive >= 1:
        return Replace(order, quote, is_urgent=False) if has_spare_budget else None
    is_off = -too_aggressive >= tolerance_ticks
    is_missized = abs(order.leaves - quote.size) * SIZE_TOLERANCE > quote.size
    age_ns = ts_ns - order.created_ns
    if age_ns >= policy.ttl_ns or ((is_off or is_missized) and age_ns >= policy.hold_ns):
        return Replace(order, quote, is_urgent=False)
    return None
