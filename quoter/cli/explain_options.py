"""The options of `quoter explain`, with their bounds."""

from math import inf, isfinite
from typing import Annotated

import typer


def above_zero(value: float | None) -> float | None:
    """Return the value if it is finite and above zero, or None. Raises typer.BadParameter."""
    if value is not None and not 0 < value < inf:
        raise typer.BadParameter(f"must be above 0 and finite (got {value:g})")
    return value


def finite(value: float) -> float:
    """Return the value if it is finite. Raises typer.BadParameter."""
    if not isfinite(value):
        raise typer.BadParameter(f"must be a finite number (got {value:g})")
    return value


# No `type` statements: typer does not resolve them, and help and bounds would be lost.
Mid = Annotated[
    float, typer.Option(callback=above_zero, help="Fair value, quote per base currency.")
]
Inventory = Annotated[
    float, typer.Option(callback=finite, help="Position minus target, base currency.")
]
Sigma = Annotated[
    float, typer.Option(callback=above_zero, help="Volatility, bps per sqrt(second).")
]
Depth = Annotated[
    float,
    typer.Option(
        callback=above_zero, help="1/kappa: price distance at which fills drop to 1/e, bps."
    ),
]
Intensity = Annotated[
    float, typer.Option(callback=above_zero, help="Fills per second on each side at distance 0.")
]
Gamma = Annotated[float, typer.Option(callback=above_zero, help="Risk aversion, normalised.")]
OrderSize = Annotated[float, typer.Option(callback=above_zero, help="Order size, base currency.")]
InventoryMax = Annotated[
    float, typer.Option(callback=above_zero, help="Inventory limit, base currency.")
]
Tau = Annotated[
    float | None,
    typer.Option(
        callback=above_zero,
        help="Horizon of the Avellaneda-Stoikov model, seconds; default: the GLFT model.",
    ),
]
Fee = Annotated[float, typer.Option(min=-100, max=1_000, callback=finite, help="Maker fee, bps.")]
Adverse = Annotated[
    float,
    typer.Option(
        min=0, max=1_000, callback=finite, help="Expected adverse move after a fill, bps."
    ),
]
Beta = Annotated[
    float,
    typer.Option(
        min=0, max=4, callback=finite, help="Widening at the inventory limit, half-spreads."
    ),
]
Power = Annotated[
    float,
    typer.Option(
        min=1, max=4, callback=finite, help="Power of the widening: higher values widen later."
    ),
]
