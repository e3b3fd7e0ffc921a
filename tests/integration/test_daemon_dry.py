"""A dry run quotes with the account's fee if it has a key, and sends no order."""

import asyncio
import os
import signal
from dataclasses import replace
from decimal import Decimal
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from quoter.app.daemon import Daemon, trade
from quoter.app.paper import FEE_LISTED, FEE_OF_ACCOUNT
from quoter.app.process_hardening import logs_in_file
from quoter.cli.run import DRY_LOG, show_quotes
from quoter.domain.step import Step
from quoter.domain.trading import Phase
from quoter.service.exit_codes import ExitCode
from tests.integration.daemon_harness import LIVELY, market, quiet_logs, settings
from tests.integration.daemon_process import until
from tests.integration.sandbox_client import running
from tests.unit.app.test_settings_to_config import settings as offline

FEE = Decimal("0.0003")


@pytest.mark.parametrize(
    ("changed", "fee", "source"),
    [
        pytest.param({}, FEE, FEE_OF_ACCOUNT, id="key"),
        pytest.param(
            {"environment": "paper", "paper_market": "sandbox"},
            Decimal("0.001"),
            FEE_LISTED,
            id="no key",
        ),
        pytest.param({"fee_maker_bps": 2}, Decimal("0.0002"), "QUOTER_FEE_MAKER_BPS", id="given"),
    ],
)
async def test_fee_is_that_of_a_live_run_and_no_order_is_sent(
    tmp_path: Path, changed: dict[str, object], fee: Decimal, source: str
) -> None:
    daemons, phases, intended = list[Daemon](), set[Phase](), list[str]()

    def observe(step: Step) -> None:
        (daemon,) = daemons
        phases.add(daemon.engine.phase)
        intended.extend(type(command).__name__ for command in step.commands)
        if step.quote is not None and step.quote.bids:
            daemon.runner.stop()

    async with running(market(replace(LIVELY, fee_maker=FEE), seed=7)) as sandbox:
        chosen = settings(sandbox, tmp_path, **changed)
        with quiet_logs(tmp_path / "log"):
            code = await trade(chosen, dry_run=True, on_ready=daemons.append, observers=(observe,))
        assert (await sandbox.admin("GET", "wire-log?since=0")).rows == []
    (daemon,) = daemons
    assert code is ExitCode.CLEAN
    assert (daemon.instrument.fee_maker, daemon.fee_from) == (fee, source)
    assert Phase.DRY_RUN in phases
    assert not {"PlaceOrder", "CancelOrder", "CancelAll"} & set(intended)


async def test_on_a_terminal_the_log_goes_to_a_file(tmp_path: Path) -> None:
    out = StringIO()
    console = Console(file=out, force_terminal=True, width=110, height=60)

    async def stop_when_shown() -> None:
        await until(lambda: "reservation price" in out.getvalue(), "a quote on the screen")
        os.kill(os.getpid(), signal.SIGTERM)

    async with running(market(LIVELY, seed=7)) as sandbox:
        chosen = settings(sandbox, tmp_path)
        with quiet_logs(tmp_path / "rest"), logs_in_file(chosen, DRY_LOG) as path:
            code, _ = await asyncio.gather(show_quotes(chosen, console, path), stop_when_shown())
    assert code is ExitCode.CLEAN
    assert f"log: {path}" in out.getvalue()
    assert "stopped" not in out.getvalue()
    assert '"event": "started"' in path.read_text()


async def test_a_refused_start_is_one_line_on_the_terminal_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    console = Console(file=StringIO(), force_terminal=True)
    chosen = offline(exchange="binanse", data_dir=tmp_path)
    with quiet_logs(tmp_path / "rest"), logs_in_file(chosen, DRY_LOG) as path:
        code = await show_quotes(chosen, console, path)
    assert code is ExitCode.USAGE
    text = "QUOTER_EXCHANGE: ccxt.pro has no exchange 'binanse'"
    assert capsys.readouterr().err == f"quoter run: {text}\n"
    assert text in path.read_text()
