"""Runs one cell in the process that calls it. A failed cell is a result with the reason."""

import os
import signal
import time
from pathlib import Path
from typing import Final

from quoter.app.backtesting import run_setups
from quoter.app.manifest import code_hash
from quoter.backtest.baselines import rule_of
from quoter.backtest.tape_run import RunResult, TapeRun, play_window
from quoter.domain.errors import QuoterError
from quoter.domain.units import BPS_PER_UNIT, NS_PER_S
from quoter.settings import settings_from
from quoter.state.attribution import HORIZONS_S
from quoter.sweep.cell import SAMPLE_S, Cell, CellResult, Figures, Sample, failed
from quoter.tapes.formats import read_tape, tape_notes
from quoter.tapes.messages import TapeError
from quoter.tapes.opening import open_tape
from quoter.tapes.reading import ReadProgress, RowAccount
from quoter.tapes.row_checks import prepared

EDGE_S: Final = 5  # horizon of the edge, seconds
ROWS_PER_CHECK: Final = 2_000
STATM = Path("/proc/self/statm")
BYTES_PER_MB: Final = 1 << 20


def run_cell(cell: Cell, parent: int | None = None) -> CellResult:
    """Play the tape of a cell and return its result, even if the cell fails.

    parent: id of the process that waits for results; this process ends when that one is gone. None:
    it does not depend on another process.
    """
    if parent is not None:
        # Ctrl-C reaches all processes; the parent handles it
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    begun_s = time.process_time()
    try:
        result = _played(cell, parent)
    except (TapeError, QuoterError, OSError) as error:
        return failed(cell, str(error))
    except MemoryError:
        return failed(cell, "out of memory")
    except Exception as error:  # noqa: BLE001 - a fault in one cell must not end the others
        return failed(cell, f"{type(error).__name__}: {error}")
    figures, samples = result
    return CellResult(
        identity=cell.identity,
        figures=figures,
        samples=samples,
        cpu_s=time.process_time() - begun_s,
        memory_mb=_memory() / BYTES_PER_MB,
    )


def _played(cell: Cell, parent: int | None) -> tuple[Figures, tuple[Sample, ...]]:
    _check_files(cell)
    account = RowAccount(of_format=tape_notes(cell.tape.files))
    lines = read_tape(
        cell.tape.files, cell.tape.symbol, on_bad=account.add_bad, progress=ReadProgress(())
    )
    opening = open_tape(prepared(lines, account, tick=cell.tape.market.tick))
    (setup,) = run_setups(
        settings_from(cell.settings),
        cell.tape.market,
        start_ns=opening.ts_ns,
        models=(cell.model,),
        delay=cell.delay,
        rule=rule_of(cell.strategy),
    )
    run = TapeRun(setup, opening.book, opening.ts_ns)
    sampler = _Sampler(run, opening.ts_ns)
    end_ns = opening.ts_ns + cell.seconds * NS_PER_S if cell.seconds else float("inf")
    for number, ts_ns in enumerate(play_window((run,), opening.lines, end_ns=end_ns)):
        sampler.before(ts_ns)
        if number % ROWS_PER_CHECK == 0:
            _check_process(cell, parent)
    result = run.result()
    return _figures(result, tuple(account.notes(gaps=result.gaps))), sampler.finished()


class _Sampler:
    """Takes a sample every SAMPLE_S seconds of the tape, even in times without rows."""

    def __init__(self, run: TapeRun, start_ns: int) -> None:
        self._run, self._next_ns = run, start_ns + SAMPLE_S * NS_PER_S
        self._samples: list[Sample] = []

    def before(self, ts_ns: int) -> None:
        """Take the samples that are due before a row at `ts_ns`."""
        if ts_ns <= self._next_ns:
            return
        sample = self._now()
        while ts_ns > self._next_ns:
            self._samples.append(sample)
            self._next_ns += SAMPLE_S * NS_PER_S

    def finished(self) -> tuple[Sample, ...]:
        """Return the samples, including one taken now."""
        return (*self._samples, self._now())

    def _now(self) -> Sample:
        pnl = self._run.engine.attribution.pnl(self._run.engine.market.mid)
        return Sample(
            profit=float(pnl.total),
            earned=float(pnl.earned(EDGE_S)),
            notional=float(pnl.notional),
        )


def _figures(result: RunResult, notes: tuple[str, ...]) -> Figures:
    pnl = result.pnl
    notional = pnl.notional
    markouts = {
        horizon_s: float(pnl.markout(horizon_s) / notional) * BPS_PER_UNIT if notional else None
        for horizon_s in HORIZONS_S
    }
    return Figures(
        seconds=result.seconds,
        orders=result.orders,
        fills=result.fills,
        filled_base=result.filled_base,
        notional=notional,
        profit=pnl.total,
        spread=pnl.spread,
        inventory=pnl.inventory,
        fees=pnl.fees,
        edge_bps=result.edge_bps(EDGE_S),
        markout_bps=markouts,
        drawdown=result.drawdown_max,
        inventory_sd=result.inventory_sd_lots,
        two_sided=result.two_sided_share,
        state=result.state.name,
        causes_s={cause.value: seconds for cause, seconds in result.causes_s.items()},
        books_equal=result.is_equal,
        notes=notes,
    )


def _check_files(cell: Cell) -> None:
    """Raise TapeError if code or tape differ from those of the cell."""
    if cell.code != code_hash():
        raise TapeError(
            f"this worker has another version of quoter (code {code_hash()}, not {cell.code}): "
            "install the same version on it"
        )
    for path, size in zip(cell.tape.files, cell.tape.sizes, strict=True):
        if path.stat().st_size != size:
            raise TapeError(f"{path} has changed: {path.stat().st_size} bytes instead of {size}")


def _check_process(cell: Cell, parent: int | None) -> None:
    if parent is not None and os.getppid() != parent:
        os._exit(1)  # no process waits for the result
    if _memory() > cell.memory_max:
        raise TapeError(f"memory above {cell.memory_max // BYTES_PER_MB} MiB (--memory-mb)")


def _memory() -> int:
    """Return the resident memory of this process, bytes; 0 if the system does not report it."""
    try:
        return int(STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0
