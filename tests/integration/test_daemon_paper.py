"""A paper run as a process on the public feed of a sandbox: SIGKILL, restart, metrics, end."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

import pytest

from deploy.grafana.panels import ROWS
from quoter.ledger.reader import held_balances
from quoter.ledger.rows import Market
from quoter.service.exit_codes import ExitCode
from tests.integration.daemon_harness import LIVELY, market
from tests.integration.daemon_process import Started, quoter, until
from tests.integration.sandbox_client import RunningSandbox, running

BOOKS = Market("paper", "binance", "BTC/USDT")
PAPER = {
    "QUOTER_ENVIRONMENT": "paper",
    "QUOTER_PAPER_MARKET": "sandbox",
    "QUOTER_PAPER_FILL_MODEL": "front",
    "QUOTER_FEE_MAKER_BPS": "1",
}


@pytest.fixture
async def sandbox() -> AsyncIterator[RunningSandbox]:
    async with running(market(LIVELY, seed=23)) as venue:
        yield venue


@asynccontextmanager
async def paper(
    sandbox: RunningSandbox, folder: Path, *arguments: str, **more: str
) -> AsyncIterator[Started]:
    async with quoter(sandbox, folder, *(arguments or ("run",)), **(PAPER | more)) as started:
        yield started


def fills(daemon: Started) -> int:
    return sum(line.get("event") == "fill" for line in daemon.lines)


def account_at_start(daemon: Started) -> dict[str, Decimal]:
    """Return the balances in the log line of the simulated venue."""
    terms = daemon.logged("paper_venue")
    assert terms is not None
    pairs = (part.split() for part in str(terms["balances"]).split(", "))
    return {asset: Decimal(held) for held, asset in pairs}


def families(text: str) -> set[str]:
    return {_stem(name) for name in re.findall(r"^# TYPE (quoter_\w+)", text, re.MULTILINE)}


def _stem(name: str) -> str:
    return re.sub(r"_(bucket|sum|count|total)$", "", name)


@pytest.mark.slow
async def test_account_survives_a_sigkill_and_equals_the_venues_at_the_end(
    sandbox: RunningSandbox, tmp_path: Path
) -> None:
    async with paper(sandbox, tmp_path) as daemon:
        await until(lambda: fills(daemon) >= 2, "fills", daemon)
        assert account_at_start(daemon) == {"BTC": Decimal("0.04"), "USDT": Decimal(8_000)}
        status, page = await daemon.get("/metrics")
        assert status == 200
        daemon.process.kill()
        await daemon.ended()
    expressions = " ".join(
        query.expression for row in ROWS for panel in row.panels for query in panel.queries
    )
    stems = {_stem(name) for name in re.findall(r"\bquoter_\w+", expressions)}
    assert {name for name in stems - families(page) if "sentinel" not in name} == set()
    held = held_balances(tmp_path, BOOKS)
    assert held is not None
    assert held["BTC"] != Decimal("0.04")
    async with paper(sandbox, tmp_path) as daemon:
        await until(lambda: daemon.logged("started") and fills(daemon), "a fill", daemon)
        assert account_at_start(daemon) == held
        daemon.process.terminate()
        assert await daemon.ended() == ExitCode.CLEAN
    closing = daemon.logged("paper_account")
    assert closing is not None
    assert closing["ledger_equals_truth"] is True
    assert closing["own_orders_left"] == 0
    assert isinstance(closing["balances"], dict)
    truth = {asset: Decimal(held) for asset, held in closing["balances"].items()}
    assert truth == held_balances(tmp_path, BOOKS)
    assert (await sandbox.admin("GET", "wire-log?since=0")).rows == []  # nothing left this machine


@pytest.mark.slow
async def test_check_needs_no_key_and_shows_the_account_once(
    sandbox: RunningSandbox, tmp_path: Path
) -> None:
    async with paper(sandbox, tmp_path, "check") as check:
        assert await check.ended() == ExitCode.CLEAN, check.text
    keys = [line for line in check.text if line.startswith("ok  key ")]
    assert len(keys) == 1, check.text
    assert "none is needed; 0.04 BTC, 8000 USDT (a new account)" in " ".join(
        "".join(check.text).split()
    )


@pytest.mark.slow
async def test_terminal_needs_no_settings_and_prints_the_account(
    sandbox: RunningSandbox, tmp_path: Path
) -> None:
    unset = dict.fromkeys(
        ("QUOTER_INVENTORY_MAX", "QUOTER_ORDER_SIZE", "QUOTER_LOSS_MAX", "QUOTER_NOTIONAL_MAX"), ""
    )
    arguments = ("paper", "--seconds", "3", "--json")
    async with paper(sandbox, tmp_path, *arguments, **unset) as run:
        assert await run.ended() == ExitCode.CLEAN, run.text
    (summary,) = (line for line in run.lines if "ledger_equals_truth" in line)
    assert summary["ledger_equals_truth"] is True
    assert summary["own_orders_left"] == 0
    said = " ".join("".join(run.text).split())
    assert "maker fee 1 bps (QUOTER_FEE_MAKER_BPS)" in said
    assert "taker fee 10 bps (the fee of a new account, as ccxt lists it)" in said
    assert re.search(r"orders of 0\.00[45]\d*, inventory up to 0\.0[45]\d*", said)  # worth 300
    assert (tmp_path / "paper.log").exists()


@pytest.mark.slow
async def test_check_shows_the_terms_and_needs_no_key(
    sandbox: RunningSandbox, tmp_path: Path
) -> None:
    known = {"QUOTER_SIGMA": "2", "QUOTER_KAPPA": "0.17", "QUOTER_INTENSITY": "4"}
    async with paper(sandbox, tmp_path, "check", **known) as check:
        assert await check.ended() == ExitCode.CLEAN, check.text
    said = " ".join("".join(check.text).split())
    assert "none is needed; 0.04 BTC, 8000 USDT (a new account)" in said
    assert "simulated, front; latency 10 ms, maker fee 1 bps (QUOTER_FEE_MAKER_BPS)" in said
    assert "ready for `quoter run`" in said
