"""Exit codes of the process; the runbook says what to do about each."""

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of the `quoter` commands; each names one reason for the end."""

    CLEAN = 0  # of a daemon: the venue lists no own order; of a command: done
    CRASHED = 1  # an unexpected error; own orders were cancelled as far as possible
    USAGE = 2  # a setting or an argument is wrong
    ORDERS_LEFT = 20  # it could not be verified that no own order is left
    UNSETTLED = 21  # the venue reports fills that could not be booked
    KILLED = 30  # stopped while the kill switch was latched
    START_FAILED = 40  # at the start ledger and venue differ, or a check of the venue failed
    LOCK_HELD = 41  # another quoter runs on the data folder
    INTEGRITY = 42  # ledger damaged, latch not writable, or ccxt's code differs from the lock file
    KEY_RIGHTS = 43  # the API key was refused, or has rights that it must not have
    VENUE_UNAVAILABLE = 44  # the venue could not be used at the start; no difference was found
    TRIAL_FAILED = 45  # the trial order before the first quote was not found, or not cancelled
    RESTART_WANTED = 50  # clean and verified end because memory was above its limit: restart
