"""One seed: exchange, faults and process, the checks after the last fault, and the verdict."""

from collections import Counter, deque
from dataclasses import dataclass, field
from decimal import Decimal
from hashlib import blake2b
from pathlib import Path
from time import process_time
from traceback import extract_tb

from quoter.backtest.schedule import Schedule
from quoter.backtest.tape_run import ACCOUNT
from quoter.domain.commands import Command
from quoter.domain.events import Drain, Tick
from quoter.domain.step import Step
from quoter.domain.trading import Cause, TradingState
from quoter.domain.units import NS_PER_MS, NS_PER_S
from quoter.engine.engine import Engine
from quoter.recording.engine_state import dump, load
from quoter.risk.hysteresis import MACHINE_CAUSES
from quoter.risk.monitors.message_rate import JUDGED_FROM
from quoter.risk.monitors.reject_streak import REJECTS_MAX
from quoter.risk.monitors.repeated_execution import EXPECTED_MIN, MARKET_TIMES, lots_limit
from quoter.service.recovery import CALM_NS, DOUBLINGS_MAX
from quoter.sim.exchange import Exchange
from tests.simulation.chaos.active_faults import ActiveFaults, at_ns, windows_of
from tests.simulation.chaos.breach import Breach
from tests.simulation.chaos.faulty_gateway import FaultyGateway
from tests.simulation.chaos.invariants import BLOCK_S_MAX, Invariants
from tests.simulation.chaos.network import Network
from tests.simulation.chaos.plan import DRAIN_S, Fault, Plan, draw
from tests.simulation.chaos.process import MakeEngine, Process, ProcessRun
from tests.simulation.chaos.refusals import Refusals
from tests.simulation.chaos.scheduled_faults import ScheduledFaults
from tests.simulation.chaos.true_state import TrueState
from tests.simulation.harness import START_NS

DEPTH_NS = 250 * NS_PER_MS
UNKNOWN_S_MAX = 5.0
# Caused by the market, by our own rate, or by the machine, whose causes wait for a growing calm
# time: no recovery within the usual time.
HOLDS = {Cause.MARKET_REGIME, Cause.MESSAGE_RATE, *MACHINE_CAUSES}
# The fault that a cause of the machine comes from; others are not simulated.
MACHINE_FAULTS = {Cause.LOOP_LAG: Fault.BLOCK, Cause.CLOCK: Fault.CLOCK}
PROBE_S = 2.0  # the machine is looked at once a second, and once more after a hang
BOOKS = (Fault.DEPOSIT, Fault.FOREIGN_TRADE, Fault.WIPE)


@dataclass(frozen=True, slots=True)
class Job:
    """A seed to run; `replays`: also replay the recorded events in a second engine (Q4)."""

    seed: int
    seconds: float
    replays: bool = False
    only: tuple[Fault, ...] | None = None


@dataclass(slots=True, kw_only=True)
class Verdict:
    """Results of a run."""

    seed: int
    seconds: float
    breach: str = ""
    at_s: float = 0.0
    fired: Counter[Fault] = field(default_factory=Counter)
    checks: Counter[str] = field(default_factory=Counter)
    events: int = 0
    creates: int = 0
    fills: int = 0
    starts: int = 0
    end: str = ""
    trace: str = ""
    cpu_s: float = 0.0
    ledger_s: float = -1.0  # after the last fault: until the ledger was the truth
    quoting_s: float = -1.0  # and until it quoted


