"""The market's rules while they change under way (F-53 to F-55), and ccxt's copy of them.

Creates pass the real egress gate, as in the daemon: ccxt rounds a create by its copy when it builds
the request, which then may wait for its connection.
"""

from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal

from quoter.backtest.schedule import Schedule
from quoter.domain.commands import PlaceOrder
from quoter.domain.errors import EgressBlocked
from quoter.domain.events import ReportFailed, RulesReport
from quoter.domain.instrument import Instrument
from quoter.domain.reasons import RejectReason, ReportKind
from quoter.domain.units import NS_PER_S
from quoter.venues.egress.gate import Call, EgressGate, Purpose
from tests.simulation.chaos.active_faults import ActiveFaults
from tests.simulation.chaos.breach import Breach
from tests.simulation.chaos.plan import Fault

COARSER = (1, 2, 4)
AGE_NS_MAX = 10 * NS_PER_S  # the age of creates is not the subject here


class ChangingRules:
    """The rules at the venue, as its list shows them, as ccxt holds them, and the gate."""

    def __init__(self, first: Instrument, faults: ActiveFaults, schedule: Schedule) -> None:
        self._first, self._faults, self._schedule = first, faults, schedule
        self.now = self.held = first
        self._older = replace(first, tick=2 * first.tick)  # what an old list shows
        self._quotable: Instrument | None = first  # as the gate knows it
        self._gate = EgressGate(
            hosts=frozenset(), age_ns_max=AGE_NS_MAX, now_ns=lambda: schedule.now_ns
        )
        self._gate.is_open = True

    def change(self) -> None:
        """Draw new rules: a coarser grid, or minimums that the order size may not reach."""
        random, first = self._faults.random, self._first
        self._older = self.now
        self.now = replace(
            first,
            tick=first.tick * random.choice(COARSER),
            lot=first.lot * random.choice(COARSER),
            size_min=first.size_min * random.choice((*COARSER, 20)),
            notional_min=random.choice((first.notional_min, Decimal(15_000), Decimal(10**6))),
        )

    def restore(self) -> None:
        """End the changes."""
        self.now = self._first

    def refusal(self, order: PlaceOrder) -> RejectReason | None:
        """Return why the venue refuses a create; None if it does not."""
        if self._is_closed():
            return RejectReason.OTHER
        is_taken = self.now.accepts(price=order.price, size=order.size)
        return None if is_taken else RejectReason.FILTER

    def listed(self) -> RulesReport | ReportFailed:
        """Return the venue's answer to a request for the rules."""
        if self._is_closed():
            return RulesReport(ts_ns=0, instrument=self.now, refusal="not trading")
        if not self._faults.fires(Fault.RULES_WRONG):
            return RulesReport(ts_ns=0, instrument=self.now)
        match self._faults.random.randrange(3):
            case 0:
                return RulesReport(ts_ns=0, instrument=self._older)
            case 1:
                return RulesReport(ts_ns=0, instrument=self.now, refusal="not listed")
            case _:
                return ReportFailed(ts_ns=0, kind=ReportKind.RULES, text="half a list")

    def _is_closed(self) -> bool:
        is_closed = self._faults.is_on(Fault.MARKET_CLOSED)
        self._faults.fired[Fault.MARKET_CLOSED] += is_closed
        return is_closed

    def connect(self) -> None:
        """Read the rules as a start does."""
        self.held = self._quotable = self.now
        self._gate.change_rules(self.now)

    def take(self, report: RulesReport) -> RulesReport:
        """Do what the gateway does with an answer: the gate first, then ccxt's copy."""
        quotable = None if report.refusal else report.instrument
        if quotable != self._quotable:
            self._quotable = quotable
            self._gate.change_rules(quotable)
        if quotable is not None:
            self.held = quotable
        return replace(report, instrument=self.held)

    def build(self, order: PlaceOrder) -> tuple[Decimal, Decimal]:
        """Return price and size as ccxt writes them into the request now."""
        self._gate.register(order)
        return _rounded(order.price, self.held.tick), order.size // self.held.lot * self.held.lot

    def write(self, order: PlaceOrder, built: tuple[Decimal, Decimal]) -> str:
        """Write the request; return why the gate denies it, or "".

        Raises Breach if a request that differs from its order would reach the comparison, where it
        kills.
        """
        try:
            self._gate.check_create(Call(Purpose.CREATE, order.client_id))
        except EgressBlocked as denied:
            return str(denied)
        finally:
            self._gate.forget(order.client_id)
        if built != (order.price, order.size):
            raise Breach("PT-14", f"{order.client_id} {order.price} {order.size} built as {built}")
        return ""


def _rounded(price: Decimal, tick: Decimal) -> Decimal:
    return (price / tick).to_integral_value(ROUND_HALF_UP) * tick
