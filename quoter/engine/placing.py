"""Bring the orders at the venue to the wanted quote, through the gate and within the budget."""

from collections.abc import Sequence
from decimal import Decimal

from quoter.domain.commands import Denied, OrderIntent, TimeInForce
from quoter.domain.events import Tick
from quoter.domain.instrument import Instrument
from quoter.domain.market import Side
from quoter.domain.orders import OrderState
from quoter.domain.quotes import Quote, TwoSidedQuote
from quoter.domain.trading import CancelReason, Phase, TradingState
from quoter.engine.config import EngineConfig
from quoter.engine.lifecycle import MS, Lifecycle
from quoter.engine.market import MarketView
from quoter.engine.patience import Patience
from quoter.engine.requote import Action, Create, Remove, Replace, plan
from quoter.engine.turn import Turn
from quoter.risk.gate import judge
from quoter.risk.message_budget import MessageBudget
from quoter.risk.view import RiskView
from quoter.state.inventory import Inventory
from quoter.state.open_orders import OpenOrder, OpenOrders

BUDGET_BURST_S = 2.0  # the bucket holds this many seconds' worth of creates
ROOMY_SHARE = 0.5  # small corrections may use the upper half of the bucket only
DENIED_PAUSE_NS = 1_000 * MS
BASE36 = "0123456789abcdefghijklmnopqrstuvwxyz"
ZERO = Decimal(0)


def base36(number: int) -> str:
    """Digits and lower-case letters, without leading zeros."""
    digits = ""
    while number:
        number, rest = divmod(number, 36)
        digits = BASE36[rest] + digits
    return digits or "0"


