"""Engine and simulated exchange together in virtual time.

There is no event loop, no socket and no wall clock: two runs with the same seed have the same trace
on every machine.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from hashlib import blake2b

from quoter.backtest.tape_run import ACCOUNT, EngineRun, RunSetup
from quoter.domain.events import OperatorCommand
from quoter.domain.step import Step
from quoter.domain.units import NEVER_NS, NS_PER_S
from quoter.engine.inventory_clock import InventoryClock
from quoter.sim.exchange import Exchange
from quoter.sim.scripts import Script

START_NS = 1_700_000_000_000_000_000  # arbitrary: no result may depend on it

type Observer = Callable[[Step], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup(RunSetup):
    """A market, the configuration of the engine, and the latency between the two."""

    seed: int


class Simulation(EngineRun):
    """One run; every event reaches the engine through `handle`."""

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        exchange = Exchange((setup.market,), seed=setup.seed, now_ns=START_NS)
        super().__init__(setup, exchange, START_NS, self._note)
        self._flow = exchange._flows[setup.market.symbol]
        self.inventory = InventoryClock(START_NS)
        self.observers: list[Observer] = []
        self.events = 0
        self._trace = blake2b(digest_size=16)

    @property
    def now_s(self) -> float:
        """Seconds since the start."""
        return (self.schedule.now_ns - START_NS) / NS_PER_S

    @property
    def trace(self) -> str:
        """Digest of the type and time of every event, of every command and of every fill so far."""
        return self._trace.hexdigest()

    def run_until(self, at_s: float) -> None:
        """Advance to `at_s` seconds after the start."""
        until_ns = START_NS + round(at_s * NS_PER_S)
        self.gateway.run_until(until_ns)
        self._measure()

    def script(self, script: Script, at_s: float) -> None:
        """Start a script of the market at `at_s` seconds."""
        at_ns = START_NS + round(at_s * NS_PER_S)
        self.exchange.script(self.setup.market.symbol, script, at_ns)

    def stop_market(self) -> None:
        """Let the market stand still from now on: nothing but our own orders changes its book."""
        self._flow.next_ns = NEVER_NS

    def operate(self, command: type[OperatorCommand]) -> None:
        """Send an operator command now."""
        now_ns = self.schedule.now_ns
        self.handle(command(ts_ns=now_ns, actor="test", reason=""))

    def _note(self, step: Step) -> None:
        event = step.event
        self.events += 1
        self._trace.update(f"{event.ts_ns} {type(event).__name__}\n".encode())
        if step.booked:
            self._trace.update(repr(step.booked).encode())
            self._measure()
        if step.commands:
            self._trace.update(repr(step.commands).encode())
        for observe in self.observers:
            observe(step)

    def truth(self) -> dict[str, Decimal]:
        """Balances in the exchange's own ledger."""
        return self.exchange.truth.balances(ACCOUNT)

    def open_orders(self) -> int:
        """Number of our orders that are open at the exchange."""
        return len(self.exchange.open_orders(ACCOUNT))

    def _measure(self) -> None:
        engine = self.engine
        lots = float(engine.inventory.net / engine.config.order_size)
        self.inventory.moved(self.schedule.now_ns, lots)
