"""Small functions that several forms share."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from itertools import chain, zip_longest
from zlib import crc32

from tests.integration.paper.exchange import Refusal, Refused, plain

CHECKED = 25  # levels of each side in a checksum


def number(text: str) -> Decimal:
    """Return a number of a request. Raises Refused."""
    try:
        return Decimal(text)
    except InvalidOperation:
        raise Refused(Refusal.BAD_REQUEST) from None


def pairs(levels: Mapping[Decimal, Decimal]) -> list[list[str]]:
    """Return levels as lists of price and size."""
    return [[plain(price), plain(size)] for price, size in levels.items()]


def older[T](
    asked: Mapping[str, str], name: str, rows: Sequence[T], id_of: Callable[[T], str]
) -> list[T]:
    """Return the rows whose number is below the parameter `name`; all rows if it is absent."""
    before = asked.get(name)
    return [row for row in rows if not before or int(id_of(row)) < int(before)]


def checksum(bids: Sequence[Sequence[str]], asks: Sequence[Sequence[str]]) -> int:
    """Return the signed CRC32 of the best 25 levels, alternating, as documented."""
    levels = zip_longest(bids[:CHECKED], asks[:CHECKED])
    found = [f"{row[0]}:{row[1]}" for row in chain.from_iterable(levels) if row]
    code = crc32(":".join(found).encode())
    return code - (1 << 32) if code >> 31 else code
