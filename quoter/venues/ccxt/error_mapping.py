"""What an error means for the order that was asked for. What is not listed here is UNKNOWN."""

import re
from dataclasses import dataclass
from enum import StrEnum

from ccxt.base import errors as venue

from quoter.domain.reasons import CancelRejectReason, RejectReason


class Outcome(StrEnum):
    """How much an error proves."""

    REJECT = "reject"  # the venue said no: no order exists
    NOT_SENT = "not_sent"  # nothing left this machine
    RATE_LIMIT = "rate_limit"  # the venue said no, and wants silence
    UNKNOWN = "unknown"  # the order may exist


@dataclass(frozen=True, slots=True)
class Meaning:
    """An outcome with the reason that goes into an `OrderReject`; none when UNKNOWN."""

    outcome: Outcome
    reason: RejectReason | None = None


UNKNOWN = Meaning(Outcome.UNKNOWN)
NOT_SENT = Meaning(Outcome.NOT_SENT, RejectReason.NOT_SENT)
RATE_LIMIT = Meaning(Outcome.RATE_LIMIT, RejectReason.RATE_LIMIT)


def _reject(reason: RejectReason) -> Meaning:
    return Meaning(Outcome.REJECT, reason)


# By exact class: a subclass that ccxt adds tomorrow is unknown until somebody has looked at it.
_MEANINGS: dict[type[BaseException], Meaning] = {
    venue.InsufficientFunds: _reject(RejectReason.BALANCE),
    venue.OrderImmediatelyFillable: _reject(RejectReason.POST_ONLY),
    venue.OrderNotFillable: _reject(RejectReason.OTHER),
    venue.InvalidOrder: _reject(RejectReason.FILTER),
    venue.BadRequest: _reject(RejectReason.OTHER),
    venue.BadSymbol: _reject(RejectReason.OTHER),
    venue.OperationRejected: _reject(RejectReason.OTHER),
    venue.MarketClosed: _reject(RejectReason.OTHER),
    venue.ManualInteractionNeeded: _reject(RejectReason.OTHER),
    venue.RestrictedLocation: _reject(RejectReason.AUTH),
    venue.AuthenticationError: _reject(RejectReason.AUTH),
    venue.PermissionDenied: _reject(RejectReason.AUTH),
    venue.AccountNotEnabled: _reject(RejectReason.AUTH),
    venue.AccountSuspended: _reject(RejectReason.AUTH),
    venue.InvalidNonce: _reject(RejectReason.OTHER),
    venue.RateLimitExceeded: RATE_LIMIT,
    venue.DDoSProtection: RATE_LIMIT,
}

# By words of the message, for classes that are listed above: the first match wins.
_TEXTS: dict[str, tuple[tuple[re.Pattern[str], Meaning], ...]] = {
    "binance": (
        (re.compile(r"(?i)duplicate order sent"), UNKNOWN),  # it exists
        (re.compile(r'(?i)"code":\s*-1004\b|server is busy'), UNKNOWN),
        (re.compile(r'"code":\s*-2015\b'), _reject(RejectReason.AUTH)),  # ccxt calls that a ban
        (re.compile(r"(?i)filter failure"), _reject(RejectReason.FILTER)),
    ),
    "generic": ((re.compile(r"(?i)duplicate|already exist"), UNKNOWN),),
}

_CANCEL_REASONS = {
    Outcome.REJECT: CancelRejectReason.OTHER,
    Outcome.NOT_SENT: CancelRejectReason.NO_ANSWER,
    Outcome.RATE_LIMIT: CancelRejectReason.RATE_LIMIT,
    Outcome.UNKNOWN: CancelRejectReason.NO_ANSWER,
}


SERVER_ERRORS = range(500, 600)  # HTTP: whatever the body says, the venue does not know either


def create_outcome(
    error: BaseException, *, was_sent: bool, family: str, status: int = 0
) -> Meaning:
    """What `error` says about a create; `was_sent`: its bytes may have left this machine.

    `status`: of the HTTP answer, 0 if there was none.
    """
    if not was_sent:
        return NOT_SENT
    if status in SERVER_ERRORS:
        return UNKNOWN
    meaning = _MEANINGS.get(type(error), UNKNOWN)
    if meaning is UNKNOWN:
        return UNKNOWN
    for pattern, refined in _TEXTS.get(family, _TEXTS["generic"]):
        if pattern.search(str(error)):
            return refined
    return meaning


def cancel_reason(
    error: BaseException, *, was_sent: bool, family: str, status: int = 0
) -> CancelRejectReason:
    """Why a cancel failed; none of the answers says that the order is gone."""
    if was_sent and is_not_found(error, status=status):
        return CancelRejectReason.NOT_FOUND
    meaning = create_outcome(error, was_sent=was_sent, family=family, status=status)
    return _CANCEL_REASONS[meaning.outcome]


def is_refused_key(error: BaseException) -> bool:
    """Did the venue say that the key itself is not good?"""
    return isinstance(error, venue.AuthenticationError)  # PermissionDenied is one of them


def is_not_found(error: BaseException, *, status: int = 0) -> bool:
    """Did the venue say that it knows no such order? A server in trouble says nothing."""
    return type(error) is venue.OrderNotFound and status not in SERVER_ERRORS
