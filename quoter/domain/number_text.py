"""Numbers as text for people: plain decimal notation, never an exponent."""

from decimal import Decimal

DIGITS = 6  # significant digits of an estimate
PLACES_MAX = 40  # digits before or after the point; no market has a longer number


def plain(number: Decimal | float, digits: int = DIGITS) -> str:
    """Write `0.00000001`, not `1E-8`, without trailing zeros; an estimate has `digits` digits.

    A number that is not finite, or extremely long, is written as Python writes it.
    """
    exact = Decimal(f"{number:.{digits}g}") if isinstance(number, float) else Decimal(number)
    if exact.is_zero():
        return "0"
    if not exact.is_finite() or abs(exact.adjusted()) > PLACES_MAX:
        return str(number)
    text = f"{exact:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
