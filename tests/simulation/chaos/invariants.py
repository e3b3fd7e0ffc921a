"""The invariants I1 to I9 (deploy/docs/reliability.md), checked after every step.

Each check takes constant time. I3 and I7 are checked when a create is issued, because nothing is
queued between the engine and the venue here. I5 measures freshness by the time of receipt, as the
engine does; it compares the book with the exchange's at the same sequence number, and its best
prices with those that the exchange had a short time ago, whatever their number. While the stream
has wrong update ids (F-42), lost updates may look like none; only contents can show them, so that a
wrong book is a breach from NOTICED_S_MAX on.
"""

from collections import Counter, deque
from decimal import Decimal

from quoter.domain.commands import PlaceOrder
from quoter.domain.instrument import Instrument
from quoter.domain.market import Side
from quoter.domain.trading import Phase, TradingState
from quoter.domain.units import NS_PER_S
from quoter.engine.engine import Engine
from quoter.engine.placing.placing import BUDGET_BURST_S
from tests.simulation.chaos.breach import Breach
from tests.simulation.chaos.plan import Fault, Plan
from tests.simulation.chaos.true_state import TrueState

BOOKS_KEPT = 400
TOUCHES_KEPT = 20_000
SLOW_FEED_S_MAX = 6.0  # of F-22
BLOCK_S_MAX = 3.0  # of F-33
# Time to notice a stream that is silent, or a book whose wrong update ids hide what it lost.
NOTICED_S_MAX = 3.0
SLACK = 1e-6


