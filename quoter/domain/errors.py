"""Errors, named after the condition and carrying its facts."""


class QuoterError(Exception):
    """Anything we raise on purpose."""


class BadSetting(QuoterError):
    """A setting that the user must correct; the text names it, its value and what is allowed."""


class InvalidInput(QuoterError):
    """A number that no quote may be computed from: missing, non-finite or outside its domain."""

    def __init__(self, name: str, value: object) -> None:
        super().__init__(f"{name} is {value!r}")
        self.name, self.value = name, value


class IllegalTransition(QuoterError):
    """An event that the order state table has no row for."""

    def __init__(self, *, client_id: str, state: str, event: str) -> None:
        super().__init__(f"order {client_id}: {event} in state {state}")
        self.client_id, self.state, self.event = client_id, state, event


class VenueError(QuoterError):
    """A venue call that brought no answer we can act on."""


class MarketUnfit(VenueError):
    """The venue has no such market, or none that we may quote: no other try will change that."""


class MarketsUnread(VenueError):
    """The venue's list of markets did not come: whoever answers there, if anybody."""


class VenueRateLimited(VenueError):
    """The venue told us to be quiet until `retry_s` from now."""

    def __init__(self, text: str, *, retry_s: float) -> None:
        super().__init__(text)
        self.retry_s = retry_s


class EgressBlocked(VenueError):
    """The last-inch gate refused a request: nothing left this machine."""


class CodeAltered(QuoterError):
    """The library that signs our orders is not the one that was locked."""


class KeyRefused(VenueError):
    """The venue does not accept our key, or the key may do more than it should."""
