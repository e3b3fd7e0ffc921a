"""One seed, run: the world around the engine, the faults, the rest afterwards, the verdict."""

from collections import Counter, deque
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from time import process_time
from traceback import extract_tb

from quoter.domain.events import Drain, Tick
from quoter.domain.step import Step
from quoter.domain.trading import Cause, TradingState
from quoter.domain.units import NS_PER_MS, NS_PER_S
from quoter.engine.engine import Engine
from quoter.risk.monitors.message_rate import JUDGED_FROM
from quoter.risk.monitors.repeated_execution import FILLS_ALWAYS
from quoter.sim.exchange import Exchange
from tests.simulation.chaos.acts import Acts
from tests.simulation.chaos.breach import Breach
from tests.simulation.chaos.doors import ChaosDoors
from tests.simulation.chaos.invariants import Invariants
from tests.simulation.chaos.network import Network
from tests.simulation.chaos.plan import DRAIN_S, Fault, Plan, draw
from tests.simulation.chaos.process import Life, MakeEngine, Process
from tests.simulation.chaos.trouble import Trouble, at_ns
from tests.simulation.chaos.truth import Truth
from tests.simulation.harness import ACCOUNT, START_NS
from tests.simulation.schedule import Schedule

DEPTH_NS = 250 * NS_PER_MS
UNKNOWN_S_MAX = 5.0
HOLDS = {Cause.MARKET_REGIME, Cause.MESSAGE_RATE}  # the market's fault, or our own: no healing
BOOKS = (Fault.DEPOSIT, Fault.FOREIGN_TRADE, Fault.WIPE)


@dataclass(frozen=True, slots=True)
class Job:
    """A seed to run; `replays`: also hold the recorded run against a second engine (Q4)."""

    seed: int
    seconds: float
    replays: bool = False
    only: tuple[Fault, ...] | None = None


