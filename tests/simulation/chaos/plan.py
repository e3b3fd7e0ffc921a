"""The plan of a seed: which faults at which times, and the configuration of the maker.

Everything is drawn before the first event, so that a seed can be printed as a list of faults.
"""

from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from random import Random

from quoter.backtest.seam import Latency
from quoter.domain.units import NS_PER_MS, NS_PER_S
from quoter.engine.config import (
    ActivityPolicy,
    BookPolicy,
    EngineConfig,
    ReconcilePolicy,
    RequotePolicy,
)
from quoter.risk.hysteresis import Hysteresis
from quoter.risk.monitors.market_regime import RegimePolicy
from quoter.risk.view import Limits
from quoter.service.shutdown import LATE_CREATE_S
from quoter.sim.messages import MarketSpec
from tests.simulation.makers import PAPER, maker

LEDGER_S_MAX = 10.0
AFTER_FAULTS_S = 33.0  # after the faults: 25 s until it must quote again, 8 s to drain
DRAIN_S = 7.0
FIRST_S = 1.5
STORM_PAUSES_MAX = 10_000  # no latch for repeated pauses: there are more faults than in reality


class Fault(StrEnum):
    """The fault catalogue of deploy/docs/reliability.md: venue, network, process and clock."""

    ANSWER_LOST = "F-01"
    CREATE_LATE = "F-02"
    CREATE_LOST = "F-03"
    ERROR = "F-04"
    RESET = "F-05"
    TWICE = "F-06"
    NOT_FOUND = "F-07"
    CANCEL_LOST = "F-08"
    CANCEL_RACE = "F-09"
    CANCEL_FILLED = "F-10"
    EARLY_FILL = "F-11"
    PRIVATE_NOISE = "F-12"
    PRIVATE_SILENT = "F-13"
    PRIVATE_DOWN = "F-14"
    TRADES_LAG = "F-15"
    CONFLICT = "F-16"
    RATE_LIMIT = "F-17"
    TIMEOUTS = "F-18"
    DEPTH_GAPS = "F-19"
    GARBAGE = "F-20"
    HALF_OPEN = "F-21"
    SLOW_FEED = "F-22"
    RECONNECTS = "F-23"
    ROLL = "F-24"
    HALT = "F-25"
    OLD_SNAPSHOTS = "F-26"
    CLOCK = "F-27"
    POST_ONLY = "F-28"
    FILTERS = "F-29"
    DEPOSIT = "F-30a"
    FOREIGN_TRADE = "F-30b"
    FOREIGN_ORDER = "F-30c"
    WIPE = "F-31"
    CRASH = "F-32"
    BLOCK = "F-33"
    BURST = "F-36"
    KEY_REVOKED = "F-38"
    SELF_TRADE = "F-39"
    VENUE_ENDS = "F-40"
    FRAMES_MISSING = "F-41"
    IDS_WRONG = "F-42"
    SNAPSHOT_AHEAD = "F-43"
    UNREADABLE = "F-44"
    EMPTY_SIDE = "F-45"
    LISTS_WRONG = "F-46"
    PAGES = "F-47"
    MAINTENANCE = "F-48"
    FIREWALL = "F-49"
    NO_BALANCES = "F-50"
    NONCE = "F-51"
    DELISTED = "F-52"
    RULES_CHANGE = "F-53"
    RULES_WRONG = "F-54"
    MARKET_CLOSED = "F-55"
    OPERATOR_KILL = "OP-kill"
    OPERATOR_PAUSE = "OP-pause"
    OPERATOR_REDUCE = "OP-reduce"
    OPERATOR_FLATTEN = "OP-flatten"
    PRICE_JUMP = "PT-04"


