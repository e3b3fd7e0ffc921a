"""Errors of a request: Binance's error codes and texts, or a closed connection."""

from quoter.sim.messages import Refused, SimReject


class ApiError(Exception):
    """A refusal: HTTP status, error code, text, and optional data."""

    def __init__(
        self,
        status: int,
        code: int,
        text: str,
        *,
        retry_after_s: int | None = None,
        data: dict[str, object] | None = None,
    ) -> None:
        super().__init__(text)
        self.status, self.code, self.text = status, code, text
        self.retry_after_s, self.data = retry_after_s, data

    def body(self) -> dict[str, object]:
        """Return the JSON payload, the same for every transport."""
        payload: dict[str, object] = {"code": self.code, "msg": self.text}
        return payload if self.data is None else payload | {"data": self.data}


class Page(ApiError):
    """A page with an HTTP status in place of JSON, as from a firewall or a maintenance server."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(status, 0, text)


class Hangup(Exception):
    """The connection is closed without an answer; `reset` sends RST instead of FIN."""

    def __init__(self, *, reset: bool) -> None:
        super().__init__("connection dropped by a fault")
        self.reset = reset


def bad_request(code: int, text: str) -> ApiError:
    """Return the error of an invalid request (HTTP 400)."""
    return ApiError(400, code, text)


def missing(name: str) -> ApiError:
    """Return the error of a mandatory parameter that is absent or unreadable."""
    return bad_request(
        -1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed."
    )


def missing_either(first: str, second: str) -> ApiError:
    """Return the error of a request without either of two alternative parameters."""
    return bad_request(
        -1102, f"Param '{first}' or '{second}' must be sent, but both were empty/null!"
    )


def not_required(name: str) -> ApiError:
    """Return the error of a parameter that this kind of order does not allow."""
    return bad_request(-1106, f"Parameter '{name}' sent when not required.")


def illegal_characters(name: str, legal: str) -> ApiError:
    """Return the error of a parameter with characters outside its legal range."""
    return bad_request(
        -1100, f"Illegal characters found in parameter '{name}'; legal range is '{legal}'."
    )


UNKNOWN_ORDER = "Unknown order sent."
NO_SUCH_ORDER = "Order does not exist."
TIMEOUT = (
    "Timeout waiting for response from backend server. "
    "Send status unknown; execution status unknown."
)

_PLACE: dict[SimReject, tuple[int, str]] = {
    SimReject.WOULD_MATCH: (-2010, "Order would immediately match and take."),
    SimReject.BALANCE: (-2010, "Account has insufficient balance for requested action."),
    SimReject.FILTER_PRICE: (-1013, "Filter failure: PRICE_FILTER"),
    SimReject.FILTER_LOT: (-1013, "Filter failure: LOT_SIZE"),
    SimReject.FILTER_NOTIONAL: (-1013, "Filter failure: NOTIONAL"),
    SimReject.DUPLICATE: (-2010, "Duplicate order sent."),
    SimReject.NOT_FOUND: (-2010, UNKNOWN_ORDER),
    SimReject.HALTED: (-1013, "Market is closed."),
}


def place_error(refused: Refused) -> ApiError:
    """Return Binance's error for a refused new order."""
    return bad_request(*_PLACE[refused.reason])


def cancel_error(refused: Refused) -> ApiError:
    """Return Binance's error for a refused cancel."""
    text = UNKNOWN_ORDER if refused.reason is SimReject.NOT_FOUND else str(refused)
    return bad_request(-2011, text)


_AMEND: dict[SimReject, tuple[int, str]] = {
    SimReject.FILTER_LOT: (-1013, "Filter failure: LOT_SIZE"),
    SimReject.FILTER_NOTIONAL: (-1013, "Filter failure: NOTIONAL"),
    SimReject.DUPLICATE: (-2038, "Duplicate order sent."),
    SimReject.NOT_FOUND: (-2038, UNKNOWN_ORDER),
    SimReject.HALTED: (-2038, "Market is closed."),
    SimReject.INCREASE: (-2038, "Order amend (quantity increase) is not supported."),
    SimReject.NO_CHANGE: (-2038, "The requested action would change no state; rejecting"),
    # Binance's documentation has no text for this error.
    SimReject.TRADED: (-2038, "Order amend below the executed quantity is not supported."),
}


def amend_error(refused: Refused) -> ApiError:
    """Return Binance's error for a refused amendment."""
    return bad_request(*_AMEND[refused.reason])


def query_error() -> ApiError:
    """Return Binance's error for a query of an unknown order."""
    return bad_request(-2013, NO_SUCH_ORDER)
