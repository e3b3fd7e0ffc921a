"""Time from bytes to decision: our core, ccxt.pro with the same bytes, and json.loads."""

import asyncio
import json
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import pairwise
from statistics import mean, median
from time import perf_counter_ns

import ccxt.pro

from quoter.domain.commands import CancelOrder, Command, PlaceOrder, RequestReport
from quoter.domain.events import (
    BalanceReport,
    BookSnapshot,
    Event,
    FeedUp,
    OpenOrdersReport,
    OrderAck,
    OrderDone,
    OrderSent,
    Tick,
    TradesReport,
)
from quoter.domain.market import Stream
from quoter.domain.orders import VenueOrder
from quoter.domain.quotes import PricingInputs, TwoSidedQuote
from quoter.domain.reasons import DoneReason, ReportKind
from quoter.domain.step import Step
from quoter.domain.units import NS_PER_S
from quoter.engine.config import ActivityPolicy, BookPolicy, EngineConfig, PricingConfig
from quoter.engine.engine import Engine
from quoter.pricing.quote.shape import QuoteShape
from quoter.pricing.quote.terms import quote_terms
from quoter.pricing.quote.two_sided import two_sided_quote
from quoter.risk.view import Limits
from quoter.state.book import Book
from quoter.venues.binance.depth_sync import DepthDiff, DepthSync
from quoter.venues.binance.messages import parse, parse_snapshot
from tests.bench.workload import SYMBOL, Workload
from tests.instruments import BTC_USDT

INSTRUMENT = replace(BTC_USDT, venue_symbol=SYMBOL)
SIZE = Decimal("0.001")
SHAPE = QuoteShape(levels=3)
ZERO = Decimal(0)
OPENING = {"BTC": Decimal(1), "USDT": Decimal(1_000_000)}
SPOT_URL = "wss://stream.binance.com:9443/stream"


def engine_config() -> EngineConfig:
    """Return the benchmark's configuration: three orders a side, estimators on."""
    return EngineConfig(
        instrument=INSTRUMENT,
        id_prefix="q01bench",
        own_prefix="q01",
        limits=Limits(
            inventory_max=20 * SIZE,
            size_max=4 * SIZE,
            notional_max=Decimal("1e9"),
            price_collar=Decimal("0.05"),
            loss_max=Decimal("1e9"),
            drawdown_max=Decimal("1e9"),
            book_spread_max=Decimal("0.05"),
        ),
        activity=ActivityPolicy(
            price_jump=0.01,
            quote_drift=0.03,
            creates_per_min=10**9,
            creates_per_fill=0,  # there are no fills
            turnover_max=10.0,
        ),
        creates_per_s=10.0,
        book=BookPolicy(stale_ns=2 * NS_PER_S),
        order_size=SIZE,
        target=Decimal(1),
        opening=OPENING,
        pricing=PricingConfig(shape=SHAPE, sigma_prior=3.0, kappa_prior=1 / 6, intensity_prior=1.2),
    )


class InstantVenue:
    """Executes every command at once; there are no trades."""

    def __init__(self) -> None:
        self._open: dict[str, VenueOrder] = {}

    def answers(self, command: Command, ts_ns: int) -> list[Event]:
        match command:
            case PlaceOrder(client_id=name):
                self._open[name] = VenueOrder(
                    client_id=name,
                    venue_id=name,
                    side=command.side,
                    price=command.price,
                    size=command.size,
                    filled=ZERO,
                )
                ack = OrderAck(ts_ns=ts_ns, client_id=name, venue_id=name)
                return [OrderSent(ts_ns=ts_ns, client_id=name), ack]
            case CancelOrder(client_id=name):
                del self._open[name]
                reason = DoneReason.CANCELED
                return [OrderDone(ts_ns=ts_ns, client_id=name, reason=reason, filled=ZERO)]
            case RequestReport(kind=ReportKind.OPEN_ORDERS):
                orders = tuple(self._open.values())
                return [OpenOrdersReport(ts_ns=ts_ns, asked_ns=ts_ns, orders=orders)]
            case RequestReport(kind=ReportKind.TRADES):
                return [TradesReport(ts_ns=ts_ns, asked_ns=ts_ns, fills=())]
            case RequestReport(kind=ReportKind.BALANCES):
                return [BalanceReport(ts_ns=ts_ns, asked_ns=ts_ns, free=OPENING, locked={})]
            case _:
                raise RuntimeError(f"unexpected command {command}")


