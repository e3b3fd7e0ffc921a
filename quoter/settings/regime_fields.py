"""Settings of the market regime and of the limits that go with it; they belong to `fields.py`."""

from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, Field

from quoter.settings.parse import AMOUNT_MAX


class MarketRegime(BaseModel):
    """When a market is no longer one to quote as usual, and how far equity may fall"""

    regime: Literal["on", "off"] = Field(
        "on",
        description="ladder from NORMAL to WIDE (farther out, half the size) to REDUCE_ONLY when "
        "volatility, a move or a loss is beyond the usual: on or off",
    )
    regime_wide: float = Field(
        2, ge=1.2, le=20, description="volatility over the usual one that makes it WIDE; no unit"
    )
    regime_reduce: float = Field(
        4,
        ge=1.5,
        le=50,
        description="the same for REDUCE_ONLY, at least QUOTER_REGIME_WIDE; no unit",
    )
    regime_calm_s: float = Field(
        60, ge=10, le=3_600, description="calm that steps down one rung of it; seconds"
    )
    loss_soft: Decimal | None = Field(
        None,
        gt=0,
        le=AMOUNT_MAX,
        description="fall of equity that makes it REDUCE_ONLY; quote currency, half of "
        "QUOTER_LOSS_MAX if not given",
    )
    drawdown_max: Decimal | None = Field(
        None,
        gt=0,
        le=AMOUNT_MAX,
        description="fall of equity from its highest since start at which we stop for good and "
        "cancel; quote currency, QUOTER_LOSS_MAX if not given",
    )
    markout_pause: Decimal = Field(
        Decimal(0),
        ge=0,
        le=AMOUNT_MAX,
        description="loss of a minute's fills, each within 5 s, that pauses us for a minute, 0 for "
        "off; quote currency",
    )
