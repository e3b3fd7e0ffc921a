"""Engines with one planted bug each; the invariants must catch every one."""

from collections.abc import Callable
from copy import replace
from decimal import Decimal
from itertools import count

from quoter.domain.events import (
    Alarm,
    BookDelta,
    CancelReject,
    Event,
    Fill,
    OrderDone,
    OrderNotFound,
    OrderReject,
    OrderUnknown,
    Pause,
    RulesReport,
    TradesReport,
)
from quoter.domain.market import Side
from quoter.domain.quotes import Quote
from quoter.domain.reasons import CancelRejectReason, DoneReason, RejectReason
from quoter.domain.step import Step
from quoter.domain.trading import Phase, TradingState
from quoter.engine.config import BookPolicy, EngineConfig
from quoter.engine.engine import Engine
from quoter.engine.step_builder import StepBuilder
from quoter.risk.hysteresis import MACHINE_CAUSES
from quoter.risk.view import RiskView
from quoter.state.book import Book
from tests.simulation.chaos.plan import Fault, draw
from tests.simulation.chaos.process import MakeEngine
from tests.simulation.chaos.run import run_plan

type Alter = Callable[[Engine, Event], Event | None]

NUMBERS = count()


class WithAlteredEvents(Engine):
    """An engine that receives altered events."""

    def __init__(self, config: EngineConfig, alter: Alter) -> None:
        super().__init__(config)
        self._alter = alter

    def handle(self, event: Event) -> Step:
        altered = self._alter(self, event)
        return Step(self.seq, event) if altered is None else super().handle(altered)


def altered(alter: Alter) -> MakeEngine:
    return lambda config: WithAlteredEvents(config, alter)


def drop_on_timeout(engine: Engine, event: Event) -> Event:
    """Treat a create without an answer as rejected."""
    if isinstance(event, OrderUnknown):
        name, other = event.client_id, RejectReason.OTHER
        return OrderReject(ts_ns=event.ts_ns, client_id=name, reason=other, text="")
    return event


def _ended(engine: Engine, event: OrderNotFound | CancelReject) -> Event:
    order = engine.orders.live(event.client_id)
    filled = order.filled if order is not None else Decimal(0)
    return OrderDone(
        ts_ns=event.ts_ns, client_id=event.client_id, reason=DoneReason.CANCELED, filled=filled
    )


def drop_on_not_found(engine: Engine, event: Event) -> Event:
    """Treat 'not found' as the end of an order."""
    return _ended(engine, event) if isinstance(event, OrderNotFound) else event


def drop_on_cancel_reject(engine: Engine, event: Event) -> Event:
    """Treat a cancel reject 'not found' as the end of an order."""
    is_unknown = isinstance(event, CancelReject) and event.reason is CancelRejectReason.NOT_FOUND
    return _ended(engine, event) if is_unknown and isinstance(event, CancelReject) else event


def ignore_rules(_: Engine, event: Event) -> Event | None:
    """Quote by the rules of the start."""
    return None if isinstance(event, RulesReport) else event


def ignore_closed_market(_: Engine, event: Event) -> Event:
    """Quote while the venue lists the market as closed."""
    return replace(event, refusal="") if isinstance(event, RulesReport) else event


def ignore_trade_lists(engine: Engine, event: Event) -> Event:
    """Ignore the trades of trade lists."""
    return replace(event, fills=()) if isinstance(event, TradesReport) else event


def ignore_pauses(engine: Engine, event: Event) -> Event | None:
    """Ignore an operator's pause."""
    is_pause = isinstance(event, Pause)
    return None if is_pause else event


def keep_machine_causes(engine: Engine, event: Event) -> Event | None:
    """Ignore the end of a problem of the machine."""
    is_end = isinstance(event, Alarm) and event.cause in MACHINE_CAUSES and not event.active
    return None if is_end else event


def one_fill_per_order(config: EngineConfig) -> Engine:
    """Detect repeated fills by order id instead of trade id."""
    engine, seen = Engine(config), dict[str, str]()
    book = engine.inventory.book

    def once(fill: Fill) -> bool:
        name = fill.venue_id
        return seen.setdefault(name, fill.trade_id) == fill.trade_id and book(fill)

    engine.inventory.book = once  # type: ignore[method-assign]
    return engine


def raise_on_cancel_reject(engine: Engine, event: Event) -> Event:
    """Raise on a cancel reject."""
    if isinstance(event, CancelReject):
        raise KeyError(event.client_id)
    return event


def ignore_open_orders(config: EngineConfig) -> Engine:
    """Ignore open orders in headroom and order rules."""
    engine = Engine(config)
    placing, view_of = engine.placing, engine.placing._views.take

    def view(quote: Quote, *, step: StepBuilder, state: TradingState, phase: Phase) -> RiskView:
        true = view_of(quote, step=step, state=state, phase=phase)
        return replace(true, leaves_buy=Decimal(0), leaves_sell=Decimal(0))

    def room(side: Side, state: TradingState, price: Decimal) -> Decimal:
        return config.limits.inventory_max - engine.inventory.net * side.sign

    placing._views.take, placing._headroom._base_headroom = view, room  # type: ignore[method-assign]
    return engine


