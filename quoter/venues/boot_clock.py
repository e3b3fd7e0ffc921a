"""A monotonic clock that also runs while the machine is suspended, if the platform has one.

Python's `time.monotonic` stops during a suspend: by it, data from before the suspend would seem
recent.
"""

import time

_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)  # the first on Linux only


def boot_clock_ns() -> int:
    """Return nanoseconds since an arbitrary moment in the past; never decreases."""
    return time.clock_gettime_ns(_CLOCK)


def boot_clock_s() -> float:
    """Return seconds since the moment from which `boot_clock_ns` counts; never decreases."""
    return time.clock_gettime(_CLOCK)
