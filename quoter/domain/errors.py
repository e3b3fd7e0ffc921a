"""Exceptions of quoter. Each is named after its condition and carries the figures."""

from decimal import Decimal
from enum import StrEnum

from quoter.domain.number_text import plain


class QuoterError(Exception):
    """Base class of the errors that quoter raises itself."""


class BadSetting(QuoterError):
    """A setting that the user must correct; the text names it, its value and what is allowed."""


class InvalidInput(QuoterError):
    """An input of a calculation that is missing, non-finite or outside its range."""

    def __init__(self, name: str, value: object) -> None:
        shown = plain(value, 15) if isinstance(value, float | Decimal) else value
        super().__init__(f"{name} is {shown}, outside its range")
        self.name, self.value = name, value


class IllegalTransition(QuoterError):
    """An update that the order state table has no entry for."""

    def __init__(self, *, client_id: str, state: str, event: str) -> None:
        super().__init__(f"order {client_id}: update {event} is not possible in state {state}")
        self.client_id, self.state, self.event = client_id, state, event


class VenueError(QuoterError):
    """A venue call without a usable answer."""


class BadAnswer(VenueError):
    """An answer of the wrong type, or without a requested field. It is treated as no answer."""


class MarketUnfit(VenueError):
    """The market must not be quoted. Trying again does not help."""


class MarketUnlisted(MarketUnfit):
    """The venue's list of markets does not contain this market.

    If the list was incomplete, a later one may contain it.
    """


class VenueUnfit(MarketUnfit):
    """quoter refuses this venue, because it is not proven that our orders there can be found."""


class VenueUnavailable(VenueError):
    """The venue can't be used now: not reachable, in maintenance, or without a usable answer."""


class MarketsUnread(VenueUnavailable):
    """The list of markets could not be read.

    is_answered: whether the venue sent any answer.
    """

    def __init__(self, text: str, *, is_answered: bool = False) -> None:
        super().__init__(text)
        self.is_answered = is_answered


class VenueRateLimited(VenueError):
    """The venue allows no request until `retry_s` from now."""

    def __init__(self, text: str, *, retry_s: float) -> None:
        super().__init__(text)
        self.retry_s = retry_s


class EgressBlocked(VenueError):
    """The egress gate refused a request: nothing left this machine."""


class CodeAltered(QuoterError):
    """ccxt, which signs our orders, differs from the locked version."""


class FeeUnread(VenueError):
    """The venue answered, but without the account's maker fee."""


class KeyFault(StrEnum):
    """Faults of an API key that error codes of venues distinguish."""

    KEY = "key"
    SECRET = "secret"  # noqa: S105 - a name; the signature does not match
    PASSWORD = "password"  # noqa: S105 - a name
    ENVIRONMENT = "environment"  # the key belongs to another environment
    ADDRESS = "address"  # this machine's address is not on the key's list
    PERMISSION = "permission"
    ACCOUNT = "account"  # of a type that the venue profile does not support


class KeyRefused(VenueError):
    """The venue does not accept our key, or the key has more permissions than it should."""

    def __init__(self, text: str, fault: KeyFault = KeyFault.KEY) -> None:
        super().__init__(text)
        self.fault = fault
