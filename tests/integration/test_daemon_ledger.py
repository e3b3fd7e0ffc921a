"""The ledger loses no fill and no order through SIGKILL, restarts, a reset venue and a bad disk."""

import asyncio
import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest

from quoter.app import startup as start_module
from quoter.app.startup import StartFailed
from quoter.cli.records.ledger import accept_venue
from quoter.domain.commands import PlaceOrder
from quoter.domain.trading import Cause, TradingState
from quoter.domain.units import NS_PER_S
from quoter.ledger.ledger import Ledger
from quoter.ledger.reader import Reader
from quoter.ledger.schema import NAME
from quoter.service import write_ahead
from quoter.service.exit_codes import ExitCode
from quoter.service.killswitch.file_requests import Rearmed, rearm
from quoter.service.killswitch.latch import Latch
from tests.integration.daemon_harness import (
    LIVELY,
    DaemonHarness,
    market,
    quiet_logs,
    running_daemon,
    sandbox_and_daemon,
    settings,
)
from tests.integration.daemon_process import Started, creates, is_busy, own, quoter, until
from tests.integration.ledger_truth import ledger_against_truth, open_epoch, unsettled
from tests.integration.replays import crash_problems, is_recorded, recorded_files, replay_problems
from tests.integration.sandbox_client import END_S, RunningSandbox, running
from tests.unit.ledger.disk import Disk, on_disk

STORMY = replace(LIVELY, sigma=12.0, intensity=8.0)
KILLS = 3
TMPFS_BYTES = 2_000_000


@pytest.fixture(autouse=True)
def _sound_disk() -> None:
    Disk.reset()


def fills_of(sandbox: RunningSandbox) -> int:
    trades = sandbox.server.venue.exchange.truth.trades
    return sum(trade.account == sandbox.one.api_key for trade in trades)


def has_fills(sandbox: RunningSandbox, count: int) -> bool:
    return fills_of(sandbox) > count


async def is_trading(sandbox: RunningSandbox, daemon: Started) -> None:
    """Wait until it is started, including the wait for late creates, and busy."""
    await until(lambda: daemon.logged("started"), "started", daemon)
    await is_busy(sandbox, daemon)


async def inventory_of(daemon: Started) -> dict[str, str]:
    shown = json.loads((await daemon.get("/state"))[1])["inventory"]
    assert isinstance(shown, dict)
    return shown


async def traded(harness: DaemonHarness, count: int = 3) -> None:
    """Wait for own fills."""
    before = fills_of(harness.sandbox)
    await harness.until(lambda: fills_of(harness.sandbox) >= before + count, "fills")


@pytest.mark.slow
async def test_ledger_equals_the_venue_after_sigkills_under_load(tmp_path: Path) -> None:
    """The target of the first start is kept, and no order id is used twice."""
    async with running(market(STORMY, seed=4)) as sandbox:
        targets = set()
        for _ in range(KILLS):
            files = recorded_files(tmp_path)
            async with quoter(sandbox, tmp_path, "run") as daemon:
                await is_trading(sandbox, daemon)
                count = fills_of(sandbox)
                await until(partial(has_fills, sandbox, count + 3), "fills", daemon)
                await until(partial(is_recorded, tmp_path, files), "a recording", daemon)
                targets.add((await inventory_of(daemon))["target_base"])
                killed_ns = time.time_ns()
                daemon.process.kill()
                assert await daemon.ended() < 0
            assert crash_problems(tmp_path, killed_ns) == []
        async with quoter(sandbox, tmp_path, "run") as daemon:
            await is_trading(sandbox, daemon)
            targets.add((await inventory_of(daemon))["target_base"])
            daemon.process.terminate()
            assert await daemon.ended() == ExitCode.CLEAN, daemon.lines[-9:]
        assert replay_problems(tmp_path) == []
        assert ledger_against_truth(tmp_path, sandbox) == ""
        sent = await creates(sandbox)
        assert len(sent) == len(set(sent))
        assert len({name[:11] for name in sent}) == KILLS + 1
        assert {Decimal(target) for target in targets} == {open_epoch(tmp_path).target}
        assert unsettled(tmp_path) == []
    with Reader(tmp_path) as reader:
        codes = [row.exit_code for row in reader.runs(9)]
    assert codes == [ExitCode.CLEAN, *[None] * KILLS]


