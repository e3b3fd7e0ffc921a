"""The same tape through a paper run and through a backtest: the same events and commands."""

import asyncio
from dataclasses import replace
from decimal import Decimal
from itertools import takewhile
from pathlib import Path

import pytest

from quoter.app.backtesting import instrument_of, run_setups, suggested_limits
from quoter.backtest.fill_terms import DelayOptions, FillTerms
from quoter.backtest.tape_run import TICK_NS, RunSetup, TapeRun
from quoter.domain.commands import (
    CancelAll,
    CancelOrder,
    Command,
    PlaceOrder,
    QueryOrder,
    ReconnectFeed,
    RequestReport,
)
from quoter.domain.events import (
    BookSnapshot,
    Event,
    FeedUp,
    MarketEvent,
    OrderSent,
    Tick,
    TopOfBook,
    Trade,
)
from quoter.domain.market import Level, Side, Stream
from quoter.domain.reasons import ReportKind
from quoter.domain.units import NS_PER_S, S_PER_NS
from quoter.engine.engine import Engine
from quoter.paper.feed import PaperFeed
from quoter.paper.gateway import PaperGateway
from quoter.paper.venue import PaperAccount, PaperVenue
from quoter.settings import FixedSettings
from quoter.sim.capture import OWN_TRADE_ID_FIRST
from quoter.sim.fill_models import FillModel
from quoter.sim.messages import DepthBook, MarketSpec
from quoter.sim.model_markets import BITCOIN
from quoter.sim.truth import Truth
from quoter.tapes.binance_raw import capture_symbol, read_lines
from quoter.tapes.formats import tape_market
from quoter.tapes.messages import Best, Depth, Line, Message, Print
from quoter.tapes.messages import Levels as ExactLevels
from quoter.tapes.opening import Opening, open_tape
from quoter.venues.binance.depth_sync import DepthDiff, DepthSync
from tests.recordings import BINANCE_RAW
from tests.unit.backtest.synthetic_tape import write_tape
from tests.unit.paper.cases import PUBLIC_ONLY, LiveFeed, PublicVenue
from tests.virtual_time import VirtualTimeLoop

RANDOM = DelayOptions(median_ms=10.0, spread=3.0, seed=1)
CONSTANT = DelayOptions(median_ms=10.0, spread=1.0, seed=1)
SETTLE = 4  # turns of the event loop in which what is due reaches engine and venue
RECORDED = BINANCE_RAW / "spot_BTCUSDT_20240808.gz"
RECORDED_S = 60

type Decided = tuple[Event, tuple[Command, ...]]  # what the engine received, and what it did


class PaperRun:
    """An engine with a paper venue and the feed of a tape, in virtual time."""

    def __init__(
        self, setup: RunSetup, delay: DelayOptions, loop: VirtualTimeLoop, start_ns: int
    ) -> None:
        self.decided: list[Decided] = []
        self.engine = Engine(setup.engine)
        self._loop, self._start_ns = loop, start_ns
        rules, public = instrument_of(setup.market), PublicVenue()
        public.rules = rules
        account = PaperAccount(
            balances=setup.engine.opening, trade_id_first=OWN_TRADE_ID_FIRST, is_continued=False
        )
        terms = FillTerms(fill_model=setup.market.fill_model, delay=delay)
        self._venue = PaperVenue(setup.market, account, terms, self._clock, {})
        self._venue.emit_to(self._handle)
        self._gateway = PaperGateway(
            public,  # type: ignore[arg-type]  # what is not called is left out
            PUBLIC_ONLY,
            lambda _rules: self._venue,
            self._clock,
        )
        self._feed, self._sync = PaperFeed(LiveFeed(), self._venue, rules), DepthSync()
        self._tick_ns = start_ns + TICK_NS
        self._tasks = set[asyncio.Task[None]]()

    def _clock(self) -> int:
        return self._start_ns + self._loop.now_ns

    async def open(self, book: DepthBook) -> None:
        """Connect, and receive the first book."""
        await self._gateway.connect()
        self._gateway.open_gate()
        for stream in (Stream.MARKET, Stream.PRIVATE):
            self._handle(FeedUp(ts_ns=self._clock(), stream=stream))
        await self._until(self._clock())
        bids, asks = floats(book.bids), floats(book.asks)
        snapshot = BookSnapshot(ts_ns=self._clock(), last=book.last, bids=bids, asks=asks)
        for event in self._sync.on_snapshot(snapshot) or ():
            self._feed.receive(event)

    async def play(self, ts_ns: int, row: Message) -> None:
        """Let everything happen until a time, and then receive one row of the tape."""
        while self._tick_ns <= ts_ns:
            await self._until(self._tick_ns)
            self._handle(Tick(ts_ns=self._tick_ns))
            self._tick_ns += TICK_NS
        await self._until(ts_ns)
        event = self._event(ts_ns, row)
        if event is not None:
            self._feed.receive(event)

    def truth(self) -> Truth:
        return self._venue.truth()

    async def _until(self, ts_ns: int) -> None:
        await asyncio.sleep((ts_ns - self._clock()) * S_PER_NS)
        self._venue.run_due()
        for _ in range(SETTLE):
            await asyncio.sleep(0)

    def _event(self, ts_ns: int, row: Message) -> MarketEvent | None:
        """Return a row as the native feed of Binance emits it."""
        match row:
            case Depth():
                diff = DepthDiff(ts_ns, row.first, row.last, floats(row.bids), floats(row.asks))
                return self._sync.on_diff(diff)
            case Best():
                bid, ask = floats(((row.bid, row.bid_size), (row.ask, row.ask_size)))
                return TopOfBook(ts_ns=ts_ns, update_id=row.update_id, bid=bid, ask=ask)
            case Print():
                return Trade(
                    ts_ns=ts_ns,
                    trade_id=str(row.trade_id),
                    price=float(row.price),
                    size=float(row.size),
                    taker=Side.SELL if row.is_buyer_maker else Side.BUY,
                )
            case _:
                raise AssertionError("the tape has one snapshot, at its beginning")

    def _handle(self, event: Event) -> None:
        step = self.engine.handle(event)
        self.decided.append((step.event, step.commands))
        for command in step.commands:
            task = self._loop.create_task(self._send(command))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _send(self, command: Command) -> None:
        answer: Event | None = None
        match command:
            case PlaceOrder():
                self._handle(OrderSent(ts_ns=self._clock(), client_id=command.client_id))
                answer = await self._gateway.place(command)
            case CancelOrder():
                answer = await self._gateway.cancel(command)
            case QueryOrder():
                answer = await self._gateway.query(command)
            case RequestReport(kind=ReportKind.BOOK):
                self._feed.resync()
            case RequestReport(kind=ReportKind.BEST_PRICES):
                self._feed.confirm()
            case RequestReport():
                answer = await self._gateway.report(command)
            case CancelAll():
                await self._gateway.cancel_all()
            case ReconnectFeed():
                self._feed.reconnect(command.text)
        if answer is not None:
            self._handle(answer)


