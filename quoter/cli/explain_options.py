"""What `quoter explain` can be told, each option with the numbers that it takes."""

from math import inf, isfinite
from typing import Annotated

import typer


def above_zero(value: float | None) -> float | None:
    """A number that is above zero and finite, or none. Raises typer.BadParameter."""
    if value is not None and not 0 < value < inf:
        raise typer.BadParameter(f"must be above 0 and finite (got {value:g})")
    return value


def finite(value: float) -> float:
    """A number. Raises typer.BadParameter."""
    if not isfinite(value):
        raise typer.BadParameter(f"must be a finite number (got {value:g})")
    return value


# No `type` statements: typer does not look behind them, and help and bounds would be lost.
Mid = Annotated[float, typer.Option(callback=above_zero, help="Fair value, quote per base.")]
Inventory = Annotated[float, typer.Option(callback=finite, help="Position minus target, base.")]
Sigma = Annotated[
    float, typer.Option(callback=above_zero, help="Volatility, bps per sqrt(second).")
]
Depth = Annotated[float, typer.Option(callback=above_zero, help="1/kappa: reach of takers, bps.")]
Intensity = Annotated[
    float, typer.Option(callback=above_zero, help="Fills per second, each side, at 0 bps.")
]
Gamma = Annotated[float, typer.Option(callback=above_zero, help="Risk aversion, normalised.")]
OrderSize = Annotated[float, typer.Option(callback=above_zero, help="One lot, base.")]
InventoryMax = Annotated[float, typer.Option(callback=above_zero, help="Hard limit, base.")]
Tau = Annotated[
    float | None, typer.Option(callback=above_zero, help="A-S horizon, seconds; else GLFT.")
]
Fee = Annotated[float, typer.Option(min=-100, max=1_000, callback=finite, help="Maker fee, bps.")]
Adverse = Annotated[
    float, typer.Option(min=0, max=1_000, callback=finite, help="Expected adverse move, bps.")
]
Beta = Annotated[
    float,
    typer.Option(min=0, max=4, callback=finite, help="Widening at the limit, half-spreads."),
]
Power = Annotated[
    float, typer.Option(min=1, max=4, callback=finite, help="How late widening sets in.")
]