class Core:
    """Parser, depth sync and engine; the venue's answers are outside of the measurement."""

    def __init__(self, workload: Workload) -> None:
        self._sync, self._venue = DepthSync(), InstantVenue()
        self._engine = Engine(engine_config())
        self.commands = 0
        self.quotes = 0
        start_ns = workload.frames[0][0]
        for stream in (Stream.MARKET, Stream.PRIVATE):
            self._engine.handle(FeedUp(ts_ns=start_ns, stream=stream))
        for event in (
            self._sync.on_snapshot(parse_snapshot(workload.snapshot, ts_ns=start_ns)) or ()
        ):
            self.answer(self._engine.handle(event))

    def decide(self, frame: bytes, ts_ns: int) -> Step | None:
        """Return the engine's step for a frame; this call is measured."""
        message = parse(frame, venue_symbol=SYMBOL, ts_ns=ts_ns)
        if isinstance(message, DepthDiff):
            delta = self._sync.on_diff(message)
            if delta is not None:
                return self._engine.handle(delta)
        return None

    def answer(self, step: Step | None) -> None:
        """Let the venue answer the step's commands; not measured."""
        if step is None:
            return
        self.quotes += step.quote is not None
        for command in step.commands:
            self.commands += 1
            for event in self._venue.answers(command, step.event.ts_ns):
                self.answer(self._engine.handle(event))

    def tick(self, ts_ns: int) -> None:
        self.answer(self._engine.handle(Tick(ts_ns=ts_ns)))


class Ccxt:
    """An unmodified ccxt.pro client without a socket; frames are passed to it directly."""

    def __init__(self, workload: Workload) -> None:
        exchange = ccxt.pro.binance()
        exchange.set_markets([_ccxt_market(exchange)])
        snapshot = json.loads(workload.snapshot)
        self.book = exchange.order_book({}, 1000)
        self.book.reset(
            {
                "symbol": INSTRUMENT.symbol,
                "nonce": snapshot["lastUpdateId"],
                "bids": [[float(price), float(size)] for price, size in snapshot["bids"]],
                "asks": [[float(price), float(size)] for price, size in snapshot["asks"]],
            }
        )
        exchange.orderbooks[INSTRUMENT.symbol] = self.book
        name = f"orderbook::{INSTRUMENT.symbol}"
        host = exchange.get_ws_url("spot", exchange.get_future_ws_category("depth"))
        stream = exchange.stream("spot", f"multipleOrderbook::{INSTRUMENT.symbol}", 1)
        self._client = exchange.client(f"{host}/{stream}")
        self._client.connected.resolve(True)
        self._client.subscriptions[name] = True
        self.exchange = exchange

    async def watch(self, frame: bytes) -> float:
        """Do a whole call of `watch_order_book`: wait, receive the frame, return the book.

        Return the microseconds of handling the frame alone.
        """
        waiting = asyncio.ensure_future(self.exchange.watch_order_book(INSTRUMENT.symbol))
        await asyncio.sleep(0)
        before_ns = perf_counter_ns()
        self._client.handle_text_or_binary_message(frame)
        took_us = (perf_counter_ns() - before_ns) / 1000
        await waiting
        return took_us


@dataclass(frozen=True, slots=True)
class Times:
    """Microseconds for each message."""

    core: list[float]
    ccxt: list[float]
    ccxt_handler: list[float]
    json: list[float]