class Placing:
    """Turns the difference between wanted and resting into intents, and asks the gate."""

    def __init__(
        self,
        *,
        config: EngineConfig,
        market: MarketView,
        orders: OpenOrders,
        inventory: Inventory,
        lifecycle: Lifecycle,
        patience: Patience,
    ) -> None:
        self._config = config
        self.policy = config.requote
        self._instrument = config.instrument
        self._market = market
        self._orders = orders
        self._inventory = inventory
        self._lifecycle = lifecycle
        self._patience = patience
        rate = config.creates_per_s
        self._budget = MessageBudget(rate_per_s=rate, burst=max(1.0, rate * BUDGET_BURST_S))
        self._sequence = 0
        self._seen: TwoSidedQuote | None = None

    def use(self, instrument: Instrument) -> None:
        """The market's rules have changed."""
        self._instrument = instrument

    def towards(
        self, quote: TwoSidedQuote, *, state: TradingState, phase: Phase, turn: Turn
    ) -> None:
        """Issue the fewest commands that bring both sides to `quote`."""
        if not self._is_due(quote, turn):
            return
        half = quote.terms.half_spread if quote.terms is not None else 0.0
        policy = self.policy
        tolerance = policy.tolerance_ticks(half, self._instrument.tick_float)
        is_roomy = self._budget.has_room(turn.ts_ns, share=ROOMY_SHARE)
        for side, wanted in ((Side.BUY, quote.bids), (Side.SELL, quote.asks)):
            if state is TradingState.REDUCE_ONLY and not self._reduces(side):
                wanted = ()
            resting = [o for o in self._orders if o.side is side and o.is_wanted]
            resting = [o for o in resting if not o.is_taking]
            if state is TradingState.REDUCE_ONLY and self._would_flip(side):
                wanted = ()  # what rests is more than there is to reduce: the room comes first
            wanted = self._fitted(wanted, resting, side, state)
            if not wanted and not resting:
                continue
            actions = plan(
                wanted,
                resting,
                policy=policy,
                tolerance_ticks=tolerance,
                ts_ns=turn.ts_ns,
                is_roomy=is_roomy,
                leftover=CancelReason.REQUOTE if wanted else CancelReason.NO_QUOTE,
            )
            for action in actions:
                self._act(action, state, phase, turn)

    def _is_due(self, quote: TwoSidedQuote, turn: Turn) -> bool:
        """Did anything change that counts here? On ticks always: holds and budgets run out."""
        is_new, self._seen = quote is not self._seen, quote
        return (
            is_new
            or isinstance(turn.event, Tick)
            or bool(turn.orders or turn.raised or turn.cleared)
        )

    @property
    def is_taking(self) -> bool:
        """May an order that takes be alive?"""
        return any(order.is_taking for order in self._orders)

    def remove_all(self, reason: CancelReason, turn: Turn, *, but_taking: bool = False) -> None:
        """Ask for the end of every order that nobody asked to end yet."""
        for order in list(self._orders):
            if order.is_wanted and not (but_taking and order.is_taking):
                self._lifecycle.end(order, reason, turn)

    def _reduces(self, side: Side) -> bool:
        inventory = self._inventory.net
        return inventory < 0 if side is Side.BUY else inventory > 0

    def _act(self, action: Action, state: TradingState, phase: Phase, turn: Turn) -> None:
        match action:
            case Create():
                self._create(action.quote, state, phase, turn, replacing=None)
            case Remove():
                self._lifecycle.end(action.order, action.reason, turn)
            case Replace():
                done = self._create(action.quote, state, phase, turn, replacing=action.order)
                if done or action.is_urgent:
                    self._lifecycle.end(action.order, CancelReason.REQUOTE, turn)

    def _create(
        self,
        quote: Quote,
        state: TradingState,
        phase: Phase,
        turn: Turn,
        *,
        replacing: OpenOrder | None,
    ) -> bool:
        """Place a quote. True if it is on its way, or only waits for `replacing` to be gone."""
        is_patient = not self._patience.is_over(quote.side, turn.ts_ns)
        if is_patient or not self._budget.has_room(turn.ts_ns):
            return False
        room = self._room(quote.side, state, quote.price)
        size = min(quote.size, self._instrument.floor_size(room))
        if replacing is not None and size < quote.size:
            return True  # break before make: its end frees the room
        if self._would_cross_ourselves(quote):
            return False
        quote = quote._replace(size=size)
        return self._submit(quote, TimeInForce.POST_ONLY, state, phase, turn)

    def take(self, quote: Quote, state: TradingState, phase: Phase, turn: Turn) -> None:
        """Take up to `quote.size` from the other side, at `quote.price` or better, if we may."""
        if self._patience.is_over(quote.side, turn.ts_ns) and self._budget.has_room(turn.ts_ns):
            room = self._room(quote.side, state, quote.price)
            quote = quote._replace(size=min(quote.size, self._instrument.floor_size(room)))
            if not self._would_cross_ourselves(quote):
                self._submit(quote, TimeInForce.IOC, state, phase, turn)

    def _submit(
        self,
        quote: Quote,
        time_in_force: TimeInForce,
        state: TradingState,
        phase: Phase,
        turn: Turn,
    ) -> bool:
        """Through the gate, into our books, on its way; False if the grid or the gate refuse."""
        if not self._instrument.is_tradable(price=quote.price, size=quote.size):
            return False
        self._sequence += 1
        intent = OrderIntent(
            client_id=f"{self._config.id_prefix}{base36(self._sequence)}",
            side=quote.side,
            price=quote.price,
            size=quote.size,
            reduces=self._reduces(quote.side),
            time_in_force=time_in_force,
        )
        verdict = judge(intent, self._risk_view(turn.ts_ns, state, phase), self._config.limits)
        if isinstance(verdict, Denied):
            turn.denied.append(verdict)
            self._patience.rest(quote.side, turn.ts_ns + DENIED_PAUSE_NS)
            return False
        self._budget.take()
        order = self._orders.reserve(verdict, ticks=quote.ticks)
        turn.commands.append(verdict)
        turn.moved(order.client_id, None, order.state)
        return True

    def _fitted(
        self,
        wanted: Sequence[Quote],
        resting: Sequence[OpenOrder],
        side: Side,
        state: TradingState,
    ) -> tuple[Quote, ...]:
        """What can be had of `wanted`, nearest first, were `resting` gone.

        Wanting more would replace an order that is as large as it can be, again and again.
        """
        fitted: list[Quote] = []
        held = sum((order.leaves for order in resting), start=ZERO)
        for quote in wanted:
            taken = sum((q.size for q in fitted), start=ZERO)
            room = self._room(side, state, quote.price) + held - taken
            size = min(quote.size, self._instrument.floor_size(room))
            if not self._instrument.is_tradable(price=quote.price, size=size):
                break
            fitted.append(quote._replace(size=size))
        return tuple(fitted)

    def _would_flip(self, side: Side) -> bool:
        """Could our orders of a reducing side take inventory past the target?"""
        return self._orders.leaves(side) > abs(self._inventory.net)

    def _room(self, side: Side, state: TradingState, price: Decimal) -> Decimal:
        """Base units that may still be added on one side; the gate has the last word."""
        inventory, limit = self._inventory.net, self._config.limits.inventory_max
        leaves = self._orders.leaves(side)
        signed = inventory * side.sign
        room = limit - signed - leaves
        if state is TradingState.REDUCE_ONLY:
            room = min(room, -signed - leaves)
        if self._config.is_spot and side is Side.SELL:
            room = min(room, self._inventory.position - leaves)
        elif self._config.is_spot:
            room = min(room, (self._inventory.cash - self._promised()) / price)
        return room

    def _promised(self) -> Decimal:
        """Quote currency that our live buys may still take."""
        return sum((o.leaves * o.price for o in self._orders.of_side(Side.BUY)), start=ZERO)

    def _would_cross_ourselves(self, quote: Quote) -> bool:
        """Does an order of ours that may still live stand on the other side of this price?"""
        sign = quote.side.sign
        return any(
            order.side is not quote.side
            and order.state is not OrderState.CLOSED_UNSETTLED
            and sign * (quote.ticks - order.ticks) >= 0
            for order in self._orders
        )

    def _risk_view(self, ts_ns: int, state: TradingState, phase: Phase) -> RiskView:
        market, inventory = self._market, self._inventory
        bid, ask = market.bid, market.ask
        has_book = bid is not None and ask is not None
        best_bid = Decimal(repr(bid.price)) if bid is not None else ZERO
        best_ask = Decimal(repr(ask.price)) if ask is not None else ZERO
        is_spot = self._config.is_spot
        return RiskView(
            ts_ns=ts_ns,
            phase=phase,
            state=state,
            book_ready=has_book,
            best_bid=best_bid,
            best_ask=best_ask,
            fair=(best_bid + best_ask) / 2,
            inventory=self._inventory.net,
            leaves_buy=self._orders.leaves(Side.BUY),
            leaves_sell=self._orders.leaves(Side.SELL),
            base_held=inventory.position if is_spot else None,
            quote_held=inventory.cash if is_spot else None,
            notional_buy=self._promised(),
        )
