"""Enumerations: reject reasons, order ends, operator actions, kinds of reports."""

from enum import StrEnum


class RejectReason(StrEnum):
    """Reasons for the rejection of a new order. No order exists after it."""

    POST_ONLY = "post_only"
    BALANCE = "balance"
    FILTER = "filter"
    RATE_LIMIT = "rate_limit"
    AUTH = "auth"
    NOT_SENT = "not_sent"  # never sent to the venue
    OTHER = "other"


class CancelRejectReason(StrEnum):
    """Reasons why a cancel request did not end its order; none proves that the order ended."""

    NOT_FOUND = "not_found"
    NO_ANSWER = "no_answer"
    RATE_LIMIT = "rate_limit"
    AUTH = "auth"  # the venue refuses our key
    OTHER = "other"


class DoneReason(StrEnum):
    """Ways in which an order ends at the venue."""

    FILLED = "filled"
    CANCELED = "canceled"
    EXPIRED = "expired"  # self-trade prevention, price band, venue maintenance
    REJECTED = "rejected"  # accepted first, rejected later


class OperatorAction(StrEnum):
    """The names of the operator commands, in the log, the ledger and the control API."""

    KILL = "kill"
    PAUSE = "pause"
    RESUME = "resume"
    REDUCE = "reduce"
    FLATTEN = "flatten"
    REARM = "rearm"
    DRAIN = "drain"


class ReportKind(StrEnum):
    """Kinds of reports that are requested from the venue."""

    OPEN_ORDERS = "open_orders"
    TRADES = "trades"
    BALANCES = "balances"
    BOOK = "book"
    BEST_PRICES = "best_prices"  # of the book, to confirm a book without updates
    RULES = "rules"  # tick, lot and minimums of the market
    MAKER_FEE = "maker_fee"  # of the account
    COIN_PRICE = "coin_price"  # of a coin that fees are paid in
