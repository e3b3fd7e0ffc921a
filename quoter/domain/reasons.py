"""The closed lists of why and what: how a venue refuses, how an order ends, what is asked for."""

from enum import StrEnum


class RejectReason(StrEnum):
    """Why the venue refused a new order, so that no order exists."""

    POST_ONLY = "post_only"
    BALANCE = "balance"
    FILTER = "filter"
    RATE_LIMIT = "rate_limit"
    AUTH = "auth"
    NOT_SENT = "not_sent"  # it never left this machine
    OTHER = "other"


class CancelRejectReason(StrEnum):
    """Why a cancel did not close its order; none of them says that the order is gone."""

    NOT_FOUND = "not_found"
    NO_ANSWER = "no_answer"
    RATE_LIMIT = "rate_limit"
    OTHER = "other"


class DoneReason(StrEnum):
    """How the venue says that an order ended."""

    FILLED = "filled"
    CANCELED = "canceled"
    EXPIRED = "expired"  # self-trade prevention, price band, venue maintenance
    REJECTED = "rejected"  # accepted first, thrown out later


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
    """What we can ask the venue for."""

    OPEN_ORDERS = "open_orders"
    TRADES = "trades"
    BALANCES = "balances"
    BOOK = "book"
    RULES = "rules"  # tick, lot and minimums of the market
    COIN_PRICE = "coin_price"  # of a coin that fees are paid in
