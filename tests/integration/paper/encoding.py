"""Small functions that several forms share."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from tests.integration.paper.exchange import Refusal, Refused, plain


def number(text: str) -> Decimal:
    """Return a number of a request. Raises Refused."""
    try:
        return Decimal(text)
    except InvalidOperation:
        raise Refused(Refusal.BAD_REQUEST) from None


def pairs(levels: Mapping[Decimal, Decimal]) -> list[list[str]]:
    """Return levels as lists of price and size."""
    return [[plain(price), plain(size)] for price, size in levels.items()]
