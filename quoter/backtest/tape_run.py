"""One engine on a recorded market: the tape moves the market, the fill model fills the orders."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from quoter.backtest.schedule import Schedule
from quoter.backtest.seam import Latency, NoFaults, Seam
from quoter.backtest.simulated_gateway import SimulatedGateway
from quoter.domain.events import Event, FeedUp, Tick
from quoter.domain.market import Stream
from quoter.domain.step import Pnl, Step
from quoter.domain.trading import Cause, TradingState
from quoter.domain.units import BPS_PER_UNIT, NS_PER_MS, NS_PER_S
from quoter.engine.config import EngineConfig
from quoter.engine.engine import Engine
from quoter.engine.run_statistics import RunStatistics
from quoter.pricing.quote.terms import PricingRule, quote_terms
from quoter.sim.exchange import Exchange
from quoter.sim.fill_models import FillModel
from quoter.sim.messages import DepthBook, MarketSpec
from quoter.tapes.messages import Line, Message, TapeError
from quoter.tapes.playing import feed

type Observer = Callable[[Engine, Step], None]

ACCOUNT = "maker"
TICK_NS = 100 * NS_PER_MS  # as in the daemon (`service/runner.py`)
FLUSH_NS = 100 * NS_PER_MS  # interval at which the venue publishes the depth


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSetup:
    """The market of a tape with its fill model, the engine, and the connection between them.

    latency: delays of messages. seam: faults of the connection. rule: pricing rule of the engine;
    the default is the daemon's, others are those of baselines. tick_ns, depth_ns:
    periods of the engine's ticks and of the depth that the venue publishes.
    """

    market: MarketSpec
    engine: EngineConfig
    latency: Latency = field(default_factory=Latency)
    seam: Seam = field(default_factory=NoFaults)
    rule: PricingRule = quote_terms
    tick_ns: int = TICK_NS
    depth_ns: int = FLUSH_NS


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """Result of one run on a tape; money in quote currency, sizes in base.

    inventory_sd_lots: root mean square of the inventory over time, in order sizes. fills:
    executions of one order at one time are one fill. drawdown_max: checked at ticks.
    two_sided_share: share of the time since orders first rested on both sides. causes_s: seconds
    with each halt cause. gaps: in the depth that arrived at the engine. is_equal: whether our books
    equal the simulated venue's balances in every coin.
    """

    fill_model: FillModel
    seconds: float
    orders: int
    fills: int
    filled_base: Decimal
    pnl: Pnl
    drawdown_max: Decimal
    inventory_min: Decimal
    inventory_max: Decimal
    inventory_sd_lots: float
    two_sided_share: float
    causes_s: dict[Cause, float]
    state: TradingState
    gaps: int
    is_equal: bool
    orders_per_fill: float

    def edge_bps(self, horizon_s: int) -> float | None:
        """Spread plus markout minus fees per notional, bps; None before the first fill."""
        notional = self.pnl.notional
        if not notional:
            return None
        return float(self.pnl.earned(horizon_s) / notional) * BPS_PER_UNIT


class EngineRun:
    """The engine and a simulated exchange, connected in virtual time.

    observe: called with each step of the engine, after its commands were sent.
    """

    def __init__(
        self,
        setup: RunSetup,
        exchange: Exchange,
        start_ns: int,
        observe: Callable[[Step], None],
    ) -> None:
        self.engine, self.exchange = Engine(setup.engine, setup.rule), exchange
        self.schedule = Schedule(start_ns)
        self._setup, self._start_ns, self._observe = setup, start_ns, observe
        exchange.add_account(ACCOUNT, setup.engine.opening)
        self.gateway = SimulatedGateway(
            exchange=exchange,
            symbol=setup.market.symbol,
            account=ACCOUNT,
            schedule=self.schedule,
            latency=setup.latency,
            seam=setup.seam,
            post=self.handle,
        )
        self.schedule.at(start_ns, self._connect)
        self.schedule.at(start_ns + setup.tick_ns, self._tick)
        self.schedule.at(start_ns + setup.depth_ns, self._flush)

    def handle(self, event: Event) -> None:
        """Let the engine handle one event, and send its commands to the venue."""
        step = self.engine.handle(event)
        if step.commands:
            self.gateway.send(step.commands)
        self._observe(step)

    def _connect(self) -> None:
        for stream in (Stream.MARKET, Stream.PRIVATE):
            self.handle(FeedUp(ts_ns=self.schedule.now_ns, stream=stream))
        self.gateway.resync()

    def _tick(self) -> None:
        self.handle(Tick(ts_ns=self.schedule.now_ns))
        self.schedule.at(self.schedule.now_ns + self._setup.tick_ns, self._tick)

    def _flush(self) -> None:
        symbol = self._setup.market.symbol
        self.gateway.deliver(self.exchange.flush_depth(symbol, self.schedule.now_ns))
        self.schedule.at(self.schedule.now_ns + self._setup.depth_ns, self._flush)


class TapeRun(EngineRun):
    """A run in progress: call `play` for each row, then `result`."""

    def __init__(
        self,
        setup: RunSetup,
        book: DepthBook,
        start_ns: int,
        *,
        observer: Observer | None = None,
    ) -> None:
        """Prepare a run from `book` at `start_ns`; `observer` is called after each engine step."""
        market = replace(setup.market, recorded=True)
        exchange = Exchange((market,), seed=0, now_ns=start_ns)
        super().__init__(setup, exchange, start_ns, self._note)
        exchange.load_depth(market.symbol, book, start_ns)
        self._observer = observer
        self._statistics = RunStatistics(self.engine)

    def play(self, ts_ns: int, row: Message) -> None:
        """Apply one row, after everything that is due before it.

        Raises ValueError for a row that does not fit the market, such as a price off its grid.
        """
        self.schedule.run_until(max(ts_ns, self.schedule.now_ns))
        news = feed(self.exchange, self._setup.market.symbol, row, self.schedule.now_ns)
        self.gateway.deliver(news)

    def result(self) -> RunResult:
        """Return the result so far."""
        last, counted = self.engine.snapshot(), self._statistics
        return RunResult(
            fill_model=self._setup.market.fill_model,
            seconds=(self.schedule.now_ns - self._start_ns) / NS_PER_S,
            orders=counted.orders,
            fills=counted.executions,
            filled_base=counted.filled_base,
            pnl=last.pnl,
            drawdown_max=counted.drawdown_max,
            inventory_min=counted.inventory_min,
            inventory_max=counted.inventory_max,
            inventory_sd_lots=counted.inventory_sd_lots,
            two_sided_share=counted.two_sided_share,
            causes_s=counted.causes_s,
            state=last.trading_state,
            gaps=self.gateway.gaps,
            is_equal=dict(last.balances) == self.exchange.truth.balances(ACCOUNT),
            orders_per_fill=counted.orders_per_fill,
        )

    def _note(self, step: Step) -> None:
        self._statistics.observe(step)
        if self._observer is not None:
            self._observer(self.engine, step)


def play_window(runs: Sequence[TapeRun], lines: Iterable[Line], *, end_ns: float) -> Iterator[int]:
    """Play the rows up to `end_ns` on all runs; yield the time of each row before it is played.

    Raises TapeError for a row that does not fit the market.
    """
    for ts_ns, row in lines:
        if ts_ns > end_ns:
            return
        yield ts_ns
        for run in runs:
            try:
                run.play(ts_ns, row)
            except (ValueError, ArithmeticError) as error:
                raise TapeError(f"a row does not fit the market: {error}") from None
