"""Fields of text rows: the columns of a line, and exact price and size."""

from decimal import Decimal, InvalidOperation

from quoter.domain.units import NS_PER_MS, NS_PER_S

NS_PER_US = 1_000
# lower stamps are in s, ms and µs; others in ns
S_BELOW, MS_BELOW, US_BELOW = 10**11, 10**14, 10**17
STAMP_MAX = 2**63


def columns(line: bytes, count: int) -> list[str]:
    """Return the first `count` columns of a CSV line without quotes; the line may have more.

    Raises ValueError for a line with fewer columns, or if it is not UTF-8.
    """
    found = line.decode().rstrip("\r\n").split(",")
    if len(found) < count:
        raise ValueError(f"it has only {len(found)} of the {count} columns")
    return found[:count]


def whole(text: str) -> int:
    """Return a whole number. Raises a ValueError that quotes the text."""
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"{text.strip()[:40]!r} is not a whole number") from None


def level(price: str, size: str) -> tuple[Decimal, Decimal]:
    """Return exact price and size. Raises ValueError unless finite, price > 0 and size >= 0."""
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
    """Whether both are finite, the price is above zero, and the size is zero or more."""
    return price.is_finite() and price > 0 and size.is_finite() and size >= 0


def stamp_ns(text: str) -> int:
    """Return a time in ns from text in s, ms, µs or ns since 1970.

    The size of the number shows the unit. Raises ValueError for any other text.
    """
    try:
        stamp = Decimal(text)
        if not 0 < stamp < STAMP_MAX:
            raise ValueError
    except (InvalidOperation, ValueError):
        raise ValueError(f"{text.strip()[:40]!r} is not a time") from None
    return int(stamp * _unit_ns(stamp))


def _unit_ns(stamp: Decimal) -> int:
    if stamp < S_BELOW:
        return NS_PER_S
    if stamp < MS_BELOW:
        return NS_PER_MS
    return NS_PER_US if stamp < US_BELOW else 1
