"""A monotonic clock that also counts the time the machine is suspended, where available.

Python's `time.monotonic` stops during a suspend: afterwards old data would look fresh.
"""

import time

_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)  # the first on Linux only


def boot_clock_ns() -> int:
    """Return nanoseconds since an arbitrary moment in the past; never decreases."""
    return time.clock_gettime_ns(_CLOCK)


def boot_clock_s() -> float:
    """Return seconds since the same moment."""
    return time.clock_gettime(_CLOCK)
