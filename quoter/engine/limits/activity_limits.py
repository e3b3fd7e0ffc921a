"""Limits on activity over time: price jumps, order rate, fill rate, turnover and position value.

The order rules check one order each. These limits check many of them together, and raise halt
causes (rules PT-04, PT-07 and PT-08).
"""

from collections.abc import Callable, Iterable

from quoter.domain.commands import PlaceOrder, RequestReport
from quoter.domain.events import BookSnapshot, MarketEvent, Trade
from quoter.domain.market import Side
from quoter.domain.number_text import plain
from quoter.domain.quotes import TwoSidedQuote
from quoter.domain.reasons import ReportKind
from quoter.domain.trading import Cause
from quoter.domain.units import NS_PER_MS, exact
from quoter.engine.config import EngineConfig
from quoter.engine.halt_causes import HaltCauses
from quoter.engine.market.view import MarketView
from quoter.engine.step_builder import StepBuilder
from quoter.risk.expected_market import ExpectedMarket
from quoter.risk.monitors.message_rate import MessageRate
from quoter.risk.monitors.price_jump import PriceJump
from quoter.risk.monitors.price_references import PriceReferences
from quoter.risk.monitors.repeated_execution import RepeatedExecution
from quoter.risk.order_rules import ORDERS_SHARE, worst_notional
from quoter.state.executions import Execution
from quoter.state.inventory import Inventory
from quoter.state.open_orders import OpenOrders

JUMP_PAUSE_NS = 5_000 * NS_PER_MS
# time after which a snapshot that did not arrive is requested again
BOOK_AGAIN_NS = 5_000 * NS_PER_MS


class ActivityLimits:
    """Counts mids, trades, quotes, creates and fills, and raises a halt cause above a limit.

    `references` are the reference prices of the price collar.
    """

    def __init__(
        self,
        *,
        config: EngineConfig,
        market: MarketView,
        orders: OpenOrders,
        inventory: Inventory,
        causes: HaltCauses,
        expected: Callable[[], ExpectedMarket],
    ) -> None:
        """Store the collaborators. expected: returns the usual market (`ExpectedMarket`)."""
        policy, limits = config.activity, config.limits
        self._market, self._orders, self._inventory = market, orders, inventory
        self._causes, self._limits, self._expected = causes, limits, expected
        self.references = PriceReferences()
        self._jump = PriceJump(jump=policy.price_jump, drift=policy.quote_drift)
        self._rate = MessageRate(per_min=policy.creates_per_min, per_fill=policy.creates_per_fill)
        self._executions = RepeatedExecution(
            order_size=float(config.order_size),
            inventory_max=float(limits.inventory_max),
            turnover_max=policy.turnover_max,
        )
        self._has_new_creates = False  # creates since the rate was last checked
        self._jump_until_ns = 0
        self._snapshot_requested_ns = 0  # when the confirming snapshot was requested; 0 before

    def on_market(self, event: MarketEvent, step: StepBuilder) -> None:
        """Update the reference prices from a market event; raise PRICE_JUMP if the mid jumped.

        After a jump a snapshot is requested. It confirms the present prices and clears the cause.
        """
        if isinstance(event, Trade):
            self.references.on_trade(step.ts_ns, event.price)
            return
        mid = self._market.mid
        if mid is None:
            return
        self.references.on_mid(step.ts_ns, mid)
        text = self._jump.on_mid(step.ts_ns, mid)
        if text is not None:
            self._raise_price_jump(text, step)
        elif isinstance(event, BookSnapshot) and 0 < self._snapshot_requested_ns <= step.ts_ns:
            self._snapshot_requested_ns = 0
            self._jump.restart()
            self._causes.clear(step, Cause.PRICE_JUMP)

    def on_quote(self, quote: TwoSidedQuote, step: StepBuilder) -> None:
        """Raise PRICE_JUMP if a newly computed quote drifted too far within a minute."""
        for side, wanted in ((Side.BUY, quote.bids), (Side.SELL, quote.asks)):
            if wanted:
                text = self._jump.on_quote(step.ts_ns, side, float(wanted[0].price))
                if text is not None:
                    self._raise_price_jump(text, step)

    def _raise_price_jump(self, text: str, step: StepBuilder) -> None:
        mid = self._market.mid
        expected_per_s = self._jump.expected_per_s(self._expected(), mid) if mid else 0.0
        self._causes.raise_cause(step, Cause.PRICE_JUMP, text, expected_per_s=expected_per_s)
        self._jump_until_ns, self._snapshot_requested_ns = step.ts_ns + JUMP_PAUSE_NS, 0

    def check_create_rate(self, step: StepBuilder) -> None:
        """Raise MESSAGE_RATE if earlier steps created too many orders. Call before placing."""
        if not self._has_new_creates:
            return
        self._has_new_creates = False
        if (text := self._rate.breach(step.ts_ns)) is not None:
            self._causes.raise_cause(step, Cause.MESSAGE_RATE, text)

    def tolerance_factor(self, ts_ns: int) -> float:
        """Factor on the requote tolerance, >= 1.

        It is above 1 while orders are short (QUOTER_CREATES_PER_FILL).
        """
        return self._rate.tolerance_factor(ts_ns)

    def count_creates(self, step: StepBuilder) -> None:
        """Count the creates of this step."""
        for command in step.commands:
            if isinstance(command, PlaceOrder):
                self._rate.on_create(step.ts_ns)
                self._has_new_creates = True

    def on_fills(self, executions: Iterable[Execution], step: StepBuilder) -> None:
        """Count the executions of this step, and check the position value."""
        for one in executions:
            if one.is_new:
                self._rate.on_fill(step.ts_ns)
            text = self._executions.on_fill(step.ts_ns, one.lots)
            if text is not None:
                self._causes.raise_cause(step, Cause.REPEATED_EXECUTION, text)
        self._check_position_notional(step)

    def tick(self, step: StepBuilder, *, expected_fills_per_s: float) -> None:
        """Clear causes whose condition is over, request a due snapshot, check the position value.

        expected_fills_per_s: in order sizes, both sides, since the last tick.
        """
        ts_ns, switch = step.ts_ns, self._causes.switch
        self._executions.expect(ts_ns, expected_fills_per_s)
        self._check_position_notional(step)
        if switch.is_active(Cause.MESSAGE_RATE) and self._rate.is_well_within_limits(ts_ns):
            self._causes.clear(step, Cause.MESSAGE_RATE)
        is_due = ts_ns >= max(self._jump_until_ns, self._snapshot_requested_ns + BOOK_AGAIN_NS)
        if switch.is_active(Cause.PRICE_JUMP) and is_due:
            self._snapshot_requested_ns = ts_ns
            step.commands.append(RequestReport(kind=ReportKind.BOOK))

    def _check_position_notional(self, step: StepBuilder) -> None:
        limit, mid, ask = self._limits.position_notional_max, self._market.mid, self._market.ask
        if limit is None or mid is None or ask is None:
            return
        worth = worst_notional(
            inventory=self._inventory.net,
            leaves_buy=self._orders.leaves(Side.BUY),
            leaves_sell=self._orders.leaves(Side.SELL),
            price=exact(max(mid, ask.price)),
            limits=self._limits,
        )
        if not worth <= limit:
            text = (
                f"the inventory could be worth {worth:.2f}, limit {plain(limit)} "
                "(QUOTER_POSITION_NOTIONAL_MAX)"
            )
            self._causes.raise_cause(step, Cause.NOTIONAL_LIMIT, text)
        elif worth <= ORDERS_SHARE * limit:
            self._causes.clear(step, Cause.NOTIONAL_LIMIT)
