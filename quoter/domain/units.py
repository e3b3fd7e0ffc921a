"""Conversion factors between units, and the conversion of estimates to exact numbers."""

from decimal import Decimal

NS_PER_S = 1_000_000_000
NS_PER_MS = 1_000_000
S_PER_NS = 1e-9
NEVER_NS = 2**63 - 1  # later than any time
BPS_PER_UNIT = 10_000  # basis points in one
BPS = 1e-4  # one basis point as a fraction, for estimates
BPS_EXACT = Decimal("0.0001")  # the same, for money


def exact(number: float) -> Decimal:
    """Return the shortest decimal that reads back as `number`: 0.1 for 0.1, not 0.1000…0555."""
    return Decimal(repr(number))
