"""The age of the book on recorded markets: no false alarm, and a silent stream is noticed.

The tapes are Binance's own combined stream. Requests for best prices are answered from its ticker,
with the newest update number of the tape, 100 ms late. They lie beside the repository; without them
the tests are skipped with that reason.
"""

import gzip
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import product
from pathlib import Path

import pytest

from quoter.domain.commands import ReconnectFeed, RequestReport
from quoter.domain.events import BestPricesReport, BookSnapshot, Event, FeedUp, Tick, TopOfBook
from quoter.domain.market import Stream
from quoter.domain.reasons import ReportKind
from quoter.domain.trading import Cause
from quoter.domain.units import NS_PER_MS, NS_PER_S
from quoter.engine.engine import Engine
from quoter.venues.binance.depth_sync import DepthDiff, DepthSync
from quoter.venues.binance.messages import BadFrame, parse, parse_snapshot
from tests.recordings import BINANCE_RAW
from tests.simulation.chaos.invariants import NOTICED_S_MAX
from tests.unit.engine.cases import CONFIG

ANSWER_NS = 100 * NS_PER_MS
TICK_NS = NS_PER_S // 2
TAPES = {
    "NEXOUSDT": ("spot_NEXOUSDT_20240723.gz", "spot_NEXOUSDT_20240724.gz"),
    "BTCUSDT": ("spot_BTCUSDT_20240808.gz", "spot_BTCUSDT_20240809.gz"),
}


def frames(files: tuple[str, ...]) -> Iterator[tuple[int, bytes]]:
    """Receipt time in ns, and the frame, in the order of the recording."""
    for name in files:
        path: Path = BINANCE_RAW / name
        if not path.exists():
            pytest.skip(f"the recording {name} is not here")
        with gzip.open(path, "rb") as lines:
            for line in lines:
                stamp, _, frame = line.rstrip().partition(b" ")
                yield int(stamp) * (1 if len(stamp) > 16 else 1_000), frame


@dataclass(slots=True)
class Outcome:
    """What happened on a tape; seconds."""

    alarms: list[str]
    requests: int = 0
    seconds: float = 0.0


