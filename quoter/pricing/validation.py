"""Domain checks that estimators and models share; each raises InvalidInput with a number's name."""

from math import inf

from quoter.domain.errors import InvalidInput

SIZE_MIN, SIZE_MAX = 1e-18, 1e18  # of a trade; squares of both stay within the float range
# A time up to this much before the last one is a late observation; beyond, the clock was set back.
CLOCK_BACK_S_MAX = 60.0


def positive(name: str, value: float) -> float:
    """Return `value` if it is above zero and finite, else raise InvalidInput."""
    if not (0.0 < value < inf):
        raise InvalidInput(name, value)
    return value


def trade_size(value: float) -> float:
    """Return the size of a trade, base, if it is within bounds, else raise InvalidInput."""
    if not (SIZE_MIN <= value <= SIZE_MAX):
        raise InvalidInput("size", value)
    return value


def not_negative(name: str, value: float) -> float:
    """Return `value` if it is zero or more and finite, else raise InvalidInput."""
    if not (0.0 <= value < inf):
        raise InvalidInput(name, value)
    return value


def finite(name: str, value: float) -> float:
    """Return `value` if it is a finite number, else raise InvalidInput."""
    if not (-inf < value < inf):
        raise InvalidInput(name, value)
    return value