class Invariants:
    """Checks of one run; a broken rule raises `Breach`."""

    def __init__(self, plan: Plan, truth: TrueState) -> None:
        self._plan, self._truth = plan, truth
        self._limit = plan.engine.limits.inventory_max
        slow_s = SLOW_FEED_S_MAX * (Fault.SLOW_FEED in plan.faults)
        self._market_ns_max = plan.latency.market_ns + round(slow_s * NS_PER_S)
        self.checks: Counter[str] = Counter()
        # the venue's best prices by update id; None: unknown
        self.books: dict[int, tuple[float, float] | None] = {}
        self._touch: tuple[float, float] | None = None  # the venue's best prices
        self._ended_ns: dict[tuple[float, float], int] = {}  # when it last had other ones
        self._misnumbered_until_ns = 0  # when the newest diff with wrong ids arrived at the latest
        self._wrong_ns: dict[str, int] = {}  # since when a comparison has found the book wrong
        self.received_ns = 0  # last time the process received anything on the market stream
        self.latched: set[Fault] = set()  # faults it has received that must latch
        self.is_paused = False
        self.rules: Instrument | None = None  # as the process knows them; None: can't be quoted
        self.restart(0)

    def restart(self, now_ns: int) -> None:
        """Start with a full order budget, as a new process does."""
        rate = self._plan.engine.creates_per_s
        self._burst = max(1.0, BUDGET_BURST_S * rate)
        self._tokens, self._tokens_ns = self._burst, now_ns
        self._minute: deque[int] = deque()
        self.is_paused = False

    def touch(self, prices: tuple[float, float], now_ns: int) -> None:
        """Record that the exchange has these best prices from now on."""
        if self._touch is not None and prices != self._touch:
            self._ended_ns.pop(self._touch, None)
            self._ended_ns[self._touch] = now_ns
            if len(self._ended_ns) > TOUCHES_KEPT:
                del self._ended_ns[next(iter(self._ended_ns))]
        self._touch = prices

    def forget_book(self, last: int) -> None:
        """Record that the book of this update id is not known."""
        self.books[last] = None

    def shown(self, prices: tuple[float, float], now_ns: int) -> None:
        """Record that the exchange published these best prices in place of its own."""
        self._ended_ns[prices] = now_ns

    def misnumbered(self, now_ns: int) -> None:
        """Record that the exchange published a diff with wrong update ids."""
        self._misnumbered_until_ns = now_ns + self._market_ns_max

    def book(self, last: int) -> None:
        """Record that the exchange's best prices of now are those of this update id.

        An id that was published twice, with other prices, says nothing.
        """
        if self.books.setdefault(last, self._touch) != self._touch:
            self.books[last] = None
        if len(self.books) > BOOKS_KEPT:
            del self.books[next(iter(self.books))]

    def issued(self, order: PlaceOrder, engine: Engine, now_ns: int) -> None:
        """Check a create that the engine has issued."""
        self.checks["I3"] += 1
        state = engine.causes.state
        is_stopped = state >= TradingState.PAUSED or engine.phase is not Phase.LIVE
        if is_stopped or self.latched or self.is_paused:
            raise Breach("I3", f"{order.client_id} issued in {state.name}, {engine.phase}")
        self._fresh(order, engine, now_ns)
        if state is TradingState.REDUCE_ONLY:
            self.checks["I6"] += 1
            net, leaves = engine.inventory.net, engine.orders.leaves(order.side)
            if order.side.sign * net >= 0 or leaves > abs(net):
                raise Breach("I6", f"{order.side} {order.size} at {net}, {leaves} of it live")
        self._budget(order, now_ns)
        self._sane(order, engine)
        self.checks["I8"] += 1
        if (other := self._truth.crosses(order)) is not None:
            raise Breach("I8", f"{order.client_id} at {order.price} meets our own {other}")

    def _fresh(self, order: PlaceOrder, engine: Engine, now_ns: int) -> None:
        self.checks["I5"] += 1
        book = engine.market.book
        if not book.ready or engine.market.bid is None:
            raise Breach("I5", f"{order.client_id} without a book")
        age_ns = now_ns - self.received_ns
        if age_ns > self._plan.engine.book.stale_ns + self._plan.tick_ns:
            raise Breach("I5", f"{order.client_id}: no update of the book for {age_ns / 1e9:.2f} s")
        self._numbered("I5 book", engine, now_ns)
        self._living(order, engine, now_ns)

    def _numbered(self, check: str, engine: Engine, now_ns: int) -> None:
        """Check that the book is the exchange's of the same update id."""
        book = engine.market.book
        true = self.books.get(book.last)
        if true is None:
            return
        self.checks[check] += 1
        shown = book.bids.near[-1], -book.asks.near[-1]
        if true == shown:
            self._wrong_ns.pop("numbered", None)
        else:
            self._wrong("numbered", f"book {book.last} is {true}, ours is {shown}", now_ns)

    def _wrong(self, comparison: str, text: str, now_ns: int) -> None:
        """Raise a breach, unless wrong ids hide the loss and the time to notice is not over."""
        wrong_ns = now_ns - self._wrong_ns.setdefault(comparison, now_ns)
        limit_ns = round(NOTICED_S_MAX * NS_PER_S)
        if wrong_ns > limit_ns or now_ns > self._misnumbered_until_ns + limit_ns:
            raise Breach("I5", f"{text} for {wrong_ns / NS_PER_S:.2f} s")
        self.checks["I5 hidden"] += 1

    def _living(self, order: PlaceOrder, engine: Engine, now_ns: int) -> None:
        """Check that the exchange had the best prices of the engine's book a short time ago."""
        self.checks["I5 living"] += 1
        best = engine.market.book.published()
        if best is None:
            raise Breach("I5", f"{order.client_id} without best prices")
        touch = best[0].price, best[1].price
        if touch == self._touch:
            self._wrong_ns.pop("living", None)
            return
        plan = self._plan
        limit_ns = plan.engine.book.stale_ns + plan.tick_ns + self._market_ns_max
        limit_ns += round(BLOCK_S_MAX * NS_PER_S) * (Fault.BLOCK in plan.faults)
        ended_ns = self._ended_ns.get(touch)
        if ended_ns is not None and now_ns - ended_ns <= limit_ns:
            self._wrong_ns.pop("living", None)
            return
        age = "that never were"
        if ended_ns is not None:
            age = f"of {(now_ns - ended_ns) / NS_PER_S:.2f} s ago"
        self._wrong("living", f"{order.client_id} from best prices {touch} {age}", now_ns)

    def _sane(self, order: PlaceOrder, engine: Engine) -> None:
        """Check PT-02, PT-03, PT-12, PT-14 and R1 again, from market data, rules and limits."""
        self.checks["I9"] += 1
        if self.rules is None or not self.rules.accepts(price=order.price, size=order.size):
            raise Breach("I9", f"{order.client_id} {order.price} {order.size} against {self.rules}")
        limits, market, mid = self._plan.engine.limits, engine.market, engine.market.mid
        if order.book_seq != market.book.seq or mid is None or market.ask is None:
            raise Breach("I9", f"{order.client_id} from {order.book_seq}, not {market.book.seq}")
        if not 0 < order.size * order.price <= limits.notional_max:
            raise Breach("I9", f"{order.client_id} is worth {order.size * order.price}")
        net, sign = engine.inventory.net, order.side.sign
        worst = sign * net + engine.orders.leaves(order.side)  # it is counted already
        distance = abs(float(order.price) / mid - 1)
        if worst > 0 and not distance <= float(limits.price_collar) + SLACK:
            raise Breach("I9", f"{order.client_id} is {distance * 1e4:.0f} bps from {mid}")
        worth = worst * Decimal(repr(market.ask.price)) * (1 + limits.price_collar)
        if limits.position_notional_max is not None and not worth <= limits.position_notional_max:
            raise Breach("I9", f"{order.client_id} takes the worst case to {worth}")

    def _budget(self, order: PlaceOrder, now_ns: int) -> None:
        self.checks["I7"] += 1
        grown = (now_ns - self._tokens_ns) / NS_PER_S * self._plan.engine.creates_per_s
        self._tokens = min(self._burst, self._tokens + grown) - 1.0
        self._tokens_ns = now_ns
        if self._tokens < -SLACK:
            raise Breach("I7", f"{order.client_id} is beyond the budget")
        minute = self._minute
        minute.append(now_ns)
        while minute[0] <= now_ns - 60 * NS_PER_S:
            minute.popleft()
        if len(minute) > self._plan.engine.activity.creates_per_min:
            raise Breach("I7", f"{order.client_id} is number {len(minute)} of its minute")

    def each_book(self, engine: Engine, now_ns: int) -> None:
        """Check at every tick that a book in use is the exchange's of the same update id."""
        if engine.market.book.ready and engine.causes.state is TradingState.RUNNING:
            self._numbered("I5 each", engine, now_ns)
        else:
            self._wrong_ns.clear()

    def arrives(self, order: PlaceOrder, journal: dict[str, PlaceOrder]) -> None:
        """Check that an arriving create equals the recorded intent."""
        self.checks["I4"] += 1
        intent = journal.get(order.client_id)
        if intent != order:
            raise Breach("I4", f"{order} arrived, recorded is {intent}")

    def accepted(self, client_id: str, price: Decimal, size: Decimal, intent: PlaceOrder) -> None:
        """Check that an accepted order equals the create."""
        if (client_id, price, size) != (intent.client_id, intent.price, intent.size):
            raise Breach("I4", f"the venue holds {client_id} {price} {size}, meant was {intent}")

    def step(self, engine: Engine | None) -> None:
        """Check the limits after a step of the engine or a change at the venue."""
        truth = self._truth
        highest, lowest = truth.highest, truth.lowest
        self.checks["I2"] += 1
        if not -self._limit <= lowest <= highest <= self._limit:
            raise Breach("I2", f"can reach [{lowest}, {highest}], limit {self._limit}")
        if engine is None:
            return
        self.checks["I1"] += 1
        net, orders = engine.inventory.net, engine.orders
        high, low = net + orders.leaves(Side.BUY), net - orders.leaves(Side.SELL)
        if not low <= lowest <= highest <= high:
            raise Breach(
                "I1", f"truth {truth.net} reaches [{lowest}, {highest}], belief [{low}, {high}]"
            )

    def each_order(self, engine: Engine) -> None:
        """Check at every tick that no order can fill more than the engine reserves for it."""
        self.checks["I1 each"] += 1
        for client_id, alive in self._truth.alive.items():
            known = engine.orders.live(client_id)
            if known is None or known.leaves < alive.leaves:
                reserved = known.leaves if known is not None else "nothing"
                raise Breach("I1", f"{client_id} may bring {alive.leaves}, reserved is {reserved}")
