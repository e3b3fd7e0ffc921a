"""What the process's exit says (decisions.md)."""

from enum import IntEnum


class ExitCode(IntEnum):
    """One number per way to end; the runbook says what to do about each."""

    CLEAN = 0  # no own order left, verified at the venue
    CRASHED = 1  # a defect of ours; orders were cancelled as far as possible
    USAGE = 2  # a setting or an argument is wrong
    ORDERS_LEFT = 20  # own orders could not be verified gone
    UNSETTLED = 21  # the venue claims fills that we could not book
    KILLED = 30  # stopped while latched KILLED
    START_FAILED = 40  # venue and books could not be reconciled at the start
    LOCK_HELD = 41
    # Ledger damaged, a kill not to be latched, or ccxt's code not what was locked: nothing touched.
    INTEGRITY = 42
    KEY_RIGHTS = 43
    RESTART_WANTED = 50  # clean and verified; memory was above its bound: please start again
