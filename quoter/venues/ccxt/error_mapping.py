"""Classification of ccxt errors by what they prove about an order; unlisted ones are UNKNOWN."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from ccxt.base import errors as venue

from quoter.domain.errors import KeyFault, KeyRefused
from quoter.domain.reasons import CancelRejectReason, RejectReason


class Outcome(StrEnum):
    """Conclusion from an error about an order."""

    REJECT = "reject"  # the venue refused: no order exists
    NOT_SENT = "not_sent"  # no byte was sent
    RATE_LIMIT = "rate_limit"  # the venue refused and asks for a pause
    UNKNOWN = "unknown"  # the order may exist


@dataclass(frozen=True, slots=True)
class ErrorMeaning:
    """An outcome with the reason for an `OrderReject`; no reason when UNKNOWN."""

    outcome: Outcome
    reason: RejectReason | None = None


UNKNOWN = ErrorMeaning(Outcome.UNKNOWN)
NOT_SENT = ErrorMeaning(Outcome.NOT_SENT, RejectReason.NOT_SENT)
RATE_LIMIT = ErrorMeaning(Outcome.RATE_LIMIT, RejectReason.RATE_LIMIT)


def _reject(reason: RejectReason) -> ErrorMeaning:
    return ErrorMeaning(Outcome.REJECT, reason)


# By exact class: a subclass that a later ccxt adds is UNKNOWN until it has been reviewed.
_MEANINGS: dict[type[BaseException], ErrorMeaning] = {
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

# By message text, for classes that are listed above: the first match wins.
_TEXTS: dict[str, tuple[tuple[re.Pattern[str], ErrorMeaning], ...]] = {
    "binance": (
        (re.compile(r"(?i)duplicate order sent"), UNKNOWN),  # the order exists
        (re.compile(r'(?i)"code":\s*-1004\b|server is busy'), UNKNOWN),
        (
            re.compile(r'"code":\s*-2015\b'),
            _reject(RejectReason.AUTH),
        ),  # ccxt raises DDoSProtection
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


SERVER_ERRORS = range(500, 600)  # HTTP: execution unknown, whatever the body says


def create_outcome(
    error: BaseException, *, was_sent: bool, family: str, status: int = 0
) -> ErrorMeaning:
    """Return what `error` proves about a create.

    `was_sent`: whether bytes may have left this machine. `status`: of the HTTP answer, 0 if none.
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
    """Return why a cancel failed. Whatever the reason, the order may still exist."""
    if was_sent and is_not_found(error, status=status):
        return CancelRejectReason.NOT_FOUND
    meaning = create_outcome(error, was_sent=was_sent, family=family, status=status)
    if meaning.reason is RejectReason.AUTH:
        return CancelRejectReason.AUTH
    return _CANCEL_REASONS[meaning.outcome]


KEY_TEXTS = {
    KeyFault.KEY: "it does not know the key, or the key has expired",
    KeyFault.SECRET: "the secret does not belong to the key",
    KeyFault.PASSWORD: "the password is not that of the key",
    KeyFault.ENVIRONMENT: "the key belongs to another environment",
    KeyFault.ADDRESS: "the address of this machine is not on the key's list",
    KeyFault.PERMISSION: "the key lacks a permission; it must be allowed to read and to trade",
    KeyFault.ACCOUNT: "its account is of a kind (classic or unified) that quoter can't trade there",
}


def refused_key(
    error: BaseException, text: str, key_errors: Mapping[str, KeyFault]
) -> KeyRefused | None:
    """Return the venue's refusal of our key, on one line; None for any other error.

    `text` is the error without secrets; `key_errors`: what the venue's codes say of the key.
    """
    if not isinstance(error, venue.AuthenticationError):  # includes PermissionDenied
        return None
    for code, fault in key_errors.items():
        if re.search(rf"(?<![\w-]){re.escape(code)}(?!\w)", str(error)):
            return KeyRefused(f"the venue refuses the key: {KEY_TEXTS[fault]}: {text}", fault)
    return KeyRefused(f"the venue refuses the key: {text}")


def is_unknown_symbol(error: BaseException) -> bool:
    """Whether the venue answered that it has no such market (Binance: -1121)."""
    return type(error) is venue.BadSymbol


def is_not_found(error: BaseException, *, status: int = 0) -> bool:
    """Whether the venue answered that the order does not exist; a server error proves nothing."""
    return type(error) is venue.OrderNotFound and status not in SERVER_ERRORS
