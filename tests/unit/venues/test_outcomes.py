"""Every error class of ccxt has a meaning, and the default is that the order may exist."""

import pytest
from ccxt.base import errors as venue

from quoter.domain.errors import GateShut
from quoter.domain.reasons import CancelRejectReason, RejectReason
from quoter.venues.outcomes import (
    NOT_SENT,
    Outcome,
    cancel_reason,
    create_outcome,
    is_refused_key,
)

CLASSES = [
    found
    for found in vars(venue).values()
    if isinstance(found, type) and issubclass(found, BaseException)
]
DEFINITIVE = {
    "InsufficientFunds": RejectReason.BALANCE,
    "OrderImmediatelyFillable": RejectReason.POST_ONLY,
    "OrderNotFillable": RejectReason.OTHER,
    "InvalidOrder": RejectReason.FILTER,
    "BadRequest": RejectReason.OTHER,
    "BadSymbol": RejectReason.OTHER,
    "OperationRejected": RejectReason.OTHER,
    "MarketClosed": RejectReason.OTHER,
    "ManualInteractionNeeded": RejectReason.OTHER,
    "RestrictedLocation": RejectReason.AUTH,
    "AuthenticationError": RejectReason.AUTH,
    "PermissionDenied": RejectReason.AUTH,
    "AccountNotEnabled": RejectReason.AUTH,
    "AccountSuspended": RejectReason.AUTH,
    "InvalidNonce": RejectReason.OTHER,
    "RateLimitExceeded": RejectReason.RATE_LIMIT,
    "DDoSProtection": RejectReason.RATE_LIMIT,
}


@pytest.mark.parametrize("error", CLASSES, ids=lambda found: found.__name__)
def test_every_class_means_what_the_table_says_and_the_rest_is_unknown(
    error: type[BaseException],
) -> None:
    meaning = create_outcome(error("words"), was_sent=True, family="binance")
    assert meaning.reason == DEFINITIVE.get(error.__name__)
    assert (meaning.outcome is Outcome.UNKNOWN) == (meaning.reason is None)


def test_the_table_names_only_classes_that_exist() -> None:
    assert DEFINITIVE.keys() <= {found.__name__ for found in CLASSES}


@pytest.mark.parametrize("error", [TimeoutError(), OSError(), ValueError("?"), KeyError("id")])
def test_errors_that_are_not_ccxts_are_unknown(error: Exception) -> None:
    assert create_outcome(error, was_sent=True, family="generic").outcome is Outcome.UNKNOWN


@pytest.mark.parametrize("error", CLASSES, ids=lambda found: found.__name__)
def test_nothing_that_never_left_is_unknown(error: type[BaseException]) -> None:
    assert create_outcome(error("words"), was_sent=False, family="binance") is NOT_SENT


def test_a_refusal_of_the_gate_after_a_write_proves_nothing() -> None:
    """A redirected POST is refused the second time, but it left once."""
    assert create_outcome(GateShut("?"), was_sent=True, family="binance").reason is None


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (venue.InvalidOrder('binance {"code":-2010,"msg":"Duplicate order sent."}'), None),
        (venue.OperationRejected('binance {"code":-1004,"msg":"Server is busy"}'), None),
        (venue.DDoSProtection('binance {"code":-2015,"msg":"Invalid key"}'), RejectReason.AUTH),
        (
            venue.BadRequest('binance {"code":-1013,"msg":"Filter failure: NOTIONAL"}'),
            RejectReason.FILTER,
        ),
        (venue.RequestTimeout('binance {"code":-1013,"msg":"Filter failure"}'), None),
    ],
)
def test_binance_says_more_in_its_words(error: Exception, reason: RejectReason | None) -> None:
    assert create_outcome(error, was_sent=True, family="binance").reason is reason


def test_a_duplicate_exists_at_any_venue() -> None:
    error = venue.InvalidOrder("okx duplicate clOrdId")
    assert create_outcome(error, was_sent=True, family="generic").outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (venue.OrderNotFound("-2011"), CancelRejectReason.NOT_FOUND),
        (venue.RequestTimeout("?"), CancelRejectReason.NO_ANSWER),
        (venue.DDoSProtection("429"), CancelRejectReason.RATE_LIMIT),
        (venue.AuthenticationError("key"), CancelRejectReason.OTHER),
        (OSError(), CancelRejectReason.NO_ANSWER),
    ],
)
def test_a_failed_cancel_never_says_that_the_order_is_gone(
    error: Exception, reason: CancelRejectReason
) -> None:
    assert cancel_reason(error, was_sent=True, family="binance") is reason


def test_a_cancel_that_never_left_has_no_answer() -> None:
    error = venue.OrderNotFound("from a cache")
    assert cancel_reason(error, was_sent=False, family="binance") is CancelRejectReason.NO_ANSWER


def test_refused_keys_are_told_from_other_trouble() -> None:
    assert is_refused_key(venue.PermissionDenied("?"))
    assert not is_refused_key(venue.ExchangeNotAvailable("?"))
