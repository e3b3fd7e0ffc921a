"""Binance spot's public feed without ccxt: depth, best prices and trades of one symbol."""

import asyncio
import time
from collections import deque
from random import Random

import aiohttp

from quoter.domain.errors import VenueRateLimited
from quoter.domain.events import BookSnapshot, FeedAlive, FeedDown, FeedUp
from quoter.domain.instrument import Instrument
from quoter.domain.market import Stream
from quoter.venues.binance_wire import BadFrame, parse, parse_snapshot, streams
from quoter.venues.config import NowNs, VenueConfig
from quoter.venues.depth_sync import DepthDiff, DepthSync
from quoter.venues.dialects import feed_urls
from quoter.venues.ports import Emit
from quoter.venues.ws import StreamReader, retry_after_s

BAD_FRAMES_MAX = 5  # per minute; more means that we misunderstand each other
BAD_FRAMES_WINDOW_S = 60.0


class BinanceFeed:
    """`MarketFeed`; every frame is a fact at its receipt, the book is synced by `DepthSync`."""

    def __init__(
        self, config: VenueConfig, instrument: Instrument, now_ns: NowNs, random: Random
    ) -> None:
        self._timings, self._now_ns, self._random = config.stream, now_ns, random
        self._symbol = instrument.venue_symbol
        urls = feed_urls(config)
        self._depth_url = f"{urls.rest}/depth?symbol={self._symbol}&limit={config.depth_levels}"
        self._stream_url = f"{urls.stream}?streams={streams(self._symbol)}"
        self._sync = DepthSync()
        self._wanted = asyncio.Event()  # a snapshot
        self._is_up = False
        self._epoch = 0  # of the sync: an answer to an older question is thrown away
        self._emit: Emit = _nowhere
        self._bad_s: deque[float] = deque(maxlen=BAD_FRAMES_MAX + 1)
        self.bad_frames = 0
        self.snapshots_failed = 0
        self.connections = 0

    @property
    def sync(self) -> DepthSync:
        """For its counters."""
        return self._sync

    async def run(self, emit: Emit) -> None:
        """Emit FeedUp, snapshots, deltas, best prices and trades until cancelled."""
        self._emit = emit
        reader = StreamReader(
            url=self._stream_url, handler=self, timings=self._timings, random=self._random
        )
        timeout = aiohttp.ClientTimeout(total=self._timings.snapshot_s_max)
        async with aiohttp.ClientSession(timeout=timeout) as session, asyncio.TaskGroup() as tasks:
            tasks.create_task(reader.run(), name="market stream")
            tasks.create_task(self._snapshots(session), name="depth snapshots")

    def resync(self) -> None:
        """Start again from a fresh snapshot; nothing while that is under way."""
        if self._sync.is_synced:
            self._begin_sync()

    def opened(self) -> None:
        self._is_up = True
        self.connections += 1
        self._emit(FeedUp(ts_ns=self._now_ns(), stream=Stream.MARKET))
        self._begin_sync()

    def lost(self, text: str) -> None:
        self._is_up = False
        self._wanted.clear()
        self._sync.restart()
        self._epoch += 1
        self._emit(FeedDown(ts_ns=self._now_ns(), stream=Stream.MARKET, text=text))

    def alive(self) -> None:
        self._emit(FeedAlive(ts_ns=self._now_ns(), stream=Stream.MARKET))

    def frame(self, data: bytes) -> None:
        try:
            message = parse(data, venue_symbol=self._symbol, ts_ns=self._now_ns())
        except BadFrame:
            self._bad_frame()
            return
        if isinstance(message, DepthDiff):
            delta = self._sync.on_diff(message)
            if delta is not None:
                self._emit(delta)
                if not self._sync.is_synced:  # that was a gap
                    self._begin_sync()
        elif message is not None:
            self._emit(message)

    def _bad_frame(self) -> None:
        self.bad_frames += 1
        now_s = time.monotonic()
        self._bad_s.append(now_s)
        is_full = len(self._bad_s) > BAD_FRAMES_MAX
        if is_full and now_s - self._bad_s[0] <= BAD_FRAMES_WINDOW_S:
            self._bad_s.clear()
            self.resync()

    def _begin_sync(self) -> None:
        if self._sync.is_synced:
            self._sync.restart()
        self._epoch += 1
        self._wanted.set()

    async def _snapshots(self, session: aiohttp.ClientSession) -> None:
        """Fetch a depth snapshot whenever one is wanted, never faster than the pause."""
        failures = 0
        while True:
            await self._wanted.wait()
            epoch = self._epoch
            snapshot, retry_s = None, 0.0
            try:
                snapshot = await self._fetch(session)
            except VenueRateLimited as error:
                retry_s = error.retry_s
            except (BadFrame, aiohttp.ClientError, TimeoutError):
                self.snapshots_failed += 1
            is_done = snapshot is not None and epoch == self._epoch and self._apply(snapshot)
            failures = 0 if is_done else failures + 1
            await asyncio.sleep(max(retry_s, self._pause_s(failures)))

    def _apply(self, snapshot: BookSnapshot) -> bool:
        events = self._sync.on_snapshot(snapshot)
        if events is None:
            return False
        self._wanted.clear()
        for event in events:
            self._emit(event)
        return True

    def _pause_s(self, failures: int) -> float:
        timings = self._timings
        cap_s = min(timings.backoff_s_max, timings.resync_pause_s * 2 ** min(failures, 10))
        return self._random.uniform(timings.resync_pause_s, max(timings.resync_pause_s, cap_s))

    async def _fetch(self, session: aiohttp.ClientSession) -> BookSnapshot:
        async with session.get(self._depth_url) as response:
            body = await response.read()
            if response.status != 200:
                raise VenueRateLimited(
                    f"depth snapshot: HTTP {response.status}",
                    retry_s=retry_after_s(response.headers.get("Retry-After")),
                )
        return parse_snapshot(body, ts_ns=self._now_ns())


def _nowhere(event: object) -> None:
    """Before `run` nobody listens."""
