"""Orders of a daemon that was killed, at a venue whose list lacks our ids.

The ledger knows them by the venue's id: the next start, `quoter kill` and the sentinel cancel them.
"""

import re
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from quoter.sandbox.api import account, operations
from quoter.sandbox.api.operation import Request
from quoter.sandbox.protocol.payloads import Json
from quoter.service.exit_codes import ExitCode
from quoter.service.killswitch.latch import Latch
from tests.integration.daemon_harness import FOREIGN_ID, LIVELY, market, open_ids, place_foreign
from tests.integration.daemon_process import Started, own, quoter, until
from tests.integration.sandbox_client import RunningSandbox, running

STILL = replace(LIVELY, intensity=0.0)  # no fills of orders that should have been cancelled


@pytest.fixture
def hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    """The venue's list of open orders has another id in place of ours."""

    def listed(request: Request) -> list[Json]:
        return [row | {"clientOrderId": "web"} for row in account.open_orders(request)]

    other = replace(operations.OPEN_ORDERS, handler=listed)
    monkeypatch.setitem(operations.REST, ("GET", "openOrders"), other)


async def refuse_cancels(sandbox: RunningSandbox) -> None:
    await sandbox.arm("error_before", endpoint="cancel", status=503, code=-1001)


@asynccontextmanager
async def orphaned(folder: Path) -> AsyncIterator[RunningSandbox]:
    """A sandbox with own orders of a daemon that got SIGKILL, and a list without our ids."""
    async with running(market(STILL, seed=3)) as sandbox:
        await place_foreign(sandbox)
        async with quoter(sandbox, folder, "run") as daemon:
            await crash(sandbox, daemon)
        yield sandbox


async def crash(sandbox: RunningSandbox, daemon: Started) -> None:
    await until(lambda: len(own(sandbox)) >= 2, "quoting", daemon)
    daemon.process.send_signal(signal.SIGKILL)
    await daemon.ended()
    assert own(sandbox)


@pytest.mark.usefixtures("hidden")
async def test_start_cancels_the_orders_of_the_crashed_run(tmp_path: Path) -> None:
    async with orphaned(tmp_path) as sandbox:
        left = own(sandbox)
        async with quoter(sandbox, tmp_path, "run") as daemon:
            await until(lambda: daemon.logged("started"), "started", daemon)
            assert left.isdisjoint(own(sandbox))
        assert FOREIGN_ID in open_ids(sandbox)


@pytest.mark.usefixtures("hidden")
async def test_start_that_can_not_cancel_says_what_is_left(tmp_path: Path) -> None:
    async with orphaned(tmp_path) as sandbox:
        await refuse_cancels(sandbox)
        async with quoter(sandbox, tmp_path, "run") as daemon:
            code = await daemon.ended()
        assert code == ExitCode.ORDERS_LEFT
        failed = daemon.logged("start_failed")
        assert failed is not None
        said = re.fullmatch(r"(\d+) own orders of an earlier run .*", str(failed["reason"]))
        assert said is not None, failed
        assert int(said[1]) >= len(own(sandbox)) > 0  # more: one in flight may exist


@pytest.mark.usefixtures("hidden")
@pytest.mark.parametrize("is_refusing", [False, True])
async def test_kill_without_a_daemon_cancels_at_the_venue(
    tmp_path: Path, *, is_refusing: bool
) -> None:
    async with orphaned(tmp_path) as sandbox:
        if is_refusing:
            await refuse_cancels(sandbox)
        async with quoter(sandbox, tmp_path, "kill") as kill:
            code = await kill.ended()
        said = kill.raw.decode()
        assert "its next start will be killed" in said
        if is_refusing:
            assert code == 1, said
            assert re.search(r"At the venue [1-9] own orders are left\.", said)
        else:
            assert (code, open_ids(sandbox)) == (0, {FOREIGN_ID}), said
            assert "At the venue no own order is left." in said


@pytest.mark.usefixtures("hidden")
async def test_sentinel_cancels_the_orders_of_the_crashed_daemon(tmp_path: Path) -> None:
    async with running(market(STILL, seed=3)) as sandbox:
        await place_foreign(sandbox)
        async with (
            quoter(sandbox, tmp_path, "sentinel", QUOTER_SENTINEL_PORT="0") as sentinel,
            quoter(sandbox, tmp_path, "run") as daemon,
        ):
            await until(lambda: sentinel.logged("venue_connected"), "connected", sentinel)
            await crash(sandbox, daemon)
            await until(lambda: open_ids(sandbox) == {FOREIGN_ID}, "cancelled", sentinel)
            await until(Latch(tmp_path).is_set, "latched", sentinel)


@pytest.mark.parametrize("is_deleted", [False, True])
async def test_kill_finds_the_daemon_of_a_lost_folder(tmp_path: Path, *, is_deleted: bool) -> None:
    folder, moved = tmp_path / "data", tmp_path / "moved"
    folder.mkdir()
    async with (
        running(market(STILL, seed=3)) as sandbox,
        quoter(sandbox, folder, "run") as daemon,
    ):
        await until(lambda: len(own(sandbox)) >= 2, "quoting", daemon)
        daemon.process.send_signal(signal.SIGSTOP)  # it does not notice by itself
        folder.rename(moved)
        if is_deleted:
            for path in moved.iterdir():
                path.unlink()
            moved.rmdir()
        folder.mkdir()  # as an operator would, or a container at its next start
        async with quoter(
            sandbox, tmp_path, "kill", "--wait", "0", QUOTER_DATA_DIR=str(folder)
        ) as kill:
            code = await kill.ended()
        said = kill.raw.decode()
        assert code == 1, said
        assert f"Signalled process {daemon.process.pid}" in said
        assert ("deleted" if is_deleted else f"moved to {moved}") in said
        assert not own(sandbox)
        daemon.process.send_signal(signal.SIGCONT)
        await until(lambda: daemon.logged("data_folder_lost"), "killed", daemon)
        if not is_deleted:
            await until(Latch(moved).is_set, "latched", daemon)