async def test_inventory_of_a_clean_stop_is_that_of_the_next_start(tmp_path: Path) -> None:
    with quiet_logs(tmp_path / "log"):
        async with running(market(LIVELY, seed=5)) as sandbox:
            async with running_daemon(sandbox, settings(sandbox, tmp_path)) as harness:
                await traded(harness)
                assert await harness.stop() is ExitCode.CLEAN
                net = harness.running.engine.inventory.net
                assert harness.running.engine.inventory.fills_buy
            async with running_daemon(sandbox, settings(sandbox, tmp_path)) as harness:
                assert harness.running.engine.inventory.net == net
                assert harness.running.engine.inventory.newest_trade_id
                await traded(harness)
                assert await harness.stop() is ExitCode.CLEAN
                assert harness.is_equal()
            assert ledger_against_truth(tmp_path, sandbox) == ""


async def foreign_trade(sandbox: RunningSandbox) -> None:
    """Make a trade on our account that is not ours."""
    sold = await sandbox.rest_order("SELL", "60030.00", "0.002", account=sandbox.two)
    assert sold.status == 200, sold.body
    order = {"symbol": "BTCUSDT", "type": "LIMIT", "timeInForce": "GTC", "side": "BUY"}
    price = {"price": "60100.00", "quantity": "0.002", "newClientOrderId": "human9"}
    bought = await sandbox.signed("POST", "order", order | price)
    assert bought.status == 200, bought.body


async def test_unexplained_balances_stop_the_start_until_accepted(
    tmp_path: Path,
) -> None:
    """After the operator accepts, the venue's balances are the new opening balances."""
    calm = market(replace(LIVELY, sigma=0.0, intensity=0.0), seed=5)
    with quiet_logs(tmp_path / "log"):
        async with running(calm) as sandbox:
            async with running_daemon(sandbox, settings(sandbox, tmp_path)) as harness:
                await harness.until(harness.is_two_sided, "two sides")
                assert await harness.stop() is ExitCode.CLEAN
            old = open_epoch(tmp_path)
            await foreign_trade(sandbox)
            with pytest.raises(StartFailed, match=r"BTC: the venue has .*quoter accept") as failed:
                async with running_daemon(sandbox, settings(sandbox, tmp_path)):
                    pass
            assert failed.value.code is ExitCode.START_FAILED
            assert open_epoch(tmp_path) == old
            assert await asyncio.to_thread(accept_venue, tmp_path, "a hand trade") == 0
            async with running_daemon(sandbox, settings(sandbox, tmp_path)) as harness:
                await harness.until(harness.is_two_sided, "two sides")
                assert harness.is_equal()
                assert harness.running.engine.inventory.net == 0
                assert await harness.stop() is ExitCode.CLEAN
            new = open_epoch(tmp_path)
    assert new.number == old.number + 1
    assert new.target != old.target
    with Reader(tmp_path) as reader:
        assert [row.exit_code for row in reader.runs(9)] == [0, 40, 0]