class Player:
    """Plays a tape into a dry engine; from `silent_at_s` on, no frame reaches it."""

    def __init__(self, symbol: str, *, silent_at_s: float = float("inf")) -> None:
        tick = Decimal("0.001") if symbol == "NEXOUSDT" else Decimal("0.01")
        instrument = replace(CONFIG.instrument, venue_symbol=symbol, tick=tick)
        book = replace(CONFIG.book, unseen_ns=2 * NS_PER_S)
        self.engine = Engine(replace(CONFIG, instrument=instrument, is_dry=True, book=book))
        self._symbol, self._silent_s = symbol, silent_at_s
        self._sync = DepthSync()
        self._ticker: TopOfBook | None = None
        self._last = 0  # newest update of the venue's book
        self._missed_ns: int | None = None  # first depth update that did not reach the engine
        self._answer: tuple[int, BestPricesReport] | None = None
        self._start_ns = self._now_ns = 0
        self.noticed_s: float | None = None  # since the first update that was missed
        self.outcome = Outcome([])

    def play(self, files: tuple[str, ...]) -> Outcome:
        """Play the whole tape, or until a silent stream was noticed."""
        for ts_ns, frame in frames(files):
            if not self._start_ns:
                self._start_ns = self._now_ns = ts_ns
                self._give(FeedUp(ts_ns=ts_ns, stream=Stream.MARKET))
            self._tick_until(ts_ns)
            self._frame(ts_ns, frame)
            if self.noticed_s is not None:
                break
        self.outcome.seconds = (self._now_ns - self._start_ns) / NS_PER_S
        return self.outcome

    def _tick_until(self, ts_ns: int) -> None:
        while self._now_ns + TICK_NS <= ts_ns:
            self._now_ns += TICK_NS
            if self._answer is not None and self._answer[0] <= self._now_ns:
                report, self._answer = self._answer[1], None
                self._give(replace(report, ts_ns=self._now_ns))
            self._give(Tick(ts_ns=self._now_ns))

    def _frame(self, ts_ns: int, frame: bytes) -> None:
        try:
            message = parse(frame, venue_symbol=self._symbol, ts_ns=ts_ns)
        except BadFrame:
            return
        if message is None:
            self._snapshot(ts_ns, frame)
            return
        if isinstance(message, TopOfBook):
            self._ticker = message
            self._last = max(self._last, message.update_id)
        elif isinstance(message, DepthDiff):
            self._last = max(self._last, message.last)
        if (ts_ns - self._start_ns) / NS_PER_S >= self._silent_s:
            if self._missed_ns is None and isinstance(message, DepthDiff):
                self._missed_ns = ts_ns
            return
        if isinstance(message, DepthDiff):
            delta = self._sync.on_diff(message)
            if delta is not None:
                self._give(delta)
        else:
            self._give(message)  # type: ignore[arg-type]  # ticker and trade

    def _snapshot(self, ts_ns: int, frame: bytes) -> None:
        if self._sync.is_synced:
            return
        for event in self._sync.on_snapshot(parse_snapshot(frame, ts_ns=ts_ns)) or ():
            self._give(event)

    def _give(self, event: Event) -> None:
        step = self.engine.handle(event)
        for command in step.commands:
            if isinstance(command, ReconnectFeed):
                self.outcome.alarms.append(command.text)
            elif isinstance(command, RequestReport) and command.kind is ReportKind.BEST_PRICES:
                self._request(event.ts_ns)
            elif isinstance(command, RequestReport) and command.kind is ReportKind.BOOK:
                self._resync(event.ts_ns)
        raised = dict(step.state.raised) if step.state is not None else {}
        if Cause.BOOK_STALE in raised:
            self.outcome.alarms.append(raised[Cause.BOOK_STALE])
            if self._missed_ns is not None:
                self.noticed_s = (event.ts_ns - self._missed_ns) / NS_PER_S

    def _request(self, now_ns: int) -> None:
        self.outcome.requests += 1
        if self._ticker is not None and self._answer is None:
            report = BestPricesReport(
                ts_ns=now_ns,
                asked_ns=now_ns,
                bid=self._ticker.bid,
                ask=self._ticker.ask,
                last=self._last,
            )
            self._answer = now_ns + ANSWER_NS, report

    def _resync(self, now_ns: int) -> None:
        """A REST snapshot, which the tape has none of: the book as it is."""
        book = self.engine.market.book
        bids, asks = book.bids.levels(1_000, {}), book.asks.levels(1_000, {})
        self._give(BookSnapshot(ts_ns=now_ns, last=book.last, bids=bids, asks=asks))


@pytest.mark.parametrize("symbol", list(TAPES))
def test_recorded_market_raises_no_alarm(symbol: str) -> None:
    outcome = Player(symbol).play(TAPES[symbol])
    assert outcome.alarms == []
    assert outcome.seconds > 600
    assert symbol == "BTCUSDT" or outcome.requests > 10_000  # the thin market is confirmed


@pytest.mark.parametrize(
    ("symbol", "silent_at_s"),
    [
        *product(TAPES, (60.0, 200.0, 311.5)),
        *(("NEXOUSDT", at_s) for at_s in (1_000.0, 1_300.0, 2_345.0)),
    ],
)
def test_silent_stream_is_detected_within_three_seconds_of_the_first_missed_update(
    symbol: str, silent_at_s: float
) -> None:
    """On the thin market the best prices may stand still for long; the update numbers do not."""
    player = Player(symbol, silent_at_s=silent_at_s)
    player.play(TAPES[symbol])
    assert player.noticed_s is not None
    assert player.noticed_s <= NOTICED_S_MAX