# After these only an operator may let the daemon trade again.
LATCHING = frozenset(
    {
        Fault.CONFLICT,
        Fault.DEPOSIT,
        Fault.FOREIGN_TRADE,
        Fault.WIPE,
        Fault.KEY_REVOKED,
        Fault.OPERATOR_KILL,
    }
)
# These happen at one moment; all others last for a while.
MOMENTS = LATCHING | {
    Fault.CRASH,
    Fault.BLOCK,
    Fault.FOREIGN_ORDER,
    Fault.BURST,
    Fault.ROLL,
    Fault.PRICE_JUMP,
}
TEMPORARY = tuple(fault for fault in Fault if fault not in LATCHING)
# These need longer: unknown orders wait for the fence time, a restart waits for late creates.
SLOW_TO_HEAL = frozenset(
    {
        Fault.ANSWER_LOST,
        Fault.CREATE_LATE,
        Fault.CREATE_LOST,
        Fault.ERROR,
        Fault.RESET,
        Fault.TWICE,
        Fault.NOT_FOUND,
        Fault.TIMEOUTS,
        Fault.CRASH,
        Fault.TRADES_LAG,
        Fault.PAGES,
        Fault.MAINTENANCE,
        Fault.RULES_CHANGE,
        Fault.RULES_WRONG,
        Fault.MARKET_CLOSED,
    }
)
LENGTH_S = {Fault.TIMEOUTS: (5.0, 60.0), Fault.HALF_OPEN: (1.0, 12.0), Fault.BURST: (0.5, 3.0)}
USUAL_S = (1.0, 15.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A fault from begin to end, seconds; `force` in (0, 1] is its probability per message."""

    fault: Fault
    begin_s: float
    end_s: float
    force: float

    def __str__(self) -> str:
        return (
            f"{self.fault:9} {self.fault.name:16} {self.begin_s:6.1f} .. {self.end_s:6.1f} s"
            f"  force {self.force:.2f}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One seed. `processing_s`: longest delay between the receipt and execution of a create."""

    seed: int
    seconds: float
    windows: tuple[Window, ...]
    market: MarketSpec
    engine: EngineConfig
    latency: Latency
    tick_ns: int
    processing_s: float
    names_in_trades: bool  # does the venue's trade list carry our ids?

    @property
    def faults(self) -> frozenset[Fault]:
        return frozenset(window.fault for window in self.windows)

    @property
    def faults_end_s(self) -> float:
        return self.seconds - AFTER_FAULTS_S

    @property
    def books_s(self) -> float:
        """Seconds after the last fault within which the ledger must equal the true balances."""
        return LEDGER_S_MAX + (LATE_CREATE_S if Fault.CRASH in self.faults else 0.0)

    @property
    def heals_s(self) -> float:
        """Seconds after the last fault within which both sides must be quoted again."""
        return 25.0 if self.faults & SLOW_TO_HEAL else 15.0

    def lines(self) -> list[str]:
        """Return the plan as text lines."""
        config, reconcile = self.engine, self.engine.reconcile
        latency = self.latency
        return [
            f"seed {self.seed}, {self.seconds:g} virtual s, faults until {self.faults_end_s:g} s",
            f"limit {config.limits.inventory_max} (worth "
            f"{config.limits.position_notional_max}), collar {config.limits.price_collar}, jump "
            f"{config.activity.price_jump:g}, {config.activity.creates_per_min} creates/min",
            f"order {config.order_size}, "
            f"{config.creates_per_s:.1f} creates/s, hold {config.requote.hold_ns / 1e9:.2f} s, "
            f"ttl {config.requote.ttl_ns / 1e9:.0f} s, stale {config.book.stale_ns / 1e9:.2f} s, "
            f"fence {reconcile.fence_ns / 1e9:.1f} s, maker fee {self.market.fee_maker}",
            f"ways {latency.request_ns // NS_PER_MS}/{latency.answer_ns // NS_PER_MS}/"
            f"{latency.private_ns // NS_PER_MS}/{latency.market_ns // NS_PER_MS} ms, "
            f"time-out {latency.timeout_ns / 1e9:.1f} s, "
            f"late creates <= {self.processing_s + 2:.1f} s",
            *(f"  {window}" for window in sorted(self.windows, key=lambda w: w.begin_s)),
        ]


def draw(seed: int, seconds: float, *, only: tuple[Fault, ...] | None = None) -> Plan:
    """Return the plan of a seed: one, two or many faults; `only` gives the faults instead."""
    if not seconds > AFTER_FAULTS_S + FIRST_S + 5.0:
        raise ValueError(
            f"{seconds} s leave no room: faults need {AFTER_FAULTS_S + FIRST_S + 5:g} s"
        )
    random = Random(f"chaos:{seed}")
    faults = only if only is not None else _faults(seed, random)
    windows = [w for fault in faults for w in _windows(fault, seconds - AFTER_FAULTS_S, random)]
    market = replace(
        PAPER,
        tick=Decimal("0.25"),
        sigma=random.choice((0.2, 0.5, 1.0)),
        intensity=random.choice((1.0, 2.0, 3.0)),
        kappa=random.choice((1.0, 1.5)),
        depth_levels=4,
        depth_lots=20,
        partial_share=random.choice((0.0, 0.3, 0.9)),
        fee_maker=random.choice((Decimal(0), Decimal(0), Decimal("0.001"))),
    )
    return Plan(
        seed=seed,
        seconds=seconds,
        windows=tuple(windows),
        market=market,
        engine=_engine(market, random),
        latency=_latency(random),
        tick_ns=random.choice((100, 200, 250)) * NS_PER_MS,
        processing_s=random.uniform(0.0, 10.0),
        names_in_trades=random.random() < 0.5,
    )


def _faults(seed: int, random: Random) -> tuple[Fault, ...]:
    alone = list(Fault)[seed // 4 % len(Fault)]
    match seed % 4:
        case 0:
            return (alone,)
        case 1:
            return (alone, random.choice([fault for fault in TEMPORARY if fault is not alone]))
        case _:
            swarm = random.sample(TEMPORARY, random.randint(3, 14))
            if random.random() < 0.2:
                swarm.append(random.choice(sorted(LATCHING)))
            return tuple(swarm)


def _windows(fault: Fault, end_s: float, random: Random) -> list[Window]:
    windows = []
    count = 1 if fault in LATCHING else random.randint(1, 2 + int(end_s / 60))
    for _ in range(count):
        begin_s = random.uniform(FIRST_S, end_s - 1.0)
        length_s = random.uniform(*LENGTH_S.get(fault, USUAL_S))
        windows.append(
            Window(
                fault=fault,
                begin_s=begin_s,
                end_s=min(begin_s + length_s, end_s),
                force=random.choice((0.1, 0.3, 0.6, 1.0)),
            )
        )
    return windows


def _latency(random: Random) -> Latency:
    def way() -> int:
        return round(random.choice((1, 5, 20, 80, 200)) * random.uniform(0.5, 1.5) * NS_PER_MS)

    return Latency(
        market_ns=way(),
        private_ns=way(),
        request_ns=way(),
        answer_ns=way(),
        timeout_ns=round(random.uniform(1.0, 6.0) * NS_PER_S),
    )


def _limits(market: MarketSpec, size: Decimal, inventory_max: Decimal, random: Random) -> Limits:
    """Return limits; the notional limit is off, never binding, or binding before the units."""
    collar = random.choice((Decimal("0.01"), Decimal("0.02"), Decimal("0.05")))
    worth = inventory_max * market.mid * (1 + collar)
    share = random.choice((None, Decimal("1.2"), Decimal("0.8")))
    return Limits(
        inventory_max=inventory_max,
        size_max=2 * size,
        notional_max=2 * size * market.mid,
        price_collar=collar,
        loss_max=Decimal("1e9"),
        drawdown_max=Decimal("1e9"),
        position_notional_max=worth * share if share is not None else None,
        book_spread_max=random.choice((Decimal("0.01"), Decimal("0.05"))),
        book_depth_min=random.choice((None, Decimal(0), size)),
    )


def _engine(market: MarketSpec, random: Random) -> EngineConfig:
    size = random.choice((Decimal(1), Decimal(4), Decimal(10)))
    config = maker(market, order_size=size, gamma=random.choice((0.3, 1.0, 3.0)))
    orders = random.choice((Decimal(3), Decimal("3.5"), Decimal(6)))
    return replace(
        config,
        limits=_limits(market, size, orders * size, random),
        activity=ActivityPolicy(
            price_jump=random.choice((0.002, 0.003, 0.0)),
            quote_drift=random.choice((0.01, 0.03)),
            creates_per_min=random.choice((200, 600)),
            creates_per_fill=500,
            turnover_max=random.choice((200.0, 1_000.0)),  # takers come by the second here
        ),
        requote=RequotePolicy(
            hold_ns=round(random.uniform(0.1, 2.0) * NS_PER_S),
            ttl_ns=round(random.choice((5.0, 10.0, 30.0)) * NS_PER_S),
        ),
        reconcile=ReconcilePolicy(
            open_orders_ns=round(random.uniform(2.0, 6.0) * NS_PER_S),
            trades_ns=round(random.uniform(10.0, 30.0) * NS_PER_S),
            balances_ns=round(random.uniform(5.0, 20.0) * NS_PER_S),
            fence_ns=round(random.uniform(15.0, 17.0) * NS_PER_S),
            rules_ns=10 * NS_PER_S,
        ),
        # Trades and jumps are larger than in any market: with regimes most runs would only reduce.
        regime=RegimePolicy(is_on=orders == 6),
        hysteresis=Hysteresis(pauses_max=STORM_PAUSES_MAX),
        creates_per_s=random.choice((1.0, 3.0, 10.0)),
        book=BookPolicy(stale_ns=round(random.uniform(1.5, 5.0) * NS_PER_S)),
    )