async def test_reset_sandbox_gets_a_new_epoch_and_a_warning(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with quiet_logs(log):
        for seed in (5, 6):
            async with (
                running(market(LIVELY, seed=seed)) as sandbox,
                running_daemon(sandbox, settings(sandbox, tmp_path)) as harness,
            ):
                await traded(harness)
                assert await harness.stop() is ExitCode.CLEAN
                assert harness.is_equal()
    with Reader(tmp_path) as reader:
        first, second = reader.epochs()
    assert "was reset" in first.reason
    assert second.sealed_ns is None
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert [line["level"] for line in lines if line["event"] == "venue_was_reset"] == ["warning"]


async def test_venue_reset_while_running_gets_no_order_and_new_books_after_a_rearm(
    tmp_path: Path,
) -> None:
    """A testnet is wiped without notice: its lists are empty, only the balances tell."""
    with quiet_logs(tmp_path / "log"):
        async with running(market(STORMY, seed=5)) as sandbox:
            async with running_daemon(sandbox, settings(sandbox, tmp_path)) as harness:
                await traded(harness)
                decided: list[PlaceOrder] = []  # once the lost stream is noticed
                switch = harness.running.engine.causes.switch
                assert (await sandbox.admin("POST", "reset")).status == 200
                await harness.until(
                    lambda: switch.state is not TradingState.RUNNING, "the loss pauses"
                )
                harness.watchers.append(
                    lambda step: decided.extend(
                        command for command in step.commands if isinstance(command, PlaceOrder)
                    )
                )
                await harness.until(lambda: switch.state is TradingState.KILLED, "the reset kills")
                assert not decided
                assert fills_of(sandbox) == 0
                assert await harness.stop() is ExitCode.KILLED
            record = Latch(tmp_path).read()
            assert record is not None
            assert rearm(tmp_path, record.kill_id) is Rearmed.CLEARED
            async with running_daemon(sandbox, settings(sandbox, tmp_path)) as harness:
                await traded(harness)
                assert await harness.stop() is ExitCode.CLEAN
                assert harness.is_equal(), harness.differences()


async def test_damaged_ledger_is_refused_and_unchanged(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"not a ledger, and long enough to look at" * 99)
    before = (tmp_path / NAME).read_bytes()
    with quiet_logs(tmp_path / "log"):
        async with running(market(LIVELY, seed=5)) as sandbox:
            with pytest.raises(StartFailed, match="ledger") as failed:
                async with running_daemon(sandbox, settings(sandbox, tmp_path)):
                    pass
            assert failed.value.code is ExitCode.INTEGRITY
            assert sandbox.server.venue.counts["request_account"] == 0
    assert (tmp_path / NAME).read_bytes() == before


@pytest.mark.parametrize("switch", [Disk.broken, Disk.stalled], ids=["broken", "stalled"])
async def test_failing_disk_kills_after_the_cancels_and_keeps_running(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, switch: asyncio.Event
) -> None:
    """The next start fetches from the venue what was not written."""
    monkeypatch.setattr(start_module, "Ledger", partial(Ledger, connect=on_disk))
    # shorter than this disk takes for one commit
    monkeypatch.setattr(write_ahead, "STALL_S_MAX", 2.0)
    monkeypatch.setattr(write_ahead, "FILL_STALL_S_MAX", 2.0)
    with quiet_logs(tmp_path / "log"):
        async with running(market(STORMY, seed=5)) as sandbox:
            async with running_daemon(sandbox, settings(sandbox, tmp_path)) as harness:
                await traded(harness)
                switch.set()
                engine = harness.running.engine
                await harness.until(lambda: engine.causes.state is TradingState.KILLED, "killed")
                assert Cause.LEDGER_FAILED in engine.causes.switch.causes
                await harness.until(lambda: not harness.open_own(), "cancelled")
                await harness.until(lambda: engine.has_no_orders, "quiet")
                assert harness.task is not None
                assert not harness.task.done()
                assert harness.is_equal()
                Disk.reset()
                Disk.may_go_on.set()
                assert await harness.stop() is ExitCode.KILLED
            record = Latch(tmp_path).read()
            assert record is not None
            assert record.cause is Cause.LEDGER_FAILED
            Latch(tmp_path).clear()
            async with running_daemon(sandbox, settings(sandbox, tmp_path)) as harness:
                await traded(harness)
                assert await harness.stop() is ExitCode.CLEAN
            assert ledger_against_truth(tmp_path, sandbox) == ""


async def test_disk_that_is_slow_for_a_moment_pauses_and_quoting_resumes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Creates wait, cancels are sent, fills are booked and written later; nothing latches."""
    monkeypatch.setattr(start_module, "Ledger", partial(Ledger, connect=on_disk))
    monkeypatch.setattr(write_ahead, "CALM_NS", 0)
    async with sandbox_and_daemon(market(STORMY, seed=5), tmp_path) as (sandbox, harness):
        await traded(harness)
        switch = harness.running.engine.causes.switch
        Disk.stalled.set()
        await harness.until(lambda: switch.is_active(Cause.LEDGER_SLOW), "paused")
        await harness.until(lambda: not harness.open_own(), "cancelled")
        Disk.reset()
        Disk.may_go_on.set()
        await harness.until(harness.is_two_sided, "quoting again")
        assert Latch(tmp_path).read() is None
        assert await harness.stop() is ExitCode.CLEAN
        assert ledger_against_truth(tmp_path, sandbox) == ""


async def test_two_daemons_of_one_instance_both_stop(tmp_path: Path) -> None:
    """The killed one cancels the other's orders; those unrequested ends stop the other."""
    with quiet_logs(tmp_path / "log"):
        async with (
            running(market(LIVELY, seed=5)) as sandbox,
            running_daemon(sandbox, settings(sandbox, tmp_path / "one")) as first,
        ):
            await first.until(first.is_two_sided, "two sides")
            try:
                async with running_daemon(sandbox, settings(sandbox, tmp_path / "two")) as second:
                    pilots = (first, second)

                    def are_stopped() -> bool:
                        switches = [each.running.engine.causes.switch for each in pilots]
                        return all(
                            switch.is_active(Cause.DUPLICATE_INSTANCE)
                            or switch.is_active(Cause.REPEATED_EXECUTION)
                            for switch in switches
                        )

                    await second.until(are_stopped, "both stopped")
                    await first.until(lambda: not first.open_own(), "cancelled")
                    counts = [len(each.placed) for each in pilots]
                    book = first.running.engine.market.book
                    later_ns = book.ts_ns + 3 * NS_PER_S
                    await first.until(lambda: book.ts_ns > later_ns, "three seconds")
                    assert [len(each.placed) for each in pilots] == counts
                    records = [Latch(each.settings.data_dir).read() for each in pilots]
                    causes = {record.cause for record in records if record is not None}
                    assert causes == {Cause.DUPLICATE_INSTANCE}
            except StartFailed as error:
                # the second could not cancel the first one's orders fast enough, and does not start
                if error.code is not ExitCode.ORDERS_LEFT:
                    raise


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MB, if we may mount one."""
    folder = tmp_path / "small"
    folder.mkdir()
    options = ["-t", "tmpfs", "-o", f"size={TMPFS_BYTES}", "tmpfs", str(folder)]
    if subprocess.run(["mount", *options], check=False, capture_output=True).returncode:
        pytest.skip("mounting needs rights that we don't have here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


async def unwritten(daemon: Started) -> float:
    """Return the metric of a kill that is not yet on the disk."""
    lines = (await daemon.get("/metrics"))[1].splitlines()
    (line,) = [line for line in lines if line.startswith("quoter_latch_not_written{")]
    return float(line.rpartition(" ")[2])


async def is_latched(daemon: Started) -> None:
    """Wait until the daemon reports the latch as written."""
    end_s = time.monotonic() + END_S
    while await unwritten(daemon):
        assert time.monotonic() < end_s, daemon.lines[-5:]
        await asyncio.sleep(0.05)


async def shows(daemon: Started, text: str) -> None:
    """Wait until /state has this text: a kill whose latch is not written is shown after 1 s."""
    end_s = time.monotonic() + END_S
    while text not in (answer := (await daemon.get("/state"))[1]):
        assert time.monotonic() < end_s, answer
        await asyncio.sleep(0.05)


async def test_full_disk_kills_after_the_cancels_and_latches_when_there_is_space(
    small_disk: Path,
) -> None:
    async with running(market(STORMY, seed=4)) as sandbox:
        async with quoter(sandbox, small_disk, "run") as daemon:
            await is_trading(sandbox, daemon)
            ballast = small_disk / "ballast"
            await asyncio.to_thread(fill_up, ballast)
            await until(lambda: daemon.logged("latch_not_written"), "killed", daemon)
            await until(lambda: not own(sandbox), "cancelled", daemon)
            await daemon.answers("/healthz", 200)
            await shows(daemon, "ledger_failed")
            assert await unwritten(daemon) == 1
            count = len(await creates(sandbox))
            ballast.unlink()
            await until(lambda: Latch(small_disk).read() is not None, "latched", daemon)
            assert len(await creates(sandbox)) == count
            await is_latched(daemon)
            daemon.process.terminate()
            assert await daemon.ended() == ExitCode.KILLED
        Latch(small_disk).clear()
        async with quoter(sandbox, small_disk, "run") as daemon:
            await is_trading(sandbox, daemon)
            daemon.process.terminate()
            assert await daemon.ended() == ExitCode.CLEAN, daemon.lines[-9:]
        assert ledger_against_truth(small_disk, sandbox) == ""


def fill_up(path: Path) -> None:
    """Write until the disk is full."""
    with path.open("wb", buffering=0) as file:
        for size in (65_536, 4_096, 1):
            with suppress(OSError):
                while True:
                    file.write(os.urandom(size))
