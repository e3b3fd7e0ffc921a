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
    the default is the daemon's, others are those of baselines.
    """

    market: MarketSpec
    engine: EngineConfig
    latency: Latency = field(default_factory=Latency)
    seam: Seam = field(default_factory=NoFaults)
    rule: PricingRule = quote_terms


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


class TapeRun:
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
        self._setup, self._start_ns, self._observer = setup, start_ns, observer
        self.engine = Engine(setup.engine, setup.rule)
        symbol = setup.market.symbol
        market = replace(setup.market, recorded=True)
        self._exchange = Exchange((market,), seed=0, now_ns=start_ns)
        self._exchange.add_account(ACCOUNT, setup.engine.opening)
        self._exchange.load_depth(symbol, book, start_ns)
        self._schedule = Schedule(start_ns)
        self._gateway = SimulatedGateway(
            exchange=self._exchange,
            symbol=symbol,
            account=ACCOUNT,
            schedule=self._schedule,
            latency=setup.latency,
            seam=setup.seam,
            post=self._handle,
        )
        self._statistics = RunStatistics(self.engine)
        self._schedule.at(start_ns, self._connect)
        self._schedule.at(start_ns + TICK_NS, self._tick)
        self._schedule.at(start_ns + FLUSH_NS, self._flush)

    def play(self, ts_ns: int, row: Message) -> None:
        """Apply one row, after everything that is due before it.

        Raises ValueError for a row that does not fit the market, such as a price off its grid.
        """
        self._schedule.run_until(max(ts_ns, self._schedule.now_ns))
        news = feed(self._exchange, self._setup.market.symbol, row, self._schedule.now_ns)
        self._gateway.deliver(news)

    def result(self) -> RunResult:
        """Return the result so far."""
        last, counted = self.engine.snapshot(), self._statistics
        return RunResult(
            fill_model=self._setup.market.fill_model,
            seconds=(self._schedule.now_ns - self._start_ns) / NS_PER_S,
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
            gaps=self._gateway.gaps,
            is_equal=dict(last.balances) == self._exchange.truth.balances(ACCOUNT),
            orders_per_fill=counted.orders_per_fill,
        )

    def _handle(self, event: Event) -> None:
        step = self.engine.handle(event)
        if step.commands:
            self._gateway.send(step.commands)
        self._statistics.observe(step)
        if self._observer is not None:
            self._observer(self.engine, step)

    def _connect(self) -> None:
        for stream in (Stream.MARKET, Stream.PRIVATE):
            self._handle(FeedUp(ts_ns=self._schedule.now_ns, stream=stream))
        self._gateway.resync()

    def _tick(self) -> None:
        self._handle(Tick(ts_ns=self._schedule.now_ns))
        self._schedule.at(self._schedule.now_ns + TICK_NS, self._tick)

    def _flush(self) -> None:
        symbol = self._setup.market.symbol
        self._gateway.deliver(self._exchange.flush_depth(symbol, self._schedule.now_ns))
        self._schedule.at(self._schedule.now_ns + FLUSH_NS, self._flush)


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
