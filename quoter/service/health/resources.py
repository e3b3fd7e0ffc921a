"""What the process takes of its machine: memory with a bound, open files with a warning.

Memory that only grows is a defect; a clean end and a restart, chosen in time, are better than the
kernel's own choice. A run that has only just begun does not end that way: it rests without orders,
so that a bound that is too low can't make an endless loop of restarts that trade.
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
ABOVE_NS = 10_000_000_000  # above the bound for so long: not a peak
MIN_RUN_NS = 600_000_000_000  # a run younger than this is not ended
FILES_SHARE_MAX = 0.8
MIB = 1 << 20
STATM = Path("/proc/self/statm")
FILES = Path("/proc/self/fd")


class ResourceMonitor:
    """Looks once a second. `rest` hears why to stay without orders (empty: no more reason)."""

    def __init__(
        self,
        *,
        rss_max_mb: int,
        clock: Clock,
        rest: Callable[[str], None],
        restart: Callable[[], None],
        rss: Callable[[], int] | None = None,
    ) -> None:
        """`rss_max_mb` of 0: no bound. `rss` replaces the look at our memory, bytes."""
        self._rss_max = rss_max_mb * MIB
        self._clock = clock
        self._rest = rest
        self._restart = restart
        self._rss = rss or resident_bytes
        self._start_ns = clock.now_ns()
        self._above_ns: int | None = None  # since when
        self._is_told = False
        self._has_warned = False

    async def run(self) -> None:
        """Look for ever."""
        while True:
            await asyncio.sleep(CHECK_S)
            self.look()

    def look(self) -> None:
        """One look at memory and files; what can't be measured now is looked at next time."""
        self._look_at_files()
        try:
            rss = self._rss()
        except OSError:  # no descriptor is left to look with, which the other look has told
            return
        now_ns = self._clock.now_ns()
        if not self._rss_max or rss <= self._rss_max:
            self._above_ns = None
            self._rest("")
            return
        if self._above_ns is None:
            self._above_ns = now_ns
        if now_ns - self._above_ns < ABOVE_NS or self._is_told:
            return
        text = f"{rss // MIB} MiB, the bound is {self._rss_max // MIB}"
        if now_ns - self._start_ns < MIN_RUN_NS:
            self._rest(text)
            return
        self._is_told = True
        log.critical("memory_above_bound", text=text)
        self._restart()

    def _look_at_files(self) -> None:
        limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        try:
            count = open_files()
        except OSError:  # the look itself needs one more
            count = limit
        is_near = count > FILES_SHARE_MAX * limit > 0
        if is_near and not self._has_warned:
            log.warning("open_files_near_limit", open=count, limit=limit)
        self._has_warned = is_near


def resident_bytes() -> int:
    """Our memory now; the most that it ever was where there is no /proc. Raises OSError."""
    try:
        return int(STATM.read_bytes().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except FileNotFoundError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024


def open_files() -> int:
    """How many file descriptors we hold; 0 where there is no /proc. Raises OSError."""
    try:
        return len(os.listdir(FILES))  # noqa: PTH208 - a count, once a second: no objects
    except FileNotFoundError:
        return 0
