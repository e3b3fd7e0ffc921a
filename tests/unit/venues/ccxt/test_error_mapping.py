"""Every error class of ccxt has an outcome; by default the order may exist."""

import inspect
import json
import re
import time
from typing import cast

import ccxt
import pytest
from ccxt.base import errors as venue

from quoter.domain.errors import EgressBlocked, KeyFault
from quoter.domain.reasons import CancelRejectReason, RejectReason
from quoter.venues.ccxt.client import make_client
from quoter.venues.ccxt.error_mapping import (
    NOT_SENT,
    Outcome,
    cancel_reason,
    create_outcome,
    refused_key,
)
from quoter.venues.ccxt.guarded_exchange import GuardedExchange
from quoter.venues.config import VenueConfig
from quoter.venues.profiles import profile_of

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
def test_listed_error_classes_have_their_outcome_and_others_are_unknown(
    error: type[BaseException],
) -> None:
    meaning = create_outcome(error("words"), was_sent=True, family="binance")
    assert meaning.reason == DEFINITIVE.get(error.__name__)
    assert (meaning.outcome is Outcome.UNKNOWN) == (meaning.reason is None)


def test_the_table_names_only_classes_that_exist() -> None:
    assert DEFINITIVE.keys() <= {found.__name__ for found in CLASSES}


@pytest.mark.parametrize("error", [TimeoutError(), OSError(), ValueError("?"), KeyError("id")])
def test_errors_from_outside_ccxt_are_unknown(error: Exception) -> None:
    assert create_outcome(error, was_sent=True, family="generic").outcome is Outcome.UNKNOWN


@pytest.mark.parametrize("error", CLASSES, ids=lambda found: found.__name__)
def test_unsent_create_is_not_sent_whatever_the_error(error: type[BaseException]) -> None:
    assert create_outcome(error("words"), was_sent=False, family="binance") is NOT_SENT


def test_gate_refusal_after_a_write_is_unknown() -> None:
    """A redirected POST is refused the second time, but it was sent once."""
    assert create_outcome(EgressBlocked("?"), was_sent=True, family="binance").reason is None


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
def test_binance_error_texts_refine_the_outcome(
    error: Exception, reason: RejectReason | None
) -> None:
    assert create_outcome(error, was_sent=True, family="binance").reason is reason


def test_duplicate_id_is_unknown_at_any_venue() -> None:
    error = venue.InvalidOrder("okx duplicate clOrdId")
    assert create_outcome(error, was_sent=True, family="generic").outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (venue.OrderNotFound("-2011"), CancelRejectReason.NOT_FOUND),
        (venue.RequestTimeout("?"), CancelRejectReason.NO_ANSWER),
        (venue.DDoSProtection("429"), CancelRejectReason.RATE_LIMIT),
        (venue.AuthenticationError("key"), CancelRejectReason.AUTH),
        (venue.PermissionDenied("key"), CancelRejectReason.AUTH),
        (venue.DDoSProtection('{"code":-2015,"msg":"Invalid API-key"}'), CancelRejectReason.AUTH),
        (venue.InvalidOrder("-2010"), CancelRejectReason.OTHER),
        (OSError(), CancelRejectReason.NO_ANSWER),
    ],
)
def test_failed_cancel_does_not_imply_that_the_order_is_gone(
    error: Exception, reason: CancelRejectReason
) -> None:
    assert cancel_reason(error, was_sent=True, family="binance") is reason


def test_unsent_cancel_has_no_answer() -> None:
    error = venue.OrderNotFound("from a cache")
    assert cancel_reason(error, was_sent=False, family="binance") is CancelRejectReason.NO_ANSWER


def test_refused_key_is_distinguished_from_other_errors() -> None:
    assert refused_key(venue.PermissionDenied("?"), "?", {}) is not None
    assert refused_key(venue.ExchangeNotAvailable("?"), "?", {}) is None