async def spend(workload: Workload) -> Times:
    """Pass every message to all of them in sequence, so that each has the same cold caches.

    It matters: in a loop of its own each is faster, json.loads most of all, and our ratio to it is
    up to twice as high. A live process meets one message in 100 ms, cold.
    What the engine wants done is answered, and time passes, outside of what is measured.
    """
    core, other, spent = Core(workload), Ccxt(workload), Times([], [], [], [])
    clock = perf_counter_ns
    try:
        for ts_ns, frame in workload.frames:
            before_ns = clock()
            step = core.decide(frame, ts_ns)
            spent.core.append((clock() - before_ns) / 1000)
            core.answer(step)
            core.tick(ts_ns)
            before_ns = clock()
            json.loads(frame)
            spent.json.append((clock() - before_ns) / 1000)
            before_ns = clock()
            handler_us = await other.watch(frame)
            spent.ccxt.append((clock() - before_ns) / 1000)
            spent.ccxt_handler.append(handler_us)
    finally:
        await other.exchange.close()
    if not (core.commands and core.quotes > len(workload.frames) // 20):
        raise RuntimeError(f"the core did not trade: {core.commands=} {core.quotes=}")
    if other.book["nonce"] != json.loads(workload.frames[-1][1])["data"]["u"]:
        raise RuntimeError(f"ccxt lost the sequence: {other.book['nonce']}")
    return spent


def _ccxt_market(exchange: object) -> object:
    return exchange.safe_market_structure(  # type: ignore[attr-defined]
        {
            "id": SYMBOL,
            "lowercaseId": SYMBOL.lower(),
            "symbol": INSTRUMENT.symbol,
            "base": "BTC",
            "quote": "USDT",
            "baseId": "BTC",
            "quoteId": "USDT",
            "type": "spot",
            "spot": True,
            "active": True,
            "precision": {"price": 0.01, "amount": 0.00001},
        }
    )


def parts_us(workload: Workload) -> dict[str, float]:
    """Return medians of the stages, each alone on the same messages."""
    sync, book = DepthSync(), Book()
    for event in sync.on_snapshot(parse_snapshot(workload.snapshot, ts_ns=0)) or ():
        if isinstance(event, BookSnapshot):
            book.load(event)
    spent: dict[str, list[float]] = {"parse": [], "sequence": [], "book": [], "best": []}
    for ts_ns, frame in workload.frames:
        stamps = [perf_counter_ns()]
        diff = parse(frame, venue_symbol=SYMBOL, ts_ns=ts_ns)
        stamps.append(perf_counter_ns())
        delta = sync.on_diff(diff) if isinstance(diff, DepthDiff) else None
        stamps.append(perf_counter_ns())
        if delta is not None:
            book.apply(delta)
        stamps.append(perf_counter_ns())
        book.published()
        stamps.append(perf_counter_ns())
        for name, (before, after) in zip(spent, pairwise(stamps), strict=True):
            spent[name].append((after - before) / 1000)
    return {name: median(each) for name, each in spent.items()} | _quote_us(workload)


def _quote_us(workload: Workload) -> dict[str, float]:
    """Return medians of pricing alone and of a step that requotes three levels a side."""
    core, steps, prices = Core(workload), [], []
    for ts_ns, frame in workload.frames:
        before_ns = perf_counter_ns()
        step = core.decide(frame, ts_ns)
        took_us = (perf_counter_ns() - before_ns) / 1000
        if step is not None and step.quote is not None and step.quote.terms is not None:
            steps.append(took_us)
            before_ns = perf_counter_ns()
            _price(step.quote.terms.inputs)
            prices.append((perf_counter_ns() - before_ns) / 1000)
        core.answer(step)
        core.tick(ts_ns)
    return {"pricing": median(prices), "decision with a requote": median(steps)}


def _price(inputs: PricingInputs) -> TwoSidedQuote:
    return two_sided_quote(
        terms=quote_terms(inputs, SHAPE),
        shape=SHAPE,
        instrument=INSTRUMENT,
        order_size=SIZE,
        best_bid_ticks=INSTRUMENT.floor_ticks(inputs.fair) - 1,
        best_ask_ticks=INSTRUMENT.ceil_ticks(inputs.fair) + 1,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Microseconds per message, the median message of the median round; ratios likewise."""

    core: float
    means: dict[str, float]  # a mean includes requotes and large diffs, a median does not
    ccxt: float
    ccxt_handler: float
    json: float
    to_ccxt: float  # a whole call of watch_order_book
    to_ccxt_handler: float  # its handling of the frame, without waking the caller
    to_json: float
    to_json_mean: float  # the mean message instead of the median one
    parts: dict[str, float]


def measure(workload: Workload, *, rounds: int) -> Decision:
    """Measure with the wall clock: one thread that never waits.

    Reading a CPU clock would be a system call, which takes a tenth of the time of a message.
    """
    taken = [asyncio.run(spend(workload)) for _ in range(rounds)]
    parts = [parts_us(workload) for _ in range(rounds)]
    core, other, handler, plain = (
        [median(getattr(one, name)) for one in taken]
        for name in ("core", "ccxt", "ccxt_handler", "json")
    )
    return Decision(
        core=median(core),
        means={
            name: median(mean(getattr(one, name)) for one in taken)
            for name in ("core", "ccxt_handler", "json")
        },
        ccxt=median(other),
        ccxt_handler=median(handler),
        json=median(plain),
        to_ccxt=_ratio(core, other),
        to_ccxt_handler=_ratio(core, handler),
        to_json=_ratio(core, plain),
        to_json_mean=_ratio([mean(one.core) for one in taken], [mean(one.json) for one in taken]),
        parts={name: median(one[name] for one in parts) for name in parts[0]},
    )


def _ratio(ours: list[float], theirs: list[float]) -> float:
    return median(a / b for a, b in zip(ours, theirs, strict=True))
