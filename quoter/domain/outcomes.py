"""Outcomes of operator commands and of changes of the live parameters."""

from dataclasses import dataclass
from enum import StrEnum


class RefusalReason(StrEnum):
    """Reasons why a command was not carried out; `Refused.text` gives the figures."""

    INVALID = "invalid"  # a value that is malformed or out of its bounds
    HARD_LIMIT = "hard_limit"  # a limit that only a restart may change
    TOO_SOON = "too_soon"  # the previous change was too recent
    KILLED = "killed"  # the state is KILLED: only a re-arm is possible
    NOT_KILLED = "not_killed"  # a re-arm while there is no kill
    WRONG_KILL_ID = "wrong_kill_id"
    NEWER_KILL = "newer_kill"  # another kill came after the one that the re-arm names
    STATE_CHANGED = "state_changed"  # the trading state is not the one that the operator saw
    ORDERS_MAY_BE_LIVE = "orders_may_be_live"
    NOT_RECONCILED = "not_reconciled"  # orders, trades and balances not compared since the kill
    BOOK_NOT_READY = "book_not_ready"
    INVENTORY_ABOVE_LIMIT = "inventory_above_limit"  # and `accept_inventory` does not state it
    WOULD_KILL_AGAIN = "would_kill_again"  # the condition of a kill still holds
    NO_QUOTE = "no_quote"  # no quote can be computed from these live parameters


@dataclass(frozen=True, slots=True)
class Done:
    """The engine carried the command out."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The command changed nothing."""

    reason: RefusalReason
    text: str
    retry_after_s: int = 0  # for TOO_SOON: seconds until it may be tried again


@dataclass(frozen=True, slots=True)
class Pending:
    """The command was accepted but is not complete; `text` says what is missing, if known."""

    text: str = ""


type EngineOutcome = Done | Refused
type Outcome = Done | Refused | Pending
