"""Cells of a sweep for tests, on a tape of the sandbox's market."""

from copy import replace
from decimal import Decimal
from pathlib import Path

from quoter.backtest.baselines import Strategy
from quoter.backtest.fill_terms import DelayOptions
from quoter.sim.fill_models import FillModel
from quoter.sweep.cell import Cell, CellResult, Figures, Sample
from quoter.sweep.grid import Request, cells_of, parsed_grid, tape_of

MEMORY = 4_000 << 20


def request(tape: Path, *changes: str, seconds: float = 3.0) -> Request:
    """Return a request with one fill model and one seed."""
    return Request(
        tapes=[tape_of(str(tape), symbol=None, filters=None)],
        grid=parsed_grid(changes),
        strategies=(Strategy.QUOTER,),
        models=(FillModel.FRONT,),
        seeds=1,
        delay=DelayOptions(median_ms=10.0, spread=3.0, seed=1),
        seconds=seconds,
        memory_max=MEMORY,
    )


def cells(tape: Path, *changes: str, seconds: float = 3.0) -> list[Cell]:
    """Return the cells of `request`."""
    return cells_of(request(tape, *changes, seconds=seconds))


def result(cell: Cell, profits: list[float], *, edge: float = 1.0) -> CellResult:
    """Return a result whose profit grows by these amounts from sample to sample.

    edge: earned per sample, of a traded notional of 10,000 per sample.
    """
    sums = [sum(profits[: n + 1]) for n in range(len(profits))]
    return CellResult(
        identity=cell.identity,
        figures=FIGURES,
        samples=tuple(
            Sample(profit=profit, earned=edge * n, notional=10_000.0 * n)
            for n, profit in enumerate(sums, start=1)
        ),
    )


FIGURES = Figures(
    seconds=3.0,
    orders=20,
    fills=4,
    filled_base=Decimal("0.02"),
    notional=Decimal(1_000),
    profit=Decimal("0.1"),
    spread=Decimal("0.2"),
    inventory=Decimal("-0.1"),
    fees=Decimal(0),
    edge_bps=1.0,
    markout_bps={1: -0.1, 5: -0.2, 30: -0.3},
    drawdown=Decimal("0.05"),
    inventory_sd=0.5,
    two_sided=0.9,
    state="RUNNING",
    causes_s={},
    books_equal=True,
    notes=(),
)


def with_model(cell: Cell, model: FillModel) -> Cell:
    """Return the cell with another fill model."""
    return replace(cell, model=model)
