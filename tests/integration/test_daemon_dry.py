"""A dry run quotes with the account's fee if it has a key, and sends no order."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from quoter.app.daemon import Daemon, trade
from quoter.app.paper import FEE_LISTED, FEE_OF_ACCOUNT
from quoter.domain.step import Step
from quoter.domain.trading import Phase
from quoter.service.exit_codes import ExitCode
from tests.integration.daemon_harness import LIVELY, market, quiet_logs, settings
from tests.integration.sandbox_client import running

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