class World:
    """Exchange, gateway, process and faults of one plan."""

    def __init__(
        self, plan: Plan, *, make_engine: MakeEngine = Engine, record: bool = False
    ) -> None:
        self.plan = plan
        market, config = plan.market, plan.engine
        self.exchange = Exchange((market,), seed=plan.seed, now_ns=START_NS)
        self.exchange.add_account(ACCOUNT, config.opening)
        self.schedule = Schedule(START_NS)
        self.faults = ActiveFaults(plan, self.schedule)
        self.truth = TrueState(
            dict(config.opening), target=config.target, base=market.base, quote=market.quote
        )
        self.invariants = Invariants(plan, self.truth)
        self.process = Process(
            plan=plan,
            schedule=self.schedule,
            faults=self.faults,
            truth=self.truth,
            invariants=self.invariants,
            make_engine=make_engine,
            record=record,
        )
        self._connect()
        self.events = 0
        self.verdict = Verdict(seed=plan.seed, seconds=plan.seconds)
        self._trace = blake2b(digest_size=16)
        self._is_at_rest = self._is_throttled = False
        self._held_s = (
            0.0  # seconds after the last fault in which it rightly quoted less or nothing
        )
        self._streaks = Refusals()
        self._fills: deque[tuple[int, Decimal]] = deque(maxlen=10_000)  # time and size
        self.process.observers.append(self._observe)
        self.schedule.at(START_NS, self.process.start)
        self.schedule.at(START_NS + plan.tick_ns, self._tick)
        self.schedule.at(START_NS + DEPTH_NS, self._flush)
        self.schedule.at(at_ns(plan.faults_end_s), self._faults_over)
        self.schedule.at(at_ns(plan.seconds - DRAIN_S), self._drain)

    def _connect(self) -> None:
        """Connect gateway, process and scheduled faults."""
        plan, market = self.plan, self.plan.market
        self.gateway = FaultyGateway(
            exchange=self.exchange,
            symbol=market.symbol,
            account=ACCOUNT,
            schedule=self.schedule,
            latency=plan.latency,
            seam=Network(self.faults),
            post=self.process.post,
            faults=self.faults,
            truth=self.truth,
            invariants=self.invariants,
            processing_s=plan.processing_s,
            names_in_trades=plan.names_in_trades,
        )
        self.process.gateway = self.gateway
        self.scheduled_faults = ScheduledFaults(
            plan=plan,
            schedule=self.schedule,
            exchange=self.exchange,
            gateway=self.gateway,
            process=self.process,
            faults=self.faults,
            invariants=self.invariants,
        )

    @property
    def now_s(self) -> float:
        return (self.schedule.now_ns - START_NS) / 1e9

    def run_until(self, at_s: float) -> None:
        """Advance to `at_s` seconds after the start. Raises Breach if a rule is broken."""
        self.gateway.run_until(at_ns(at_s))

    def _observe(self, step: Step) -> None:
        self.events += 1
        event = step.event
        trace = f"{event.ts_ns} {type(event).__name__}\n"
        if step.booked:
            trace += repr(step.booked)
        if step.commands:
            trace += repr(step.commands)
        self._trace.update(trace.encode())
        self._fills.extend((event.ts_ns, booked.fill.size) for booked in step.booked)
        self._streaks.observe(step)
        if step.state is not None and Cause.REPEATED_EXECUTION in dict(step.state.raised):
            self._throttled(event.ts_ns)

    def _throttled(self, now_ns: int) -> None:
        """Check that a throttle is justified: many fills, or orders that the venue refused."""
        self.invariants.checks["throttled"] += 1
        self._is_throttled = True
        if (refused := self._streaks.longest) >= REJECTS_MAX:
            return
        window = [size for ts_ns, size in self._fills if now_ns - ts_ns <= 61 * NS_PER_S]
        orders = float(sum(window) / self.plan.engine.order_size)
        if not orders >= lots_limit(MARKET_TIMES * EXPECTED_MIN):
            text = f"throttled after {orders:.1f} order sizes within 61 s, {refused} refused orders"
            raise Breach("PT-08", text)

    def _tick(self) -> None:
        now_ns = self.schedule.now_ns
        self.process.post(Tick(ts_ns=now_ns))
        if self._is_at_rest:
            self._measure_recovery()
        self.schedule.at(now_ns + self.plan.tick_ns, self._tick)

    def _flush(self) -> None:
        now_ns = self.schedule.now_ns
        self.gateway.deliver(self.exchange.flush_depth(self.plan.market.symbol, now_ns))
        faster = self.faults.is_on(Fault.BURST)
        self.schedule.at(now_ns + (DEPTH_NS // 10 if faster else DEPTH_NS), self._flush)

    # after the last fault

    def _faults_over(self) -> None:
        self._is_at_rest = True
        self.gateway.silent_until_ns = min(self.gateway.silent_until_ns, self.schedule.now_ns)

    def _measure_recovery(self) -> None:
        engine, verdict = self.process.engine, self.verdict
        after_s = self.now_s - self.plan.faults_end_s
        if engine is None:
            return
        if verdict.ledger_s < 0 and engine.inventory.balances == self._true_balances(engine):
            verdict.ledger_s = after_s
        is_trading = engine.causes.state < TradingState.PAUSED
        if any(map(self._is_justified, engine.causes.switch.causes.keys() & HOLDS)):
            self._held_s += self.plan.tick_ns / 1e9
        if verdict.quoting_s < 0 and is_trading and self.gateway.own_open():
            verdict.quoting_s = after_s - self._held_s
        up_s = (self.schedule.now_ns - self.process.up_ns) / 1e9
        if min(after_s, up_s) > UNKNOWN_S_MAX:
            self._judge_unknown(engine)

    def _judge_unknown(self, engine: Engine) -> None:
        self.invariants.checks["Q2"] += 1
        for name in self.gateway.own_open():
            if engine.orders.live(name) is None:
                raise Breach("Q2", f"{name} is open at the venue and unknown to us")

    def _true_balances(self, engine: Engine) -> dict[str, object]:
        zero = engine.inventory.net * 0
        true = self.truth.balances
        return {asset: true.get(asset, zero) for asset in engine.inventory.balances}

    def _drain(self) -> None:
        now_ns = self.schedule.now_ns
        self._judge_end()
        self.process.post(Drain(ts_ns=now_ns, actor="test", reason="end"))

    @property
    def latched(self) -> set[Fault]:
        """Faults that the process has received and after which it must not trade."""
        fired = self.faults.fired
        latched = self.invariants.latched | {fault for fault in BOOKS if fired[fault]}
        if not any(self.gateway.shift.values()):
            latched.discard(Fault.WIPE)  # it had not traded yet: the balances are unchanged
        return latched

    def _judge_end(self) -> None:
        """Check the state just before the drain, 25 s or more after the last fault."""
        engine, verdict, checks = self.process.engine, self.verdict, self.invariants.checks
        latched = self.latched
        if latched:
            self._judge_latched(latched)
        elif engine is None:
            raise Breach("Q3", "no process came up")
        elif self._is_throttled and Cause.REPEATED_EXECUTION in engine.causes.switch.causes:
            checks["throttled at the end"] += 1  # until an operator resumes
        elif engine.causes.switch.causes.keys() & HOLDS:
            checks["held at the end"] += 1
            self._judge_hold(engine)
        else:
            checks["Q3"] += 1
            causes = engine.causes.switch.causes
            if not 0 <= verdict.quoting_s <= self.plan.heals_s:
                raise Breach("Q3", f"quoting after {verdict.quoting_s:.1f} s, {causes}")
            if engine.causes.state is not TradingState.RUNNING:
                raise Breach("Q3", f"long after the last fault: {causes}")
        checks["Q1"] += 1
        if engine is not None and not 0 <= verdict.ledger_s <= self.plan.books_s:
            true = self._true_balances(engine)
            raise Breach(
                "Q1", f"after {verdict.ledger_s:.1f} s: {engine.inventory.balances}, true {true}"
            )

    def _judge_hold(self, engine: Engine) -> None:
        """Check that market regime, message rate and machine are the only reasons."""
        causes = engine.causes.switch.causes
        if others := causes.keys() - HOLDS:
            raise Breach("Q3", f"long after the last fault: {sorted(others)}")
        if Cause.MARKET_REGIME in causes and not self.plan.engine.regime.is_on:
            raise Breach("Q3", f"a regime that is switched off: {causes}")
        for cause in causes:
            if not self._is_justified(cause):
                raise Breach("Q3", f"a fault of the machine that is over: {causes}")
        if Cause.MESSAGE_RATE in causes and not len(self.process.disk.intents) >= JUDGED_FROM:
            raise Breach("Q3", f"after {len(self.process.disk.intents)} orders: {causes}")

    def _is_justified(self, cause: Cause) -> bool:
        """Whether a cause of the machine may be active now; True for every other cause.

        It may for its calm time after its last fault. That time doubles at each relapse, and
        every relapse needs a fault of its own.
        """
        if cause not in MACHINE_CAUSES:
            return True
        fault = MACHINE_FAULTS.get(cause)
        windows = windows_of(self.plan, fault) if fault is not None else []
        windows = [window for window in windows if window.begin_s <= self.now_s]
        if not windows:
            return False
        calm_s = (CALM_NS << min(len(windows) - 1, DOUBLINGS_MAX)) / 1e9
        ends_s = (w.begin_s + BLOCK_S_MAX if fault is Fault.BLOCK else w.end_s for w in windows)
        return self.now_s <= max(ends_s) + calm_s + PROBE_S

    def _judge_latched(self, latched: set[Fault]) -> None:
        """Check that it does not trade, for the right cause."""
        self.invariants.checks["latched"] += 1
        engine = self.process.engine
        if engine is None:
            if latched & set(BOOKS):
                return  # the balances differ: a start is refused until an operator accepts them
            raise Breach("Q3", "no process came up")
        causes = engine.causes.switch.causes
        if engine.causes.state < TradingState.PAUSED:
            raise Breach("latch", f"trades on after {sorted(latched)}")
        if engine.causes.state is TradingState.KILLED:
            # Books that differ for a minute kill, holdings beyond the limit at once.
            differ = {Cause.LEDGER_CONFLICT, Cause.INVENTORY_BREACH}
            killers = dict.fromkeys(BOOKS, differ) | {
                Fault.CONFLICT: {Cause.LEDGER_CONFLICT},
                Fault.KEY_REVOKED: {Cause.KEY_REFUSED},
                Fault.OPERATOR_KILL: {Cause.OPERATOR_KILL},
            }
            if not any(killers[fault] & causes.keys() for fault in latched):
                raise Breach("latch", f"killed by {causes} after {sorted(latched)}")
        elif Cause.RECONCILIATION not in causes or latched - set(BOOKS):
            raise Breach("latch", f"{causes} after {sorted(latched)}")

    def finish(self) -> None:
        """Check the end of the drain: no order open, everything booked."""
        engine = self.process.engine
        self.invariants.checks["Q2 end"] += 1
        if left := self.gateway.own_open():
            raise Breach("Q2", f"{left} are open after the end")
        self._judge_fills()
        if engine is None:
            return
        # A fill that was reported and then lost by a reset of the venue stays missing.
        if not engine.has_no_orders and not self.faults.fired[Fault.WIPE]:
            raise Breach("Q2", f"may still live: {[o.view() for o in engine.orders]}")
        if engine.inventory.balances != self._true_balances(engine):
            raise Breach("Q1", f"{engine.inventory.balances}, true {self._true_balances(engine)}")

    def _judge_fills(self) -> None:
        """Check that every booked fill happened."""
        self.invariants.checks["Q1 fills"] += 1
        for trade_id, fill in self.process.disk.fills.items():
            true = self.truth.trades.get(trade_id)
            if true is None or (true.side, true.price, true.size) != (
                fill.side,
                fill.price,
                fill.size,
            ):
                raise Breach("Q1", f"booked, but never happened: {fill}")

    def conclude(self) -> Verdict:
        """Complete the verdict."""
        verdict, engine = self.verdict, self.process.engine
        verdict.fired, verdict.checks = self.faults.fired, self.invariants.checks
        verdict.events, verdict.fills = self.events, self.truth.fills
        verdict.creates, verdict.starts = len(self.process.disk.intents), self.process.starts
        verdict.trace = self._trace.hexdigest()
        verdict.end = "down"
        if engine is not None:
            causes = ", ".join(engine.causes.switch.causes)
            verdict.end = f"{engine.causes.state.name} {causes}".strip()
        return verdict


def replay(
    process_run: ProcessRun, original: Engine | None, make_engine: MakeEngine = Engine
) -> None:
    """Check Q4: the same events give the same commands and the same final state.

    In the middle another engine takes over, with the state that a checkpoint would have.
    """
    engine, middle = make_engine(process_run.config), len(process_run.events) // 2
    commands = list[Command]()
    for number, event in enumerate(process_run.events):
        if number == middle and make_engine is Engine:
            state, engine = dump(engine), Engine(process_run.config)
            load(engine, state)
        commands += engine.handle(event).commands
    if commands != process_run.commands:
        raise Breach("Q4", "the replay gave other commands")
    if original is not None and repr(engine.snapshot()) != repr(original.snapshot()):
        raise Breach("Q4", "the replay ended in another state")


def run(job: Job) -> Verdict:
    """Run one seed; a broken rule is in the verdict."""
    return run_plan(draw(job.seed, job.seconds, only=job.only), replays=job.replays)


def run_batch(jobs: list[Job]) -> list[Verdict]:
    """Run several jobs, to reduce the overhead of a process pool."""
    return [run(job) for job in jobs]


def run_plan(
    plan: Plan,
    *,
    replays: bool = False,
    make_engine: MakeEngine = Engine,
    world: World | None = None,
) -> Verdict:
    """Run a plan, optionally with another engine."""
    started_s = process_time()
    world = world or World(plan, make_engine=make_engine, record=replays)
    try:
        world.run_until(plan.seconds)
        world.finish()
        if replays:
            for process_run in world.process.runs:
                is_last = process_run is world.process.runs[-1]
                replay(process_run, world.process.engine if is_last else None, make_engine)
                world.invariants.checks["Q4"] += 1
    except Breach as breach:
        world.verdict.breach, world.verdict.at_s = str(breach), world.now_s
    except Exception as error:  # noqa: BLE001 - any error belongs to this seed
        place = extract_tb(error.__traceback__)[-1]
        text = f"raised: {error!r} in {Path(place.filename).name}:{place.lineno}"
        world.verdict.breach, world.verdict.at_s = text, world.now_s
    verdict = world.conclude()
    verdict.cpu_s = process_time() - started_s
    return verdict


def command(seed: int, seconds: float) -> str:
    """Return the command that runs a seed again."""
    return f".venv/bin/python -m tests.simulation --seed {seed} --seconds {seconds:g}"
