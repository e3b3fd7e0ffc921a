"""Unusual markets against the sandbox: names that are not ASCII, and sizes with 18 decimals."""

import json
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest

from quoter.sandbox.config import SandboxConfig
from quoter.service.exit_codes import ExitCode
from quoter.sim.messages import MarketSpec
from tests.integration.daemon_harness import (
    LIVELY,
    market,
    quiet_logs,
    running_daemon,
    settings,
)
from tests.integration.daemon_process import own, quoter, until
from tests.integration.sandbox_client import running

NON_ASCII = replace(LIVELY, symbol="币安人生USDT", base="币安人生")
STEP = Decimal("1E-18")
WEI = replace(LIVELY, symbol="WEIUSDT", base="WEI", lot=STEP, size_min=STEP, depth_lots=2 * 10**16)
CASES = [
    pytest.param(NON_ASCII, Decimal("0.005"), Decimal("1.5"), id="non-ASCII name"),
    pytest.param(
        WEI,
        Decimal("0.001234567890123457"),
        Decimal("123456789012.123456789012345678"),
        id="18 decimals",
    ),
]


def holding(spec: MarketSpec, held: Decimal) -> SandboxConfig:
    """A sandbox whose first account holds this amount of base."""
    config = market(spec, 5)
    first, *others = config.accounts
    balances = ((spec.base, held), ("USDT", Decimal("1000000000000.123456789012345678")))
    return replace(config, accounts=(replace(first, balances=balances), *others))


@pytest.mark.parametrize(("spec", "size", "held"), CASES)
async def test_market_is_quoted_and_booked_to_the_last_digit(
    spec: MarketSpec, size: Decimal, held: Decimal, tmp_path: Path
) -> None:
    with quiet_logs(tmp_path / "log"):
        async with running(holding(spec, held)) as sandbox:
            chosen = settings(
                sandbox,
                tmp_path,
                symbol=f"{spec.base}/USDT",
                order_size=size,
                inventory_max=10 * size,
            )
            async with running_daemon(sandbox, chosen) as harness:
                await harness.until(harness.is_two_sided, "quotes")
                await harness.until(  # after a fill in pieces, orders of other sizes come first
                    lambda: size in {order.size for order in harness.open_own()}, "a whole order"
                )
                inventory = harness.running.engine.inventory
                await harness.until(
                    lambda: inventory.fills_buy + inventory.fills_sell >= 3, "fills"
                )
                assert await harness.stop() is ExitCode.CLEAN
            truth = sandbox.server.venue.exchange.truth.balances(sandbox.one.api_key)
            books = harness.running.engine.inventory.balances
            assert {coin: books[coin] for coin in (spec.base, "USDT")} == {
                coin: truth[coin] for coin in (spec.base, "USDT")
            }


async def test_every_command_shows_a_name_that_is_not_ascii(tmp_path: Path) -> None:
    """With an output that can only hold ASCII: a log collector, or a console of an old system."""
    name, ascii_only = NON_ASCII.base, {"QUOTER_SYMBOL": f"{NON_ASCII.base}/USDT"}
    ascii_only |= {"PYTHONIOENCODING": "ascii", "LC_ALL": "C"}
    shown = {}
    async with running(holding(NON_ASCII, Decimal("1.5"))) as sandbox:
        async with quoter(sandbox, tmp_path, "check", **ascii_only) as check:
            assert await check.process.wait() == 0, check.text
        async with quoter(sandbox, tmp_path, "run", **ascii_only) as daemon:
            await until(lambda: len(own(sandbox)) >= 2, "quotes", daemon)
            state = json.loads((await daemon.get("/state"))[1])
            assert state["symbol"] == f"{name}/USDT"
            assert Decimal(state["balances"][name]) > 1  # a fill may have changed the 1.5 already
            assert f'symbol="{name}/USDT"' in (await daemon.get("/metrics"))[1]
            started = daemon.logged("started")
            assert started is not None
            ascii_only["QUOTER_PORT"] = str(started["listening"]).rpartition(":")[2]
            for words in (["status"], ["explain", "--live"], ["ledger"]):
                async with quoter(sandbox, tmp_path, *words, **ascii_only) as command:
                    code = await command.process.wait()
                shown[" ".join(words)] = (code, command.raw.decode(errors="replace"))
            daemon.process.terminate()
            assert await daemon.process.wait() == 0, daemon.text
    assert shown["ledger"][0] == 0, shown
    for code, text in shown.values():  # 1: a busy machine has paused quoting, and they say so
        assert code in (0, 1), shown
        assert "Traceback" not in text
    tables = [line for line in shown["ledger"][1].splitlines() if line[:1] in "+|"]
    assert any("\\u5e01" in line for line in tables)
    assert all(line[-1:] in "+|" for line in tables)
    for above, below in pairwise(tables):  # a table begins with a line of its own width
        assert below.startswith("+") or len(above) == len(below), f"{above}\n{below}"
