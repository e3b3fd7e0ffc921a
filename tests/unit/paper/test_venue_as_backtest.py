"""The same tape through a paper run and through a backtest: the same fills."""

import asyncio
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from quoter.app.backtesting import DelayOptions, instrument_of, run_setups, suggested_limits
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
    BookDelta,
    BookSnapshot,
    Event,
    FeedUp,
    MarketEvent,
    OrderSent,
    Tick,
    TopOfBook,
    Trade,
)
from quoter.domain.market import Level, Levels, Side, Stream
from quoter.domain.reasons import ReportKind
from quoter.domain.units import NS_PER_MS
from quoter.engine.engine import Engine
from quoter.paper.feed import PaperFeed
from quoter.paper.gateway import PaperGateway
from quoter.paper.venue import FillTerms, PaperAccount, PaperVenue
from quoter.settings import FixedSettings
from quoter.sim.fill_models import FillModel
from quoter.sim.messages import DepthBook
from quoter.sim.model_markets import BITCOIN
from quoter.sim.truth import Truth
from quoter.tapes.binance_raw import read_lines
from quoter.tapes.messages import Best, Depth, Message, Print
from quoter.tapes.messages import Levels as ExactLevels
from quoter.tapes.opening import Opening, open_tape
from quoter.venues.config import VenueConfig
from tests.unit.backtest.synthetic_tape import write_tape
from tests.unit.paper.cases import LiveFeed, PublicVenue

LATENCY_MS = 10.0
STEP_NS = NS_PER_MS
SETTLE = 4  # turns of the event loop in which an answer reaches the engine
PUBLIC_ONLY = VenueConfig(
    exchange="binance",
    symbol="BTC/USDT",
    environment="production",
    order_prefix="q00",
    is_public_only=True,
)


class PaperRun:
    """An engine with a paper venue, in virtual time by steps of a millisecond."""

    def __init__(self, setup: RunSetup, start_ns: int) -> None:
        self.now_ns = start_ns
        self.engine = Engine(setup.engine)
        rules, live, public = instrument_of(setup.market), LiveFeed(), PublicVenue()
        public.rules = rules
        account = PaperAccount(
            balances=setup.engine.opening, trade_id_first=10**14, is_continued=False
        )
        terms = FillTerms(
            fill_model=setup.market.fill_model,
            latency_ms=LATENCY_MS,
            latency_spread=1.0,
            seed=1,
        )
        self._venue = PaperVenue(setup.market, account, terms, self._clock, {})
        self._venue.emit_to(self._handle)
        self._gateway = PaperGateway(
            public,  # type: ignore[arg-type]  # what is not called is left out
            PUBLIC_ONLY,
            lambda _rules: self._venue,
            self._clock,
        )
        self.feed = PaperFeed(live, self._venue, rules)
        self._tick_ns = start_ns + TICK_NS
        self._tasks = set[asyncio.Task[None]]()

    def _clock(self) -> int:
        return self.now_ns

    async def open(self, book: DepthBook) -> None:
        await self._gateway.connect()
        self._gateway.open_gate()
        for stream in (Stream.MARKET, Stream.PRIVATE):
            self._handle(FeedUp(ts_ns=self.now_ns, stream=stream))
        self.feed.receive(
            BookSnapshot(
                ts_ns=self.now_ns, last=book.last, bids=floats(book.bids), asks=floats(book.asks)
            )
        )

    async def advance(self, until_ns: int) -> None:
        """Let everything happen until a time, in steps."""
        while self.now_ns < until_ns:
            self.now_ns = min(until_ns, self.now_ns + STEP_NS)
            self._venue.run_due()
            if self.now_ns >= self._tick_ns:
                self._handle(Tick(ts_ns=self._tick_ns))
                self._tick_ns += TICK_NS
            for _ in range(SETTLE if self._tasks else 0):
                await asyncio.sleep(0)

    def truth(self) -> Truth:
        return self._venue.truth()

    def _handle(self, event: Event) -> None:
        for command in self.engine.handle(event).commands:
            task = asyncio.get_running_loop().create_task(self._send(command))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _send(self, command: Command) -> None:
        answer: Event | None = None
        match command:
            case PlaceOrder():
                self._handle(OrderSent(ts_ns=self.now_ns, client_id=command.client_id))
                answer = await self._gateway.place(command)
            case CancelOrder():
                answer = await self._gateway.cancel(command)
            case QueryOrder():
                answer = await self._gateway.query(command)
            case RequestReport(kind=ReportKind.BOOK):
                self.feed.resync()
            case RequestReport(kind=ReportKind.BEST_PRICES):
                self.feed.confirm()
            case RequestReport():
                answer = await self._gateway.report(command)
            case CancelAll():
                await self._gateway.cancel_all()
            case ReconnectFeed():
                self.feed.reconnect(command.text)
        if answer is not None:
            self._handle(answer)


