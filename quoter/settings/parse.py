"""Parsers of settings whose errors need a clearer text than pydantic's."""

import re
from decimal import Decimal, InvalidOperation
from math import isfinite
from pathlib import Path

from quoter.domain.number_text import has_other_digits, plain

SECRET_BYTES_MAX = 16_384
HORIZON_S_MAX = 604_800.0
# Bounds of amounts: wider than any account needs, and exact enough as a float.
AMOUNT_MAX, AMOUNT_MIN = Decimal("1E+15"), Decimal("1E-15")
DEAD_MAN_S_MAX = 86_400


def parse_digits(value: object) -> object:
    """Return the value of a numeric setting unchanged.

    Raises ValueError for underscores and digits outside ASCII.
    """
    if isinstance(value, str) and has_other_digits(value):
        raise ValueError("must be written with the digits 0 to 9 and without underscores")
    return value


def parse_exchange_id(text: object) -> str:
    """Return an exchange's name in ccxt, in lower case. Raises ValueError for any other text."""
    if not isinstance(text, str) or not re.fullmatch(r"[a-z0-9_]{2,32}", text):
        raise ValueError("must be the exchange's name in ccxt, in lower case, such as binance")
    return text


def parse_symbol(text: object) -> str:
    """Return a ccxt market name: `BTC/USDT`, or `BTC/USDT:USDT` for a perpetual.

    Coin names may have letters of any script, because venues list names such as 币安人生. Raises
    ValueError for any other form.
    """
    form = r"[^\W_]+/[^\W_]+(:[^\W_]+(-[^\W_]+)*)?"
    if not isinstance(text, str) or not re.fullmatch(form, text) or text != text.upper():
        raise ValueError("must be BASE/QUOTE in capitals, such as BTC/USDT")
    return text


def parse_target(value: object) -> object:
    """Return `auto` or an exact amount, base; below zero is short. Raises ValueError."""
    if value == "auto" or isinstance(value, Decimal):
        return value
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        amount = Decimal("NaN")
    if not (amount.is_finite() and abs(amount) <= AMOUNT_MAX):
        raise ValueError(
            f"must be auto or a number of base units, at most {plain(AMOUNT_MAX)} of them"
        )
    return amount


def parse_horizon(value: object) -> object:
    """Return `auto`, `session` or seconds, above 0 and at most a week. Raises ValueError."""
    if value in {"auto", "session"}:
        return value
    try:
        seconds = float(str(value))
    except ValueError:
        seconds = float("nan")
    if not (isfinite(seconds) and 0 < seconds <= HORIZON_S_MAX):
        raise ValueError("must be auto, session or seconds (above 0, at most a week)")
    return seconds


def parse_dead_man(value: object) -> object:
    """Return `auto`, `off` or whole seconds, at most a day. Raises ValueError.

    The venue's own range may be smaller.
    """
    if value in {"auto", "off"}:
        return value
    text = str(value)
    if not (text.isascii() and text.isdigit() and 0 < int(text) <= DEAD_MAN_S_MAX):
        raise ValueError(f"must be auto, off or whole seconds from 1 to {DEAD_MAN_S_MAX}")
    return int(text)


def parse_instance(text: object) -> str:
    """Return one or two characters of `0-9a-z`. Raises ValueError for any other text."""
    if not isinstance(text, str) or not re.fullmatch(r"[0-9a-z]{1,2}", text):
        raise ValueError("must be 1 or 2 characters of 0-9a-z")
    return text


def parse_host_names(text: object) -> str:
    """Return host names separated by commas, in lower case. Raises ValueError."""
    names = [name.strip() for name in str(text).split(",") if name.strip()]
    if not all(re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.-]{0,252}", name) for name in names):
        raise ValueError("must be host names separated by commas, without port or wildcard")
    return ",".join(name.lower() for name in names)


def secret_from_file(path: Path) -> str:
    """Return the secret in a file, without surrounding blanks. Raises ValueError.

    The error does not contain the path, because a secret may have been given instead of one.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(SECRET_BYTES_MAX + 1)
    except OSError as error:
        raise ValueError(f"can't be read: {error.strerror}") from None
    if len(raw) > SECRET_BYTES_MAX:
        raise ValueError(f"is larger than {SECRET_BYTES_MAX} bytes")
    try:
        text = raw.decode().strip()
    except UnicodeDecodeError:
        raise ValueError("is not text") from None
    if not text:
        raise ValueError("is empty")
    return text
