"""Matching plan of an incoming order, by price, then time; `Market` executes it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from heapq import merge

from quoter.domain.market import Side
from quoter.sim.messages import SelfTrade
from quoter.sim.resting import Resting, RestingBook


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """Step of a plan: trade `lots` at `ticks` with a resting order, or (None) the background.

    A prevented hit is an order of the same account that expires instead of trading.
    """

    ticks: int
    lots: int
    resting: Resting | None
    is_prevented: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Steps of a plan in order; `lots` traded, `units` (ticks times lots) paid in total."""

    hits: tuple[Hit, ...]
    lots: int
    units: int
    taker_expires: bool  # self-trade prevention ends the incoming order


def plan(
    *,
    book: RestingBook,
    background: Iterable[tuple[int, int]],
    side: Side,
    lots: int,
    limit_ticks: int | None = None,
    units_max: int | None = None,
    account: str = "",
    self_trade: SelfTrade = SelfTrade.NONE,
) -> Plan:
    """Return the plan up to `limit_ticks`, `lots` and `units_max` (money), all inclusive.

    background: (ticks, lots) of the opposite side, best first. At one price the accounts' orders
    come before the background.
    """
    hits: list[Hit] = []
    left, spent = lots, 0
    for ticks, available, resting in _candidates(book, background, side):
        if left <= 0 or (limit_ticks is not None and side.sign * (ticks - limit_ticks) > 0):
            break
        if resting is not None and _is_own(resting, account) and self_trade is not SelfTrade.NONE:
            if self_trade is not SelfTrade.EXPIRE_TAKER:
                hits.append(Hit(ticks=ticks, lots=0, resting=resting, is_prevented=True))
            if self_trade is not SelfTrade.EXPIRE_MAKER:
                return _plan(hits, taker_expires=True)
            continue
        traded = min(left, available)
        if units_max is not None:
            traded = min(traded, (units_max - spent) // ticks)
            if traded <= 0:
                break
        hits.append(Hit(ticks=ticks, lots=traded, resting=resting))
        left -= traded
        spent += traded * ticks
    return _plan(hits, taker_expires=False)


def _is_own(resting: Resting, account: str) -> bool:
    return resting.order.account == account


def _plan(hits: list[Hit], *, taker_expires: bool) -> Plan:
    return Plan(
        hits=tuple(hits),
        lots=sum(hit.lots for hit in hits),
        units=sum(hit.lots * hit.ticks for hit in hits),
        taker_expires=taker_expires,
    )


def _candidates(
    book: RestingBook, background: Iterable[tuple[int, int]], side: Side
) -> Iterator[tuple[int, int, Resting | None]]:
    """Yield (ticks, lots, order or None), best first; account orders first at equal price."""
    sign = side.sign
    orders = ((resting.ticks, resting.lots, resting) for resting in book.queue(side.opposite))
    background_levels = ((ticks, lots, None) for ticks, lots in background)
    return merge(orders, background_levels, key=lambda candidate: sign * candidate[0])
