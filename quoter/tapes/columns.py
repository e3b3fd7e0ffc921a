"""Fields of text rows: columns of a line, and a level of exact price and size."""

from decimal import Decimal, InvalidOperation

from quoter.domain.units import NS_PER_MS, NS_PER_S

NS_PER_US = 1_000
S_BELOW, MS_BELOW = 10**11, 10**14  # stamps below are in s, in ms; others in µs (until year 5138)


def columns(line: bytes) -> list[str]:
    """Return the columns of a CSV line without quotes. Raises ValueError for bytes not UTF-8."""
    return line.decode().rstrip("\r\n").split(",")


def level(price: str, size: str) -> tuple[Decimal, Decimal]:
    """Return price and size, exact. Raises ValueError unless finite, price > 0, size >= 0."""
    try:
        both = Decimal(price), Decimal(size)
    except InvalidOperation:
        raise ValueError(f"price {price} or amount {size} is not a number") from None
    if not is_level(*both):
        raise ValueError(
            f"price {price} must be above zero, and amount {size} zero or more, both finite"
        )
    return both


def is_level(price: Decimal, size: Decimal) -> bool:
    """Whether both are finite, the price is above zero, and the size is not below zero."""
    return price.is_finite() and price > 0 and size.is_finite() and size >= 0


def stamp_ns(text: str) -> int:
    """Return a time in ns from one in s, ms or µs since 1970: its size shows the unit.

    Raises ValueError for any other text.
    """
    try:
        stamp = Decimal(text)
        if not 0 < stamp < 10**17:
            raise ValueError
    except (InvalidOperation, ValueError):
        raise ValueError(f"time {text}") from None
    if stamp < S_BELOW:
        return int(stamp * NS_PER_S)
    return int(stamp * (NS_PER_MS if stamp < MS_BELOW else NS_PER_US))