def reduce_by_side(config: EngineConfig) -> Engine:
    """Check only the side of a reducing order, not its size."""
    engine = Engine(config)
    placing = engine.placing
    room_of, view_of = placing._headroom._base_headroom, placing._views.take

    def room(side: Side, state: TradingState, price: Decimal) -> Decimal:
        return room_of(side, TradingState.RUNNING, price)

    def view(quote: Quote, *, step: StepBuilder, state: TradingState, phase: Phase) -> RiskView:
        return view_of(quote, step=step, state=TradingState.RUNNING, phase=phase)

    placing._views.take, placing._headroom._base_headroom = view, room  # type: ignore[method-assign]
    placing._headroom.would_flip = lambda side: False  # type: ignore[method-assign]
    return engine


def fence_at_once(config: EngineConfig) -> Engine:
    """Close an order after one 'not found'."""
    engine = Engine(config)
    engine.reconcile.on_order_not_found = engine.lifecycle.release  # type: ignore[method-assign]
    return engine


class TrustingBook(Book):
    """A book that accepts every delta as the next one."""

    __slots__ = ()

    def apply(self, delta: BookDelta) -> str | None:
        return super().apply(replace(delta, prev=self.last))


def ignore_gaps(config: EngineConfig) -> Engine:
    engine = Engine(config)
    engine.market.book = TrustingBook()
    return engine


def never_stale(config: EngineConfig) -> Engine:
    return Engine(replace(config, book=BookPolicy(stale_ns=10**18)))


def no_budget(config: EngineConfig) -> Engine:
    return Engine(replace(config, creates_per_s=3 * config.creates_per_s))


def wrong_limit(config: EngineConfig) -> Engine:
    limits = config.limits
    return Engine(replace(config, limits=replace(limits, inventory_max=limits.inventory_max + 1)))


def not_deterministic(config: EngineConfig) -> Engine:
    """Depend on something that is in no event."""
    return Engine(replace(config, id_prefix=f"{config.id_prefix}{next(NUMBERS) % 10}"))


# Planted bug, and the rules of which one must catch it.
PLANTED_BUGS: dict[str, tuple[MakeEngine, tuple[str, ...]]] = {
    "drop_on_timeout": (altered(drop_on_timeout), ("I1",)),
    "drop_on_not_found": (altered(drop_on_not_found), ("I1",)),
    "drop_on_cancel_reject": (altered(drop_on_cancel_reject), ("I1",)),
    "ignore_trade_lists": (altered(ignore_trade_lists), ("Q1", "Q3")),
    "ignore_rules": (altered(ignore_rules), ("I9",)),
    "ignore_closed_market": (altered(ignore_closed_market), ("I9",)),
    "ignore_pauses": (altered(ignore_pauses), ("I3",)),
    "keep_machine_causes": (altered(keep_machine_causes), ("Q3",)),
    "one_fill_per_order": (one_fill_per_order, ("I1", "Q1", "Q3")),
    "raise_on_cancel_reject": (altered(raise_on_cancel_reject), ("raised",)),
    "ignore_open_orders": (ignore_open_orders, ("I2", "I9")),
    "reduce_by_side": (reduce_by_side, ("I6",)),
    "fence_at_once": (fence_at_once, ("I1",)),
    "ignore_gaps": (ignore_gaps, ("I5",)),
    "never_stale": (never_stale, ("I5",)),
    "no_budget": (no_budget, ("I7",)),
    "wrong_limit": (wrong_limit, ("I2",)),
    "not_deterministic": (not_deterministic, ("Q4",)),
}


SEEDS_MAX = 60
SECONDS = 60.0
# These need a fault that few seeds have.
FOCUS = {
    "ignore_gaps": (Fault.DEPTH_GAPS,),
    "ignore_rules": (Fault.RULES_CHANGE,),
    "ignore_closed_market": (Fault.MARKET_CLOSED,),
    "reduce_by_side": (Fault.OPERATOR_REDUCE,),
    "ignore_pauses": (Fault.OPERATOR_PAUSE,),
    "ignore_trade_lists": (Fault.PRIVATE_NOISE,),
}


def caught(name: str) -> tuple[int, str]:
    """Return (seeds run, breach) of the first seed that catches the bug; breach empty if none."""
    make_engine, _ = PLANTED_BUGS[name]
    for seed in range(SEEDS_MAX):
        plan = draw(seed, SECONDS, only=FOCUS.get(name))
        verdict = run_plan(plan, make_engine=make_engine, replays=True)
        if verdict.breach:
            return seed + 1, verdict.breach
    return SEEDS_MAX, ""
