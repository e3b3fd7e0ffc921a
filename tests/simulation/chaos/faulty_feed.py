"""A market stream with faults: gaps, wrong ids and values, missing frames, delays, snapshots."""

from collections.abc import Callable, Iterable
from copy import replace
from functools import partial

from quoter.backtest.receipt import received_at
from quoter.backtest.schedule import Schedule
from quoter.backtest.seam import Channel, Latency, Seam
from quoter.backtest.simulated_gateway import SNAPSHOT_LEVELS, SimulatedGateway, _levels
from quoter.domain.events import (
    Alarm,
    BookDelta,
    BookSnapshot,
    Event,
    FeedDown,
    FeedUp,
    TopOfBook,
    Trade,
)
from quoter.domain.market import Level, Side, Stream
from quoter.domain.trading import Cause
from quoter.domain.units import NS_PER_MS, NS_PER_S
from quoter.sim.exchange import Exchange
from quoter.sim.messages import BestNews, DepthBook, DepthNews, News
from quoter.venues.binance.bad_frames import BadFrames
from quoter.venues.binance.depth_sync import STUCK, DepthDiff
from tests.simulation.chaos.active_faults import ActiveFaults
from tests.simulation.chaos.empty_side import EmptySide
from tests.simulation.chaos.invariants import SLOW_FEED_S_MAX, Invariants
from tests.simulation.chaos.plan import Fault

SNAPSHOT_AGAIN_NS = 1_000 * NS_PER_MS
RECONNECT_NS = 500 * NS_PER_MS
# Frames that a silent stream leaves out, by the type of their event.
LEFT_OUT = (
    (BookDelta, TopOfBook, Trade),
    (BookDelta, TopOfBook),
    (BookDelta,),
    (TopOfBook,),
    (BookDelta, Trade),
)
# What is added to the ids of diffs; None: those of the diff before are repeated.
ID_SHIFTS = (-1_000_000, -40, -7, 7, 40, 1_000_000, None)
# Farther than a stream lags: a snapshot that is ahead by less looks like a stream behind.
SNAPSHOT_SHIFTS = (200, 10_000, 1_000_000_000)

type Post = Callable[[Event], None]