@pytest.mark.parametrize("error", CLASSES, ids=lambda found: found.__name__)
def test_server_error_is_unknown_whatever_the_text(error: type[BaseException]) -> None:
    """Binance: after a 5XX the status of execution is unknown, whichever code its body has."""
    for family in ("binance", "generic"):
        meaning = create_outcome(error("words"), was_sent=True, family=family, status=503)
        assert meaning.outcome is Outcome.UNKNOWN
    reason = cancel_reason(error("words"), was_sent=True, family="binance", status=503)
    assert reason is CancelRejectReason.NO_ANSWER


def client(exchange: str) -> GuardedExchange:
    """Return ccxt's own tables of codes, as the gateway uses them."""
    config = VenueConfig(
        exchange=exchange, symbol="BTC/USDT", environment="production", order_prefix="q1"
    )
    return make_client(config, lambda: 1)


def answered(venue_client: GuardedExchange, code: str, words: str, status: int) -> Exception:
    """Return the error that ccxt raises for an answer of Binance."""
    body = {"code": int(code), "msg": words}
    text = json.dumps(body)
    with pytest.raises(venue.BaseError) as raised:
        venue_client.handle_errors(  # type: ignore[attr-defined]
            status, "Bad Request", "https://api.binance.com/api/v3/order", "POST", {}, text, body,
            {}, "",
        )  # fmt: skip
    error: Exception = raised.value
    return error


# What an order may be answered with, and what it proves. Unknown: it may exist.
ORDER_CODES = [
    ("-1000", "An unknown error occurred while processing the request.", None),
    ("-1001", "Internal error; unable to process your request.", None),
    ("-1004", "Server is busy, please wait and try again.", None),
    ("-1006", "An unexpected response was received from the message bus.", None),
    ("-1007", "Timeout waiting for response from backend server.", None),
    ("-1008", "Server is currently overloaded with other requests.", None),
    ("-1010", "ERROR_MSG_RECEIVED.", None),
    ("-2010", "Duplicate order sent.", None),
    ("-2021", "Order cancel-replace partially failed.", None),
    ("-2022", "Order cancel-replace failed.", None),
    ("-9999", "a code that nobody has listed", None),
    ("-2010", "Account has insufficient balance for requested action.", RejectReason.BALANCE),
    ("-2010", "Order would immediately match and take.", RejectReason.POST_ONLY),
    ("-2010", "Market is closed.", RejectReason.OTHER),
    ("-1013", "Filter failure: PRICE_FILTER", RejectReason.FILTER),
    ("-1013", "Filter failure: NOTIONAL", RejectReason.FILTER),
    ("-1111", "Parameter 'price' has too much precision.", RejectReason.OTHER),
    ("-1003", "Too many requests queued.", RejectReason.RATE_LIMIT),
    ("-1015", "Too many new orders.", RejectReason.RATE_LIMIT),
    ("-1021", "Timestamp for this request is outside of the recvWindow.", RejectReason.OTHER),
    ("-1022", "Signature for this request is not valid.", RejectReason.AUTH),
    ("-2014", "API-key format invalid.", RejectReason.AUTH),
    ("-2015", "Invalid API-key, IP, or permissions for action.", RejectReason.AUTH),
    ("-1121", "Invalid symbol.", RejectReason.OTHER),
]


@pytest.mark.parametrize(("code", "words", "reason"), ORDER_CODES)
def test_binance_order_error_codes_have_their_documented_outcome(
    code: str, words: str, reason: RejectReason | None
) -> None:
    error = answered(client("binance"), code, words, 400)
    assert create_outcome(error, was_sent=True, family="binance", status=400).reason is reason
    troubled = create_outcome(error, was_sent=True, family="binance", status=500)
    assert troubled.outcome is Outcome.UNKNOWN


@pytest.mark.parametrize("exchange", ["binance", "bybit", "okx", "kraken"])
def test_error_codes_of_all_venues_prove_no_more_than_their_class(exchange: str) -> None:
    """Ccxt raises a plain ExchangeError for unmapped codes, server errors among them."""
    family = "binance" if exchange == "binance" else "generic"
    codes = client(exchange).exceptions["exact"]
    assert isinstance(codes, dict)
    wrong = {}
    for code, error in codes.items():
        assert isinstance(error, type)
        text = f'{exchange} {{"code":{code},"msg":"?"}}'
        found = create_outcome(error(text), was_sent=True, family=family).reason
        expected = DEFINITIVE.get(error.__name__)
        if found is not expected and code not in {"-1004", "-2015"}:
            wrong[code] = found
    assert wrong == {}
    assert len(codes) > 20


