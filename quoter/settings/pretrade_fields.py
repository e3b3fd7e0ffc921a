"""Settings of the controls before an order leaves; they belong to `fields.py`."""

from decimal import Decimal

from pydantic import BaseModel, Field

from quoter.settings.parse import AMOUNT_MAX


class PreTrade(BaseModel):
    """What an order, the market and our own pace must look like"""

    collar_bps: float = Field(
        100,
        ge=5,
        le=500,
        description="no order farther from mid, last trade and mean of a minute; bps of price",
    )
    jump_bps: float = Field(
        100,
        ge=0,
        le=5_000,
        description="move of the mid in 1 s that pauses us, 0 for off; bps of price",
    )
    drift_bps: float = Field(
        300,
        ge=0,
        le=5_000,
        description="move of our quotes in 60 s that pauses us, 0 for off; bps of price",
    )
    book_spread_max_bps: float = Field(
        500, ge=1, le=5_000, description="no order into a book that is wider; bps of price"
    )
    book_depth_min: Decimal | None = Field(
        None,
        ge=0,
        le=AMOUNT_MAX,
        description="no order unless the best five levels of each side hold this, unset for the "
        "order's own size, 0 for off; base units",
    )
    creates_per_min: int = Field(
        600, ge=10, le=6_000, description="new orders in 60 s beyond which we pause; count"
    )
    creates_per_fill: int = Field(
        500,
        ge=0,
        le=100_000,
        description="new orders for each fill in 10 min beyond which we pause, from 1000 on, 0 for "
        "off; count",
    )
    turnover_max: float = Field(
        10,
        gt=0,
        le=10_000,
        description="volume in 60 s beyond which we pause until resumed; inventory limits, no unit",
    )