def floats(levels: ExactLevels) -> Levels:
    return tuple(Level(float(price), float(size)) for price, size in levels)


def event_of(ts_ns: int, row: Message) -> MarketEvent:
    """Return a row as the native feed of Binance emits it."""
    match row:
        case Depth():
            bids, asks = floats(row.bids), floats(row.asks)
            return BookDelta(ts_ns=ts_ns, prev=row.first - 1, last=row.last, bids=bids, asks=asks)
        case Best():
            bid, ask = floats(((row.bid, row.bid_size), (row.ask, row.ask_size)))
            return TopOfBook(ts_ns=ts_ns, update_id=row.update_id, bid=Level(*bid), ask=Level(*ask))
        case Print():
            taker = Side.SELL if row.is_buyer_maker else Side.BUY
            price, size = float(row.price), float(row.size)
            return Trade(
                ts_ns=ts_ns, trade_id=str(row.trade_id), price=price, size=size, taker=taker
            )
        case _:
            raise AssertionError("the tape has one snapshot, at its beginning")


def setup_of(model: FillModel, opening: Opening) -> RunSetup:
    limits = suggested_limits(BITCOIN)
    settings = FixedSettings(
        order_size=Decimal(limits["QUOTER_ORDER_SIZE"]),
        inventory_max=Decimal(limits["QUOTER_INVENTORY_MAX"]),
        notional_max=Decimal(limits["QUOTER_NOTIONAL_MAX"]),
        loss_max=Decimal(limits["QUOTER_LOSS_MAX"]),
        fee_maker_bps=1.0,
    )
    delay = DelayOptions(median_ms=LATENCY_MS, spread=1.0, seed=1)
    (setup,) = run_setups(settings, BITCOIN, start_ns=opening.ts_ns, models=(model,), delay=delay)
    return replace(setup, market=replace(setup.market, recorded=True))


@pytest.mark.slow
@pytest.mark.parametrize("model", [FillModel.FRONT, FillModel.PESSIMISTIC])
async def test_paper_run_fills_what_a_backtest_of_the_same_tape_fills(
    tmp_path: Path, model: FillModel
) -> None:
    """Not one amount differs, although commands are sent up to a millisecond later: its step."""
    tape = write_tape(tmp_path / "tape", seconds=30.0)
    opening = open_tape(read_lines((tape,)))
    setup, start_ns = setup_of(model, opening), opening.ts_ns
    lines = list(opening.lines)
    backtest = TapeRun(setup, opening.book, start_ns)
    for ts_ns, row in lines:
        backtest.play(ts_ns, row)
    paper = PaperRun(setup, start_ns)
    await paper.open(opening.book)
    for ts_ns, row in lines:
        await paper.advance(ts_ns)
        paper.feed.receive(event_of(ts_ns, row))
    ours, theirs = paper.engine.inventory, backtest.engine.inventory
    assert dict(ours.balances) == paper.truth().totals
    assert theirs.fills_buy + theirs.fills_sell >= 5
    assert (ours.fills_buy, ours.fills_sell) == (theirs.fills_buy, theirs.fills_sell)
    assert ours.balances == theirs.balances
