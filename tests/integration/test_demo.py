"""`quoter demo` as a newcomer runs it: a process of its own, then the account of the run."""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest

START_S_MAX = 40.0
STOP_S_MAX = 15.0
RUN_S_MAX = 90.0
TYPES = {
    "fills_buy": int,
    "fills_sell": int,
    "two_sided_share": float,
    "inventory_min_base": float,
    "inventory_max_base": float,
    "inventory_limit_base": float,
    "ledger_equals_truth": bool,
    "own_orders_left": int,
    "pnl_quote": dict,
}


async def demo(folder: Path, *arguments: str) -> asyncio.subprocess.Process:
    """`quoter demo …`, started in a folder without settings."""
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "quoter.cli", "demo", *arguments),
        stdout=PIPE,
        stderr=PIPE,
        cwd=folder,
        env={"PATH": os.environ["PATH"]},
    )


async def test_the_demo_trades_keeps_its_limit_and_ends_with_one_line_of_json(
    tmp_path: Path,
) -> None:
    process = await demo(tmp_path, "--seconds", "20", "--seed", "3", "--json")
    async with asyncio.timeout(RUN_S_MAX):
        out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    account = json.loads(out.decode().strip().splitlines()[-1])
    assert {name: type(value) for name, value in account.items()} == TYPES
    parts = account["pnl_quote"]
    assert parts["total"] == pytest.approx(parts["spread"] + parts["inventory"] - parts["fees"])
    assert account["fills_buy"] > 0
    assert account["fills_sell"] > 0
    limit = account["inventory_limit_base"]
    assert -limit <= account["inventory_min_base"] <= account["inventory_max_base"] <= limit
    assert account["ledger_equals_truth"] is True
    assert account["own_orders_left"] == 0
    assert account["two_sided_share"] >= 0.9


async def test_ctrl_c_ends_the_demo_early_and_still_gives_the_account(tmp_path: Path) -> None:
    process = await demo(tmp_path, "--seconds", "600", "--seed", "3", "--json")
    assert process.stderr is not None
    screen = b""
    async with asyncio.timeout(START_S_MAX):
        while b" LIVE " not in screen:
            screen += await process.stderr.readline()
    process.send_signal(signal.SIGINT)
    async with asyncio.timeout(STOP_S_MAX):
        out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    assert b"Traceback" not in err
    account = json.loads(out.decode().strip().splitlines()[-1])
    assert account["ledger_equals_truth"] is True
    assert account["own_orders_left"] == 0


async def test_ctrl_c_before_it_trades_leaves_nothing_running(tmp_path: Path) -> None:
    process = await demo(tmp_path, "--seconds", "600")
    assert process.stdout is not None
    async with asyncio.timeout(START_S_MAX):
        await process.stdout.readline()  # "starting the sandbox exchange …"
    process.send_signal(signal.SIGINT)
    async with asyncio.timeout(STOP_S_MAX):
        _, err = await process.communicate()
    assert b"Traceback" not in err, err.decode()
    assert process.returncode != 0
