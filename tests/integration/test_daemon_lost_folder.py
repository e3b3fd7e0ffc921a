"""A daemon whose data folder is moved away while it trades."""

from pathlib import Path

from quoter.domain.trading import Cause, TradingState
from quoter.service.exit_codes import ExitCode
from quoter.service.killswitch.latch import Latch
from tests.integration.daemon_harness import LIVELY, market, quiet_logs, running_daemon, settings
from tests.integration.sandbox_client import running


async def test_moved_folder_kills_cancels_and_is_latched_where_it_is(tmp_path: Path) -> None:
    folder, moved = tmp_path / "data", tmp_path / "moved"
    with quiet_logs(tmp_path / "log"):
        async with (
            running(market(LIVELY, seed=4)) as sandbox,
            running_daemon(sandbox, settings(sandbox, folder)) as harness,
        ):
            await harness.until(harness.is_two_sided, "quoting")
            causes = harness.running.engine.causes
            folder.rename(moved)
            await harness.until(lambda: causes.state is TradingState.KILLED, "killed")
            await harness.until(lambda: not harness.open_own(), "cancelled")
            await harness.until(lambda: Latch(moved).read() is not None, "latched where it is")
            record = Latch(moved).read()
            assert record is not None
            assert record.cause is Cause.LEDGER_FAILED
            moved.rename(folder)
            assert await harness.stop() is ExitCode.KILLED
        assert Latch(folder).is_set()
