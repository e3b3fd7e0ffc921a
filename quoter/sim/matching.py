"""Plan of the matches of an incoming order, by price, then time; `Market` executes it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from heapq import merge
from math import exp
from random import Random

from quoter.domain.market import Side
from quoter.sim.fill_models import FillModel
from quoter.sim.messages import SelfTrade
from quoter.sim.resting import Resting, RestingBook

# Models in which an order waits for the size ahead of it.
QUEUED = frozenset({FillModel.PROBABLE, FillModel.PESSIMISTIC})
PIECES_MAX = 200  # largest number of pieces of one level or order
SPLIT_PIECES = 4  # mean number of pieces of an account order that is taken in parts


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One step of a plan: trade `lots` at `ticks` with a resting order (None: the background).

    `is_prevented`: the order is of the same account, and expires instead of trading.
    """

    ticks: int
    lots: int
    resting: Resting | None
    is_prevented: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Steps of a plan in order, with the totals of `lots` and of `units` (ticks times lots)."""

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
    """Return the plan of an order or taker that ends at a price, size or amount of money.

    These are `limit_ticks`, `lots` and `units_max`, included; None: no bound. background: (ticks,
    lots) of the opposite side, best first. At one price, an account's order trades after the
    background that is ahead of it in the queue, and before the rest.
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


def cut(hits: Sequence[Hit], lots: int) -> Sequence[Hit]:
    """Return the hits of a taker who trades at most `lots` at the last price that it reaches."""
    kept: list[Hit] = []
    for hit in hits:
        if hit.ticks != hits[-1].ticks:
            kept.append(hit)
        elif lots > 0:
            kept.append(replace(hit, lots=min(hit.lots, lots)))
            lots -= hit.lots
    return kept


def pieces(
    hits: Sequence[Hit], *, order_lots: float, order_tail: float, split_share: float, rng: Random
) -> Sequence[Hit]:
    """Divide hits at random, each into at most PIECES_MAX pieces.

    Background levels consist of orders with a lognormal size: mean `order_lots`, standard deviation
    of the logarithm `order_tail`. A share `split_share` of the hits of account orders is divided
    too, as by a taker who sends its order in parts.
    """
    divided: list[Hit] = []
    for hit in hits:
        left, usual, tail = hit.lots, order_lots, order_tail
        if hit.resting is not None:
            is_split = rng.random() < split_share
            usual, tail = hit.lots / SPLIT_PIECES if is_split else float(hit.lots), 0.5
        for _ in range(PIECES_MAX - 1 if usual < hit.lots else 0):
            lots = 1 + int(usual * exp(tail * rng.gauss(0.0, 1.0) - tail**2 / 2.0))
            if lots >= left:
                break
            divided.append(replace(hit, lots=lots))
            left -= lots
        divided.append(replace(hit, lots=left))
    return divided


def _candidates(
    book: RestingBook, background: Iterable[tuple[int, int]], side: Side
) -> Iterator[tuple[int, int, Resting | None]]:
    """Yield (ticks, lots, order or None), best first, then by place in the queue."""
    sign, makers = side.sign, side.opposite
    orders = (
        (resting.ticks, _place(resting), resting.lots, resting) for resting in book.queue(makers)
    )
    levels = (part for ticks, lots in background for part in _parts(book, makers, ticks, lots))
    for ticks, _, lots, resting in merge(orders, levels, key=lambda one: (sign * one[0], one[1])):
        yield ticks, lots, resting


def _place(resting: Resting) -> int:
    """Return the background lots ahead of an order in its queue; 0 without a queue."""
    queue = resting.queue
    return int(queue.ahead) if queue is not None and queue.model in QUEUED else 0


def _parts(
    book: RestingBook, side: Side, ticks: int, lots: int
) -> Iterator[tuple[int, int, int, None]]:
    """Yield (ticks, lots ahead, lots, None) for the parts of a level between account orders."""
    place = 0
    for resting in book.at(side, ticks):
        if place < (end := min(lots, _place(resting))):
            yield ticks, place, end - place, None
            place = end
    if place < lots:
        yield ticks, place, lots - place, None