@pytest.mark.parametrize("text", ["Client order ID already exists.", "Duplicated clOrdId"])
def test_text_about_an_existing_id_is_unknown(text: str) -> None:
    error = venue.InvalidOrder(f"okx {text}")
    assert create_outcome(error, was_sent=True, family="generic").outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(
    ("exchange", "code", "reason"),
    [
        ("okx", "50038", RejectReason.OTHER),
        ("okx", "50061", RejectReason.RATE_LIMIT),
        ("okx", "50062", RejectReason.OTHER),
        ("bitget", "25202", RejectReason.BALANCE),
        ("bitget", "25203", RejectReason.BALANCE),
    ],
)
async def test_refusal_that_ccxts_table_lacks_proves_that_no_order_exists(
    exchange: str, code: str, reason: RejectReason
) -> None:
    """It was unknown: the order kept its reservation until the fence."""
    error = await _error_of(exchange, {"code": code, "msg": "?", "data": []})
    assert create_outcome(error, was_sent=True, family=exchange).reason is reason


async def _error_of(exchange: str, answer: dict[str, object]) -> venue.BaseError:
    """Return what unmodified ccxt, with the profile's table, raises for an answer."""
    config = VenueConfig(
        exchange=exchange, symbol="BTC/USDT", environment="production", order_prefix="q1"
    )
    client, body = make_client(config, time.time_ns), json.dumps(answer)
    with pytest.raises(venue.BaseError) as caught:
        client.handle_errors(200, "", "/", "POST", {}, body, answer, {}, "")  # type: ignore[attr-defined]
    await client.close()
    return caught.value


@pytest.mark.parametrize(
    ("exchange", "answer", "error", "create"),
    [
        ("kraken", {"error": ["EOrder:Post only order"]}, "OrderImmediatelyFillable", True),
        ("kraken", {"error": ["EOrder:Unknown order"]}, "OrderNotFound", False),
        ("bybit", {"retCode": 170142, "retMsg": "Order cancelled."}, "OrderNotFound", False),
        ("bybit", {"retCode": 170143, "retMsg": "Not on the book."}, "OrderNotFound", False),
        ("okx", {"code": "50119", "msg": "API key doesn't exist"}, "AuthenticationError", False),
        ("bitget", {"code": "25204", "msg": "Order does not exist"}, "OrderNotFound", False),
    ],
)
async def test_errors_that_ccxts_table_lacks_have_their_meaning(
    exchange: str, answer: dict[str, object], error: str, create: bool
) -> None:
    caught = await _error_of(exchange, answer)
    assert type(caught).__name__ == error
    if create:
        outcome = create_outcome(caught, was_sent=True, family=exchange)
        assert outcome.reason is RejectReason.POST_ONLY
    elif error == "OrderNotFound":
        reason = cancel_reason(caught, was_sent=True, family=exchange)
        assert reason is CancelRejectReason.NOT_FOUND
    else:
        assert refused_key(caught, "?", {}) is not None


# Words in ccxt's comment on a code, which quote the venue, that leave open whether an order exists.
DOUBT = re.compile(
    r"(?i)duplicate|repeated|already exist|time ?out(?! of)|timed out|submitted|processing!"
    r"|system (?:error|busy)|network error|internal|may not be filled|order has been (?:fill|lock)"
    r"|ORDER_C(?:LOSED|ANCELLED)"
)
# Codes with such words that are not about creates of spot orders.
ELSEWHERE = {
    "bybit": {"176014", "176021"},  # loans
    "okx": {"58224"},  # withdrawals
    "gate": set[str](),
    "kraken": set[str](),
    "bitget": set[str](),
}


def commented_codes(exchange: str) -> dict[str, str]:
    """Return what ccxt's source says of each error code of a venue, the code itself included."""
    source = inspect.getsource(getattr(ccxt, exchange))
    rows = re.findall(r"^ +'([^']+)': \w+,[ ]*(#.*)?$", source, re.MULTILINE)
    return {code: f"{code} {comment}" for code, comment in rows}


