"""A market stream with faults: gaps, wrong values, delays, late snapshots."""

from collections.abc import Callable
from copy import replace
from functools import partial

from quoter.domain.events import BookDelta, BookSnapshot, Event, FeedDown, FeedUp, TopOfBook
from quoter.domain.market import Level, Side, Stream
from quoter.domain.units import NS_PER_MS
from quoter.sim.exchange import Exchange
from quoter.sim.messages import DepthNews
from quoter.venues.binance.depth_sync import DepthDiff
from tests.simulation.chaos.active_faults import ActiveFaults
from tests.simulation.chaos.invariants import Invariants
from tests.simulation.chaos.plan import Fault
from tests.simulation.receipt import received_at
from tests.simulation.schedule import Schedule
from tests.simulation.seam import Channel, Latency, Seam
from tests.simulation.simulated_gateway import SNAPSHOT_LEVELS, SimulatedGateway, _levels

SNAPSHOT_AGAIN_NS = 1_000 * NS_PER_MS
RECONNECT_NS = 500 * NS_PER_MS

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

    def _post_now(self, event: Event) -> None:
        self._post(received_at(event, self._schedule.now_ns))

    def _to_market(self, due_ns: int, act: Callable[[], None]) -> None:
        """Deliver in order on the market socket, unless it is closed meanwhile."""
        if not self.is_market_up or self._faults.is_on(Fault.HALF_OPEN):
            return
        if self._faults.is_on(Fault.SLOW_FEED):
            self._faults.fired[Fault.SLOW_FEED] += 1
            due_ns += self._faults.between_ns(0.2, 6.0)
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
        if run == self.run and not self.is_market_up:
            self._post(FeedUp(ts_ns=self._schedule.now_ns, stream=Stream.MARKET))
            self.market_up()

    def market_down(self) -> None:
        self.is_market_up = False
        self._market_epoch += 1
        self._sync.restart()
        self._held_back = None

    def _depth(self, news: DepthNews) -> None:
        faults = self._faults
        diff = DepthDiff(
            ts_ns=self._due_ns(Channel.MARKET),
            first=news.first,
            last=news.last,
            bids=_levels(news.bids),
            asks=_levels(news.asks),
        )
        bid, ask = self._market.tape.best(Side.BUY), self._market.tape.best(Side.SELL)
        if bid is not None and ask is not None:
            grid = self._market.grid
            prices = float(grid.price(bid[0])), float(grid.price(ask[0]))
            self._invariants.book(news.last, *prices)
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
            self._to_market(one.ts_ns, partial(self._diff, one))

    def _diff(self, diff: DepthDiff) -> None:
        delta = self._sync.on_diff(diff._replace(ts_ns=self._schedule.now_ns))
        if delta is None:
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
        if faults.is_on(Fault.TIMEOUTS) or now_ns < self.silent_until_ns:
            self._schedule.at(now_ns + SNAPSHOT_AGAIN_NS, partial(self._fetch, run))
            return
        book = self._exchange.depth(self._symbol, SNAPSHOT_LEVELS)
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
        events = None if is_old else self._sync.on_snapshot(snapshot)
        if events is None:
            self._schedule.at(now_ns + SNAPSHOT_AGAIN_NS, partial(self._fetch, run))
            return
        self._is_fetching = False
        for event in events:
            self._post(event)
        if not self._sync.is_synced:
            self._begin_sync()
