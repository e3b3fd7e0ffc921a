"""The daemon is killed or frozen at random moments while a real sentinel watches it.

`python -m tests.integration.sentinel_strikes --times 100` prints how long its orders stayed open.
"""

import asyncio
import signal
import sys
import time
from argparse import ArgumentParser
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from rich.console import Console

from quoter.domain.trading import Cause
from quoter.sandbox.protocol.payloads import Json
from quoter.service.external_stops.heartbeat_files import (
    HEARTBEAT,
    SENTINEL_HEARTBEAT,
    DaemonHeartbeat,
    RunStatus,
    SentinelHeartbeat,
    read_heartbeat,
)
from quoter.service.killswitch.file_requests import Rearmed, rearm
from quoter.service.killswitch.latch import Latch
from tests.integration.daemon_harness import (
    FOREIGN_ID,
    LIVELY,
    market,
    open_ids,
    place_foreign,
)
from tests.integration.daemon_process import PREFIX, Started, own, quoter, until
from tests.integration.sandbox_client import END_S, RunningSandbox, running

GONE_S_MAX = 5.0
LOOK_S = 0.01
TOO_LATE = -1021  # Binance's code for outside of the receive window
WOULD_TRADE_S = 0.6  # long enough for several orders of a daemon that is not killed
# Every move of the mid causes a requote; few trades, so that orders stay open.
STORMY = replace(LIVELY, sigma=12.0, intensity=0.4)
# After each freeze its book is stale; the sixth pause within ten minutes would latch.
MANY_PAUSES = {"QUOTER_FLAP_PAUSES_MAX": "1000"}
BLOWS = (signal.SIGKILL, signal.SIGSTOP)


@dataclass(slots=True)
class Arena:
    """A sandbox, a data folder, the sentinel, and the current daemon."""

    sandbox: RunningSandbox
    folder: Path
    sentinel: Started
    random: Random
    daemon: Started | None = None
    late: int = 0  # creates sent by a woken daemon and rejected by the venue
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def start(self) -> Started:
        """Start a daemon after ending the previous one."""
        await self._stack.aclose()
        self.daemon = daemon = await self._stack.enter_async_context(
            quoter(self.sandbox, self.folder, "run", QUOTER_SENTINEL="required", **MANY_PAUSES)
        )
        await until(lambda: daemon.logged("started"), "started", daemon)
        return daemon

    async def close(self) -> None:
        await self._stack.aclose()

    def creates(self, after: int) -> list[Json]:
        """Return the wire-log rows of our creates after that number."""
        rows = self.sandbox.server.venue.wire_log.since(after)
        return [
            row
            for row in rows
            if row["operation"] == "order.place" and str(row["client_id"]).startswith(PREFIX)
        ]

    def newest(self) -> int:
        """Return the number of the last row of the wire log."""
        number = self.sandbox.server.venue.wire_log.since(0)[-1]["seq"]
        assert isinstance(number, int)
        return number

    def state(self) -> str:
        """Return the trading state in the daemon's last heartbeat."""
        heartbeat = read_heartbeat(self.folder / HEARTBEAT, DaemonHeartbeat)
        return (
            heartbeat.state
            if heartbeat is not None and heartbeat.status is RunStatus.RUNNING
            else ""
        )

    async def strike(self, blow: signal.Signals) -> float:
        """Kill or freeze the daemon at a random moment; return seconds until no own order is open.

        Afterwards it is woken or restarted, re-armed, and quotes again.
        """
        daemon = self.daemon or await self.start()
        await until(lambda: len(own(self.sandbox)) >= 2, "quotes", daemon)
        await asyncio.sleep(self.random.uniform(0, 0.2))
        daemon.process.send_signal(blow)
        struck_s = time.monotonic()
        took_s = await self._gone(struck_s)
        await until(lambda: Latch(self.folder).read(), "latched", self.sentinel)
        last = self.newest()
        if blow is signal.SIGSTOP:
            daemon.process.send_signal(signal.SIGCONT)
        else:
            daemon = await self.start()
        await until(lambda: self.state() == "KILLED", "killed", daemon)
        await self._stays_dead(last)
        await self._rearm(daemon)
        return took_s

    async def _gone(self, struck_s: float) -> float:
        """Wait until no own order is open and the sentinel has written the latch."""
        seen_s = struck_s
        while not Latch(self.folder).is_set() or own(self.sandbox):
            if own(self.sandbox):
                seen_s = time.monotonic()
            waited_s = time.monotonic() - struck_s
            assert waited_s < END_S, (own(self.sandbox), self.sentinel.lines[-20:])
            await asyncio.sleep(LOOK_S)
        return seen_s - struck_s

    async def _stays_dead(self, last: int) -> None:
        """Check that no order is created after the latch.

        uvloop writes at the end of a loop iteration: what was buffered when the process was frozen
        is sent when it wakes, after all our checks. The venue rejects it by its receive window.
        """
        end_s, late = time.monotonic() + WOULD_TRADE_S, list[Json]()
        while time.monotonic() < end_s:
            late = self.creates(last)
            assert all(row["code"] == TOO_LATE for row in late), late
            await asyncio.sleep(LOOK_S)
        self.late += len(late)
        assert open_ids(self.sandbox) == {FOREIGN_ID}

    async def _rearm(self, daemon: Started) -> None:
        record = Latch(self.folder).read()
        assert record is not None
        assert record.cause is Cause.SENTINEL_KILL, record
        assert rearm(self.folder, record.kill_id) is Rearmed.REQUESTED
        await until(lambda: len(own(self.sandbox)) >= 2, "quotes again", daemon)
        assert not Latch(self.folder).is_set()


@asynccontextmanager
async def arena(folder: Path, seed: int) -> AsyncIterator[Arena]:
    """Run a volatile market with a foreign order on our account, and a sentinel."""
    async with running(market(STORMY, seed=seed)) as sandbox:
        await place_foreign(sandbox)
        async with quoter(sandbox, folder, "sentinel", QUOTER_SENTINEL_PORT="0") as sentinel:
            path = folder / SENTINEL_HEARTBEAT
            await until(lambda: read_heartbeat(path, SentinelHeartbeat), "sentinel", sentinel)
            fight = Arena(sandbox, folder, sentinel, Random(seed))
            try:
                yield fight
            finally:
                await fight.close()


async def _main(times: int, seed: int) -> int:
    console, took = Console(), dict[str, list[float]]({blow.name: [] for blow in BLOWS})
    with TemporaryDirectory() as name:
        async with arena(Path(name), seed) as fight:
            for number in range(times):
                blow = fight.random.choice(BLOWS)
                seconds = await fight.strike(blow)
                took[blow.name].append(seconds)
                console.print(f"{number + 1:4} {blow.name} {seconds:.2f} s")
            console.print(f"{fight.late} creates left at waking, refused by the venue: too late")
    everything = sorted(seconds for each in took.values() for seconds in each)
    for name, each in took.items():
        console.print(f"{name}: {len(each)} times, worst {max(each, default=0.0):.2f} s")
    worst, nearly = everything[-1], everything[int(0.99 * (len(everything) - 1))]
    console.print(f"all {times}: p99 {nearly:.2f} s, worst {worst:.2f} s of {GONE_S_MAX:g} s")
    return 0 if worst <= GONE_S_MAX else 1


def main() -> int:
    """Run and report; return 1 if an order stayed open for too long."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    return asyncio.run(_main(chosen.times, chosen.seed))


if __name__ == "__main__":
    sys.exit(main())
