"""Strict parsing of request parameters, with Binance's error codes."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from urllib.parse import parse_qsl

from quoter.sandbox.protocol.answers import ApiError, bad_request, illegal_characters, missing
from quoter.sim.grid import MONEY_STEP

PARAMETERS_MAX = 64
INTEGER_MAX = 2**63 - 1

_INTEGER = re.compile(r"[0-9]{1,20}")
_DECIMAL_RANGE = r"^([0-9]{1,20})(\.[0-9]{1,20})?$"
_DECIMAL = re.compile(r"[0-9]{1,20}(\.[0-9]{1,20})?")
_SYMBOL_RANGE = "^[A-Z0-9-_.]{1,20}$"  # as in Binance's error text
_SYMBOL = re.compile(r"([^\Wa-z]|[.-]){1,20}")  # Binance lists names such as 币安人生USDT, too
_CLIENT_ID_RANGE = "^[a-zA-Z0-9-_]{1,36}$"
_CLIENT_ID = re.compile(r"[.A-Z:/a-z0-9_-]{1,36}")


def parse_form(text: str) -> dict[str, str]:
    """Parse url-encoded text. Raises ApiError(-1101) for a repeated name, or too many names."""
    if text.count("&") >= PARAMETERS_MAX:
        raise bad_request(-1101, "Too many parameters sent for this endpoint.")
    pairs = parse_qsl(text, keep_blank_values=True)
    values = dict(pairs)
    if len(values) != len(pairs):
        raise bad_request(-1101, "Duplicate values for a parameter detected.")
    return values


class Parameters:
    """Parameters of one request; each method raises Binance's error for an invalid value."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def items(self) -> dict[str, str]:
        """Return a copy of all parameters."""
        return dict(self._values)

    def check(self, *, mandatory: Sequence[str], optional: Sequence[str], named: bool) -> None:
        """Raise ApiError for an empty, missing or unknown parameter.

        An unknown name is error -1103 if `named` (websocket API); over REST it is -1104, which
        counts the parameters that were read and sent.
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
        """Return the value of a parameter as sent, or `default`."""
        return self._values.get(name, default)

    def symbol(self, name: str = "symbol") -> str:
        """Return a symbol of valid form; whether it is listed is not checked here."""
        value = self.text(name)
        if not _SYMBOL.fullmatch(value):
            raise illegal_characters(name, _SYMBOL_RANGE)
        return value

    def client_id(self, name: str) -> str:
        """Return a client order id, empty if none was sent."""
        value = self.text(name)
        if value and not _CLIENT_ID.fullmatch(value):
            raise illegal_characters(name, _CLIENT_ID_RANGE)
        return value

    def integer(self, name: str, default: int = 0) -> int:
        """Return a parameter that is an integer >= 0, or `default`."""
        value = self._values.get(name)
        if value is None:
            return default
        if not _INTEGER.fullmatch(value):
            raise illegal_characters(name, "^[0-9]{1,20}$")
        if int(value) > INTEGER_MAX:
            raise bad_request(-1108, f"Parameter '{name}' overflowed.")
        return int(value)

    def decimal(
        self, name: str, default: Decimal | None = None, *, step: Decimal = MONEY_STEP
    ) -> Decimal:
        """Return a decimal parameter >= 0 with at most 8 decimals, more if `step` is finer.

        Returns `default` if it was not sent. If `default` is None, the parameter is mandatory.
        """
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
        if decimals(number) > decimals(min(step, MONEY_STEP)):
            raise bad_request(-1111, f"Parameter '{name}' has too much precision.")
        return number

    def choice[E: StrEnum](self, name: str, kind: type[E], *, code: int, text: str) -> E:
        """Return a member of `kind`. Raises ApiError(code, text) for another value."""
        try:
            return kind(self.text(name))
        except ValueError:
            raise bad_request(code, text) from None


def decimals(number: Decimal) -> int:
    """Return the number of digits after the point without trailing zeros."""
    exponent = number.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _empty(name: str) -> ApiError:
    return bad_request(-1105, f"Parameter '{name}' was empty.")
