"""Safe reading of untrusted JSON values: exact numbers and texts, without exceptions."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation

from quoter.domain.number_text import PLACES_MAX
from quoter.venues.redaction import printable

type Json = Mapping[str, object]

ZERO = Decimal(0)
# besides JSON's grammar: a sign, and no digit on one side of the point
NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,9})?")
NAME_CHARS_MAX = 200  # longest id or coin name; longer ones are cut


def as_map(value: object) -> Json:
    """Return the value if it is an object, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def as_list(value: object) -> Sequence[object]:
    """Return the value if it is a list, else an empty one."""
    return value if isinstance(value, list | tuple) else ()


def text(value: object) -> str:
    """Return an id or name (a string or an integer) as printable text; "" for anything else.

    A venue's names may be hostile. They are made printable here, for databases, labels and
    terminals (SE-14).
    """
    if isinstance(value, str):
        return printable(value[:NAME_CHARS_MAX])
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def is_whole_number(name: str) -> bool:
    """Whether an id consists of the digits 0 to 9, so that `int` and `float` read it.

    `str.isdigit` also accepts digits that they refuse, such as a superscript.
    """
    return name.isascii() and name.isdigit()


def decimal(value: object) -> Decimal | None:
    """Return an exact number, floats by their shortest text; None if it is not a finite number.

    Text must be a number as JSON writes it: Python would also read other digits and underscores.
    None also for more than PLACES_MAX digits before or after the point: sums would have to be
    rounded.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        return None
    shown = str(value)
    if NUMBER.fullmatch(shown) is None:
        return None
    try:
        number = Decimal(shown)
    except InvalidOperation:  # an exponent out of range
        return None
    return number if number.is_finite() and _is_short(number) else None


def _is_short(number: Decimal) -> bool:
    exponent = number.as_tuple().exponent
    return isinstance(exponent, int) and exponent >= -PLACES_MAX and number.adjusted() < PLACES_MAX


def at_path(value: object, path: str) -> object:
    """Return the value at a path of names and list positions ("data.0.seqId"); None if absent.

    An empty path returns the value itself.
    """
    for step in path.split(".") if path else ():
        if isinstance(value, list | tuple):
            value = value[int(step)] if is_whole_number(step) and int(step) < len(value) else None
        else:
            value = as_map(value).get(step)
    return value


def first_decimal(source: Json, paths: Sequence[str]) -> Decimal | None:
    """Return the number at the first of `paths` that has a value; None if none has.

    None too if that value is not a number: what another path has may be another quantity.
    """
    found = (at_path(source, path) for path in paths)
    return decimal(next((value for value in found if value not in (None, "")), None))