@pytest.mark.parametrize("exchange", ELSEWHERE)
def test_code_whose_words_leave_the_order_open_is_unknown(exchange: str) -> None:
    """Bybit's "Order creation timeout" was a refusal, because ccxt calls it InvalidOrder."""
    comments = commented_codes(exchange)
    codes = cast("dict[str, type[Exception]]", client(exchange).exceptions["exact"])
    doubtful = {code for code, text in comments.items() if DOUBT.search(text)} & codes.keys()
    refused = {
        code: comments[code]
        for code in doubtful - ELSEWHERE[exchange]
        if create_outcome(codes[code]("?"), was_sent=True, family=exchange).reason is not None
    }
    assert refused == {}
    assert len(comments) > 40


# Documented: Bybit v5 "Error Codes", Gate API v4 "label list", Bitget "REST API error codes".
OPEN_CODES = [
    ("bybit", {"retCode": 10000, "retMsg": "Server Timeout"}),
    ("bybit", {"retCode": 10014, "retMsg": "Invalid duplicate request."}),
    ("bybit", {"retCode": 10016, "retMsg": "Server error."}),
    ("bybit", {"retCode": 170001, "retMsg": "Internal error."}),
    ("bybit", {"retCode": 170007, "retMsg": "Timeout waiting for response from backend server."}),
    ("bybit", {"retCode": 170032, "retMsg": "Network error. Please try again later"}),
    ("bybit", {"retCode": 170035, "retMsg": "Submitted to the system for processing!"}),
    ("bybit", {"retCode": 170146, "retMsg": "Order creation timeout"}),
    ("bybit", {"retCode": 170195, "retMsg": "Please note that your order may not be filled"}),
    ("bybit", {"retCode": 170234, "retMsg": "System Error"}),
    ("bybit", {"retCode": 170810, "retMsg": "a code that nobody has listed"}),
    ("gate", {"label": "REPEATED_CREATION", "message": "Repeated creation"}),
    ("gate", {"label": "INTERNAL", "message": "Internal server error"}),
    ("bitget", {"code": "40010", "msg": "Request timed out"}),
    ("bitget", {"code": "40015", "msg": "System is abnormal, please try again later"}),
    ("bitget", {"code": "40725", "msg": "service return an error"}),
    ("bitget", {"code": "40786", "msg": "Duplicate clientOid"}),
    ("okx", {"code": "50004", "msg": "API endpoint request timeout"}),
    ("okx", {"code": "50013", "msg": "Systems are busy. Please try again later."}),
    ("okx", {"code": "50026", "msg": "System error. Try again later"}),
    ("okx", {"code": "51016", "msg": "clOrdId repeats"}),
    ("kraken", {"error": ["EService:Timeout"]}),
    ("kraken", {"error": ["EGeneral:Internal error"]}),
    ("kraken", {"error": ["EOrder:Duplicate client order id"]}),
]


@pytest.mark.parametrize(("exchange", "answer"), OPEN_CODES)
async def test_answer_that_does_not_deny_the_order_leaves_it_unknown(
    exchange: str, answer: dict[str, object]
) -> None:
    error = await _error_of(exchange, answer)
    assert create_outcome(error, was_sent=True, family=exchange).outcome is Outcome.UNKNOWN
    assert refused_key(error, "?", {}) is None


@pytest.mark.parametrize(
    ("exchange", "answer"),
    [
        ("bybit", {"retCode": 170139, "retMsg": "Order has been filled."}),
        ("bybit", {"retCode": 170190, "retMsg": "Cancel order has been finished"}),
        ("gate", {"label": "ORDER_CLOSED", "message": "Order closed"}),
        ("gate", {"label": "ORDER_CANCELLED", "message": "Order cancelled"}),
    ],
)
async def test_cancel_of_an_order_that_has_ended_is_not_found(
    exchange: str, answer: dict[str, object]
) -> None:
    """Then the engine asks at once how it ended."""
    error = await _error_of(exchange, answer)
    reason = cancel_reason(error, was_sent=True, family=exchange)
    assert reason is CancelRejectReason.NOT_FOUND