def floats(levels: ExactLevels) -> tuple[Level, ...]:
    return tuple(Level(float(price), float(size)) for price, size in levels)


def setup_of(model: FillModel, delay: DelayOptions, market: MarketSpec, start_ns: int) -> RunSetup:
    limits = suggested_limits(market)
    settings = FixedSettings(
        symbol=f"{market.base}/{market.quote}",
        order_size=Decimal(limits["QUOTER_ORDER_SIZE"]),
        inventory_max=Decimal(limits["QUOTER_INVENTORY_MAX"]),
        notional_max=Decimal(limits["QUOTER_NOTIONAL_MAX"]),
        loss_max=Decimal(limits["QUOTER_LOSS_MAX"]),
        fee_maker_bps=0.0,
    )
    (setup,) = run_setups(settings, market, start_ns=start_ns, models=(model,), delay=delay)
    return replace(setup, market=replace(setup.market, recorded=True))


def compare(
    model: FillModel, delay: DelayOptions, market: MarketSpec, opening: Opening, lines: list[Line]
) -> int:
    """Assert that both runs receive and do the same at the same times; return our fills."""
    theirs, setup = list[Decided](), setup_of(model, delay, market, opening.ts_ns)
    backtest = TapeRun(
        setup,
        opening.book,
        opening.ts_ns,
        observer=lambda _engine, step: theirs.append((step.event, step.commands)),
    )
    for ts_ns, row in lines:
        backtest.play(ts_ns, row)

    async def play(loop: VirtualTimeLoop) -> PaperRun:
        paper = PaperRun(setup, delay, loop, opening.ts_ns)
        await paper.open(opening.book)
        for ts_ns, row in lines:
            await paper.play(ts_ns, row)
        return paper

    loop = VirtualTimeLoop()
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        paper = runner.run(play(loop))
    both = enumerate(zip(paper.decided, theirs, strict=False))
    assert next((each for each in both if each[1][0] != each[1][1]), None) is None
    assert len(paper.decided) == len(theirs)
    assert dict(paper.engine.inventory.balances) == paper.truth().totals
    return paper.engine.inventory.fills_buy + paper.engine.inventory.fills_sell


@pytest.mark.slow
@pytest.mark.parametrize("model", [FillModel.FRONT, FillModel.PESSIMISTIC])
def test_paper_run_decides_what_a_backtest_of_the_same_tape_decides(
    tmp_path: Path, model: FillModel
) -> None:
    """Every event and command is equal, with its time: only the clock of the process differs."""
    tape = write_tape(tmp_path / "tape", seconds=20.0)
    opening = open_tape(read_lines((tape,)))
    assert compare(model, RANDOM, BITCOIN, opening, list(opening.lines)) >= 3


@pytest.mark.slow
@pytest.mark.skipif(not RECORDED.exists(), reason=f"the recording {RECORDED.name} is not here")
def test_paper_run_decides_what_a_backtest_of_a_recorded_market_decides() -> None:
    """The latency is constant here: at one instant the two may draw in another order."""
    tape = (RECORDED,)
    symbol = capture_symbol(tape)
    opening = open_tape(read_lines(tape, symbol))
    end_ns = opening.ts_ns + RECORDED_S * NS_PER_S
    lines = list(takewhile(lambda line: line[0] <= end_ns, opening.lines))
    market = tape_market(tape, symbol, filters=None)
    assert compare(FillModel.FRONT, CONSTANT, market, opening, lines) >= 3
