"""What a request says: raw names and values, read once, strictly, in the venue's own order."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from urllib.parse import parse_qsl

from quoter.sandbox.protocol.answers import ApiError, bad_request, illegal_characters, missing

PARAMETERS_MAX = 64
DECIMALS_MAX = 8
INTEGER_MAX = 2**63 - 1

_INTEGER = re.compile(r"[0-9]{1,20}")
_DECIMAL_RANGE = r"^([0-9]{1,20})(\.[0-9]{1,20})?$"
_DECIMAL = re.compile(r"[0-9]{1,20}(\.[0-9]{1,20})?")
_SYMBOL_RANGE = "^[A-Z0-9-_.]{1,20}$"
_SYMBOL = re.compile(r"[A-Z0-9_.-]{1,20}")
_CLIENT_ID_RANGE = "^[a-zA-Z0-9-_]{1,36}$"
_CLIENT_ID = re.compile(r"[.A-Z:/a-z0-9_-]{1,36}")


def parse_form(text: str) -> dict[str, str]:
    """Name to value of one url-encoded part. Raises ApiError(-1101) for a name sent twice."""
    if text.count("&") >= PARAMETERS_MAX:
        raise bad_request(-1101, "Too many parameters sent for this endpoint.")
    pairs = parse_qsl(text, keep_blank_values=True)
    values = dict(pairs)
    if len(values) != len(pairs):
        raise bad_request(-1101, "Duplicate values for a parameter detected.")
    return values


class Parameters:
    """The named values of one request; every reader raises the venue's error for a bad one."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def items(self) -> dict[str, str]:
        """A copy of everything that was sent."""
        return dict(self._values)

    def check(self, *, mandatory: Sequence[str], optional: Sequence[str], named: bool) -> None:
        """Nothing empty, nothing missing, nothing that the request has no use for.

        `named` (the websocket API): an unknown name is an error by itself (-1103); over REST the
        venue counts what it read against what was sent (-1104).
        """
        known = {*mandatory, *optional}
        for name, value in self._values.items():
            if name in known and not value:
                raise missing(name) if name in mandatory else _empty(name)
        for name in mandatory:
            if name not in self._values:
                raise missing(name)
        unknown = [name for name in self._values if name not in known]
        if not unknown:
            return
        if named:
            raise bad_request(-1103, "An unknown parameter was sent.")
        sent = len(self._values)
        if not known:
            raise bad_request(-1101, f"Too many parameters; expected '0' and received '{sent}'.")
        read = sent - len(unknown)
        raise bad_request(
            -1104,
            f"Not all sent parameters were read; read '{read}' parameter(s) but was sent '{sent}'.",
        )

    def text(self, name: str, default: str = "") -> str:
        """The value as sent."""
        return self._values.get(name, default)

    def symbol(self, name: str = "symbol") -> str:
        """A symbol by its form; whether it is listed is for the venue to say."""
        value = self.text(name)
        if not _SYMBOL.fullmatch(value):
            raise illegal_characters(name, _SYMBOL_RANGE)
        return value

    def client_id(self, name: str) -> str:
        """A client order id, empty if none was sent."""
        value = self.text(name)
        if value and not _CLIENT_ID.fullmatch(value):
            raise illegal_characters(name, _CLIENT_ID_RANGE)
        return value

    def integer(self, name: str, default: int = 0) -> int:
        """A whole number >= 0."""
        value = self._values.get(name)
        if value is None:
            return default
        if not _INTEGER.fullmatch(value):
            raise illegal_characters(name, "^[0-9]{1,20}$")
        if int(value) > INTEGER_MAX:
            raise bad_request(-1108, f"Parameter '{name}' overflowed.")
        return int(value)

    def decimal(self, name: str, default: Decimal | None = None) -> Decimal:
        """A plain decimal number >= 0 with at most 8 decimals. Raises the venue's errors."""
        value = self._values.get(name)
        if value is None:
            if default is None:
                raise missing(name)
            return default
        if not _DECIMAL.fullmatch(value):
            raise illegal_characters(name, _DECIMAL_RANGE)
        try:
            number = Decimal(value)
        except InvalidOperation:
            raise missing(name) from None
        if decimals(number) > DECIMALS_MAX:
            raise bad_request(-1111, f"Parameter '{name}' has too much precision.")
        return number

    def choice[E: StrEnum](self, name: str, kind: type[E], *, code: int, text: str) -> E:
        """One of the values of `kind`, or ApiError(code, text)."""
        try:
            return kind(self.text(name))
        except ValueError:
            raise bad_request(code, text) from None


def decimals(number: Decimal) -> int:
    """Digits after the point that matter: trailing zeros don't."""
    exponent = number.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _empty(name: str) -> ApiError:
    return bad_request(-1105, f"Parameter '{name}' was empty.")
