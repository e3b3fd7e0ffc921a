"""Checks of the fields of operator commands, the same for every entrance: file, signal and HTTP."""

from decimal import Decimal, InvalidOperation

from quoter.domain.number_text import has_other_digits
from quoter.telemetry.redaction import clean

REASON_CHARS_MAX = 200
KILL_ID_CHARS_MAX = 64
AMOUNT_CHARS_MAX = 64


def check_reason(reason: str) -> str:
    """Return the reason without surrounding spaces.

    Raises ValueError unless it is 1 to REASON_CHARS_MAX printable characters.
    """
    reason = reason.strip()
    if not reason or len(reason) > REASON_CHARS_MAX or not reason.isprintable():
        raise ValueError(f"must be 1 to {REASON_CHARS_MAX} printable characters")
    return reason


def fit_reason(reason: str) -> str:
    """Return the part of a reason that can be logged: a kill is never refused for its reason."""
    return clean(reason[:REASON_CHARS_MAX].strip())


def check_kill_id(kill_id: str) -> str:
    """Return the kill id. Raises ValueError if it is longer than any kill id can be."""
    if len(kill_id) > KILL_ID_CHARS_MAX:
        raise ValueError("must be the kill id that /state shows")
    return kill_id


def parse_amount(text: str) -> Decimal:
    """Return an exact, finite amount of base units. Raises ValueError."""
    try:
        is_usual = len(text) <= AMOUNT_CHARS_MAX and not has_other_digits(text)
        amount = Decimal(text if is_usual else "")
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite():
        raise ValueError("must be a number of base units")
    return amount
