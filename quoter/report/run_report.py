"""The report of a run: replays its recording, and compares its fills with the ledger's."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from quoter.domain.step import Pnl
from quoter.domain.trading import TradingState
from quoter.domain.units import BPS_PER_UNIT, NS_PER_S
from quoter.engine.engine import Engine
from quoter.ledger.reader import Reader
from quoter.ledger.rows import RunRow
from quoter.ledger.schema import NAME
from quoter.ledger.sums import Sums
from quoter.recording.codec import Header
from quoter.recording.reader import Recording
from quoter.replay.replay import Follow, Replayed, config_of, replay
from quoter.report.fill_rows import FillRow
from quoter.report.latencies import LatencyFigures
from quoter.report.markout_curve import MarkoutPoint
from quoter.report.observer import RunObserver
from quoter.report.uptime import Uptime


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """Sums of the run's fills in the recording and in the ledger.

    reason: why they were not compared; empty if they were.
    """

    recording: Sums
    ledger: Sums | None
    reason: str = ""

    @property
    def are_equal(self) -> bool | None:
        """Whether all sums are exactly equal; None if they were not compared."""
        if self.ledger is None:
            return None
        return self.ledger == self.recording


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """The period of a report; None means the beginning or the end of the run."""

    since_ns: int | None = None
    until_ns: int | None = None

    @property
    def is_whole(self) -> bool:
        return self.since_ns is None and self.until_ns is None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReport:
    """The content of a report; money in quote currency, sizes in base."""

    header: Header
    period: Period
    base: str
    quote: str
    inventory_max: Decimal
    fee_maker_bps: float
    files_removed: int  # number of removed files; the report begins after them
    run: RunRow | None  # the run's row in the ledger
    replayed: Replayed
    pnl: Pnl
    state: TradingState
    observed: RunObserver
    markouts: tuple[MarkoutPoint, ...]
    uptime: Uptime
    latencies: tuple[LatencyFigures, ...]
    books: Books

    @property
    def seconds(self) -> float:
        return (self.observed.last_ns - self.observed.first_ns) / NS_PER_S


def build(
    recording: Recording,
    data_dir: Path | None,
    period: Period,
    *,
    write_fill: Callable[[FillRow], None],
    progress: Callable[[int], None] | None = None,
) -> RunReport:
    """Replay a recording and return its report.

    data_dir: folder of its ledger, or None. write_fill: called with each fill. Raises
    RecordingError, OSError and LedgerUnusable.
    """
    found = list[RunObserver]()

    def begin(engine: Engine) -> Follow:
        removed_ns = recording.checkpoint.ts_ns if recording.checkpoint is not None else 0
        since_ns = max(period.since_ns or 0, removed_ns)
        found.append(RunObserver(engine, since_ns=since_ns, write_fill=write_fill))
        return found[0].observe

    replayed = replay(recording, follower=begin, progress=progress, until_ns=period.until_ns)
    (observed,) = found
    observed.finish()
    config, mark = config_of(recording.header), observed.engine.attribution.last_mark
    run, books = _books(recording, data_dir, period, replayed, observed)
    return RunReport(
        header=recording.header,
        period=period,
        files_removed=recording.files_removed,
        base=config.instrument.base,
        quote=config.instrument.quote,
        inventory_max=config.limits.inventory_max,
        fee_maker_bps=float(observed.engine.instrument.now.fee_maker) * BPS_PER_UNIT,
        run=run,
        replayed=replayed,
        pnl=observed.result(),
        state=observed.engine.causes.state,
        observed=observed,
        markouts=tuple(observed.curve.points(mark)) if mark is not None else (),
        uptime=observed.uptime.result(),
        latencies=observed.latencies.result(),
        books=books,
    )


def _books(
    recording: Recording,
    data_dir: Path | None,
    period: Period,
    replayed: Replayed,
    observed: RunObserver,
) -> tuple[RunRow | None, Books]:
    """Return the run's row in the ledger, and the sums of its fills in recording and ledger.

    The row is None without a ledger or without a row of this run. The ledger's sums are None if
    they were not compared; `reason` then says why.
    """
    if data_dir is None or not (data_dir / NAME).exists():
        reason = f"there is no {NAME} beside the recording"
        return None, Books(recording=observed.booked, ledger=None, reason=reason)
    config = config_of(recording.header)
    with Reader(data_dir) as reader:
        run = reader.run(recording.header.run)
        reason = _why_not_compared(run, recording, period, replayed)
        if reason:
            return run, Books(recording=observed.booked, ledger=None, reason=reason)
        # Fills booked at the start, before the engine existed, are part of its opening balances.
        before = frozenset(fill.trade_id for fill in config.known_fills)
        sums = reader.run_sums(recording.header.run, without=before)
    return run, Books(recording=observed.booked, ledger=sums)


def _why_not_compared(
    run: RunRow | None, recording: Recording, period: Period, replayed: Replayed
) -> str:
    if run is None:
        return "the ledger has no row of this run"
    if recording.files_removed:
        return "the recording begins later than the run"
    if replayed.difference is not None or replayed.failure is not None:
        return "the recording was only replayed in part"
    if period.until_ns is not None:
        return "the period ends before the run"
    if run.ended_ns is None and not replayed.is_complete:
        return "the run has not ended"
    if not replayed.is_complete:
        return "the recording ends before the run"
    return ""
