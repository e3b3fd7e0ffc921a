"""Foreign orders on our account pause the daemon; it leaves them alone and resumes."""

from pathlib import Path

from quoter.domain.trading import Cause
from quoter.service.exit_codes import ExitCode
from tests.integration.daemon_harness import (
    FOREIGN_ID,
    LIVELY,
    market,
    open_ids,
    place_foreign,
    quiet_logs,
    running_daemon,
    settings,
)
from tests.integration.sandbox_client import running


async def test_foreign_order_pauses_until_it_is_gone(tmp_path: Path) -> None:
    with quiet_logs(tmp_path / "log"):
        async with (
            running(market(LIVELY, 5)) as sandbox,
            running_daemon(
                sandbox, settings(sandbox, tmp_path, foreign_activity="pause")
            ) as harness,
        ):
            await harness.until(harness.is_two_sided, "quotes")
            await place_foreign(sandbox)
            active = harness.running.engine.causes.switch.is_active
            await harness.until(lambda: active(Cause.FOREIGN_ACTIVITY), "it is noticed")
            await harness.until(lambda: not harness.open_own(), "we stand aside")
            assert open_ids(sandbox) == {FOREIGN_ID}
            venue, account = sandbox.server.venue, sandbox.one.api_key
            venue.exchange.cancel(account, "BTCUSDT", now_ns=venue.now_ns(), client_id=FOREIGN_ID)
            await harness.until(harness.is_two_sided, "quotes again")
            assert not active(Cause.FOREIGN_ACTIVITY)
            assert await harness.stop() is ExitCode.CLEAN