@dataclass(slots=True, kw_only=True)
class Verdict:
    """What is left of a run."""

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
    """Exchange, doors, process and faults of one plan."""

    def __init__(
        self, plan: Plan, *, make_engine: MakeEngine = Engine, record: bool = False
    ) -> None:
        self.plan = plan
        market, config = plan.market, plan.engine
        self.exchange = Exchange((market,), seed=plan.seed, now_ns=START_NS)
        self.exchange.add_account(ACCOUNT, config.opening)
        self._flow = self.exchange._flows[market.symbol]
        self.schedule = Schedule(START_NS)
        self.trouble = Trouble(plan, self.schedule)
        self.truth = Truth(
            dict(config.opening), target=config.target, base=market.base, quote=market.quote
        )
        self.invariants = Invariants(plan, self.truth)
        self.process = Process(
            plan=plan,
            schedule=self.schedule,
            trouble=self.trouble,
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
        self._held_s = 0.0  # of the rest: it quoted less, or not at all, because it should
        self._fill_times: deque[int] = deque(maxlen=1_000)
        self.process.observers.append(self._observe)
        self.schedule.at(START_NS, self.process.start)
        self.schedule.at(START_NS + plan.tick_ns, self._tick)
        self.schedule.at(START_NS + DEPTH_NS, self._flush)
        self.schedule.at(at_ns(plan.faults_end_s), self._rest)
        self.schedule.at(at_ns(plan.seconds - DRAIN_S), self._drain)

    def _connect(self) -> None:
        """Doors and process know each other; what happens by itself knows both."""
        plan, market = self.plan, self.plan.market
        self.doors = ChaosDoors(
            exchange=self.exchange,
            symbol=market.symbol,
            account=ACCOUNT,
            schedule=self.schedule,
            latency=plan.latency,
            seam=Network(self.trouble),
            post=self.process.post,
            trouble=self.trouble,
            truth=self.truth,
            invariants=self.invariants,
            processing_s=plan.processing_s,
            names_in_trades=plan.names_in_trades,
        )
        self.process.doors = self.doors
        self.acts = Acts(
            plan=plan,
            schedule=self.schedule,
            exchange=self.exchange,
            doors=self.doors,
            process=self.process,
            trouble=self.trouble,
            invariants=self.invariants,
        )

    @property
    def now_s(self) -> float:
        return (self.schedule.now_ns - START_NS) / 1e9

    def run_until(self, at_s: float) -> None:
        """Let everything happen that is due in the first `at_s` seconds. Raises Breach."""
        until_ns = at_ns(at_s)
        schedule, exchange, flow = self.schedule, self.exchange, self._flow
        while True:
            market_ns = flow.next_ns
            if min(market_ns, schedule.next_ns) > until_ns:
                break
            if market_ns <= schedule.next_ns:
                schedule.now_ns = market_ns
                self.doors.hear(exchange.advance(market_ns))
            else:
                schedule.step()
        schedule.now_ns = until_ns

    def _observe(self, step: Step) -> None:
        self.events += 1
        event = step.event
        trace = f"{event.ts_ns} {type(event).__name__}\n"
        if step.booked:
            trace += repr(step.booked)
        if step.commands:
            trace += repr(step.commands)
        self._trace.update(trace.encode())
        self._fill_times.extend(event.ts_ns for _ in step.booked)
        raised = dict(step.state.raised) if step.state is not None else {}
        if Cause.REPEATED_EXECUTION in raised:
            self._throttled(event.ts_ns, raised[Cause.REPEATED_EXECUTION])

    def _throttled(self, now_ns: int, text: str) -> None:
        """Faults may fill us faster than any market, or refuse us: only then may it stand still."""
        self.invariants.checks["throttled"] += 1
        self._is_throttled = True
        if "in a row refused" in text:
            return
        window = [ts_ns for ts_ns in self._fill_times if now_ns - ts_ns <= 61 * NS_PER_S]
        if not len(window) > FILLS_ALWAYS:
            raise Breach("PT-08", f"throttled after {len(window)} fills within 61 s")

    def _tick(self) -> None:
        now_ns = self.schedule.now_ns
        self.process.post(Tick(ts_ns=now_ns))
        if self._is_at_rest:
            self._watch_the_rest()
        self.schedule.at(now_ns + self.plan.tick_ns, self._tick)

    def _flush(self) -> None:
        now_ns = self.schedule.now_ns
        self.doors.hear(self.exchange.flush_depth(self.plan.market.symbol, now_ns))
        faster = self.trouble.is_on(Fault.BURST)
        self.schedule.at(now_ns + (DEPTH_NS // 10 if faster else DEPTH_NS), self._flush)

    # the rest: no faults any more

    def _rest(self) -> None:
        self._is_at_rest = True
        self.doors.silent_until_ns = min(self.doors.silent_until_ns, self.schedule.now_ns)

    def _watch_the_rest(self) -> None:
        engine, verdict = self.process.engine, self.verdict
        rest_s = self.now_s - self.plan.faults_end_s
        if engine is None:
            return
        if verdict.ledger_s < 0 and engine.inventory.balances == self._true_balances(engine):
            verdict.ledger_s = rest_s
        is_trading = engine.causes.state < TradingState.PAUSED
        if engine.causes.switch.causes.keys() & HOLDS:
            self._held_s += self.plan.tick_ns / 1e9
        if verdict.quoting_s < 0 and is_trading and self.doors.own_open():
            verdict.quoting_s = rest_s - self._held_s
        up_s = (self.schedule.now_ns - self.process.up_ns) / 1e9
        if min(rest_s, up_s) > UNKNOWN_S_MAX:
            self._judge_unknown(engine)

    def _judge_unknown(self, engine: Engine) -> None:
        self.invariants.checks["Q2"] += 1
        for name in self.doors.own_open():
            if engine.orders.live(name) is None:
                raise Breach("Q2", f"{name} is open at the venue and unknown to us")

    def _true_balances(self, engine: Engine) -> dict[str, object]:
        zero = engine.inventory.net * 0
        true = self.truth.balances
        return {asset: true.get(asset, zero) for asset in engine.inventory.balances}

    def _drain(self) -> None:
        now_ns = self.schedule.now_ns
        self._judge_rest()
        self.process.post(Drain(ts_ns=now_ns, actor="test", reason="end"))

    @property
    def latched(self) -> set[Fault]:
        """Faults that happened and were heard of, and after which it must not trade on."""
        fired = self.trouble.fired
        latched = self.invariants.latched | {fault for fault in BOOKS if fired[fault]}
        if not any(self.doors.shift.values()):
            latched.discard(Fault.WIPE)  # it had not traded yet: the balances are what they were
        return latched

    def _judge_rest(self) -> None:
        """Just before the drain: 25 s or more after the last fault."""
        engine, verdict, checks = self.process.engine, self.verdict, self.invariants.checks
        latched = self.latched
        if latched:
            self._judge_latched(latched)
        elif engine is None:
            raise Breach("Q3", "no process came up")
        elif self._is_throttled and Cause.REPEATED_EXECUTION in engine.causes.switch.causes:
            checks["throttled at the end"] += 1  # until a person has looked
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
        """It quotes less, or not at all, because the market or its own pace says so: only that."""
        causes = engine.causes.switch.causes
        if others := causes.keys() - HOLDS:
            raise Breach("Q3", f"long after the last fault: {sorted(others)}")
        if Cause.MARKET_REGIME in causes and not self.plan.engine.regime.is_on:
            raise Breach("Q3", f"a regime that is switched off: {causes}")
        if Cause.MESSAGE_RATE in causes and not len(self.process.disk.intents) >= JUDGED_FROM:
            raise Breach("Q3", f"after {len(self.process.disk.intents)} orders: {causes}")

    def _judge_latched(self, latched: set[Fault]) -> None:
        """It must stand still, and for the right reason."""
        self.invariants.checks["latched"] += 1
        engine = self.process.engine
        if engine is None:
            if latched & set(BOOKS):
                return  # the books differ: a start is refused until a person looks
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
        """The end of the drain: nothing left, everything settled."""
        engine = self.process.engine
        self.invariants.checks["Q2 end"] += 1
        if left := self.doors.own_open():
            raise Breach("Q2", f"{left} are open after the end")
        self._judge_fills()
        if engine is None:
            return
        # A fill that the venue claimed and then wiped is owed to us for ever.
        if not engine.has_no_orders and not self.trouble.fired[Fault.WIPE]:
            raise Breach("Q2", f"may still live: {[o.view() for o in engine.orders]}")
        if engine.inventory.balances != self._true_balances(engine):
            raise Breach("Q1", f"{engine.inventory.balances}, true {self._true_balances(engine)}")

    def _judge_fills(self) -> None:
        """No fill is ever invented, whatever happened."""
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
        """Fill in what is left."""
        verdict, engine = self.verdict, self.process.engine
        verdict.fired, verdict.checks = self.trouble.fired, self.invariants.checks
        verdict.events, verdict.fills = self.events, self.truth.fills
        verdict.creates, verdict.starts = len(self.process.disk.intents), self.process.starts
        verdict.trace = self._trace.hexdigest()
        verdict.end = "down"
        if engine is not None:
            causes = ", ".join(engine.causes.switch.causes)
            verdict.end = f"{engine.causes.state.name} {causes}".strip()
        return verdict


def replay(life: Life, original: Engine | None, make_engine: MakeEngine = Engine) -> None:
    """Q4: the same events give the same commands, and the same engine at their end."""
    engine = make_engine(life.config)
    commands = [command for event in life.events for command in engine.handle(event).commands]
    if commands != life.commands:
        raise Breach("Q4", "the replay gave other commands")
    if original is not None and repr(engine.snapshot()) != repr(original.snapshot()):
        raise Breach("Q4", "the replay ended in another state")


def run(job: Job) -> Verdict:
    """Run one seed; a breach is told in the verdict."""
    return run_plan(draw(job.seed, job.seconds, only=job.only), replays=job.replays)


def run_batch(jobs: list[Job]) -> list[Verdict]:
    """Several at once, so that a pool of processes is not busy with itself."""
    return [run(job) for job in jobs]


def run_plan(
    plan: Plan,
    *,
    replays: bool = False,
    make_engine: MakeEngine = Engine,
    world: World | None = None,
) -> Verdict:
    """Run what was drawn, perhaps with another engine."""
    started_s = process_time()
    world = world or World(plan, make_engine=make_engine, record=replays)
    try:
        world.run_until(plan.seconds)
        world.finish()
        if replays:
            for life in world.process.lives:
                is_last = life is world.process.lives[-1]
                replay(life, world.process.engine if is_last else None, make_engine)
                world.invariants.checks["Q4"] += 1
    except Breach as breach:
        world.verdict.breach, world.verdict.at_s = str(breach), world.now_s
    except Exception as error:  # noqa: BLE001 - whatever is raised belongs to this seed
        place = extract_tb(error.__traceback__)[-1]
        text = f"raised: {error!r} in {Path(place.filename).name}:{place.lineno}"
        world.verdict.breach, world.verdict.at_s = text, world.now_s
    verdict = world.conclude()
    verdict.cpu_s = process_time() - started_s
    return verdict


def command(seed: int, seconds: float) -> str:
    """What a person types to see a seed again."""
    return f"python -m tests.simulation --seed {seed} --seconds {seconds:g}"
