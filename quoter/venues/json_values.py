"""Reading foreign JSON without trusting it: exact numbers, texts, no exception by surprise."""

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation

from quoter.venues.redaction import printable

type Json = Mapping[str, object]

ZERO = Decimal(0)
NAME_CHARS_MAX = 200  # of an id or a coin; a longer one is cut before it is kept, shown or a label


def as_map(value: object) -> Json:
    """The value if it is an object, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def as_list(value: object) -> Sequence[object]:
    """The value if it is a list, else an empty one."""
    return value if isinstance(value, list | tuple) else ()


def text(value: object) -> str:
    """Ids and names: strings, whole numbers written out, anything else empty.

    What a venue calls something may be hostile: it becomes printable, and no database, label or
    terminal further in has to know (SE-14).
    """
    if isinstance(value, str):
        return printable(value[:NAME_CHARS_MAX])
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def decimal(value: object) -> Decimal | None:
    """An exact number; floats by their shortest text. None for what is no finite number."""
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def decimal_or_zero(value: object) -> Decimal:
    return decimal(value) or ZERO


def first_decimal(source: Json, names: Sequence[str]) -> Decimal | None:
    """The first of `names` that holds a number."""
    for name in names:
        if (number := decimal(source.get(name))) is not None:
            return number
    return None
