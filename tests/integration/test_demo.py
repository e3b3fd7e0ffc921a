"""`quoter demo` as a process, and the summary of its run."""

import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner

from quoter.cli.main import app
from quoter.service.exit_codes import ExitCode
from quoter.service.terminal.run_summary import print_trouble

END_S = 120.0  # a busy machine needs long
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


def demo(folder: Path, *arguments: str) -> Popen[bytes]:
    """`quoter demo …`, started in a folder without settings."""
    return Popen(
        [sys.executable, "-m", "quoter.cli", "demo", *arguments],
        stdout=PIPE,
        stderr=PIPE,
        cwd=folder,
        env={"PATH": os.environ["PATH"]},
    )


@contextmanager
def ended(process: Popen[bytes]) -> Iterator[Popen[bytes]]:
    """Kill the process at the end of the block."""
    with process:
        try:
            yield process
        finally:
            process.kill()


def read_until(process: Popen[bytes], words: bytes) -> None:
    """Read its screen until it shows `words`."""
    assert process.stderr is not None
    end_s = time.monotonic() + END_S
    while words not in process.stderr.readline():
        assert time.monotonic() < end_s, words


@pytest.mark.slow
def test_ctrl_c_ends_the_demo_early_with_a_summary(tmp_path: Path) -> None:
    with ended(demo(tmp_path, "--seconds", "600", "--seed", "3", "--json")) as process:
        read_until(process, b" LIVE ")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=END_S)
    assert process.returncode == 0, err.decode()
    assert b"Traceback" not in err
    summary = json.loads(out.decode().strip().splitlines()[-1])
    assert summary["ledger_equals_truth"] is True
    assert summary["own_orders_left"] == 0


def test_ctrl_c_before_it_trades_leaves_nothing_running(tmp_path: Path) -> None:
    """The sandbox inherits the demo's stderr: the read ends when both have ended."""
    with ended(demo(tmp_path, "--seconds", "600", "--json")) as process:
        read_until(process, b"starting the sandbox exchange")
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=END_S)
    assert b"Traceback" not in err, err.decode()
    assert process.returncode != 0


@pytest.mark.slow
def test_demo_trades_keeps_its_limit_and_prints_one_line_of_json(
    tmp_path: Path,
) -> None:
    options = ("--seconds", "20", "--seed", "3", "--json", "--keep", "kept")
    with ended(demo(tmp_path, *options)) as process:
        out, err = process.communicate(timeout=END_S)
    assert process.returncode == 0, err.decode()
    summary = json.loads(out.decode().strip().splitlines()[-1])
    assert {name: type(value) for name, value in summary.items()} == TYPES
    parts = summary["pnl_quote"]
    assert parts["total"] == pytest.approx(parts["spread"] + parts["inventory"] - parts["fees"])
    assert summary["fills_buy"] > 0
    assert summary["fills_sell"] > 0
    limit = summary["inventory_limit_base"]
    assert -limit <= summary["inventory_min_base"] <= summary["inventory_max_base"] <= limit
    assert summary["ledger_equals_truth"] is True
    assert summary["own_orders_left"] == 0
    assert 0 < summary["two_sided_share"] <= 1  # how much depends on the speed of the machine
    assert_reported(tmp_path, summary)


def assert_reported(folder: Path, summary: dict[str, Any]) -> None:
    """The report of the kept demo has the figures of its summary, to the digit."""
    ran = CliRunner().invoke(app, ["report", str(folder / "kept"), "--out", str(folder / "out")])
    assert ran.exit_code == 0, ran.output
    report = json.loads((folder / "out" / "report.json").read_text())
    figures = {row["figure"]: row["value"] for row in report["tables"]["figures"]}
    amounts = {row["part"]: float(row["amount"]) for row in report["tables"]["profit"]}
    inventory = amounts["markout"] + amounts["residual"] + amounts["held"]
    assert report["ledger_equals_recording"] is True
    assert report["warnings"] == []
    assert (figures["fills_buy"], figures["fills_sell"]) == (
        summary["fills_buy"],
        summary["fills_sell"],
    )
    assert round(figures["two_sided_share"], 4) == summary["two_sided_share"]
    for name in ("inventory_min_base", "inventory_max_base", "inventory_limit_base"):
        assert float(figures[name]) == summary[name]
    assert amounts["total"] == summary["pnl_quote"]["total"]
    assert amounts["spread"] == summary["pnl_quote"]["spread"]
    assert inventory == pytest.approx(summary["pnl_quote"]["inventory"])


def test_failed_demo_shows_the_reason_from_its_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text(
        '{"event": "fill", "level": "info"}\n{"event": "crashed", "level": "critical"}\n'
    )
    console = Console(file=StringIO(), width=80)
    print_trouble(console, ExitCode.CRASHED, log)
    assert isinstance(console.file, StringIO)
    shown = console.file.getvalue()
    assert "exit code 1 (CRASHED)" in shown
    assert '"crashed"' in shown
    assert '"fill"' not in shown
