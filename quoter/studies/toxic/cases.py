"""Environments and makers that the study `toxic` compares."""

from quoter.studies.common.batches import Sample
from quoter.studies.common.estimates import Estimate, mean_of
from quoter.studies.toxic.market import Environment
from quoter.studies.toxic.quoter import Protection

BENIGN = Environment(name="benign")
CLUSTERED = Environment(name="clustered", bursts_per_s=1 / 120)
TOXIC = Environment(name="toxic", bursts_per_s=1 / 120, drift=0.012)
VERY_TOXIC = Environment(name="very toxic", bursts_per_s=1 / 60, drift=0.02)
ENVIRONMENTS = (BENIGN, CLUSTERED, TOXIC, VERY_TOXIC)

BARE = Protection(name="GLFT only")
WIDENED = Protection(name="+ inventory widening", has_widening=True)
RAW = Protection(name="+ alpha, not standardised", has_raw_alpha=True)
PROTECTED = Protection(
    name="protected",
    has_widening=True,
    has_alpha=True,
    has_markout=True,
    has_fill_cooldown=True,
)
PRINTS = Protection(
    name="protected + trade cooldown",
    has_widening=True,
    has_alpha=True,
    has_markout=True,
    has_fill_cooldown=True,
    has_trade_cooldown=True,
)
PROTECTIONS = (
    BARE,
    WIDENED,
    Protection(name="+ alpha", has_alpha=True),
    Protection(
        name="+ alpha, markout, widening", has_widening=True, has_alpha=True, has_markout=True
    ),
    PROTECTED,
    PRINTS,
    RAW,
)


def gain_of(sample: Sample, protection: Protection) -> Estimate:
    """Return the profit that a protection adds to the maker `GLFT only`."""
    profit = sample["profit"]
    return mean_of(profit[:, PROTECTIONS.index(protection)] - profit[:, 0])
