"""The trial order before the first quote, against the sandbox exchange, also where it fails."""

from collections.abc import AsyncIterator, Sequence
from decimal import Decimal
from pathlib import Path

import pytest

from quoter.app.daemon import trade
from quoter.app.settings_to_config import market_of
from quoter.app.startup import StartFailed
from quoter.ledger.reader import Reader
from quoter.service.exit_codes import ExitCode
from quoter.sim.messages import ExecutionReport, News, ReportType
from tests.integration.daemon_harness import (
    LIVELY,
    market,
    open_ids,
    quiet_logs,
    running_daemon,
    settings,
)
from tests.integration.daemon_process import own, quoter, until
from tests.integration.sandbox_client import RunningSandbox, running

NO_NEWS = {"kind": "user_event_drop", "event": "NEW"}
EMPTY_LIST = {"kind": "garbled", "endpoint": "open_orders", "text": "[]"}


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[RunningSandbox]:
    with quiet_logs(tmp_path / "log"):
        async with running(market(LIVELY, seed=3)) as sandbox:
            yield sandbox


def reports(sandbox: RunningSandbox) -> list[ExecutionReport]:
    """Return the list of execution reports of account one, which grows."""
    found: list[ExecutionReport] = []

    def receive(news: Sequence[News]) -> None:
        found.extend(
            one
            for one in news
            if isinstance(one, ExecutionReport) and one.account == sandbox.one.api_key
        )

    sandbox.server.venue.listen(receive)
    return found


async def test_trial_order_is_found_cancelled_and_gone_before_the_first_quote(
    sandbox: RunningSandbox, tmp_path: Path
) -> None:
    """A cancel that is lost on the way does not fail the trial: it is sent again."""
    lost = await sandbox.arm("reset_before", endpoint="cancel", count=1)
    seen = reports(sandbox)
    chosen = settings(sandbox, tmp_path, trial_order="auto")
    async with running_daemon(sandbox, chosen) as harness:
        await harness.until(harness.is_two_sided, "quotes")
        assert await harness.stop() is ExitCode.CLEAN
    assert await sandbox.fired(lost) == 1
    placed, cancelled, quoted = seen[:3]
    assert placed.order.price * placed.order.size < Decimal(10)
    kinds = [report.kind for report in (placed, cancelled, quoted)]
    assert kinds == [ReportType.NEW, ReportType.CANCELED, ReportType.NEW]
    assert placed.order.order_id == cancelled.order.order_id != quoted.order.order_id
    with Reader(tmp_path) as reader:
        epoch = reader.epoch(market_of(chosen))
        assert epoch is not None
        assert reader.is_known_order(placed.order.client_id, epoch.number)


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        (EMPTY_LIST, "the list of open orders did not show it"),
        (NO_NEWS, "the private stream did not report it"),
    ],
    ids=["list", "stream"],
)
async def test_order_that_the_venue_does_not_show_refuses_the_start(
    sandbox: RunningSandbox, tmp_path: Path, fault: dict[str, str], text: str
) -> None:
    await sandbox.arm(**fault)
    seen = reports(sandbox)
    with pytest.raises(StartFailed, match=f"the trial order failed: {text}") as failed:
        await trade(settings(sandbox, tmp_path, trial_order="auto"))
    assert failed.value.code is ExitCode.TRIAL_FAILED
    assert "QUOTER_TRIAL_ORDER" in str(failed.value)
    assert len({report.order.order_id for report in seen}) == 1
    assert open_ids(sandbox) == set()


async def test_trial_order_of_a_killed_process_is_cancelled_at_the_next_start(
    sandbox: RunningSandbox, tmp_path: Path
) -> None:
    await sandbox.arm(**NO_NEWS)  # so that it rests for some seconds
    async with quoter(sandbox, tmp_path, "run", QUOTER_TRIAL_ORDER="auto") as daemon:
        await until(lambda: own(sandbox), "the trial order", daemon)
        daemon.process.kill()
        await daemon.process.wait()
    (left,) = own(sandbox)
    await sandbox.admin("DELETE", "faults")
    async with quoter(sandbox, tmp_path, "check", "--place") as check:
        code = await check.ended()
    assert code == ExitCode.CLEAN, check.text
    assert any("trial" in line and "gone" in line for line in check.text)
    assert left not in own(sandbox)
    assert open_ids(sandbox) == set()


async def test_check_places_no_order_beside_a_running_daemon(
    sandbox: RunningSandbox, tmp_path: Path
) -> None:
    chosen = settings(sandbox, tmp_path)
    async with running_daemon(sandbox, chosen) as harness:
        await harness.until(harness.is_two_sided, "quotes")
        async with quoter(sandbox, tmp_path, "check", "--place") as check:
            code = await check.ended()
        assert code == ExitCode.LOCK_HELD, check.text
        assert await harness.stop() is ExitCode.CLEAN
