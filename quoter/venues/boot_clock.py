"""A clock that nobody sets and that goes on while the machine sleeps, where there is one.

Python's `time.monotonic` stands still over a suspend: after it, what is old would look fresh.
"""

import time

_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)  # the first on Linux only


def boot_clock_ns() -> int:
    """Nanoseconds since some moment in the past; never less than before."""
    return time.clock_gettime_ns(_CLOCK)


def boot_clock_s() -> float:
    """The same in seconds."""
    return time.clock_gettime(_CLOCK)
