"""Numbers as a person reads them: plain decimal notation, never an exponent."""

from decimal import Decimal

DIGITS = 6  # significant, of an estimate
PLACES_MAX = 40  # before or behind the point: a number beyond is no figure of any market


def plain(number: Decimal | float, digits: int = DIGITS) -> str:
    """`0.00000001`, not `1E-8`, and no zeros at the end; an estimate to `digits` significant ones.

    A number that is not finite, or absurdly long, is told as Python writes it.
    """
    exact = Decimal(f"{number:.{digits}g}") if isinstance(number, float) else Decimal(number)
    if exact == 0:
        return "0"
    if not exact.is_finite() or abs(exact.adjusted()) > PLACES_MAX:
        return str(number)
    text = f"{exact:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
