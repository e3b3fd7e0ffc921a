"""Monitor the memory of the process against a limit, and warn about open files.

Memory that only grows is a defect; a clean end and a restart are better than being killed by the
kernel. A run younger than MIN_RUN_NS pauses instead, so that a limit that is too low does not cause
an endless loop of restarts.
"""

import asyncio
import os
import resource
import sys
from collections.abc import Callable
from pathlib import Path

import structlog

from quoter.service.clock import Clock

log = structlog.get_logger()

CHECK_S = 1.0
ABOVE_NS = 10_000_000_000  # above the limit for this long: not a short peak
MIN_RUN_NS = 600_000_000_000  # a younger run pauses instead of ending
FILES_SHARE_MAX = 0.8
MIB = 1 << 20
STATM = Path("/proc/self/statm")
FILES = Path("/proc/self/fd")


class ResourceMonitor:
    """Checks once per second. `pause` gets the reason to pause quoting, or an empty text."""

    def __init__(
        self,
        *,
        rss_max_mb: int,
        clock: Clock,
        pause: Callable[[str], None],
        restart: Callable[[], None],
        rss: Callable[[], int] | None = None,
    ) -> None:
        """Limit the resident memory to `rss_max_mb`, MiB; 0: no limit.

        `restart` requests a clean end and a new start, once. `rss` replaces `resident_bytes`.
        """
        self._rss_max = rss_max_mb * MIB
        self._clock = clock
        self._pause = pause
        self._restart = restart
        self._rss = rss or resident_bytes
        self._start_ns = clock.now_ns()
        self._above_ns: int | None = None  # since when the memory is above the limit
        self._is_restart_requested = False
        self._is_files_warning_logged = False

    async def run(self) -> None:
        """Check until cancelled."""
        while True:
            await asyncio.sleep(CHECK_S)
            self.check()

    def check(self) -> None:
        """Check memory and files once; what can't be measured now is measured the next time."""
        self._check_files()
        try:
            rss = self._rss()
        except OSError:  # no file descriptor is left; `_check_files` has logged it
            return
        now_ns = self._clock.now_ns()
        if not self._rss_max or rss <= self._rss_max:
            self._above_ns = None
            self._pause("")
            return
        if self._above_ns is None:
            self._above_ns = now_ns
        if now_ns - self._above_ns < ABOVE_NS or self._is_restart_requested:
            return
        text = f"{rss // MIB} MiB used, the limit is {self._rss_max // MIB} MiB (QUOTER_RSS_MAX_MB)"
        if now_ns - self._start_ns < MIN_RUN_NS:
            self._pause(text)
            return
        self._is_restart_requested = True
        log.critical("memory_above_limit", text=text)
        self._restart()

    def _check_files(self) -> None:
        limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        try:
            count = open_files()
        except OSError:  # counting needs a descriptor too
            count = limit
        is_near = count > FILES_SHARE_MAX * limit > 0
        if is_near and not self._is_files_warning_logged:
            log.warning("open_files_near_limit", open=count, limit=limit)
        self._is_files_warning_logged = is_near


def resident_bytes() -> int:
    """Return the resident memory, bytes; without /proc the highest value so far. Raises OSError."""
    try:
        return int(STATM.read_bytes().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except FileNotFoundError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024


def open_files() -> int:
    """Return the number of open file descriptors; 0 without /proc. Raises OSError."""
    try:
        return len(os.listdir(FILES))  # noqa: PTH208 - a count, once a second: no objects
    except FileNotFoundError:
        return 0