class FaultyFeed(SimulatedGateway):
    """Does what `quoter/venues/binance/` does; `run` numbers the process that receives."""

    def __init__(
        self,
        *,
        exchange: Exchange,
        symbol: str,
        account: str,
        schedule: Schedule,
        latency: Latency,
        seam: Seam,
        post: Post,
        faults: ActiveFaults,
        invariants: Invariants,
    ) -> None:
        super().__init__(
            exchange=exchange,
            symbol=symbol,
            account=account,
            schedule=schedule,
            latency=latency,
            seam=seam,
            post=post,
        )
        self._faults, self._invariants = faults, invariants
        self._market = exchange._markets[symbol]
        self.run = 0
        self.is_market_up = False
        self.silent_until_ns = 0
        self._market_epoch = 0
        self._market_free_ns = 0
        self._is_fetching = False
        self._held_back: DepthDiff | None = None
        self._bad_frames = BadFrames()
        self._ids = 0, 0  # of the newest diff as it was published
        self._empty = EmptySide(exchange, account, symbol, faults)
        self._note_touch()

    def _note_touch(self) -> None:
        """Tell the invariants the exchange's best prices of now."""
        bid, ask = self._market.publisher.best(Side.BUY), self._market.publisher.best(Side.SELL)
        if bid is not None and ask is not None:
            grid = self._market.grid
            touch = float(grid.price(bid[0])), float(grid.price(ask[0]))
            self._invariants.touch(touch, self._schedule.now_ns)

    def deliver(self, news: Iterable[News]) -> None:
        news = list(news)
        for one in news:
            if isinstance(one, BestNews):
                touch = float(one.bid[0]), float(one.ask[0])
                self._invariants.touch(touch, one.ts_ns)
        super().deliver(news)

    def _post_now(self, event: Event) -> None:
        self._post(received_at(event, self._schedule.now_ns))

    def _is_left_out(self, kind: type[Event]) -> bool:
        """Whether a silent stream leaves out a frame of this kind; a reconnect may be the cure."""
        faults = self._faults
        if faults.is_on(Fault.DELISTED):
            faults.fired[Fault.DELISTED] += 1
            return True
        if not faults.is_on(Fault.FRAMES_MISSING):
            return False
        kinds, epoch = faults.form(Fault.FRAMES_MISSING, self._missing_form)
        if kind not in kinds or epoch not in (None, self._market_epoch):
            return False
        faults.fired[Fault.FRAMES_MISSING] += 1
        return True

    def _missing_form(self) -> tuple[tuple[type[Event], ...], int | None]:
        """Return what is left out, and in which connection; None: in all of them."""
        random = self._faults.random
        return random.choice(LEFT_OUT), random.choice((None, self._market_epoch))

    def _publish_market(self, event: Event) -> None:
        """Send best prices or a trade, unless a fault hits the frame."""
        if self._is_left_out(type(event)):
            return
        shown: Event | None = event
        if isinstance(event, TopOfBook):
            shown = top = self._empty.ticker(event)
            if top is not None:
                self._invariants.shown((top.bid.price, top.ask.price), self._schedule.now_ns)
        if shown is None or self._faults.fires(Fault.UNREADABLE):
            self._to_market(event.ts_ns, self._bad_frame)
        else:
            self._to_market(event.ts_ns, partial(self._post_now, shown))

    def _bad_frame(self) -> None:
        if text := self._bad_frames.add(self._schedule.now_ns / NS_PER_S):
            self._report_wrong(text)

    def _report_wrong(self, text: str) -> None:
        now_ns = self._schedule.now_ns
        self._post(Alarm(ts_ns=now_ns, cause=Cause.BOOK_STALE, active=True, text=text))

    def _to_market(self, due_ns: int, act: Callable[[], None]) -> None:
        """Deliver in order on the market socket, unless it is closed meanwhile."""
        if not self.is_market_up or self._faults.is_on(Fault.HALF_OPEN):
            return
        if self._faults.is_on(Fault.SLOW_FEED):
            self._faults.fired[Fault.SLOW_FEED] += 1
            due_ns += self._faults.between_ns(0.2, SLOW_FEED_S_MAX)
        due_ns = self._market_free_ns = max(due_ns, self._market_free_ns)
        self._schedule.at(due_ns, partial(self._from_market, self._market_epoch, act))

    def _from_market(self, epoch: int, act: Callable[[], None]) -> None:
        if epoch == self._market_epoch and self.is_market_up:
            act()

    def market_up(self) -> None:
        self.is_market_up, self._market_free_ns = True, self._schedule.now_ns
        self._begin_sync()

    def reconnect(self, text: str) -> None:
        """The engine found the stream silent: end the connection, and make another."""
        if not self.is_market_up:
            return
        now_ns = self._schedule.now_ns
        self.market_down()
        self._post(FeedDown(ts_ns=now_ns, stream=Stream.MARKET, text=text))
        self._schedule.at(now_ns + RECONNECT_NS, partial(self._reconnected, self.run))

    def _reconnected(self, run: int) -> None:
        if run != self.run or self.is_market_up:
            return
        if self._faults.is_on(Fault.MAINTENANCE):
            self._schedule.at(self._schedule.now_ns + RECONNECT_NS, partial(self._reconnected, run))
        else:
            self._post(FeedUp(ts_ns=self._schedule.now_ns, stream=Stream.MARKET))
            self.market_up()

    def market_down(self) -> None:
        self.is_market_up = False
        self._market_epoch += 1
        self._sync.restart()
        self._held_back = None

    def _depth(self, news: DepthNews) -> None:
        faults = self._faults
        news = self._empty.diff(news)
        self._note_touch()
        first, last = self._shifted(news)
        diff = DepthDiff(
            ts_ns=self._due_ns(Channel.MARKET),
            first=first,
            last=last,
            bids=_levels(news.bids),
            asks=_levels(news.asks),
        )
        if self._is_left_out(BookDelta):
            return
        held, self._held_back = self._held_back, None
        diffs = [diff]
        if faults.fires(Fault.DEPTH_GAPS):
            match faults.random.randrange(3):
                case 0:
                    diffs = []
                case 1:
                    diffs = [diff, diff]
                case _:
                    diffs, self._held_back = [], diff
        for one in (*diffs, *([held] if held is not None else [])):
            is_unreadable = faults.fires(Fault.UNREADABLE)
            act = self._bad_frame if is_unreadable else partial(self._diff, one)
            self._to_market(one.ts_ns, act)

    def _shifted(self, news: DepthNews) -> tuple[int, int]:
        """Return the first and last id of a diff as it is published; record its best prices."""
        first, last, faults = news.first, news.last, self._faults
        if faults.fires(Fault.IDS_WRONG):
            shift = faults.form(Fault.IDS_WRONG, partial(faults.random.choice, ID_SHIFTS))
            if shift is None:
                first, last = self._ids
            else:
                first, last = max(0, first + shift), max(0, last + shift)
            self._invariants.misnumbered(self._schedule.now_ns)
        self._ids = first, last
        if not self._empty.sides():
            self._invariants.book(last)
        else:
            self._note_shown()
        return first, last

    def _note_shown(self) -> None:
        """Tell the invariants the best prices of a book whose one side has our orders only."""
        book = self._shown_depth(1)
        if book.bids and book.asks:
            shown = float(book.bids[0][0]), float(book.asks[0][0])
            self._invariants.shown(shown, self._schedule.now_ns)

    def _diff(self, diff: DepthDiff) -> None:
        delta = self._sync.on_diff(diff._replace(ts_ns=self._schedule.now_ns))
        if delta is None:
            if self._sync.is_stuck:
                self._report_wrong(STUCK)
                self._begin_sync()
            return
        if self._faults.fires(Fault.GARBAGE):
            self._post(self._spoiled(delta))
        else:
            self._post(delta)
        if not self._sync.is_synced:  # after a gap the feed itself fetches a snapshot
            self._begin_sync()

    def _spoiled(self, delta: BookDelta) -> Event:
        """Return an event with impossible values at the right place of the sequence."""
        bad = self._faults.random.choice((float("nan"), -1.0, 1e308, float("inf")))
        price = delta.bids[0][0] if delta.bids else 10_000.0
        match self._faults.random.randrange(4):
            case 0:
                return replace(delta, bids=(*delta.bids, Level(price, bad)))
            case 1:
                return replace(delta, asks=(*delta.asks, Level(bad, 1.0)))
            case 2:
                return replace(delta, bids=(*delta.bids, Level(2 * price, 1.0)))
            case _:
                level = Level(price, 1.0)
                update_id = delta.last + 1
                return TopOfBook(ts_ns=delta.ts_ns, update_id=update_id, bid=level, ask=level)

    def _shown_depth(self, levels: int) -> DepthBook:
        return self._empty.depth(super()._shown_depth(levels))

    def want_snapshot(self) -> None:
        """Fetch a snapshot because the engine asked for one."""
        if self._sync.is_synced:
            self._begin_sync()

    def _begin_sync(self) -> None:
        self._sync.restart()
        if not self._is_fetching:
            self._is_fetching = True
            self._fetch(self.run)

    def _fetch(self, run: int) -> None:
        """Request a depth snapshot until one fits."""
        if run != self.run or not self.is_market_up:
            self._is_fetching = False
            return
        faults, now_ns = self._faults, self._schedule.now_ns
        is_unanswered = any(map(faults.is_on, (Fault.TIMEOUTS, Fault.DELISTED)))
        if is_unanswered or now_ns < self.silent_until_ns or faults.fires(Fault.PAGES):
            self._schedule.at(now_ns + SNAPSHOT_AGAIN_NS, partial(self._fetch, run))
            return
        book = self._shown_depth(SNAPSHOT_LEVELS)
        self._note_touch()
        self._invariants.book(book.last)
        snapshot = BookSnapshot(
            ts_ns=now_ns, last=book.last, bids=_levels(book.bids), asks=_levels(book.asks)
        )
        wait_ns = self._latency.request_ns + self._latency.answer_ns
        self._schedule.at(now_ns + wait_ns, partial(self._fetched, run, snapshot))

    def _fetched(self, run: int, snapshot: BookSnapshot) -> None:
        now_ns = self._schedule.now_ns
        if run != self.run or not self.is_market_up:
            self._is_fetching = False
            return
        is_old = self._faults.fires(Fault.OLD_SNAPSHOTS)
        snapshot = replace(snapshot, ts_ns=now_ns)
        if self._faults.fires(Fault.SNAPSHOT_AHEAD):
            choose = partial(self._faults.random.choice, SNAPSHOT_SHIFTS)
            shift = self._faults.form(Fault.SNAPSHOT_AHEAD, choose)
            snapshot = replace(snapshot, last=snapshot.last + shift)
            self._invariants.forget_book(snapshot.last)
        events = None if is_old else self._sync.on_snapshot(snapshot)
        if events is None:
            self._schedule.at(now_ns + SNAPSHOT_AGAIN_NS, partial(self._fetch, run))
            return
        self._is_fetching = False
        for event in events:
            self._post(event)
        if not self._sync.is_synced:
            self._begin_sync()
