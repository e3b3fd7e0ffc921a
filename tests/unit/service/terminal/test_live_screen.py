"""The text of the demo's screen."""

import asyncio
import io
import re
from dataclasses import replace
from decimal import Decimal

import pytest
from rich.console import Console

from quoter.domain.market import Side
from quoter.domain.step import RegimeView, Snapshot
from quoter.domain.trading import Cause, Regime, TradingState
from quoter.service.terminal import live_screen as module
from quoter.service.terminal.live_screen import (
    BAR_CELLS,
    FILLS_SHOWN,
    LiveScreen,
    inventory_bar,
    plain_line,
    render,
)
from tests.unit.telemetry.samples import FILL, empty, filled_step, order, paused, snapshot

ABOUT = {"environment": "sandbox", "exchange": "binance", "symbol": "BTC/USDT"}


def drawn(snap: Snapshot, *, width: int = 110, environment: str = "sandbox") -> str:
    console = Console(file=io.StringIO(), width=width, height=60, color_system=None)
    with console.capture() as capture:
        console.print(render(snap, about=ABOUT | {"environment": environment}, fills=[FILL]))
    return capture.get()


@pytest.mark.parametrize("environment", ["sandbox", "testnet", "production"])
def test_the_environment_is_shown_in_spaced_capitals(environment: str) -> None:
    assert " ".join(environment.upper()) in drawn(snapshot(), environment=environment)


def test_a_pause_shows_its_cause() -> None:
    text = drawn(paused())
    assert "LIVE PAUSED" in text
    assert "book_stale: no frame for 2.1 s" in text


def test_a_regime_other_than_normal_is_shown_with_its_reason() -> None:
    regime = RegimeView(level=Regime.WIDE, text="sigma 9 is 3.0 times the usual 3")
    assert "market WIDE: sigma 9 is 3.0 times" in drawn(snapshot(regime=regime))
    assert "market NORMAL" not in drawn(snapshot())


HOSTILE = "[red]x[/red] [link=http://evil]y[/link]\n\x1b[2J\x00\ud800\u202e" + "z" * 1_000_000


def test_text_of_the_venue_is_shown_without_markup_and_escapes() -> None:
    """Markup is not interpreted, escapes and line breaks are removed, long text is cut."""
    snap = snapshot(trading_state=TradingState.PAUSED, causes={Cause.VENUE_STATUS: HOSTILE})
    for shown in (drawn(snap, width=400), plain_line(snap)):
        assert "[link=http://evil]y[/link]" in shown
        assert "[red]" in shown
        assert all(line.isprintable() for line in shown.splitlines())
        assert len(shown) < 60_000
    assert len(plain_line(snap).splitlines()) == 1


def test_further_causes_are_counted() -> None:
    text = drawn(snapshot(trading_state=TradingState.KILLED, causes=dict.fromkeys(Cause, "x")))
    assert f"and {len(Cause) - module.CAUSES_SHOWN} more" in text


def test_the_book_shows_asks_above_the_mid_above_bids_and_our_orders() -> None:
    lines = drawn(snapshot()).splitlines()

    def at(part: str) -> int:
        return next(row for row, line in enumerate(lines) if part in line)

    sell, mid, buy = at("60006.50"), at("mid"), at("59993.04")
    assert sell < at("60000.50") < at("60000.01") < mid < at("59999.99") < at("59999.50") < buy
    assert "our sell 0.005" in lines[sell]
    assert "our buy 0.005" in lines[buy]


def test_an_order_on_a_level_of_the_book_shares_its_row() -> None:
    lines = drawn(snapshot(orders=(order(Side.SELL, "60000.50"),))).splitlines()
    (row,) = [line for line in lines if "60000.50" in line]
    assert "our sell" in row
    assert re.search(r"2\.5\s+60000\.50", row)


def test_terms_profit_and_fills_are_reported() -> None:
    text = drawn(snapshot())
    assert re.search(r"reservation price\s+59999\.00", text)
    assert re.search(r"− skew\s+-1\s+-0\.167 bps", text)
    assert "no sell: side_limit" in text
    assert "clamped: ask_side_limit" in text
    assert re.search(r"\+0\.5200\s+\+0\.6000\s+-0\.0500\s+-0\.0300", text)
    assert re.search(r"BUY\s+0\.005\s+59990", text)


@pytest.mark.parametrize("width", [40, 80, 200])
def test_the_screen_is_drawn_at_any_width_and_without_data(width: int) -> None:
    assert "STARTING" in drawn(empty(), width=width)
    assert "book not ready" in drawn(empty(), width=width)
    drawn(snapshot(), width=width)


def test_the_inventory_bar_shows_inventory_and_worst_case() -> None:
    bar = inventory_bar(
        snapshot(
            inventory=Decimal("0.025"),
            exposure_buy=Decimal("0.05"),
            exposure_sell=Decimal("0.0125"),
        )
    )
    assert len(bar) == BAR_CELLS
    assert bar == "·" * 20 + "│" + "█" * 10 + "░" * 10


def test_the_inventory_bar_is_clipped_to_the_limits() -> None:
    bar = inventory_bar(snapshot(inventory=Decimal(-1), exposure_sell=Decimal(-2)))
    assert bar.startswith("█" * 20 + "│")
    assert len(bar) == BAR_CELLS


def test_the_plain_line_shows_state_prices_inventory_and_causes() -> None:
    line = plain_line(paused())
    assert "LIVE PAUSED" in line
    assert "r 59999.00" in line
    assert "bid 59993.04  ask 60006.50" in line
    assert "inventory +0.01 of 0.05" in line
    assert "fills 3/1" in line
    assert "book_stale: no frame for 2.1 s" in line
    assert "\n" not in line


def test_the_plain_line_shows_no_time_before_the_first_event() -> None:
    assert plain_line(replace(paused(), ts_ns=0)).startswith("--:--:--  ")
    assert plain_line(replace(paused(), ts_ns=3_600 * 10**9)).startswith("01:00:00  ")


def test_without_a_terminal_plain_lines_are_printed() -> None:
    out = io.StringIO()
    with LiveScreen(ABOUT, console=Console(file=out, width=40)) as screen:
        screen.show(snapshot())
        screen.show(empty())
    lines = out.getvalue().splitlines()
    assert len(lines) == 2
    assert "\x1b" not in out.getvalue()


def test_on_a_terminal_the_screen_shows_the_last_fills() -> None:
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=110, height=60)
    with LiveScreen(ABOUT, console=console) as screen:
        for _ in range(10 * FILLS_SHOWN):
            screen.observe(filled_step())
        screen.show(snapshot())
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", out.getvalue())
    assert "S A N D B O X" in plain
    last_drawing = plain.rpartition("S A N D B O X")[2]
    assert last_drawing.count("  59990 ") == FILLS_SHOWN


async def test_the_screen_is_drawn_repeatedly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PLAIN_S", 0.0)
    drawn_often = asyncio.Event()
    asked = 0

    def source() -> Snapshot:
        nonlocal asked
        asked += 1
        if asked == 3:
            drawn_often.set()
        return snapshot()

    screen = LiveScreen(ABOUT, console=Console(file=io.StringIO()))
    task = asyncio.create_task(screen.run(source))
    async with asyncio.timeout(5):
        await drawn_often.wait()
    task.cancel()