# What the venues answer to a wrong key: status, body, and what of the key is wrong.
WRONG_KEYS = [
    ("binance", 401, {"code": -2014, "msg": "API-key format invalid."}, KeyFault.KEY),
    ("binance", 401, {"code": -2015, "msg": "Invalid API-key, IP, or permissions."}, KeyFault.KEY),
    ("binance", 400, {"code": -1022, "msg": "Signature is not valid."}, KeyFault.SECRET),
    ("bybit", 200, {"retCode": 10003, "retMsg": "API key is invalid."}, KeyFault.KEY),
    ("bybit", 200, {"retCode": 10004, "retMsg": "error sign!"}, KeyFault.SECRET),
    ("bybit", 200, {"retCode": 10005, "retMsg": "Permission denied"}, KeyFault.PERMISSION),
    ("bybit", 200, {"retCode": 10010, "retMsg": "Unmatched IP"}, KeyFault.ADDRESS),
    ("okx", 401, {"code": "50111", "msg": "Invalid OK-ACCESS-KEY"}, KeyFault.KEY),
    ("okx", 401, {"code": "50119", "msg": "API key doesn't exist"}, KeyFault.KEY),
    ("okx", 401, {"code": "50113", "msg": "Invalid Sign"}, KeyFault.SECRET),
    ("okx", 401, {"code": "50105", "msg": "passphrase incorrect"}, KeyFault.PASSWORD),
    ("okx", 401, {"code": "50101", "msg": "does not match environment"}, KeyFault.ENVIRONMENT),
    ("kraken", 200, {"error": ["EAPI:Invalid key"]}, KeyFault.KEY),
    ("kraken", 200, {"error": ["EAPI:Invalid signature"]}, KeyFault.SECRET),
    ("kraken", 200, {"error": ["EGeneral:Permission denied"]}, KeyFault.PERMISSION),
    ("gate", 401, {"label": "INVALID_KEY", "message": "Invalid key"}, KeyFault.KEY),
    ("gate", 401, {"label": "INVALID_SIGNATURE", "message": "mismatch"}, KeyFault.SECRET),
    ("bitget", 400, {"code": "40006", "msg": "Invalid ACCESS_KEY"}, KeyFault.KEY),
    ("bitget", 400, {"code": "40009", "msg": "sign signature error"}, KeyFault.SECRET),
    ("bitget", 400, {"code": "40012", "msg": "apikey/password is incorrect"}, KeyFault.PASSWORD),
]


@pytest.mark.parametrize(("exchange", "status", "answer", "fault"), WRONG_KEYS)
async def test_answer_to_a_wrong_key_refuses_the_key(
    exchange: str, status: int, answer: dict[str, object], fault: KeyFault
) -> None:
    """Compared with ccxt's own tables: each of these answers reaches `refused_key`."""
    config = VenueConfig(
        exchange=exchange, symbol="BTC/USDT", environment="production", order_prefix="q1"
    )
    client, body = make_client(config, time.time_ns), json.dumps(answer)
    with pytest.raises(venue.BaseError) as caught:
        client.handle_errors(status, "", "/", "GET", {}, body, answer, {}, "")  # type: ignore[attr-defined]
    await client.close()
    refused = refused_key(caught.value, "text of the venue", profile_of(exchange).key_errors)
    family = profile_of(exchange).family
    reason = cancel_reason(caught.value, was_sent=True, family=family, status=status)
    assert reason is CancelRejectReason.AUTH
    assert refused is not None
    assert refused.fault is fault
    assert str(refused).startswith("the venue refuses the key: ")
    assert str(refused).endswith("text of the venue")
    assert "\n" not in str(refused)


def test_number_that_contains_a_code_is_not_the_code() -> None:
    codes = {"-2014": KeyFault.SECRET, "40012": KeyFault.PASSWORD}
    for text in ("id 140012", "id 400123", "-20145", "at 1-2014"):
        refused = refused_key(venue.AuthenticationError(text), text, codes)
        assert refused is not None
        assert refused.fault is KeyFault.KEY
