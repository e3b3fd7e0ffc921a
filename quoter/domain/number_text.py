"""Numbers as text for people: plain decimal notation, never an exponent."""

import json
import re
from decimal import Decimal

DIGITS = 6  # significant digits of an estimate
PLACES_MAX = 40  # digits before or after the point; no market has a longer number
# Matches a JSON string (it stays unchanged) or a number with an exponent.
_JSON_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|-?[0-9.]+e[+-][0-9]+')


def plain(number: Decimal | float, digits: int = DIGITS) -> str:
    """Return a number as text without exponent and trailing zeros: `0.00000001`, not `1E-8`.

    A float is rounded to `digits` significant digits. A number that is not finite or has more than
    40 digits before or after the point keeps Python's notation.
    """
    exact = Decimal(f"{number:.{digits}g}") if isinstance(number, float) else Decimal(number)
    if exact.is_zero():
        return "0"
    if not exact.is_finite() or abs(exact.adjusted()) > PLACES_MAX:
        return str(number)
    text = f"{exact:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def has_other_digits(text: str) -> bool:
    """Whether a number's text has an underscore or a character outside ASCII.

    Python reads `1_000` and digits of every script as numbers; other programs and people may not.
    """
    return "_" in text or not text.isascii()


def plain_json(value: object) -> str:
    """Return `value` as ASCII JSON with numbers in plain decimal notation and all their digits.

    Raises ValueError for a number that is not finite.
    """
    return without_exponents(json.dumps(value, ensure_ascii=True, allow_nan=False))


def without_exponents(json_text: str) -> str:
    """Return the same JSON with its numbers in plain notation; strings stay as they are."""
    return _JSON_TOKEN.sub(lambda found: _plain_token(found[0]), json_text)


def _plain_token(token: str) -> str:
    return token if token.startswith('"') else plain(Decimal(token))
