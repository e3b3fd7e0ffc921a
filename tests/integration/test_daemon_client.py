"""Commands of the command line as processes, against a running and a frozen daemon."""

import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from quoter.service.exit_codes import ExitCode
from tests.integration.daemon_harness import LIVELY, market
from tests.integration.daemon_process import Started, own, quoter, until
from tests.integration.sandbox_client import RunningSandbox, running


@pytest.fixture
async def sandbox() -> AsyncIterator[RunningSandbox]:
    async with running(market(LIVELY, seed=16)) as venue:
        yield venue


async def run_command(
    sandbox: RunningSandbox, folder: Path, daemon: Started, *words: str
) -> tuple[int, str]:
    """Return exit code and output."""
    started = daemon.logged("started")
    assert started is not None
    port = str(started["listening"]).rpartition(":")[2]
    async with quoter(sandbox, folder, *words, "--port", port) as process:
        code = await process.ended()
    return code, "".join(process.text)


@pytest.mark.slow
async def test_commands_report_what_a_daemon_did_or_may_do(
    sandbox: RunningSandbox, tmp_path: Path
) -> None:
    token = tmp_path / "token"
    token.write_text("risk-0123456789abcdefghijklmnopqrstuv")
    risk = {"QUOTER_RISK_TOKEN_FILE": str(token)}
    by_token = ("--token-file", str(token))
    async with quoter(sandbox, tmp_path, "run", **risk) as daemon:
        await until(lambda: daemon.logged("started"), "started", daemon)
        await until(lambda: len(own(sandbox)) >= 2, "two-sided", daemon)
        code, text = await run_command(sandbox, tmp_path, daemon, "explain", "--live")
        assert (code, "reservation_price" in text) == (0, True), text

        daemon.process.send_signal(signal.SIGSTOP)
        code, text = await run_command(sandbox, tmp_path, daemon, "pause", "why", *by_token)
        daemon.process.send_signal(signal.SIGCONT)
        assert code == 1
        assert "it may still be done: see `quoter status`" in text
        await until(lambda: daemon.logged("command_audit"), "paused after all", daemon)
        await until(lambda: not own(sandbox), "cancelled", daemon)

        code, text = await run_command(sandbox, tmp_path, daemon, "status")
        assert code == 1
        assert "operator_pause: risk:" in text
        assert " (since 20" in text
        assert "to clear it: `quoter resume" in text

        code, text = await run_command(sandbox, tmp_path, daemon, "kill", "enough", *by_token)
        assert (code, "KILLED (LIVE)" in text) == (0, True), text
        code, text = await run_command(sandbox, tmp_path, daemon, "status")
        assert code == 1
        assert "to clear it: `quoter rearm`" in text
        assert "read deploy/docs/runbook.md#causes-that-kill" in text
        daemon.process.terminate()
        assert await daemon.ended() == ExitCode.KILLED
